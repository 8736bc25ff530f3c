"""Records as JSON rows and back: dataclasses of strings, numbers, times, tuples and mappings.

Times are written in UTC as ISO 8601. Both ways are strict: a value that JSON cannot hold raises
TypeError (a time without zone ValueError), and a row that does not fit its record raises
ValueError, for a store that half understands its state would overwrite with guesses.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")
Row = dict[str, Any]
Decode = Callable[[Any], Any]

_known: dict[Any, Decode] = {}  # one decoder a kind of record, built when first asked for


def to_row(record: Any) -> Row:
    """A record as a row of the kinds of value that JSON has."""
    return {part.name: _encoded(getattr(record, part.name)) for part in fields(record)}


def from_row(kind: type[Record], row: Any) -> Record:
    """The record of a row. Raises ValueError where the row does not fit."""
    record: Record = _known_decoder(kind)(row)
    return record


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, datetime):
        return _utc(value).isoformat()
    if isinstance(value, tuple | list):
        return [_encoded(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _encoded(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return to_row(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without zone cannot be stored")
    return value.astimezone(UTC)


def _known_decoder(kind: Any) -> Decode:
    if kind not in _known:
        _known[kind] = _record_decoder(kind)
    return _known[kind]


def _record_decoder(kind: Any) -> Decode:
    hints = get_type_hints(kind)
    parts = {part.name: _decoder(hints[part.name]) for part in fields(kind)}

    def decode(row: Any) -> Any:
        if not isinstance(row, dict) or not row.keys() <= parts.keys():
            raise ValueError(f"not a row of {kind.__name__}")
        try:
            return kind(**{name: parts[name](value) for name, value in row.items()})
        except TypeError as error:
            raise ValueError(f"not a whole row of {kind.__name__}") from error

    return decode


def _decoder(hint: Any) -> Decode:
    """How a value of one declared type is read."""
    inner = get_args(hint)
    if isinstance(hint, UnionType):
        return _optional(_decoder(next(one for one in inner if one is not type(None))))
    if get_origin(hint) is tuple:
        return _tuple(_decoder(inner[0]))
    if get_origin(hint) is Mapping:
        return _mapping(_decoder(inner[1]))
    if hint is datetime:
        return _time
    return _known_decoder(hint) if is_dataclass(hint) else _exactly(hint)


def _optional(decode: Decode) -> Decode:
    return lambda value: None if value is None else decode(value)


def _tuple(decode: Decode) -> Decode:
    listed = _exactly(list)
    return lambda value: tuple(decode(item) for item in listed(value))


def _mapping(decode: Decode) -> Decode:
    mapped = _exactly(dict)
    return lambda value: {key: decode(item) for key, item in mapped(value).items()}


def _exactly(kind: Any) -> Decode:
    def decode(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"not a {kind.__name__}")
        return value

    return decode


def _time(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("not a time")
    return _utc(datetime.fromisoformat(value))
