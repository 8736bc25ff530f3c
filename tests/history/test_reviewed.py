"""What two reviews found, told by the rules: what changes between a look and a deed, and matters that were forgotten."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.employee import UNKNOWN, Employee, EndDate, Loans, Person, Status, Tfn, Value
from agent.errors import (
    Braked,
    NotPossible,
    OutcomeUnknown,
    Unreachable,
    UnreadableAnswer,
    WrongRecord,
)
from agent.plan import Brake
from agent.records import Attention, Save, User
from agent.sandbox.identifiers import make_tfn
from agent.saves import Worker
from agent.side import Listing
from agent.strangers import Matching
from agent.words import rows as rows_about
from tests.fakes import FakeSide
from tests.history.office import BRANCH, Office, at_writing, whole
from tests.unit.canonical_values import account, membership

Opened = Callable[..., Office]
BY_BIRTH = Matching("date_of_birth", "date_of_birth")
NEW_BANK: Value = (account("123123123"),)
DISTANT = {"verify_every_hours": 24.0}


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Offices with so many people who are linked and agree in everything."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Office] = []

    def make(people: int = 1, policy: dict[str, Any] | None = None, **rules: Any) -> Office:
        office = Office(tmp_path / str(len(offices)), rules, policy or {})
        offices.append(office)
        if people:
            office.linked(people)
        return office

    yield make
    for office in offices:
        office.store.close()


def both_runs(office: Office) -> None:
    for kind in ("export", "import"):
        office.sync.run(kind, "schedule")


def john(n: int = 3, **values: Value) -> dict[str, Value]:
    return {**whole(n), "first_name": "John", "last_name": "Smith", **values}


def hopeful(office: Office, n: int) -> None:
    """A candidate in HRA's recruitment: `c1`."""
    office.hra.waiting_rooms["c1"] = Person(
        "hra", "c1", f"Anna{chr(97 + n)}", f"Papas{chr(97 + n)}", Status.CURRENT, "1",
        date_of_birth=date(1980, 1, 1 + n), branch=BRANCH, candidate=True,
    )  # fmt: skip


def listed(side: FakeSide, alter: Callable[[Listing], Listing]) -> None:
    """What this side's list shows from now on."""
    real = side.listing
    side.listing = lambda since=None: alter(real(since))  # type: ignore[method-assign]


def shown_as(side: FakeSide, alter: Callable[[str, Employee], Employee]) -> Callable[[], None]:
    """What a read of this side's records gives from now on, until what is returned is called."""
    real = side.fetch

    def fetch(id: str, groups: frozenset[str] | None = None) -> Employee:
        return alter(id, real(id, groups))

    def back() -> None:
        side.fetch = real  # type: ignore[method-assign]

    side.fetch = fetch  # type: ignore[method-assign]
    return back


def many(office: Office) -> None:
    """Twelve linked people: so few are verified in one run that whoever is read was read for a reason."""
    for n in range(12):
        for side in (office.hra, office.xero):
            side.add(f"p{n}", **whole(n))
    office.sync.run("import", "schedule")
    office.hra.fetched.clear()


def worker(office: Office, hours: int = 0) -> Worker:
    """What carries saves from eSS. Hours 0: a save that fails once is given up."""
    return Worker(
        office.store,
        office.sync.push,
        retry_for=timedelta(hours=hours),
        clock=office.clock,
        jitter=lambda: 0.5,
    )


def saved(office: Office, id: str, sections: tuple[str, ...], hours: int = 0) -> None:
    office.store.accept(Save(id, "p0", sections, office.clock()))
    worker(office, hours).drain()


def hooks(office: Office) -> list[Attention]:
    return [row for row in office.store.attention() if row.scope.startswith("hook:")]


# --- nobody is made twice


