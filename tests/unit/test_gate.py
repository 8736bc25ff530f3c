"""The gate before a side: who waits, who goes first, who is told to come back later, and what outlives the process."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import Parked, Stopped
from agent.hra.ceiling import A_MINUTE, AT_ONCE, ceiling
from agent.limits.gate import Gate
from agent.limits.ledger import Ledger as Limits
from agent.store.house import House
from agent.transport.urgency import (
    EXPORT,
    IMPORT,
    PUSH,
    VERIFY,
    Carrying,
    Urgency,
    urgency,
    working,
)
from agent.xero.budget import DAY, Ledger
from tests.unit.xero_windows import told

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


WEEK = 7 * DAY


class Clocks:
    """Both clocks of a gate, moved by its waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.skew = timedelta()
        self.stored: list[datetime | None] = []

    def now(self) -> datetime:
        """The UTC clock."""
        return NOW + timedelta(seconds=self.seconds) + self.skew

    def pause(self, turn: threading.Condition, seconds: float) -> None:
        """A wait takes as long as it may."""
        self.seconds += seconds

    def gate(
        self,
        ledger: Limits,
        parked_until: datetime | None = None,
        park: Callable[[datetime | None], None] | None = None,
    ) -> Gate:
        """A gate on these clocks."""
        return Gate(
            "xero",
            ledger,
            clock=self.now,
            steady=lambda: self.seconds,
            pause=self.pause,
            park=park or self.stored.append,
            parked_until=parked_until,
        )


def test_X1_the_61st_call_waits_and_goes() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    for used in range(61):
        with gate.call() as place:
            place.answered(200, told(minute=max(59 - used, 0)))
    assert clocks.seconds == 60


def test_X4_a_pause_that_xero_asked_for_is_stored_and_obeyed() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(429, {"Retry-After": "120", "X-Rate-Limit-Problem": "minute"})
    with pytest.raises(Parked) as caught, gate.call():
        pytest.fail("a call while parked")
    assert caught.value.until == NOW + timedelta(minutes=2)
    assert clocks.stored == [NOW + timedelta(minutes=2)]
    clocks.seconds = 120
    with gate.call() as place:
        place.answered(200, told())
    assert clocks.stored[-1] is None
    assert gate.parked_until is None


def test_X4_a_stored_pause_is_obeyed_after_a_restart() -> None:
    gate = Clocks().gate(Ledger(), NOW + timedelta(hours=3))
    with pytest.raises(Parked), gate.call():
        pytest.fail("a call while parked")


def test_X1_a_used_up_day_parks_without_a_call() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(200, told(day=0))
    with pytest.raises(Parked) as caught, gate.call():
        pytest.fail("a call on a used-up day")
    assert caught.value.until == NOW + timedelta(days=1)
    assert clocks.stored == [NOW + timedelta(days=1)]


def test_X1_xeros_own_word_on_when_the_day_is_over_wins() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(429, {**told(day=0), "Retry-After": "7200"})
    clocks.seconds = 7200
    with gate.call() as place:
        place.answered(200, told())
    assert gate.day_left == 4999


def test_a_call_that_fails_inside_gives_its_place_back() -> None:
    gate = Clocks().gate(Ledger(at_once=1))
    with pytest.raises(ValueError, match="inside"), gate.call():
        raise ValueError("inside")
    with gate.call() as place:
        place.nothing_sent()
    with gate.call():
        pass


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(200, told())
    with gate.call() as first, gate.call() as second:
        second.answered(429, {"Retry-After": "7200"})
        first.answered(429, {"Retry-After": "30"})
    assert gate.parked_until == NOW + timedelta(hours=2)


def test_several_threads_never_exceed_the_calls_at_once() -> None:
    clocks, lock = Clocks(), threading.Lock()
    gate = clocks.gate(Ledger(at_once=3, a_minute=1000))
    gate._pause = threading.Condition.wait
    inside, most, done = 0, 0, 0

    def work() -> None:
        nonlocal inside, most, done
        for _ in range(20):
            with gate.call() as place:
                with lock:
                    inside += 1
                    most = max(most, inside)
                place.answered(200, {})
                with lock:
                    inside -= 1
                    done += 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == 160
    assert most <= 3


