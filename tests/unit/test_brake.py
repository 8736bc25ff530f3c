"""How much a run may do before a person looks (S1)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, decimals, integers, none

from agent.employee import Value
from agent.fields import FIELDS, names
from agent.merge import Decision, Kind
from agent.plan import Brake, Load, counts, too_much

CALM = settings(deadline=None, derandomize=True, database=None)
HALF = Brake(Decimal("0.5"), 5, 25)
NOTHING = Load(linked=10, changed=0, terminated=0, created=0)
SHARES = decimals(min_value=0, max_value=1, places=2)
COUNTS = integers(min_value=0, max_value=60)


def load(linked: int = 10, changed: int = 0, terminated: int = 0, created: int = 0) -> Load:
    return Load(linked, changed, terminated, created)


@pytest.mark.parametrize(
    ("linked", "changed", "braked"),
    [
        (10, 5, False),  # exactly the share is no more than it
        (10, 6, True),
        (9, 5, True),
        (4, 4, False),  # fewer than five people: the share says nothing
        (5, 4, False),
        (5, 5, True),
        (5, 0, False),
        (0, 5, True),
        (1000, 500, False),
        (1000, 501, True),
    ],
)
def test_S1_the_share_counts_from_five_people_on(linked: int, changed: int, braked: bool) -> None:
    told = too_much(load(linked, changed), HALF, scheduled=False)
    assert bool(told) is braked
    if braked:
        assert told == (f"it would change {changed} of {linked} linked people",)


@pytest.mark.parametrize(("terminated", "braked"), [(0, False), (5, False), (6, True)])
def test_S1_terminations_have_a_number_of_their_own(terminated: int, braked: bool) -> None:
    for scheduled in (True, False):
        told = too_much(load(100, terminated, terminated), HALF, scheduled=scheduled)
        assert bool(told) is braked


@pytest.mark.parametrize(("created", "braked"), [(25, False), (26, True)])
def test_S1_creates_count_on_a_schedule_only(created: int, braked: bool) -> None:
    assert bool(too_much(load(created=created), HALF, scheduled=True)) is braked
    assert too_much(load(created=created), HALF, scheduled=False) == ()


def test_S1_every_way_of_doing_too_much_is_told() -> None:
    told = too_much(load(10, 10, 6, 26), HALF, scheduled=True)
    assert len(told) == 3
    assert "10 of 10" in told[0] and "terminate 6" in told[1] and "create 26" in told[2]


@CALM
@given(COUNTS, COUNTS)
def test_S1_a_share_of_all_never_stops_a_run(linked: int, changed: int) -> None:
    brake = Brake(Decimal(1), None, None)
    assert too_much(load(linked, changed), brake, scheduled=True) == ()


@CALM
@given(COUNTS, COUNTS, COUNTS, COUNTS, booleans())
def test_S1_a_brake_that_is_off_never_stops_a_run(
    linked: int, changed: int, terminated: int, created: int, scheduled: bool
) -> None:
    told = too_much(load(linked, changed, terminated, created), Brake(), scheduled=scheduled)
    assert told == ()


@CALM
@given(
    none() | SHARES, none() | COUNTS, none() | COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, booleans()
)
def test_S1_a_run_is_stopped_exactly_when_it_would_do_more_than_one_number_allows(
    share: Decimal | None,
    terminations: int | None,
    creates: int | None,
    linked: int,
    changed: int,
    terminated: int,
    created: int,
    scheduled: bool,
) -> None:
    expected = 0
    if share is not None and share != 1 and changed >= 5 and changed > linked * share:
        expected += 1
    if terminations is not None and terminated > terminations:
        expected += 1
    if scheduled and creates is not None and created > creates:
        expected += 1
    brake = Brake(share, terminations, creates)
    told = too_much(load(linked, changed, terminated, created), brake, scheduled=scheduled)
    assert len(told) == expected


@CALM
@given(SHARES, COUNTS, COUNTS, COUNTS)
def test_S1_doing_more_never_loosens_the_brake(
    share: Decimal, linked: int, changed: int, more: int
) -> None:
    brake = Brake(share)
    if too_much(load(linked, changed), brake, scheduled=True):
        assert too_much(load(linked, changed + more), brake, scheduled=True)


# --- what counts


def decisions(**kinds: Kind) -> list[Decision]:
    """Every field's decision; those not named do nothing."""
    value: Value = "x"
    return [Decision(name, kinds.get(name, Kind.NOTHING), value) for name in FIELDS]


@pytest.mark.parametrize("name", names("leave"))
def test_S1_leave_is_not_counted(name: str) -> None:
    assert counts(decisions(**{name: Kind.TO_HRA}), "to_hra") == (False, False)
    both = decisions(**{name: Kind.TO_HRA, "mobile": Kind.TO_HRA})
    assert counts(both, "to_hra") == (True, False)


@pytest.mark.parametrize("name", [name for name in FIELDS if FIELDS[name].group != "leave"])
def test_S1_every_other_field_counts_its_person_once(name: str) -> None:
    changed, terminated = counts(decisions(**{name: Kind.TO_HRA}), "to_hra")
    assert (changed, terminated) == (True, name == "end_date")


@pytest.mark.parametrize(
    ("way", "counted"), [("to_hra", (False, False)), ("to_xero", (True, False))]
)
def test_S1_only_what_this_run_writes_counts(way: str, counted: tuple[bool, bool]) -> None:
    made = decisions(mobile=Kind.TO_XERO, end_date=Kind.HOLD, email=Kind.AGREE)
    assert counts(made, way) == counted
