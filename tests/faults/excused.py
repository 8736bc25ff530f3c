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


NO_OBSTACLE = "where nothing stands in the way, nobody looks at the detail of it"

NO_FUND = (
    "any text will do that stands for no membership, as long as no list of funds reads like it"
)

EXCUSED: tuple[Excused, ...] = (
    Excused("agent/merge/travel.py", 'return "", ""', 'return "", "_"', NO_OBSTACLE),
    Excused(
        "agent/merge/travel.py",
        'return ("cannot_travel", cannot) if cannot else ("", "")',
        'return ("cannot_travel", cannot) if cannot else ("", "_")',
        NO_OBSTACLE,
    ),
    *(
        Excused("agent/fields.py", 'return {"usi": "", "abn": ""}', after, NO_FUND)
        for after in ('return {"usi": "_", "abn": ""}', 'return {"usi": "", "abn": "_"}')
    ),
    Excused(
        "agent/store/storage.py",
        "known = self._storage.version < VERSION",
        "known = self._storage.version != VERSION",
        "a file of a later version was refused before its rows are read",
    ),
    Excused(
        "agent/sync/records.py",
        'self, link: Link, groups: frozenset[str] | None, way: str = ""',
        'self, link: Link, groups: frozenset[str] | None, way: str = "_"',
        "every way but the one to HRA is read alike",
    ),
    *(
        Excused(
            "agent/sync/__init__.py",
            'turn.rules = replace(turn.rules, signed_in=self._signed_in or ("", ""))',
            f"turn.rules = replace(turn.rules, signed_in=self._signed_in or ({after}))",
            "while it is not known who is signed in, any name and e-mail will do that nobody has",
        )
        for after in ('"_", ""', '"", "_"')
    ),
)