@pytest.mark.parametrize("who", ["a person", "a save"])
def test_X3_a_create_that_got_lost_while_a_run_read_its_lists_is_not_made_again(
    opened: Opened, who: str
) -> None:
    office = opened()
    office.hra.add("n1", **john())
    if who == "a person":
        office.xero.add("other", **john(4))
        office.sync.run("export", "schedule")
        assert office.row(id="n1").kind == "possible-partner"
    left = [True]

    def meanwhile(found: Listing) -> Listing:
        # Xero's list lags: nobody who was created just now is in it yet.
        people = tuple(p for p in found.people if not p.id.startswith("xero-new"))
        if left:
            left.pop()
            office.xero.failing[""] = "lost_after"
            with pytest.raises(OutcomeUnknown):
                if who == "a person":
                    office.answer("create", "hra:n1")
                else:
                    office.sync.push("n1")
            assert [pending.source_id for pending in office.store.pending()] == ["n1"]
        return replace(found, people=people)

    listed(office.xero, meanwhile)
    office.sync.run("export", "schedule")
    assert len(office.xero.created) == 1
    assert [pending.source_id for pending in office.store.pending()] == ["n1"]


def test_M5_M2_nobody_is_created_of_a_record_that_was_transferred(opened: Opened) -> None:
    """One user links the new record, another presses "create" on the row of the old one."""
    office = opened()
    office.hra.add("n1", **john())
    office.xero.add("x9", **john(date_of_birth=date(1970, 1, 1)))
    office.sync.run("export", "schedule")
    assert office.row(id="n1").kind == "possible-partner"
    new = office.hra.transfer("n1", "b2")
    office.answer("link", new, other="x9")
    with pytest.raises(NotPossible, match="successor"):
        office.answer("create", "hra:n1", "page:ben")
    assert office.xero.created == []


def test_M2_nobody_is_created_while_somebody_whom_the_row_did_not_show_may_be_them(
    opened: Opened,
) -> None:
    office = opened()
    office.hra.add("n1", **whole(4))
    office.xero.add("other", **{**whole(7), "first_name": "Annae", "last_name": "Papase"})
    office.sync.run("export", "schedule")
    assert [partner.id for partner in office.row(id="n1").partners] == ["other"]
    office.xero.add("true", **whole(4))
    with pytest.raises(NotPossible) as told:
        office.answer("create", "hra:n1")
    assert (told.value.moved, office.xero.created) == (True, [])


NOT_WHOLE = pytest.mark.parametrize("how", ["empty", "incomplete"])


def not_whole(side: FakeSide, how: str, lacks: str) -> None:
    def alter(found: Listing) -> Listing:
        if how == "empty":
            return replace(found, people=())
        people = tuple(p for p in found.people if p.id != lacks)
        return replace(found, people=people, complete=False)

    listed(side, alter)


@NOT_WHOLE
def test_D8_a_save_creates_nobody_from_a_list_that_is_not_whole(opened: Opened, how: str) -> None:
    office = opened(2)
    office.hra.add("n1", **whole(4))
    office.xero.add("x1", **whole(4))
    not_whole(office.xero, how, "x1")
    told = office.sync.push("n1")
    assert (told.outcome, told.certain, "incomplete" in told.reason) == ("held", False, True)
    assert (office.xero.created, office.store.link_of("hra", "n1")) == ([], None)


@NOT_WHOLE
def test_D8_R3_a_plan_creates_nobody_from_a_list_that_is_not_whole(
    opened: Opened, how: str
) -> None:
    office = opened(2)
    office.xero.add("x1", **whole(4))
    plan = office.sync.run("import", "page:anna", dry_run=True).plan
    assert plan is not None and [item.action for item in plan.items] == ["create"]
    office.hra.add("h1", **whole(4))
    not_whole(office.hra, how, "h1")
    office.sync.apply(plan, "page:anna")
    assert office.hra.created == []


# --- candidates


@pytest.mark.parametrize("how", ["ignored", "terminated", "employed"])
def test_R3_M3_a_planned_conversion_is_not_made_of_somebody_who_is_by_now(
    opened: Opened, how: str
) -> None:
    office = opened(policy={"matching": BY_BIRTH})
    office.xero.add("x1", **whole(5))
    hopeful(office, 5)
    plan = office.sync.run("import", "page:anna", dry_run=True).plan
    assert plan is not None and [item.action for item in plan.items] == ["convert"]
    _otherwise(office, how)
    office.sync.apply(plan, "page:anna")
    assert (office.hra.converted, office.store.link_of("xero", "x1")) == ([], None)


