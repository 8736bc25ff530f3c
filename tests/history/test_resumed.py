"""Runs that were stopped or killed go on: no write twice, nobody agreed read again, and the brake still weighs the whole (R4).

A stop is asked for at every k-th record; a kill is a copy of the data directory as it lies on disk at that moment, with a
new agent over it: nothing was closed.
"""

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.errors import Braked, SideError, Stopped
from agent.plan import Brake
from agent.records import Run
from agent.store import Store
from agent.strangers import Matching
from agent.sync import Progress, gathering
from agent.sync.book import left_over
from tests.history.office import Office, whole

PEOPLE = 6
BOTH = pytest.mark.parametrize("kind", ["import", "export"])
ENDS = pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
MOBILE = "0491 570 999"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    yield tmp_path


@pytest.fixture
def made(folder: Path) -> Iterator[Callable[..., Office]]:
    """Offices before their first import: six people on both sides, alike but for what the test says."""
    offices: list[Office] = []

    def make(**policy: Any) -> Office:
        office = Office(
            folder / str(len(offices)), policy={"matching": Matching("date_of_birth"), **policy}
        )
        offices.append(office)
        for n in range(PEOPLE):
            for side in (office.hra, office.xero):
                side.add(f"p{n}", **whole(n))
        return office

    yield make
    for office in offices:
        office.store.close()


def differ(office: Office, kind: str) -> None:
    """Half of the people lack what the other side has; one person stands on the source's side alone."""
    source, target = ("xero", "hra") if kind == "import" else ("hra", "xero")
    for n in range(0, PEOPLE, 2):
        office.side(target).edit(f"p{n}", mobile=None)
    office.side(source).add("alone", **whole(7))


@dataclass
class Interrupted:
    """The end of a run at its k-th told record: a stop, or a kill that leaves the folder as it is then."""

    office: Office
    at: int
    killed: bool
    told: int = 0
    copied: bool = False

    def progress(self, now: Progress) -> None:
        self.told += 1
        if self.killed and self.told == self.at:
            shutil.copytree(self.office.folder, self.office.folder.with_suffix(".killed"))
            self.copied = True
            raise KeyboardInterrupt

    def stop(self) -> bool:
        return not self.killed and self.told >= self.at

    def run(self, kind: str, **how: Any) -> bool:
        """Whether the run came to its end before."""
        try:
            self.office.sync.run(kind, "page:anna", progress=self.progress, stop=self.stop, **how)
        except (Stopped, KeyboardInterrupt):
            self.again()
            return False
        return True

    def again(self) -> None:
        """A new agent over what lies on disk."""
        office = self.office
        office.store.close()
        if self.copied:
            office.folder = office.folder.with_suffix(".killed")
        office.store = Store(office.folder, office.clock, audit_key=b"a" * 32)
        office.start()


def fetched(office: Office) -> list[str]:
    return [*office.hra.fetched, *office.xero.fetched]


def forget(office: Office) -> None:
    office.hra.fetched.clear()
    office.xero.fetched.clear()


def agreed(office: Office) -> set[str]:
    """Ids of people of whom nothing is open."""
    return {link.hra_id for link in office.store.links() if link.verified and not link.open} | {
        link.xero_id for link in office.store.links() if link.verified and not link.open
    }


# --- stopped anywhere


@BOTH
@pytest.mark.parametrize(
    ("at", "killed"),
    [*((at, False) for at in range(1, 13)), *((at, True) for at in (2, 5, 8, 9, 11))],
)
def test_R4_a_stopped_first_run_goes_on_without_a_second_write_or_read(
    made: Callable[..., Office], kind: str, at: int, killed: bool
) -> None:
    office = made()
    differ(office, kind)
    ended = Interrupted(office, at, killed).run(kind)
    settled = agreed(office)
    forget(office)
    office.sync.run(kind, "page:anna")
    again = set(fetched(office)) & settled
    assert ended or not again, again
    target = office.side("hra" if kind == "import" else "xero")
    assert Counter(id for id, _ in target.writes) == {f"p{n}": 1 for n in range(0, PEOPLE, 2)}
    assert len(target.created) == 1
    written = office.writes()
    office.sync.run(kind, "page:anna", fresh=True)
    assert office.writes() == written


@BOTH
def test_R4_stopped_again_and_again_a_run_comes_to_its_end(
    made: Callable[..., Office], kind: str
) -> None:
    office = made()
    differ(office, kind)
    runs = 0
    while not Interrupted(office, 3, False).run(kind):
        runs += 1
        assert runs < 40
    target = office.side("hra" if kind == "import" else "xero")
    assert Counter(id for id, _ in target.writes) == {f"p{n}": 1 for n in range(0, PEOPLE, 2)}
    reads = Counter(office.xero.fetched)
    # Once to decide; those that are written once more before and once after it.
    assert all(reads[f"p{n}"] == 1 for n in range(1, PEOPLE, 2)), reads
    assert all(reads[f"p{n}"] <= 3 for n in range(0, PEOPLE, 2)), reads


