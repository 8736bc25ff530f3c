"""What a person chose for something that waits is applied at once, and only to what was shown (D7)."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Employee, EndDate, Loans, MaskedTfn, SuperMembership, Value, Values
from agent.errors import NotPossible, SideError, Unreachable
from agent.records import Attention
from agent.side import Written
from agent.sync import Answer
from tests.history.office import HOME, Office, secrets, whole
from tests.unit.canonical_values import OTHER_NUMBER, account, membership

Opened = Callable[..., Office]
USE = pytest.mark.parametrize("use", ["hra", "xero"])
ENDED = EndDate(date(2026, 2, 27))


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Offices with one linked person who agrees in everything; conflicts are held."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Office] = []

    def make(people: int = 1, values: dict[str, Value] | None = None, **rules: Any) -> Office:
        office = Office(tmp_path / str(len(offices)), {"conflicts": "hold", **rules})
        offices.append(office)
        office.linked(people, **(values or {}))
        return office

    yield make
    for office in offices:
        office.store.close()


def met_first(office: Office, **there: Value) -> None:
    """Somebody on both sides who was never linked, with these differences in Xero."""
    office.hra.add("p0", **whole(0))
    office.xero.add("p0", **{**whole(0), **there})


def both_runs(office: Office) -> None:
    for kind in ("import", "export"):
        office.sync.run(kind, "schedule")


def stands(office: Office, name: str, value: Value) -> bool:
    """Both sides hold it, nothing waits, and the next runs write nothing."""
    writes = office.writes()
    both_runs(office)
    assert office.writes() == writes
    return office.both("p0", name) == (value, value) and office.rows() == []


# --- conflicts and first contact

TWO: dict[str, tuple[Value, Value]] = {
    "job_title": ("Chef", "Baker"),
    "mobile": ("0491 570 156", "0491 570 157"),
    "home_address": (replace(HOME, line1="2 Beta St"), replace(HOME, line1="3 Gamma St")),
    "bank_accounts": ((account("111111111"),), (account("222222222"),)),
    "super_memberships": ((membership("STA0100AU", "2002"),), (membership("STA0100AU", "3003"),)),
    "leave_loading": (True, False),
    "branch": ("b2", "b3"),
    "start_date": (date(2021, 1, 1), date(2022, 2, 2)),
}
# What follows a choice is what the person saw, whatever the switches say.
SETTINGS: dict[str, dict[str, Any]] = {
    "as usual": {},
    "the other side is the authority": {"authority": "xero"},
    "transfers off": {"transfers": False},
}


@pytest.mark.parametrize("name", [name for name in TWO if name != "leave_loading"])
@USE
@pytest.mark.parametrize("setting", SETTINGS)
def test_D7_a_held_conflict_is_settled_at_once_for_the_chosen_side(
    opened: Opened, name: str, use: str, setting: str
) -> None:
    office = opened(**SETTINGS[setting])
    office.differ(name, *TWO[name])
    both_runs(office)
    assert office.both("p0", name) == TWO[name]
    told = office.resolve(name, use)
    chosen = TWO[name][0 if use == "hra" else 1]
    assert (told.exit, office.both("p0", name)) == (0, (chosen, chosen))
    assert stands(office, name, chosen)


@pytest.mark.parametrize("name", [n for n in TWO if n not in ("leave_loading", "branch")])
@USE
def test_D7_D2_a_difference_at_first_contact_is_settled_for_the_chosen_side(
    opened: Opened, name: str, use: str
) -> None:
    office = opened(0)
    met_first(office, **{name: TWO[name][1]})
    office.hra.edit("p0", **{name: TWO[name][0]})
    both_runs(office)
    assert (office.both("p0", name), office.writes()) == (TWO[name], [])
    told = office.resolve(name, use)
    chosen = TWO[name][0 if use == "hra" else 1]
    assert told.exit == 0
    assert stands(office, name, chosen)


@USE
@pytest.mark.parametrize(
    ("direction", "moved"), [("to_xero", "xero"), ("to_hra", "hra")], ids=["to Xero", "to HRA"]
)
def test_D7_drift_is_settled_against_the_direction_too(
    opened: Opened, use: str, direction: str, moved: str
) -> None:
    office = opened(directions={"details": direction})
    office.side(moved).edit("p0", job_title="Baker")
    both_runs(office)
    assert office.row("job_title").kind == "drift"
    told = office.resolve("job_title", use)
    assert told.exit == 0
    assert stands(office, "job_title", "Baker" if use == moved else "Cook")


@USE
def test_D7_a_kept_value_is_settled_for_the_chosen_side(opened: Opened, use: str) -> None:
    office = opened()
    office.xero.keeps_as = lambda name, value: f"{value}!" if name == "job_title" else value
    office.hra.edit("p0", job_title="Chef")
    office.sync.run("export", "schedule")
    assert office.row("job_title").kind == "kept"
    office.xero.keeps_as = lambda name, value: value
    told = office.resolve("job_title", use)
    assert told.exit == 0
    assert stands(office, "job_title", "Chef" if use == "hra" else "Chef!")


def test_D7_a_choice_that_the_other_side_keeps_differently_again_is_told(opened: Opened) -> None:
    office = opened()
    office.xero.keeps_as = lambda name, value: f"{value}!" if name == "job_title" else value
    office.hra.edit("p0", job_title="Chef")
    office.sync.run("export", "schedule")
    told = office.resolve("job_title", "hra")
    assert told.exit == 1
    assert office.row("job_title").kind == "kept"


@pytest.mark.parametrize("how", ["first contact", "rehire", "own sign-in", "earlier end"])
def test_D7_T2_a_held_end_date_stands_when_a_person_chooses_it(opened: Opened, how: str) -> None:
    office = opened(0, earlier_end="hold")
    if how == "first contact":
        met_first(office, end_date=ENDED)
        both_runs(office)
    else:
        office.linked(1)
        if how == "own sign-in":
            office.hra.signed_in = ("Annaa Papasa", "")
        ended = EndDate(date(2019, 1, 1)) if how == "rehire" else ENDED
        if how == "earlier end":
            office.hra.edit("p0", end_date=EndDate(date(2026, 6, 30)))
            office.xero.edit("p0", end_date=EndDate(date(2026, 6, 30)))
            both_runs(office)
        office.xero.edit("p0", end_date=ended)
        both_runs(office)
    assert office.hra.value("p0", "end_date") != office.xero.value("p0", "end_date")
    with pytest.raises(NotPossible, match="never travels to Xero"):
        office.resolve("end_date", "hra")
    assert office.resolve("end_date", "xero").exit == 0
    assert office.hra.value("p0", "end_date") == office.xero.value("p0", "end_date")


@USE
def test_D7_B3_a_branch_is_settled_though_transfers_are_off(opened: Opened, use: str) -> None:
    office = opened(transfers=False)
    office.xero.edit("p0", branch="b2")
    both_runs(office)
    assert office.both("p0", "branch") == ("b1", "b2")
    assert office.resolve("branch", use).exit == 0
    assert stands(office, "branch", "b1" if use == "hra" else "b2")


# --- the tax declaration


@USE
def test_D7_D1_a_declaration_in_conflict_is_chosen_as_a_whole(opened: Opened, use: str) -> None:
    """Two fields fight, a third moved on one side only: after one choice nothing is a mixture."""
    office = opened()
    for name, (one, other) in {
        "leave_loading": (False, None), "employment_basis": ("PART_TIME", "CASUAL"),
    }.items():  # fmt: skip
        office.hra.edit("p0", **{name: one})
        if other is not None:
            office.xero.edit("p0", **{name: other})
    office.xero.edit("p0", loans=Loans(True, frozenset({"help"})))
    both_runs(office)
    names = ("leave_loading", "employment_basis", "loans")
    before = {name: office.both("p0", name) for name in names}
    assert office.writes() == []
    while office.rows():
        row = office.rows()[0]
        shown = office.sync.opened(row.id)
        office.answer("resolve", row.id, use=use, mark=shown.mark)
    side = 0 if use == "hra" else 1
    for name in names:
        assert office.both("p0", name) == (before[name][side], before[name][side]), name


@USE
def test_D7_D1_one_answer_is_enough_for_a_declaration(opened: Opened, use: str) -> None:
    office = opened()
    office.differ("employment_basis", "PART_TIME", "CASUAL")
    office.hra.edit("p0", leave_loading=False)
    both_runs(office)
    assert {name for row in office.rows() for name in row.fields} == {
        "employment_basis", "leave_loading"
    }  # fmt: skip
    assert office.resolve("employment_basis", use).exit == 0
    assert office.rows() == []
    assert office.both("p0", "leave_loading") == ((False,) * 2 if use == "hra" else (True,) * 2)


def test_D7_F4_xero_s_number_cannot_be_chosen_and_the_answer_says_why(opened: Opened) -> None:
    office = opened(0)
    met_first(office, tfn_or_exemption=OTHER_NUMBER)
    both_runs(office)
    row = office.row("tfn_or_exemption")
    assert row.buttons == ("use_hra",)
    with pytest.raises(NotPossible, match="cannot be read, so it cannot be copied"):
        office.answer("resolve", row.id, use="xero")
    assert office.writes() == []
    assert office.answer("resolve", row.id, use="hra").exit == 0
    assert len(set(office.both("p0", "tfn_or_exemption"))) == 1


# --- only what was shown

MOVES = pytest.mark.parametrize("mover", ["hra", "xero"])


@USE
@MOVES
def test_D7_a_choice_is_refused_when_a_value_moved_since_it_was_shown(
    opened: Opened, use: str, mover: str
) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    shown = office.shown("job_title")
    office.side(mover).edit("p0", job_title="Sous Chef")
    with pytest.raises(NotPossible) as told:
        office.answer("resolve", shown.id, use=use, mark=shown.mark)
    assert told.value.moved
    assert office.writes() == []


@USE
@MOVES
def test_D7_a_choice_is_refused_when_a_run_saw_the_new_value_first(
    opened: Opened, use: str, mover: str
) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    shown = office.shown("job_title")
    office.side(mover).edit("p0", job_title="Sous Chef")
    both_runs(office)
    assert office.row("job_title").id != shown.id
    with pytest.raises(NotPossible, match="no such row any more"):
        office.answer("resolve", shown.id, use=use, mark=shown.mark)
    assert office.writes() == []


def test_D7_a_row_keeps_its_id_while_its_values_stand(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    row = office.row("job_title")
    office.hra.edit("p0", mobile="0491 570 156")
    both_runs(office)
    assert (office.row("job_title").id, office.shown("job_title").mark) == (row.id, row.mark)


def test_D7_an_opened_row_is_the_one_that_stands_for_what_it_shows(opened: Opened) -> None:
    """A value moved before anybody looked: opening the old row shows, and names, the new one."""
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    old = office.row("job_title")
    office.hra.edit("p0", job_title="Sous Chef")
    shown = office.sync.opened(old.id)
    assert (shown.id, shown.mark) == (office.row("job_title").id, office.row("job_title").mark)
    assert shown.id != old.id and shown.compared[0].hra == "Sous Chef"
    assert office.answer("resolve", shown.id, use="hra", mark=shown.mark).exit == 0
    assert stands(office, "job_title", "Sous Chef")


def test_D7_an_answer_with_the_mark_of_other_values_is_refused(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    with pytest.raises(NotPossible) as told:
        office.answer("resolve", office.row("job_title").id, use="hra", mark="0" * 16)
    assert (told.value.moved, office.writes()) == (True, [])


@USE
@MOVES
def test_D7_after_a_refused_choice_the_row_stands_for_what_is_there_now(
    opened: Opened, use: str, mover: str
) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    shown = office.shown("job_title")
    office.side(mover).edit("p0", job_title="Sous Chef")
    with pytest.raises(NotPossible):
        office.answer("resolve", shown.id, use=use, mark=shown.mark)
    again = office.shown("job_title")
    assert again.mark != shown.mark
    assert office.answer("resolve", again.id, use=use, mark=again.mark).exit == 0


def test_D7_a_choice_without_a_mark_is_for_the_values_held(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    row = office.row("job_title")
    assert office.answer("resolve", row.id, use="xero").exit == 0
    assert office.both("p0", "job_title") == ("Baker", "Baker")


def test_D7_what_moved_in_another_field_does_not_stand_in_the_way(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    shown = office.shown("job_title")
    office.hra.edit("p0", mobile="0491 570 156")
    assert office.answer("resolve", shown.id, use="xero", mark=shown.mark).exit == 0
    assert office.hra.writes == [("p0", frozenset({"job_title"}))]
    assert office.xero.writes == []


def test_D7_a_choice_writes_its_own_fields_alone(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    office.xero.edit("p0", mobile="0491 570 156")
    office.sync.run("export", "schedule")
    office.resolve("job_title", "xero")
    assert office.hra.writes == [("p0", frozenset({"job_title"}))]


def test_D7_a_row_that_is_gone_takes_no_answer(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    row = office.row("job_title")
    office.hra.edit("p0", job_title="Baker")
    both_runs(office)
    for verb in ("resolve", "retry", "approve", "reject", "dismiss"):
        with pytest.raises(NotPossible, match="no such row"):
            office.answer(verb, row.id, use="hra")
    with pytest.raises(NotPossible, match="no such row"):
        office.sync.opened(row.id)


@pytest.mark.parametrize(
    ("verb", "more"),
    [("resolve", {}), ("resolve", {"use": "both"}), ("approve", {}), ("reject", {}), ("retry", {}),
     ("dismiss", {}), ("delete", {})],
)  # fmt: skip
def test_D7_what_a_row_does_not_offer_is_refused(
    opened: Opened, verb: str, more: dict[str, str]
) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    with pytest.raises(NotPossible):
        office.answer(verb, office.row("job_title").id, **more)
    assert office.writes() == []
    assert office.row("job_title").dismissed is False


def test_D7_every_button_of_a_row_can_be_pressed(opened: Opened) -> None:
    """No row offers what its answer then refuses."""
    pressed = 0
    for stage, values in STAGES.items():
        for button in _buttons(opened, values):
            office = _staged(opened, values)
            row = _choosable(office)
            verb, _, use = button.partition("_")
            try:
                told: Answer | None = office.answer(
                    "resolve" if use else verb, row.id, "page:ben", use=use
                )
            except NotPossible as why:
                pytest.fail(f"{stage}: {button}: {why}")
            assert told is not None and told.sentence
            pressed += 1
    assert pressed > 10


STAGES: dict[str, dict[str, Any]] = {
    "conflict": {"hra": {"job_title": "Chef"}, "xero": {"job_title": "Baker"}},
    "emptied in Xero": {"xero": {"bank_accounts": None}},
    "emptied in HRA": {"hra": {"bank_accounts": None}},
    "end date": {"xero": {"end_date": EndDate(date(2019, 1, 1))}},
    "end date differs": {"hra": {"end_date": EndDate(date(2026, 6, 1))}, "xero": {"end_date": ENDED}},
    "branch": {"xero": {"branch": "b2"}},
    "approval": {"hra": {"bank_accounts": (account("123123123"),)}},
    "membership": {"hra": {"super_memberships": ()}},
    "taken away": {"hra": {"tax_offset": None}},
}  # fmt: skip


def _staged(opened: Opened, values: dict[str, Any]) -> Office:
    office = opened(approve=frozenset({"bank"}), transfers=False)
    for side, changes in values.items():
        office.side(side).edit("p0", **changes)
    both_runs(office)
    return office


def _choosable(office: Office) -> Attention:
    return office.rows()[0]


def _buttons(opened: Opened, values: dict[str, Any]) -> tuple[str, ...]:
    rows = _staged(opened, values).rows()
    return rows[0].buttons if rows else ()


# --- what is shown, and what is told


def test_S4_an_opened_row_shows_both_values_and_stores_neither(opened: Opened) -> None:
    office = opened(approve=frozenset({"bank"}))
    for name in ("job_title", "bank_accounts"):
        office.differ(name, *TWO[name])
    both_runs(office)
    job, bank = office.shown("job_title"), office.shown("bank_accounts")
    assert [(c.hra, c.xero) for c in job.compared if c.name == "job_title"] == [("Chef", "Baker")]
    (masked,) = [c for c in bank.compared if c.name == "bank_accounts"]
    assert "ending 111" in masked.hra and "ending 222" in masked.xero
    assert "1111" not in masked.hra and "2222" not in masked.xero
    held = office.kept_on_disc()
    people = [side.people["p0"].values for side in (office.hra, office.xero)]
    for value in secrets(people):
        assert value not in held, value


def test_D7_a_choice_that_the_side_refuses_says_so_and_stays(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    office.hra.failing["p0"] = "refused"
    told = office.resolve("job_title", "xero")
    assert (told.exit, "a rule of the vendor" in told.sentence) == (1, True)
    assert office.both("p0", "job_title") == ("Chef", "Baker")
    assert office.row("job_title").kind in ("refused", "conflict")


def test_D7_a_choice_while_a_side_is_away_changes_nothing(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    row = office.row("job_title")
    office.hra.unreachable = True
    with pytest.raises(Unreachable):
        office.answer("resolve", row.id, use="xero")
    office.hra.unreachable = False
    assert office.row("job_title").id == row.id
    assert office.answer("resolve", row.id, use="xero").exit == 0


def test_S3_a_choice_is_in_the_audit_log_with_who_made_it(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "Chef", "Baker")
    both_runs(office)
    office.resolve("job_title", "xero", actor="page:ben")
    (chosen,) = office.events("resolved")
    assert (chosen.actor, chosen.fields, chosen.hra_id) == ("page:ben", ("job_title",), "p0")
    (written,) = office.events("written")
    assert (written.actor, written.way, written.why) == ("page:ben", "to_hra", "a person chose it")
    assert office.store.audit_check() == ()


# --- retry


def refused(office: Office, name: str = "mobile", value: Value = "0491 570 156") -> Attention:
    """Xero refused a change."""
    office.hra.edit("p0", **{name: value})
    office.xero.failing["p0"] = "refused"
    office.sync.run("export", "schedule")
    return office.row(name)


def test_H3_a_refused_change_is_tried_again_at_once(opened: Opened) -> None:
    office = opened()
    row = refused(office)
    told = office.answer("retry", row.id)
    assert told.exit == 0
    assert stands(office, "mobile", "0491 570 156")
    assert [event.actor for event in office.events("retried")] == ["page:anna"]


def test_H3_a_change_refused_again_stays_on_the_list(opened: Opened) -> None:
    office = opened()
    row = refused(office)
    office.xero.failing["p0"] = "refused"
    told = office.answer("retry", row.id)
    assert told.exit == 1
    assert office.row("mobile").kind == "refused"


@pytest.mark.parametrize("conflicts", ["hold", "authoritative"])
@pytest.mark.parametrize("authority", ["hra", "xero"])
def test_H3_a_kept_value_is_sent_again(opened: Opened, conflicts: str, authority: str) -> None:
    office = opened(conflicts=conflicts, authority=authority)
    office.xero.keeps_as = lambda name, value: f"{value}!" if name == "job_title" else value
    office.hra.edit("p0", job_title="Chef")
    office.sync.run("export", "schedule")
    office.xero.keeps_as = lambda name, value: value
    assert office.answer("retry", office.row("job_title").id).exit == 0
    assert stands(office, "job_title", "Chef")


def test_H3_a_retry_writes_the_row_s_own_fields_alone(opened: Opened) -> None:
    office = opened()
    row = refused(office)
    office.xero.edit("p0", job_title="Baker")
    office.hra.edit("p0", phone="02 5550 4444")
    office.answer("retry", row.id)
    assert office.writes() == [("p0", frozenset({"mobile"}))]


def harmed(office: Office) -> Attention:
    """A bank write to Xero left a removed account standing: bank writes have stopped."""
    office.xero.arrays_merge = True
    office.hra.edit("p0", bank_accounts=(account("123123123"),))
    office.sync.run("export", "schedule")
    assert set(office.store.stopped()) == {"bank"}
    (row,) = [row for row in office.rows() if row.kind == "stopped"]
    return row


def test_F4_a_stopped_kind_of_write_goes_on_when_a_person_tries_again(opened: Opened) -> None:
    office = opened(2, conflicts="authoritative")
    row = harmed(office)
    office.xero.arrays_merge = False
    office.xero.edit("p0", bank_accounts=(account("123123123"),))  # put right by hand
    office.hra.edit("p1", bank_accounts=(account("321321321"),))
    office.sync.run("export", "schedule")
    assert len(office.xero.writes) == 1
    assert office.answer("retry", row.id).exit == 0
    office.sync.run("export", "schedule")
    assert office.store.stopped() == {}
    for id, number in (("p0", "123123123"), ("p1", "321321321")):
        assert office.xero.value(id, "bank_accounts") == (account(number),)
    assert office.store.attention() == ()


def test_F4_a_retry_that_leaves_something_waiting_says_so(opened: Opened) -> None:
    office = opened(conflicts="hold")
    told = office.answer("retry", harmed(office).id)
    equal = len(set(office.both("p0", "bank_accounts"))) == 1
    assert told.exit == (0 if equal else 1)
    assert equal or "equal" not in told.sentence


def test_F4_a_retry_of_a_stopped_kind_writes_that_kind_alone(opened: Opened) -> None:
    office = opened()
    row = harmed(office)
    office.xero.edit("p0", job_title="Baker")
    office.hra.edit("p0", phone="02 5550 4444")
    office.answer("retry", row.id)
    written = {name for _, names in office.writes() for name in names}
    assert written == {"bank_accounts"}


def test_F4_trying_something_else_again_lets_no_stopped_writes_go_on(opened: Opened) -> None:
    office = opened()
    harmed(office)
    row = refused(office)
    assert office.answer("retry", row.id).exit == 0
    assert set(office.store.stopped()) == {"bank"}
    assert [row.kind for row in office.rows() if row.kind == "stopped"] == ["stopped"]


def failed_save(office: Office) -> Attention:
    """An eSS save that did not arrive, as the worker tells it."""
    row = Attention(
        "hook:p0", "push", "A save did not reach Xero.", hra_id="p0", buttons=("retry", "dismiss")
    )
    office.store.replace_attention("hook:p0", (row,))
    (found,) = [row for row in office.store.attention() if row.scope == "hook:p0"]
    return found


def test_H3_a_failed_push_is_tried_again_at_once(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", mobile="0491 570 156")
    told = office.answer("retry", failed_save(office).id)
    assert told.exit == 0
    assert stands(office, "mobile", "0491 570 156")


def test_S3_a_failed_push_that_is_tried_again_is_in_the_audit_log(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", mobile="0491 570 156")
    office.answer("retry", failed_save(office).id, "page:ben")
    assert [(event.hra_id, event.actor) for event in office.events("retried")] == [
        ("p0", "page:ben")
    ]


def test_H3_a_failed_push_that_fails_again_stays(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", mobile="0491 570 156")
    row = failed_save(office)
    office.xero.unreachable = True
    with pytest.raises(SideError):
        office.answer("retry", row.id)
    assert row in office.store.attention()


def test_H3_a_push_that_is_held_again_says_why_and_stays(opened: Opened) -> None:
    office = opened()
    office.differ("mobile", "0491 570 156", "0491 570 157")
    row = failed_save(office)
    told = office.answer("retry", row.id)
    assert (told.exit, "mobile" in told.sentence.casefold()) == (1, True)
    assert row in office.store.attention()


# --- dismiss


def noticed(office: Office) -> Attention:
    """A membership that stands on one side only: for a person to read."""
    more = (*whole(0)["super_memberships"], membership("HOS0100AU", "5005"))
    assert isinstance(more[0], SuperMembership)
    office.hra.edit("p0", super_memberships=more)
    office.xero.edit("p0", super_memberships=more)
    both_runs(office)
    office.hra.edit("p0", super_memberships=more[:1])
    both_runs(office)
    return office.row("super_memberships")


def test_a_dismissed_row_stays_away_until_the_matter_changes(opened: Opened) -> None:
    office = opened()
    row = noticed(office)
    assert office.answer("dismiss", row.id).exit == 0
    report = office.sync.run("export", "schedule")
    assert (office.row("super_memberships").dismissed, report.needs_person) == (True, 0)
    office.xero.edit("p0", super_memberships=whole(0)["super_memberships"])
    both_runs(office)
    assert office.rows() == []
    noticed(office)
    assert office.row("super_memberships").dismissed is False
    (told,) = office.events("dismissed")
    assert (told.actor, told.hra_id) == ("page:anna", "p0")


def test_a_dismissal_writes_nothing(opened: Opened) -> None:
    office = opened()
    row = noticed(office)
    writes = office.writes()
    office.answer("dismiss", row.id)
    assert office.writes() == writes


def test_T3_the_warning_of_an_earlier_end_is_read_and_goes(opened: Opened) -> None:
    office = opened(earlier_end="warn")
    for side in (office.hra, office.xero):
        side.edit("p0", end_date=EndDate(date(2026, 6, 30)))
    both_runs(office)
    office.xero.edit("p0", end_date=ENDED)
    both_runs(office)
    assert office.hra.value("p0", "end_date") == ENDED
    (row,) = office.rows()
    assert (row.scope.startswith("end:"), row.buttons) == (True, ("dismiss",))
    office.answer("dismiss", row.id)
    assert office.row("end_date").dismissed
    opened_row = office.sync.opened(row.id)
    assert opened_row.text == row.text


# --- rows that nobody can answer


def test_opened_rows_of_the_organisation_and_of_pushes_say_their_text(opened: Opened) -> None:
    office = opened()
    row = failed_save(office)
    shown = office.sync.opened(row.id)
    assert (shown.text, shown.buttons, shown.who) == (row.text, row.buttons, "p0")
    assert (shown.compared, shown.partners) == ((), ())


def test_D7_a_choice_of_a_value_that_cannot_travel_is_told(opened: Opened) -> None:
    office = opened()
    office.differ("job_title", "J" * 51, "Baker")
    both_runs(office)
    told = (
        office.resolve("job_title", "hra") if "use_hra" in office.row("job_title").buttons else None
    )
    assert told is None or told.exit == 1
    assert office.xero.value("p0", "job_title") == "Baker"
    assert office.hra.value("p0", "job_title") == "J" * 51


def test_D7_what_xero_loses_with_a_choice_is_told_and_stops(opened: Opened) -> None:
    office = opened()
    office.differ("leave_loading", False, True)
    office.hra.edit("p0", employment_basis="PART_TIME")
    office.xero.edit("p0", employment_basis="CASUAL")
    both_runs(office)
    update = office.xero.update

    def losing(employee: Employee, changes: Values) -> Written:
        return replace(update(employee, changes), gone=("tax:TaxScaleType",))

    office.xero.update = losing  # type: ignore[method-assign]
    office.resolve("employment_basis", "hra")
    assert set(office.store.stopped()) == {"tax"}
    assert "TaxScaleType" in " ".join(row.text for row in office.rows())


def test_F4_masked_numbers_are_never_chosen(opened: Opened) -> None:
    office = opened(0)
    office.hra.masked = True
    met_first(office, tfn_or_exemption=OTHER_NUMBER)
    both_runs(office)
    assert isinstance(office.hra.fetch("p0").get("tfn_or_exemption"), MaskedTfn)
    for row in office.rows():
        for use in ("hra", "xero"):
            if "tfn_or_exemption" in row.fields:
                with pytest.raises(NotPossible):
                    office.answer("resolve", row.id, use=use)
    assert all("tfn_or_exemption" not in names for _, names in office.writes())
