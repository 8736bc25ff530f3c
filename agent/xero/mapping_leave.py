"""Leave: Xero's `LeaveBalances` to annual, personal and long service hours (F5). Leave is never
written to Xero.

Pure. Which leave types count is decided once for the organisation: by category, else by name, else
by the user's map; archived types never. Xero's categories and units: contract.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from agent import canonical
from agent.employee import UNKNOWN, Value
from agent.fields import names
from agent.xero import wire
from agent.xero.wire import Json

CATEGORIES = {
    "annual_leave": "ANNUALLEAVE",
    "personal_leave": "PERSONALSICKCARERSLEAVE",
    "long_service_leave": "LONGSERVICELEAVE",
}
USUAL_NAMES = {
    "annual_leave": "Annual Leave",
    "personal_leave": "Personal/Carer's Leave",
    "long_service_leave": "Long Service Leave",
}
# The words of [leave_map] in the configuration.
MAP_WORDS = {
    "annual": "annual_leave",
    "personal": "personal_leave",
    "long_service": "long_service_leave",
}
# assumption A42: a unit is hours where it is this word, in any case.
HOURS = "hours"


@dataclass(frozen=True)
class LeaveTypes:
    """Per leave field the ids of the organisation's leave types that count for it, and each type's
    unit.
    """

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def leave_types(rows: Iterable[Json], leave_map: Mapping[str, str]) -> LeaveTypes:
    """Chooses the types from `PayItems.LeaveTypes`. `leave_map`: leave name -> annual | personal |
    long_service.
    """
    current = [
        row for row in rows if row.get("CurrentRecord") is not False and row.get("LeaveTypeID")
    ]
    wanted = {canonical.loose(name): MAP_WORDS[word] for name, word in leave_map.items()}
    return LeaveTypes(
        ids={name: _chosen(name, current, wanted) for name in CATEGORIES},
        units={_id(row): str(row.get("TypeOfUnits") or "") for row in current},
    )


def leave(raw: Json, types: LeaveTypes | None) -> dict[str, Value]:
    """Hours of each kind; UNKNOWN where there is no such balance, or one is not in hours. None:
    types unknown.
    """
    balances = raw.get("LeaveBalances") or ()
    return {name: _hours(name, balances, types) if types else UNKNOWN for name in names("leave")}


def unreadable(raw: Json, types: LeaveTypes | None) -> tuple[str, ...]:
    """The leave fields for which Xero shows a balance that is not in hours: worth telling (F5)."""
    balances = raw.get("LeaveBalances") or ()
    if types is None:
        return ()
    return tuple(
        name
        for name in names("leave")
        if any(_id(row) in types.ids[name] for row in balances)
        and _hours(name, balances, types) is UNKNOWN
    )


def _chosen(name: str, current: list[Json], wanted: Mapping[str, str]) -> frozenset[str]:
    by_category = [row for row in current if row.get("LeaveCategoryCode") == CATEGORIES[name]]
    plain = [row for row in current if not row.get("LeaveCategoryCode")]
    by_name = [row for row in plain if _loose_name(row) == canonical.loose(USUAL_NAMES[name])]
    by_map = [row for row in current if wanted.get(_loose_name(row)) == name]
    return frozenset(_id(row) for row in by_category or by_name or by_map)


def _hours(name: str, balances: Iterable[Json], types: LeaveTypes) -> Value:
    found = [row for row in balances if _id(row) in types.ids[name]]
    if not found:
        return UNKNOWN
    if any(_unit(row, types).casefold() != HOURS for row in found):
        return UNKNOWN
    try:
        return sum(
            (wire.number(row.get("NumberOfUnits")) or Decimal(0) for row in found), Decimal(0)
        )
    except ValueError:
        return UNKNOWN


def _unit(row: Json, types: LeaveTypes) -> str:
    return str(row.get("TypeOfUnits") or types.units.get(_id(row), ""))


def _loose_name(row: Json) -> str:
    return canonical.loose(str(row.get("Name") or ""))


def _id(row: Json) -> str:
    return str(row.get("LeaveTypeID") or "").casefold()
