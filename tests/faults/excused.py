"""Faults that change nothing that anybody could see: each by its file, its lines before and after, and the reason.

A row that no fault in the code fits any more is refused, so this table says no more than is true.
"""

from typing import NamedTuple


class Excused(NamedTuple):
    """`before` and `after` as `make faults` prints them."""

    file: str
    before: str
    after: str
    reason: str


EXCUSED: tuple[Excused, ...] = ()
