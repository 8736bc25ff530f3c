"""Giving one side up: what is done at the vendor, and what a person reads about it (L4, L5).

Touches Xero's connection and sign-in through the lines it is handed; forgets and stores nothing itself.
"""

from agent.config import Settings
from agent.errors import SIDE_NAMES, SideError
from agent.pair.home import LEFT_TO_THE_OLD
from agent.wiring import Lines

OFF = "{name} was disconnected, so schedules and pushes are off until somebody switches them on."
KEPT = (
    "Schedules and pushes are off now. Every other setting and all links are kept: connect the same {noun} again and "
    "switch them on, and the work goes on where it was."
)
LEFT_XERO = "{name} is disconnected: its connection to this agent is deleted there, the sign-in forgotten here."
WITHDRAWN = "{name} is disconnected: its connection to this agent is deleted there, the sign-in withdrawn and forgotten."
UNTOLD = (
    "The sign-in to {name} is forgotten here, but Xero could not be told ({why}). Remove the agent there yourself: "
    "Settings, Connected apps."
)
# assumption A21: where a person withdraws a consent in HRA Cloud is not documented.
LEFT_HRA = (
    "{name} is disconnected: its sign-in is forgotten here. HRA Cloud has no way to withdraw it from here; the person "
    "who signed in can withdraw the consent in their own HRA Cloud profile ({login_url}), or HR Assured does it."
)


def farewell(
    lines: Lines, settings: Settings, side: str, name: str, tenant_id: str, copy: bool
) -> str:
    """Tell the vendor, where that can be done and is ours to do; what came of it. Never raises SideError."""
    if copy:
        return LEFT_TO_THE_OLD.format(name=name)
    if side == "hra":
        return LEFT_HRA.format(name=name, login_url=settings.hra.login_url)
    try:
        withdrawn = lines.leave_xero(tenant_id)
    except SideError as error:
        return UNTOLD.format(name=name, why=f"{SIDE_NAMES[side]} {error.what}")
    return (WITHDRAWN if withdrawn else LEFT_XERO).format(name=name)
