"""The way of an accepted save from the inbox to Xero, with a clock that a test moves and a push that it scripts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import AgentError, NotConnected, Parked, Refused, Stopped, Unreachable
from agent.records import Binding, Save
from agent.saves import LOOKS, Worker
from agent.store import Store
from agent.sync import Pushed

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DONE, NOTHING = Pushed("done", ("mobile",)), Pushed("nothing")
RETRY_FOR = timedelta(hours=72)


@dataclass
class Desk:
    """A worker over a real store. `answers` are what the pushes come to; the last one goes on for ever."""

    store: Store
    now: datetime = START
    paused: bool = False

    def __post_init__(self) -> None:
        self.answers: list[Pushed | Exception] = [DONE]
        self.pushed: list[tuple[str, tuple[str, ...]]] = []
        self.during: Callable[[], object] = lambda: None
        self.worker = Worker(
            self.store,
            self._push,
            retry_for=RETRY_FOR,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
            paused=lambda: self.paused,
        )

    def save(self, id: str, employee: str = "e1", *sections: str) -> None:
        """A hook is accepted now."""
        self.store.accept(Save(id, employee, sections, self.now))

    def go(self, seconds: float = 0.0) -> datetime | None:
        """Time passes, then the worker looks."""
        self.now += timedelta(seconds=seconds)
        return self.worker.drain()

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(row.scope, row.text) for row in self.store.attention()]

    def _push(self, employee: str, sections: tuple[str, ...]) -> Pushed:
        self.pushed.append((employee, sections))
        self.during()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(Store(tmp_path, lambda: START))
    made.store.bind(Binding("account", "", "tenant", ""))
    yield made
    made.store.close()


def test_H2_several_saves_of_one_employee_are_pushed_once_with_all_their_sections(
    desk: Desk,
) -> None:
    desk.save("w1", "e1", "details")
    desk.save("w2", "e2", "details")
    desk.save("w3", "e1", "bank-accounts")
    desk.answers = [Pushed("done", ("mobile", "bank_accounts"))]
    assert desk.go() is None
    assert desk.pushed == [("e1", ("details", "bank-accounts")), ("e2", ("details",))]
    assert desk.store.waiting() == ()


def test_H2_a_save_that_names_no_section_means_all_of_them(desk: Desk) -> None:
    desk.save("w1", "e1", "details")
    desk.save("w2", "e1")
    desk.go()
    assert desk.pushed == [("e1", ())]


def test_H2_a_save_that_comes_during_the_push_is_not_closed_by_it(desk: Desk) -> None:
    desk.save("w1", "e1", "details")
    desk.during = lambda: desk.save("w2", "e1", "details") if len(desk.pushed) == 1 else None
    desk.go()
    assert [row.id for row in desk.store.waiting()] == ["w2"]
    desk.go()
    assert desk.store.waiting() == ()
    assert len(desk.pushed) == 2


def test_H2_no_difference_yet_is_looked_for_again_after_2_10_and_60_seconds(desk: Desk) -> None:
    desk.answers = [NOTHING]
    desk.save("w1", "e1", "details")
    waits = []
    while (again := desk.go()) is not None:
        waits.append((again - desk.now).total_seconds())
        desk.now = again
    assert tuple(waits) == LOOKS == (2.0, 10.0, 60.0)
    assert len(desk.pushed) == 4
    assert (desk.store.waiting(), desk.told) == ((), [])


def test_H2_what_shows_at_the_second_look_is_pushed(desk: Desk) -> None:
    desk.answers = [NOTHING, DONE]
    desk.save("w1", "e1", "details")
    desk.go()
    assert [row.looks for row in desk.store.waiting()] == [1]
    desk.go(2)
    assert desk.store.waiting() == ()


def test_H2_a_push_of_the_phone_does_not_close_the_save_of_a_bank_account_that_lags_behind(
    desk: Desk,
) -> None:
    desk.save("w1", "e1", "details")
    desk.save("w2", "e1", "bank-accounts")
    desk.go()
    assert [row.id for row in desk.store.waiting()] == ["w2"]


def test_H2_a_save_of_two_sections_waits_until_each_of_them_was_written(desk: Desk) -> None:
    desk.answers = [DONE, NOTHING, Pushed("done", ("bank_accounts",))]
    desk.save("w1", "e1", "details", "bank-accounts")
    desk.go()
    desk.go(2)
    assert [(row.id, row.looks) for row in desk.store.waiting()] == [("w1", 2)]
    desk.go(10)
    assert desk.store.waiting() == ()


def test_H2_a_save_of_two_sections_of_which_one_shows_no_difference_ends_with_its_looks(
    desk: Desk,
) -> None:
    desk.answers = [DONE, NOTHING]
    desk.save("w1", "e1", "details", "bank-accounts")
    while (again := desk.go()) is not None:
        desk.now = again
    assert len(desk.pushed) == 1 + len(LOOKS)
    assert (desk.store.waiting(), desk.told) == ((), [])


def test_H2_a_person_whom_a_push_may_not_touch_gets_a_row_with_the_reason(desk: Desk) -> None:
    desk.answers = [Pushed("held", (), "This person is not Current in HRA Cloud.")]
    desk.save("w1")
    desk.go()
    assert desk.told == [("hook:e1", "This person is not Current in HRA Cloud.")]
    assert desk.store.waiting() == ()
    desk.answers = [DONE]
    desk.save("w2")
    desk.go()
    assert desk.told == []


def test_H2_a_hold_that_may_be_older_than_the_save_does_not_close_it_at_the_first_look(
    desk: Desk,
) -> None:
    desk.answers = [Pushed("held", ("tfn_or_exemption",), "It waits.", certain=False), DONE]
    desk.save("w1")
    desk.go()
    assert [row.looks for row in desk.store.waiting()] == [1]
    assert desk.told == []


def test_H3_a_failing_push_is_tried_again_with_growing_waits_until_its_time_is_over(
    desk: Desk,
) -> None:
    desk.answers = [Unreachable("xero")]
    desk.save("w1")
    waits = []
    while (again := desk.go()) is not None:
        assert [row.reason for row in desk.store.waiting()] == [Unreachable("xero").sentence()]
        waits.append((again - desk.now).total_seconds())
        desk.now = again
    assert waits[:6] == [5, 30, 300, 1800, 7200, 18000]
    assert sum(waits) == RETRY_FOR.total_seconds()
    assert [scope for scope, _ in desk.told] == ["hook:e1"]
    assert "cannot be reached" in desk.told[0][1]


def test_H3_time_without_a_sign_in_counts_as_no_try_and_ends_when_a_person_connects(
    desk: Desk,
) -> None:
    desk.answers = [NotConnected("xero")]
    desk.save("w1")
    while desk.now < START + 2 * RETRY_FOR:
        again = desk.go()
        assert again is not None
        desk.now = again
    [row] = desk.store.waiting()
    assert "not connected" in row.reason
    assert (row.tries, row.looks, desk.told) == (0, 0, [])
    desk.answers = [Unreachable("xero"), DONE]
    desk.store.make_due()  # as connecting does
    desk.go()
    assert [row.tries for row in desk.store.waiting()] == [1], "it has all its tries now"
    desk.go(5)
    assert desk.store.waiting() == ()


def test_L4_switching_on_makes_due_what_had_waited_for_hours(desk: Desk) -> None:
    desk.answers = [Unreachable("xero")]
    desk.save("w1")
    while desk.now < START + timedelta(hours=13):
        again = desk.go()
        assert again is not None
        desk.now = again
    desk.go()
    desk.answers = [DONE]
    desk.go(1)
    assert desk.store.waiting()
    desk.store.make_due()
    desk.go()
    assert desk.store.waiting() == ()


def test_H3_what_xero_refuses_stands_on_the_page_at_once(desk: Desk) -> None:
    desk.answers = [Refused("xero", ("The mobile is too long",))]
    desk.save("w1")
    desk.go()
    assert len(desk.pushed) == 1
    assert "The mobile is too long" in desk.told[0][1]
    assert desk.store.waiting() == ()


def test_H3_a_save_that_failed_for_good_is_tried_again_when_a_person_asks(desk: Desk) -> None:
    desk.answers = [Refused("xero", ("The mobile is too long",)), DONE]
    desk.save("w1", "e1", "details")
    desk.go()
    assert [scope for scope, _ in desk.told] == ["hook:e1"]
    desk.worker.again("e1", "again-1")
    assert [(row.id, row.sections) for row in desk.store.waiting()] == [("again-1", ())]
    desk.go()
    assert desk.pushed[-1] == ("e1", ())
    assert (desk.store.waiting(), desk.told) == ((), [])


def test_L5_while_the_agent_is_switched_off_saves_wait_and_none_is_lost(desk: Desk) -> None:
    desk.paused = True
    desk.save("w1")
    assert desk.go() is None
    assert (desk.pushed, [row.tries for row in desk.store.waiting()]) == ([], [0])
    desk.paused, desk.answers = False, [Unreachable("xero"), DONE]
    desk.go(3600 * 200)  # however long it was off, the save has all its tries
    assert [row.tries for row in desk.store.waiting()] == [1]
    desk.go(5)
    assert desk.store.waiting() == ()


def test_L5_switching_off_ends_the_pushes_after_the_one_in_hand(desk: Desk) -> None:
    desk.during = lambda: setattr(desk, "paused", True)
    desk.save("w1", "e1")
    desk.save("w2", "e2")
    assert desk.go() is None
    assert [row.id for row in desk.store.waiting()] == ["w2"]


def test_X4_parked_time_counts_as_no_try(desk: Desk) -> None:
    until = START + timedelta(hours=20)
    desk.answers = [Parked("xero", until), DONE]
    desk.save("w1")
    assert desk.go() == until
    row = desk.store.waiting()[0]
    assert (row.tries, row.looks) == (0, 0)
    desk.go(20 * 3600)
    assert desk.store.waiting() == ()


@pytest.mark.parametrize("fault", [ValueError("0491 570 006"), OSError(), AgentError("odd")])
def test_H3_no_exception_loses_a_save_or_is_quoted(
    desk: Desk, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    desk.answers = [fault, DONE]
    desk.save("w1")
    desk.save("w2", "e2")
    desk.go()
    assert [row.id for row in desk.store.waiting()] == ["w1"]
    assert "0491" not in caplog.text + str(desk.store.waiting())
    desk.go(5)
    assert desk.store.waiting() == ()


def test_a_stop_leaves_the_save_as_it_was(desk: Desk) -> None:
    desk.answers = [Stopped()]
    desk.save("w1")
    desk.save("w2", "e2")
    desk.go()
    assert [(row.id, row.tries) for row in desk.store.waiting()] == [("w1", 0), ("w2", 0)]
    assert len(desk.pushed) == 1


def test_the_thread_takes_what_waited_before_the_start_and_ends_when_asked(desk: Desk) -> None:
    desk.save("w1")
    desk.worker.start()
    while desk.store.waiting():
        assert desk.worker.alive
    desk.worker.stop()
    assert not desk.worker.alive
