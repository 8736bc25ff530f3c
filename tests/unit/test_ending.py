"""End dates: which one ends an employment in HRA, and which waits for a person (T2, T3)."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest

from agent import words
from agent.employee import UNKNOWN, Employee, EndDate, Status, Value
from agent.merge import Base, Decision, Kind, Since, closes_early
from tests.unit.canonical_values import (
    CHANGED,
    DAY,
    EARLIER,
    HRA_CHANGED,
    KEPT,
    LATER,
    LOST,
    NEVER,
    SAME,
    XERO_CHANGED,
    hra,
    xero,
)
from tests.unit.decisions import decide, decide_all, held

DATES = (None, EARLIER, DAY, LATER)
DIFFERENT = [(here, there) for here, there in product(DATES, DATES) if here != there]
FIRST = (NEVER, *LOST)
SETTINGS: list[dict[str, Any]] = [
    {"authority": authority, "conflicts": conflicts, "mode": mode, "by_person": by_person}
    for authority, conflicts, mode, by_person in product(
        ("hra", "xero"), ("authoritative", "hold"), ("authoritative", "changed", "all"),
        (True, False),
    )
]  # fmt: skip


def outcome(here: Value, there: Value, base: Base, **rules: Any) -> Decision:
    return decide("end_date", here, there, base, **rules)


def ended(start: date | None = None, there: EndDate = DAY, **rules: Any) -> Decision:
    """Anna Papas, whose end date has just become known to Xero."""
    here = hra(first_name="Anna", last_name="Papas", email="anna@example.com", start_date=start)
    other = xero(first_name="Anna", last_name="Papas", email="anna@example.com", start_date=start)
    end = {"end_date": rules.pop("here", None)}
    return decide_all(
        here.with_values(end), other.with_values({"end_date": there}),
        {"end_date": rules.pop("base", XERO_CHANGED)}, **rules,
    )["end_date"]  # fmt: skip


# --- T2: the table. Each row holds for every authority, mode and setting that it does not name.


@pytest.mark.parametrize("value", DATES)
@pytest.mark.parametrize("base", [*FIRST, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED])
def test_T2_equal_end_dates_are_agreed_and_nobody_is_terminated(value: Value, base: Base) -> None:
    expected = Kind.NOTHING if base == SAME else Kind.AGREE
    for rules in SETTINGS:
        assert outcome(value, value, base, **rules).kind is expected


@pytest.mark.parametrize(("here", "there"), [pair for pair in DIFFERENT if pair[1]])
@pytest.mark.parametrize("base", FIRST)
def test_T2_nobody_is_terminated_at_first_contact(here: Value, there: Value, base: Base) -> None:
    for rules in SETTINGS:
        made = outcome(here, there, base, **rules)
        assert (held(made), made.conflict) == ("end_first_contact", True)


@pytest.mark.parametrize(("here", "there"), [pair for pair in DIFFERENT if pair[1]])
def test_T2_an_end_date_that_became_known_to_xero_terminates(here: Value, there: Value) -> None:
    for rules in SETTINGS:
        made = outcome(here, there, XERO_CHANGED, **rules)
        assert (made.kind, made.value, made.conflict) == (Kind.TO_HRA, there, False)
        assert made.why == "xero_changed"


@pytest.mark.parametrize("here", [EARLIER, DAY, LATER])
@pytest.mark.parametrize("base", [XERO_CHANGED, CHANGED])
def test_T2_an_end_date_removed_in_xero_is_reported_and_stands_in_hra(
    here: Value, base: Base
) -> None:
    for rules in SETTINGS:
        assert held(outcome(here, None, base, **rules)) == "end_removed"


@pytest.mark.parametrize("here", [EARLIER, DAY, LATER])
@pytest.mark.parametrize("base", [*FIRST, HRA_CHANGED])
def test_T2_an_end_date_of_hra_alone_is_told_and_never_travels_to_xero(
    here: Value, base: Base
) -> None:
    for rules in SETTINGS:
        assert held(outcome(here, None, base, **rules)) == "end_in_hra"


@pytest.mark.parametrize(("here", "there"), [pair for pair in DIFFERENT if all(pair)])
def test_T2_an_end_date_that_moved_in_hra_alone_stays_and_xero_keeps_its_own(
    here: Value, there: Value
) -> None:
    for rules in SETTINGS:
        assert held(outcome(here, there, HRA_CHANGED, **rules)) == "end_in_hra"


@pytest.mark.parametrize("there", [EARLIER, DAY, LATER])
def test_T2_an_end_date_that_was_taken_back_in_hra_is_for_a_person_in_xero(there: Value) -> None:
    for rules in SETTINGS:
        reason = held(outcome(None, there, HRA_CHANGED, **rules))
        assert reason == "end_taken_back"
        assert words.REASONS[reason].needs_person


@pytest.mark.parametrize(("here", "there"), [pair for pair in DIFFERENT if pair[1]])
def test_D1_end_dates_that_differ_though_nobody_changed_one_are_for_a_person(
    here: Value, there: Value
) -> None:
    for rules in SETTINGS:
        assert held(outcome(here, there, SAME, **rules)) == "state_wrong"


@pytest.mark.parametrize(("here", "there"), [pair for pair in DIFFERENT if pair[1]])
def test_T2_end_dates_changed_on_both_sides_are_for_the_authority(
    here: Value, there: Value
) -> None:
    for rules in SETTINGS:
        made = outcome(here, there, CHANGED, **rules)
        assert made.conflict
        imported = rules["mode"] != "authoritative"
        if imported or (rules["authority"] == "xero" and rules["conflicts"] != "hold"):
            assert (made.kind, made.value) == (Kind.TO_HRA, there)
            assert made.why == ("xero_wins" if imported else "authority")
        else:
            assert held(made) == "end_differs"


@pytest.mark.parametrize(("here", "there"), DIFFERENT)
def test_D4_an_end_date_that_hra_keeps_in_its_own_way_is_not_sent_again(
    here: Value, there: Value
) -> None:
    for base in (KEPT, replace(XERO_CHANGED, kept=True)):
        assert held(outcome(here, there, base)) == "kept"


@pytest.mark.parametrize("base", [*FIRST, SAME, CHANGED, HRA_CHANGED, XERO_CHANGED, KEPT])
def test_T2_an_end_date_never_travels_to_xero_whatever_is_set_or_chosen(base: Base) -> None:
    chosen: tuple[dict[str, str], ...] = ({}, {"end_date": "hra"})
    for (here, there), way, choice in product(DIFFERENT, ("both", "to_xero", "to_hra"), chosen):
        made = outcome(here, there, base, directions={"details": way}, chosen=choice)
        assert made.kind is not Kind.TO_XERO


@pytest.mark.parametrize("direction", ["off", "to_xero"])
def test_D7_an_end_date_that_may_not_go_to_hra_decides_nothing(direction: str) -> None:
    for here, there in DIFFERENT:
        made = outcome(here, there, XERO_CHANGED, directions={"end_date": direction})
        assert made.kind is Kind.NOTHING


@pytest.mark.parametrize("pair", [(UNKNOWN, DAY), (None, UNKNOWN), (DAY, UNKNOWN)])
def test_T2_an_end_date_that_cannot_be_read_terminates_nobody(pair: tuple[Value, Value]) -> None:
    for chosen in ({}, {"end_date": "xero"}):
        assert outcome(*pair, XERO_CHANGED, chosen=chosen).kind is Kind.NOTHING


def test_T2_that_the_person_gave_notice_travels_with_the_day_and_is_no_change_by_itself() -> None:
    noticed = EndDate(DAY.day, by_notice=True)
    made = outcome(None, noticed, XERO_CHANGED)
    assert made.value.by_notice
    assert outcome(DAY, noticed, SAME).kind is Kind.NOTHING
    assert outcome(DAY, noticed, XERO_CHANGED).kind is Kind.AGREE


# --- T2: who waits for a person


@pytest.mark.parametrize(
    ("start", "waits"),
    [
        (date(2026, 4, 1), True),
        (date(2026, 3, 31), False),
        (date(2020, 1, 1), False),
        (None, False),
    ],
)
@pytest.mark.parametrize("base", [XERO_CHANGED, CHANGED])
def test_T2_an_end_before_the_start_in_hra_is_a_rehire_for_a_person(
    start: date | None, waits: bool, base: Base
) -> None:
    made = ended(start, base=base, authority="xero")
    assert (made.kind, made.reason) == (
        (Kind.HOLD, "rehire") if waits else (Kind.TO_HRA, "")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("signed_in", "waits"),
    [
        (("Anna Papas", "other@example.com"), True),
        (("  ANNA  PAPAS ", ""), True),
        (("Ánna Pápas", ""), True),
        (("Somebody Else", "Anna@Example.com"), True),
        (("", "anna@example.com"), True),
        (("Anna Nguyen", "nguyen@example.com"), False),
        (("", ""), False),
    ],
)
def test_T2_the_person_whose_sign_in_the_agent_uses_waits_for_a_person(
    signed_in: tuple[str, str], waits: bool
) -> None:
    made = ended(signed_in=signed_in)
    assert (made.kind, made.reason) == (
        (Kind.HOLD, "own_sign_in") if waits else (Kind.TO_HRA, "")
    )  # fmt: skip


@pytest.mark.parametrize("base", FIRST)
@pytest.mark.parametrize("start", [None, date(2026, 4, 1)])
def test_T2_first_contact_tells_that_it_is_the_agent_s_own_sign_in(
    start: date | None, base: Base
) -> None:
    """Whoever chooses Xero's date then knows what it cuts off."""
    for rules in SETTINGS:
        made = ended(start, base=base, signed_in=("Anna Papas", ""), **rules)
        assert (held(made), made.conflict) == ("own_sign_in", True)
        assert ended(start, base=base, chosen={"end_date": "xero"}, **rules).kind is Kind.TO_HRA


