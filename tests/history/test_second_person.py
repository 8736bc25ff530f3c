"""Changes that a second person approves: held whoever asks, applied once approved, asked anew when they change (S2)."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Value
from agent.errors import NotPossible, Unreachable
from agent.records import Attention, User
from tests.history.office import HOME, Office, secrets, whole
from tests.unit.canonical_values import OTHER_NUMBER, account, membership

Opened = Callable[..., Office]
EVERY = frozenset({"bank", "super", "tfn"})
NEW: dict[str, Value] = {
    "bank_accounts": (account("123123123"),),
    "super_memberships": (membership("STA0100AU", "90210900"),),
    "tfn_or_exemption": OTHER_NUMBER,
}
EACH = pytest.mark.parametrize("name", NEW)
BY = pytest.mark.parametrize("by", ["schedule", "page:anna", "command"])


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Offices where bank accounts, super and TFN want a second person."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Office] = []

    def make(people: int = 1, **rules: Any) -> Office:
        office = Office(tmp_path / str(len(offices)), {"approve": EVERY, **rules})
        offices.append(office)
        office.linked(people)
        return office

    yield make
    for office in offices:
        office.store.close()


def asked(office: Office, name: str = "bank_accounts", id: str = "p0") -> Attention:
    """The row that asks a second person."""
    row = office.row(name, id)
    assert (row.kind, row.buttons, row.needs_person) == ("approval", ("approve", "reject"), True)
    return row


def both_runs(office: Office, by: str = "schedule") -> None:
    for kind in ("import", "export"):
        office.sync.run(kind, by)


def changed(office: Office, name: str = "bank_accounts", side: str = "hra") -> Attention:
    """Changed on one side, and asked about by a scheduled run."""
    office.side(side).edit("p0", **{name: NEW[name]})
    both_runs(office)
    assert office.writes() == []
    return asked(office, name)


# --- who holds it


@EACH
@BY
def test_S2_a_run_asks_and_writes_the_rest_of_the_record(
    opened: Opened, name: str, by: str
) -> None:
    office = opened()
    before = office.both("p0", name)
    office.hra.edit("p0", **{name: NEW[name], "mobile": "0491 570 156"})
    both_runs(office, by)
    assert office.both("p0", name) == (NEW[name], before[1])
    assert office.writes() == [("p0", frozenset({"mobile"}))]
    asked(office, name)
    assert [(event.fields, event.actor) for event in office.events("asked")] == [((name,), "hra")]


@EACH
def test_S2_a_push_asks_and_writes_the_rest_of_the_record(opened: Opened, name: str) -> None:
    office = opened()
    office.hra.edit("p0", **{name: NEW[name], "mobile": "0491 570 156"})
    office.sync.push("p0", ())
    assert office.writes() == [("p0", frozenset({"mobile"}))]
    asked(office, name)


@pytest.mark.parametrize("name", ["bank_accounts", "super_memberships"])
def test_S2_an_import_asks_too(opened: Opened, name: str) -> None:
    office = opened()
    row = changed(office, name, "xero")
    office.answer("approve", row.id, "page:ben")
    assert office.both("p0", name) == (NEW[name], NEW[name])


@EACH
def test_S2_a_create_leaves_it_out_and_asks(opened: Opened, name: str) -> None:
    office = opened(0)
    office.hra.add("p0", **whole(0))
    office.sync.run("export", "page:anna")
    (created,) = office.xero.created
    assert office.xero.value(created, name) is None
    row = asked(office, name)
    office.answer("approve", row.id, "page:ben")
    assert office.xero.value(created, name) == whole(0)[name]


@pytest.mark.parametrize("name", ["bank_accounts", "super_memberships"])
@pytest.mark.parametrize("use", ["hra", "xero"])
@pytest.mark.parametrize("how", ["first contact", "conflict"])
def test_S2_a_person_s_own_choice_waits_for_a_second_person(
    opened: Opened, name: str, use: str, how: str
) -> None:
    office = opened(0 if how == "first contact" else 1, conflicts="hold")
    if how == "first contact":
        office.hra.add("p0", **whole(0))
        office.xero.add("p0", **{**whole(0), name: NEW[name]})
    else:
        other = {"bank_accounts": (account("321321321"),),
                 "super_memberships": (membership("STA0100AU", "60609090"),)}  # fmt: skip
        office.differ(name, NEW[name], other[name])
    both_runs(office)
    before = office.both("p0", name)
    chosen = before[0 if use == "hra" else 1]
    told = office.resolve(name, use, actor="page:anna")
    assert (told.exit, office.both("p0", name)) == (1, before)
    row = asked(office, name)
    with pytest.raises(NotPossible, match="asked for this change yourself"):
        office.answer("approve", row.id, "page:anna")
    both_runs(office)
    assert (office.both("p0", name), asked(office, name).id) == (before, row.id)
    assert office.answer("approve", row.id, "page:ben").exit == 0
    assert office.both("p0", name) == (chosen, chosen)
    assert office.rows() == []


@pytest.mark.parametrize("mode", ["changed", "all"])
@pytest.mark.parametrize("authority", ["hra", "xero"])
def test_S2_R2_an_import_where_xero_wins_asks_and_can_be_approved(
    opened: Opened, mode: str, authority: str
) -> None:
    office = opened(authority=authority)
    there = (account("321321321"),)
    office.differ("bank_accounts", NEW["bank_accounts"], there)
    office.sync.run("import", "page:anna", mode=mode, employee="p0")
    assert office.writes() == []
    row = asked(office)
    with pytest.raises(NotPossible, match="asked for this change yourself"):
        office.answer("approve", row.id, "page:anna")
    office.answer("approve", row.id, "page:ben")
    assert office.both("p0", "bank_accounts") == (there, there)


def test_S2_R3_a_plan_does_not_write_what_was_not_approved(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", bank_accounts=NEW["bank_accounts"], mobile="0491 570 156")
    report = office.sync.run("export", "page:anna", dry_run=True)
    assert report.plan is not None
    assert [set(item.fields) for item in report.plan.items] == [{"mobile"}]
    office.sync.apply(report.plan, "page:anna")
    assert office.writes() == [("p0", frozenset({"mobile"}))]


def test_S2_a_dry_run_asks_nobody(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", bank_accounts=NEW["bank_accounts"])
    office.sync.run("export", "page:anna", dry_run=True)
    assert (office.store.attention(), office.link().approvals, office.events("asked")) == (
        (),
        {},
        [],
    )


@EACH
def test_S2_what_needs_no_approval_travels(opened: Opened, name: str) -> None:
    office = opened(
        approve=EVERY
        - {{"bank_accounts": "bank", "super_memberships": "super", "tfn_or_exemption": "tfn"}[name]}
    )
    office.hra.edit("p0", **{name: NEW[name]})
    both_runs(office)
    assert office.both("p0", name) == (NEW[name], NEW[name])


# --- who may approve


@EACH
def test_S2_a_second_person_s_yes_is_applied_at_once(opened: Opened, name: str) -> None:
    office = opened()
    row = changed(office, name)
    assert office.answer("approve", row.id, "page:ben").exit == 0
    assert office.both("p0", name) == (NEW[name], NEW[name])
    assert (office.rows(), office.link().approvals) == ([], {})
    both_runs(office)
    assert len(office.writes()) == 1
    (approved,) = office.events("approved")
    assert (approved.actor, approved.fields, approved.hra_id) == ("page:ben", (name,), "p0")
    (written,) = office.events("written")
    assert (name in written.fields, written.way) == (True, "to_xero")


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_S2_nobody_judges_their_own_record(opened: Opened, verb: str) -> None:
    office = opened()
    row = changed(office)
    with pytest.raises(NotPossible, match="your own record"):
        office.answer(verb, row.id, "page:ben", own="p0")
    assert (office.writes(), asked(office).id) == ([], row.id)
    assert office.answer(verb, row.id, "page:ben", own="p1").exit == 0


@pytest.mark.parametrize("actor", ["command", "command:", "schedule", "eSS", "page", "page:", ""])
def test_S2_whoever_has_no_sign_in_of_their_own_approves_nothing(
    opened: Opened, actor: str
) -> None:
    office = opened()
    row = changed(office)
    for verb in ("approve", "reject"):
        with pytest.raises(NotPossible, match="own sign-in"):
            office.answer(verb, row.id, actor)
    assert (office.writes(), asked(office).id, office.events("approved", "rejected")) == (
        [],
        row.id,
        [],
    )


def test_S2_a_page_user_who_proved_who_they_are_approves_at_the_terminal(opened: Opened) -> None:
    office = opened()
    row = changed(office)
    assert office.answer("approve", row.id, "command:ben").exit == 0
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"],) * 2
    assert [event.actor for event in office.events("approved")] == ["command:ben"]


def test_S2_what_was_asked_for_at_the_terminal_is_approved_on_the_page_alone(
    opened: Opened,
) -> None:
    """Whoever sits at the terminal may be the one who asked there without a name."""
    office = opened(conflicts="hold")
    office.differ("bank_accounts", NEW["bank_accounts"], (account("321321321"),))
    both_runs(office)
    office.resolve("bank_accounts", "hra", actor="command")
    row = asked(office)
    with pytest.raises(NotPossible, match="asked for at the terminal"):
        office.answer("approve", row.id, "command:ben")
    assert office.writes() == []
    assert office.answer("approve", row.id, "page:ben").exit == 0
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"],) * 2


@pytest.mark.parametrize("judge", ["page:anna", "command:anna"])
@pytest.mark.parametrize("asker", ["page:anna", "command:anna"])
def test_S2_nobody_approves_what_they_asked_for_under_whichever_door(
    opened: Opened, asker: str, judge: str
) -> None:
    office = opened(conflicts="hold")
    office.differ("bank_accounts", NEW["bank_accounts"], (account("321321321"),))
    both_runs(office)
    office.resolve("bank_accounts", "hra", actor=asker)
    row = asked(office)
    assert "anna" in row.text
    with pytest.raises(NotPossible, match="asked for this change yourself"):
        office.answer("approve", row.id, judge)
    assert office.answer("approve", row.id, "page:ben").exit == 0


def test_S2_M5_whoever_is_tied_to_a_record_stays_tied_after_a_transfer(opened: Opened) -> None:
    office = opened()
    office.store.put_user(User("ben", "hash", "p0"))
    fetch = office.hra.fetch

    def transferred(id: str, groups: frozenset[str] | None = None) -> Any:
        return fetch("p9" if id == "p0" else id, groups)

    office.hra.people["p9"] = office.hra.people["p0"]
    office.hra.fetch = transferred  # type: ignore[method-assign]
    office.hra.edit("p9", bank_accounts=NEW["bank_accounts"])
    office.sync.push("p0", ())
    user = office.store.user("ben")
    assert user is not None and user.employee == "p9"
    with pytest.raises(NotPossible, match="your own record"):
        office.answer("approve", asked(office, id="p9").id, "page:ben", own=user.employee)


def test_S2_an_answer_to_another_row_makes_nobody_the_asker_of_what_waits(opened: Opened) -> None:
    office = opened(conflicts="hold", transfers=False)
    office.differ("super_memberships", NEW["super_memberships"], (membership("STA0100AU", "606"),))
    office.xero.edit("p0", branch="b2")
    both_runs(office)
    office.resolve("super_memberships", "hra", actor="page:anna")
    row = asked(office, "super_memberships")
    assert office.resolve("branch", "hra", actor="page:ben").exit == 0
    assert asked(office, "super_memberships").id == row.id
    with pytest.raises(NotPossible, match="asked for this change yourself"):
        office.answer("approve", row.id, "page:anna")
    assert office.answer("approve", row.id, "page:ben").exit == 0


def test_S2_whoever_chooses_a_change_that_waits_has_asked_for_it(opened: Opened) -> None:
    """A save asked for a number; then a person chose the whole declaration: it is theirs now."""
    office = opened(approve=frozenset({"tfn"}), conflicts="hold")
    office.hra.edit("p0", tfn_or_exemption=NEW["tfn_or_exemption"])
    both_runs(office)
    assert office.link().approvals["tfn_or_exemption"].asked_by == "hra"
    office.differ("employment_basis", "PART_TIME", "CASUAL")
    both_runs(office)
    office.resolve("employment_basis", "hra", actor="page:anna")
    row = office.row("tfn_or_exemption")
    with pytest.raises(NotPossible, match="asked for this change yourself"):
        office.answer("approve", row.id, "page:anna")
    office.answer("approve", row.id, "page:ben")
    both_runs(office)
    for name in ("tfn_or_exemption", "employment_basis"):
        assert office.xero.value("p0", name) == office.hra.value("p0", name)
    assert (office.hra.value("p0", "employment_basis"), office.rows()) == ("PART_TIME", [])


# --- what changes meanwhile


@EACH
def test_S2_a_value_that_changed_while_it_waited_asks_anew(opened: Opened, name: str) -> None:
    office = opened()
    row = changed(office, name)
    if name == "tfn_or_exemption":
        office.hra.edit("p0", bank_accounts=NEW["bank_accounts"])
        before, again = office.both("p0", "bank_accounts"), "bank_accounts"
    else:
        other = {"bank_accounts": (account("321321321"),),
                 "super_memberships": (membership("STA0100AU", "60609090"),)}  # fmt: skip
        office.hra.edit("p0", **{name: other[name]})
        before, again = office.both("p0", name), name
    if name == "tfn_or_exemption":
        assert office.answer("approve", row.id, "page:ben").exit == 0
        assert office.both("p0", name) == (NEW[name],) * 2
    else:
        with pytest.raises(NotPossible) as told:
            office.answer("approve", row.id, "page:ben")
        assert (told.value.moved, office.writes()) == (True, [])
        assert asked(office, name).id != row.id
    assert office.both("p0", again) == before
    assert office.answer("approve", asked(office, again).id, "page:ben").exit == 0
    assert len(set(office.both("p0", again))) == 1


@pytest.mark.parametrize("verb", ["approve", "reject"])
@pytest.mark.parametrize("seen", [False, True], ids=["not seen yet", "seen by a push"])
def test_S2_a_yes_or_no_is_for_the_very_value_that_was_shown(
    opened: Opened, verb: str, seen: bool
) -> None:
    office = opened()
    changed(office)
    shown = office.shown("bank_accounts")
    office.hra.edit("p0", bank_accounts=(account("666666666"),))
    if seen:
        office.sync.push("p0", ("bank-accounts",))
    if seen or verb == "approve":
        with pytest.raises(NotPossible):
            office.answer(verb, shown.id, "page:ben", mark=shown.mark)
    else:
        office.answer(verb, shown.id, "page:ben", mark=shown.mark)
    both_runs(office)
    assert office.writes() == []
    assert asked(office).id != shown.id and office.events("approved") == []
    assert "ending 666" in office.shown("bank_accounts").compared[0].hra


def test_S2_a_value_that_changed_back_needs_nobody(opened: Opened) -> None:
    office = opened()
    changed(office)
    office.hra.edit("p0", bank_accounts=whole(0)["bank_accounts"])
    both_runs(office)
    assert (office.rows(), office.link().approvals, office.writes()) == ([], {}, [])


def test_S2_an_approval_is_for_one_way_alone(opened: Opened) -> None:
    """Asked: HRA's value goes to Xero. By now Xero's value would go to HRA: that is another question."""
    office = opened(authority="xero")
    row = changed(office)
    there = (account("321321321"),)
    office.xero.edit("p0", bank_accounts=there)
    with pytest.raises(NotPossible) as told:
        office.answer("approve", row.id, "page:ben")
    assert told.value.moved
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"], there)
    assert "HRA Cloud" in asked(office).text
    assert office.writes() == []


def test_S2_an_approved_write_that_is_refused_stays_approved(opened: Opened) -> None:
    office = opened()
    row = changed(office)
    office.xero.failing["p0"] = "refused"
    told = office.answer("approve", row.id, "page:ben")
    assert (told.exit, office.writes()) == (1, [])
    assert office.link().approvals["bank_accounts"].state == "approved"
    both_runs(office)
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"],) * 2
    assert office.rows() == []


def test_S2_an_approved_write_that_found_nobody_stays_approved(opened: Opened) -> None:
    """Xero was read, and was away when it was written to."""
    office = opened()
    row = changed(office)
    office.xero.failing["p0"] = "unreachable"
    with pytest.raises(Unreachable):
        office.answer("approve", row.id, "page:ben")
    assert office.link().approvals["bank_accounts"].state == "approved"
    both_runs(office)
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"],) * 2
    assert (office.rows(), len(office.events("approved"))) == ([], 1)


@pytest.mark.parametrize("away", ["hra", "xero"])
def test_S2_nothing_is_approved_of_a_record_that_cannot_be_read(opened: Opened, away: str) -> None:
    """What is approved is what stands there now, so it has to be read; it waits, and can be approved later."""
    office = opened()
    row = changed(office)
    office.side(away).unreachable = True
    with pytest.raises(Unreachable):
        office.answer("approve", row.id, "page:ben")
    office.side(away).unreachable = False
    assert office.events("approved") == []
    both_runs(office)
    assert (office.writes(), asked(office).id) == ([], row.id)
    assert office.answer("approve", row.id, "page:ben").exit == 0
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"],) * 2


@pytest.mark.parametrize("away", ["hra", "xero"])
@pytest.mark.parametrize("started", [False, True], ids=["running", "just started"])
def test_S2_a_no_needs_neither_side(opened: Opened, away: str, started: bool) -> None:
    office = opened()
    row = changed(office)
    if started:
        office.start()
    office.side(away).unreachable = True
    assert office.answer("reject", row.id, "page:ben").exit == 0
    office.side(away).unreachable = False
    both_runs(office)
    assert (office.writes(), office.row("bank_accounts").kind) == ([], "rejected")


# --- no


@EACH
def test_S2_a_rejected_value_is_not_asked_again_until_it_changes(opened: Opened, name: str) -> None:
    office = opened()
    before = office.both("p0", name)[1]
    row = changed(office, name)
    assert office.answer("reject", row.id, "page:ben").exit == 0
    assert office.row(name).kind == "rejected"
    assert "HRA Cloud still holds it" in office.row(name).text and "ben" in office.row(name).text
    for _ in range(2):
        both_runs(office)
        office.sync.push("p0", ())
    assert (office.writes(), office.xero.value("p0", name)) == ([], before)
    assert (office.row(name).kind, office.row(name).needs_person) == ("rejected", False)
    assert len(office.events("asked")) == 1
    office.hra.edit("p0", mobile="0491 570 156")
    both_runs(office)
    assert office.writes() == [("p0", frozenset({"mobile"}))]


def test_S2_a_rejected_value_that_changed_is_asked_again(opened: Opened) -> None:
    office = opened()
    office.answer("reject", changed(office).id, "page:ben")
    office.hra.edit("p0", bank_accounts=(account("321321321"),))
    both_runs(office)
    assert office.answer("approve", asked(office).id, "page:ben").exit == 0


def test_S2_a_rejected_change_that_is_undone_leaves_by_itself(opened: Opened) -> None:
    office = opened()
    office.answer("reject", changed(office).id, "page:ben")
    office.hra.edit("p0", bank_accounts=whole(0)["bank_accounts"])
    both_runs(office)
    assert office.rows() == []


def test_S2_a_rejected_choice_leaves_both_sides_as_they_were(opened: Opened) -> None:
    office = opened(conflicts="hold")
    office.differ("bank_accounts", NEW["bank_accounts"], (account("321321321"),))
    both_runs(office)
    before = office.both("p0", "bank_accounts")
    office.resolve("bank_accounts", "hra", actor="page:anna")
    office.answer("reject", asked(office).id, "page:ben")
    both_runs(office)
    assert (office.both("p0", "bank_accounts"), office.writes()) == (before, [])


def test_S2_a_choice_that_was_moved_before_its_approval_falls(opened: Opened) -> None:
    """Anna chose between two values; one of them is another by now, so nothing of her choice stands."""
    office = opened(conflicts="hold")
    office.differ("bank_accounts", NEW["bank_accounts"], (account("321321321"),))
    both_runs(office)
    office.resolve("bank_accounts", "hra", actor="page:anna")
    row = asked(office)
    office.xero.edit("p0", bank_accounts=(account("777777777"),))
    before = office.both("p0", "bank_accounts")
    with pytest.raises(NotPossible) as told:
        office.answer("approve", row.id, "page:ben")
    assert told.value.moved
    both_runs(office)
    assert (office.both("p0", "bank_accounts"), office.writes()) == (before, [])
    assert office.row("bank_accounts").kind == "conflict"


def test_S2_D7_a_refused_choice_asks_for_nothing_in_that_person_s_name(opened: Opened) -> None:
    office = opened(conflicts="hold")
    office.differ("bank_accounts", NEW["bank_accounts"], (account("321321321"),))
    both_runs(office)
    shown = office.shown("bank_accounts")
    office.xero.edit("p0", bank_accounts=(account("777777777"),))
    with pytest.raises(NotPossible):
        office.answer("resolve", shown.id, "page:anna", use="xero", mark=shown.mark)
    assert office.events("asked") == []
    assert [row.kind for row in office.rows()] == ["conflict"]
    both_runs(office)
    assert [row.kind for row in office.rows()] == ["conflict"]


# --- what is kept


def test_S2_S4_nothing_of_what_waits_is_stored(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", **NEW)
    both_runs(office)
    for name in NEW:
        if name in asked(office, name).fields:
            office.sync.opened(office.row(name).id)
    held = office.kept_on_disc()
    found = secrets([NEW, office.hra.people["p0"].values, office.xero.people["p0"].values])
    assert {"123123123", "90210900", OTHER_NUMBER.number} <= found
    for value in found:
        assert value not in held, value


def test_S2_an_opened_approval_shows_masks(opened: Opened) -> None:
    office = opened()
    row = changed(office)
    (shown,) = office.sync.opened(row.id).compared
    assert "123123123" not in f"{shown}" and "ending 123" in shown.hra


def test_S2_what_waits_still_waits_after_a_restart(opened: Opened) -> None:
    office = opened()
    row = changed(office)
    office.start()
    both_runs(office)
    assert asked(office).id == row.id
    assert office.answer("approve", row.id, "page:ben").exit == 0


def test_S2_several_changes_of_one_person_are_approved_together(opened: Opened) -> None:
    office = opened()
    office.hra.edit(
        "p0", bank_accounts=NEW["bank_accounts"], super_memberships=NEW["super_memberships"]
    )
    both_runs(office)
    for row in office.rows():
        office.answer("approve", row.id, "page:ben")
    for name in ("bank_accounts", "super_memberships"):
        assert office.both("p0", name) == (NEW[name], NEW[name])


def test_S2_an_approval_that_is_switched_off_waits_for_nobody(opened: Opened) -> None:
    office = opened()
    changed(office)
    office.set(approve=frozenset())
    both_runs(office)
    assert office.both("p0", "bank_accounts") == (NEW["bank_accounts"],) * 2
    assert office.rows() == []


def test_S2_another_person_s_approval_lets_nobody_else_s_change_through(opened: Opened) -> None:
    office = opened(2)
    for id in ("p0", "p1"):
        office.hra.edit(id, bank_accounts=NEW["bank_accounts"])
    both_runs(office)
    office.answer("approve", asked(office).id, "page:ben")
    both_runs(office)
    assert [id for id, _ in office.writes()] == ["p0"]
    asked(office, id="p1")


def test_S2_a_newcomer_s_home_address_needs_no_approval(opened: Opened) -> None:
    office = opened(0)
    office.hra.add(
        "p0",
        **{
            **whole(0),
            "home_address": replace(HOME, line2="Unit 3"),
            "date_of_birth": date(1990, 1, 1),
        },
    )
    office.sync.run("export", "page:anna")
    assert office.xero.value(office.xero.created[0], "home_address") == replace(
        HOME, line2="Unit 3"
    )
