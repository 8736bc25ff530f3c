"""Every error of the tree, met at one record by every kind of work: a wrong record holds only itself, a side that cannot be
used ends the run and says so, and a fault of the agent's own is neither.
"""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent import errors
from agent.employee import Employee
from agent.errors import AgentError, OwnFault, Reach, SideError, UnreadableAnswer, WrongRecord
from agent.records import Choice
from agent.tokens import Copied
from tests.history.office import Office

UNTIL = datetime(2026, 3, 3, tzinfo=UTC)
MADE: dict[str, Callable[[], AgentError]] = {
    "Misconfigured": lambda: errors.Misconfigured(["[sync] something is wrong"]),
    "DataDirBusy": lambda: errors.DataDirBusy("/data"),
    "StateDamaged": lambda: errors.StateDamaged("links.json"),
    "StateNewer": lambda: errors.StateNewer("links.json"),
    "StateUnreadable": lambda: errors.StateUnreadable("links.json", "it is not ours."),
    "NotStored": lambda: errors.NotStored("links.json", "the disk is full."),
    "KeyMissing": lambda: errors.KeyMissing("another key"),
    "Braked": lambda: errors.Braked("it would change everybody"),
    "NotPossible": lambda: errors.NotPossible("That cannot be done."),
    "Parked": lambda: errors.Parked("xero", UNTIL),
    "Refused": lambda: errors.Refused("xero", ("A rule of Xero.",)),
}


def _kinds(kind: type[AgentError]) -> Iterator[type[AgentError]]:
    if kind.__module__.startswith(("agent.errors", "agent.tokens")):
        yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


TREE = sorted(set(_kinds(AgentError)) | {Copied}, key=lambda kind: kind.__name__)
WORK = ("import", "export", "verify", "push", "opened", "answer")


def make(kind: type[AgentError]) -> AgentError:
    if kind.__name__ in MADE:
        return MADE[kind.__name__]()
    return kind("xero") if issubclass(kind, SideError) else kind()


def reach(error: AgentError) -> Reach:
    """How far it reaches when met while one record is read: an answer about one record that makes no sense is that one's."""
    return Reach.ITEM if isinstance(error, UnreadableAnswer) else error.reach


