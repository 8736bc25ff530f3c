"""What the status page, `status` and /api/status tell: rows of the store and facts of the settings in, one Status out.

Pure. Decides what counts as in step, what needs a person, and the one sentence that stands first. Holds names of
fields, never a value of an employee; a person is told by employee number. Times are in the configured zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from agent import pace
from agent.errors import SIDE_NAMES
from agent.records import Attention, Binding, Change, Connection, Link, Run, Save
from agent.report import ran, told, verifying
from agent.report.people import Person, in_step, people
from agent.report.shape import Counts, Facts, Need, RunStatus, SideStatus, Status, Turn
from agent.report.times import Clock

__all__ = ["Facts", "Need", "Person", "Status", "as_json", "people", "status", "who"]

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
NOTHING_KNOWN: Mapping[str, datetime | None] = {}
RUNS_SHOWN = 8
CHANGES_SHOWN = 20


def status(
    *,
    settings: Facts,
    binding: Binding,
    connections: Mapping[str, Connection],
    links: Sequence[Link],
    attention: Sequence[Attention],
    runs: Sequence[Run],
    changes: Sequence[Change],
    waiting: Sequence[Save],
    next_run: datetime | None,
    day_left: int | None,
    now: datetime,
    standing: str = "",
    limits: pace.Standing | None = None,
    dies: Mapping[str, datetime | None] = NOTHING_KNOWN,
) -> Status:
    """The state of the agent in words. `runs` and `changes` newest first; `next_run` is the schedule's next turn.

    `standing`: why schedules and pushes are switched off, "" for on. `limits`: how Xero's stand. `dies`: per side, when its
    sign-in dies unused.
    """
    say = Clock(now, settings.agent.timezone)
    names = told.Names(links)
    sides = tuple(
        told.side(say, connections[side], binding, settings.sync, dies.get(side))
        for side in SIDE_NAMES
    )
    due = None if standing else next_run
    turns = tuple(ran.turn(say, kind, runs, settings.sync, due) for kind in ran.KINDS)
    shown = tuple(ran.run_status(say, run) for run in runs[:RUNS_SHOWN])
    counts = _counts(links, attention, waiting)
    tone, hero = _hero(sides, turns, counts, binding, standing)
    return Status(
        now=say.when(now),
        zone=str(settings.agent.timezone),
        tone=tone,
        hero=hero,
        lead=_lead(sides, turns, shown, standing),
        organisation=binding.tenant_name or binding.account_name,
        authority=SIDE_NAMES[settings.sync.authoritative_system],
        switched_off=standing,
        counts=counts,
        sides=sides,
        turns=turns,
        verification=verifying.verification(say, settings, links, runs, limits, off=bool(standing)),
        runs=shown,
        waiting=tuple(told.waiting(say, names, save) for save in waiting),
        needs=tuple(told.need(say, names, row) for row in sorted(attention, key=_first)),
        changes=tuple(told.written(say, names, change) for change in changes[:CHANGES_SHOWN]),
        calls_left_today=day_left,
        calls_a_day=settings.xero.daily_call_limit,
    )


def who(number: str | None, hra_id: str, xero_id: str) -> str:
    """A person in words: by employee number, else by the id of a record."""
    return told.Names(()).of(number, hra_id, xero_id)


def as_json(status: Status) -> dict[str, Any]:
    """The same data as plain JSON types; times are ISO 8601 in the configured zone."""
    plain: dict[str, Any] = _plain(asdict(status))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


# --- the first sentences ----------------------------------------------------------------------------------------


def _counts(
    links: Iterable[Link], attention: Sequence[Attention], waiting: Sequence[Save]
) -> Counts:
    linked = tuple(links)
    standing = [row for row in attention if row.needs_person and not row.dismissed]
    return Counts(
        in_step=sum(in_step(link) for link in linked),
        people=len(linked),
        waiting_for_xero=len(waiting),
        need_you=len(standing),
        conflicts=sum(row.kind == "conflict" for row in standing),
    )


def _hero(
    sides: Sequence[SideStatus],
    turns: Sequence[Turn],
    counts: Counts,
    binding: Binding,
    standing: str,
) -> tuple[str, str]:
    tone, first = _state(sides, turns, binding, standing)
    if not counts.need_you:
        return tone, first
    many = "thing needs" if counts.need_you == 1 else "things need"
    return ("warn" if tone == "good" else tone), f"{first} {_number(counts.need_you)} {many} you."


def _state(
    sides: Sequence[SideStatus], turns: Sequence[Turn], binding: Binding, standing: str
) -> tuple[str, str]:
    lost = [side.name for side in sides if not side.connected]
    if lost:
        return "bad", f"Not connected to {' or '.join(lost)}."
    if not (binding.account_id and binding.tenant_id):
        return "bad", "Connected, but not linked yet."
    if standing:
        return "warn", "Switched off."
    old = [side.name for side in sides if not side.lately]
    if old:
        return "warn", f"{' and '.join(old)} not proved lately."
    failed = [turn.label.lower() for turn in turns if turn.last and turn.last.outcome == "failed"]
    if failed:
        return "bad", f"The last {' and '.join(failed)} failed."
    ending = [side.name for side in sides if side.expiring]
    if ending:
        return "warn", f"Working, but the sign-in to {' and '.join(ending)} ends soon."
    return "good", "Working."


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _lead(
    sides: Sequence[SideStatus], turns: Sequence[Turn], runs: Sequence[RunStatus], standing: str
) -> str:
    if not all(side.connected for side in sides):
        return "Nothing travels until both sides are connected. eSS saves are kept meanwhile."
    under_way = [run for run in runs if run.running]
    if under_way:
        return f"{under_way[0].label} under way."
    if standing:
        return (
            "Nothing travels by itself until somebody switches it on. eSS saves are kept meanwhile."
        )
    if not any(turn.automatic for turn in turns):
        return "eSS saves go to Xero at once. Imports and exports run when you start them."
    return " ".join(f"{_lead_of(turn)}." for turn in turns if turn.automatic)


def _lead_of(turn: Turn) -> str:
    last = (
        f"Last {turn.label.lower()} {turn.last.started.ago}"
        if turn.last
        else f"No {turn.label.lower()} yet"
    )
    return f"{last}, next {turn.next.clock}" if turn.next else last


def _first(row: Attention) -> tuple[bool, bool, str]:
    return row.dismissed, not row.needs_person, row.since.isoformat() if row.since else ""
