"""Xero's limits: what the ledger allows, and that a server with fixed windows never has to say
429.
"""

import heapq
import itertools
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import Parked, Stopped
from agent.xero.budget import DAY, Gate, Ledger

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def told(minute: int = 59, day: int = 4999) -> dict[str, str]:
    """The headers of one of Xero's answers."""
    return {"X-MinLimit-Remaining": str(minute), "x-daylimit-remaining": str(day)}


def seeded(**left: int) -> Ledger:
    """A ledger after its first call, which took place at second 0."""
    ledger = Ledger()
    ledger.answered(0, told(**left), 200, ledger.started(0))
    return ledger


def test_X4_the_first_call_goes_alone() -> None:
    ledger = Ledger()
    assert ledger.ask(0) == 0
    first = ledger.started(0)
    assert ledger.ask(0) > 0
    ledger.answered(1, told(), 200, first)
    assert ledger.ask(1) == 0


def test_X4_a_first_call_that_tells_nothing_is_followed_by_another_alone() -> None:
    ledger = Ledger()
    for status in (None, 503, 401):
        ledger.answered(0, {}, status, ledger.started(0))
    ledger.started(0)
    assert ledger.ask(0) > 0


def test_a_side_that_names_no_limits_is_not_called_one_by_one_for_ever() -> None:
    ledger = Ledger()
    ledger.answered(0, {}, 200, ledger.started(0))
    ledger.started(0)
    assert ledger.ask(0) == 0


def test_X1_five_calls_at_once_and_no_sixth() -> None:
    ledger = seeded()
    for _ in range(5):
        assert ledger.ask(0) == 0
        ledger.started(0)
    assert ledger.ask(0) > 0


def test_X1_a_place_in_the_minute_is_free_60_seconds_after_the_answer() -> None:
    ledger = seeded()
    for _ in range(59):
        ledger.answered(10, {}, 200, ledger.started(1))
    assert ledger.ask(10) == 50
    assert ledger.ask(59.9) == pytest.approx(0.1)
    assert ledger.ask(60) == 0


def test_X4_what_an_earlier_process_used_counts_as_used_just_now() -> None:
    ledger = seeded(minute=10)
    for _ in range(10):
        assert ledger.ask(0) == 0
        ledger.answered(0, {}, 200, ledger.started(0))
    assert ledger.ask(0) == 60


def test_a_call_that_never_left_gives_its_place_back() -> None:
    ledger = seeded(minute=1, day=1)
    ledger.started(0)
    ledger.nothing_sent(0)
    assert (ledger.ask(0), ledger.day_left) == (0, 1)


def test_a_used_up_day_makes_no_call_until_a_day_later() -> None:
    ledger = seeded(day=1)
    ledger.answered(100, told(day=0), 200, ledger.started(100))
    assert ledger.ask(100) == DAY - 100
    assert ledger.ask(DAY) == 0
    ledger.started(DAY)
    assert ledger.ask(DAY) > 0, "the new day is met as after a start"


def test_calls_on_their_way_count_against_the_day() -> None:
    ledger = seeded(day=2)
    ledger.started(0)
    ledger.started(0)
    assert ledger.ask(0) > 90


def test_answers_that_overtake_each_other_make_the_day_neither_longer_nor_later() -> None:
    ledger = seeded(day=2)
    first, second = ledger.started(100), ledger.started(100)
    ledger.answered(101, told(day=0), 200, second)
    ledger.answered(102, told(day=1), 200, first)
    assert ledger.ask(102) == DAY - 102


def test_a_late_answer_of_the_old_day_does_not_use_up_the_new_one() -> None:
    ledger = seeded(day=20)
    slow = ledger.started(0)
    ledger.answered(1, told(day=18), 200, ledger.started(1))
    ledger.answered(2, told(day=4999), 200, ledger.started(2))
    ledger.answered(3, told(day=0), 200, slow)
    assert ledger.day_left == 4998


def test_a_new_day_of_xeros_is_noticed_by_its_rising_count() -> None:
    ledger = seeded(day=20)
    ledger.answered(0, told(day=4999), 200, ledger.started(0))
    assert ledger.day_left == 4999


@pytest.mark.parametrize("value", ["", "-1", "many", "²", "9" * 12])
def test_a_header_of_an_odd_form_is_no_count(value: str) -> None:
    ledger = Ledger()
    ledger.answered(
        0, {"X-DayLimit-Remaining": value, "X-MinLimit-Remaining": value}, 200, ledger.started(0)
    )
    assert (ledger.ask(0), ledger.day_left) == (0, None)


