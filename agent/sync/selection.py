"""Who is read in a run: everybody when a person asked, else what moved, what is open, and a share (X2, D9). Pure.

A run that goes on with a stopped one reads nobody again who was read since that began and did not move (R4): `apart` sets
those aside.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from agent import pace
from agent.fields import FIELDS
from agent.records import Link
from agent.side import Listing
from agent.sync.order import Order
from agent.words import gathered_again, is_open, split

UNREAD = "record"  # what a link has open while its record cannot be read
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Share:
    """How many are verified in this run: this `part` of all, and whoever was verified before `late`, as long as `spare`
    calls suffice (None: not known). A time after `now` is a clock's mistake and counts as long ago."""

    part: float
    late: datetime | None = None
    spare: int | None = None
    now: datetime | None = None


@dataclass(frozen=True)
class Apart:
    """The links of a run that goes on: those to read, those decided already whose write waits, and how many agree."""

    reading: list[Link]
    waiting: list[Link] = field(default_factory=list)
    agreed: int = 0


def to_read(
    links: Sequence[Link],
    hra: Listing,
    xero: Listing,
    order: Order,
    *,
    since: str,
    share: Share,
    leave: frozenset[str] = frozenset(),
) -> list[Link]:
    """The links to read. `since` is the marker of the last import ("" for none), `leave` the Xero ids, in lower case, whose
    leave may have moved (F5)."""
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
        or link.xero_id.casefold() in leave
        or not there.get(link.hra_id, "?")
        or there.get(link.hra_id, "") != link.hra_seen
        or moved.get(link.xero_id, link.xero_seen) != link.xero_seen
    ]


def in_turn(links: Iterable[Link], now: datetime | None = None) -> list[Link]:
    """What was being written first, for it may be half done; then whoever was verified longest ago."""
    return sorted(links, key=lambda link: (link.sending == "", verified(link, now)))


def _due(links: Sequence[Link], share: Share) -> set[str]:
    """Those verified longest ago, as many as this run verifies, and everybody never verified.

    A record that could not be read is read by every run anyway (D9); its place is another's, so that no number of them
    keeps the rest from their turn.
    """
    never = {link.id for link in links if link.verified is None}
    read = [link for link in links if link.verified is not None and UNREAD not in link.open]
    now, late = share.now, share.late
    overdue = sum(late is not None and verified(link, now) < late for link in read)
    count = pace.verified_now(len(links), share.part, overdue, share.spare)
    oldest = sorted((verified(link, now), link.id) for link in read)
    return never | {id for _, id in oldest[:count]}


def verified(link: Link, now: datetime | None) -> datetime:
    """When a link was verified; long ago where it never was, or where a clock since set back says a time after `now`."""
    at = link.verified
    ahead = at is not None and now is not None and at > now
    return LONG_AGO if at is None or ahead else at


# --- a stopped run that goes on -------------------------------------------------------------------------------


def apart(
    links: Sequence[Link],
    hra: Listing,
    xero: Listing,
    order: Order,
    leave: frozenset[str] = frozenset(),
) -> Apart:
    """Sets aside whom the stopped run read, or wrote, and who has not moved since; `order.since` is when it began."""
    since = order.since
    if since is None:
        return Apart(list(links))
    there = {person.id: person.updated for person in hra.people}
    moved = {person.id: person.updated for person in xero.people}
    reading, waiting, agreed = [], [], 0
    for link in links:
        stands = (
            link.xero_id.casefold() not in leave
            and read_since(link, order)
            and _unmoved(link.hra_seen, link.left.get("hra"), there.get(link.hra_id))
            and _unmoved(
                link.xero_seen, link.left.get("xero"), moved.get(link.xero_id, _or(link, xero))
            )
        )
        codes = {split(reason)[0] for reason in link.open.values() if gathered_again(reason)}
        if not stands or codes - {"waiting_hra", "waiting_xero"}:
            reading.append(link)
        elif f"waiting_{order.target}" in codes:
            waiting.append(link)
        else:
            agreed += 1
    return Apart(reading, waiting, agreed)


def counts(link: Link, target: str) -> tuple[bool, bool]:
    """Whether the brake counts a link whose write waits as changed, and as terminated (S1): as `plan.counts` of what was
    decided."""
    waiting = [name for name, told in link.open.items() if split(told)[0] == f"waiting_{target}"]
    changed = any(FIELDS[name].group != "leave" for name in waiting if name in FIELDS)
    return changed, "end_date" in waiting


def read_since(link: Link, order: Order) -> bool:
    """Whether the stopped run that this one goes on with has read a link whole, and nothing about it is in doubt."""
    doubtful = link.sending or link.sent or link.late or UNREAD in link.open
    return order.since is not None and verified(link, order.at) >= order.since and not doubtful


def _unmoved(seen: str, left: str | None, now: str | None) -> bool:
    """Whether a side lists somebody as they were read, or as the agent's own last write left them."""
    return bool(now) and now in (seen, left)


def _or(link: Link, xero: Listing) -> str | None:
    """Who is not in a list of changes has not moved; who is not in a whole list has."""
    return None if xero.complete else link.xero_seen
