"""Answers to an attention row: try again, which side stands, a second person's yes or no, read and put away.

A choice between two values holds only for the values that were shown; everything is noted in the audit log.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from agent import words
from agent.errors import SIDE_NAMES, NotFound, NotPossible
from agent.fields import FIELDS
from agent.fields import names as names_of
from agent.merge import TOWARDS, Kind, name_of
from agent.records import Attention, Choice, Event, Link
from agent.sync import approving
from agent.sync.clerk import NO_ROW, NOT_FOR_THIS, Clerk, about
from agent.sync.records import Done, Seen, will_write
from agent.sync.report import Answer, holds

MOVED = "A value changed since it was shown, so nothing was written. Open the row again and choose for what stands there now."
NEVER_TO_XERO = "An end date never travels to Xero: correct it there, or let Xero's date stand."
NUMBER_IN_XERO = "Xero's tax file number cannot be read, so it cannot be copied. Correct it in eSS; it then goes to Xero."


class RowAnswers(Clerk):
    """Takes choices about rows. Every method raises NotPossible, SideError."""

    def resolve(self, row: Attention, choice: Choice) -> Answer:
        """Whose value stands; written at once, whatever the switches say (D7)."""
        if choice.use not in SIDE_NAMES or f"use_{choice.use}" not in row.buttons:
            raise NotPossible(self._why_not(row, choice))
        link = self.link_of(row)
        names = words.declared(row.fields)
        if choice.mark and choice.mark != row.mark:
            raise NotPossible(MOVED, moved=True)
        rules = replace(
            self.rules(choice.actor), chosen=dict.fromkeys(row.fields, choice.use), by_person=True
        )
        done = self.hands.records.carry_out(
            link,
            rules,
            TOWARDS[choice.use].value,
            "choice",
            only=frozenset(names),
            check=self._as_shown(link, row.fields, names),
        )
        why = f"{words.labels(row.fields)}: {SIDE_NAMES[choice.use]}'s value is to stand"
        self.note("resolved", done.seen.link, why, choice, row.fields)
        return told(done, names)

    def judge(self, row: Attention, choice: Choice) -> Answer:
        """S1, S2: a braked run's plan, or a change that a second person approves."""
        if choice.verb not in row.buttons:
            raise NotPossible(NOT_FOR_THIS)
        if row.plan:
            return self._judge_plan(row, choice)
        if choice.mark and choice.mark != row.mark:
            raise NotPossible(MOVED, moved=True)
        # As the record is now: transferred people followed, and a value that moved asks anew, under another id.
        link = self.link_of(row)
        if choice.verb == "approve":
            link = self.hands.records.examine(link, self.rules("schedule")).link
        names = tuple(name for name in row.fields if name in link.approvals)

        if choice.verb == "approve":
            choice = self._tied_at_present(choice)

        def alter(now: Link) -> Link:
            if not names or words.mark_of(now, row.fields) != row.mark:
                raise NotPossible(MOVED, moved=True)
            judged = approving.judged(now, names, choice, self.clock())
            return judged if choice.verb == "approve" else _rejected(judged, row, choice)

        judged = self.hands.records.change(link.id, alter)
        if judged is None:
            raise NotPossible(NO_ROW)
        verb = {"approve": "approved", "reject": "rejected"}[choice.verb]
        self.note(verb, judged, "a second person's decision", choice, names)
        if choice.verb == "reject":
            self.store.replace_attention(row.scope, words.rows(judged))
            return Answer(
                "Rejected. Nothing was written; it is asked again only when the value changes."
            )
        way = judged.approvals[names[0]].way
        # The rules of nobody: a value that changed meanwhile asks anew in the name of whoever changed it.
        done = self.hands.records.carry_out(
            judged, self.rules("schedule"), way, "approval", only=frozenset(row.fields)
        )
        return told(done, row.fields)

    def dismiss(self, row: Attention, choice: Choice) -> Answer:
        """Read, and put away until the matter changes."""
        if "dismiss" not in row.buttons:
            raise NotPossible("This row stays until its cause is gone. " + NOT_FOR_THIS)
        self.store.dismiss(row.id)
        self.store.note(
            Event(
                "dismissed", row.hra_id or "", row.xero_id or "", row.number, row.fields,
                why=row.text, actor=choice.actor,
            )
        )  # fmt: skip
        return Answer("Dismissed. It comes back only if the matter changes.")

    def retry(self, row: Attention, choice: Choice) -> Answer:
        """Try once more what was refused, failed, kept differently or stopped (H3, F4)."""
        if "retry" not in row.buttons:
            raise NotPossible(NOT_FOR_THIS)
        if row.scope.startswith("hook:"):
            self.store.note(
                about("hra", row.hra_id or "", "retried", "a failed push", choice.actor)
            )
            return self.push(row.hra_id or "")
        link = self.link_of(row)
        harmed = _harmed(link) if row.kind == "stopped" else set()
        for group in harmed:
            self.store.allow_writes(group)
        again = self.hands.records.change(link.id, lambda now: _afresh(now, row))
        if again is None:
            raise NotPossible(NO_ROW)
        self.note("retried", again, "a person asked to try again", choice, row.fields)
        rules = replace(self.rules(choice.actor), by_person=True)
        only = frozenset(row.fields) or None
        if harmed:
            only = frozenset(name for group in harmed for name in names_of(group))
        seen = self.hands.records.examine(again, rules)
        chosen = self._sent_again(seen, row.fields)
        done = Done(seen)
        for way in (Kind.TO_HRA.value, Kind.TO_XERO.value):
            if chosen or will_write(done.seen.decisions, way):
                tried = self.hands.records.carry_out(
                    again,
                    replace(rules, chosen=chosen),
                    way,
                    "retry",
                    only=only,
                    check=self._still(chosen),
                )
                done = tried if tried.written or tried.refused or not done.written else done
        return told(done, row.fields or tuple(only or FIELDS))

    def _sent_again(self, seen: Seen, names: Sequence[str]) -> dict[str, str]:
        """A value that was kept differently, and still is, is sent the same way again: its source is to stand (D4)."""
        link = seen.link
        return {
            name: "hra" if link.kept_by[name] == "xero" else "xero"
            for name in names
            if name in link.kept_by and self._is_kept(seen, name)
        }

    def _is_kept(self, seen: Seen, name: str) -> bool:
        pair = seen.link.kept.get(name)
        ledger = self.hands.records.ledger
        return pair is not None and ledger.stands(pair, seen.link, name, seen.hra, seen.xero)

    def _still(self, names: Iterable[str]) -> Callable[[Seen], None]:
        """Raises NotPossible where a kept value moved between the look and the write; one that is equal by now is fine."""

        def check(seen: Seen) -> None:
            for name in names:
                if not self._is_kept(seen, name) and approving.differ(name, seen.hra, seen.xero):
                    raise NotPossible(MOVED, moved=True)

        return check

    def _as_shown(
        self, before: Link, fields: Sequence[str], names: Sequence[str]
    ) -> Callable[[Seen], None]:
        """Raises NotPossible where a value is not the one that was held for the person's choice."""
        shown = {name: before.held[name] for name in names if name in before.held}

        def check(seen: Seen) -> None:
            ledger = self.hands.records.ledger
            stands = all(
                ledger.stands(pair, seen.link, name, seen.hra, seen.xero)
                for name, pair in shown.items()
            )
            unseen = [
                name
                for name in names
                if name not in shown and approving.differ(name, seen.hra, seen.xero)
            ]
            if not stands or unseen or not shown.keys() >= set(fields):
                raise NotPossible(MOVED, moved=True)

        return check

    def _why_not(self, row: Attention, choice: Choice) -> str:
        if choice.use == "hra" and "end_date" in row.fields:
            return NEVER_TO_XERO
        if choice.use == "xero" and "tfn_or_exemption" in row.fields:
            return NUMBER_IN_XERO
        return NOT_FOR_THIS

    def _tied_at_present(self, choice: Choice) -> Choice:
        """The record that a page user is tied to, where it is now: a transfer does not untie anybody (S2, M5)."""
        if not choice.own:
            return choice
        try:
            return replace(choice, own=self.hands.hra.fetch(choice.own, frozenset()).id)
        except NotFound:
            return choice

    def _judge_plan(self, row: Attention, choice: Choice) -> Answer:
        if choice.verb == "reject":
            self.store.drop_plan(row.plan)
            self.store.replace_attention(row.scope, ())
            self.store.note(Event("rejected", why=row.text, actor=choice.actor))
            return Answer("Rejected. Nothing was written; the next run decides anew.")
        report = self.let_through(row.plan, choice.actor)
        left = sum(line.action == "hold" for line in report.lines)
        told = f" {left} records had moved since and were left as they are." if left else ""
        return Answer(f"Applied exactly that plan.{told}", 1 if left else 0)


