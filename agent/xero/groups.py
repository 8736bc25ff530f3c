"""Groups: which Employee Groups the organisation has, as far as they can be known (B2).

Employee Groups are the options of the tracking category that the payroll settings name (contract).
The options themselves are in the accounting API, behind accounting.settings.read (the vendor's
published documentation; assumption A43). Without it, the groups seen on employees are the known
ones. Nothing is ever created, and names are compared exactly (B1).
"""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from agent.errors import AccessLost, Distrusted, NotFound, Refused
from agent.xero import wire
from agent.xero.calls import Calls
from agent.xero.mapping_details import group_name
from agent.xero.wire import Json

SCOPES = frozenset({"accounting.settings", "accounting.settings.read"})
# For a process that only ever pushes: older than this the list is read again at its next use.
FRESH_FOR = timedelta(minutes=10)
# A group that was missing may have been added since by the person who was told so.
MISSED_FOR = timedelta(minutes=1)

NOT_HERE = (
    "Xero does not have the Employee Group '{name}'. Add it in Xero (Settings, Tracking "
    "categories), or correct the section [branch_map]"
)
NOT_SEEN = (
    "nobody in Xero was seen in the Employee Group '{name}', and the list of groups may not be "
    "read. Choose the group in Xero by hand, or connect Xero again with the permission "
    "accounting.settings.read"
)


class Groups:
    """The known groups, shared by all threads. `may_list`: the list of groups may be asked for."""

    def __init__(self, calls: Calls, clock: Callable[[], datetime], may_list: bool) -> None:
        self._calls = calls
        self._clock = clock
        self._may_list = may_list
        self._lock = threading.RLock()
        self._listed: frozenset[str] | None = None
        self._read: datetime | None = None
        self._seen: dict[str, str] = {}

    def refresh(self) -> None:
        """Read the list afresh, where it may be read."""
        with self._lock:
            if self._may_list:
                self._reload()

    def see(self, row: Json) -> None:
        """Note the group of an employee as just read; where nobody has it any more, it is
        forgotten.
        """
        id, group = wire.identity(row, "EmployeeID").casefold(), group_name(row)
        with self._lock:
            if group is None:
                self._seen.pop(id, None)
            else:
                self._seen[id] = group

    def lacks(self, name: str) -> str | None:
        """Why a person may not be put into this group, in words; None where Xero has it."""
        with self._lock:
            if self._may_list and self._is_old(name):
                self._reload()
            if self._listed is not None:
                return None if name in self._listed else NOT_HERE.format(name=name)
            return None if name in self._seen.values() else NOT_SEEN.format(name=name)

    def _is_old(self, name: str) -> bool:
        if self._read is None:
            return True
        missed = self._listed is not None and name not in self._listed
        return self._clock() - self._read > (MISSED_FOR if missed else FRESH_FOR)

    def _reload(self) -> None:
        self._read = self._clock()
        try:
            self._listed = self._names()
        except (AccessLost, NotFound, Refused, Distrusted):
            # Only this knowledge is lacking, so only it is done without: payroll people need not
            # see accounting.
            self._listed = None

    def _names(self) -> frozenset[str]:
        chosen = _category(wire.part(self._calls.get("Settings"), "Settings"))
        if not chosen:
            return frozenset()
        rows = wire.rows(self._calls.tracking_categories(), "TrackingCategories")
        return frozenset(
            name
            for row in rows
            if str(row.get("TrackingCategoryID")).casefold() == chosen
            for name in _options(row)
        )


def _category(settings: Json) -> str:
    """The id of the category that Employee Groups come from; "" where none is chosen."""
    chosen = settings.get("TrackingCategories")
    groups = chosen.get("EmployeeGroups") if isinstance(chosen, Mapping) else None
    found = groups.get("TrackingCategoryID") if isinstance(groups, Mapping) else None
    return str(found or "").casefold()


def _options(category: Json) -> list[str]:
    found = wire.rows(category, "Options")
    return [str(row.get("Name")) for row in found if row.get("Status") in (None, "ACTIVE")]