@BOTH
def test_R4_whom_the_stopped_run_wrote_or_created_is_not_read_again(
    made: Callable[..., Office], kind: str
) -> None:
    office = made()
    differ(office, kind)
    target = office.side("hra" if kind == "import" else "xero")
    with pytest.raises(Stopped):
        office.sync.run(kind, "page:anna", stop=lambda: len(target.writes) == 2)
    forget(office)
    office.sync.run(kind, "page:anna")
    written = [id for id, _ in target.writes]
    assert len(written) == 3 and {*written[:2]}.isdisjoint(fetched(office))


def test_R4_what_a_run_has_read_before_its_stop_counts_in_its_progress(
    made: Callable[..., Office],
) -> None:
    office = made()
    Interrupted(office, 4, False).run("import")
    told: list[Progress] = []
    report = office.sync.run("import", "page:anna", progress=told.append)
    assert (told[0].phase, told[0].done, told[0].total) == ("reading", 3, PEOPLE)
    assert (report.run.counts["resumed"], report.run.counts["records"]) == (3, 3)


def test_R4_a_run_that_a_side_ended_goes_on_too(made: Callable[..., Office]) -> None:
    office = made()

    def away(now: Progress) -> None:
        office.xero.unreachable = now.done == 2

    with pytest.raises(SideError):
        office.sync.run("import", "page:anna", progress=away)
    office.xero.unreachable = False
    forget(office)
    office.sync.run("import", "page:anna")
    assert Counter(office.xero.fetched) == {f"p{n}": 1 for n in range(2, PEOPLE)}


# --- what is read again all the same


def stopped_after_all_was_read(office: Office) -> None:
    Interrupted(office, PEOPLE + 1, True).run("import")
    assert all(link.verified for link in office.store.links())
    forget(office)


@pytest.mark.parametrize("side", ["hra", "xero"])
def test_R4_whoever_moved_since_the_stop_is_read_again(
    made: Callable[..., Office], side: str
) -> None:
    office = made()
    stopped_after_all_was_read(office)
    office.side(side).edit("p4", mobile=MOBILE)
    office.sync.run("import", "page:anna")
    assert {*office.xero.fetched} == {"p4"}


@pytest.mark.parametrize(
    "doubt",
    [
        {"sending": "hra"},
        {"open": {"mobile": "conflict"}},
        {"open": {"record": "unreadable_record|gone"}},
        {"sent": {"hra:mobile": "1.x:y"}},
    ],
    ids=str,
)
def test_R4_whoever_is_in_doubt_is_read_again(
    made: Callable[..., Office], doubt: dict[str, Any]
) -> None:
    office = made()
    stopped_after_all_was_read(office)
    office.store.save_link(replace(office.link("p2"), **doubt))
    office.sync.run("import", "page:anna")
    assert {*office.xero.fetched} == {"p2"}


def test_R4_somebody_who_waits_for_the_other_direction_only_is_not_read_again(
    made: Callable[..., Office],
) -> None:
    office = made()
    office.xero.edit("p2", mobile=None)
    stopped_after_all_was_read(office)
    assert office.link("p2").open == {"mobile": "waiting_xero"}
    office.sync.run("import", "page:anna")
    assert fetched(office) == []


def test_R4_a_person_may_have_everybody_read_afresh(made: Callable[..., Office]) -> None:
    office = made()
    stopped_after_all_was_read(office)
    office.sync.run("import", "page:anna", fresh=True)
    assert Counter(office.xero.fetched) == {f"p{n}": 1 for n in range(PEOPLE)}


@pytest.mark.parametrize("how", [{"mode": "all"}, {"dry_run": True}, {"employee": "p1"}], ids=str)
def test_R4_another_kind_of_run_does_not_go_on_with_the_stopped_one(
    made: Callable[..., Office], how: dict[str, Any]
) -> None:
    office = made()
    stopped_after_all_was_read(office)
    office.sync.run("import", "page:anna", **how)
    everybody = {f"p{n}" for n in range(PEOPLE)}
    assert {*office.xero.fetched} == ({"p1"} if "employee" in how else everybody)


def test_R4_a_finished_run_ends_the_chain_and_the_next_reads_everybody(
    made: Callable[..., Office],
) -> None:
    office = made()
    stopped_after_all_was_read(office)
    office.sync.run("import", "page:anna")
    assert fetched(office) == []
    office.sync.run("import", "page:anna")
    assert {*office.xero.fetched} == {f"p{n}" for n in range(PEOPLE)}


def test_R4_what_was_read_long_ago_is_read_again(made: Callable[..., Office]) -> None:
    office = made(verify_every_hours=24.0)
    stopped_after_all_was_read(office)
    office.clock.now += timedelta(hours=49)
    office.sync.run("import", "page:anna")
    assert {*office.xero.fetched} == {f"p{n}" for n in range(PEOPLE)}