def test_closing_lets_nobody_wait() -> None:
    gate = Clocks().gate(Ledger())
    gate._pause = threading.Condition.wait
    caught: list[BaseException] = []

    def wait() -> None:
        try:
            with gate.call():
                pytest.fail("went through")
        except Stopped as error:
            caught.append(error)

    with gate.call():
        thread = threading.Thread(target=wait)
        thread.start()
        gate.close()
        thread.join()
    assert len(caught) == 1


# --- who goes first


class Queue:
    """Callers in threads, each of its urgency, at a gate with one place that is taken. `order` is how they got through."""

    def __init__(self, at_once: int = 1) -> None:
        self.clocks = Clocks()
        self.gate = self.clocks.gate(Ledger(at_once=at_once))
        self.gate._pause = self._pause
        self.queued = threading.Semaphore(0)
        self.order: list[Urgency] = []
        self.errors: list[BaseException] = []
        self.unwoken = 0
        self.threads: list[threading.Thread] = []
        self.raises: BaseException | None = None
        self.inside: Callable[[float], object] = lambda patience: None

    def join(self, level: Urgency) -> None:
        """One more caller, who waits by the time this returns."""
        self.threads.append(threading.Thread(target=self._call, args=(level,)))
        self.threads[-1].start()
        assert self.queued.acquire(timeout=20)

    def all_through(self) -> None:
        """Wait for everybody."""
        for thread in self.threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in self.threads)

    def _call(self, level: Urgency) -> None:
        try:
            with working(level), self.gate.call() as place:
                self.order.append(level)
                self.inside(5)
                place.answered(200, {})
        except BaseException as error:
            self.errors.append(error)

    def _pause(self, turn: threading.Condition, seconds: float) -> None:
        self.queued.release()
        raises, self.raises = self.raises, None
        if raises:
            raise raises
        # Only being told may end this wait: the time-out is for a test that fails.
        self.unwoken += not turn.wait(20)


def test_X1_those_who_wait_go_by_urgency_and_then_in_their_order() -> None:
    queue = Queue()
    with queue.gate.call() as place:
        for level in (VERIFY, IMPORT, PUSH, EXPORT, IMPORT, PUSH, VERIFY):
            queue.join(level)
        place.answered(200, told())
    queue.all_through()
    assert queue.order == [PUSH, PUSH, EXPORT, IMPORT, IMPORT, VERIFY, VERIFY]
    assert queue.unwoken == 0


def test_X1_equals_go_in_the_order_in_which_they_came() -> None:
    queue = Queue()
    seen: list[int] = []
    with queue.gate.call():
        for number in range(5):
            queue.join(IMPORT)
            name = queue.threads[-1].name
            queue.threads[-1].name = f"{number} {name}"
        append = queue.order.append
        queue.order = _Watched(append, seen)
    queue.all_through()
    assert seen == [0, 1, 2, 3, 4]


class _Watched(list[Urgency]):
    def __init__(self, append: Callable[[Urgency], None], seen: list[int]) -> None:
        super().__init__()
        self._through, self._seen = append, seen

    def append(self, level: Urgency) -> None:
        self._seen.append(int(threading.current_thread().name.split()[0]))
        self._through(level)


def test_X1_a_push_goes_beside_an_import_that_uses_all_it_may() -> None:
    gate = Clocks().gate(Ledger())
    with gate.call() as place:
        place.answered(200, told())
    with ExitStack() as running:
        with working(IMPORT):
            for _ in range(4):
                running.enter_context(gate.call())
        with gate.call() as place:
            place.answered(200, {})


