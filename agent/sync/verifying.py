"""One verification: everybody is read again, whoever was verified longest ago first; nothing is written to either side (X2).

What agrees is recorded as agreed; what does not stands open for the next import or export. Ends in good order where the
day's calls are used up but for the reserve, and goes on from there the next time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agent.errors import SIDE_NAMES, NotPossible, Parked
from agent.merge import Rules
from agent.plans import Plan
from agent.records import Link
from agent.sync.gathering import check_stop, look
from agent.sync.hands import Hands
from agent.sync.order import Order
from agent.sync.report import Progress
from agent.sync.selection import UNREAD, read_since, verified
from agent.sync.tale import Tale
from agent.words import split

KIND = "verify"
PAUSED = "{done} of {total} people were verified. {why} {when}"
KEPT = "The rest of the day's calls to Xero is kept for eSS saves."
LATER = "Verify again after {until:%d %b %H:%M} UTC: it goes on with whoever was not read."
SOME_TIME = "Verify again once Xero's day has begun anew: it goes on with whoever was not read."
NOT_LINKED = (
    "Nobody in Xero is linked to the HRA Cloud employee {id}, so there is nothing to compare. --employee takes the id in "
    "HRA Cloud."
)
WAITING = frozenset({"waiting_hra", "waiting_xero"})


@dataclass
class Verifying:
    """The course of one verification. `allowance` tells the calls left beyond the reserve (None: not known), `begins` when
    Xero's next day begins. `paused` says afterwards why it ended early."""

    hands: Hands
    rules: Rules
    order: Order
    allowance: Callable[[], int | None] = lambda: None
    begins: Callable[[], datetime | None] = lambda: None
    tale: Tale = field(default_factory=Tale)
    paused: str = ""
    plan: Plan | None = None
    braked: str = ""

    def go(self, prove: Callable[[], None] = lambda: None) -> None:
        """Run it; `prove` is the look at both connections before. Raises SideError, NotPossible, Stopped."""
        links, before = self._wanted()
        total, done = before + len(links), before
        try:
            prove()
            for side in self.hands.sides().values():
                side.begin()
            for link in links:
                self.order.progress(Progress("reading", done, total))
                check_stop(self.order)
                if self.allowance() == 0:
                    self._pause(done, total, KEPT, self.begins())
                    return
                self._one(link)
                done += 1
        except Parked as parked:
            why = parked.detail or f"{SIDE_NAMES[parked.side]} {parked.what}"
            self._pause(done, total, f"{why[:1].upper()}{why[1:]}.", parked.until)
            return
        self.order.progress(Progress("reading", total, total))

    def _wanted(self) -> tuple[list[Link], int]:
        """Whom to read, in their order, and how many the stopped verification before this one has read."""
        links, asked = self.hands.store.links(), self.order.employee
        if asked is not None:
            link = self.hands.store.link_of("hra", asked)
            if link is None:
                raise NotPossible(NOT_LINKED.format(id=asked))
            return [link], 0
        left = [link for link in links if not read_since(link, self.order)]
        read = len(links) - len(left)
        if read:
            self.tale.tally["resumed"] = read
        # Records that could not be read come last, so that no number of them uses up the day for the rest.
        now = self.order.at
        return sorted(left, key=lambda link: (UNREAD in link.open, verified(link, now))), read

    def _one(self, link: Link) -> None:
        seen = look(self.hands, self.rules, self.order, self.tale, link)
        if seen is None:
            return
        self.tale.tally["records"] += 1
        self.tale.holds(seen)
        waits = any(split(reason)[0] in WAITING for reason in seen.link.open.values())
        self.tale.tally["waiting"] += waits

    def _pause(self, done: int, total: int, why: str, until: datetime | None) -> None:
        when = LATER.format(until=until) if until else SOME_TIME
        self.paused = PAUSED.format(done=f"{done:,}", total=f"{total:,}", why=why, when=when)
