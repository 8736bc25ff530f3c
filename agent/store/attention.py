"""Which attention rows stand for a scope, and under which id: decided here, stored elsewhere.

A row about a matter that stood there before keeps its id and its time; the same matter coming back
later gets the same id again, so that a person's note of it stays good. What a person dismissed stays
dismissed only while it stands without a break. Other possible partners, other values, or another plan
are another matter: nobody decides by an id on what they were not shown.
"""

import hashlib
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agent.records import Attention

Matter = tuple[str, str, tuple[str, ...], str, tuple[tuple[str, str], ...], str, str]


def stands(
    present: Mapping[str, Attention], scope: str, rows: Sequence[Attention], now: datetime
) -> dict[str, Attention]:
    """The scope's rows by id, from all `present` ones and the wanted `rows`, each matter once."""
    known = {_matter(row): row for row in present.values()}
    new: dict[str, Attention] = {}
    for row in rows:
        if row.scope != scope:
            raise ValueError(f"a row of {row.scope} among those of {scope}")
        stood = known.get(_matter(row))
        id = stood.id if stood else _short_id(row, present.keys() | new.keys())
        since = stood.since if stood else row.since or now
        dismissed = stood is not None and stood.dismissed
        new[id] = known[_matter(row)] = replace(row, id=id, since=since, dismissed=dismissed)
    return new


def _matter(row: Attention) -> Matter:
    partners = tuple(sorted((partner.side, partner.id) for partner in row.partners))
    return row.scope, row.kind, row.fields, row.text, partners, row.plan, row.mark


def _short_id(row: Attention, taken: Container[str]) -> str:
    digest = hashlib.sha256(json.dumps(_matter(row)).encode()).hexdigest()
    return next(digest[:length] for length in range(8, 65) if digest[:length] not in taken)
