"""Import and export as the page tells them: each run in words, the last one of each kind, and the next.

A run's kind is `import` or `export`, and after a comma how: `dry run` wrote nothing, `as planned` applied a plan.
"""

from collections.abc import Sequence
from datetime import datetime

from agent import pace
from agent.records import Run
from agent.report.shape import Plan, RunStatus, Turn
from agent.report.times import Clock

KINDS = {"import": ("Import", "Xero to HRA Cloud"), "export": ("Export", "HRA Cloud to Xero")}
VERIFY = "verify"
LABELS = {VERIFY: "Verification"} | {kind: label for kind, (label, _) in KINDS.items()}
DRY_RUN = "dry run"
STARTED_BY = {"page": "from this page", "command": "by a command", "schedule": "on schedule"}
OUTCOMES = {
    "running": "running",
    "done": "done",
    "attention": "done, some left over",
    "failed": "failed",
    "stopped": "stopped",
    "paused": "ended early",
    "braked": "stopped by the brake",
    "refused": "refused",
}
HALTED = frozenset({"failed", "stopped", "paused", "braked", "refused"})
# Each count as it is told: what was done, and what a dry run would do.
COUNTED = (
    ("linked", "{n} linked", "would link {n}"),
    ("created_hra", "{n} created in HRA Cloud", "would create {n} in HRA Cloud"),
    ("created_xero", "{n} created in Xero", "would create {n} in Xero"),
    ("to_hra", "{n} {value} to HRA Cloud", "would write {n} {value} to HRA Cloud"),
    ("to_xero", "{n} {value} to Xero", "would write {n} {value} to Xero"),
    ("conflicts", "{n} {conflict}", "{n} {conflict}"),
    ("held", "{n} held", "{n} held"),
    ("refused", "{n} refused", "{n} refused"),
    ("waiting", "{n} waiting for the next import or export", "{n} waiting"),
    ("resumed", "{n} read before the stop", "{n} read before the stop"),
)


def turn(say: Clock, kind: str, runs: Sequence[Run], plan: Plan, next_run: datetime | None) -> Turn:
    """Import or export, with its last run and the next."""
    label, way = KINDS[kind]
    automatic = plan.automatic_import if kind == "import" else plan.automatic_export
    last = last_of(runs, kind)
    return Turn(
        kind=kind,
        label=label,
        way=way,
        automatic=automatic,
        last=run_status(say, last) if last else None,
        next=say.maybe(next_run) if automatic else None,
    )


def last_of(runs: Sequence[Run], kind: str) -> Run | None:
    """The last run of a kind that began and was no dry run; `runs` newest first."""
    return next((run for run in runs if _counts_as(run, kind)), None)


def _counts_as(run: Run, kind: str) -> bool:
    """A dry run wrote nothing, and a refused one never began: neither says how the last import or export went."""
    base, how = _parts(run.kind)
    return base == kind and how != DRY_RUN and run.outcome != "refused"


def run_status(say: Clock, run: Run) -> RunStatus:
    """One run in words."""
    return RunStatus(
        kind=run.kind,
        label=_label(run.kind),
        started_by=_started_by(run.started_by),
        started=say.when(run.started),
        ended=say.maybe(run.ended),
        running=run.outcome == "running",
        outcome=run.outcome,
        told=OUTCOMES.get(run.outcome, run.outcome),
        halted=run.outcome in HALTED,
        result=_result(run),
        reason=run.reason,
        done=run.done,
        total=run.total,
        counts=dict(run.counts),
        calls_left=run.calls_left,
        seconds_left=run.seconds_left,
    )


def _parts(kind: str) -> tuple[str, str]:
    base, _, how = kind.partition(", ")
    return base, how


def _label(kind: str) -> str:
    base, how = _parts(kind)
    told = LABELS.get(base, "eSS push")
    return f"{told}, {how}" if how else told


def _started_by(actor: str) -> str:
    kind, _, name = actor.partition(":")
    told = STARTED_BY.get(kind, actor)
    return (
        f"{told} by {name}" if name and kind == "page" else (f"{told} of {name}" if name else told)
    )


def _result(run: Run) -> str:
    if run.outcome == "running":
        return _under_way(run)
    people = run.counts.get("records", 0)
    told = [f"{people:,} {'person' if people == 1 else 'people'}"] if people else []
    dry = _parts(run.kind)[1] == DRY_RUN
    for name, done, would in COUNTED:
        count = run.counts.get(name, 0)
        if count:
            told.append(_counted(would if dry else done, count))
    if run.outcome in ("done", "attention") and len(told) < 2:
        told.append("nothing to change")
    return ", ".join(told)


def _under_way(run: Run) -> str:
    if not run.total:
        return "Reading both sides"
    left = f", {pace.time_left(run.seconds_left)} left" if run.seconds_left else ""
    return f"{run.done} of {run.total} people{left}"


def _counted(text: str, count: int) -> str:
    s = "" if count == 1 else "s"
    return text.format(n=f"{count:,}", value=f"value{s}", conflict=f"conflict{s}")
