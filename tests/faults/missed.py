"""Faults that no test of their rule notices yet: each wants a test, and then moves into its table."""

from tests.faults.fault import Fault, row

# fmt: off
MISSED: tuple[Fault, ...] = (
    row("L2", "a sign-in that looks fresh is not kept alive", "tokens/__init__.py",
        "            if self._stored():\n                self._refresh(self._current())",
        "            if self._stored() and not self._fresh(self._current()):\n"
        "                self._refresh(self._current())",
        "unit/test_tokens.py"),
    row("L4", "letting go of HRA forgets the organisation of Xero, too", "connect.py",
        'self._store.bind(replace(now, account_id="", account_name=""))',
        "self._store.bind(Binding())",
        "edge/test_connect.py"),
    row("D3", "a push forgets what waits in the sections that it did not read", "sync/ledger.py",
        "            if name in link.open:\n                result[name] = link.open[name]\n            continue",
        "            continue",
        "history/test_pushes.py"),
    row("D4", "the own write whose answer was lost counts as a change of the other side", "sync/ledger.py",
        "            moved is Since.CHANGED\n            and echo\n",
        "            moved is Since.NEVER\n            and echo\n",
        "history/test_pushes.py"),
    row("H0", "a look that failed half way is not made again", "watch.py",
        "        new = sum(self._hint(person) for person in listing.people)\n"
        "        # Only now: a look that failed half way is made again.\n"
        "        self._since = listing.marker or since\n",
        "        self._since = listing.marker or since\n"
        "        new = sum(self._hint(person) for person in listing.people)\n",
        "edge/test_watch.py"),
    row("F1", "a preferred name is lost with every write", "hra/mapping_details.py",
        '"surname", "preferredName", "nickname", "gender",',
        '"surname", "nickname", "gender",',
        "unit/test_hra_mapping.py"),
    row("X2", "those verified last are verified again", "sync/selection.py",
        "for _, id in oldest[: math.ceil(len(links) * share)]}",
        "for _, id in oldest[len(oldest) - math.ceil(len(links) * share) :]}",
        "history/test_verification.py"),
    row("X2", "a small share is nobody", "sync/selection.py",
        "math.ceil(len(links) * share)",
        "int(len(links) * share)",
        "history/test_verification.py"),
    row("R1", "two runs go side by side", "sync/__init__.py",
        "        with self._running:\n            row = self._store.open_run(f\"{kind}, dry run\"",
        "        with Lock():\n            row = self._store.open_run(f\"{kind}, dry run\"",
        "history/test_known_turns.py", "history/test_moved_meanwhile.py", "history/test_whole_way.py"),
    row("D6", "a person without an address is created in Xero", "plan.py",
        '"xero": ("first_name", "last_name", "date_of_birth", "home_address"),',
        '"xero": ("first_name", "last_name", "date_of_birth"),',
        "unit/test_plan.py"),
    row("D9", "a run of one person moves the markers of everybody", "sync/round.py",
        "        if self.order.employee is not None:\n            return\n        store",
        "        store",
        "history/test_known_turns.py", "history/test_moved_meanwhile.py"),
)
