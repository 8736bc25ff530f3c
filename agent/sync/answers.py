"""What a person decided about something that waits, applied at once under the record's lock, whatever the switches say.

A choice between two values holds only for the values that were shown; everything is noted in the audit log.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agent import words
from agent.employee import Employee, Person, Status
from agent.errors import SIDE_NAMES, NotFound, NotPossible
from agent.fields import FIELDS
from agent.fields import names as names_of
from agent.merge import TOWARDS, Kind, Rules
from agent.records import Attention, Choice, Event, Link
from agent.store import Store
from agent.strangers import Create, Join
from agent.sync import approving, diary
from agent.sync.newcomers import not_created
from agent.sync.records import Done, Seen, will_write
from agent.sync.report import (
    Answer,
    Opened,
    OpenedPartner,
    Report,
    compared,
    holds,
)
from agent.sync.round import Hands

NO_ROW = "There is no such row any more: its cause is gone, or somebody settled it. Look at the list again."
NOT_FOR_THIS = "That cannot be answered to this row."
MOVED = "A value changed since it was shown, so nothing was written. Open the row again and choose for what stands there now."
NEVER_TO_XERO = "An end date never travels to Xero: correct it there, or let Xero's date stand."
NUMBER_IN_XERO = "Xero's tax file number cannot be read, so it cannot be copied. Correct it in eSS; it then goes to Xero."
# What tells two people apart on the match desk.
TELLING = (
    "first_name", "middle_names", "last_name", "date_of_birth", "home_address", "email", "mobile", "job_title",
    "start_date", "end_date",
)  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """Takes the choices of one pair. `rules` makes the rules for an actor; `push` brings one employee's save to Xero;
    `let_through` applies a braked plan."""

    hands: Hands
    clock: Callable[[], datetime]
    rules: Callable[[str], Rules]
    push: Callable[[str], Answer]
    let_through: Callable[[str, str], Report]

    def answer(self, choice: Choice) -> Answer:
        """Apply one choice. Raises NotPossible, SideError."""
        on_row = {
            "retry": self._retry,
            "resolve": self._resolve,
            "approve": self._judge,
            "reject": self._judge,
            "dismiss": self._dismiss,
        }
        on_people = {
            "link": self._link,
            "unlink": self._unlink,
            "ignore": self._ignore,
            "unignore": self._unignore,
            "create": self._create,
        }
        if choice.verb in on_row:
            return on_row[choice.verb](self._row(choice.id), choice)
        if choice.verb in on_people:
            return on_people[choice.verb](choice)
        raise NotPossible(NOT_FOR_THIS)

    # --- rows ---------------------------------------------------------------------------------------------------

    def _row(self, id: str) -> Attention:
        found = next((row for row in self._store.attention() if row.id == id), None)
        if found is None:
            raise NotPossible(NO_ROW)
        return found

    def _link_of(self, row: Attention) -> Link:
        link = self._store.link(row.scope.removeprefix("link:"))
        if link is None:
            raise NotPossible(NO_ROW)
        return link

    def _resolve(self, row: Attention, choice: Choice) -> Answer:
        if choice.use not in SIDE_NAMES or f"use_{choice.use}" not in row.buttons:
            raise NotPossible(self._why_not(row, choice))
        link = self._link_of(row)
        names = _whole(row.fields)
        if choice.mark and choice.mark != mark_of(link, names):
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
        self._note("resolved", done.seen.link, why, choice.actor, row.fields)
        return _told(done, names)

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
            if not stands or not shown.keys() >= set(fields):
                raise NotPossible(MOVED, moved=True)

        return check

    def _why_not(self, row: Attention, choice: Choice) -> str:
        if choice.use == "hra" and "end_date" in row.fields:
            return NEVER_TO_XERO
        if choice.use == "xero" and "tfn_or_exemption" in row.fields:
            return NUMBER_IN_XERO
        return NOT_FOR_THIS

    def _judge(self, row: Attention, choice: Choice) -> Answer:
        """S1, S2: a braked run's plan, or a change that a second person approves."""
        if choice.verb not in row.buttons:
            raise NotPossible(NOT_FOR_THIS)
        if row.plan:
            return self._judge_plan(row, choice)
        link = self._link_of(row)
        names = tuple(name for name in row.fields if name in link.approvals)
        judged = self.hands.records.change(
            link.id, lambda now: approving.judged(now, names, choice, self.clock())
        )
        if judged is None or not names:
            raise NotPossible(NO_ROW)
        verb = {"approve": "approved", "reject": "rejected"}[choice.verb]
        self._note(verb, judged, "a second person's decision", choice.actor, names)
        if choice.verb == "reject":
            self.hands.records.examine(judged, self.rules(choice.actor))
            return Answer(
                "Rejected. Nothing was written; it is asked again only when the value changes."
            )
        way = judged.approvals[names[0]].way
        # The rules of nobody: a value that changed meanwhile asks anew in the name of whoever changed it.
        done = self.hands.records.carry_out(
            judged, self.rules("schedule"), way, "approval", only=frozenset(row.fields)
        )
        return _told(done, row.fields)

    def _judge_plan(self, row: Attention, choice: Choice) -> Answer:
        if choice.verb == "reject":
            self._store.drop_plan(row.plan)
            self._store.replace_attention(row.scope, ())
            self._store.note(Event("rejected", why=row.text, actor=choice.actor))
            return Answer("Rejected. Nothing was written; the next run decides anew.")
        report = self.let_through(row.plan, choice.actor)
        left = sum(line.action == "hold" for line in report.lines)
        told = f" {left} records had moved since and were left as they are." if left else ""
        return Answer(f"Applied exactly that plan.{told}", 1 if left else 0)

    def _dismiss(self, row: Attention, choice: Choice) -> Answer:
        if "dismiss" not in row.buttons:
            raise NotPossible("This row stays until its cause is gone. " + NOT_FOR_THIS)
        self._store.dismiss(row.id)
        self._store.note(
            Event(
                "dismissed", row.hra_id or "", row.xero_id or "", row.number, row.fields,
                why=row.text, actor=choice.actor,
            )
        )  # fmt: skip
        return Answer("Dismissed. It comes back only if the matter changes.")

    def _retry(self, row: Attention, choice: Choice) -> Answer:
        if "retry" not in row.buttons:
            raise NotPossible(NOT_FOR_THIS)
        if row.scope.startswith("hook:"):
            self._store.note(
                _about("hra", row.hra_id or "", "retried", "a failed push", choice.actor)
            )
            return self.push(row.hra_id or "")
        link = self._link_of(row)
        for group in _harmed(link) if row.kind == "stopped" else ():
            self._store.allow_writes(group)
        again = self.hands.records.change(link.id, lambda now: _afresh(now, row))
        if again is None:
            raise NotPossible(NO_ROW)
        self._note("retried", again, "a person asked to try again", choice.actor, row.fields)
        rules = replace(
            self.rules(choice.actor), by_person=True, chosen=_sent_again(again, row.fields)
        )
        only = frozenset(row.fields) or None
        done = Done(self.hands.records.examine(again, replace(rules, chosen={})))
        for way in (Kind.TO_HRA.value, Kind.TO_XERO.value):
            if rules.chosen or will_write(done.seen.decisions, way):
                tried = self.hands.records.carry_out(again, rules, way, "retry", only=only)
                done = tried if tried.written or tried.refused or not done.written else done
        return _told(done, row.fields or tuple(FIELDS))

    # --- people -------------------------------------------------------------------------------------------------

    def _link(self, choice: Choice) -> Answer:
        hra, xero = self._exists("hra", choice.id), self._exists("xero", choice.other)
        if Status.GONE in (hra.status, xero.status):
            raise NotPossible("This record was merged or transferred; link its successor.")
        for side, person in (("hra", hra), ("xero", xero)):
            if self._store.link_of(side, person.id):
                raise NotPossible(
                    f"The {SIDE_NAMES[side]} record {person.id} is linked already. Remove that link first."
                )
        rules = replace(self.rules(choice.actor), by_person=True)
        for side, person in (("hra", hra), ("xero", xero)):
            self._store.unignore(side, person.id)
            self._store.clear_pending("xero" if side == "hra" else "hra", person.id)
        link = self.hands.newcomers.join(Join(hra.id, xero.id), rules, "a person linked them")
        if link is None:
            raise NotPossible("One of the two was linked meanwhile. Look at the links.")
        seen = self.hands.records.examine(link, rules)
        self._store.replace_attention(f"hook:{hra.id}", ())
        told = holds(seen.decisions)
        return Answer(
            f"Linked. What differs goes with the next runs. {told}".strip(), 1 if told else 0
        )

    def _unlink(self, choice: Choice) -> Answer:
        link = self._store.link_of("hra", choice.id)
        if link is None:
            raise NotPossible(f"No link has the HRA Cloud record {choice.id}.")
        self._store.part(link.hra_id, link.xero_id)
        self.hands.records.forget(link)
        self._note("unlinked", link, "a person broke the link", choice.actor, ())
        return Answer("The link is broken. The agent does not link these two again by itself.")

    def _ignore(self, choice: Choice) -> Answer:
        side, id = _scope(choice.id)
        if self._store.link_of(side, id):
            raise NotPossible("This person is linked. Remove the link first.")
        self._exists(side, id)
        self._store.ignore(side, id)
        self._store.clear_alone(f"{side}:{id}")
        self._store.replace_attention(f"{side}:{id}", ())
        self._store.note(
            _about(side, id, "ignored", "a person set this record aside", choice.actor)
        )
        return Answer(
            "Ignored. The agent leaves this record alone until you link it or look at it again."
        )

    def _unignore(self, choice: Choice) -> Answer:
        side, id = _scope(choice.id)
        if id not in self._store.ignored(side):
            raise NotPossible("This record is not among the ignored ones.")
        self._store.unignore(side, id)
        self._store.note(
            _about(side, id, "unignored", "a person wants it looked at again", choice.actor)
        )
        return Answer("The next run looks at this record again.")

    def _create(self, choice: Choice) -> Answer:
        """M2: a person says that somebody has no partner; they are created at once."""
        side, id = _scope(choice.id)
        if self._store.link_of(side, id):
            raise NotPossible("This person is linked already, so nobody is created.")
        person = self._exists(side, id)
        status = person.status
        if side == "hra":
            status = self.hands.hra.fetch(id, frozenset({"details"})).status
        if status is not Status.CURRENT:
            raise NotPossible("This person is not a current employee, so nobody is created.")
        self._store.unignore(side, id)
        self._store.say_alone(f"{side}:{id}")
        self._store.note(
            _about(side, id, "alone", "a person said that nobody there is them", choice.actor)
        )
        create = Create(
            "xero" if side == "hra" else "hra", replace(person, status=status), alone=True
        )
        rules = replace(self.rules(choice.actor), by_person=True)
        created = self.hands.newcomers.create(create, rules, "choice")
        if created.seen is None:
            return Answer(not_created(create, created.reason), 1)
        told = holds(created.seen.decisions)
        return Answer(
            f"Created in {SIDE_NAMES[create.target]} and linked. {told}".strip(), 1 if told else 0
        )

    def _exists(self, side: str, id: str) -> Person:
        try:
            return self.hands.sides()[side].person(id)
        except NotFound:
            raise NotPossible(f"{SIDE_NAMES[side]} has no record with the id {id}.") from None

    # --- opened rows --------------------------------------------------------------------------------------------

    def opened(self, id: str) -> Opened:
        """A row with what both sides hold now. Raises NotPossible, SideError."""
        row = self._row(id)
        base = Opened(
            row.id, row.kind, row.number or row.hra_id or row.xero_id or "", row.text, "",
            words.buttons(row), (), (), row.hra_id or "", row.xero_id or "", row.plan,
        )  # fmt: skip
        if row.scope.startswith("link:"):
            return self._opened_link(base, row)
        if row.partners or row.scope.startswith(("hra:", "xero:")):
            return self._opened_stranger(base, row)
        return base

    def _opened_link(self, base: Opened, row: Attention) -> Opened:
        seen = self.hands.records.examine(self._link_of(row), self.rules("schedule"))
        row = next((one for one in self._store.attention() if one.id == row.id), row)
        names = _whole(row.fields)
        shown = [
            name
            for name in names
            if name in row.fields or approving.differ(name, seen.hra, seen.xero)
        ]
        return replace(
            base,
            mark=mark_of(seen.link, names),
            compared=compared(shown, seen.hra, seen.xero),
        )

    def _opened_stranger(self, base: Opened, row: Attention) -> Opened:
        side = "hra" if row.hra_id else "xero"
        other = self.hands.sides()["xero" if side == "hra" else "hra"]
        mine = self._details(side, row.hra_id or row.xero_id or "")
        partners = []
        for partner in row.partners:
            theirs = self._candidate(partner.id) if "a candidate" in partner.why else None
            theirs = theirs or other.fetch(partner.id, frozenset({"details"}))
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

    @property
    def _store(self) -> Store:
        return self.hands.store

    def _note(self, what: str, link: Link, why: str, actor: str, fields: Sequence[str]) -> None:
        self._store.note(replace(diary.about(what, link, why, actor), fields=tuple(fields)))