@pytest.mark.parametrize("base", FIRST)
def test_T2_first_contact_tells_of_a_rehire(base: Base) -> None:
    for rules in SETTINGS:
        made = ended(date(2026, 4, 1), base=base, **rules)
        assert (held(made), made.conflict) == ("rehire", True)


def test_T2_the_own_sign_in_is_told_of_an_end_in_xero_alone() -> None:
    mine = ("Anna Papas", "")
    assert held(ended(base=CHANGED, signed_in=mine)) == "own_sign_in"
    assert held(ended(here=LATER, base=HRA_CHANGED, signed_in=mine)) == "end_in_hra"


def test_T2_a_nameless_sign_in_is_nobody() -> None:
    assert outcome(None, DAY, XERO_CHANGED, signed_in=("", "")).kind is Kind.TO_HRA


@pytest.mark.parametrize("setting", ["warn", "hold"])
@pytest.mark.parametrize("there", [EARLIER, DAY, LATER])
@pytest.mark.parametrize("here", DATES)
def test_T3_an_earlier_end_date_waits_only_where_the_setting_says_so(
    here: Value, there: EndDate, setting: str
) -> None:
    early = here is not None and there.day < here.day
    assert closes_early(here, there) is early
    if here == there:
        return
    made = ended(there=there, here=here, earlier_end=setting)
    waits = early and setting == "hold"
    assert (made.kind, made.reason) == (
        (Kind.HOLD, "earlier_end") if waits else (Kind.TO_HRA, "")
    )  # fmt: skip


