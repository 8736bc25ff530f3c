"""The run `verify`: everybody read again, longest ago first, nothing written, as far as the day's calls go (X2); and the
share that scheduled runs verify within them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from agent.errors import NotPossible, Parked, Stopped
from agent.results import ATTENTION, DONE, finished
from agent.sync import Progress, Sync
from agent.vault import Cost, Digests
from tests.history.office import Office

PEOPLE = 6
EVERYBODY = [f"p{n}" for n in range(PEOPLE)]
MOBILE = "0491 570 999"
BEGINS = datetime(2026, 3, 3, 4, 5, tzinfo=UTC)


@dataclass
class Limits:
    """Xero's limits as a test sets them; each record read takes one call."""

    office: "Limited"
    before: int | None = None  # calls of the day when the test began
    reserve: int = 10
    minute_left: int = 60
    day_limit: int = 1000
    parked_until: datetime | None = None
    day_ends: datetime | None = None

    @property
    def day_left(self) -> int | None:
        return None if self.before is None else self.before - len(self.office.xero.fetched)


class Limited(Office):
    """An office whose agent knows how Xero's limits stand."""

    def start(self) -> None:
        super().start()
        self.limits = getattr(self, "limits", None) or Limits(self)
        policy = self.sync._policy
        digests = Digests(b"k" * 32, Cost(2, 1, 1))
        self.sync = Sync(
            self.hra, self.xero, self.store, digests, policy, self.clock,
            standing=lambda: self.limits,
        )  # fmt: skip

    def left(self, calls: int) -> None:
        """From now on so many calls are left of the day beyond what verification leaves."""
        self.hra.fetched.clear()
        self.xero.fetched.clear()
        self.limits.before = calls + 2 * self.limits.reserve

    def read(self) -> list[str]:
        """Who was read at Xero since the last look."""
        found = [*self.xero.fetched]
        self.xero.fetched.clear()
        return found


Made = Callable[..., Limited]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Six linked people who agree in everything, verified one after another: p0 longest ago."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Limited] = []

    def make(**policy: Any) -> Limited:
        office = Limited(
            tmp_path / str(len(offices)), policy={"verify_every_hours": 24.0, **policy}
        )
        offices.append(office)
        office.linked(PEOPLE)
        office.left(10_000)
        return office

    yield make
    for office in offices:
        office.store.close()


# --- verify


def test_X2_verify_reads_everybody_longest_ago_first_and_writes_nothing(made: Made) -> None:
    office = made()
    late = office.link("p3")
    office.store.save_link(replace(late, verified=office.clock() - timedelta(days=9)))
    before = [link.verified for link in office.store.links()]
    report = office.sync.run("verify", "page:anna")
    assert office.read() == ["p3", "p0", "p1", "p2", "p4", "p5"]
    assert all(
        link.verified > then  # type: ignore[operator]
        for link, then in zip(office.store.links(), before, strict=True)
    )
    assert office.writes() == [] and report.lines == ()
    assert (report.run.kind, report.run.outcome) == ("verify", "done")
    assert finished(report)["exit"] == DONE


@pytest.mark.parametrize(
    ("side", "kind", "reason"),
    [("hra", "export", "waiting_xero"), ("xero", "import", "waiting_hra")],
)
def test_X2_what_verify_finds_stands_open_and_the_next_run_carries_it(
    made: Made, side: str, kind: str, reason: str
) -> None:
    office = made()
    office.side(side).timeless = frozenset({"details"})
    office.side(side).edit("p2", mobile=MOBILE)
    report = office.sync.run("verify", "page:anna")
    assert office.link("p2").open == {"mobile": reason}
    assert report.run.counts["waiting"] == 1 and office.writes() == []
    office.read()
    office.policy["verify_every_hours"] = 700.0
    office.start()
    office.sync.run(kind, "schedule")
    assert set(office.both("p2", "mobile")) == {MOBILE}
    assert office.link("p2").open == {}


def test_X2_verify_records_what_both_sides_now_agree_on(made: Made) -> None:
    office = made()
    before = office.link("p1").agreed["mobile"]
    office.hra.edit("p1", mobile=MOBILE)
    office.xero.edit("p1", mobile=MOBILE)
    office.sync.run("verify", "page:anna")
    assert office.link("p1").agreed["mobile"] != before and office.link("p1").open == {}


