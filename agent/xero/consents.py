"""Taking back what one consent added: for a sign-in that turned out to be for another organisation (L1, L4).

Touches Xero's list of connections. Promises: a connection that was there before the consent is left alone, for another
agent or organisation may live by it; where Xero does not tell which are new, nothing is deleted.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from agent.errors import NotFound
from agent.xero.calls import Transport
from agent.xero.connections import PATH
from agent.xero.wire import Json, identity

# Xero writes both times of a new connection in one go (contract's example: 2 milliseconds apart); those of one that was
# connected before lie further apart (contract: "may differ ... subsequently reconnected").
AT_ONCE = timedelta(seconds=60)


def take_back(transport: Transport, consent: str) -> int:
    """Delete the connections that the consent of this authentication event made; how many there were. Raises SideError."""
    if not consent:
        return 0
    rows = transport.get(PATH, {"authEventId": consent}).body
    listed = rows if isinstance(rows, list) else []
    added = [row for row in listed if isinstance(row, Mapping) and _is_new(row, consent)]
    for row in added:
        path = f"{PATH}/{quote(identity(row, 'id'), safe='')}"
        try:
            transport.send("DELETE", path, None, repeatable=True)
        except NotFound:
            continue
    return len(added)


def _is_new(row: Json, consent: str) -> bool:
    # Looked at here too: a filter that Xero left out would make every connection one of this consent.
    if str(row.get("authEventId", "")).casefold() != consent.casefold():
        return False
    made, last = _time(row.get("createdDateUtc")), _time(row.get("updatedDateUtc"))
    return made is not None and last is not None and abs(last - made) < AT_ONCE


def _time(value: Any) -> datetime | None:
    """To the second: Xero writes seven decimals and no zone."""
    try:
        return datetime.fromisoformat(str(value)[:19])
    except ValueError:
        return None