def test_X1_a_full_minute_wakes_the_push_before_the_import_that_came_first() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    for used in range(60):
        with gate.call() as place:
            place.answered(200, told(minute=59 - used))
    order: list[Urgency] = []
    inner: list[threading.Thread] = []
    waits = threading.Semaphore(0)

    def call(level: Urgency) -> None:
        with working(level), gate.call() as place:
            order.append(level)
            place.answered(200, {})

    def pause(turn: threading.Condition, seconds: float) -> None:
        waits.release()
        turn.wait(20)

    gate._pause = pause
    for level in (IMPORT, PUSH):
        inner.append(threading.Thread(target=call, args=(level,)))
        inner[-1].start()
        assert waits.acquire(timeout=20)
    clocks.seconds = 60
    with gate._turn:
        gate._turn.notify_all()
    for thread in inner:
        thread.join(20)
    assert order == [PUSH, IMPORT]


def test_X1_where_there_are_places_for_all_nobody_waits_for_an_answer() -> None:
    queue = Queue(at_once=5)
    inside = threading.Barrier(4)
    queue.inside = inside.wait
    with queue.gate.call() as place:
        for level in (VERIFY, IMPORT, EXPORT, PUSH):
            queue.join(level)
        place.answered(200, told())
    queue.all_through()
    assert sorted(queue.order) == [PUSH, EXPORT, IMPORT, VERIFY]
    assert queue.errors == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a fault of the wait")])
def test_one_who_gives_up_waiting_keeps_nobody_else_waiting(error: BaseException) -> None:
    queue = Queue()
    with queue.gate.call() as place:
        queue.join(IMPORT)
        queue.raises = error
        queue.join(PUSH)
        queue.threads[-1].join(20)
        place.answered(200, told())
    queue.all_through()
    assert queue.errors == [error]
    assert queue.order == [IMPORT]


def test_closing_lets_the_whole_queue_go() -> None:
    queue = Queue()
    with queue.gate.call():
        for level in Urgency:
            queue.join(level)
        queue.gate.close()
        queue.all_through()
    assert [type(error) for error in queue.errors] == [Stopped] * 4


def test_X1_what_is_kept_of_the_day_parks_a_run_alone_and_is_not_stored() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger(1000))
    with gate.call() as place:
        place.answered(200, told(day=100))
    with working(IMPORT), pytest.raises(Parked) as caught, gate.call():
        pytest.fail("a call of what is kept")
    assert caught.value.until == NOW + timedelta(days=1)
    assert "kept for eSS saves" in caught.value.sentence()
    with gate.call() as place:
        place.answered(200, told(day=99))
    assert (clocks.stored, gate.parked_until) == ([], None)
    standing = gate.standing()
    assert (standing.day_left, standing.day_limit, standing.reserve) == (99, 1000, 100)
    assert standing.day_ends == NOW + timedelta(days=1)


def test_X1_a_run_that_waits_is_parked_once_others_have_used_the_day_down_to_what_is_kept() -> None:
    queue = Queue()
    with queue.gate.call() as place:
        queue.join(VERIFY)
        place.answered(200, told(day=100))
    queue.all_through()
    assert [type(error) for error in queue.errors] == [Parked]


def test_work_that_nobody_named_is_a_persons_and_a_pool_carries_the_urgency_on() -> None:
    with Carrying(1) as pool:
        with working(IMPORT):
            assert urgency() == IMPORT
            with working(VERIFY):
                inside = pool.submit(urgency)
            assert (inside.result(), pool.submit(urgency).result()) == (VERIFY, IMPORT)
        assert (urgency(), pool.submit(urgency).result()) == (PUSH, PUSH)


# --- pauses


LATER = "Mon, 02 Mar 2026 09:02:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "120"}, 120),
        ({"retry-after": " 120 "}, 120),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": LATER}, 120),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "Mon, 02 Mar 1996 09:02:00 GMT"}, 1),
        ({"Retry-After": "9" * 400}, WEEK),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, WEEK),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -1200"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "²"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_X4_retry_after_in_any_form_is_obeyed_for_a_week_at_most(
    headers: dict[str, str], seconds: float | None, status: int
) -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(status, headers)
    until = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert gate.parked_until == until
    assert clocks.stored == ([] if until is None else [until])
    clocks.seconds = seconds or 0
    with gate.call() as place:
        place.answered(200, told())


