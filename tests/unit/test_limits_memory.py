"""What one process leaves of Xero's limits to the next: stored ahead while it lives, exactly when it ends well."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.limits.memory import DAY_STEP, Memory
from agent.limits.places import UNTIL_ANSWER, Places
from agent.records import Spent
from agent.transport.urgency import IMPORT, PUSH
from agent.xero.budget import A_MINUTE, CROWD, DAY, Ledger
from tests.unit.xero_windows import told

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Process:
    """A ledger with its memory, on a clock that is moved by hand."""

    def __init__(self, spent: Spent | None = None, limit: int = 5000, at: float = 0.0) -> None:
        self.seconds = at
        self.stored: list[Spent] = []
        self.full = False
        self.ledger = Ledger(limit)
        self.memory = Memory(
            self.ledger,
            clock=lambda: NOW + timedelta(seconds=self.seconds),
            steady=lambda: self.seconds,
            store=self._store,
            spent=spent,
        )

    def begin(self) -> int:
        """One more call goes out."""
        self.memory.before_call()
        return self.ledger.started(self.seconds)

    def call(self, times: int = 1) -> None:
        """Calls, one after the other, in no time."""
        for _ in range(times):
            self.ledger.answered(self.seconds, {}, 200, self.begin())

    def _store(self, spent: Spent) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.stored.append(spent)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_X1_light_use_is_stored_ahead_of_the_call_with_one_that_may_be_under_way() -> None:
    process = Process()
    process.begin()
    assert process.stored == [Spent(after(70), 1, 1, NOW, DAY_STEP)]


def test_X1_two_calls_at_once_are_stored_as_a_full_minute() -> None:
    process = Process()
    process.call()
    process.begin()
    assert len(process.stored) == 1
    process.begin()
    assert process.stored[1] == Spent(after(70), A_MINUTE, 0, NOW, 2 + DAY_STEP)


def test_X1_half_a_minute_is_stored_as_a_full_one() -> None:
    process = Process()
    process.call(CROWD)
    assert all(one.places < A_MINUTE for one in process.stored)
    process.call()
    assert process.stored[-1].places == A_MINUTE


def test_X1_what_is_stored_holds_for_ten_seconds_and_is_then_stored_anew() -> None:
    process = Process()
    process.call()
    process.seconds = 9.9
    process.call()
    assert len(process.stored) == 1
    process.seconds = 10.0
    process.call()
    assert process.stored[1] == Spent(after(80), 3, 1, NOW, 2 + DAY_STEP)


def test_X1_what_could_not_be_stored_is_stored_with_the_next_call() -> None:
    process = Process()
    process.full = True
    process.call()
    process.full = False
    process.call()
    assert [one.places for one in process.stored] == [2]


@pytest.mark.parametrize(("limit", "step"), [(5000, 20), (1000, 20), (200, 4), (10, 1)])
def test_X1_the_stored_count_of_the_day_is_never_less_than_what_was_used(
    limit: int, step: int
) -> None:
    process = Process(limit=limit)
    for used in range(1, 10):
        process.seconds += 61
        process.call()
        assert used <= process.stored[-1].day_used < used + step


def test_X1_a_process_that_ends_well_leaves_exactly_what_it_used() -> None:
    process = Process()
    process.call(7)
    process.seconds = 20
    process.memory.at_end()
    assert process.stored[-1] == Spent(after(60), 7, 0, NOW, 7)
    before = list(process.stored)
    process.memory.at_end()
    assert process.stored == before


def test_X1_one_that_ends_with_a_call_under_way_says_so_until_its_answer_arrives() -> None:
    process = Process()
    ticket = process.begin()
    process.memory.at_end()
    assert process.stored[-1] == Spent(after(60), 1, 1, NOW, 1)
    process.begin()
    process.memory.at_end()
    assert process.stored[-1] == Spent(after(60), A_MINUTE, 0, NOW, 2)
    process.ledger.nothing_sent(0)
    process.ledger.answered(0, {}, 200, ticket)
    process.memory.at_end()
    assert process.stored[-1] == Spent(after(60), 1, 0, NOW, 1)


def test_X1_one_that_ends_well_tells_of_the_call_that_an_earlier_one_may_have_under_way() -> None:
    process = Process(Spent(after(30), 5, 1, NOW, 5))
    process.call()
    process.memory.at_end()
    assert process.stored[-1] == Spent(after(60), 6, 1, NOW, 6)


def test_X1_one_that_made_no_call_leaves_what_it_found() -> None:
    process = Process(Spent(after(30), 9, 1, NOW, 9))
    process.memory.at_end()
    assert process.stored == []


def test_X4_the_next_process_takes_over_minute_day_and_what_may_be_under_way() -> None:
    process = Process(Spent(after(30), 50, 1, after(-100), 80))
    left = process.ledger.left(0)
    assert left.minute_left == 10
    assert left.day_ends == DAY - 100
    process.ledger.answered(0, told(minute=9, day=4900), 200, process.begin())
    for _ in range(3):
        assert process.ledger.ask(0, IMPORT) == 0
        process.begin()
    assert process.ledger.ask(0, IMPORT) == UNTIL_ANSWER
    assert process.ledger.ask(0, PUSH) == 0
    process.begin()
    assert process.ledger.ask(0, PUSH) == UNTIL_ANSWER, "four and the one that may be under way"
    assert process.ledger.use(0).day_used == 85


def test_X4_what_may_be_under_way_is_over_with_the_minute() -> None:
    places = Places(2, 10)
    places.recall(0, 3, 1, 30)
    places.start()
    assert places.ask(29, PUSH) == UNTIL_ANSWER
    assert places.ask(30, PUSH) == 0
    assert places.taken(30) == 1


@pytest.mark.parametrize(
    ("spent", "minute_left", "used"),
    [
        (Spent(after(-1), 60, 1, after(-100), 80), 60, 80),
        (Spent(after(4e7), 60, 1, after(4e7), 80), 0, 80),
        (Spent(after(30), 400, 0, None, 0), 0, 0),
        (Spent(after(30), 5, 0, after(-DAY), 4000), 55, 0),
        (Spent(after(30), 5, 0, after(1 - DAY), 4000), 55, 4000),
    ],
)
def test_X4_what_is_stored_is_read_by_a_clock_that_may_have_been_set(
    spent: Spent, minute_left: int, used: int
) -> None:
    process = Process(spent)
    assert process.ledger.left(0).minute_left == minute_left
    assert process.ledger.use(0).day_used == used
    assert process.ledger.left(70).minute_left == 60
