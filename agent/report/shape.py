"""The shapes: the facts that a status is made of, and the Status itself. No field holds a value of an employee."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo


class Place(Protocol):
    """Where the agent stands."""

    @property
    def timezone(self) -> ZoneInfo: ...


class Plan(Protocol):
    """What runs by itself, and who decides."""

    @property
    def authoritative_system(self) -> str: ...
    @property
    def automatic_import(self) -> bool: ...
    @property
    def automatic_export(self) -> bool: ...
    @property
    def every_hours(self) -> float: ...
    @property
    def verify_every_hours(self) -> float: ...


class Allowance(Protocol):
    """Xero's calls of a day."""

    @property
    def daily_call_limit(self) -> int: ...


class Facts(Protocol):
    """The part of the settings that the page tells of."""

    @property
    def agent(self) -> Place: ...
    @property
    def sync(self) -> Plan: ...
    @property
    def xero(self) -> Allowance: ...


@dataclass(frozen=True)
class When:
    """A time as a person reads it: how long ago (or until), the clock time, and all of it exactly."""

    at: datetime
    ago: str
    clock: str
    exact: str


@dataclass(frozen=True)
class SideStatus:
    """One side as last proved. `lately` is False when that was longer ago than two cycles. `bound`: this agent is linked
    to an account or organisation there, whether it can be reached or not.

    `expires` is when its sign-in dies if nothing renews it; `expiring` says that this is near (L3).
    """

    side: str
    name: str
    connected: bool
    bound: bool
    lately: bool
    account: str
    proved: When | None
    reason: str
    missing: tuple[str, ...]
    expires: When | None
    expiring: bool


@dataclass(frozen=True)
class RunStatus:
    """One run: what it is, how it ended and what it did. `halted`: it did not come to its end, and `reason` says why.
    `counts` is as the store has it. While it runs: Xero's calls left of the day and the seconds left, None while unknown."""

    kind: str
    label: str
    started_by: str
    started: When
    ended: When | None
    running: bool
    outcome: str
    told: str
    halted: bool
    result: str
    reason: str
    done: int
    total: int
    counts: Mapping[str, int]
    calls_left: int | None = None
    seconds_left: int | None = None


@dataclass(frozen=True)
class Turn:
    """Import or export: which way, by itself or not, its last run that began and was no dry run, and the next one."""

    kind: str
    label: str
    way: str
    automatic: bool
    last: RunStatus | None
    next: When | None


@dataclass(frozen=True)
class Verification:
    """How everybody is read again (X2): in words, in hours for a full round (None: not by itself), who was read longest ago,
    how many were never read, and the last run of the command or button. `goes_on`: that one ended early."""

    told: str
    round_hours: float | None
    oldest: When | None
    never: int
    last: RunStatus | None
    goes_on: bool


@dataclass(frozen=True)
class WaitingSave:
    """An employee's save in eSS that has not reached Xero yet, and why."""

    who: str
    sections: tuple[str, ...]
    received: When
    tries: int
    next_try: When | None
    reason: str


@dataclass(frozen=True)
class Asked:
    """One change that a second person is asked to approve (S2): which field, which way, who asked and since when."""

    field: str
    way: str
    by: str
    since: When


@dataclass(frozen=True)
class Need:
    """One row of the attention list. `buttons` are the answers that it takes; `plan` the hash of a braked run's plan;
    `mark` names the very values that the row stands for."""

    id: str
    kind: str
    who: str
    text: str
    needs_person: bool
    fields: tuple[str, ...]
    hra_id: str | None
    xero_id: str | None
    since: When | None
    buttons: tuple[str, ...]
    asked: tuple[Asked, ...]
    plan: str
    mark: str
    dismissed: bool


@dataclass(frozen=True)
class Written:
    """One recent change: when, who, which fields in words, which way and why."""

    at: When
    who: str
    fields: tuple[str, ...]
    way: str
    cause: str


@dataclass(frozen=True)
class Counts:
    """The few numbers that stand first."""

    in_step: int
    people: int
    waiting_for_xero: int
    need_you: int
    conflicts: int


@dataclass(frozen=True)
class Status:
    """Everything that the page shows. `tone` is good, warn or bad; `switched_off` says why nothing runs by itself."""

    now: When
    zone: str
    tone: str
    hero: str
    lead: str
    organisation: str
    authority: str
    switched_off: str
    counts: Counts
    sides: tuple[SideStatus, ...]
    turns: tuple[Turn, ...]
    verification: Verification
    runs: tuple[RunStatus, ...]
    waiting: tuple[WaitingSave, ...]
    needs: tuple[Need, ...]
    changes: tuple[Written, ...]
    calls_left_today: int | None
    calls_a_day: int