def test_M3_R3_a_plan_creates_nobody_who_is_a_candidate_by_now(opened: Opened) -> None:
    office = opened(2, policy={"matching": BY_BIRTH})
    office.xero.add("x1", **whole(4))
    plan = office.sync.run("import", "page:anna", dry_run=True).plan
    assert plan is not None and [item.action for item in plan.items] == ["create"]
    hopeful(office, 4)
    office.sync.apply(plan, "page:anna")
    assert (office.hra.created, office.hra.converted) == ([], [])
    office.sync.run("import", "page:anna")
    assert [id for id, _ in office.hra.converted] == ["c1"]


@pytest.mark.parametrize("other", ["free", "linked"])
def test_M3_M2_a_person_links_a_candidate_though_an_employee_has_the_same_name(
    opened: Opened, other: str
) -> None:
    """The person has said who it is: what holds a create by itself does not hold them."""
    office = opened(policy={"matching": BY_BIRTH})
    names = {"first_name": "Annaf", "last_name": "Papasf"}
    if other == "free":
        office.hra.add("h9", **{**whole(9), **names})
    else:
        office.hra.edit("p0", **names)
        office.sync.run("export", "schedule")
    office.xero.add("x1", **whole(5))
    hopeful(office, 5)
    office.sync.run("import", "schedule")
    assert office.row(id="x1", side="xero").kind == "possible-partner"
    assert office.answer("link", "c1", other="x1").sentence.startswith("Linked")
    assert [id for id, _ in office.hra.converted] == ["c1"]


def test_M2_a_person_has_somebody_created_though_another_who_is_linked_has_the_same_name(
    opened: Opened,
) -> None:
    office = opened()
    office.hra.add("n1", **{**whole(4), "first_name": "Annaa", "last_name": "Papasa"})
    office.sync.run("export", "schedule")
    row = office.row(id="n1")
    assert (row.kind, "create" in row.buttons) == ("possible-partner", True)
    assert office.answer("create", "hra:n1").exit == 0
    assert len(office.xero.created) == 1


@pytest.mark.parametrize("how", ["ignored", "terminated", "employed"])
def test_R1_M3_a_run_converts_nobody_who_is_by_now(opened: Opened, how: str) -> None:
    office = opened(policy={"matching": BY_BIRTH})
    office.xero.add("x1", **whole(5))
    hopeful(office, 5)
    office.sync.run("import", "schedule", progress=at_writing(lambda: _otherwise(office, how)))
    assert office.hra.converted == []


def _otherwise(office: Office, how: str) -> None:
    if how == "ignored":
        office.answer("ignore", "xero:x1")
    elif how == "employed":
        office.hra.add("h9", **whole(5))
    else:
        office.xero.edit("x1", end_date=EndDate(date(2026, 1, 1)))


def test_X3_M3_a_conversion_that_may_still_be_going_on_is_not_asked_for_again(
    opened: Opened,
) -> None:
    office = opened(policy={"matching": BY_BIRTH})
    office.xero.add("x1", **whole(5))
    hopeful(office, 5)
    sent: list[str] = []

    def convert(candidate: Person, start: date | None) -> str:
        sent.append(candidate.id)
        raise OutcomeUnknown("hra", "the conversion of a candidate did not end in time")

    office.hra.convert = convert  # type: ignore[method-assign]
    for _ in range(3):
        office.sync.run("import", "page:anna")
    assert (sent, office.hra.created) == (["c1"], [])
    assert office.row(id="x1", side="xero").kind == "possible-partner"
    # It cannot be going on any more: nobody came of it.
    office.clock.now += timedelta(minutes=31)
    for _ in range(2):
        office.sync.run("import", "page:anna")
    assert (sent, office.hra.created) == (["c1", "c1"], [])


# --- a choice is for what was shown


def test_D7_D1_an_answer_of_a_declaration_that_was_not_shown_is_not_overwritten(
    opened: Opened,
) -> None:
    office = opened(conflicts="hold")
    office.differ("loans", Loans(True, frozenset({"help"})), Loans(True, frozenset({"trade"})))
    office.sync.run("export", "schedule")
    shown = office.shown("loans")
    assert "tax_free_threshold" not in [one.name for one in shown.compared]
    before = office.hra.value("p0", "tax_free_threshold")
    office.hra.edit("p0", tax_free_threshold=not before)  # in eSS, at this moment
    with pytest.raises(NotPossible) as told:
        office.answer("resolve", shown.id, use="xero", mark=shown.mark)
    assert (told.value.moved, office.writes()) == (True, [])
    assert office.hra.value("p0", "tax_free_threshold") is not before
    again = office.shown("loans")
    assert "tax_free_threshold" in {n for row in office.rows() for n in row.fields}
    assert office.answer("resolve", again.id, use="hra", mark=again.mark).exit == 0