@dataclass
class FixedWindows:
    """Xero as published: fixed windows of unknown phase, 5 at once. Counts a call when it
    arrives.
    """

    phase: float
    used_before: int
    day: int = 5000
    day_phase: float = 0.0
    day_lasts: float = DAY
    count: dict[int, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    inside: int = 0
    refused: int = 0

    def window(self, now: float) -> int:
        """Which minute this instant belongs to."""
        return int((now + self.phase) // 60)

    def arrive(self, now: float) -> dict[str, str]:
        """Take a call in; its answer's headers. Counts what it would have had to refuse."""
        window, day = self.window(now), int((now + self.day_phase) // self.day_lasts)
        self.count[window] = self.count.get(window, 0) + 1
        self.days[day] = self.days.get(day, 0) + 1
        self.inside += 1
        before = self.used_before if window == self.window(0) else 0
        used = self.count[window] + before
        self.refused += used > 60 or self.inside > 5 or self.days[day] > self.day
        return told(60 - used, self.day - self.days[day])

    def leave(self) -> None:
        """A call has been answered."""
        self.inside -= 1


@st.composite
def many_calls(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Calls enough to fill minutes: how long each takes, and at which share of that it
    arrives.
    """
    luck = random.Random(draw(st.integers(0, 2**32)))
    longest = draw(st.sampled_from([0.0, 0.5, 5.0, 30.0]))
    return [(luck.uniform(0, longest), luck.choice([0, luck.random(), 1])) for _ in range(150)]


def run(ledger: Ledger, server: FixedWindows, calls: list[tuple[float, float]]) -> float:
    """Make the calls as fast as the ledger lets them; the second at which the last one ended."""
    now, order = 0.0, itertools.count()
    events: list[tuple[float, int, str, dict[str, str], int]] = []
    waiting = list(calls)
    while waiting or events:
        wait = ledger.ask(now) if waiting else float("inf")
        if wait <= 0:
            took, share = waiting.pop()
            answer: dict[str, str] = {}
            ticket = ledger.started(now)
            heapq.heappush(events, (now + took * share, next(order), "arrives", answer, ticket))
            heapq.heappush(events, (now + took, next(order), "ends", answer, ticket))
        elif events and events[0][0] <= now + wait:
            now, _, what, answer, ticket = heapq.heappop(events)
            if what == "arrives":
                answer.update(server.arrive(now))
            else:
                server.leave()
                ledger.answered(now, answer, 200, ticket)
        else:
            now += max(wait, 0.001)
    return now


@settings(max_examples=80, deadline=None)
@given(many_calls(), st.floats(0, 60), st.integers(0, 59))
def test_X1_a_server_with_fixed_windows_never_has_to_say_429(
    calls: list[tuple[float, float]], phase: float, used_before: int
) -> None:
    server = FixedWindows(phase, used_before)
    run(Ledger(), server, calls)
    assert server.refused == 0


@settings(max_examples=150, deadline=None)
@given(many_calls(), st.integers(1, 90), st.floats(0, 300), st.sampled_from([40.0, 150.0, 300.0]))
def test_X1_a_days_allowance_is_never_overdrawn_over_many_days(
    calls: list[tuple[float, float]], day: int, day_phase: float, day_lasts: float
) -> None:
    server = FixedWindows(0.0, 0, day, day_phase, day_lasts)
    run(Ledger(day=day_lasts), server, calls)
    assert server.refused == 0


def test_the_property_can_fail_a_ledger_that_frees_places_too_early_earns_a_429() -> None:
    server = FixedWindows(phase=0.0, used_before=0)
    run(Ledger(minute=50.0), server, [(0.1, 0.5)] * 200)
    assert server.refused > 0


def test_X1_the_limit_is_used_and_not_only_kept() -> None:
    server = FixedWindows(phase=0.0, used_before=0)
    assert run(Ledger(), server, [(0.1, 0.5)] * 180) < 125


class Clocks:
    """Both clocks of a gate, moved by its waits."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.stored: list[datetime | None] = []

    def now(self) -> datetime:
        """The UTC clock."""
        return NOW + timedelta(seconds=self.seconds)

    def pause(self, turn: threading.Condition, seconds: float) -> None:
        """A wait takes as long as it may."""
        self.seconds += seconds

    def gate(self, ledger: Ledger, parked_until: datetime | None = None) -> Gate:
        """A gate on these clocks."""
        return Gate(
            ledger,
            clock=self.now,
            steady=lambda: self.seconds,
            pause=self.pause,
            park=self.stored.append,
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
