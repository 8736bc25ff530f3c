"""What the account itself says: its branches, honorifics and genders, and the scopes that are
missing.

Touches HRA Cloud through the transport. A list is read once a run; without the scope for it it is
simply not known, and nothing is held against it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.errors import AccessLost
from agent.hra import mapping
from agent.hra.listing import account_path, everything
from agent.hra.wire import Json, Transport, words

REFERENCE_DATA = "read:accounts:referencedata"
NEEDED_SCOPES = (
    "read:accounts",
    REFERENCE_DATA,
    "read:employees",
    "manage:employees",
    "read:employees:payroll",
    "manage:employees:payroll",
)
# Fields that are checked against one of the lists.
LISTED = frozenset({"title", "gender"})


@dataclass(frozen=True)
class Branch:
    """A branch of the account; `path` is its name after those of its parents (contract:
    /Parent/Branch).
    """

    id: str
    name: str
    path: str


class Reference:
    """The reference data of one account. `missing` is told of the scope that is not there."""

    def __init__(self, transport: Transport, account_id: str, missing: set[str]) -> None:
        self._transport = transport
        self._account_id = account_id
        self._missing = missing
        self._branches: tuple[Branch, ...] | None = None
        self._lists: mapping.References | None = None

    def begin(self) -> None:
        """Read everything afresh."""
        self._branches = self._read_branches()
        self._lists = self._read_lists()

    def branches(self) -> tuple[Branch, ...]:
        """The branches, read now where `begin` was not called yet."""
        if self._branches is None:
            self._branches = self._read_branches()
        return self._branches

    def known_branches(self) -> frozenset[str]:
        """Ids of the branches that were read; none where none were."""
        return frozenset(branch.id for branch in self._branches or ())

    def lists(self, wanted: Iterable[str]) -> mapping.References:
        """Honorifics and genders; where not read yet, read only if a wanted field needs them."""
        if self._lists is None and LISTED & frozenset(wanted):
            self._lists = self._read_lists()
        return self._lists or mapping.References()

    def _read_branches(self) -> tuple[Branch, ...]:
        return tuple(
            Branch(str(row["id"]), words(row, "name") or "", words(row, "path") or "")
            for row in self._read("branches") or ()
        )

    def _read_lists(self) -> mapping.References:
        titles, genders = self._read("honorifics"), self._read("genders")
        return mapping.references(titles, genders)

    def _read(self, name: str) -> tuple[Json, ...] | None:
        try:
            read = everything(self._transport, account_path(self._account_id, name))
        except AccessLost as lost:
            if lost.status == 401:
                raise
            self._missing.add(REFERENCE_DATA)
            return None
        self._missing.discard(REFERENCE_DATA)
        return read
