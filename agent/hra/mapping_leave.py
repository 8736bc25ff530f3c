"""Leave balances: HRA's three balances <-> canonical hours (F5). Pure.

HRA wants all three in every update: what is not changed goes back as HRA holds it, 0 only where it
holds none.
Shapes: the contract's RecordLeaveBalanceDetailAU and RecordLeaveBalanceInputAU.
"""

from decimal import Decimal

from agent import fields
from agent.employee import UNKNOWN, Value, Values
from agent.hra.wire import Draft, Json, filled, number, part

KEYS = {
    "annual_leave": "annualLeave",
    "personal_leave": "personalLeave",
    "long_service_leave": "longServiceLeave",
}
NEW_ZEALAND = (
    "HRA Cloud holds New Zealand payroll details of this person; they are not changed by the agent."
)


def values(body: Json) -> dict[str, Value]:
    """Every field of the group `leave`, in hours; UNKNOWN where HRA holds New Zealand balances
    instead.
    """
    if filled(part(body, "nz")):
        return {name: UNKNOWN for name in KEYS}
    return {name: number(part(body, "au"), key) for name, key in KEYS.items()}


def draft(body: Json, wanted: Values) -> Draft:
    """All three balances, rounded half up to 2 decimals."""
    if filled(part(body, "nz")):
        return Draft(None, {"leave": (NEW_ZEALAND,)})
    held = values(body)
    hours = {
        name: wanted.get(name) if wanted.get(name) is not None else held[name] for name in KEYS
    }
    return Draft(
        {"au": {key: fields.hours(hours[name] or Decimal(0)) for name, key in KEYS.items()}}
    )
