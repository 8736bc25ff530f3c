"""Clocks that jump and clocks that are put forward and back by law: nothing runs twice, is skipped or put off for years."""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from agent.errors import Parked
from agent.jobs import Jobs
from agent.notices import Notices
from agent.records import Event, Run, Save
from agent.saves import Pushed, Worker
from agent.service.schedule import Schedule
from agent.store import Store
from agent.store.inbox import TERM

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVERY = timedelta(hours=3)
YEAR = timedelta(days=365)
SYDNEY, PERTH = ZoneInfo("Australia/Sydney"), ZoneInfo("Australia/Perth")
# The nights in which Sydney's clocks are put back and forward; Perth's never are.
BACK, FORTH = datetime(2026, 4, 5, tzinfo=SYDNEY), datetime(2026, 10, 4, tzinfo=SYDNEY)


class Clock:
    """A clock that a person may set, and the seconds since the machine started, which nobody can."""

    def __init__(self) -> None:
        self.now = NOW
        self.seconds = 1000.0

    def __call__(self) -> datetime:
        return self.now

    def steady(self) -> float:
        return self.seconds

    def pass_by(self, **by: float) -> None:
        """Real time."""
        self.now += timedelta(**by)
        self.seconds += timedelta(**by).total_seconds()

    def set(self, by: timedelta) -> None:
        """Somebody sets the clock."""
        self.now += by


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def jobs(clock: Clock) -> Iterator[Jobs]:
    """A schedule that is on and does nothing: its own clock stands."""
    made = Jobs(SYDNEY, clock, clock.steady)
    made._scheduler.start(paused=True)
    yield made
    made.stop()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with closing(Store(tmp_path / "data", clock, audit_key=b"k" * 32)) as made:
        yield made


# --- the schedule ---------------------------------------------------------------------------------


def turns(jobs: Jobs, first: datetime, until: datetime) -> list[datetime]:
    """When the cycle comes, by the trigger that the schedule itself uses."""
    jobs.every("cycle", EVERY, lambda: None, first)
    job = jobs._scheduler.get_job("cycle")
    assert isinstance(job.trigger, IntervalTrigger)
    found = [job.next_run_time]
    while found[-1] < until:
        found.append(job.trigger.get_next_fire_time(found[-1], found[-1]))
    return found


@pytest.mark.parametrize("zone", [SYDNEY, PERTH], ids=["Sydney", "Perth"])
@pytest.mark.parametrize("night", [BACK, FORTH], ids=["put back", "put forward"])
@pytest.mark.parametrize("minute", [0, 30, 59])
def test_R1_daylight_saving_neither_skips_a_turn_nor_adds_one(
    clock: Clock, zone: ZoneInfo, night: datetime, minute: int
) -> None:
    jobs = Jobs(zone, clock, clock.steady)
    jobs._scheduler.start(paused=True)
    # From every hour of the evening before, so that turns fall before, into and after the hour that is twice or never.
    for hour in (18, 19, 20):
        first = (night - timedelta(days=1)).replace(hour=hour, minute=minute).astimezone(UTC)
        found = [at.astimezone(UTC) for at in turns(jobs, first, first + timedelta(days=2))]
        assert [b - a for a, b in pairwise(found)] == [EVERY] * (len(found) - 1)
        assert len(found) == 17
        jobs._scheduler.remove_job("cycle")
    offsets = {(night + timedelta(days=day)).astimezone(zone).utcoffset() for day in (-1, 1)}
    assert len(offsets) == (2 if zone is SYDNEY else 1)  # the night is one of those
    jobs.stop()


def test_a_clock_that_is_set_back_puts_no_turn_off(jobs: Jobs, clock: Clock) -> None:
    jobs.every("cycle", EVERY, lambda: None, NOW + EVERY)
    jobs.every("daily", timedelta(days=1), lambda: None, NOW + timedelta(days=1))
    clock.pass_by(hours=1)
    clock.set(-YEAR)
    jobs.look()
    assert jobs.next("cycle") == clock.now + timedelta(hours=2)  # what is left of the three hours
    assert jobs.next("daily") == clock.now + timedelta(hours=23)
    jobs.look()
    assert jobs.next("cycle") == clock.now + timedelta(hours=2)


def test_a_clock_that_is_only_corrected_moves_nothing(jobs: Jobs, clock: Clock) -> None:
    jobs.every("cycle", EVERY, lambda: None, NOW + EVERY)
    for by in (-20, 20, -59):
        clock.pass_by(minutes=1)
        clock.set(timedelta(seconds=by))
        jobs.look()
    assert jobs.next("cycle") == NOW + EVERY


