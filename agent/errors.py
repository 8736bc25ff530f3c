"""The error tree: every failure that the agent can meet, how far it reaches, whether trying again helps.

An error holds facts (side, record id, field names, a status, a correlation id), never a value of a
record. `sentence()` is the one place that turns it into words for a person: what happened, to whom,
what to do. The tree:

    AgentError
    +-- Misconfigured          a setting is unknown, missing or wrong
    +-- DataDirBusy            another process holds the data directory
    +-- StateDamaged           a file of the data directory is not as it was written
    +-- StateNewer             a file of the data directory was written by a later version
    +-- StateUnreadable        the system does not let a file of the data directory be read
    +-- NotStored              the disk does not take something; an OSError too
    +-- KeyMissing             the key does not open what it sealed
    +-- Busy                   a record is at work elsewhere at this moment
    +-- OwnFault               a fault of the agent's own at one record
    +-- Stopped                a person or a shutdown asked the run to stop
    +-- Braked                 a run would do more than the brake allows
    +-- NotPossible            what a person asked for cannot be done, or not by this person
    +-- SideError              something about one side
    |   +-- NotConnected       no sign-in, or the sign-in has died
    |   +-- AccessLost         the sign-in works, but may not do this
    |   +-- WrongTarget        another account or organisation than the linked one
    |   +-- NotSetUp           the side cannot be used yet (payroll not set up, no branch)
    |   +-- Unreachable        no answer, or the side says it is unavailable; nothing was written
    |   +-- Parked             the side asked to wait until a given time; nothing was written
    |   +-- OutcomeUnknown     a write was sent and its answer lost
    |   +-- Refused            the side refused the content of a write
    |   +-- NotFound           the side does not know this record
    |   +-- Distrusted         an answer that must not be believed
    |       +-- RepeatedCursor     a listing that goes round in a circle
    |       +-- MissingPage        a listing that lacks a part
    |       +-- WrongRecord        an answer about another record than asked
    |       +-- TransferLoop       a chain of transfers that never ends
    |       +-- UnreadableAnswer   an answer in no form that the contract knows
    +-- ActionFailed           an action of HRA Cloud ended in Failed, or never ended
    +-- HookError              a hook that is not taken
        +-- HookRefused        signature, time stamp or headers are not acceptable
        +-- HookMalformed      the body is not a hook
        +-- HookForeign        the hook is about another account
        +-- HookTooLarge       the body is larger than a hook can be
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

SIDE_NAMES = {"hra": "HRA Cloud", "xero": "Xero"}


class Reach(Enum):
    """How much of the work an error stops."""

    ITEM = "item"
    SIDE = "side"
    RUN = "run"


class AgentError(Exception):
    """Something went wrong that the agent has a sentence for."""

    reach = Reach.RUN
    try_again = False

    def sentence(self) -> str:
        """What happened, to whom, and what to do, in words for a payroll officer."""
        return str(self)


class Misconfigured(AgentError):
    """One or more settings are unknown, missing or wrong; `problems` has one line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class DataDirBusy(AgentError):
    """Another process holds the data directory."""

    def __init__(self, path: str) -> None:
        super().__init__(f"The agent is already running on {path}. Stop it first.")


class StateDamaged(AgentError):
    """A file of the data directory is not as it was written; nothing was changed. `remedy` where moving it away means
    something else than meeting every record for the first time."""

    def __init__(self, file: str, remedy: str = "") -> None:
        super().__init__(
            f"The file {file} in the data directory is damaged. It was left as it is. "
            + (
                remedy
                or "Restore a backup (command restore), or move it away: "
                "the agent then treats every record as met for the first time and overwrites nothing."
            )
        )


class StateNewer(AgentError):
    """A file was written by a later version of the agent; nothing was changed."""

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file} was written by a newer version of the agent. Nothing was changed. Install that version again, or "
            "restore a backup that this version made."
        )


class StateUnreadable(AgentError):
    """The system does not let a file of the data directory be read; nothing was changed. `why` in words, with the remedy."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} in the data directory cannot be read: {why} Nothing was changed.")


class NotStored(AgentError, OSError):
    """The disk does not take something: what stood before stands. `why` in words, with the remedy."""

    def __init__(self, file: str, why: str) -> None:
        super().__init__(f"{file} cannot be stored: {why} What was stored before stands.")


class KeyMissing(AgentError):
    """The key that sealed the sign-ins is gone or is another one."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The agent's key does not fit its stored sign-ins ({reason}). "
            "Put the right key file back, or connect both sides again."
        )


class Busy(AgentError):
    """A record is at work elsewhere at this moment; nothing was done."""

    reach = Reach.ITEM
    try_again = True

    def __init__(self) -> None:
        super().__init__(
            "This record is at work elsewhere at this moment. The agent comes back to it at once."
        )


class OwnFault(AgentError):
    """The agent met a fault of its own at one record. The log has its kind and place, not its text, which may quote values."""

    reach = Reach.ITEM
    try_again = True

    def __init__(self) -> None:
        super().__init__(
            "The agent met a fault of its own with this record, so it was left for the next time. "
            "The agent's log names the kind and the place: tell whoever looks after it."
        )


