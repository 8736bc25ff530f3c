"""The book of runs: the row of each one from its start to its end, and which stopped run it goes on with (R4).

Promises: however a run ends, its row says so; progress is told to whoever asked, and now and then written to the row, with
the calls and the time that are left.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agent import pace, plan
from agent.errors import AgentError, Braked, NotPossible, Stopped
from agent.records import Run
from agent.store import Store
from agent.sync.order import Order
from agent.sync.report import Progress, counted

LOOKED_AT = 200
TOLD_EVERY = 10
DRY_RUN, PLANNED = "dry run", "as planned"
# What a run of the same kind goes on with; a braked or refused one wrote nothing and is decided anew.
LEFT_OVER = frozenset({"stopped", "failed", "paused"})
# A write to Xero may read before and after it.
CALLS_EACH = {("writing", "to_xero"): 3}

Standing = Callable[[], pace.Standing | None]


def nothing_known() -> pace.Standing | None:
    """Where nobody tells how Xero's limits stand."""
    return None


class Book:
    """Opens, writes and closes run rows. `calls` counts those made to each side, `standing` tells Xero's limits."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        calls: Callable[[], Mapping[str, int]],
        standing: Standing = nothing_known,
    ) -> None:
        self._store = store
        self._clock = clock
        self._calls = calls
        self._standing = standing

    def opened(self, order: Order, how: str = "") -> Run:
        """A new row, on disk as running; `how` it runs besides, such as `dry run`."""
        kind = f"{order.kind}, {how}" if how else order.kind
        row = self._store.open_run(kind, order.started_by)
        row = replace(row, mode=order.mode, employee=order.employee or "", since=order.since)
        self._store.save_run(row)
        return row

    def left_over(self, kind: str, mode: str) -> datetime | None:
        """When the first of the stopped runs of this kind and mode began that nothing has finished since; None for none."""
        return left_over(self._store.runs(LOOKED_AT), kind, mode)

    def teller(self, row: Run, order: Order) -> Callable[[Progress], None]:
        """Progress goes to who asked, and every tenth record to the row, so that the page can show it."""
        began: dict[str, tuple[datetime, int]] = {}

        def tell(now: Progress) -> None:
            at = self._clock()
            start, first = began.setdefault(now.phase, (at, now.done))
            told = self._reckoned(now, order, (at - start).total_seconds(), first)
            order.progress(told)
            if now.done % TOLD_EVERY == 0 or now.done == now.total:
                self._store.save_run(
                    replace(
                        row,
                        done=told.done,
                        total=told.total,
                        reason=told.phase,
                        calls_left=told.calls_left,
                        seconds_left=told.seconds_left,
                    )
                )

        return tell

    def closed(
        self, row: Run, tally: Counter[str], before: Mapping[str, int], outcome: str, reason: str
    ) -> Run:
        """The row at its end, with its counts and the calls made since `before`."""
        counts = counted(tally, self._calls(), before)
        closed = replace(row, ended=self._clock(), outcome=outcome, reason=reason, counts=counts)
        self._store.save_run(closed)
        return closed

    def calls(self) -> dict[str, int]:
        """Calls made to each side so far."""
        return dict(self._calls())

    def spare(self) -> int | None:
        """Xero's calls left of the day that verification may use; None while unknown."""
        standing = self._standing()
        if standing is None or standing.day_left is None:
            return None
        return max(0, standing.day_left - pace.kept(standing.reserve))

    def day_ends(self) -> datetime | None:
        """When Xero's day is over, where that is known."""
        standing = self._standing()
        return standing.day_ends if standing else None

    def standing(self) -> pace.Standing | None:
        """How Xero's limits stand now."""
        return self._standing()

    def _reckoned(self, now: Progress, order: Order, elapsed: float, first: int) -> Progress:
        standing = self._standing()
        way = plan.WAYS.get(order.kind, "")
        seconds = pace.seconds_left(
            now.done - first,
            now.total - first,
            elapsed,
            calls_each=CALLS_EACH.get((now.phase, way), 1),
            minute_left=standing.minute_left if standing else None,
        )
        left = standing.day_left if standing else None
        return replace(now, calls_left=left, seconds_left=seconds)


def left_over(runs: Sequence[Run], kind: str, mode: str) -> datetime | None:
    """As `Book.left_over`, of these runs, newest first."""
    for run in runs:
        base, _, how = run.kind.partition(", ")
        if base != kind or how == DRY_RUN or run.employee or run.outcome == "refused":
            continue
        goes_on = run.outcome in LEFT_OVER and run.mode == mode
        return (run.since or run.started) if goes_on else None
    return None


def outcome_of(error: BaseException) -> str:
    """How the row names a run that this ended."""
    if isinstance(error, Braked | NotPossible):
        return "braked" if isinstance(error, Braked) else "refused"
    return "stopped" if isinstance(error, Stopped | KeyboardInterrupt | SystemExit) else "failed"


def sentence_of(error: BaseException) -> str:
    """Why, for a person."""
    return (
        error.sentence()
        if isinstance(error, AgentError)
        else "The run ended unexpectedly; see the log."
    )
