"""What everything needs that takes a person's choice: both sides and the store, the clock, the rules of whoever chose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent.errors import NotPossible
from agent.merge import Rules
from agent.records import Attention, Choice, Event, Link
from agent.store import Store
from agent.sync import diary
from agent.sync.hands import Hands
from agent.sync.report import Answer, Report

NO_ROW = "There is no such row any more: its cause is gone, or somebody settled it. Look at the list again."
NOT_FOR_THIS = "That cannot be answered to this row."


@dataclass(frozen=True)
class Clerk:
    """`rules` makes the rules for an actor; `push` brings one employee's save to Xero; `let_through` applies a braked plan."""

    hands: Hands
    clock: Callable[[], datetime]
    rules: Callable[[str], Rules]
    push: Callable[[str], Answer]
    let_through: Callable[[str, str], Report]

    @property
    def store(self) -> Store:
        """What the agent remembers."""
        return self.hands.store

    def row(self, id: str) -> Attention:
        """The attention row of this id. Raises NotPossible."""
        found = next((row for row in self.store.attention() if row.id == id), None)
        if found is None:
            raise NotPossible(NO_ROW)
        return found

    def link_of(self, row: Attention) -> Link:
        """The link that a row is about. Raises NotPossible."""
        link = self.store.link(row.scope.removeprefix("link:"))
        if link is None:
            raise NotPossible(NO_ROW)
        return link

    def note(self, what: str, link: Link, why: str, choice: Choice, fields: Sequence[str]) -> None:
        """A line of the audit log about a link."""
        event = diary.about(what, link, why, choice.actor)
        self.store.note(replace(event, fields=tuple(fields)))


def about(side: str, id: str, what: str, why: str, actor: str) -> Event:
    """A line of the audit log about somebody who may have no link."""
    ids = {"hra": "", "xero": "", side: id}
    return Event(what, ids["hra"], ids["xero"], why=why, actor=actor)