def test_D7_a_choice_about_what_cannot_be_read_now_says_so_and_stays(opened: Opened) -> None:
    office = opened(conflicts="hold")
    office.differ("bank_accounts", NEW_BANK, (account("321321321"),))
    office.sync.run("export", "schedule")
    row = office.row("bank_accounts")
    back = shown_as(office.hra, without("bank_accounts"))
    told = office.answer("resolve", row.id, use="hra")
    assert (told.exit, "could not be read" in told.sentence) == (1, True)
    assert [one.kind for one in office.rows()] == ["conflict"]
    back()
    assert office.answer("resolve", office.row("bank_accounts").id, use="hra").exit == 0
    assert office.both("p0", "bank_accounts") == (NEW_BANK, NEW_BANK)


def without(name: str) -> Callable[[str, Employee], Employee]:
    """As if the permission for this field were lacking."""
    return lambda id, found: replace(found, values={**found.values, name: UNKNOWN})


# --- approvals


def test_S2_an_approved_choice_whose_write_met_a_fault_stays_approved(opened: Opened) -> None:
    office = opened(approve=frozenset({"bank"}), conflicts="hold")
    office.differ("bank_accounts", NEW_BANK, (account("321321321"),))
    office.sync.run("export", "schedule")
    office.resolve("bank_accounts", "hra", actor="page:ben")
    row = office.row("bank_accounts")
    office.xero.failing["p0"] = "unreachable"
    with pytest.raises(Unreachable):
        office.answer("approve", row.id)
    office.sync.run("export", "schedule")
    assert office.both("p0", "bank_accounts") == (NEW_BANK, NEW_BANK)
    assert (office.rows(), office.link().approvals) == ([], {})


def test_S2_F4_a_number_that_ends_alike_is_asked_for_and_travels_with_nothing_else(
    opened: Opened,
) -> None:
    """Xero shows the end of a tax file number alone, and these two end alike."""
    one, other = _ending_alike()
    office = opened(0, approve=frozenset({"tfn"}))
    office.linked(1, tfn_or_exemption=one)
    office.hra.edit("p0", tfn_or_exemption=other)
    office.sync.push("p0", ("tax-details",))
    row = office.row("tfn_or_exemption")
    assert (row.kind, office.writes()) == ("approval", [])
    office.hra.edit("p0", employment_basis="CASUAL")
    office.sync.push("p0", ("tax-details",))
    assert office.xero.value("p0", "tfn_or_exemption") == one
    office.answer("approve", office.row("tfn_or_exemption").id)
    assert office.xero.value("p0", "tfn_or_exemption") == other
    assert any("tfn_or_exemption" in event.fields for event in office.events("written"))
    both_runs(office)
    assert (office.rows(), office.xero.value("p0", "employment_basis")) == ([], "CASUAL")


def _ending_alike() -> tuple[Tfn, Tfn]:
    seen: dict[str, str] = {}
    for seed in range(5000):
        number = make_tfn(Random(seed))
        other = seen.setdefault(number[-3:], number)
        if other != number:
            return Tfn(other), Tfn(number)
    raise AssertionError("no two numbers end alike")


def test_S2_M5_whoever_was_transferred_while_nobody_was_linked_stays_tied_to_their_record(
    opened: Opened,
) -> None:
    office = opened(approve=frozenset({"bank"}))
    office.store.put_user(User("ben", "hash", "n1"))
    office.hra.add("n1", **whole(4))
    office.answer("ignore", "n1")
    new = office.hra.transfer("n1", "b2")
    office.xero.add("x1", **{**whole(4), "branch": "b2"})
    office.answer("link", new, other="x1")
    office.hra.edit(new, bank_accounts=NEW_BANK)
    office.sync.push(new)
    user = office.store.user("ben")
    assert user is not None
    with pytest.raises(NotPossible, match="your own record"):
        office.answer("approve", office.row("bank_accounts", new).id, "page:ben", own=user.employee)
    assert office.xero.value("x1", "bank_accounts") == whole(4)["bank_accounts"]


