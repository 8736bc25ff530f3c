"""The commands import, export, verify, apply and status: here, or in the process that holds the data directory."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.cli import show
from agent.cli.command import PROGRAM
from agent.cli.context import TAKEN, Context, held, log_to_stderr, write_new
from agent.cli.here import Held
from agent.control import Elsewhere, Tell
from agent.errors import Misconfigured
from agent.results import BRAKED

LARGEST = 64 * 1024 * 1024  # far above a plan of 10,000 people
NOT_A_PLAN = "{path}: cannot be read as a saved plan; make one with import or export and --plan"
VERIFY = "verify"
TWO_WAYS = "--yes-to writes what the brake stopped: leave --dry-run and --plan out"

Go = Callable[[Held, Tell], dict[str, Any]]


def import_(context: Context) -> int:
    """Xero to HRA Cloud, once."""
    return _once(context, "import", context.asked.mode)


def export(context: Context) -> int:
    """HRA Cloud to Xero, once."""
    return _once(context, "export", "authoritative")


def verify(context: Context) -> int:
    """Everybody read again, nothing written."""
    asked = context.asked
    result = _went(context, VERIFY, _going(VERIFY, employee=asked.employee, fresh=asked.fresh))
    return _shown(context, result, VERIFY)


def apply(context: Context) -> int:
    """Exactly what a saved plan says."""
    text = _read(Path(context.asked.plan))
    result = _went(context, "apply", lambda held, tell: held.apply(text, tell, time.sleep))
    return _shown(context, result, "apply")


def status(context: Context) -> int:
    """What the page shows."""
    settings = context.settings()
    with held(context, settings) as agent:
        told = agent.status()
    if context.plain:
        context.told(told)
    else:
        show.status(told)
    return 0


def let_through(context: Context, agent: Held, hash: str) -> int:
    """Exactly the plan of this hash, which the brake stopped."""
    with show.bar(context, "apply") as tell:
        result = agent.let_through(hash, tell, time.sleep)
    return _shown(context, result, "apply")


def _once(context: Context, kind: str, mode: str) -> int:
    asked = context.asked
    file = Path(asked.plan) if asked.plan else None
    dry_run = asked.dry_run or file is not None
    if asked.yes_to:
        if dry_run:
            raise Misconfigured([TWO_WAYS])
        settings = context.settings()
        log_to_stderr("error")
        with held(context, settings) as agent:
            return let_through(context, agent, asked.yes_to)
    if file and file.exists():  # told before the work, not after it
        raise Misconfigured([TAKEN.format(path=file)])
    go = _going(kind, mode, dry_run, asked.employee, asked.fresh)
    result = _went(context, kind, go)
    plan = result.pop("plan_text", None)
    if file and plan is not None:
        write_new(file, plan)
    code = _shown(context, result, kind, dry_run=dry_run)
    if file and plan is not None:
        context.note(f"Saved as {file}. To do exactly this: {PROGRAM} apply {file}")
    return code


def _going(
    kind: str,
    mode: str = "authoritative",
    dry_run: bool = False,
    employee: str | None = None,
    fresh: bool = False,
) -> Go:
    order = {
        "kind": kind,
        "mode": mode,
        "dry_run": dry_run,
        "employee": employee,
        "fresh": fresh,
    }
    return lambda held, tell: held.run(order, tell, time.sleep)


def _went(context: Context, kind: str, go: Go) -> dict[str, Any]:
    settings = context.settings()
    log_to_stderr("error")
    with held(context, settings) as agent, show.bar(context, kind) as tell:
        return go(agent, tell)


def _shown(context: Context, result: dict[str, Any], kind: str, *, dry_run: bool = False) -> int:
    if context.plain:
        context.told(result)
    if "lines" not in result:
        raise Elsewhere(_failure(result, kind), int(result["exit"]))
    if not context.plain:
        show.result(result, dry_run=dry_run, quiet=context.quiet)
    return int(result["exit"])


def _failure(result: dict[str, Any], kind: str) -> str:
    if result["exit"] != BRAKED or not result.get("plan") or kind == "apply":
        return str(result["sentence"])
    way = f"On the command line: {PROGRAM} {kind} --yes-to {result['plan']}"
    return f"{result['sentence']}\n{way}"


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Misconfigured([NOT_A_PLAN.format(path=path)]) from error
    if not text:
        raise Misconfigured([NOT_A_PLAN.format(path=path)])
    return text
