"""The commands import, export and status: here, or in the process that holds the data directory."""

import json
import time
from collections.abc import Callable
from typing import Any

from agent import report
from agent.cli import show
from agent.cli.context import Context, log_to_stderr, pair_or_control
from agent.control import Control, Elsewhere
from agent.pair import Pair
from agent.runs import followed
from agent.service import status_of
from agent.sync import Progress, Report

Tell = Callable[[dict[str, Any]], None]


def import_(context: Context) -> int:
    """Xero to HRA Cloud, once."""
    return _once(context, "import", context.asked.mode)


def export(context: Context) -> int:
    """HRA Cloud to Xero, once."""
    return _once(context, "export", "authoritative")


def status(context: Context) -> int:
    """What the page shows."""
    settings = context.settings()
    with pair_or_control(context, settings) as held:
        if isinstance(held, Control):
            told = held.status()
        else:
            told = report.as_json(status_of(held))
    if context.plain:
        print(json.dumps(told, indent=2))
    else:
        show.status(told)
    return 0


def _once(context: Context, kind: str, mode: str) -> int:
    settings = context.settings()
    log_to_stderr("error")
    asked = context.asked
    order = {"kind": kind, "mode": mode, "dry_run": asked.dry_run, "employee": asked.employee}
    with pair_or_control(context, settings) as held, show.bar(context, kind) as tell:
        if isinstance(held, Control):
            result = held.run(order, tell, time.sleep)
        else:
            result = run_here(held, order, tell)
    return _shown(context, result)


def run_here(pair: Pair, order: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """One run in this process, in a thread, so that Ctrl-C ends it after the record in hand."""

    def work(told: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
        return pair.run(
            order["kind"],
            "command",
            mode=order["mode"],
            dry_run=order["dry_run"],
            employee=order["employee"],
            progress=told,
            stop=stop,
        )

    return followed(work, tell, pair.lines.gate.close)


def _shown(context: Context, result: dict[str, Any]) -> int:
    if "lines" not in result:
        raise Elsewhere(result["sentence"], int(result["exit"]))
    if context.plain:
        print(json.dumps(result, indent=2))
    else:
        show.result(result, dry_run=context.asked.dry_run, quiet=context.quiet)
    return int(result["exit"])
