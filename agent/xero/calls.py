"""Calls: Xero Payroll's addresses over a transport, one POST at a time with its own
Idempotency-Key.

The transport keeps time-outs, limits and repeats; a repeated POST carries the very same body and
key (X3).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from agent.errors import RepeatedCursor
from agent.xero import wire
from agent.xero.wire import SIDE, Json

PAYROLL = "/payroll.xro/1.0"
# Not of the payroll contract: the vendor's published accounting API, same limits, same tenant.
TRACKING = "/api.xro/2.0/TrackingCategories"
PAGE_SIZE = 100
# No organisation has a hundred thousand rows of anything: beyond this the listing is taken to be
# endless.
MOST_PAGES = 1000


class Answer(Protocol):
    """What a call comes back with: parsed JSON, or None."""

    @property
    def body(self) -> Any: ...


class Transport(Protocol):
    """The part of agent.transport.Transport that Xero's client uses."""

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Read one path. Raises a SideError."""
        ...

    def send(
        self,
        method: str,
        path: str,
        json: Any,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool,
    ) -> Answer:
        """Write to one path. Raises a SideError."""
        ...


@dataclass
class Pages:
    """A listing read page by page: rows by id, the vendor's time of the first answer.

    `moved`: a row came on two pages, so the list changed while it was read and may lack somebody.
    """

    rows: dict[str, Json] = field(default_factory=dict)
    asked_at: str = ""
    moved: bool = False


class Calls:
    """Reads and writes below Payroll's address. `new_key` makes a fresh key for every POST (128
    characters at most).
    """

    def __init__(self, transport: Transport, new_key: Callable[[], str]) -> None:
        self._transport = transport
        self._new_key = new_key

    def get(
        self, *path: str, params: Mapping[str, str | int] | None = None, since: str | None = None
    ) -> Any:
        """The body of a GET; `since` is a marker for If-Modified-Since."""
        headers = {"If-Modified-Since": wire.since_header(since)} if since else None
        return self._transport.get(_address(path), params, headers).body

    def tracking_categories(self) -> Any:
        """The body of the accounting API's list of tracking categories with their options."""
        return self._transport.get(TRACKING).body

    def post(self, *path: str, row: Json) -> Any:
        """POST one object as the bare array that Xero wants; the answer's body."""
        key = {"Idempotency-Key": self._new_key()}
        return self._transport.send("POST", _address(path), [dict(row)], key, repeatable=True).body

    def listing(
        self,
        path: str,
        key: str,
        id_key: str,
        params: Mapping[str, str] | None = None,
        since: str | None = None,
    ) -> Pages:
        """All pages of a list, by id. A page is followed by another until one has fewer than 100
        rows (published).

        A row that comes again on a later page, because the list moved, is kept once in its later
        form. Raises RepeatedCursor for a page that brings nothing new, UnreadableAnswer for an
        entry without id.
        """
        found = Pages()
        for number in range(1, MOST_PAGES + 1):
            body = self.get(path, params={**(params or {}), "page": number}, since=since)
            rows = wire.rows(body, key)
            page = {wire.identity(row, id_key).casefold(): row for row in rows}
            if page and page.keys() <= found.rows.keys():
                raise RepeatedCursor(SIDE, "a page of its list that had come before")
            found.asked_at = found.asked_at or wire.stamp(body.get("DateTimeUTC"))
            found.moved = found.moved or not page.keys().isdisjoint(found.rows)
            found.rows |= page
            if len(rows) < PAGE_SIZE:
                return found
        raise RepeatedCursor(SIDE, "a list without an end")


def _address(path: tuple[str, ...]) -> str:
    return "/".join((PAYROLL, *(quote(part, safe="") for part in path)))