OBSTACLES = [
    {"start": date(2026, 4, 1)},
    {"signed_in": ("Anna Papas", "")},
    {"here": LATER, "earlier_end": "hold"},
]


@pytest.mark.parametrize("case", OBSTACLES)
def test_T2_an_end_date_that_waits_although_both_sides_moved_is_told_as_a_conflict(
    case: dict[str, Any],
) -> None:
    made = ended(base=CHANGED, authority="xero", **case)
    assert made.kind is Kind.HOLD
    assert made.conflict


@pytest.mark.parametrize("case", [*OBSTACLES, {"base": NEVER}, {"base": CHANGED}])
def test_D7_a_person_can_let_xeros_end_date_stand(case: dict[str, Any]) -> None:
    assert ended(**case, authority="hra").kind is Kind.HOLD
    made = ended(**case, authority="hra", chosen={"end_date": "xero"})
    assert (made.kind, made.value, made.why) == (Kind.TO_HRA, DAY, "chosen")


def test_D7_choosing_an_end_date_that_xero_does_not_have_terminates_nobody() -> None:
    made = outcome(DAY, None, XERO_CHANGED, chosen={"end_date": "xero"})
    assert held(made) == "end_removed"


# --- who can be terminated at all


@pytest.mark.parametrize("status", Status)
def test_T2_who_has_left_hra_already_takes_an_end_date_unless_the_record_is_gone(
    status: Status,
) -> None:
    one = hra(status, end_date=None)
    other: Employee = xero(Status.TERMINATED, end_date=DAY)
    made = decide_all(one, other, {"end_date": XERO_CHANGED})["end_date"]
    expected = (Kind.HOLD, "gone") if status is Status.GONE else (Kind.TO_HRA, "")
    assert (made.kind, made.reason) == expected


@pytest.mark.parametrize("day", [date(1899, 12, 31), date(2051, 1, 1)])
def test_D6_an_end_date_outside_the_years_that_hra_takes_is_reported(day: date) -> None:
    made = outcome(None, EndDate(day), XERO_CHANGED)
    assert held(made) == "cannot_travel"
    assert "1900 to 2050" in made.detail


def test_R2_an_import_leaves_an_end_date_alone_while_a_save_waits() -> None:
    assert held(outcome(None, DAY, XERO_CHANGED, mode="all", waiting=True)) == "own_yes"
    assert outcome(None, DAY, XERO_CHANGED, mode="all").kind is Kind.TO_HRA


def test_R2_an_end_date_that_hra_changed_asks_for_no_yes_since_it_never_goes_to_xero() -> None:
    one, other = hra(end_date=LATER, job_title="Cook"), xero(end_date=DAY, job_title="Chef")
    bases = {"end_date": Base(Since.CHANGED, Since.SAME), "job_title": XERO_CHANGED}
    made = decide_all(one, other, bases, mode="changed")
    assert made["job_title"].kind is Kind.TO_HRA