def _rejected(link: Link, row: Attention, choice: Choice) -> Link:
    """The link as it stands after a no, which needs no side to be there."""
    told = {
        name: words.join(
            reason.partition("|")[0].replace("approval", "rejected"), name_of(choice.actor)
        )
        for name, reason in link.open.items()
        if name in row.fields and reason.startswith("approval_")
    }
    return replace(link, open={**link.open, **told})


def _harmed(link: Link) -> set[str]:
    found = {key.removesuffix("_harm") for key in link.open if key.endswith("_harm")}
    return found & {"bank", "super", "tax"}


def _afresh(link: Link, row: Attention) -> Link:
    """The link without what kept this row's matter from being tried again."""
    harm = row.kind == "stopped"
    still = {
        name: reason
        for name, reason in link.open.items()
        if name not in row.fields
        and not (harm and name.removesuffix("_harm") in _harmed(link))
        and not (name == "record" and not row.fields)
    }
    kept = {
        name: pair
        for name, pair in link.kept.items()
        if name not in row.fields or name in link.kept_by
    }
    return replace(link, open=still, kept=kept)


def told(done: Done, names: Sequence[str]) -> Answer:
    """What came of a write, in words."""
    if done.refused:
        why = "; ".join(sorted(set(done.refused.values())))
        return Answer(f"Refused: {why}. It stays on the list.", 1)
    waiting = tuple(d for d in done.seen.decisions if d.name in names and d.kind is Kind.HOLD)
    if waiting:
        return Answer(holds(waiting) or "It still waits; see the list.", 1)
    unread = [d for d in done.seen.decisions if d.name in names and d.reason == "unreadable"]
    if unread and not done.written:
        return Answer(
            "Part of this record could not be read just now, so nothing was done. Try again.", 1
        )
    if done.written:
        told = words.labels(done.written)
        return Answer(f"Done: {told} written to {SIDE_NAMES[done.target]}.")
    return Answer("Done: both sides are equal there already.")