# --- what is open stays open


def test_D9_H3_a_save_of_one_section_closes_nothing_else_of_the_record(opened: Opened) -> None:
    office = opened(0, policy=DISTANT)
    many(office)
    office.xero.edit("p7", mobile="0491 570 999")
    office.xero.edit("p11", mobile="0491 570 998")  # later: the marker moves past p7
    real = office.hra.fetch

    def fetch(id: str, groups: frozenset[str] | None = None) -> Employee:
        if id == "p7" and groups is None:
            raise WrongRecord("hra")
        return real(id, groups)

    office.hra.fetch = fetch  # type: ignore[method-assign]
    office.sync.run("import", "schedule")
    assert "record" in office.link("p7").open
    hook = Attention("hook:p7", "push", "A save did not reach Xero", hra_id="p7")
    office.store.replace_attention("hook:p7", (hook,))
    office.sync.push("p7", ("bank-accounts",))
    assert "record" in office.link("p7").open
    assert [row.scope for row in hooks(office)] == ["hook:p7"]
    office.hra.fetch = real  # type: ignore[method-assign]
    office.sync.run("import", "schedule")
    assert office.hra.value("p7", "mobile") == "0491 570 999"
    assert (office.link("p7").open, office.rows("p7")) == ({}, [])


@pytest.mark.parametrize("how", ["conflict", "approval"])
def test_D9_A13_a_section_that_cannot_be_read_for_a_while_takes_nothing_off_the_list(
    opened: Opened, how: str
) -> None:
    rules: dict[str, Any] = (
        {"conflicts": "hold"} if how == "conflict" else {"approve": frozenset({"bank"})}
    )
    office = opened(0, policy=DISTANT, **rules)
    many(office)
    office.hra.edit("p7", bank_accounts=NEW_BANK)
    if how == "conflict":
        office.xero.edit("p7", bank_accounts=(account("321321321"),))
    office.sync.run("export", "schedule")
    (before,) = office.rows("p7")
    back = shown_as(office.hra, without("bank_accounts"))
    office.sync.run("export", "schedule")
    assert "bank_accounts" in office.link("p7").open
    assert [row.id for row in office.rows("p7")] == [before.id]
    back()
    office.hra.fetched.clear()
    office.sync.run("export", "schedule")
    assert "p7" in office.hra.fetched
    assert [row.id for row in office.rows("p7")] == [before.id]


def test_F4_D9_what_had_stopped_goes_as_soon_as_writes_are_allowed_again(opened: Opened) -> None:
    office = opened(0, policy=DISTANT)
    many(office)
    office.store.stop_writes("tax", "A tax file number was gone")
    office.hra.edit("p7", employment_basis="CASUAL")
    office.sync.run("export", "schedule")
    assert office.xero.value("p7", "employment_basis") != "CASUAL"
    office.store.allow_writes("tax")
    office.sync.run("export", "schedule")
    assert office.xero.value("p7", "employment_basis") == "CASUAL"


def test_F4_somebody_who_is_created_gets_nothing_of_what_has_stopped(opened: Opened) -> None:
    office = opened()
    office.store.stop_writes("tax", "A tax file number was gone")
    office.store.stop_writes("bank", "An account stayed")
    office.hra.add("n1", **whole(4))
    pushed = office.sync.push("n1")
    assert pushed.outcome == "done" and "super_memberships" in pushed.fields
    (id,) = office.xero.created
    assert office.xero.value(id, "bank_accounts") is None
    assert office.xero.value(id, "tfn_or_exemption") is None
    for group in ("tax", "bank"):
        office.store.allow_writes(group)
    office.sync.run("export", "schedule")
    for name in ("bank_accounts", "tfn_or_exemption"):
        assert office.xero.value(id, name) == whole(4)[name]


