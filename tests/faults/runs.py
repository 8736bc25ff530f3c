"""Faults in runs: R1 to R4."""

from tests.faults.fault import row

# fmt: off
FAULTS = (
    row("R1", "HRA is read before Xero, and its PUT then replaces what was saved meanwhile", "sync/records.py",
        "            there = xero.fetch(link.xero_id, groups)\n"
        "            return hra.fetch(link.hra_id, groups), there\n"
        "        if self._pool",
        "            here = hra.fetch(link.hra_id, groups)\n"
        "            return here, xero.fetch(link.xero_id, groups)\n"
        "        if self._pool",
        "history/test_moved_meanwhile.py"),
    row("R1", "an import writes what goes to Xero, too", "plan.py",
        "if SENDS.get(d.kind) == target and",
        "if d.kind in SENDS and",
        "unit/test_plan.py"),
    row("R1", "the export comes before the import", "service/schedule.py",
        'switches = (("import", sync.automatic_import), ("export", sync.automatic_export))',
        'switches = (("export", sync.automatic_export), ("import", sync.automatic_import))',
        "edge/test_service.py::test_R1_the_schedule_does_the_import_before_the_export"),
    row("R2", "a save that waits needs no yes of its own", "merge/travel.py",
        "unexported = waiting or any(",
        "unexported = any(",
        "unit/test_merge_rules.py"),
    row("R2", "an empty Xero value wins", "merge/field.py",
        '        if xero is None:\n            return hold(name, "conflict", conflict=True)\n',
        '        if xero is None and hra is None:\n            return hold(name, "conflict", conflict=True)\n',
        "unit/test_merge_rules.py"),
    row("R2", "the mode overrules every record, not the one that a person named", "sync/order.py",
        'return self.employee is not None and self.mode != "authoritative"',
        'return self.mode != "authoritative"',
        "history/test_known_turns.py", "history/test_whole_way.py"),
    row("R3", "a record that moved elsewhere is written as planned", "sync/planning.py",
        "if dict(now.fields) != dict(item.fields) or now.record != item.record:",
        "if now.fields.keys() != item.fields.keys():",
        "history/test_applying.py"),
    row("R3", "a plan's seal is not looked at", "plans.py",
        "if not hmac.compare_digest(seal(_plain(plan)).encode(), mark) or named != plan.hash:",
        "if named != plan.hash:",
        "unit/test_plans.py"),
    row("R3", "a plan of another account is applied", "sync/applying.py",
        "if (self.plan.account_id, self.plan.tenant_id) != (binding.account_id, binding.tenant_id):",
        "if self.plan.tenant_id != binding.tenant_id:",
        "history/test_applying.py"),
    row("R3", "a dry run links people", "sync/matchmaker.py",
        "        for joining in wanted.joins:\n            self._join(joining)",
        "        for joining in wanted.joins:\n            self.newcomers.join(joining, self.rules)\n"
        "            self._join(joining)",
        "history/test_applying.py", "history/test_whole_way.py"),
    row("R4", "a plan goes on though somebody asked it to stop", "sync/applying.py",
        "            if self.order.stop():\n                raise Stopped",
        "            if self.order.stop() and count == 0:\n                raise Stopped",
        "history/test_applying.py"),
    row("R1", "two runs go side by side", "sync/__init__.py",
        "        with self._running:\n            row = self._store.open_run(f\"{kind}, dry run\"",
        "        with Lock():\n            row = self._store.open_run(f\"{kind}, dry run\"",
        "history/test_side_by_side.py"),
)
