"""What was asked of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from agent import plan
from agent.sync.report import Progress


@dataclass(frozen=True)
class Order:
    """One run. `started_by` is who (records.Choice), or `schedule`; `employee` an HRA id, None for everybody. `since`: when
    the stopped run began that this one goes on with, None for none (R4); `at`: when this one began."""

    kind: str
    started_by: str
    mode: str = "authoritative"
    dry_run: bool = False
    employee: str | None = None
    progress: Callable[[Progress], None] = lambda progress: None
    stop: Callable[[], bool] = lambda: False
    since: datetime | None = None
    at: datetime | None = None

    @property
    def by_person(self) -> bool:
        """Whether a person started this, who is there to look at what it decides (D2)."""
        return self.started_by != "schedule"

    @property
    def overrule(self) -> bool:
        """Whether this is a person's own yes for one record, in a mode where Xero wins (R2)."""
        return self.employee is not None and self.mode != "authoritative"

    @property
    def way(self) -> str:
        """to_hra for an import, to_xero for an export."""
        return plan.WAYS[self.kind]

    @property
    def target(self) -> str:
        """The side that is written."""
        return plan.TARGETS[self.way]
