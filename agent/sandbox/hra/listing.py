"""Filter, sort and pages of every list, as the contract describes them.

Filter: `field:value`, AND, OR, parentheses, a trailing asterisk; AND binds tighter. Fields are
those that the list itself shows, at any depth. A value matches the whole of a field or one word of
it, without regard to case. A cursor belongs to one filter and sort; with another it is refused.
Default page size 100. Nothing here can ask for "changed since"; the vendor has no such operator.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent.sandbox.hra.problems import Problem
from agent.sandbox.hra.store import Json

PAGE_SIZE = 100
MOST_TOKENS = 200
TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")
INVALIDATED = "The cursor was invalidated: filter or sort changed, or the record is gone."

Test = Callable[[Json], bool]


@dataclass(frozen=True)
class Query:
    """The query string of a list call, as sent."""

    filter: str | None = None
    sort: tuple[str, ...] = ()
    first: str | None = None
    after: str | None = None
    last: str | None = None
    before: str | None = None


def page(rows: Sequence[Json], query: Query, fields: frozenset[str], ignore_sort: str = "") -> Json:
    """One page of *rows* (summaries with an id): `pageInfo` and `data` of cursors and nodes.

    *fields* are the names that filter and sort may use; *ignore_sort* is one that sorting takes and
    ignores. Raises Problem(400).
    """
    chosen = [row for row in rows if _test(query.filter, fields)(row)]
    ordered = _sorted(chosen, query.sort, fields, ignore_sort)
    print_of_query = _fingerprint(query)
    start, end = _span(ordered, query, print_of_query)
    shown = ordered[start:end]
    cursors = [_cursor(print_of_query, row) for row in shown]
    info: Json = {"hasPreviousPage": start > 0, "hasNextPage": end < len(ordered)}
    if cursors:
        info |= {"startCursor": cursors[0], "endCursor": cursors[-1]}
    data = [{"cursor": c, "node": row} for c, row in zip(cursors, shown, strict=True)]
    return {"pageInfo": info, "data": data}


# pages


def _span(rows: list[Json], query: Query, print_of_query: str) -> tuple[int, int]:
    if query.first is not None and query.last is not None:
        raise Problem(400, "first and last exclude each other.")
    low, high = 0, len(rows)
    if query.after is not None:
        low = _place(rows, query.after, print_of_query) + 1
    if query.before is not None:
        high = _place(rows, query.before, print_of_query)
    if query.last is not None or (query.before is not None and query.first is None):
        return max(low, high - _size(query.last)), high
    return low, max(low, min(high, low + _size(query.first)))


def _size(sent: str | None) -> int:
    if sent is None:
        return PAGE_SIZE
    if not re.fullmatch(r"[0-9]{1,6}", sent) or int(sent) == 0:
        raise Problem(400, "first and last are positive whole numbers.")
    return int(sent)


def _fingerprint(query: Query) -> str:
    return hashlib.sha256(repr((query.filter, query.sort)).encode()).hexdigest()[:12]


def _cursor(print_of_query: str, row: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps([print_of_query, row["id"]]).encode()).decode()


def _place(rows: list[Json], cursor: str, print_of_query: str) -> int:
    try:
        made_for, key = json.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError) as error:
        raise Problem(400, "The cursor is none of ours.") from error
    for place, row in enumerate(rows):
        if made_for == print_of_query and row["id"] == key:
            return place
    raise Problem(400, INVALIDATED)


# sort


def _sorted(
    rows: list[Json], sort: tuple[str, ...], fields: frozenset[str], ignored: str
) -> list[Json]:
    ordered = list(rows)
    for term in reversed(sort):
        name, _, way = term.partition(":")
        if name not in fields or way not in ("asc", "desc"):
            raise Problem(400, "sort takes field:asc or field:desc, of fields that are shown.")
        if name != ignored:
            ordered.sort(key=_by(name), reverse=way == "desc")
    return ordered


def _by(name: str) -> Callable[[Json], str]:
    return lambda row: next(_values(row, name), "").casefold()


# filter


def _test(text: str | None, fields: frozenset[str]) -> Test:
    if text is None or not text.strip():
        return lambda row: True
    tokens = [match.group(1) for match in TOKEN.finditer(text)]
    if len(tokens) > MOST_TOKENS:
        raise Problem(400, "The filter is too long.")
    test, rest = _any_of(tokens, fields)
    if rest:
        raise Problem(400, "The filter can't be read after its first terms.")
    return test


def _any_of(tokens: list[str], fields: frozenset[str]) -> tuple[Test, list[str]]:
    test, rest = _all_of(tokens, fields)
    if rest[:1] != ["OR"]:
        return test, rest
    other, rest = _any_of(rest[1:], fields)
    return lambda row: test(row) or other(row), rest


def _all_of(tokens: list[str], fields: frozenset[str]) -> tuple[Test, list[str]]:
    test, rest = _term(tokens, fields)
    if rest[:1] != ["AND"]:
        return test, rest
    other, rest = _all_of(rest[1:], fields)
    return lambda row: test(row) and other(row), rest


def _term(tokens: list[str], fields: frozenset[str]) -> tuple[Test, list[str]]:
    if not tokens:
        raise Problem(400, "The filter ends too early.")
    if tokens[0] == "(":
        test, rest = _any_of(tokens[1:], fields)
        if rest[:1] != [")"]:
            raise Problem(400, "A parenthesis of the filter is not closed.")
        return test, rest[1:]
    return _pair(tokens[0], fields), tokens[1:]


def _pair(term: str, fields: frozenset[str]) -> Test:
    name, colon, wanted = term.partition(":")
    if not colon or name not in fields:
        raise Problem(400, "The filter takes field:value, of fields that are shown.")
    stem = wanted.removesuffix("*")
    if not stem or "*" in stem or '"' in stem:
        raise Problem(400, "A value needs a character; an asterisk may only end it.")
    fits = str.startswith if wanted.endswith("*") else str.__eq__
    return lambda row: any(fits(word, stem.casefold()) for word in _words(row, name))


def _words(row: Json, name: str) -> Iterator[str]:
    for value in _values(row, name):
        folded = value.casefold()
        yield folded
        yield from folded.split()


def _values(node: object, name: str) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name and not isinstance(value, dict | list):
                yield str(value)
            yield from _values(value, name)
    elif isinstance(node, list):
        for item in node:
            yield from _values(item, name)
