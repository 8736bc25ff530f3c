"""The time of a save that fails, over restarts: how often it is tried, how long, and what does not count (H3, X4)."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import AgentError, Busy, NotConnected, Parked, Unreachable
from agent.records import Binding, Save
from agent.saves import BUSY, LOOKS, NO_SIGN_IN, TRIES, Worker
from agent.store import Store
from agent.sync import Pushed

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EXAMPLES = 150 if os.environ.get("HRA_XERO_LONG") else 25


class Desk:
    """A worker over a store on disk that can be started anew; `answer` is what every push comes to."""

    def __init__(self, folder: Path, hours: int = 72) -> None:
        self.folder, self.hours, self.now = folder, hours, START
        self.answer: AgentError | Pushed = Unreachable("xero")
        self.at: list[datetime] = []
        self.off = False
        self.jitter: Callable[[], float] = lambda: 0.5
        self.store: Store | None = None
        self.restart()

    def restart(self) -> None:
        """What only memory held is gone."""
        if self.store is not None:
            self.store.close()
        self.store = Store(self.folder, lambda: self.now)
        self.store.bind(Binding("account", "", "tenant", ""))
        self.worker = Worker(
            self.store,
            self._push,
            retry_for=timedelta(hours=self.hours),
            clock=lambda: self.now,
            jitter=lambda: self.jitter(),
            paused=lambda: self.off,
        )

    @property
    def row(self) -> Save:
        assert self.store is not None
        (found,) = self.store.waiting()
        return found

    @property
    def waits(self) -> bool:
        assert self.store is not None
        return bool(self.store.waiting())

    @property
    def told(self) -> list[str]:
        assert self.store is not None
        return [row.text for row in self.store.attention() if row.scope == "hook:e1"]

    def save(self, *sections: str) -> None:
        assert self.store is not None
        self.store.accept(Save("w1", "e1", sections, self.now))

    def look(self, hours: float = 0.0) -> datetime | None:
        self.now += timedelta(hours=hours)
        return self.worker.drain()

    def _push(self, employee: str, sections: tuple[str, ...]) -> Pushed:
        self.at.append(self.now)
        if isinstance(self.answer, AgentError):
            raise self.answer
        return self.answer


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    hours=st.integers(1, 100),
    jitter=st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=1, max_size=30),
    restarts=st.sets(st.integers(0, 12)),
)
def test_H3_the_waits_grow_within_their_jitter_and_end_in_time_whatever_restarts(
    hours: int, jitter: list[float], restarts: set[int]
) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder), hours)
        drawn = iter(range(10**6))
        desk.jitter = lambda: jitter[next(drawn) % len(jitter)]
        end = START + timedelta(hours=hours)
        desk.save()
        again, tries = desk.look(), 0
        while again is not None:
            wait, usual = (again - desk.now).total_seconds(), TRIES[min(tries, len(TRIES) - 1)]
            assert again == end or 0.75 * usual <= wait <= 1.25 * usual
            assert desk.row.tries == tries + 1
            if tries in restarts:
                desk.restart()
                desk.now = desk.now + (again - desk.now) / 2
                assert desk.worker.drain() == again, "never earlier after a restart"
            tries += 1
            desk.now = again
            again = desk.look()
        assert desk.now == end == desk.at[-1]
        assert len(desk.at) == tries + 1 >= 4
        (text,) = desk.told
        assert "cannot be reached" in text and "try it again" in text
        assert desk.store is not None
        desk.store.close()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def _parked(desk: Desk) -> None:
    desk.answer = Parked("xero", desk.now + timedelta(hours=20))
    desk.look()
    desk.restart()
    desk.look(20)


def _no_sign_in(desk: Desk) -> None:
    desk.answer = NotConnected("xero")
    desk.look()
    desk.restart()
    desk.look(20)


def _switched_off(desk: Desk) -> None:
    desk.off = True
    desk.look()
    desk.restart()
    desk.look(10)
    desk.restart()
    desk.now += timedelta(hours=10)
    desk.off = False
    desk.restart()


@pytest.mark.parametrize("how", [_parked, _no_sign_in, _switched_off])
def test_H3_X4_time_that_is_not_the_saves_own_counts_neither_as_time_nor_as_a_try_over_a_restart(
    desk: Desk, how: Callable[[Desk], None]
) -> None:
    desk.save()
    desk.look()
    assert desk.row.tries == 1
    desk.now = START + timedelta(hours=1)
    for _ in range(5):  # a hundred hours of the seventy-two
        how(desk)
        assert (desk.row.tries, desk.told) == (1, [])
    desk.answer = Unreachable("xero")
    while desk.waits:
        again = desk.look()
        desk.now = again or desk.now
    assert abs((desk.now - START) - timedelta(hours=172)) < timedelta(seconds=5 * NO_SIGN_IN)
    assert len(desk.told) == 1


def test_H2_what_earlier_looks_saw_written_is_known_after_a_restart(desk: Desk) -> None:
    desk.answer = Pushed("done", ("mobile",))
    desk.save("details", "bank-accounts")
    again = desk.look()
    assert (desk.row.seen, again) == (("details",), START + timedelta(seconds=LOOKS[0]))
    desk.restart()
    desk.answer = Pushed("done", ("bank_accounts",))
    desk.look(1)
    assert not desk.waits and desk.told == []


def test_R1_a_save_whose_record_is_at_work_elsewhere_comes_back_soon_and_holds_up_nobody(
    desk: Desk,
) -> None:
    desk.save()
    assert desk.store is not None
    desk.store.accept(Save("w2", "e2", (), desk.now))
    desk.answer = Busy()
    again = desk.look()
    assert len(desk.at) == 2
    assert again == START + timedelta(seconds=BUSY)
    assert {row.tries for row in desk.store.waiting()} == {0}
