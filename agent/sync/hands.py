"""What every run, push and answer works with."""

from dataclasses import dataclass

from agent.side import HraSide, Side, XeroSide
from agent.store import Store
from agent.sync.newcomers import Newcomers
from agent.sync.planning import Planner
from agent.sync.records import Records


@dataclass(frozen=True)
class Hands:
    """Both sides, the store, and whoever reads, writes, creates and plans."""

    hra: HraSide
    xero: XeroSide
    store: Store
    records: Records
    newcomers: Newcomers
    planner: Planner

    def sides(self) -> dict[str, Side]:
        """Both sides by name."""
        return {"hra": self.hra, "xero": self.xero}
