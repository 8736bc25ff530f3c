"""What a run came to, as plain data: for `--json`, for the terminal's table, and between two processes. Pure.

Exit codes (the interface's): 0 done, 1 something needs attention, 2 wrong use or configuration, 3 no connection.
"""

from dataclasses import asdict
from typing import Any

from agent.errors import AgentError, DataDirBusy, KeyMissing, Misconfigured, SideError
from agent.sync import Report

DONE, ATTENTION, WRONG_USE, NO_CONNECTION = 0, 1, 2, 3
FAULT = "The agent met a fault of its own. Nothing is lost; its log names the kind."


def finished(report: Report) -> dict[str, Any]:
    """A run that came to its end."""
    run = report.run
    return {
        "exit": exit_of(report),
        "sentence": "",
        "kind": run.kind,
        "outcome": run.outcome,
        "counts": dict(run.counts),
        "needs_person": report.needs_person,
        "lines": [asdict(line) for line in report.lines],
    }


def failed(error: AgentError) -> dict[str, Any]:
    """A run that could not go on."""
    return {"exit": exit_for(error), "sentence": error.sentence()}


def exit_of(report: Report) -> int:
    """1 where a record is held, reported or refused, or anything waits for a person."""
    held = any(line.action == "hold" for line in report.lines)
    refused = report.run.counts.get("refused", 0)
    return ATTENTION if held or refused or report.needs_person else DONE


def exit_for(error: AgentError) -> int:
    """The exit code of an error that ended a command."""
    if isinstance(error, Misconfigured | KeyMissing | DataDirBusy):
        return WRONG_USE
    return NO_CONNECTION if isinstance(error, SideError) else ATTENTION
