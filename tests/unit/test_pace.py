"""How many people a run verifies within the day's calls (X2), and how long a run still takes (R4)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import pace
from agent.transport.urgency import PUSH, VERIFY, Urgency
from agent.xero.budget import KEPT_OF_DAY

EVERY = 3.0


@pytest.mark.parametrize(
    ("people", "part", "overdue", "spare", "now"),
    [
        (400, 1 / 8, 0, None, 50),
        (401, 1 / 8, 0, None, 51),
        (3, 1 / 8, 0, None, 1),
        (0, 1 / 8, 0, None, 0),
        (400, 1 / 8, 120, None, 120),  # who was missed is made up for
        (400, 1 / 8, 120, 70, 70),
        (400, 1 / 8, 0, 0, 0),
        (400, 1.0, 400, None, 400),
    ],
)
def test_X2_a_run_verifies_its_part_and_whoever_is_late_as_far_as_calls_allow(
    people: int, part: float, overdue: int, spare: int | None, now: int
) -> None:
    assert pace.verified_now(people, part, overdue, spare) == now


@pytest.mark.parametrize(
    ("left", "kept", "runs", "spare"),
    [
        (None, 1000, 16, None),
        (5000, 1000, 16, 250),
        (1001, 1000, 16, 1),
        (1000, 1000, 16, 0),
        (10, 1000, 16, 0),
        (1400, 1000, 1, 400),
        (1400, 1000, 0, 400),
    ],
)
def test_X2_what_is_left_beyond_the_reserve_is_divided_by_the_runs_left(
    left: int | None, kept: int, runs: int, spare: int | None
) -> None:
    assert pace.spare(left, kept, runs) == spare


@pytest.mark.parametrize(
    ("hours", "runs_a_cycle", "left"),
    [
        (None, 1, 8),
        (None, 2, 16),
        (24.0, 1, 8),
        (3.0, 2, 2),
        (0.5, 1, 1),
        (-2.0, 1, 1),
        (7.0, 1, 3),
    ],
)
def test_X2_the_runs_left_are_those_until_xeros_day_begins_anew(
    hours: float | None, runs_a_cycle: int, left: int
) -> None:
    assert pace.runs_left(hours, EVERY, runs_a_cycle) == left


def test_X2_verification_leaves_as_much_of_the_day_as_the_gate_keeps_from_it() -> None:
    reserve = max(share for urgency, share in KEPT_OF_DAY.items() if PUSH < urgency < VERIFY)
    assert KEPT_OF_DAY[Urgency.VERIFY] == pytest.approx(reserve * pace.kept(1))


@settings(deadline=None, max_examples=80)
@given(
    people=st.integers(1, 300),
    calls=st.integers(50, 500),
    runs_a_cycle=st.integers(1, 2),
    data=st.data(),
)
def test_X2_within_a_full_round_everybody_is_verified_and_the_reserve_is_never_touched(
    people: int, calls: int, runs_a_cycle: int, data: st.DataObject
) -> None:
    """Plays runs over days: each verifies those read longest ago, beside other work of its own."""
    kept = pace.kept(calls // 10)
    other = data.draw(st.integers(0, max(0, (calls - kept) // 20)), label="other calls of a run")
    runs_a_day = pace.runs_left(None, EVERY, runs_a_cycle)
    part = pace.part_of_a_run(EVERY, 24.0, runs_a_cycle)
    for_others = other * runs_a_day
    hours = pace.round_hours(people, calls, kept + for_others, 24.0)
    assert hours is not None
    verified = [-1000.0] * people  # hours
    end = hours + 24.0
    for run in range(int(end / 24 * runs_a_day) + 1):
        at = run * 24 / runs_a_day
        if run % runs_a_day == 0:
            left = calls
        spare = pace.spare(left, kept, runs_a_day - run % runs_a_day)
        overdue = sum(then < at - (24.0 - EVERY) for then in verified)
        count = pace.verified_now(people, part, overdue, spare)
        verified.sort()
        verified[:count] = [at] * min(count, people)
        assert count == 0 or left - count >= kept
        left -= count + other
    assert min(verified) >= 0.0


def test_X2_a_full_round_takes_as_long_as_the_days_calls_demand() -> None:
    assert pace.round_hours(400, 5000, 1000, 24.0) == 24.0
    assert pace.round_hours(8000, 5000, 1000, 24.0) == 48.0
    assert pace.round_hours(400, 5000, 1000, 6.0) == 6.0
    assert pace.round_hours(400, 1000, 1000, 24.0) is None
    assert pace.round_hours(0, 5000, 1000, 24.0) == 24.0


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (1, "1 hour"),
        (24, "24 hours"),
        (30.2, "31 hours"),
        (48, "48 hours"),
        (49, "3 days"),
        (96, "4 days"),
    ],
)
def test_X2_a_round_is_told_in_hours_or_days_and_never_too_short(hours: float, told: str) -> None:
    assert pace.in_words(hours) == told


@pytest.mark.parametrize(
    ("done", "total", "elapsed", "calls_each", "minute_left", "seconds"),
    [
        (0, 100, 0.0, 1, None, None),  # nothing tells it yet
        (0, 100, 0.0, 1, 60, 40),  # 60 at once, the others one a second
        (0, 50, 0.0, 1, 60, 0),
        (0, 50, 0.0, 3, 60, 90),
        (50, 100, 100.0, 1, 60, 100),  # slower than the limit: as so far
        (50, 100, 5.0, 1, 0, 50),  # faster than the limit: not for long
        (50, 100, 5.0, 1, None, 5),
        (100, 100, 5.0, 1, 0, 0),
        (50, 100, -5.0, 1, 0, 50),  # a clock that was set back
    ],
)
def test_R4_time_left_is_by_the_pace_so_far_and_never_less_than_the_limit_permits(
    done: int, total: int, elapsed: float, calls_each: int, minute_left: int | None, seconds: int
) -> None:
    found = pace.seconds_left(done, total, elapsed, calls_each=calls_each, minute_left=minute_left)
    assert found == seconds


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "less than a minute"), (60, "a minute"), (840, "14 minutes"), (9000, "about 2 hours")],
)
def test_R4_time_left_is_told_as_a_person_asks_for_it(seconds: int, told: str) -> None:
    assert pace.time_left(seconds) == told