def test_X2_D2_verify_decides_no_first_contact(made: Made) -> None:
    office = made()
    link = office.link("p1")
    agreed = {name: pair for name, pair in link.agreed.items() if name != "mobile"}
    office.store.save_link(replace(link, agreed=agreed))
    office.xero.edit("p1", mobile=MOBILE)
    report = office.sync.run("verify", "page:anna")
    assert office.link("p1").open == {"mobile": "first_contact"}
    assert finished(report)["exit"] == ATTENTION


def test_X2_verify_reads_one_person_alone(made: Made) -> None:
    office = made()
    office.sync.run("verify", "page:anna", employee="p4")
    assert office.read() == ["p4"]


def test_X2_nobody_unlinked_can_be_verified(made: Made) -> None:
    office = made()
    with pytest.raises(NotPossible):
        office.sync.run("verify", "page:anna", employee="p9")
    assert office.store.runs(1)[0].outcome == "refused"


def test_X2_at_the_end_of_the_days_calls_verify_ends_in_good_order_and_goes_on_the_next_time(
    made: Made,
) -> None:
    office = made()
    office.left(4)
    office.limits.day_ends = BEGINS
    report = office.sync.run("verify", "page:anna")
    assert office.read() == EVERYBODY[:4]
    told = finished(report)
    assert told["exit"] == ATTENTION and told["outcome"] == "paused"
    assert told["sentence"].startswith("4 of 6 people were verified.")
    assert "03 Mar 04:05 UTC" in told["sentence"]
    office.left(10_000)
    report = office.sync.run("verify", "page:anna")
    assert office.read() == EVERYBODY[4:]
    assert report.run.outcome == "done" and report.run.counts["resumed"] == 4
    office.sync.run("verify", "page:anna")
    assert sorted(office.read()) == EVERYBODY


