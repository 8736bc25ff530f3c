"""What an update of a record does by an action: an end date is a termination, a branch a transfer.

Promises: right before an action the record is read again, and what is so already is not asked for
once more; a record that somebody transferred meanwhile is left alone (the read-back tells). A
transfer comes last (M5) and always moves, it never copies (B3). Nothing follows an action whose end
was not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass

from agent import fields
from agent.employee import Employee, EndDate, Value, Values
from agent.errors import ActionFailed, Refused
from agent.hra.actions import Actions
from agent.hra.records import SIDE, Records
from agent.hra.writing import NO_REASON, Outcome

LONGEST_BRANCH = 64

NO_BRANCH = "HRA Cloud has no such branch (any more); correct the branch map."
STILL_ENDING = (
    "HRA Cloud had not finished the termination yet, so the branch was not changed; "
    "the next run looks again."
)
FAILED = {
    "end_date": "HRA Cloud did not carry out the termination; end the employment there by hand, "
    "or look there for what stands in its way.",
    "branch": "HRA Cloud did not carry out the transfer to the other branch; transfer the person "
    "there by hand, or look there for what stands in its way.",
}


@dataclass(frozen=True)
class Steps:
    """The actions of an update. `branches` gives the ids of the account's branches, none where they
    are not known.
    """

    records: Records
    actions: Actions
    branches: Callable[[], frozenset[str]]

    def take(self, id: str, wanted: Values, done: Outcome) -> None:
        """Take the wanted steps in their order, noting in `done` what came of each. Raises what
        stopped them; OutcomeUnknown where an action was sent and is not heard of again.
        """
        ended = True
        for name, value in wanted.items():
            if not ended:
                done.refused[name] = (STILL_ENDING,)
                continue
            try:
                ended = self._taken(id, name, value, done)
            except ActionFailed:
                done.refused[name] = (FAILED[name],)
            except Refused as refusal:
                done.refused[name] = refusal.reasons or (NO_REASON,)

    def no_branch(self, id: str) -> str:
        """Why nobody can be in that branch; "" where nothing is known against it."""
        known = self.branches()
        return NO_BRANCH if len(id) > LONGEST_BRANCH or (known and id not in known) else ""

    def _taken(self, id: str, name: str, value: Value, done: Outcome) -> bool:
        """Whether the next step may follow."""
        if name == "branch" and (reason := self.no_branch(value)):
            raise Refused(SIDE, (reason,))
        now = self._now(id)
        ended = now.id != id or fields.same(name, now.get(name), value) or self._sent(id, value)
        done.acted.add(name)
        return ended

    def _now(self, id: str) -> Employee:
        detail, came_from = self.records.in_use(id)
        return self.records.employee({"details": detail}, frozenset({"details"}), came_from)

    def _sent(self, id: str, value: EndDate | str) -> bool:
        """Whether HRA completed it while it was looked at."""
        if isinstance(value, EndDate):
            method = "By_Notice" if value.by_notice else "By_Other_Means"
            return self.actions.terminate(id, value.day, method)
        return self.actions.transfer(id, value)