def test_F4_trying_one_harm_again_leaves_another_side_s_harm_told(opened: Opened) -> None:
    office = opened()
    link = replace(
        office.link(),
        open={
            "hra_harm": "hra_write_harm|details:postalAddress",
            "tax_harm": "tax_write_harm|Income",
        },
    )
    office.store.save_link(link)
    office.store.stop_writes("tax", "A part was gone")
    office.store.replace_attention(f"link:{link.id}", rows_about(link))
    row = next(row for row in office.rows() if "Income" in row.text)
    office.answer("retry", row.id)
    assert (set(office.link().open), office.store.stopped()) == ({"hra_harm"}, {})
    assert ["postalAddress" in row.text for row in office.rows()] == [True]


def test_X1_one_record_that_cannot_be_read_stops_nobody_else(opened: Opened) -> None:
    office = opened(3)
    office.hra.edit("p2", mobile="0491 570 555")

    def odd(id: str, found: Employee) -> Employee:
        if id == "p0":
            raise UnreadableAnswer("hra", "odd")
        return found

    back = shown_as(office.hra, odd)
    office.sync.run("export", "schedule")
    assert office.xero.writes == [("p2", frozenset({"mobile"}))]
    assert len(office.rows("p0")) == 1
    back()
    office.sync.run("export", "schedule")
    assert office.rows("p0") == []


def test_M6_R1_breaking_a_link_during_a_run_stops_nobody_else(opened: Opened) -> None:
    office = opened(3)
    for n in range(3):
        office.hra.edit(f"p{n}", mobile=f"0491 570 20{n}")
    report = office.sync.run(
        "export", "page:anna", progress=at_writing(lambda: office.answer("unlink", "p0"))
    )
    assert report.run is not None and report.run.outcome == "done"
    assert sorted(id for id, _ in office.xero.writes) == ["p1", "p2"]
    assert office.store.link_of("hra", "p0") is None


# --- a record that Xero cannot pay yet


@pytest.mark.parametrize("how", ["answered", "crashed", "lost in a run", "lost in a push"])
def test_D6_X3_a_new_record_that_cannot_be_paid_yet_is_told_however_it_came_about(
    opened: Opened, how: str
) -> None:
    office = opened()
    shown_as(office.xero, unpayable)
    office.hra.add("n1", **whole(4))
    _created(office, how)
    for _ in range(2):
        both_runs(office)
    assert len(office.xero.created) == 1 and office.link("n1").created == "xero"
    assert [row.kind for row in office.rows("n1")] == ["not payable"]


def unpayable(id: str, found: Employee) -> Employee:
    return replace(found, unfinished=("the pay calendar",)) if id.startswith("xero-new") else found


def _created(office: Office, how: str) -> None:
    if how == "crashed":
        cleared = office.store.clear_pending
        office.store.clear_pending = _crash  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            office.sync.run("export", "schedule")
        office.store.clear_pending = cleared  # type: ignore[method-assign]
        office.start()
    elif how == "lost in a run":
        office.xero.failing[""] = "lost_after"
        office.sync.run("export", "schedule")
    elif how == "lost in a push":
        office.xero.failing[""] = "lost_after"
        with pytest.raises(OutcomeUnknown):
            office.sync.push("n1")
        office.sync.push("n1")


def _crash(side: str, source_id: str) -> None:
    raise KeyboardInterrupt


def test_D6_R1_a_save_beside_a_create_does_not_forget_that_the_agent_made_the_record(
    opened: Opened,
) -> None:
    """The save finds the link in the moment when the creator has not recorded it to the end."""
    office = opened()
    shown_as(office.xero, unpayable)
    office.hra.add("n1", **whole(4))
    there, go = threading.Event(), threading.Event()
    pushes: list[threading.Thread] = []

    def slow(id: str, found: Employee) -> Employee:
        if threading.current_thread() in pushes:
            there.set()
            go.wait(0.3)  # where the creator waits for this save, nobody says go
        return found

    shown_as(office.hra, slow)
    cleared = office.store.clear_pending

    def beside(side: str, source_id: str) -> None:
        office.store.clear_pending = cleared  # type: ignore[method-assign]
        cleared(side, source_id)
        push = threading.Thread(target=lambda: office.sync.push("n1", ("details",)))
        pushes.append(push)
        push.start()
        assert there.wait(10)

    office.store.clear_pending = beside  # type: ignore[method-assign]
    office.sync.run("export", "schedule")
    go.set()
    pushes[0].join(10)
    office.sync.run("export", "schedule")
    assert office.link("n1").created == "xero"
    assert "not payable" in [row.kind for row in office.rows("n1")]