@pytest.mark.parametrize("skew", [timedelta(days=-4000), timedelta(days=400)])
def test_X4_a_clock_that_is_set_neither_ends_a_pause_nor_makes_it_longer(skew: timedelta) -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(429, {"Retry-After": "3600"})
    clocks.skew = skew
    clocks.seconds = 3599
    with pytest.raises(Parked) as caught, gate.call():
        pytest.fail("a call while parked")
    assert caught.value.until == clocks.now() + timedelta(seconds=1)
    assert clocks.stored[-1] == caught.value.until, "the next process reads the new clock"
    clocks.seconds = 3600
    with gate.call() as place:
        place.answered(200, told())


def test_X4_a_stored_pause_that_no_side_can_have_meant_is_over() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger(), NOW + timedelta(seconds=WEEK + 1))
    assert clocks.stored == [None]
    with gate.call() as place:
        place.answered(200, told())


def test_X4_a_clock_set_back_since_makes_no_stored_pause_longer_whatever_restarts(
    tmp_path: Path,
) -> None:
    now = [NOW + timedelta(days=3)]
    store = House(tmp_path, lambda: now[0])
    store.park("xero", now[0] + timedelta(hours=2))
    now[0] = NOW
    assert store.parked("xero") == NOW + timedelta(hours=2)
    now[0] = NOW + timedelta(hours=1)
    assert House(tmp_path, lambda: now[0]).parked("xero") == NOW + timedelta(hours=2)


def test_X4_a_machine_that_slept_through_the_pause_goes_on() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger(), NOW + timedelta(hours=8))
    clocks.seconds = 9 * 3600
    with gate.call() as place:
        place.answered(200, told())
    assert clocks.stored == [None]


def test_X4_a_disc_that_takes_nothing_swallows_no_answer() -> None:
    def full(until: datetime | None) -> None:
        raise OSError(28, "No space left on device")

    clocks = Clocks()
    gate = clocks.gate(Ledger(), park=full)
    with gate.call() as place:
        place.answered(429, {"Retry-After": "120"})
    with pytest.raises(Parked), gate.call():
        pytest.fail("a call while parked")


# --- HRA Cloud's own ceiling


def test_X1_hra_cloud_gets_no_more_than_our_own_ceiling() -> None:
    clocks = Clocks()
    gate = clocks.gate(ceiling())
    for _ in range(A_MINUTE):
        with gate.call() as place:
            place.answered(200, {})
    assert clocks.seconds == 0
    with ExitStack() as running:
        clocks.seconds = 60.0
        for _ in range(AT_ONCE):
            running.enter_context(gate.call())
        assert gate._ledger.ask(clocks.seconds, PUSH) > 0
    assert gate.standing().minute_left == A_MINUTE - AT_ONCE


def test_X1_a_whole_record_of_hra_cloud_is_read_at_once_by_a_run_and_a_push_goes_beside_it() -> (
    None
):
    ledger = ceiling()
    for _ in range(5):
        assert ledger.ask(0, IMPORT) == 0
        ledger.started(0)
    assert ledger.ask(0, IMPORT) > 0
    assert ledger.ask(0, PUSH) == 0


def test_L1_X4_another_organisation_is_not_parked_for_the_day_of_the_one_before() -> None:
    clocks = Clocks()
    gate = clocks.gate(Ledger())
    with gate.call() as place:
        place.answered(429, {"Retry-After": "80000", "X-DayLimit-Remaining": "0"})
    with pytest.raises(Parked), gate.call():
        pass
    gate.anew()
    assert clocks.stored[-1] is None
    with gate.call() as place:
        place.answered(200, told(59, 4999))
    assert gate.standing().day_left == 4999


def test_L1_X1_calls_at_another_organisation_do_not_count_in_this_ones_day() -> None:
    clocks, ledger = Clocks(), Ledger(3)
    gate = clocks.gate(ledger)
    for left in (2, 1):
        with gate.call() as place:
            place.answered(200, told(50, left))
    gate.anew()
    for left in (2, 1):
        with gate.call() as place:
            place.answered(200, told(50, left))