class Stopped(AgentError):
    """The run was asked to stop; everything finished so far is recorded."""

    def __init__(self) -> None:
        super().__init__("Stopped. What was finished is recorded; the next run goes on from there.")


class Braked(AgentError):
    """A run would do more than the brake allows (S1): nothing was written. `hash` names its plan, "" where there is none to
    approve."""

    def __init__(self, why: str, hash: str = "") -> None:
        self.hash = hash
        self.why = why
        way = f" If it is meant, approve exactly this plan ({hash})." if hash else ""
        super().__init__(f"Stopped by the brake before the first write: {why}.{way}")


class NotPossible(AgentError):
    """What a person asked for cannot be done as things stand, or not by this person; the text says why and what to do."""

    def __init__(self, why: str, *, moved: bool = False) -> None:
        self.moved = moved
        super().__init__(why)


class SideError(AgentError):
    """Something about one side. `status` and `correlation` are for the log and for the vendor's support."""

    reach = Reach.SIDE
    what = "has a problem"
    remedy = "Try again later."

    def __init__(
        self,
        side: str,
        detail: str = "",
        *,
        status: int | None = None,
        correlation: str | None = None,
    ) -> None:
        self.side = side
        self.detail = detail
        self.status = status
        self.correlation = correlation
        super().__init__(self.sentence())

    def sentence(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{SIDE_NAMES[self.side]} {self.what}{detail}. {self.remedy}"


class NotConnected(SideError):
    """No sign-in is stored, or its refresh token is dead: a person must connect again."""

    what = "is not connected"
    remedy = "Connect it on the page, or with the command connect."


class AccessLost(SideError):
    """The sign-in works but may not do this: a scope or a permission is missing."""

    what = "does not let this sign-in do that"
    remedy = (
        "Ask for the missing permission (in Xero the person needs payroll administrator access), "
        "then connect again."
    )


class WrongTarget(SideError):
    """The sign-in belongs to another account or organisation than the linked one."""

    what = "answered for another account or organisation than the linked one"
    remedy = "Disconnect first if you mean to change it; otherwise connect with the right sign-in."


class NotSetUp(SideError):
    """The side is reachable but lacks something the agent needs."""

    what = "is not set up for this yet"
    remedy = "Finish the set-up there, then try again."


class Unreachable(SideError):
    """No answer, or 500/503: nothing was written, and the call may be repeated."""

    try_again = True
    what = "cannot be reached at the moment"
    remedy = "The agent tries again by itself; check the network if it lasts."


class Parked(SideError):
    """The side asked for a pause (429): the call did not happen. `until` is an aware UTC instant."""

    try_again = True
    what = "asked for a pause"

    def __init__(self, side: str, until: datetime, detail: str = "") -> None:
        self.until = until
        super().__init__(side, detail, status=429)

    @property
    def remedy(self) -> str:  # type: ignore[override]
        """When the agent goes on."""
        return f"The agent goes on after {self.until:%d %b %H:%M} UTC."


class OutcomeUnknown(SideError):
    """A write was sent and its answer was lost: look before writing again."""

    reach = Reach.ITEM
    try_again = True
    what = "did not answer a write"
    remedy = "The agent looks at the record before it writes again."


class Refused(SideError):
    """The side refused a write (400). `reasons` are the vendor's sentences without any value of the request."""

    reach = Reach.ITEM
    what = "did not take the change"
    remedy = "Correct the record, then try again."

    def __init__(
        self,
        side: str,
        reasons: tuple[str, ...] = (),
        *,
        status: int | None = 400,
        correlation: str | None = None,
    ) -> None:
        self.reasons = reasons
        super().__init__(side, "; ".join(reasons), status=status, correlation=correlation)


class NotFound(SideError):
    """The side does not know this record."""

    reach = Reach.ITEM
    what = "does not know this record any more"
    remedy = "Look for it there; if it was merged or removed, remove the link."


class Distrusted(SideError):
    """An answer that contradicts itself or the question; it is not used as data."""

    what = "gave an answer that cannot be right"
    remedy = "Nothing was changed. Try again; if it happens again, tell the vendor's support."


class RepeatedCursor(Distrusted):
    """A listing gave a cursor or a page that it had given before."""


class MissingPage(Distrusted):
    """A listing said that more follows, and nothing followed."""


class WrongRecord(Distrusted):
    """The answer is about another record than the one asked for."""

    reach = Reach.ITEM


class TransferLoop(Distrusted):
    """Following newEmployeeId never comes to an end."""

    reach = Reach.ITEM


class UnreadableAnswer(Distrusted):
    """The answer has no form that the contract knows."""


class ActionFailed(SideError):
    """An asynchronous action of HRA Cloud ended in Failed, or did not end in time."""

    reach = Reach.ITEM
    what = "did not complete an action"
    remedy = "Look at the record in HRA Cloud and try again."


class HookError(AgentError):
    """A hook that is not taken; `status` is the HTTP status for its sender."""

    reach = Reach.ITEM
    status = 400


class HookRefused(HookError):
    """Signature, time stamp or headers are missing or not acceptable."""

    status = 401


class HookMalformed(HookError):
    """The body is not a hook."""

    status = 400


class HookForeign(HookError):
    """The hook is about another HRA account."""

    status = 403


class HookTooLarge(HookError):
    """The body is larger than any hook."""

    status = 413