def mark_of(link: Link, names: Sequence[str]) -> str:
    """A short name of the very values that a row was shown with."""
    pairs = [
        f"{name}={link.held[name].hra}/{link.held[name].xero}"
        for name in names
        if name in link.held
    ]
    return hashlib.sha256("|".join(pairs).encode()).hexdigest()[:16] if pairs else ""


def _whole(fields: Sequence[str]) -> tuple[str, ...]:
    """The fields that a choice about these is about: of the tax declaration all, for a mixture is signed by nobody (D1)."""
    tax = names_of("tax") if set(fields) & set(names_of("tax")) else ()
    return tuple(dict.fromkeys((*fields, *tax)))


def _harmed(link: Link) -> set[str]:
    return {key.removesuffix("_harm") for key in link.open if key.endswith("_harm")}


def _afresh(link: Link, row: Attention) -> Link:
    """The link without what kept this row's matter from being tried again."""
    harm = row.kind == "stopped"
    still = {
        name: reason
        for name, reason in link.open.items()
        if name not in row.fields
        and not (harm and name.endswith("_harm"))
        and not (name == "record" and not row.fields)
    }
    kept = {
        name: pair
        for name, pair in link.kept.items()
        if name not in row.fields or name in link.kept_by
    }
    return replace(link, open=still, kept=kept)


def _sent_again(link: Link, names: Sequence[str]) -> dict[str, str]:
    """A value that was kept differently is sent the same way again: its source is to stand."""
    return {
        name: "hra" if link.kept_by[name] == "xero" else "xero"
        for name in names
        if name in link.kept_by
    }


def _told(done: Done, names: Sequence[str]) -> Answer:
    if done.refused:
        why = "; ".join(sorted(set(done.refused.values())))
        return Answer(f"Refused: {why}. It stays on the list.", 1)
    waiting = tuple(d for d in done.seen.decisions if d.name in names and d.kind is Kind.HOLD)
    if waiting:
        return Answer(holds(waiting) or "It still waits; see the list.", 1)
    if done.written:
        told = words.labels(done.written)
        return Answer(f"Done: {told} written to {SIDE_NAMES[done.target]}.")
    return Answer("Done: both sides are equal there already.")


def _scope(id: str) -> tuple[str, str]:
    side, sign, rest = id.partition(":")
    return (side, rest) if sign and side in SIDE_NAMES else ("hra", id)


def _about(side: str, id: str, what: str, why: str, actor: str) -> Event:
    ids = {"hra": "", "xero": "", side: id}
    return Event(what, ids["hra"], ids["xero"], why=why, actor=actor)
