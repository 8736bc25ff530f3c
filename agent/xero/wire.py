"""How Xero Payroll AU writes things on the wire: the envelope, dates, instants, numbers.

Pure. Dates read as `/Date(ms+0000)/`: the milliseconds are UTC, the offset says nothing, and a
date-only field is midnight UTC of the calendar date, so its UTC date is taken and never shifted
(contract's examples). Written dates are `YYYY-MM-DD` (contract's descriptions).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from agent import canonical
from agent.employee import UNKNOWN, Value
from agent.errors import UnreadableAnswer

SIDE = "xero"
Json = Mapping[str, Any]

_MS_DATE = re.compile(r"/Date\((-?[0-9]{1,15})(?:[+-][0-9]{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows(body: Any, key: str) -> list[Json]:
    """The list under `key` of an answer's envelope. Raises UnreadableAnswer: a missing list is
    never "nobody".
    """
    found = body.get(key) if isinstance(body, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise UnreadableAnswer(SIDE, f"no list of {key} in the answer")
    return found


def only(body: Any, key: str) -> Json:
    """The one element of the list under `key`. Raises UnreadableAnswer for none or several."""
    found = rows(body, key)
    if len(found) != 1:
        raise UnreadableAnswer(SIDE, f"{len(found)} entries of {key} where one was asked for")
    return found[0]


def part(body: Any, key: str) -> Json:
    """The object under `key` of an answer's envelope, {} for null. Raises UnreadableAnswer."""
    found = body.get(key) if isinstance(body, Mapping) else body
    if not isinstance(body, Mapping) or not isinstance(found, Mapping | None):
        raise UnreadableAnswer(SIDE, f"no {key} in the answer")
    return found or {}


def identity(row: Json, key: str) -> str:
    """The id of an entry. Raises UnreadableAnswer where it is missing (D8)."""
    found = row.get(key)
    if not isinstance(found, str) or not found:
        raise UnreadableAnswer(SIDE, f"an entry without {key}")
    return found


def instant(value: Any) -> datetime | None:
    """An aware UTC instant of a `/Date()/` or ISO text; None where there is none or it is not
    readable.
    """
    if not isinstance(value, str):
        return None
    found = _MS_DATE.fullmatch(value.strip())
    try:
        if found:
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        read = datetime.fromisoformat(value.strip())
    except (ValueError, OverflowError):
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def stamp(value: Any) -> str:
    """An update time as sortable ISO text in UTC, to the millisecond; "" where unknown."""
    read = instant(value)
    return read.isoformat(timespec="milliseconds") if read else ""


def latest(stamps: Iterable[str]) -> str:
    """The highest of several stamps; "" for none."""
    return max(stamps, default="")


def since_header(marker: str) -> str:
    """A marker as If-Modified-Since: whole seconds, rounded down, with the offset that the contract
    asks for.
    """
    read = datetime.fromisoformat(marker).astimezone(UTC)
    return read.strftime("%Y-%m-%dT%H:%M:%S+00:00")


def day(value: Any) -> Value:
    """The calendar date of a date field: a date, None for nothing, UNKNOWN for what is no date."""
    if value is None or value == "":
        return None
    read = instant(value)
    return read.date() if read else UNKNOWN


def written_day(value: date) -> str:
    """A date as it is posted."""
    return value.isoformat()


def text(value: Any) -> str | None:
    """A text field, stripped; None for nothing. A number stands for its digits (the contract's own
    examples).
    """
    if value is None or isinstance(value, bool | Mapping | list):
        return None
    return canonical.text(str(value))


def number(value: Any) -> Decimal | None:
    """An exact number; None for nothing. Raises ValueError for what is no number."""
    if value is None or value == "":
        return None
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not read.is_finite():
        raise ValueError("not a finite number")
    return read


def json_number(value: Decimal) -> int | float:
    """A number for JSON whose text is exactly `value`. Raises ValueError where a float could not
    carry it.
    """
    if value == value.to_integral_value():
        return int(value)
    carried = float(value)
    if Decimal(repr(carried)) != value:
        raise ValueError("a number that JSON would not carry exactly")
    return carried
