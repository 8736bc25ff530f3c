"""What runs and choices came to, and what waits, as plain data: for `--json`, for the terminal's tables, and between
two processes. Pure.

Exit codes (the interface's): 0 done, 1 something needs attention, 2 wrong use or configuration, 3 no connection,
4 stopped by the brake.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from agent import plans
from agent.errors import (
    AgentError,
    Braked,
    DataDirBusy,
    KeyMissing,
    Misconfigured,
    NotPossible,
    NotStored,
    Reach,
    SideError,
    StateDamaged,
    StateNewer,
    StateUnreadable,
)
from agent.records import Attention, Choice, Link
from agent.sync import Report

# What stands in the way is on this machine, and no try of the same gets past it.
BROKEN = (
    Misconfigured,
    KeyMissing,
    DataDirBusy,
    StateDamaged,
    StateNewer,
    StateUnreadable,
    NotStored,
)
DONE, ATTENTION, WRONG_USE, NO_CONNECTION, BRAKED = 0, 1, 2, 3, 4
FAULT = "The agent met a fault of its own. Nothing is lost; its log names the kind."
COMMAND = "command"
CHOICE_PARTS = ("verb", "id", "use", "other", "mark")


def finished(report: Report, seal: plans.Seal | None = None) -> dict[str, Any]:
    """A run that came to its end; `sentence` says why a verification ended early. A dry run has its `plan` (the hash) and
    says in `braked` why the brake would stop it; with `seal` also `plan_text`, to be saved.
    """
    run = report.run
    told: dict[str, Any] = {
        "exit": exit_of(report),
        "sentence": report.paused,
        "kind": run.kind,
        "outcome": run.outcome,
        "counts": dict(run.counts),
        "needs_person": report.needs_person,
        "lines": [asdict(line) for line in report.lines],
    }
    if report.plan is not None:
        told |= {"plan": report.plan.hash, "braked": report.braked}
        if seal is not None:
            told["plan_text"] = plans.to_text(report.plan, seal)
    return told


def failed(error: AgentError) -> dict[str, Any]:
    """A run that could not go on; `plan` is the hash of the one that the brake stopped."""
    told = {"exit": exit_for(error), "sentence": error.sentence()}
    return told | {"plan": error.hash} if isinstance(error, Braked) else told


def exit_of(report: Report) -> int:
    """1 where a record is held, reported or refused, or anything waits for a person."""
    held = any(line.action == "hold" for line in report.lines)
    refused = report.run.counts.get("refused", 0)
    waits = held or refused or report.needs_person or report.braked or report.paused
    return ATTENTION if waits else DONE


def exit_for(error: AgentError) -> int:
    """The exit code of an error that ended a command."""
    if isinstance(error, Braked):
        return BRAKED
    if isinstance(error, NotPossible):
        return ATTENTION if error.moved else WRONG_USE
    if isinstance(error, BROKEN):
        return WRONG_USE
    lost = isinstance(error, SideError) and error.reach is not Reach.ITEM
    return NO_CONNECTION if lost else ATTENTION


def choice_of(told: Mapping[str, Any], actor: str, own: str = "") -> Choice:
    """A choice from plain data. Who makes it is never taken from there. Raises ValueError, KeyError."""
    parts = {name: told.get(name, "") for name in CHOICE_PARTS}
    if not all(isinstance(part, str) for part in parts.values()) or not parts["verb"]:
        raise ValueError("not a choice")
    return Choice(actor=actor, own=own, **parts)


def choice_plain(choice: Choice) -> dict[str, str]:
    """A choice as plain data, without who makes it."""
    return {name: getattr(choice, name) for name in CHOICE_PARTS}


def attention_rows(rows: Iterable[Attention]) -> list[dict[str, Any]]:
    """What waits for a person, the oldest first, what needs one before what only informs; nothing that was dismissed."""
    shown = [row for row in rows if not row.dismissed]
    return [_plain(row) for row in sorted(shown, key=_first)]


def link_rows(
    links: Iterable[Link], ignored: Mapping[str, Iterable[str]] | None = None
) -> list[dict[str, Any]]:
    """Every link, then the records that are left alone. `state` is in step, open, never read or ignored."""
    rows = [_link(link) for link in links]
    for side, ids in (ignored or {}).items():
        rows += [_ignored(side, id) for id in sorted(ids)]
    return rows


def _link(link: Link) -> dict[str, Any]:
    state = "open" if link.open else "in step" if link.agreed else "never read"
    return {
        "id": link.id,
        "hra_id": link.hra_id,
        "xero_id": link.xero_id,
        "number": link.number,
        "state": state,
        "open": dict(link.open),
        "verified": _time(link.verified),
    }


def _ignored(side: str, id: str) -> dict[str, Any]:
    ids = {"hra_id": "", "xero_id": "", f"{side}_id": id}
    return {"id": "", **ids, "number": None, "state": "ignored", "open": {}, "verified": None}


def _plain(row: Attention) -> dict[str, Any]:
    return asdict(row) | {"since": _time(row.since)}


def _first(row: Attention) -> tuple[bool, str]:
    return not row.needs_person, _time(row.since) or ""


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
