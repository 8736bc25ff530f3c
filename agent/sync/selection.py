"""Who is read in a run: everybody when a person asked, else what moved, what is open, and a share (X2, D9). Pure."""

import math
from collections.abc import Sequence

from agent.records import Link
from agent.side import Listing
from agent.sync.order import Order
from agent.words import is_open


def to_read(
    links: Sequence[Link],
    hra: Listing,
    xero: Listing,
    order: Order,
    *,
    since: str,
    share: float,
) -> list[Link]:
    """The links to read. `since` is the marker of the last import ("" for none), `share` the part verified in each run."""
    if order.employee is not None:
        return [link for link in links if link.hra_id == order.employee]
    if order.by_person and order.mode != "changed":
        return list(links)
    moved = {person.id: person.updated for person in xero.people}
    if order.mode == "changed":
        fresh = {id for id, updated in moved.items() if not updated or updated >= since}
        return [link for link in links if link.xero_id in fresh or is_open(link) or link.sending]
    there = {person.id: person.updated for person in hra.people}
    due = _due(links, share)
    return [
        link
        for link in links
        if link.id in due
        or link.sending
        or is_open(link)
        or not there.get(link.hra_id, "?")
        or there.get(link.hra_id, "") != link.hra_seen
        or moved.get(link.xero_id, link.xero_seen) != link.xero_seen
    ]


def _due(links: Sequence[Link], share: float) -> set[str]:
    """The share of people that was verified longest ago, and everybody never verified."""
    never = {link.id for link in links if link.verified is None}
    oldest = sorted((link.verified, link.id) for link in links if link.verified is not None)
    return never | {id for _, id in oldest[: math.ceil(len(links) * share)]}