def test_X2_a_pause_that_xero_asks_for_ends_verify_in_good_order_too(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = made()
    kept = office.xero.fetch

    def fetch(id: str, groups: Any = None) -> Any:
        if id == "p2":
            raise Parked("xero", BEGINS)
        return kept(id, groups)

    monkeypatch.setattr(office.xero, "fetch", fetch)
    report = office.sync.run("verify", "page:anna")
    assert report.paused.startswith("2 of 6 people were verified. Xero asked for a pause.")
    assert report.run.outcome == "paused"


@pytest.mark.parametrize("fresh", [False, True])
def test_R4_a_stopped_verification_goes_on_unless_all_is_to_be_read_afresh(
    made: Made, fresh: bool
) -> None:
    office = made()
    with pytest.raises(Stopped):
        office.sync.run("verify", "page:anna", stop=lambda: len(office.xero.fetched) == 2)
    office.read()
    office.sync.run("verify", "page:anna", fresh=fresh)
    assert sorted(office.read()) == (EVERYBODY if fresh else EVERYBODY[2:])


def test_X2_records_that_cannot_be_read_are_tried_last_and_keep_nobody_from_their_turn(
    made: Made,
) -> None:
    office = made()
    for id in ("p0", "p1"):
        del office.xero.people[id]
    report = office.sync.run("verify", "page:anna")
    assert [line.hra_id for line in report.lines] == ["p0", "p1"]
    assert office.read() == EVERYBODY[2:]
    office.hra.fetched.clear()
    office.sync.run("verify", "page:anna")
    assert office.hra.fetched == [*EVERYBODY[2:], "p0", "p1"]


# --- the share of scheduled runs


def test_X2_a_scheduled_run_verifies_no_more_than_the_days_calls_permit(made: Made) -> None:
    office = made(every_hours=12.0)  # two runs a day: three of six in each
    office.left(10_000)
    office.sync.run("import", "schedule")
    assert office.read() == EVERYBODY[:3]
    office.left(3)  # for this run and the next
    office.sync.run("import", "schedule")
    assert office.read() == EVERYBODY[3:5]
    office.left(0)
    office.sync.run("import", "schedule")
    assert office.read() == []


def test_X2_near_the_end_of_xeros_day_a_run_may_use_what_is_left_of_it(made: Made) -> None:
    office = made(every_hours=12.0)
    office.left(3)
    office.limits.day_ends = office.clock() + timedelta(hours=1)
    office.sync.run("import", "schedule")
    assert office.read() == EVERYBODY[:3]


def test_X2_import_and_export_of_one_cycle_share_its_part(made: Made) -> None:
    office = made(every_hours=8.0, runs_a_cycle=2)
    read = []
    for _ in range(3):
        for kind in ("import", "export"):
            office.sync.run(kind, "schedule")
            read += [office.read()]
    assert [len(those) for those in read] == [1] * 6
    assert sorted(id for those in read for id in those) == EVERYBODY


def test_X2_what_the_agent_missed_while_it_was_off_is_made_up_for(made: Made) -> None:
    office = made(every_hours=3.0)
    office.clock.now += timedelta(days=2)
    office.sync.run("import", "schedule")
    assert office.read() == EVERYBODY


def test_X2_a_time_in_the_future_is_no_reason_never_to_be_read(made: Made) -> None:
    office = made(every_hours=3.0)
    ahead = office.clock() + timedelta(days=4000)
    office.store.save_link(replace(office.link("p5"), verified=ahead))
    office.sync.run("import", "schedule")
    assert office.read() == ["p5"]


def test_X2_records_that_cannot_be_read_take_nobodys_place_in_the_share(made: Made) -> None:
    office = made(every_hours=3.0)
    for id in ("p0", "p1"):
        link = office.link(id)
        office.store.save_link(
            replace(link, open={"record": "unreadable_record|not there"}, verified=link.verified)
        )
        del office.xero.people[id]
    for _ in range(4):
        office.sync.run("import", "schedule")
    assert {"p2", "p3", "p4", "p5"} <= {*office.read()}


# --- leave


def test_F5_X2_a_pay_run_moves_leave_and_the_next_import_carries_it_reading_nobody_else(
    made: Made,
) -> None:
    office = made(verify_every_hours=700.0)
    office.left(0)
    office.xero.pay("p3", annual_leave=Decimal("4.5"))
    office.sync.run("export", "schedule")
    assert "p3" not in office.read()
    office.sync.run("import", "schedule")
    assert {*office.read()} == {"p3"}
    assert office.hra.value("p3", "annual_leave") == Decimal("4.5")
    office.sync.run("import", "schedule")  # HRA lists p3 as moved by the agent's own write
    office.read()
    office.sync.run("import", "schedule")
    assert office.read() == []


def test_F5_D9_whose_leave_moved_is_asked_again_after_a_run_that_did_not_end(made: Made) -> None:
    office = made(verify_every_hours=700.0)
    office.left(0)
    office.xero.pay("p3", annual_leave=Decimal("4.5"))
    with pytest.raises(Stopped):
        office.sync.run("import", "schedule", stop=lambda: True)
    office.read()
    office.sync.run("import", "schedule")
    assert {*office.read()} == {"p3"}
    assert office.hra.value("p3", "annual_leave") == Decimal("4.5")


def test_F5_leave_that_does_not_travel_is_not_asked_for(made: Made) -> None:
    office = made(verify_every_hours=700.0)
    office.set(directions={"leave": "off"})
    office.left(0)
    office.xero.pay("p3", annual_leave=Decimal("4.5"))
    office.sync.run("import", "schedule")
    assert office.read() == []


# --- progress


def test_R4_progress_tells_calls_and_time_left_to_whoever_asked_and_in_the_runs_row(
    made: Made,
) -> None:
    office = made()
    office.limits.minute_left = 2
    told: list[Progress] = []
    office.sync.run("verify", "page:anna", progress=told.append)
    assert [now.calls_left for now in told] == [10_020 - n for n in range(PEOPLE + 1)]
    assert told[0].seconds_left == 4 and told[-1].seconds_left == 0
    rows = []

    def look(now: Progress) -> None:
        rows.append(office.store.runs(1)[0])

    office.sync.run("import", "page:anna", progress=look)
    assert rows[1].calls_left is not None and rows[1].seconds_left is not None
    assert (rows[1].done, rows[1].total) == (0, PEOPLE)


def test_R4_where_no_limit_is_known_time_left_is_by_the_pace_so_far(made: Made) -> None:
    office = made()
    office.sync._book._standing = lambda: None
    told: list[Progress] = []
    office.sync.run("verify", "page:anna", progress=told.append)
    assert told[0].seconds_left is None and told[0].calls_left is None
    assert told[3].seconds_left is not None and told[3].seconds_left > 0