def test_R4_a_time_in_the_future_is_no_proof_of_having_been_read(
    made: Callable[..., Office],
) -> None:
    office = made()
    stopped_after_all_was_read(office)
    ahead = office.clock() + timedelta(days=4000)
    office.store.save_link(replace(office.link("p5"), verified=ahead))
    office.sync.run("import", "page:anna")
    assert {*office.xero.fetched} == {"p5"}


# --- the brake weighs the whole


@ENDS
@pytest.mark.parametrize("at", [2, 4, 6])
def test_R4_S1_a_run_in_parts_is_braked_as_one(
    made: Callable[..., Office], killed: bool, at: int
) -> None:
    office = made(brake=Brake(share=Decimal("0.5")))
    for n in range(PEOPLE):
        office.hra.edit(f"p{n}", mobile=None)
    Interrupted(office, at, killed).run("import")
    with pytest.raises(Braked) as braked:
        office.sync.run("import", "page:anna")
    assert "6 of 6" in str(braked.value) and office.writes() == []
    office.sync.let_through(braked.value.hash, "page:anna")
    assert Counter(id for id, _ in office.hra.writes) == {f"p{n}": 1 for n in range(PEOPLE)}


def test_R4_what_waits_from_before_the_stop_is_not_read_for_the_brake_alone(
    made: Callable[..., Office],
) -> None:
    office = made()
    for n in range(PEOPLE):
        office.hra.edit(f"p{n}", mobile=None)
    Interrupted(office, 4, False).run("import")
    forget(office)
    looked: list[list[str]] = []

    def tell(now: Progress) -> None:
        if now.phase == "writing" and not looked:
            looked.append(fetched(office))

    office.sync.run("import", "page:anna", progress=tell)
    assert {*looked[0]} == {"p3", "p4", "p5"}
    assert Counter(id for id, _ in office.hra.writes) == {f"p{n}": 1 for n in range(PEOPLE)}


# --- batches


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_R4_a_plan_is_the_same_however_small_the_batches_are(
    made: Callable[..., Office], monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    office = made()
    differ(office, "import")
    whole_plan = office.sync.run("import", "page:anna", dry_run=True)
    monkeypatch.setattr(gathering, "BATCH", batch)
    in_parts = office.sync.run("import", "page:anna", dry_run=True)
    assert whole_plan.plan and in_parts.plan and whole_plan.plan.items
    assert in_parts.plan.hash == whole_plan.plan.hash
    assert in_parts.lines == whole_plan.lines


def test_R4_no_more_than_a_batch_of_records_is_in_memory(
    made: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "BATCH", 2)
    most: list[int] = []
    kept = gathering.Gathering._one

    def one(self: gathering.Gathering, link: Any) -> None:
        kept(self, link)
        most.append(sum(verdict.seen is not None for verdict in self.verdicts))

    monkeypatch.setattr(gathering.Gathering, "_one", one)
    office = made(brake=Brake(share=Decimal("0.9")))
    for n in range(PEOPLE - 1):
        office.hra.edit(f"p{n}", mobile=None)
    office.sync.run("import", "page:anna")
    assert len(office.hra.writes) == PEOPLE - 1 and max(most) == 1


# --- which run is gone on with


def row(n: int, kind: str, outcome: str, **more: Any) -> Run:
    """A run that began n hours before noon."""
    return Run(str(n), kind, "page", NOON - timedelta(hours=n), outcome=outcome, mode="all", **more)


@pytest.mark.parametrize(
    ("rows", "hours"),
    [
        ([("import", "stopped")], 0),
        ([("import", "failed")], 0),
        ([("import, as planned", "stopped")], 0),
        ([("export", "done"), ("verify", "paused"), ("import", "stopped")], 2),
        ([("import, dry run", "done"), ("import", "refused"), ("import", "stopped")], 2),
        ([("import", "done"), ("import", "stopped")], None),
        ([("import", "attention"), ("import", "stopped")], None),
        ([("import", "braked"), ("import", "stopped")], None),
        ([("import, as planned", "done"), ("import", "stopped")], None),
        ([("export", "stopped")], None),
        ([], None),
    ],
    ids=str,
)
def test_R4_a_run_goes_on_with_the_last_one_of_its_kind_if_that_did_not_end(
    rows: list[tuple[str, str]], hours: int | None
) -> None:
    found = left_over([row(n, *one) for n, one in enumerate(rows)], "import", "all")
    assert found == (None if hours is None else NOON - timedelta(hours=hours))


def test_R4_a_chain_of_stops_counts_from_its_first_run_in_one_mode() -> None:
    began = NOON - timedelta(hours=9)
    chain = [row(0, "import", "stopped", since=began), row(1, "import", "stopped")]
    assert left_over(chain, "import", "all") == began
    assert left_over(chain, "import", "authoritative") is None
    alone = [row(0, "import", "stopped", employee="4711"), row(1, "import", "stopped")]
    assert left_over(alone, "import", "all") == NOON - timedelta(hours=1)
