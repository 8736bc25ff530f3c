"""Trouble at any call, and a machine that dies at any step: what stands between the agent and both sides.

`Troubles` draws, for every call of a storm, whether it meets something and what; `Line` is a side as the agent
reaches it through them. `Disk` is the one disk of this process: when the machine dies, the folder is kept as it stood
at that moment, and nothing that the dying code still tries reaches a side or the disk.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copytree
from typing import Any

from agent.employee import Employee, Values
from agent.errors import (
    AccessLost,
    MissingPage,
    NotConnected,
    OutcomeUnknown,
    Parked,
    Refused,
    RepeatedCursor,
    Unreachable,
    UnreadableAnswer,
    WrongRecord,
)
from agent.fields import FIELD_GROUPS
from agent.side import Listing

WRITES = ("update", "create", "convert")
LISTS = ("listing", "candidates")
RECORDS = ("fetch", "person", "candidate")
AT_ANY = ("unreachable", "parked", "access lost", "not connected", "killed")
AT_READS = (*AT_ANY, "unreadable")
AT_LISTS = (*AT_READS, "repeated cursor", "missing page", "empty list")
AT_RECORDS = (*AT_READS, "wrong record")
AT_WRITES = (
    *AT_ANY, "killed", "refused", "lost before", "lost after", "lost after", "killed after",
)  # fmt: skip
BETWEEN = ("lost between", "killed between")
ACTIONS = ("end_date", "branch")
AT_ACTIONS = ("action failed", "action lost before", "action lost after")
AFTERWARDS = ("lost after", "killed after")


class Killed(BaseException):
    """The machine lost its power here."""


class Disk:
    """Every sync of a file is one step. `arm` says at which step from now the machine dies, 0 for none."""

    def __init__(self) -> None:
        self.dead = False
        self._folder, self._kept = Path(), Path()
        self._left = 0

    def arm(self, folder: Path, kept: Path, at: int) -> None:
        """Watch this folder; what stands in it when the machine dies is copied to `kept`."""
        self._folder, self._kept, self._left = folder, kept, at

    def disarm(self) -> None:
        """No more deaths; what was dead lives again."""
        self.dead, self._left = False, 0

    def sync(self, handle: int) -> None:
        """What stands for `os.fsync`: nothing waits for the disk, and the machine may die here."""
        self.check()
        if self._left:
            self._left -= 1
            if not self._left:
                self.die()

    def check(self) -> None:
        """Nothing is done by a machine that is dead. Raises Killed."""
        if self.dead:
            raise Killed

    def die(self) -> None:
        """Raises Killed; the folder as it stands now is what a restart finds."""
        copytree(self._folder, self._kept)
        self.dead = True
        raise Killed


DISK = Disk()


@dataclass
class Troubles:
    """What the calls of both sides meet while a storm is on: `share` of them, drawn by `random`."""

    clock: Callable[[], datetime]
    met: Counter[str]
    share: float = 0.0
    only: tuple[str, ...] = ()  # the calls that may meet something; () for all
    random: Random = field(default_factory=Random)
    partial: bool = True  # a list that says it is complete may lack somebody
    deadly: bool = True  # the machine may die
    unanswered: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    cut: tuple[str, str] = (
        "",
        "",
    )  # whose next write arrives as the last of all, and how that ends
    dark: bool = False  # nothing is reached any more

    def begin(self, random: Random, share: float | None = None) -> None:
        """From now on at this share of all calls; None: drawn, and for some storms only where something is listed or
        written, to which most would never come."""
        self.random, self.only = random, ()
        if share is None:
            self.only = random.choice([(), WRITES, WRITES, LISTS])
            share = random.choice([0.4, 0.8] if self.only else [0.02, 0.08, 0.25])
        self.share = share

    def end(self) -> None:
        """All is well again."""
        self.share, self.cut, self.dark = 0.0, ("", ""), False

    def draw(self, side: Any, call: str, args: tuple[Any, ...]) -> str:
        """What this call meets, "" for nothing."""
        if not self.share or (self.only and call not in self.only):
            return ""
        if self.random.random() >= self.share:
            return ""
        possible = self._possible(side, call, args)
        if not self.deadly:
            possible = tuple(kind for kind in possible if not kind.startswith("killed"))
        kind = self.random.choice(possible)
        self.met[f"{kind} at {sort_of(call)}"] += 1
        self.met[kind] += 1
        self.met["trouble"] += 1
        return kind

    def _possible(self, side: Any, call: str, args: tuple[Any, ...]) -> tuple[str, ...]:
        if call == "candidates":
            return tuple(kind for kind in AT_LISTS if kind != "empty list")  # who could tell
        if call == "listing":
            return AT_LISTS + (("partial list",) if self.partial else ())
        if call in RECORDS:
            return AT_RECORDS
        if call not in WRITES:
            return AT_READS
        if call != "update":
            return AT_WRITES
        between = BETWEEN if len(_sections(args[1])) > 1 else ()
        acts = side.name == "hra" and {*args[1]} & {*ACTIONS}
        return AT_WRITES + between + (AT_ACTIONS if acts else ())


def sort_of(call: str) -> str:
    """The sort of call, in a word."""
    if call in WRITES:
        return "write" if call == "update" else call
    return "list" if call in LISTS else "read" if call in RECORDS else call


class Line:
    """A side as the agent reaches it: every call may meet something."""

    def __init__(self, side: Any, troubles: Troubles) -> None:
        self._side, self._troubles = side, troubles

    def __getattr__(self, call: str) -> Any:
        found = getattr(self._side, call)
        if not callable(found):
            return found

        def through(*args: Any, **named: Any) -> Any:
            DISK.check()
            if self._troubles.dark:
                raise Unreachable(self._side.name)
            if call == "update" and args[0].id == self._troubles.cut[0]:
                return self._cut_off(found, args)
            kind = self._troubles.draw(self._side, call, args)
            if not kind:
                return found(*args, **named)
            return self._meet(kind, call, found, args, named)

        return through

    def _meet(
        self,
        kind: str,
        call: str,
        found: Callable[..., Any],
        args: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> Any:
        if kind == "killed":
            DISK.die()
        if kind in ("partial list", "empty list"):
            return _shortened(found(*args, **named), kind, self._troubles.random)
        if kind.startswith("action"):
            self._side.acting[args[0].id] = kind.removeprefix("action ").replace(" ", "_")
            try:
                return found(*args)
            finally:
                self._side.acting.pop(args[0].id, None)
        if kind in BETWEEN:
            args = (args[0], self._first_section(*args))
        if kind in AFTERWARDS + BETWEEN:
            found(*args, **named)
            if call == "update":
                names = tuple(args[1])
                self._troubles.unanswered.append((self._side.name, args[0].id, names))
        if kind.startswith("killed"):
            DISK.die()
        raise self._error(kind)

    def _cut_off(self, found: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        found(*args)
        self._troubles.met[self._troubles.cut[1]] += 1
        if self._troubles.cut[1] == "killed after":
            DISK.die()
        self._troubles.dark = True
        raise OutcomeUnknown(self._side.name)

    def _first_section(self, employee: Employee, changes: Values) -> Values:
        first = _sections(changes)[0]
        return {name: value for name, value in changes.items() if _section(name) == first}

    def _error(self, kind: str) -> Exception:
        side, random = self._side.name, self._troubles.random
        if kind == "parked":
            pause = timedelta(seconds=random.choice([5, 60, 4000]))
            return Parked(side, self._troubles.clock() + pause)
        if kind == "refused":
            return Refused(side, ("a rule of the vendor",))
        if kind.startswith("lost"):
            return OutcomeUnknown(side)
        made = {
            "unreachable": Unreachable, "access lost": AccessLost, "not connected": NotConnected,
            "unreadable": UnreadableAnswer, "wrong record": WrongRecord,
            "repeated cursor": RepeatedCursor, "missing page": MissingPage,
        }[kind]  # fmt: skip
        return made(side)


def _section(name: str) -> str:
    """What is written as one: an action of HRA Cloud each alone, and after the sections."""
    return f"~{name}" if name in ACTIONS else FIELD_GROUPS[name]


def _sections(changes: Values) -> list[str]:
    return sorted({_section(name) for name in changes})


def _shortened(found: Any, kind: str, random: Random) -> Any:
    people = found.people if isinstance(found, Listing) else found
    left = () if kind == "empty list" or not people else _without(people, random)
    return replace(found, people=left) if isinstance(found, Listing) else left


def _without(people: tuple[Any, ...], random: Random) -> tuple[Any, ...]:
    lacking = random.randrange(len(people))
    return people[:lacking] + people[lacking + 1 :]
