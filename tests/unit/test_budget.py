"""Xero's limits: what the ledger allows, and that a server with fixed windows never has to say
429.
"""

import heapq
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.limits.memory import Use
from agent.limits.places import UNTIL_ANSWER
from agent.transport.urgency import EXPORT, IMPORT, PUSH, VERIFY, Urgency
from agent.xero.budget import AT_ONCE, DAY, Ledger
from tests.unit.xero_windows import FixedWindows, told


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


@st.composite
def many_calls(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Calls enough to fill minutes: how long each takes, and at which share of that it
    arrives.
    """
    luck = random.Random(draw(st.integers(0, 2**32)))
    longest = draw(st.sampled_from([0.0, 0.5, 5.0, 30.0]))
    return [(luck.uniform(0, longest), luck.choice([0, luck.random(), 1])) for _ in range(150)]


def run(
    ledger: Ledger,
    server: FixedWindows,
    calls: list[tuple[float, float]],
    urgency: Urgency = PUSH,
) -> float:
    """Make the calls as fast as the ledger lets them; the second at which the last one ended."""
    now, order = 0.0, itertools.count()
    events: list[tuple[float, int, str, dict[str, str], int]] = []
    waiting = list(calls)
    while waiting or events:
        wait = ledger.ask(now, urgency) if waiting else float("inf")
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


# --- what is kept for pushes


def test_X1_an_import_leaves_a_push_its_places_in_the_minute() -> None:
    ledger = seeded()
    for _ in range(56):
        assert ledger.ask(10, IMPORT) == 0
        ledger.answered(10, {}, 200, ledger.started(10))
    assert (ledger.ask(10, IMPORT), ledger.ask(10, PUSH)) == (50, 0)
    for _ in range(3):
        assert ledger.ask(10, PUSH) == 0
        ledger.answered(10, {}, 200, ledger.started(10))
    assert (ledger.ask(10, IMPORT), ledger.ask(10, PUSH)) == (60, 50)


def test_X1_an_export_leaves_a_push_one_of_the_calls_at_once() -> None:
    ledger = seeded()
    for _ in range(AT_ONCE - 1):
        assert ledger.ask(0, EXPORT) == 0
        ledger.started(0)
    assert (ledger.ask(0, EXPORT), ledger.ask(0, PUSH)) == (UNTIL_ANSWER, 0)
    ledger.started(0)
    assert ledger.ask(0, PUSH) == UNTIL_ANSWER


@pytest.mark.parametrize(("limit", "kept", "of_verifying"), [(5000, 500, 1000), (1000, 100, 200)])
def test_X1_a_share_of_the_day_is_kept_for_pushes(limit: int, kept: int, of_verifying: int) -> None:
    def asked(left: int) -> list[bool]:
        ledger = Ledger(limit)
        ledger.answered(0, told(day=left), 200, ledger.started(0))
        return [ledger.ask(0, urgency) == 0 for urgency in Urgency]

    assert asked(of_verifying + 1) == [True, True, True, True]
    assert asked(of_verifying) == [True, True, True, False]
    assert asked(kept + 1) == [True, True, True, False]
    assert asked(kept) == [True, False, False, False]
    assert asked(1) == [True, False, False, False]
    assert asked(0) == [False, False, False, False]


def test_X1_what_is_kept_of_the_day_is_kept_until_its_window_ends() -> None:
    ledger = Ledger(1000)
    ledger.answered(50, told(day=100), 200, ledger.started(50))
    assert ledger.ask(80, IMPORT) == DAY - 30
    ledger.answered(90, told(day=999), 200, ledger.started(90))
    assert ledger.ask(90, IMPORT) == 0, "a push has met the new window"


def test_X1_the_setting_bounds_the_day_where_xero_names_more() -> None:
    ledger = Ledger(limit=3)
    for _ in range(3):
        assert ledger.ask(10) == 0
        ledger.answered(10, told(day=4000), 200, ledger.started(10))
        assert ledger.day_left == 3 - ledger.use(10).day_used
    assert ledger.ask(10) == DAY
    assert ledger.ask(10 + DAY) == 0


def test_X1_the_setting_counts_what_an_earlier_process_used_of_its_day() -> None:
    ledger = Ledger(limit=10)
    ledger.recall(1000, Use(0, 0, 0.0, day_used=9, day_age=500.0))
    assert ledger.ask(1000) == 0
    ledger.answered(1000, told(day=4000), 200, ledger.started(1000))
    assert ledger.ask(1000) == DAY - 500


def test_X1_a_window_that_xero_begins_begins_the_settings_day_too() -> None:
    ledger = Ledger(limit=1000)
    ledger.answered(0, told(day=300), 200, ledger.started(0))
    for _ in range(700):
        ledger.answered(0, {}, 200, ledger.started(0))
    ledger.answered(1, told(day=999), 200, ledger.started(1))
    assert ledger.day_left == 999


def test_X1_a_pause_that_is_over_does_not_give_the_settings_day_back() -> None:
    ledger = Ledger(limit=3)
    for _ in range(2):
        ledger.answered(10, told(day=4000), 200, ledger.started(10))
    ledger.pause_over()
    ledger.answered(20, told(day=3990), 200, ledger.started(20))
    assert ledger.ask(20) == DAY - 10


def test_X1_a_tier_below_the_setting_is_learnt_from_a_day_that_begins() -> None:
    ledger = Ledger(5000)
    ledger.answered(0, told(day=400), 200, ledger.started(0))
    assert ledger.left(0).reserve == 500
    ledger.answered(1, told(day=999), 200, ledger.started(1))
    assert (ledger.left(1).day_limit, ledger.left(1).reserve) == (1000, 100)


def test_X1_a_call_that_never_left_counts_towards_no_setting() -> None:
    ledger = Ledger(limit=1)
    ledger.started(0)
    ledger.nothing_sent(0)
    assert ledger.ask(0) == 0


def test_what_is_left_is_told_in_plain_numbers() -> None:
    ledger = Ledger(1000)
    assert ledger.left(0).day_left is None
    assert ledger.left(0).day_ends is None
    ledger.answered(0, told(minute=50, day=700), 200, ledger.started(0))
    assert ledger.left(30).minute_left == 60 - 10
    left = ledger.left(100)
    assert (left.minute_left, left.day_left, left.day_limit, left.reserve) == (60, 700, 1000, 100)
    assert left.day_ends == DAY - 100


def test_the_days_end_is_never_told_as_past() -> None:
    ledger = Ledger()
    ledger.started(0)
    assert ledger.left(DAY + 5).day_ends == 0
    ledger.answered(0, told(), 200, 0)
    assert ledger.left(DAY + 5).day_ends == 0
    assert ledger.left(DAY - 0.5).day_ends == 0.5


def test_X1_where_there_is_one_place_a_run_may_have_it() -> None:
    ledger = Ledger(at_once=1, a_minute=2)
    assert ledger.ask(0, IMPORT) == 0
    ledger.answered(0, {}, 200, ledger.started(0))
    assert ledger.ask(0, IMPORT) == 60, "one place of a minute, too"
    assert ledger.ask(0, PUSH) == 0
    ledger.started(0)
    assert ledger.ask(60, IMPORT) == UNTIL_ANSWER


def test_X1_a_first_import_uses_95_percent_of_every_full_minute() -> None:
    server = FixedWindows(phase=0.0)
    ended = run(Ledger(), server, [(0.15, 0.5)] * 600, IMPORT)
    full = [server.count[window] for window in range(int(ended // 60))]
    assert len(full) == 10
    assert min(full) >= 57
    assert server.refused == 0


@st.composite
def turns(draw: st.DrawFn) -> list[tuple[Urgency, float]]:
    """Callers of mixed urgency, and how long each call takes."""
    luck = random.Random(draw(st.integers(0, 2**32)))
    return [(luck.choice(list(Urgency)), luck.choice([0.0, 0.2, 5.0])) for _ in range(200)]


@settings(max_examples=60, deadline=None)
@given(turns(), st.integers(5, 120), st.integers(5, 120), st.floats(0, 60))
def test_X1_no_lower_urgency_ever_takes_what_is_kept_and_a_higher_one_may_go_before(
    callers: list[tuple[Urgency, float]], day: int, limit: int, phase: float
) -> None:
    ledger, server = Ledger(limit), FixedWindows(phase, day=day)
    now, under_way = 0.0, list[tuple[float, dict[str, str], int]]()
    started = 0
    for urgency, took in callers:
        may = [ledger.ask(now, level) <= 0 for level in Urgency]
        assert may == sorted(may, reverse=True), "where a lower one may go a higher one may"
        if may[urgency]:
            ticket = ledger.started(now)
            started += 1
            under_way.append((now + took, server.arrive(now), ticket))
            if urgency != PUSH:
                assert len(under_way) <= AT_ONCE - 1
                assert server.count[server.window(now)] <= 57
                assert limit - started >= int(limit * 0.1) - 1
        now += 0.4
        for end, headers, ticket in [one for one in under_way if one[0] <= now]:
            under_way.remove((end, headers, ticket))
            server.leave()
            ledger.answered(now, headers, 200, ticket)
    assert server.refused == 0
    assert started <= min(limit, day)


def test_X1_verification_yields_first_and_pushes_last() -> None:
    ledger, made = Ledger(1000), dict.fromkeys(Urgency, 0)
    left, now = 1000, 0.0
    for urgency in (VERIFY, IMPORT, EXPORT, PUSH):
        while ledger.ask(now, urgency) < 100:
            now += ledger.ask(now, urgency)
            left -= 1
            ledger.answered(now, {"x-daylimit-remaining": str(left)}, 200, ledger.started(now))
            made[urgency] += 1
    assert made == {VERIFY: 800, IMPORT: 100, EXPORT: 0, PUSH: 100}