# --- what was put away comes back when the matter is another


def test_T3_a_second_earlier_end_is_warned_of_though_the_first_warning_was_read(
    opened: Opened,
) -> None:
    office = opened()
    for side in (office.hra, office.xero):
        side.edit("p0", end_date=EndDate(date(2026, 12, 31)))
    office.sync.run("import", "schedule")
    for day in (date(2026, 11, 30), date(2026, 6, 30)):
        office.xero.edit("p0", end_date=EndDate(day))
        office.sync.run("import", "schedule")
        assert office.hra.value("p0", "end_date") == EndDate(day)
        (row,) = [row for row in office.store.attention() if row.scope.startswith("end:")]
        assert row.dismissed is False
        office.answer("dismiss", row.id)


def test_T2_another_end_is_told_though_the_one_of_first_contact_was_put_away(
    opened: Opened,
) -> None:
    office = opened(0)
    for side in (office.hra, office.xero):
        side.add("p0", **whole(0))
    office.xero.edit("p0", end_date=EndDate(date(2019, 12, 31)))
    office.sync.run("import", "schedule")
    office.answer("dismiss", office.row("end_date").id)
    office.sync.run("import", "schedule")
    assert office.row("end_date").dismissed is True
    office.xero.edit("p0", end_date=EndDate(date(2026, 2, 28)))
    office.sync.run("import", "schedule")
    assert office.row("end_date").dismissed is False


def test_F6_another_membership_that_left_is_told_though_the_first_was_put_away(
    opened: Opened,
) -> None:
    one, two, three = (
        membership("STA0100AU", "1001"),
        membership("HST0100AU", "2002"),
        membership("AUS0300AU", "3003"),
    )
    office = opened(0)
    office.linked(1, super_memberships=(one, two, three))
    for left in ((one, two), (one,)):
        office.hra.edit("p0", super_memberships=left)
        office.sync.run("export", "schedule")
        row = office.row("super_memberships")
        assert row.dismissed is False
        office.answer("dismiss", row.id)


def test_H3_the_next_save_that_fails_is_told_though_the_last_row_was_put_away(
    opened: Opened,
) -> None:
    office = opened()
    office.hra.people["p0"].status = Status.AWAY
    saved(office, "s1", (), hours=1)
    (row,) = hooks(office)
    office.answer("dismiss", row.id)
    office.hra.edit("p0", bank_accounts=NEW_BANK)
    saved(office, "s2", (), hours=1)
    assert office.store.waiting() == ()
    assert [row.dismissed for row in hooks(office)] == [False]


def test_H3_a_save_that_was_given_up_stays_told_when_another_section_arrives(
    opened: Opened,
) -> None:
    office = opened()
    office.hra.edit("p0", bank_accounts=NEW_BANK)
    office.xero.unreachable = True
    saved(office, "s1", ("bank-accounts",))
    assert len(hooks(office)) == 1
    office.xero.unreachable = False
    office.hra.edit("p0", mobile="0491 570 777")
    saved(office, "s2", ("details",))
    assert office.xero.value("p0", "mobile") == "0491 570 777"
    assert len(hooks(office)) == 1
    office.sync.run("export", "schedule")
    assert office.xero.value("p0", "bank_accounts") == NEW_BANK
    assert hooks(office) == []


def test_S1_a_stopped_run_s_plan_goes_with_its_row(opened: Opened) -> None:
    office = opened(8, policy={"brake": Brake(terminations=0)})
    ended = EndDate(date(2026, 3, 1))
    office.xero.edit("p0", end_date=ended)
    with pytest.raises(Braked) as braked:
        office.sync.run("import", "schedule")
    office.xero.edit("p0", end_date=None)
    office.sync.run("import", "schedule")
    office.xero.edit("p0", end_date=ended)
    with pytest.raises(NotPossible, match="no stopped run"):
        office.sync.let_through(braked.value.hash, "page:anna")
    assert office.hra.people["p0"].status is Status.CURRENT


