"""What a sync works by, and how much one run takes on: the share to verify (X2), and what a stopped run before it did (R4)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agent import pace
from agent.employee import Employee
from agent.merge import Rules
from agent.plan import Brake
from agent.store import Store
from agent.strangers import Matching
from agent.sync.book import Book
from agent.sync.selection import Share

TRUSTED_ROUNDS = 2  # what a stopped run read counts for so many full rounds of verification


@dataclass(frozen=True)
class Policy:
    """The settings that a sync obeys. `branch_for` gives an HRA branch id for somebody from Xero, None where unmapped.

    `matching` switches the automatic linking (M1, M3, M4), `brake` says what a run may do unasked (S1). `runs_a_cycle`:
    scheduled runs every `every_hours`, which share in verifying everybody within `verify_every_hours` (X2).
    """

    rules: Rules
    branch_for: Callable[[Employee], str | None] = lambda employee: None
    matching: Matching = field(default_factory=Matching)
    every_hours: float = 3.0
    verify_every_hours: float = 24.0
    brake: Brake = field(default_factory=Brake)
    runs_a_cycle: int = 1


class Allotting:
    """Reckons with the links, the limits and the clock as they stand when it is asked."""

    def __init__(
        self, policy: Policy, store: Store, book: Book, clock: Callable[[], datetime]
    ) -> None:
        self._policy = policy
        self._store = store
        self._book = book
        self._clock = clock

    def goes_on_from(self, kind: str, mode: str) -> datetime | None:
        """Since when what was read counts as read, where the last run of this kind and mode did not end; else None."""
        since = self._book.left_over(kind, mode)
        if since is None:
            return None
        standing, verify_every = self._book.standing(), self._policy.verify_every_hours
        hours: float | None = verify_every
        if standing is not None:
            people, kept = len(self._store.links()), pace.kept(standing.reserve)
            hours = pace.round_hours(people, standing.day_limit, kept, verify_every)
        trusted = timedelta(hours=TRUSTED_ROUNDS * (hours or verify_every))
        return max(since, self._clock() - trusted)

    def share(self) -> Share:
        """How many people a scheduled run verifies, by what the day's calls permit."""
        policy, now = self._policy, self._clock()
        every, verify_every = policy.every_hours, policy.verify_every_hours
        part = pace.part_of_a_run(every, verify_every, policy.runs_a_cycle)
        late = now - timedelta(hours=max(0.0, verify_every - every))
        return Share(part, late, self._spare(now), now)

    def _spare(self, now: datetime) -> int | None:
        standing, ends = self._book.standing(), self._book.day_ends()
        if standing is None:
            return None
        hours = (ends - now).total_seconds() / 3600 if ends else None
        runs = pace.runs_left(hours, self._policy.every_hours, self._policy.runs_a_cycle)
        return pace.spare(standing.day_left, pace.kept(standing.reserve), runs)
