"""Reading one person from HRA Cloud: the detail, and the payroll sections that were asked for.

Promises: an answer about another record than asked is an error (D8); a transferred record is
followed to the one that is in use now (M5); a section that the sign-in may not read is UNKNOWN and
remembered, not an error.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any

from agent.employee import UNKNOWN, Employee, Value
from agent.errors import AccessLost, NotFound, TransferLoop, UnreadableAnswer, WrongRecord
from agent.fields import GROUPS, names
from agent.hra import mapping, mapping_bank, mapping_leave, mapping_super, mapping_tax
from agent.hra.listing import account_path
from agent.hra.wire import Json, OddShape, Transport, instant, words

SIDE = "hra"
MOST_TRANSFERS = 10
CLEAR_TFN = "read:clear-tax-details"

PATHS = {
    "bank": "bank-accounts",
    "super": "retirement-savings",
    "tax": "tax-details",
    "leave": "leave-balances",
}
# The scopes that the contract names for reading; super needs the one for writing.
READ_SCOPES = {
    "bank": "read:employees:payroll",
    "super": "manage:employees:payroll",
    "tax": "read:employees:payroll",
    "leave": "read:employees:payroll",
}


class Records:
    """The records of one account. `email` is home or work; `scopes` are those granted.

    `pool` reads sections beside the detail (one round trip); None: one after the other.
    """

    def __init__(
        self,
        transport: Transport,
        account_id: str,
        email: str,
        scopes: frozenset[str],
        pool: Executor | None = None,
    ) -> None:
        self._transport = transport
        self._account_id = account_id
        self._email = email
        self._pool = pool
        self._readers: dict[str, Callable[[Json], dict[str, Value]]] = {
            "bank": mapping_bank.values,
            "super": mapping_super.values,
            "tax": partial(mapping_tax.values, clear=CLEAR_TFN in scopes),
            "leave": mapping_leave.values,
        }
        self.missing: set[str] = set()

    def path(self, id: str, *parts: str) -> str:
        """The address of one employee or of a part of them."""
        return account_path(self._account_id, "employees", id, *parts)

    def detail(self, id: str) -> Json:
        """The detail of one employee. Raises NotFound, WrongRecord, UnreadableAnswer."""
        body = self._transport.get(self.path(id)).body
        if not isinstance(body, Mapping) or not isinstance(body.get("id"), str):
            raise UnreadableAnswer(SIDE, "an employee without an id")
        if body["id"] != id:
            raise WrongRecord(SIDE)
        return body

    def section(self, id: str, group: str) -> Json | None:
        """One payroll section as HRA shows it; empty where HRA has none, None where it may not be
        read.

        assumption A13: a 404 for a section of an employee whose detail can be read means that there
        is none yet.
        """
        try:
            body = self._transport.get(self.path(id, PATHS[group])).body
        except NotFound:
            return {}
        except AccessLost as lost:
            if lost.status == 401:
                raise
            self.missing.add(READ_SCOPES[group])
            return None
        if not isinstance(body, Mapping):
            raise UnreadableAnswer(SIDE, f"{PATHS[group]} is not an object")
        self.missing.discard(READ_SCOPES[group])
        return body

    def fetch(self, id: str, groups: frozenset[str] | None = None) -> Employee:
        """The record that `id` stands for now, with the named groups (None: all); every field of
        them has a key.

        After a transfer it is the new record: `id` is its id, `old_id` names where it came from.
        """
        asked = frozenset(GROUPS) if groups is None else groups
        reads = self._reads(id, asked)
        detail, came_from = self.in_use(id)
        if detail["id"] != id:
            reads = self._reads(detail["id"], asked)
        raw = {group: body for group, read in reads.items() if (body := read()) is not None}
        return self.employee({"details": detail, **raw}, asked, came_from)

    def in_use(self, id: str) -> tuple[Json, str | None]:
        """The detail at the end of the chain of transfers, and the record before it. Raises
        TransferLoop.

        assumption A14: who is Current is in use, even if the record names a new one (a copy, a
        transfer to come).
        """
        seen = [id]
        while True:
            detail = self.detail(seen[-1])
            follower = detail.get("newEmployeeId")
            if not isinstance(follower, str) or detail.get("employmentStatus") == "Current":
                return detail, seen[-2] if len(seen) > 1 else None
            if follower in seen or len(seen) > MOST_TRANSFERS:
                raise TransferLoop(SIDE)
            seen.append(follower)

    def employee(
        self, raw: Mapping[str, Any], groups: frozenset[str], came_from: str | None = None
    ) -> Employee:
        """An Employee of a detail and the sections at hand; one that is not there is UNKNOWN."""
        detail = raw["details"]
        try:
            return Employee(
                side=SIDE,
                id=detail["id"],
                status=mapping.status(detail),
                values=self._values(raw, groups),
                groups=groups,
                number=words(detail, "employeeNumber"),
                updated=instant(detail, "dateUpdatedUTC"),
                new_id=words(detail, "newEmployeeId"),
                old_id=came_from or words(detail, "oldEmployeeId"),
                raw=raw,
            )
        except OddShape as odd:
            raise UnreadableAnswer(SIDE, str(odd)) from None

    def _values(self, raw: Mapping[str, Any], groups: frozenset[str]) -> dict[str, Value]:
        values = mapping.values(raw["details"], self._email) if "details" in groups else {}
        for group, reader in self._readers.items():
            if group in groups:
                unread: dict[str, Value] = {name: UNKNOWN for name in names(group)}
                values |= reader(raw[group]) if group in raw else unread
        return values

    def _reads(self, id: str, groups: frozenset[str]) -> dict[str, Callable[[], Json | None]]:
        """The reads of the sections: already on their way with a pool, else made when asked for."""
        reads = {group: partial(self.section, id, group) for group in PATHS if group in groups}
        if self._pool is None:
            return dict(reads)
        return {group: self._pool.submit(read).result for group, read in reads.items()}
