"""Posts the sections of a write and says what became of each: all at once, and one by one where
that is refused (X3).

Also decides whether an answer proves a write, and what a write made disappear (F4). One employee a
call.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.employee import Employee, Values
from agent.errors import OutcomeUnknown, Refused, SideError
from agent.fields import FIELD_GROUPS, same
from agent.xero import mapping_bank, mapping_super, mapping_tax
from agent.xero.sections import Section
from agent.xero.wire import SIDE, Json

Post = Callable[[Mapping[str, Any]], Json]
Again = Callable[[Section], Section | None]

NO_REASON = "Xero gave no reason"


@dataclass
class Outcome:
    """What was taken (`body`, `groups`), what refused, and the answers' rows laid over each other
    (`answer`).
    """

    refused: dict[str, tuple[str, ...]] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    groups: frozenset[str] = frozenset()
    answer: dict[str, Any] = field(default_factory=dict, repr=False)

    def took(self, sections: Iterable[Section], answer: Json) -> None:
        """Notes sections that Xero took, and its answer to them."""
        for section in sections:
            self.body |= section.body
            self.groups |= {section.group}
        self.answer |= answer


def post_sections(sections: tuple[Section, ...], post: Post, again: Again) -> Outcome:
    """One POST with all sections; on a refusal each alone. `again` makes a section anew before it
    is posted alone.

    Raises the SideError that stopped it before anything was written, OutcomeUnknown where something
    may have been.
    """
    outcome = Outcome()
    if not sections:
        return outcome
    try:
        outcome.took(sections, post(_together(sections)))
        return outcome
    except Refused as refusal:
        if len(sections) == 1:
            outcome.refused[sections[0].name] = _reasons(refusal)
            return outcome
    for section in sections:
        _alone(section, post, again, outcome)
    return outcome


def _alone(section: Section, post: Post, again: Again, outcome: Outcome) -> None:
    try:
        fresh = again(section)
        if fresh:
            outcome.took((fresh,), post(fresh.body))
    except Refused as refusal:
        outcome.refused[section.name] = _reasons(refusal)
    except OutcomeUnknown:
        raise
    except SideError as error:
        raise unsure(error) if outcome.groups else error from None


def unsure(error: SideError) -> OutcomeUnknown:
    """The same failure, once part of a write has happened: the record has to be looked at."""
    return OutcomeUnknown(SIDE, status=error.status, correlation=error.correlation)


def shows(answer: Json, body: Json) -> bool:
    """Whether an answer has every key that was posted, inside the tax declaration and the address
    too.

    How much of a record the answer to a POST shows is undocumented (assumption A40): what it lacks
    is read. The TFN apart: how an answer to a write shows it is not known, and the mask is compared by
    value.
    """
    for key, value in body.items():
        if key == mapping_tax.NUMBER:
            continue
        if key not in answer:
            return False
        if isinstance(value, Mapping) and not (
            isinstance(answer[key], Mapping) and shows(answer[key], value)
        ):
            return False
    return True


def proves(changes: Values, groups: frozenset[str], after: Employee) -> bool:
    """Whether the record as read back holds every change of the written groups."""
    return all(
        same(name, value, after.get(name))
        for name, value in changes.items()
        if FIELD_GROUPS[name] in groups
    )


def gone(before: Json, body: Json, after: Json) -> tuple[str, ...]:
    """What the write made disappear, or kept though it was left out: facts without values."""
    found: list[str] = []
    if mapping_tax.KEY in body:
        found += mapping_tax.lost(before, body, after)
    if mapping_bank.KEY in body and mapping_bank.stayed(before, body, after):
        found.append("bank:merged")
    if mapping_super.KEY in body and mapping_super.vanished(before, after):
        found.append("super:SuperMembership")
    return tuple(found)


def _together(sections: Iterable[Section]) -> dict[str, Any]:
    return {key: value for section in sections for key, value in section.body.items()}


def _reasons(refusal: Refused) -> tuple[str, ...]:
    return refusal.reasons or (NO_REASON,)
