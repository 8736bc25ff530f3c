"""The worker that brings accepted eSS saves to Xero: open inbox rows, grouped by employee, pushed, closed.

Touches the store and what it is handed. Promises: a row is closed only after its push came to an end (H2);
what fails is tried again with growing, jittered waits and at last stands on the page (H3); time that Xero
asked for counts as no try (X4); the worker outlives every exception and logs its kind only.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from agent.errors import AgentError, NotFound, Parked, Refused, Stopped
from agent.fields import FIELD_GROUPS
from agent.records import Attention, Save
from agent.store import Store

# When the named sections show no difference yet, the record is read again after these seconds (H2).
LOOKS = (2.0, 10.0, 60.0)
TRIES = (5.0, 30.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0)
IDLE = 60.0
GROUPS: Mapping[str, str] = {
    "details": "details",
    "bank-accounts": "bank",
    "retirement-savings": "super",
    "tax-details": "tax",
}
FAULT = "The agent met a fault of its own with this save and tries again. Its log names the kind."
GIVEN_UP = "A save in eSS did not reach Xero: {reason} Put it right, then run an export."

_log = logging.getLogger("agent.saves")


class Pushed(Protocol):
    """What came of one push: outcome `done`, `nothing` or `held`; the fields written; why it was held."""

    @property
    def outcome(self) -> str: ...

    @property
    def fields(self) -> tuple[str, ...]: ...

    @property
    def reason(self) -> str: ...

    @property
    def certain(self) -> bool: ...


Push = Callable[[str, tuple[str, ...]], Pushed]


class Worker:
    """One thread that drains the inbox. `push(employee, sections)` raises AgentError.

    `wait` waits on the event for some seconds at most; `jitter` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        store: Store,
        push: Push,
        *,
        retry_for: timedelta,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._store = store
        self._push = push
        self._retry_for = retry_for
        self._clock = clock
        self._jitter = jitter
        self._wait = wait
        self._woken = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin, with what waits from before the start."""
        self._thread = threading.Thread(target=self._work, name="saves", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the save in hand, then end. What waits stays in the inbox."""
        self._stopping = True
        self.wake()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look now: a save was accepted."""
        self._woken.set()

    def drain(self) -> datetime | None:
        """Push everybody with a save that is due; when to look again, None with nothing waiting."""
        for employee in dict.fromkeys(row.employee_id for row in self._store.waiting()):
            rows = [row for row in self._store.waiting() if row.employee_id == employee]
            if self._stopping:
                break
            if any(self._due(row) for row in rows):
                self._carry(employee, rows)
        times = [row.next_try or self._clock() for row in self._store.waiting()]
        return min(times, default=None)

    def _work(self) -> None:
        while not self._stopping:
            self._woken.clear()
            seconds = IDLE
            try:
                again = self.drain()
                if again is not None:
                    seconds = min(IDLE, max(0.0, (again - self._clock()).total_seconds()))
            except Exception as error:  # a full disc, a bug: the rows are still there
                _log.error("saves not drained: %s", type(error).__name__)
            if not self._stopping:
                self._wait(self._woken, seconds)

    def _due(self, row: Save) -> bool:
        return row.next_try is None or row.next_try <= self._clock()

    def _carry(self, employee: str, rows: Sequence[Save]) -> None:
        """One employee's open saves, in one push of the latest state."""
        try:
            pushed = self._push(employee, _sections(rows))
        except Stopped:
            self._stopping = True
        except Parked as parked:
            ids = [row.id for row in rows]
            self._store.postpone(ids, parked.until, parked.sentence(), looked=False, counts=False)
        except (NotFound, Refused) as error:
            self._give_up(employee, rows, error.sentence())
        except AgentError as error:
            _log.warning("push failed: %s", type(error).__name__)
            self._later(employee, rows, error.sentence())
        except Exception as error:
            _log.error("push failed: %s", type(error).__name__)
            self._later(employee, rows, FAULT)
        else:
            self._close(employee, rows, pushed)

    def _close(self, employee: str, rows: Sequence[Save], pushed: Pushed) -> None:
        if pushed.outcome == "held":
            over = [row for row in rows if pushed.certain or row.looks >= len(LOOKS)]
            if over:
                self._tell(employee, pushed.reason)
                self._store.close_saves([row.id for row in over], "held")
            self._look_again(employee, [row for row in rows if row not in over])
            return
        done = [row for row in rows if pushed.outcome == "done" and _seen(row, pushed.fields)]
        if done:
            self._store.replace_attention(f"hook:{employee}", ())
            self._store.close_saves([row.id for row in done], "done")
        self._look_again(employee, [row for row in rows if row not in done])

    def _look_again(self, employee: str, rows: Sequence[Save]) -> None:
        over = [row.id for row in rows if row.looks >= len(LOOKS)]
        if over:
            self._store.replace_attention(f"hook:{employee}", ())
        self._store.close_saves(over, "nothing")
        for row in rows:
            if row.id not in over:
                at = self._clock() + timedelta(seconds=LOOKS[row.looks])
                self._store.postpone([row.id], at, "No difference to be seen yet.", looked=True)

    def _later(self, employee: str, rows: Sequence[Save], reason: str) -> None:
        now = self._clock()
        over = [row for row in rows if now >= row.received + self._retry_for]
        if over:
            self._give_up(employee, over, reason)
        for row in rows:
            if row not in over:
                wait = TRIES[min(row.tries, len(TRIES) - 1)] * (0.75 + self._jitter() / 2)
                at = min(now + timedelta(seconds=wait), row.received + self._retry_for)
                self._store.postpone([row.id], at, reason, looked=False)

    def _give_up(self, employee: str, rows: Iterable[Save], reason: str) -> None:
        # The row first: a crash between the two steps tells it twice rather than never.
        self._tell(employee, GIVEN_UP.format(reason=reason))
        self._store.close_saves([row.id for row in rows], "failed")

    def _tell(self, employee: str, text: str) -> None:
        link = self._store.link_of("hra", employee)
        row = Attention(
            scope=f"hook:{employee}",
            kind="push",
            text=text,
            hra_id=employee,
            xero_id=link.xero_id if link else None,
            number=link.number if link else None,
        )
        self._store.replace_attention(row.scope, (row,))


def _sections(rows: Sequence[Save]) -> tuple[str, ...]:
    """All that the rows name; none where one of them means all."""
    if any(not row.sections for row in rows):
        return ()
    named = {section for row in rows for section in row.sections}
    return tuple(section for section in GROUPS if section in named)


def _seen(row: Save, fields: Sequence[str]) -> bool:
    """Whether a push that wrote these fields carried what this save named: another section may lag behind."""
    if not row.sections or not fields:
        return True
    groups = {GROUPS[section] for section in row.sections}
    return any(FIELD_GROUPS.get(name) in groups for name in fields)
