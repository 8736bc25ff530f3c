"""The command audit: whether the log is whole, and what it says in words (S3)."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.audit import Line
from agent.backup import read
from agent.cli.context import Context, alone, log_to_stderr
from agent.cli.show import clean
from agent.cli.telling import happened
from agent.pair import Pair
from agent.results import ATTENTION, DONE
from agent.vault import BACKUP

WHOLE = "The audit log is whole: {count} lines."
NOTHING = "The audit log says nothing of {whom} yet."


def audit(context: Context) -> int:
    """Verify or show."""
    settings = context.settings()
    log_to_stderr("error")
    with alone(context, settings) as pair:
        if context.asked.verb == "verify":
            return _verify(context, pair)
        return _show(context, pair)


def _verify(context: Context, pair: Pair) -> int:
    found, count = _found(context, pair), len(pair.store.audit_lines())
    if context.plain:
        context.told({"whole": not found, "lines": count, "findings": list(found)})
    elif found:
        print("\n".join(clean(one) for one in found), flush=True)
    else:
        context.say(WHOLE.format(count=count))
    return ATTENTION if found else DONE


def _found(context: Context, pair: Pair) -> tuple[str, ...]:
    """What is wrong with the log, and whether it is the one that a backup knows."""
    found = pair.store.audit_check()
    file = context.asked.backup
    if not file:
        return found
    head = read(Path(file), pair.key.each(BACKUP)).head
    older = pair.store.audit_differs(head.audit_count, head.audit_mac)
    return (*found, older) if older else found


def _show(context: Context, pair: Pair) -> int:
    employee = context.asked.employee or ""
    lines = pair.store.audit_lines(employee)
    if context.plain:
        context.told([_plain(line) for line in lines])
        return DONE
    for line in lines:
        print(clean(happened(line, pair.settings.agent.timezone)))
    if not lines:
        context.say(NOTHING.format(whom=f"HRA Cloud's {employee}" if employee else "anybody"))
    return DONE


def _plain(line: Line) -> dict[str, Any]:
    return {"n": line.n, "at": line.at.isoformat(), **asdict(line.event), "whole": line.whole}
