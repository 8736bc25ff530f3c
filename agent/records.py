"""What the agent remembers, as plain rows: links, attention, runs, changes, the hook inbox.

No row ever holds a value of an employee: ids, field names, counts, times, reasons and keyed digests only
(D3, S4). Times are aware UTC datetimes; the store writes them as ISO 8601.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Binding:
    """The one HRA account and the one Xero organisation that this agent links (L1)."""

    account_id: str = ""
    account_name: str = ""
    tenant_id: str = ""
    tenant_name: str = ""


@dataclass(frozen=True)
class Agreed:
    """Keyed digests of one field as last agreed: what HRA held and what Xero held at that moment."""

    hra: str
    xero: str


@dataclass(frozen=True)
class Late:
    """The digest of a value that was sent while its answer was lost, and until when it may still arrive. `absent`: it did not
    stand there when it was sent, or at a look since; else it only went along: a `PUT` to HRA Cloud carries a section whole.
    """

    mark: str
    until: datetime
    absent: bool = True


@dataclass(frozen=True)
class Approval:
    """A change of bank accounts, super or TFN that waits for a second person (S2).

    `way` is to_xero or to_hra; `mark` a keyed digest of the value that is to travel; `asked_by` and `by` are actors (see
    Choice), or the system where it was changed; `state` is waiting, approved or rejected. `chosen`: it follows from a
    person's choice, which holds only while both values are those that the choice was made for.
    """

    way: str
    mark: str
    asked: datetime
    asked_by: str
    state: str = "waiting"
    by: str = ""
    at: datetime | None = None
    chosen: bool = False


@dataclass(frozen=True)
class Link:
    """One person on both sides.

    `agreed`: per field, what was last seen equal. `kept`: per field, the pair of values that stood after a write
    was read back different, so that it is not repeated until either moves (D4). `open`: per field, why something
    decided is not carried out yet (D9). `hra_seen`/`xero_seen`: the vendors' own update times as last read.
    `kept_by`: per kept field, the side that shows it differently than it was sent.
    `sending`: the side being written at this moment, "" when none: after a crash that record is looked at first.
    `sent`: per side and field, the digest of what was sent there while the answer was lost: found there later, it is the
    agent's own write and no change of that side (D4). `late`: the same for what the next look did not find, which may still
    arrive (X3). `created`: the side on which the agent created this person, ""
    when both were there. `held`: per field on hold, the pair of values that it was held for, so that a person's choice is
    applied only to what was shown. `approvals`: per field, what a second person was asked (S2). `left`: per side, the
    update time that it showed right after the agent's own last write there: a stopped run that goes on knows it again.
    """

    id: str
    hra_id: str
    xero_id: str
    number: str | None = None
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    kept: Mapping[str, Agreed] = field(default_factory=dict)
    open: Mapping[str, str] = field(default_factory=dict)
    verified: datetime | None = None
    hra_seen: str = ""
    xero_seen: str = ""
    sending: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)
    late: Mapping[str, Late] = field(default_factory=dict)
    created: str = ""
    kept_by: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Agreed] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Partner:
    """Somebody on the other side who may be the person of an attention row; `why` in words (same name, same birth date)."""

    side: str
    id: str
    number: str | None = None
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attention:
    """One thing that waits for a person, or that a person should know.

    `scope` says what it belongs to (`link:ID`, `hra:ID`, `xero:ID`, `hook:HRA_ID`, `org`, `run`): a record's rows are
    always replaced together, so a row whose cause is gone leaves by itself. `kind` is one word for the page's
    pill: conflict, cannot-travel, refused, kept, possible-partner, not-payable, push, stopped, notice.
    `needs_person` False is information only and does not make exit code 1. `text` says what happened and what to do.
    `partners` are the possible partners of a match desk row, `plan` the hash of a braked run's plan. `mark` is a short
    digest of the very values that the row stands for. `dismissed`: a person
    has read it; it stays away until the matter changes. `buttons` are what a person can answer: retry, use_hra, use_xero,
    approve, reject, dismiss, link, create, ignore.
    """

    scope: str
    kind: str
    text: str
    fields: tuple[str, ...] = ()
    hra_id: str | None = None
    xero_id: str | None = None
    number: str | None = None
    needs_person: bool = True
    since: datetime | None = None
    id: str = ""
    partners: tuple[Partner, ...] = ()
    plan: str = ""
    mark: str = ""
    dismissed: bool = False
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """What a person decided. `actor` is who: `page:NAME`, `command` or `command:NAME` (at the terminal, with that page
    user's password); `schedule` and `eSS` are no persons.

    verb      id                                    more
    link      HRA id                                `other`: Xero id
    unlink    HRA id
    ignore    HRA id, or `xero:ID`
    unignore  HRA id, or `xero:ID`
    create    HRA id, or `xero:ID`: this person has no partner
    retry     attention id
    resolve   attention id                          `use`: hra or xero; `mark`: what was shown, "" for as stored
    approve   attention id                          `own`: HRA id of the employee that the actor is tied to, "" for none
    reject    attention id                          `own`
    dismiss   attention id
    """

    verb: str
    id: str
    actor: str
    use: str = ""
    other: str = ""
    mark: str = ""
    own: str = ""


@dataclass(frozen=True)
class Event:
    """One line of the audit log (S3): what happened to whom, which fields, which way, why, and by whom. Never a value.

    `what`: linked, unlinked, moved, ignored, unignored, alone, written, refused, created, converted, held, agreed, asked,
    approved, rejected, resolved, retried, dismissed, braked, connected, disconnected, switched, restored, user,
    key, trimmed. `way`: to_hra, to_xero or "". `actor` as in Choice, or schedule, eSS.
    """

    what: str
    hra_id: str = ""
    xero_id: str = ""
    number: str | None = None
    fields: tuple[str, ...] = ()
    way: str = ""
    why: str = ""
    actor: str = ""


@dataclass(frozen=True)
class User:
    """Somebody who may sign in to the page besides admin. `employee`: the HRA id of their own record, "" for none."""

    name: str
    password_hash: str = field(repr=False)
    employee: str = ""


@dataclass(frozen=True)
class Run:
    """One import, export, verification or push. `counts`: records, linked, created_hra, created_xero, to_hra, to_xero
    (fields), agreed, conflicts, held, refused, waiting, resumed, calls_hra, calls_xero. `outcome`: running, done, attention,
    failed, stopped, paused (a verification at the end of the day's calls), braked, refused.

    `mode` and `employee` as asked. `since`: when the first of a chain of stopped runs began that this one goes on with
    (R4), else its own start. `calls_left`: Xero's calls left of the day; `seconds_left`: until it ends, as reckoned last.
    """

    id: str
    kind: str
    started_by: str
    started: datetime
    ended: datetime | None = None
    outcome: str = "running"
    reason: str = ""
    done: int = 0
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    mode: str = ""
    employee: str = ""
    since: datetime | None = None
    calls_left: int | None = None
    seconds_left: int | None = None


@dataclass(frozen=True)
class Change:
    """What was written to one record: fields, never values. `way` is `to_hra` or `to_xero`; `cause` import, export or eSS."""

    at: datetime
    hra_id: str
    xero_id: str
    number: str | None
    fields: tuple[str, ...]
    way: str
    cause: str


@dataclass(frozen=True)
class Save:
    """One accepted hook: an employee's save in eSS that waits to reach Xero. `sections` empty means all.

    `seen`: the field groups of `sections` that earlier looks saw written. `idle`: seconds since `received` that count as no
    time of its own (parked, switched off, nobody signed in), up to `halted`, since when they go on; None while it counts.
    """

    id: str
    employee_id: str
    sections: tuple[str, ...]
    received: datetime
    tries: int = 0
    looks: int = 0
    next_try: datetime | None = None
    reason: str = ""
    closed: str = ""
    seen: tuple[str, ...] = ()
    idle: float = 0.0
    halted: datetime | None = None


@dataclass(frozen=True)
class Pending:
    """A create that was sent and is not known to have happened: looked for before anything is created again (X3).
    `action` is create or convert."""

    side: str
    source_id: str
    since: datetime
    action: str = "create"


@dataclass(frozen=True)
class Connection:
    """How a side stood when it was last proved."""

    side: str
    connected: bool = False
    name: str = ""
    proved: datetime | None = None
    reason: str = ""
    missing_scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spent:
    """What a process left of a side's limits for the next one (X1): `places` of the minute count as used until `free`, and so
    long `running` calls may be under way still; `day_used` calls were made in the day's window that began at `day_began`."""

    free: datetime
    places: int
    running: int
    day_began: datetime | None
    day_used: int
