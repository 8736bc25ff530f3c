"""What a person decided about something that waits, applied at once under the record's lock, whatever the switches say."""

from collections.abc import Callable
from dataclasses import fields

from agent.errors import NotPossible
from agent.records import Attention, Choice
from agent.sync.clerk import NOT_FOR_THIS, Clerk
from agent.sync.opening import Opening
from agent.sync.people import PeopleAnswers
from agent.sync.report import Answer, Opened
from agent.sync.rows import RowAnswers


class Answers:
    """Takes the choices of one pair, with what a `clerk` has."""

    def __init__(self, clerk: Clerk) -> None:
        parts = [getattr(clerk, part.name) for part in fields(clerk)]
        rows, people = RowAnswers(*parts), PeopleAnswers(*parts)
        self._clerk = clerk
        self._opening = Opening(*parts)
        self._on_row: dict[str, Callable[[Attention, Choice], Answer]] = {
            "retry": rows.retry,
            "resolve": rows.resolve,
            "approve": rows.judge,
            "reject": rows.judge,
            "dismiss": rows.dismiss,
        }
        self._on_people: dict[str, Callable[[Choice], Answer]] = {
            "link": people.link,
            "unlink": people.unlink,
            "ignore": people.ignore,
            "unignore": people.unignore,
            "create": people.create,
        }

    def answer(self, choice: Choice) -> Answer:
        """Apply one choice. Raises NotPossible, SideError."""
        if choice.verb in self._on_row:
            return self._on_row[choice.verb](self._clerk.row(choice.id), choice)
        if choice.verb in self._on_people:
            return self._on_people[choice.verb](choice)
        raise NotPossible(NOT_FOR_THIS)

    def opened(self, id: str) -> Opened:
        """A row with what both sides hold now. Raises NotPossible, SideError."""
        return self._opening.opened(id)