# --- end dates of people who should not be ended unseen


@pytest.mark.parametrize(("how", "told"), [("own", "sign-in"), ("rehire", "rehire")])
def test_T2_first_contact_tells_whose_end_it_would_be(opened: Opened, how: str, told: str) -> None:
    office = opened(0)
    office.hra.signed_in = ("Annaa Papasa", "") if how == "own" else ("", "")
    started = date(2026, 2, 1) if how == "rehire" else date(2020, 1, 1)
    for side in (office.hra, office.xero):
        side.add("p0", **{**whole(0), "start_date": started})
    office.xero.edit("p0", end_date=EndDate(date(2025, 12, 31)))
    both_runs(office)
    assert told in office.row("end_date").text
    assert (office.writes(), office.hra.people["p0"].status) == ([], Status.CURRENT)
    assert office.resolve("end_date", "xero").exit == 0


# --- what was said of a record holds for the one that came of it


def test_M4_a_save_links_nobody_of_another_branch(opened: Opened) -> None:
    """Xero's list is a summary that does not tell the Employee Group."""
    office = opened(policy={"matching": Matching("date_of_birth", branches=True)})
    office.hra.add("n1", **{**whole(4), "branch": "b1"})
    office.xero.add("x1", **{**whole(4), "branch": "b2"})
    listed(
        office.xero,
        lambda found: replace(found, people=tuple(replace(p, branch=None) for p in found.people)),
    )
    assert office.sync.push("n1").outcome == "held"
    assert (office.store.link_of("hra", "n1"), office.xero.created) == (None, [])
    assert office.row(id="n1").kind == "possible-partner"


FIRST = pytest.mark.parametrize("first", ["a save", "a run"])


@FIRST
def test_M6_M5_whoever_was_ignored_stays_ignored_after_a_transfer(
    opened: Opened, first: str
) -> None:
    office = opened()
    office.hra.add("n1", **whole(4))
    office.answer("ignore", "n1")
    new = office.hra.transfer("n1", "b2")
    if first == "a run":
        office.sync.run("export", "schedule")
    assert office.sync.push(new).outcome == "held"
    office.sync.run("export", "schedule")
    assert office.xero.created == []
    assert office.store.ignored("hra") == {new}


@FIRST
def test_M6_M5_a_link_that_a_person_broke_stays_broken_after_a_transfer(
    opened: Opened, first: str
) -> None:
    office = opened()
    office.answer("unlink", "p0")
    new = office.hra.transfer("p0", "b2")
    if first == "a save":
        office.sync.push(new)
    for _ in range(2):
        both_runs(office)
    assert office.store.links() == ()
    assert (office.xero.created, office.hra.created) == ([], [])


def test_H3_M5_a_transfer_takes_no_row_of_a_save_off_the_page(opened: Opened) -> None:
    office = opened()
    office.hra.edit("p0", bank_accounts=NEW_BANK)
    office.xero.unreachable = True
    saved(office, "s1", ("bank-accounts",))
    office.xero.unreachable = False
    new = office.hra.transfer("p0", "b2")
    back = shown_as(office.xero, _wrong)
    office.sync.run("export", "schedule")
    assert office.link(new).open.keys() == {"record"} and len(hooks(office)) == 1
    back()
    office.sync.run("export", "schedule")
    assert office.xero.value("p0", "bank_accounts") == NEW_BANK
    assert hooks(office) == []


def _wrong(id: str, found: Employee) -> Employee:
    raise WrongRecord("xero")


# --- while a side is away


@pytest.mark.parametrize("verb", ["unlink", "dismiss", "unignore"])
def test_M6_what_needs_neither_side_is_done_while_they_are_away(opened: Opened, verb: str) -> None:
    office = opened()
    office.hra.add("n1", **whole(4))
    office.answer("ignore", "n1")
    hook = Attention("hook:p0", "push", "A save did not arrive", hra_id="p0", buttons=("dismiss",))
    office.store.replace_attention("hook:p0", (hook,))
    office.start()
    office.hra.unreachable = office.xero.unreachable = True
    about = {"unlink": "p0", "dismiss": hooks(office)[0].id, "unignore": "n1"}
    assert office.answer(verb, about[verb]).exit == 0
