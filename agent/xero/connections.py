"""Which organisations a Xero sign-in is connected to: read when a person connects, taken away when
one disconnects, looked at when access is lost (L1, L3, L4).

A connection belongs to the app and the person; deleting one leaves the person's others alone, which
revoking the sign-in would not (published documentation).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from agent.errors import AccessLost, NotConnected, NotFound, SideError, UnreadableAnswer
from agent.xero.calls import Transport
from agent.xero.wire import SIDE, Json, identity

PATH = "/connections"
ORGANISATION = "ORGANISATION"
FORBIDDEN = 403

REMOVED = "the connection to {name} was removed in Xero"
NO_PAYROLL_ACCESS = "in {name} the person who signed in may not use payroll any more"


@dataclass(frozen=True)
class Connection:
    """One connected organisation. `id` is the connection's own, which disconnecting needs;
    `tenant_id` the organisation's.
    """

    id: str
    tenant_id: str
    name: str
    type: str


def connections(transport: Transport) -> tuple[Connection, ...]:
    """The connected organisations; practices and the like are left out. Raises UnreadableAnswer and
    other SideErrors.

    The transport here needs no tenant header (contract: xero-identity).
    """
    return tuple(row for row in _every(transport) if row.type == ORGANISATION)


def disconnect(transport: Transport, tenant_id: str) -> int:
    """Deletes the connection to one organisation; how many of the sign-in's connections are left,
    practices too.

    One that is gone already counts as done. Raises NotConnected where the sign-in is dead, and
    other SideErrors.
    """
    every = _every(transport)
    held = [row for row in every if row.tenant_id.casefold() == tenant_id.casefold()]
    for row in held:
        try:
            path = f"{PATH}/{quote(row.id, safe='')}"
            transport.send("DELETE", path, None, repeatable=True)
        except NotFound:
            continue
    return len(every) - len(held)


def named(error: AccessLost, transport: Transport, organisation: str, tenant_id: str) -> SideError:
    """The same loss of access with what lies behind it, as far as the list of connections tells.

    A 403 is all that Xero says both when the connection was removed there (reported) and, perhaps,
    when only payroll was (undocumented). The sign-in itself goes on being renewed meanwhile.
    """
    if error.status != FORBIDDEN or not tenant_id:
        return error
    try:
        linked = {row.tenant_id.casefold() for row in _every(transport)}
    except SideError:
        return error
    name = organisation or "the linked organisation"
    still = tenant_id.casefold() in linked
    kind, told = (AccessLost, NO_PAYROLL_ACCESS) if still else (NotConnected, REMOVED)
    return kind(SIDE, told.format(name=name), status=FORBIDDEN, correlation=error.correlation)


def _every(transport: Transport) -> tuple[Connection, ...]:
    body = transport.get(PATH).body
    if not isinstance(body, list) or not all(isinstance(row, Mapping) for row in body):
        raise UnreadableAnswer(SIDE, "no list of connections in the answer")
    return tuple(_connection(row) for row in body)


def _connection(row: Json) -> Connection:
    return Connection(
        id=identity(row, "id"),
        tenant_id=identity(row, "tenantId"),
        name=str(row.get("tenantName") or ""),
        type=str(row.get("tenantType") or ""),
    )
