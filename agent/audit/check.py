"""Finds what was done to an audit log from outside, from its rows alone, and names it (S3).

Pure. Lines that are whole are put in their right order first; what does not fit between two of them
is one finding, so that a break is told once and not for every line that follows it.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from agent.audit.line import ANEW, FIRST, Entry

FINDINGS_TOLD = 100

Ranges = list[tuple[int, int]]


@dataclass(frozen=True)
class Head:
    """The last line that the agent knows to have written: its number and mac, and the log's bytes then.

    `cut` and `cut_mac`: number and mac of the last line that was removed because its term was over, 0 for none.
    """

    count: int = 0
    mac: str = FIRST
    size: int = 0
    cut: int = 0
    cut_mac: str = FIRST


@dataclass(frozen=True)
class _Place:
    """A whole line in its right order, or one of the two ends; `row` counts the rows of the file."""

    n: int
    row: int
    prev: str | None
    mac: str | None
    at: datetime | None = None


def breaks(rows: Sequence[Entry | None], head: Head | None) -> tuple[str, ...]:
    """Sentences on what is wrong, none for a log just as it was written.

    `rows`: the file's lines, None for one that cannot be read. `head` None: it is lost, which the
    caller tells.
    """
    start = head or Head()
    # A crash between the two steps of a removal leaves lines that are removed already.
    rows = [entry for entry in rows if not (entry and entry.whole and entry.n <= start.cut)]
    whole = {row: entry for row, entry in enumerate(rows, 1) if entry and entry.whole}
    kept = _in_order(whole)
    in_place = frozenset(kept)
    places = [_Place(start.cut, 0, None, start.cut_mac), *(_place(row, whole[row]) for row in kept)]
    moved = {row: entry for row, entry in whole.items() if row not in in_place}
    places.append(_end(places[-1], len(rows) + 1, head))
    found = [*_gaps(places, rows, moved), *_misplaced(moved, {whole[row].mac for row in kept})]
    found += [_strange(a, b) for a, b in pairwise(places) if head and _is_strange(a, head)]
    more = len(found) - FINDINGS_TOLD
    return tuple(found[:FINDINGS_TOLD] + ([f"There are {more} more findings."] if more > 0 else []))


def _in_order(whole: Mapping[int, Entry]) -> list[int]:
    """The rows of the longest part of the lines whose numbers rise: the fewest are called misplaced."""
    rows = list(whole)
    if all(whole[a].n < whole[b].n for a, b in pairwise(rows)):
        return rows
    lowest: list[int] = []  # the lowest number that ends a rising part of each length, and its row
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for row in rows:
        at = bisect_left(lowest, whole[row].n)
        before[row] = ends[at - 1] if at else None
        lowest[at : at + 1] = [whole[row].n]
        ends[at : at + 1] = [row]
    kept: list[int] = []
    last: int | None = ends[-1]
    while last is not None:
        kept.append(last)
        last = before[last]
    return kept[::-1]


def _place(row: int, entry: Entry) -> _Place:
    return _Place(entry.n, row, entry.prev, entry.mac, entry.line.at)


def _end(last: _Place, row: int, head: Head | None) -> _Place:
    """A place after the last line: after the one that the head remembers, where that is not there."""
    if head and last.n <= head.count:
        return _Place(head.count + 1, row, last.mac, None)
    unknown = row - last.row - 1 if head is None else 0  # rows that may well be lines of the log
    return _Place(last.n + unknown + 1, row, last.mac, None)


def _gaps(
    places: Sequence[_Place], rows: Sequence[Entry | None], moved: Mapping[int, Entry]
) -> Iterator[str]:
    elsewhere = sorted({entry.n for entry in moved.values()})
    for a, b in pairwise(places):
        absent = _absent(a.n, b.n, elsewhere)
        spoilt = [rows[row - 1] for row in range(a.row + 1, b.row) if row not in moved]
        if absent or spoilt:
            yield _gap(absent, spoilt, _when(a, b))
        elif b.n == a.n + 1 and b.prev != a.mac:
            yield _unchained(a, b)


def _absent(after: int, before: int, elsewhere: Sequence[int]) -> Ranges:
    """The numbers between two lines that no whole line has, as ranges."""
    between = elsewhere[bisect_left(elsewhere, after + 1) : bisect_left(elsewhere, before)]
    edges = [after, *between, before]
    return [(a + 1, b - 1) for a, b in pairwise(edges) if b - a > 1]


def _gap(absent: Ranges, spoilt: Sequence[Entry | None], when: str) -> str:
    """One sentence on numbers that no whole line has, and on rows that are no whole line."""
    count, bad = sum(b - a + 1 for a, b in absent), len(spoilt)
    if not bad:
        return f"{_lines(absent)} {_is(count)} missing ({when})."
    if not count:
        return f"{bad} {'line' if bad == 1 else 'lines'} put in by somebody else ({when})."
    if bad >= count:
        return f"{_lines(absent)} {_fault(spoilt, count)} ({when})."
    lost = count - bad
    return f"{_lines(absent)}: {lost} {_is(lost)} missing, {bad} {_fault(spoilt, bad)} ({when})."


def _fault(spoilt: Sequence[Entry | None], count: int) -> str:
    was = "was" if count == 1 else "were"
    if any(entry and entry.foreign for entry in spoilt):
        return f"{was} changed, or written with another key than the present one"
    return f"{was} changed" if any(spoilt) else "cannot be read any more"


def _unchained(a: _Place, b: _Place) -> str:
    if b.prev == ANEW:
        return (
            f"Line {b.n} begins a new chain, for what the agent remembered of the log was lost: "
            f"lines before it may have been cut ({_when(a, b)})."
        )
    return f"Line {b.n} does not follow what stands before it ({_when(a, b)})."


def _is_strange(place: _Place, head: Head) -> bool:
    """Whether it has the number of the line that the head remembers, and is another one."""
    return place.n == head.count and place.mac != head.mac


def _strange(a: _Place, b: _Place) -> str:
    return f"Line {a.n} is not the one that this agent wrote as line {a.n} ({_when(a, b)})."


def _misplaced(moved: Mapping[int, Entry], kept_macs: Set[str]) -> Iterator[str]:
    """Whole lines at a wrong place; those that were moved or copied together are one finding."""
    run: list[int] = []
    for row in [*moved, 0]:
        fits = run and row == run[-1] + 1 and moved[row].n == moved[run[-1]].n + 1
        if run and not (fits and (moved[row].mac in kept_macs) == (moved[run[0]].mac in kept_macs)):
            yield _told_misplaced(moved[run[0]], moved[run[-1]], run[0], kept_macs)
            run = []
        run.append(row)


def _told_misplaced(first: Entry, last: Entry, row: int, kept_macs: Set[str]) -> str:
    count = last.n - first.n + 1
    what = "repeated" if first.mac in kept_macs else "out of order"
    return f"{_lines([(first.n, last.n)])} {_is(count)} {what}, at place {row} of the file."


def _when(a: _Place, b: _Place) -> str:
    """Between which times, by the nearest whole lines; those at the break itself prove nothing."""
    if a.at and b.at:
        return f"between {_time(a.at)} and {_time(b.at)}"
    if a.at:
        return f"after {_time(a.at)}"
    return f"before {_time(b.at)}" if b.at else "no line tells when"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _lines(ranges: Ranges) -> str:
    parts = ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in ranges)
    return (
        f"Line {parts}" if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else f"Lines {parts}"
    )


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
