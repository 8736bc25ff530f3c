"""Faults that no test of their rule notices yet: each wants a test, and then moves into its table."""

from tests.faults.fault import row

# fmt: off
MISSED = (
    row("L2", "a sign-in that looks fresh is not kept alive", "tokens/__init__.py",
        "            if self._stored():\n                self._refresh(self._current())",
        "            if self._stored() and not self._fresh(self._current()):\n"
        "                self._refresh(self._current())",
        "unit/test_tokens.py"),
    row("L4", "letting go of HRA forgets the organisation of Xero, too", "connect.py",
        'self._store.bind(replace(now, account_id="", account_name=""))',
        "self._store.bind(Binding())",
        "edge/test_connect.py", "edge/test_cli_people.py"),
    row("D3", "a push forgets what waits in the sections that it did not read", "sync/ledger.py",
        "            if name in link.open:\n                result[name] = link.open[name]\n            continue",
        "            continue",
        "history/test_known_turns.py", "history/test_whole_way.py"),
    row("D4", "the own write whose answer was lost counts as a change of the other side", "sync/ledger.py",
        "            moved is Since.CHANGED\n            and echo\n",
        "            moved is Since.NEVER\n            and echo\n",
        "history/test_known_turns.py"),
)
