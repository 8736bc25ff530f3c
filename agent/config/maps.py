"""The maps of agent.ini: sections whose keys are names (of groups, leave types, fields). Pure.

`entry` takes a name and its text and returns the value to keep; it raises ValueError with the end
of a sentence that starts with the text.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent.config import convert as to
from agent.fields import FIELD_GROUPS, FIELDS, GROUPS


@dataclass(frozen=True)
class NamedMap:
    """One map, with a sentence and an example line for its owner."""

    section: str
    entry: Callable[[str, str], str]
    about: str
    example: str


def _leave(name: str, text: str) -> str:
    return str(to.choice("annual", "personal", "long_service")(text))


def _branch(name: str, text: str) -> str:
    if not text:
        raise ValueError("names no branch; write a branch id or path, or take the line out")
    return text


def _direction(name: str, text: str) -> str:
    ways = sorted({way for field in _fields(name) for way in FIELDS[field].ways})
    both = ["both"] if len(ways) > 1 else []
    return str(to.choice(*both, *ways, "off")(text))


def _winner(name: str, text: str) -> str:
    _fields(name)
    return str(to.choice("hra", "xero")(text))


def _fields(name: str) -> tuple[str, ...]:
    if name in FIELD_GROUPS:
        return (name,)
    if name in GROUPS:
        return tuple(field for field, group in FIELD_GROUPS.items() if group == name)
    raise ValueError(f"is for no known field or group; the groups are {', '.join(GROUPS)}")


MAPS: tuple[NamedMap, ...] = (
    NamedMap("branch_map", _branch, "Exact name, case and spaces included.", '"#1 Store" = 1042'),
    NamedMap("leave_map", _leave, "The name as in Xero's pay items.", "Carer's Leave = personal"),
    NamedMap("directions", _direction, "Leave and end_date: to_hra or off.", "bank = to_xero"),
    NamedMap("authority", _winner, "If payroll owns the tax details, for one.", "tax = xero"),
)
