"""What a hook says: whose record was saved, and which sections. Pure: body -> HookEvent or
HookMalformed.

Promises: whatever bytes come, an event whose ids have a safe form and whose sections are known,
or HookMalformed with a sentence for the sender's developer that repeats nothing of the body.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.errors import HookMalformed

TYPE = "employee.saved"
SECTIONS = ("details", "bank-accounts", "retirement-savings", "tax-details")
# HRA's ids are letters and digits; its contract shows one account id with a comma.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_,-]{0,127}")
LONGEST_TIME = 40


@dataclass(frozen=True)
class HookEvent:
    """One save in eSS. `timestamp` is aware UTC; `sections` in the contract's order, empty:
    all.
    """

    type: str
    timestamp: datetime
    account_id: str
    employee_id: str
    sections: tuple[str, ...]


def parse(body: bytes) -> HookEvent:
    """The event in a raw body whose signature was verified. Raises HookMalformed."""
    event = _object(_json(body), "the body")
    # Another type is not stored as if it were this one, nor accepted and dropped in silence.
    if event.get("type") != TYPE:
        raise HookMalformed(f"type is not {TYPE}, the only one that is known here")
    data = _object(event.get("data"), "data")
    return HookEvent(
        TYPE,
        _time(event.get("timestamp")),
        _id(data.get("accountId"), "accountId"),
        _id(data.get("employeeId"), "employeeId"),
        _sections(data.get("sections")),
    )


def _json(body: bytes) -> Any:
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        pass
    raise HookMalformed("the body is not JSON in UTF-8")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HookMalformed(f"{name} is not an object")
    return value


def _time(value: Any) -> datetime:
    text = value if isinstance(value, str) and len(value) <= LONGEST_TIME else ""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise HookMalformed("timestamp is not an ISO 8601 time with its offset from UTC")


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise HookMalformed(f"{name} is missing or has a form that no id has")
    return value


def _sections(value: Any) -> tuple[str, ...]:
    """Those named; none named means all, so that no save is lost over an empty list."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise HookMalformed("sections is not a list")
    if not all(isinstance(name, str) and name in SECTIONS for name in value):
        raise HookMalformed(f"sections has a name other than {', '.join(SECTIONS)}")
    return tuple(name for name in SECTIONS if name in value)
