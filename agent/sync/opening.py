"""An attention row opened by a person: both records read at that moment, sensitive values masked, nothing stored (S4)."""

from dataclasses import replace

from agent import plans, words
from agent.employee import Employee
from agent.errors import NotPossible
from agent.records import Attention
from agent.sync import approving
from agent.sync.clerk import NO_ROW, Clerk
from agent.sync.report import Line, Opened, OpenedPartner, compared, done_fields

# What tells two people apart on the match desk.
TELLING = (
    "first_name", "middle_names", "last_name", "date_of_birth", "home_address", "email", "mobile", "job_title",
    "start_date", "end_date",
)  # fmt: skip


class Opening(Clerk):
    """Opens rows."""

    def opened(self, id: str) -> Opened:
        """A row with what both sides hold now. Raises NotPossible, SideError."""
        row = self.row(id)
        base = Opened(
            row.id, row.kind, row.number or row.hra_id or row.xero_id or "", row.text, "",
            words.buttons(row), (), (), row.hra_id or "", row.xero_id or "", row.plan,
        )  # fmt: skip
        if row.plan:
            return replace(base, planned=self._planned(row.plan))
        if row.scope.startswith("link:"):
            return self._opened_link(base, row)
        if row.partners or row.scope.startswith(("hra:", "xero:")):
            return self._opened_stranger(base, row)
        return base

    def _planned(self, hash: str) -> tuple[Line, ...]:
        """What a kept plan would do: who and which fields, for a plan holds no values."""
        text = self.store.kept_plan(hash)
        items = plans.from_kept(text).items if text else ()
        links = {link.xero_id: link for link in self.store.links()}
        return tuple(
            Line(
                item.hra_id,
                item.xero_id,
                links[item.xero_id].number if item.xero_id in links else None,
                "",
                item.action,
                item.target,
                done_fields(tuple(item.fields)),
            )
            for item in items
        )

    def _opened_link(self, base: Opened, row: Attention) -> Opened:
        seen = self.hands.records.examine(self.link_of(row), self.rules("schedule"))
        now = self._at_present(row)
        names = words.declared(now.fields)
        shown = [
            name
            for name in names
            if name in now.fields or approving.differ(name, seen.hra, seen.xero)
        ]
        return replace(
            base,
            id=now.id,
            text=now.text,
            mark=now.mark,
            buttons=words.buttons(now),
            compared=compared(shown, seen.hra, seen.xero),
        )

    def _at_present(self, row: Attention) -> Attention:
        """The row that stands for the same matter after reading: other values make it another row. Raises NotPossible."""
        for one in self.store.attention():
            same = one.scope == row.scope and one.kind == row.kind
            if one.id == row.id or (same and set(one.fields) == set(row.fields)):
                return one
        raise NotPossible(NO_ROW)

    def _opened_stranger(self, base: Opened, row: Attention) -> Opened:
        side = "hra" if row.hra_id else "xero"
        mine = self._details(side, row.hra_id or row.xero_id or "")
        partners = []
        for partner in row.partners:
            theirs = self._candidate(partner.id) if "a candidate" in partner.why else None
            theirs = theirs or self._details(partner.side, partner.id)
            pair = (mine, theirs) if side == "hra" else (theirs, mine)
            partners.append(
                OpenedPartner(
                    partner.side, partner.id, partner.number, partner.why, compared(TELLING, *pair)
                )
            )
        return replace(base, partners=tuple(partners))

    def _details(self, side: str, id: str) -> Employee:
        return self.hands.sides()[side].fetch(id, frozenset({"details"}))

    def _candidate(self, id: str) -> Employee:
        """A candidate as far as a list of people tells."""
        one = self.hands.hra.candidate(id)
        values = {
            "first_name": one.first_name or None,
            "last_name": one.last_name or None,
            "date_of_birth": one.date_of_birth,
            "email": one.email,
            "mobile": one.mobile,
        }
        return Employee("hra", id, one.status, values)