def test_a_clock_that_is_set_forward_or_a_machine_that_slept_wakes_the_schedule(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(SYDNEY, clock, clock.steady)
    jobs._scheduler.start(paused=True)
    woken: list[bool] = []
    monkeypatch.setattr(jobs._scheduler, "wakeup", lambda: woken.append(True))
    jobs.every("cycle", EVERY, lambda: None, NOW + EVERY)
    woken.clear()
    clock.pass_by(minutes=5)
    jobs.look()
    assert woken == []
    clock.set(EVERY)
    jobs.look()
    assert woken == [True]
    assert jobs.next("cycle") == NOW + EVERY  # due now, once
    monkeypatch.undo()
    jobs.stop()


def test_the_log_tells_of_a_clock_that_was_set_back(
    jobs: Jobs, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        clock.set(-YEAR)
        jobs.look()
    assert "set back by 365 days" in caplog.text


def test_R1_a_run_that_started_in_the_future_does_not_put_the_next_one_off(
    clock: Clock, store: Store
) -> None:
    class Remembered:
        """As much of a pair as the first turn is decided on."""

        def __init__(self) -> None:
            self.store = store

    schedule = Schedule.__new__(Schedule)
    schedule._pair = Remembered()  # type: ignore[assignment]
    clock.set(YEAR)
    run = store.open_run("import", "schedule")
    clock.set(-YEAR)
    assert store.runs(1) == (Run(run.id, "import", "schedule", NOW + YEAR),)
    assert schedule._first_cycle(clock(), EVERY) == NOW + EVERY
    clock.pass_by(hours=1)
    store.open_run("import", "schedule")
    clock.pass_by(hours=1)
    store.open_run("verify", "page:anna")  # a person's own run is no turn of the schedule
    assert schedule._first_cycle(clock(), EVERY) == clock() + timedelta(hours=2)


# --- saves, notices, the log ----------------------------------------------------------------------


def worker(store: Store, clock: Clock) -> Worker:
    return Worker(
        store,
        lambda employee, sections: pytest.fail("not pushed here"),
        retry_for=timedelta(hours=72),
        clock=clock,
        jitter=lambda: 0.5,
    )


def test_H3_a_save_that_waits_for_a_time_beyond_every_wait_is_due(
    clock: Clock, store: Store
) -> None:
    store.accept(Save("w1", "h1", (), clock()))
    clock.set(YEAR)
    store.postpone(["w1"], clock() + timedelta(minutes=5), "No answer.", looked=False)
    [waiting] = store.waiting()
    assert not worker(store, clock)._due(waiting)
    clock.set(-YEAR)
    assert worker(store, clock)._due(waiting)


def test_X4_a_save_that_waits_for_xeros_next_day_still_waits(clock: Clock, store: Store) -> None:
    store.accept(Save("w1", "h1", (), clock()))
    store.postpone(["w1"], clock() + timedelta(hours=24), "", looked=False, counts=False)
    [waiting] = store.waiting()
    assert not worker(store, clock)._due(waiting)
    clock.pass_by(hours=24)
    assert worker(store, clock)._due(waiting)


def test_X4_a_pause_of_days_is_not_asked_about_every_minute(clock: Clock, store: Store) -> None:
    asked: list[str] = []
    until = clock() + timedelta(days=3)

    def push(employee: str, sections: tuple[str, ...]) -> Pushed:
        asked.append(employee)
        raise Parked("xero", until)

    def half() -> float:
        return 0.5

    drained = Worker(store, push, retry_for=timedelta(hours=72), clock=clock, jitter=half)
    store.accept(Save("w1", "h1", (), clock()))
    for _ in range(10):
        drained.drain()
        clock.pass_by(minutes=1)
    assert asked == ["h1"]


def test_H2_no_open_save_is_ever_removed_by_a_clock(clock: Clock, store: Store) -> None:
    for id in ("w1", "w2"):
        store.accept(Save(id, "h1", (), clock()))
    store.close_saves(["w1"], "done")
    for by in (100 * YEAR, -150 * YEAR, 50 * YEAR):
        clock.set(by)
        store.tidy()
        assert [save.id for save in store.waiting()] == ["w2"]
    clock.set(TERM)
    store.tidy()
    assert store.accept(Save("w2", "h1", (), clock())) is False


def test_S3_the_audit_log_stays_whole_whatever_the_clock_does(
    clock: Clock, tmp_path: Path, store: Store
) -> None:
    for by in (YEAR, -2 * YEAR, timedelta(hours=1), YEAR):
        store.note(Event("linked", "h1"))
        clock.set(by)
    assert store.audit_check() == ()
    assert [line.n for line in store.audit_lines()] == [1, 2, 3, 4]


def test_S5_notices_are_not_silent_for_a_year_when_the_clock_is_set_back(
    clock: Clock, tmp_path: Path
) -> None:
    told: list[str] = []
    news = [{"lost": frozenset({"hra"})}]

    def send(title: str, text: str) -> bool:
        told.append(text)
        return True

    notices = Notices(
        tmp_path, ["json://nowhere.example"], "http://page", lambda: news[-1], clock, send
    )
    notices.turn()
    notices.wait(5)
    news.append({"lost": frozenset({"hra", "xero"})})
    clock.pass_by(minutes=1)
    notices.turn()
    notices.wait(5)
    assert len(told) == 1  # quiet for a while
    clock.set(-YEAR)
    notices.turn()
    notices.wait(5)
    assert len(told) == 2
