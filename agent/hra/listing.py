"""HRA's lists, page by page, and what must not be believed about them (D8).

Paging is by cursors (contract: first/after). A cursor or page that comes again, more pages than
there can be, a page that is said to follow and brings nobody, an entry without an id: each is an
error, never the end of the list.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from agent.errors import MissingPage, RepeatedCursor, UnreadableAnswer
from agent.hra.wire import Json, Transport

SIDE = "hra"
PAGE = 100
MOST_PAGES = 2_000
READS = 3


def everything(
    transport: Transport, path: str, only: Mapping[str, str] | None = None
) -> tuple[Json, ...]:
    """Every entry of a list, each id once. `only`: further parameters, such as a filter.

    The list may move while it is read: then somebody can turn up twice, and somebody else be
    skipped. So a list with a double is read again, until two readings name the same people (a list
    that always names somebody twice is whole, too). Raises RepeatedCursor, MissingPage,
    UnreadableAnswer.
    """
    before: frozenset[str] | None = None
    for _ in range(READS):
        read = list(_entries(transport, path, only or {}))
        once = {str(entry["id"]): entry for entry in read}
        if len(once) == len(read) or once.keys() == before:
            return tuple(once.values())
        before = frozenset(once)
    raise MissingPage(SIDE, "a list kept changing while it was read")


def account_path(account_id: str, *parts: str) -> str:
    """The address of something in an account; ids are quoted."""
    return "/".join(("", "accounts", *(quote(part, safe="") for part in (account_id, *parts))))


def _entries(transport: Transport, path: str, only: Mapping[str, str]) -> Iterator[Json]:
    cursors: set[str] = set()
    known: set[str] = set()
    after: str | None = None
    for _ in range(MOST_PAGES):
        params = {**only, "first": str(PAGE)} | ({"after": after} if after else {})
        page = _Page(transport.get(path, params).body)
        yield from page.entries
        fresh = {str(entry["id"]) for entry in page.entries} - known
        after = page.next_cursor()
        if after is None:
            return
        if after in cursors or not fresh:
            raise RepeatedCursor(SIDE)
        cursors.add(after)
        known |= fresh
    raise RepeatedCursor(SIDE, "the list does not end")


class _Page:
    """One page as it came; raises UnreadableAnswer for a shape that the contract does not know."""

    def __init__(self, body: Any) -> None:
        rows = body.get("data") if isinstance(body, Mapping) else None
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise UnreadableAnswer(SIDE, "a list without data")
        self.rows = rows
        self.info = body.get("pageInfo") if isinstance(body.get("pageInfo"), Mapping) else {}
        self.entries = [_entry(row) for row in rows]

    def next_cursor(self) -> str | None:
        """Where to go on; None at the end.

        The contract marks hasNextPage "for a future release": where it is missing, a full page is
        taken to be followed by another (assumption A10).
        """
        more = self.info.get("hasNextPage")
        if more is False or (more is None and len(self.rows) < PAGE):
            return None
        cursor = self.info.get("endCursor") or (self.rows[-1].get("cursor") if self.rows else None)
        if not self.rows or not isinstance(cursor, str):
            raise MissingPage(SIDE, "a list says that more follows, and nothing follows")
        return cursor


def _entry(row: Mapping[str, Any]) -> Json:
    node = row.get("node")
    if not isinstance(node, Mapping) or not isinstance(node.get("id"), str) or not node["id"]:
        raise UnreadableAnswer(SIDE, "an entry of a list without an id")
    return node
