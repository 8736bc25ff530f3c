"""What the modules of this side share: the transport they are handed, and strict readers of HRA's
JSON.

Pure. A reader takes what the contract allows and raises OddShape for any other shape; its message
names the key, never what stood there (S4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from agent import canonical
from agent.employee import UNKNOWN, Value

Json = Mapping[str, Any]
Reasons = Mapping[str, tuple[str, ...]]


class OddShape(ValueError):
    """A part of an answer has a shape that the contract does not know."""


class Answer(Protocol):
    """What came back: parsed JSON as `body`, None where there was none."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> Any: ...


class Transport(Protocol):
    """The part of `agent.transport` that this side uses. Every method may raise a SideError."""

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer: ...

    def send(self, method: str, path: str, json: Any, *, repeatable: bool) -> Answer: ...


@dataclass(frozen=True)
class Draft:
    """A write that is ready to go. `body` None: nothing is to be sent. `refused`: group or field ->
    reasons.
    """

    body: Json | None
    refused: Reasons = field(default_factory=dict)


def part(source: Json, key: str) -> Json:
    """An object inside an object; an absent one is empty."""
    found = source.get(key)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise OddShape(f"{key} is not an object")
    return found


def rows(source: Json, key: str) -> tuple[Json, ...]:
    """A list of objects; an absent one is empty."""
    found = source.get(key)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise OddShape(f"{key} is not a list of objects")
    return tuple(found)


def words(source: Json, key: str) -> str | None:
    """A text with its spaces in order; None for nothing. A whole number is taken as its digits."""
    found = source.get(key)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if found is not None and not isinstance(found, str):
        raise OddShape(f"{key} is not a text")
    return canonical.text(found)


def flag(source: Json, key: str) -> bool:
    """A boolean; an absent one is False."""
    found = source.get(key)
    if found is not None and not isinstance(found, bool):
        raise OddShape(f"{key} is not a boolean")
    return bool(found)


def number(source: Json, key: str) -> Decimal | None:
    """An exact number that came as integer, float (its shortest decimal), Decimal or text."""
    found = source.get(key)
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, int | float | Decimal | str):
        raise OddShape(f"{key} is not a number")
    try:
        exact = Decimal(str(found).strip())
    except InvalidOperation:
        raise OddShape(f"{key} is not a number") from None
    if not exact.is_finite():
        raise OddShape(f"{key} is not a number")
    return exact


def cents(source: Json, key: str) -> int | None:
    """A whole number of cents."""
    found = number(source, key)
    if found is None:
        return None
    if found != found.to_integral_value():
        raise OddShape(f"{key} is not a whole number")
    return int(found)


def day(source: Json, key: str) -> date | Value:
    """A calendar date, None for nothing, UNKNOWN for a text that is no date (0000-00-00)."""
    try:
        return canonical.iso_date(words(source, key))
    except ValueError:
        return UNKNOWN


def instant(source: Json, key: str) -> str:
    """A time as ISO 8601 in UTC, so that times compare as texts; "" for nothing or no time.

    The contract describes `YYYY-MM-DD HH:MM:SS` and shows other ISO forms; a form without offset is
    UTC.
    """
    found = source.get(key)
    if not isinstance(found, str):
        return ""
    try:
        read = datetime.fromisoformat(found.strip())
        aware = read if read.tzinfo else read.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError):
        return ""


def last_segment(address: str) -> str:
    """The id at the end of an address, whatever its host says; "" when it has none."""
    return unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2])


def filled(source: Json) -> dict[str, Any]:
    """Without keys that hold null, an empty text or an empty object, at every depth."""
    kept = {
        key: filled(value) if isinstance(value, Mapping) else value for key, value in source.items()
    }
    return {key: value for key, value in kept.items() if value not in (None, "", {})}


def only(source: Json, keys: tuple[str, ...]) -> dict[str, Any]:
    """The named keys, without those that hold nothing."""
    return filled({key: source.get(key) for key in keys})
