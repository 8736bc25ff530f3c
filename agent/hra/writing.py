"""Writing one person to HRA Cloud, section by section: each is a full replacement, made from what
was just read.

Promises: only sections with a change are sent; a section that is refused stops no other; a section
whose outcome is not known stops everything, so that it is looked at first.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.employee import Employee, Value
from agent.errors import AccessLost, OutcomeUnknown, Refused, SideError, UnreadableAnswer
from agent.fields import GROUPS
from agent.hra import (
    mapping,
    mapping_bank,
    mapping_details,
    mapping_leave,
    mapping_super,
    mapping_tax,
)
from agent.hra.records import PATHS, SIDE, Records
from agent.hra.wire import Draft, Json, OddShape, Transport

Wanted = Mapping[str, Mapping[str, Value]]

NO_READ = (
    "This part of the record cannot be read with this sign-in "
    "(a scope for payroll details is missing)."
)
NO_WRITE = (
    "This sign-in may not change payroll details (scope manage:employees:payroll is missing)."
)
NO_REASON = "HRA Cloud refused it and gave no reason."


@dataclass
class Outcome:
    """What came of the write so far: body sent per written group, fields whose action was asked for
    or needed no more, reasons per refused group or field.
    """

    sent: dict[str, Json] = field(default_factory=dict)
    acted: set[str] = field(default_factory=set)
    refused: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def nothing(self) -> bool:
        """Nothing was written, and nothing is to be read back."""
        return not self.sent and not self.acted


@dataclass(frozen=True)
class Writing:
    """Writes sections of existing records. `lists` gives the account's honorifics and genders for
    the named fields.
    """

    transport: Transport
    records: Records
    email: str
    lists: Callable[[Iterable[str]], mapping.References]

    def apply(self, employee: Employee, wanted: Wanted, done: Outcome) -> None:
        """Write every wanted group, noting in `done` what came of it. Raises what stopped it."""
        for group in (name for name in GROUPS if name in wanted):
            try:
                self._section(employee, group, wanted[group], done)
            except Refused as refusal:
                done.refused[group] = refusal.reasons or (NO_REASON,)

    def read_back(self, employee: Employee, outcome: Outcome) -> tuple[Employee, tuple[str, ...]]:
        """The record after the write, and what vanished from it; after a transfer the new record,
        with every group that was read of the old one. Raises OutcomeUnknown where it can't be read.
        """
        written = frozenset(outcome.sent) | ({"details"} if outcome.acted else set())
        try:
            after = self.records.fetch(employee.id, written)
            if after.id != employee.id:
                written |= employee.groups
                after = replace(self.records.fetch(after.id, written), old_id=after.old_id)
            gone = self._gone(employee.raw, after.raw, outcome)
        except SideError as error:
            raise OutcomeUnknown(
                SIDE, "the record could not be read back", status=error.status
            ) from error
        if after.id != employee.id:
            return after, gone
        raw = {**employee.raw, **after.raw}
        read = self.records.employee(raw, written, after.old_id)
        return _joined(employee, read), gone

    def _section(
        self, employee: Employee, group: str, wanted: Mapping[str, Value], done: Outcome
    ) -> None:
        present = self._present(employee, group)
        if present is None:
            done.refused[group] = (NO_READ,)
            return
        try:
            draft = self._draft(group, present, wanted)
        except OddShape as odd:
            raise UnreadableAnswer(SIDE, str(odd)) from None
        done.refused.update(draft.refused)
        if draft.body is not None and self._put(employee.id, group, draft.body, done):
            done.sent[group] = draft.body

    def _present(self, employee: Employee, group: str) -> Json | None:
        if group in employee.raw:
            found: Json = employee.raw[group]
            return found
        if group == "details":
            return self.records.detail(employee.id)
        return self.records.section(employee.id, group)

    def _draft(self, group: str, present: Json, wanted: Mapping[str, Value]) -> Draft:
        if group == "details":
            return mapping_details.draft(present, wanted, self.email, self.lists(wanted))
        drafts: dict[str, Callable[[Json, Mapping[str, Value]], Draft]] = {
            "bank": mapping_bank.draft,
            "super": mapping_super.draft,
            "tax": mapping_tax.draft,
            "leave": mapping_leave.draft,
        }
        return drafts[group](present, wanted)

    def _put(self, id: str, group: str, body: Json, done: Outcome) -> bool:
        """Never sent twice by itself: in between the employee may have saved in eSS, and a PUT replaces all."""
        path = self.records.path(id) if group == "details" else self.records.path(id, PATHS[group])
        try:
            self.transport.send("PUT", path, body, repeatable=False)
        except AccessLost as lost:
            if group == "details" or lost.status == 401:
                raise
            done.refused[group] = (NO_WRITE,)
            return False
        return True

    def _gone(
        self, before: Mapping[str, Any], after: Mapping[str, Any], outcome: Outcome
    ) -> tuple[str, ...]:
        sent = outcome.sent
        gone: tuple[str, ...] = ()
        if "details" in sent and "details" in before:
            gone += mapping_details.vanished(before["details"], after["details"], self.email)
        if "bank" in sent and "bank" in after:
            gone += mapping_bank.vanished(sent["bank"], after["bank"])
        if "super" in sent and "super" in before and "super" in after:
            gone += mapping_super.vanished(before["super"], after["super"])
        if "tax" in sent and "tax" in before and "tax" in after:
            gone += mapping_tax.vanished(before["tax"], after["tax"])
        return gone


def _joined(before: Employee, read: Employee) -> Employee:
    """The record as read back; groups that were not written keep what was read of them before."""
    return Employee(
        side=read.side,
        id=read.id,
        status=read.status,
        values={**before.values, **read.values},
        groups=before.groups | read.groups,
        number=read.number,
        updated=read.updated,
        new_id=read.new_id,
        old_id=read.old_id or before.old_id,
        raw={**before.raw, **read.raw},
    )
