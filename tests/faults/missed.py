"""Faults that no test of their rule notices yet: each wants a test, and then moves into its table."""

from tests.faults.fault import Fault, row

# fmt: off
MISSED: tuple[Fault, ...] = (
    row("R1", "two runs go side by side", "sync/__init__.py",
        "        with self._running:\n            row = self._store.open_run(f\"{kind}, dry run\"",
        "        with Lock():\n            row = self._store.open_run(f\"{kind}, dry run\"",
        "history/test_known_turns.py", "history/test_moved_meanwhile.py", "history/test_whole_way.py"),
    row("D9", "a run of one person moves the markers of everybody", "sync/round.py",
        "        if self.order.employee is not None:\n            return\n        store",
        "        store",
        "history/test_known_turns.py", "history/test_moved_meanwhile.py"),
)
