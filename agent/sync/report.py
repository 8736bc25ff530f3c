"""What a run tells: its progress while it goes, and one line a record when it is done (or in a dry run, as a plan)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.employee import UNKNOWN, Employee
from agent.fields import FIELDS, glimpse, same, shown
from agent.merge import SENDS, Decision, Kind
from agent.plan import TARGETS
from agent.plans import Plan
from agent.records import Run
from agent.words import FOR_ALL, sentence


@dataclass(frozen=True)
class Progress:
    """How far a run is: `phase` is reading or writing, `done` of `total` records. `calls_left`: Xero's calls left of the
    day; `seconds_left` until this phase is over; None while unknown."""

    phase: str
    done: int
    total: int
    calls_left: int | None = None
    seconds_left: int | None = None


@dataclass(frozen=True)
class FieldLine:
    """One field of a line. `old` and `new` are filled in a dry run only, sensitive ones masked (R3)."""

    name: str
    label: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True)
class Line:
    """One record of a plan, or of what was done. `action`: update, create, convert, link or hold."""

    hra_id: str
    xero_id: str
    number: str | None
    name: str
    action: str
    target: str = ""
    fields: tuple[FieldLine, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Report:
    """The closed run, its lines, and how many attention rows need a person now. A dry run has its `plan`, and says in
    `braked` why the brake would stop it. `paused`: why a verification ended early, and when it goes on."""

    run: Run
    lines: tuple[Line, ...]
    needs_person: int
    plan: Plan | None = None
    braked: str = ""
    paused: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a person's choice: a sentence, and the exit code (1 where something still waits)."""

    sentence: str
    exit: int = 0


@dataclass(frozen=True)
class Compared:
    """One field as both sides hold it now, for a person's eyes: sensitive values masked. `same`: equal, whatever the
    masks look like."""

    name: str
    label: str
    hra: str
    xero: str
    same: bool = False


@dataclass(frozen=True)
class OpenedPartner:
    """A possible partner beside the person of the row, read now."""

    side: str
    id: str
    number: str | None
    why: tuple[str, ...]
    compared: tuple[Compared, ...]


@dataclass(frozen=True)
class Opened:
    """An attention row with what both sides hold at this moment. Never stored. `mark` names the values shown; a choice is
    applied only to them. `planned`: what a braked run would do, without values. `problem` says why something could not be
    read."""

    id: str
    kind: str
    who: str
    text: str
    mark: str
    buttons: tuple[str, ...]
    compared: tuple[Compared, ...] = ()
    partners: tuple[OpenedPartner, ...] = ()
    hra_id: str = ""
    xero_id: str = ""
    plan: str = ""
    planned: tuple[Line, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Pushed:
    """What came of one eSS push: done, nothing (no difference yet) or held, with the fields and a sentence.

    `certain` False: what is held may have stood before this save, which HRA may not show yet: worth another look.
    """

    outcome: str
    fields: tuple[str, ...] = ()
    reason: str = ""
    certain: bool = True


def done_fields(names: tuple[str, ...]) -> tuple[FieldLine, ...]:
    """The fields of a line that tells what was done: names only."""
    return tuple(FieldLine(name, FIELDS[name].label) for name in names)


def planned_fields(
    decisions: tuple[Decision, ...], way: str, was: Employee
) -> tuple[FieldLine, ...]:
    """Old and new of every field that would be written, sensitive ones masked."""
    return tuple(
        FieldLine(
            d.name, FIELDS[d.name].label, shown(d.name, was.get(d.name)), shown(d.name, d.value)
        )
        for d in decisions
        if SENDS.get(d.kind) == TARGETS[way]
    )


def holds(decisions: tuple[Decision, ...]) -> str:
    """Why fields of this record wait, in one text."""
    together: dict[tuple[str, str], list[str]] = {}
    for decision in decisions:
        if decision.kind is Kind.HOLD and decision.reason not in FOR_ALL:
            together.setdefault((decision.reason, decision.detail), []).append(decision.name)
    return " ".join(sentence(code, names, detail) for (code, detail), names in together.items())


def full_name(employee: Employee) -> str:
    """First and last name for a person's terminal; never stored."""
    parts = (employee.get("first_name"), employee.get("last_name"))
    return " ".join(str(part) for part in parts if part and part is not UNKNOWN)


def counted(
    tally: Counter[str], calls: Mapping[str, int], before: Mapping[str, int]
) -> dict[str, int]:
    """A run's counts, with the calls that it made to each side."""
    spent = {f"calls_{side}": count - before.get(side, 0) for side, count in calls.items()}
    return {**tally, **spent}


def compared(names: Iterable[str], hra: Employee, xero: Employee) -> tuple[Compared, ...]:
    """These fields as both sides hold them now, sensitive ones masked."""
    return tuple(
        Compared(
            name,
            FIELDS[name].label,
            glimpse(name, hra.get(name)),
            glimpse(name, xero.get(name)),
            same(name, hra.get(name), xero.get(name)),
        )
        for name in names
        if name in FIELDS
    )
