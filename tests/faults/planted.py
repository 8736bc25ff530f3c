"""The table of planted faults: every rule that is built has at least one, in the order of the rules."""

from tests.faults import connections, deciding, hooks, limits, people, runs, safety, values
from tests.faults.fault import Fault

__all__ = ["Fault", "faults"]

TABLES = (connections, runs, deciding, people, values, hooks, limits, safety)


def faults() -> tuple[Fault, ...]:
    """All of them."""
    return tuple(fault for table in TABLES for fault in table.FAULTS)
