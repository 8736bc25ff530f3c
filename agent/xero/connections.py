"""Which organisations a Xero sign-in is connected to: read when a person connects, and before
disconnecting (L1, L4).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.errors import UnreadableAnswer
from agent.xero.calls import Transport
from agent.xero.wire import SIDE, Json, identity

PATH = "/connections"
ORGANISATION = "ORGANISATION"


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
    body = transport.get(PATH).body
    if not isinstance(body, list) or not all(isinstance(row, Mapping) for row in body):
        raise UnreadableAnswer(SIDE, "no list of connections in the answer")
    return tuple(_connection(row) for row in body if row.get("tenantType") == ORGANISATION)


def _connection(row: Json) -> Connection:
    return Connection(
        id=identity(row, "id"),
        tenant_id=identity(row, "tenantId"),
        name=str(row.get("tenantName") or ""),
        type=ORGANISATION,
    )
