"""The worker that brings accepted eSS saves to Xero: open inbox rows, grouped by employee, pushed, closed.

Touches the store and what it is handed. Promises: a row is closed only after its push came to an end, and one that
names several sections only after each was seen written or the looks are used up (H2); what fails is tried again with
growing, jittered waits and at last stands on the page, with a "try again" (H3); time that Xero asked for, time
without a sign-in and time switched off count neither as tries nor as a save's own time (X4, L4, L5); a record at work
elsewhere holds up nobody else's save (R1). All of that stands in the inbox, so a restart changes none of it. The worker
outlives every exception and logs its kind only.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from agent.errors import AgentError, Busy, NotConnected, NotFound, Parked, Refused, Stopped
from agent.fields import FIELD_GROUPS
from agent.records import Attention, Save
from agent.store import Store

# When the named sections show no difference yet, the record is read again after these seconds (H2).
LOOKS = (2.0, 10.0, 60.0)
TRIES = (5.0, 30.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0)
IDLE = 60.0
LONGEST_WAIT = timedelta(hours=25)  # a day that Xero's calls are used up, and an hour for its clock
BUSY = 2.0
NO_SIGN_IN = 300.0  # a person who connects makes everything due; this is for what mends otherwise
GROUPS: Mapping[str, str] = {
    "details": "details",
    "bank-accounts": "bank",
    "retirement-savings": "super",
    "tax-details": "tax",
}
FAULT = "The agent met a fault of its own with this save and tries again. Its log names the kind."
GIVEN_UP = "A save in eSS did not reach Xero: {reason} Put it right, then try it again here."

BUTTONS = ("retry", "dismiss")

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

    `wait` waits on the event for some seconds at most; `jitter` gives numbers from 0 up to 1. While `paused`
    nothing is pushed and nothing is lost.
    """

    def __init__(
        self,
        store: Store,
        push: Push,
        *,
        retry_for: timedelta,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        paused: Callable[[], bool] = lambda: False,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._store = store
        self._push = push
        self._retry_for = retry_for
        self._clock = clock
        self._jitter = jitter
        self._paused = paused
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
        """Push everybody with a save that is due; when to look again, None with nothing to do until woken."""
        for employee in dict.fromkeys(row.employee_id for row in self._store.waiting()):
            if self._stopping or self._is_off():
                break
            rows = [row for row in self._store.waiting() if row.employee_id == employee]
            if any(self._due(row) for row in rows):
                self._carry(employee, self._counting(rows))
        if self._is_off():
            return None
        times = [row.next_try or self._clock() for row in self._store.waiting()]
        return min(times, default=None)

    def again(self, employee: str, id: str) -> None:
        """A person asks for a new try of a save that had failed for good: of all sections, for only HRA knows which
        were saved. `id` is one that no hook has.
        """
        self._store.accept(Save(id, employee, (), self._clock()))
        self.wake()

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

    def _is_off(self) -> bool:
        """Whether the agent is switched off; the time of the saves that wait stands still from now on."""
        off = self._paused()
        if off:
            now = self._clock()
            counting = [row.id for row in self._store.waiting() if row.halted is None]
            self._store.alter_saves(counting, lambda save: replace(save, halted=now))
        return off

    def _counting(self, rows: Sequence[Save]) -> list[Save]:
        """The rows with their time running again."""
        now, ids = self._clock(), [row.id for row in rows if row.halted]
        if not ids:
            return list(rows)

        def resumed(save: Save) -> Save:
            stood = (now - save.halted).total_seconds() if save.halted else 0.0
            return replace(save, idle=save.idle + max(0.0, stood), halted=None)

        self._store.alter_saves(ids, resumed)
        wanted = {row.id for row in rows}
        return [row for row in self._store.waiting() if row.id in wanted]

    def _until(self, row: Save) -> datetime:
        return row.received + timedelta(seconds=row.idle) + self._retry_for

    def _due(self, row: Save) -> bool:
        """Due now; or waiting for a time that no wait reaches: the clock was set back since it was named."""
        now = self._clock()
        return row.next_try is None or not now < row.next_try <= now + LONGEST_WAIT

    def _carry(self, employee: str, rows: Sequence[Save]) -> None:
        """One employee's open saves, in one push of the latest state."""
        try:
            pushed = self._push(employee, _sections(rows))
        except Stopped:
            self._stopping = True
        except Parked as parked:
            # A pause of days is asked about once a day: a longer wait than any would count as a clock that was set back.
            again = min(parked.until, self._clock() + LONGEST_WAIT)
            self._halt(rows, again, parked.sentence())
        except NotConnected as error:
            # No fault of the save, nor of its time: a person connects, however long that takes.
            again = self._clock() + timedelta(seconds=NO_SIGN_IN)
            self._halt(rows, again, error.sentence())
        except Busy as error:
            again = self._clock() + timedelta(seconds=BUSY)
            self._postpone(rows, lambda save: again, error.sentence())
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
                self._tell(employee, pushed.reason, over)
                self._store.close_saves([row.id for row in over], "held")
            self._look_again(employee, [row for row in rows if row not in over])
            return
        rows = [_having_seen(row, pushed) for row in rows]
        done = [row for row in rows if pushed.outcome == "done" and _arrived(row, pushed)]
        if done:
            self._clear(employee, _sections(rows))
            self._store.close_saves([row.id for row in done], "done")
        self._look_again(employee, [row for row in rows if row not in done])

    def _look_again(self, employee: str, rows: Sequence[Save]) -> None:
        over = [row for row in rows if row.looks >= len(LOOKS)]
        if over:
            self._clear(employee, _sections(rows))
        for row in over:
            self._store.close_saves([row.id], "done" if row.seen else "nothing")
        for row in (row for row in rows if row not in over):
            at = self._clock() + timedelta(seconds=LOOKS[row.looks])
            told = "No difference to be seen yet."
            looked = replace(row, looks=row.looks + 1, next_try=at, reason=told)
            self._store.alter_saves([row.id], _always(looked))

    def _later(self, employee: str, rows: Sequence[Save], reason: str) -> None:
        now = self._clock()
        over = [row for row in rows if now >= self._until(row)]
        if over:
            self._give_up(employee, over, reason)

        def at(row: Save) -> datetime:
            wait = TRIES[min(row.tries, len(TRIES) - 1)] * (0.75 + self._jitter() / 2)
            return min(now + timedelta(seconds=wait), self._until(row))

        self._postpone([row for row in rows if row not in over], at, reason, tries=1)

    def _halt(self, rows: Sequence[Save], again: datetime, reason: str) -> None:
        now = self._clock()
        self._postpone(rows, lambda save: again, reason, halted=now)

    def _postpone(
        self,
        rows: Sequence[Save],
        at: Callable[[Save], datetime],
        reason: str,
        *,
        tries: int = 0,
        halted: datetime | None = None,
    ) -> None:
        def later(save: Save) -> Save:
            return replace(
                save, next_try=at(save), reason=reason, tries=save.tries + tries, halted=halted
            )

        self._store.alter_saves([row.id for row in rows], later)

    def _give_up(self, employee: str, rows: Sequence[Save], reason: str) -> None:
        # The row first: a crash between the two steps tells it twice rather than never.
        self._tell(employee, GIVEN_UP.format(reason=reason), rows)
        self._store.close_saves([row.id for row in rows], "failed")

    def _clear(self, employee: str, sections: tuple[str, ...]) -> None:
        """The row about this employee's failed saves goes once all that they named has been pushed; () stands for all."""
        told = self._told(employee)
        if told is not None and (not sections or (told and told <= set(sections))):
            self._store.replace_attention(f"hook:{employee}", ())

    def _told(self, employee: str) -> set[str] | None:
        """The sections that the present row is about, empty for all; None where there is no row."""
        rows = [row for row in self._store.attention() if row.scope == f"hook:{employee}"]
        if not rows:
            return None
        return {name for name in rows[0].mark.partition("|")[0].split(",") if name}

    def _tell(self, employee: str, text: str, rows: Sequence[Save]) -> None:
        link = self._store.link_of("hra", employee)
        before, now = self._told(employee), set(_sections(rows))
        sections = now | before if now and before else (now if before is None else set())
        row = Attention(
            scope=f"hook:{employee}",
            kind="push",
            text=text,
            hra_id=employee,
            xero_id=link.xero_id if link else None,
            number=link.number if link else None,
            # The next save that fails is another matter, also where somebody put this row away.
            mark=f"{','.join(sorted(sections))}|{rows[-1].id}",
            buttons=BUTTONS,
        )
        self._store.replace_attention(row.scope, (row,))


def _always(row: Save) -> Callable[[Save], Save]:
    return lambda save: row


def _having_seen(row: Save, pushed: Pushed) -> Save:
    """The save with what this push wrote of the sections that it named."""
    named = {GROUPS[section] for section in row.sections}
    written = {FIELD_GROUPS.get(name, "") for name in pushed.fields}
    return replace(row, seen=tuple(sorted({*row.seen, *(named & written)})))


def _arrived(row: Save, pushed: Pushed) -> bool:
    """Whether everything that this save named was seen written by now: another section may lag behind."""
    everything = not row.sections or not pushed.fields
    return everything or set(row.seen) == {GROUPS[section] for section in row.sections}


def _sections(rows: Sequence[Save]) -> tuple[str, ...]:
    """All that the rows name; none where one of them means all."""
    if any(not row.sections for row in rows):
        return ()
    named = {section for row in rows for section in row.sections}
    return tuple(section for section in GROUPS if section in named)
