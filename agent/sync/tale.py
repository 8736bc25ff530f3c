"""What a run tells while it goes: counts, and a line for each record that it did something with or left as it is."""

from collections import Counter
from dataclasses import dataclass, field, replace

from agent.employee import Person
from agent.fields import shown
from agent.records import Attention, Link
from agent.strangers import Create, Join
from agent.sync.newcomers import Created, Draft
from agent.sync.records import Done, Seen
from agent.sync.report import FieldLine, Line, done_fields, full_name, holds, planned_fields


@dataclass
class Tale:
    """The lines and counts of one run."""

    tally: Counter[str] = field(default_factory=Counter)
    lines: list[Line] = field(default_factory=list)

    def seen(self, seen: Seen, before: Link) -> None:
        """A record was read and decided."""
        self.tally["agreed"] += sum(
            pair != before.agreed.get(name) for name, pair in seen.link.agreed.items()
        )
        self.tally["conflicts"] += seen.conflicts

    def holds(self, seen: Seen) -> None:
        """Fields of this record wait."""
        note = holds(seen.decisions)
        if note:
            self.tally["held"] += 1
            self.lines.append(_line(seen, "hold", note))

    def planned(self, seen: Seen, way: str, target: str) -> None:
        """What a dry run would write to a record."""
        was = seen.hra if target == "hra" else seen.xero
        fields = planned_fields(seen.decisions, way, was)
        self.tally[way] += len(fields)
        self.lines.append(replace(_line(seen, "update"), target=target, fields=fields))

    def done(self, done: Done, way: str) -> None:
        """A record was written, or refused."""
        refused = done.refused or {}
        self.tally["refused"] += len(refused)
        self.tally[way] += len(done.written)
        if "end_date" in done.written:
            self.tally["terminated"] += 1
        if not done.written and not refused:
            return
        note = "; ".join(sorted(set(refused.values())))
        line = _line(done.seen, "update", note)
        fields = done_fields(done.written)
        self.lines.append(replace(line, target=done.target, fields=fields))

    def left(self, link: Link, why: str) -> None:
        """A linked record stays as it is."""
        self.tally["held"] += 1
        self.lines.append(Line(link.hra_id, link.xero_id, link.number, "", "hold", note=why))

    def waits(self, row: Attention) -> None:
        """Somebody without a link waits for a person."""
        self.tally["held"] += 1
        ids = (row.hra_id or "", row.xero_id or "")
        self.lines.append(Line(*ids, row.number, "", "hold", note=row.text))

    def joined(self, joining: Join) -> None:
        """Two people were linked, or would be."""
        self.tally["linked"] += 1
        self.lines.append(Line(joining.hra_id, joining.xero_id, None, "", "link"))

    def converted(self, candidate: Person, person: Person, hra_id: str) -> None:
        """A candidate became an employee, or would."""
        self.tally["created_hra"] += 1
        name = f"{person.first_name} {person.last_name}"
        ids = (hra_id or candidate.id, person.id)
        self.lines.append(Line(*ids, candidate.number, name, "convert", "hra"))

    def created(self, create: Create, created: Created) -> None:
        """Somebody was created, or why not."""
        if created.seen is None:
            self.stranger(create, created.reason)
            return
        self.tally[f"created_{create.target}"] += 1
        self.tally["refused"] += len(created.refused or {})
        line = _line(created.seen, "create", holds(created.seen.decisions))
        fields = done_fields(created.fields)
        self.lines.append(replace(line, target=create.target, fields=fields))

    def drafted(self, create: Create, draft: Draft) -> None:
        """Whom a dry run would create."""
        if draft.reason:
            self.stranger(create, f"This person's {draft.reason}.")
            return
        self.tally[f"created_{create.target}"] += 1
        fields = tuple(
            replace(line, new=shown(line.name, draft.changes[line.name]))
            for line in done_fields(tuple(draft.changes))
        )
        self._stranger(create, "create", "", fields)

    def stranger(self, create: Create, why: str) -> None:
        """Somebody is not created."""
        self.tally["held"] += 1
        self._stranger(create, "hold", why, ())

    def _stranger(
        self, create: Create, action: str, note: str, fields: tuple[FieldLine, ...]
    ) -> None:
        person = create.source
        ids = {"hra": "", "xero": "", person.side: person.id}
        name = f"{person.first_name} {person.last_name}"
        self.lines.append(
            Line(ids["hra"], ids["xero"], person.number, name, action, create.target, fields, note)
        )


def _line(seen: Seen, action: str, note: str = "") -> Line:
    link = seen.link
    return Line(link.hra_id, link.xero_id, link.number, full_name(seen.hra), action, note=note)