class Desk:
    """Three people of whom each has something for every kind of work; `fault` is met where Xero's p1 is read, or written."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.fault: Exception | None = None
        self.at = "fetch"
        for name in ("fetch", "update"):
            self._meets(name, getattr(office.xero, name))
        for n in range(3):
            office.hra.edit(f"p{n}", mobile=f"0491 570 5{n}0")
            office.xero.edit(f"p{n}", phone=f"02 5550 44{n}0")
            office.differ("job_title", "Baker", "Chef", f"p{n}")

    def _meets(self, name: str, real: Callable[..., Any]) -> None:
        def meets(who: Any, *more: Any) -> Any:
            id = who.id if isinstance(who, Employee) else who
            if self.fault is not None and id == "p1" and name == self.at:
                raise self.fault
            return real(who, *more)

        setattr(self.office.xero, name, meets)

    def do(self, work: str, person: str = "p1") -> None:
        """One piece of work: a run of all, or what concerns this person."""
        sync = self.office.sync
        if work == "push":
            sync.push(person)
        elif work in ("opened", "answer"):
            row = next(r for r in self.office.rows(person) if "job_title" in r.fields)
            if work == "opened":
                sync.opened(row.id)
            else:
                sync.answer(Choice("resolve", row.id, "page:anna", use="hra"))
        else:
            sync.run(work, "schedule")

    def done(self, person: str) -> tuple[bool, bool]:
        """Whether the mobile has reached Xero, and the phone HRA Cloud."""
        here, there = self.office.hra, self.office.xero
        return (
            there.value(person, "mobile") == here.value(person, "mobile"),
            here.value(person, "phone") == there.value(person, "phone"),
        )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    office = Office(tmp_path, {"conflicts": "hold"})
    office.linked(3)
    made = Desk(office)
    for link in office.store.links():  # what waits for a choice is on the page
        office.sync._records.examine(link, office.sync._rules_of("schedule"))
    yield made
    office.store.close()


def test_the_table_knows_every_error_of_the_tree() -> None:
    known = {kind.__name__ for kind in TREE}
    assert known >= {"AgentError", "TransferLoop", "HookTooLarge", "Copied", "OwnFault"}
    assert all(type(make(kind)) is kind for kind in TREE)


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_one_record_or_the_run_is_held_as_far_as_the_error_reaches(
    desk: Desk, kind: type[AgentError]
) -> None:
    desk.fault = make(kind)
    for work, way in (("export", 0), ("import", 1), ("verify", None)):
        if kind is errors.Parked and way is None:
            desk.do(work)  # a verification goes on where it was
            assert desk.office.store.runs(1)[0].outcome == "paused"
        elif reach(desk.fault) is Reach.ITEM:
            desk.do(work)
            if way is not None:
                assert desk.done("p0")[way] and desk.done("p2")[way] and not desk.done("p1")[way]
            row = desk.office.store.runs(1)[0]
            assert (row.outcome, row.ended is not None) == ("attention", True)
            assert "record" in desk.office.link("p1").open
            assert [r.kind for r in desk.office.rows("p1") if not r.fields] == ["failed"]
        else:
            with pytest.raises(kind):
                desk.do(work)
            row = desk.office.store.runs(1)[0]
            assert row.ended is not None and row.outcome not in ("running", "done", "attention")
            assert row.reason == desk.fault.sentence()
    desk.fault = None
    for work in ("export", "import"):
        desk.do(work)
    assert [desk.done(f"p{n}") for n in range(3)] == [(True, True)] * 3
    assert all("record" not in desk.office.link(f"p{n}").open for n in range(3))


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_what_concerns_one_person_fails_alone_and_with_its_own_error(
    desk: Desk, kind: type[AgentError]
) -> None:
    desk.fault = make(kind)
    expected = WrongRecord if kind is UnreadableAnswer else kind
    for work in ("opened", "push", "answer"):
        with pytest.raises(expected):
            desk.do(work)
    desk.do("push", "p0")
    desk.fault = None
    for work in ("push", "answer"):
        desk.do(work)
    assert desk.done("p0")[0] and desk.done("p1")[0]
    assert desk.office.xero.value("p1", "job_title") == "Baker"


@pytest.mark.parametrize(
    "fault", [ValueError("0491 570 006"), KeyError("0491"), ZeroDivisionError()]
)
@pytest.mark.parametrize("at", ["fetch", "update"])
def test_a_fault_of_the_agents_own_at_one_record_ends_no_run_and_is_told(
    desk: Desk, fault: Exception, at: str, caplog: pytest.LogCaptureFixture
) -> None:
    desk.fault, desk.at = fault, at
    desk.do("export")
    assert desk.done("p0")[0] and desk.done("p2")[0] and not desk.done("p1")[0]
    assert desk.office.store.runs(1)[0].outcome == "attention"
    (told,) = [row.text for row in desk.office.rows("p1") if row.kind == "failed"]
    assert "fault of its own" in told
    with pytest.raises(OwnFault):
        desk.do("push")
    assert type(fault).__name__ in caplog.text
    assert "0491" not in caplog.text + told + desk.office.store.runs(1)[0].reason
    desk.fault = None
    desk.do("export")
    assert desk.done("p1")[0]
    assert [row for row in desk.office.rows("p1") if row.kind == "failed"] == []


@pytest.mark.parametrize("fault", [OSError(28, "no space"), MemoryError(), AssertionError("odd")])
def test_what_is_no_fault_of_one_record_ends_the_run_and_closes_its_row(
    desk: Desk, fault: Exception
) -> None:
    desk.fault = fault
    with pytest.raises(type(fault)):
        desk.do("export")
    row = desk.office.store.runs(1)[0]
    assert row.outcome == "failed" and row.reason and row.ended is not None


@pytest.mark.parametrize("work", ["export", "import", "verify", "push"])
@pytest.mark.parametrize("kind", [errors.NotConnected, errors.WrongTarget])
def test_L3_a_sign_in_that_is_lost_under_way_is_told_on_the_page_at_once(
    desk: Desk, work: str, kind: type[SideError]
) -> None:
    desk.fault = make(kind)
    assert desk.office.store.connection("xero").connected
    with pytest.raises(kind):
        desk.do(work)
    now = desk.office.store.connection("xero")
    assert (now.connected, now.reason) == (False, desk.fault.sentence())
    assert desk.office.store.connection("hra").connected
    desk.fault = None
    desk.do("export")
    assert desk.office.store.connection("xero").connected
