"""What was agreed, as keyed digests: reads them into merge's terms, and records what was now seen equal (D3)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from agent.employee import UNKNOWN, Employee, Person, Value
from agent.fields import FIELD_GROUPS, FIELDS, NORMALISER_VERSION, Tokens, names, same
from agent.merge import APPROVALS, Base, Decision, Kind, Since, corrected
from agent.plans import Mark
from agent.records import Agreed, Late, Link
from agent.words import REMEMBERED, join, split

# assumption A46: a write or create whose answer was lost takes effect within a quarter of an hour of being sent, or never.
LATE = timedelta(minutes=15)
# What HRA Cloud changes by an action, not by the PUT that replaces a whole section.
ACTED = frozenset({"end_date", "branch"})


class Digester(Protocol):
    """The keyed digests of the vault."""

    def digest(
        self,
        link_id: str,
        side: str,
        field: str,
        version: int,
        tokens: Tokens,
        slow: frozenset[str],
    ) -> str:
        """A text that holds the digests of a value's comparison tokens."""
        ...

    def same(
        self,
        stored: str,
        link_id: str,
        side: str,
        field: str,
        version: int,
        tokens: Tokens,
        slow: frozenset[str],
    ) -> bool | None:
        """Whether a value still has the stored digest; None when it was made by another normaliser."""
        ...


class Ledger:
    """The agreed values of all links, of which only digests exist."""

    def __init__(self, digests: Digester) -> None:
        self._digests = digests

    def bases(self, link: Link, hra: Employee, xero: Employee) -> dict[str, Base]:
        """Per field: how each side's value stands to what was agreed, and whether both stand as a kept pair."""
        return {
            name: self._base(link, name, hra, xero)
            for name in link.agreed.keys() | link.kept.keys()
            if name in FIELDS
        }

    def pair(self, link: Link, name: str, hra: Value, xero: Value) -> Agreed:
        """The digests of one field as both sides hold it now."""
        return Agreed(self._digest(link, "hra", name, hra), self._digest(link, "xero", name, xero))

    def agreed(
        self,
        link: Link,
        hra: Employee,
        xero: Employee,
        bases: Mapping[str, Base],
        names: Iterable[str],
        written: frozenset[str] = frozenset(),
    ) -> dict[str, Agreed]:
        """The record's pairs with those fields renewed that both sides were now seen equal in; others keep theirs.

        `written` in this pass: a corrected number that ends alike is agreed only once it was sent.
        """
        result = dict(link.agreed)
        for name in names:
            one, other = hra.get(name), xero.get(name)
            settled = bases.get(name, Base())
            unsent = name not in written and corrected(one, other, settled)
            if same(name, one, other) and not settled.settled and not unsent:
                result[name] = self.pair(link, name, one, other)
        return result

    def _base(self, link: Link, name: str, hra: Employee, xero: Employee) -> Base:
        plain = Base(
            *self._since(link, name, hra, xero),
            kept=self._kept(link, name, hra, xero),
            arrived=self._arrived(link, name, xero),
        )
        late = {
            key: one.mark
            for key, one in link.late.items()
            if one.absent and key.partition(":")[2] == name
        }
        if not late:
            return plain
        own = self._since(replace(link, sent={**late, **link.sent}), name, hra, xero)
        if own == (plain.hra, plain.xero):
            return plain
        return replace(plain, hra=own[0], xero=own[1], otherwise=plain)

    def _since(self, link: Link, name: str, hra: Employee, xero: Employee) -> tuple[Since, Since]:
        # A kept pair is what both sides stood at after the agent's last write: what moved since, moved since that (D4).
        pair = link.kept.get(name) or link.agreed.get(name)
        if pair is None:
            return Since.NEVER, Since.NEVER
        here = self._moved(pair.hra, link, "hra", name, hra.get(name))
        there = self._moved(pair.xero, link, "xero", name, xero.get(name))
        if here is there is Since.SAME and not same(name, hra.get(name), xero.get(name)):
            # One side still shows the agent's own write: so the other has moved since that (D4).
            if self._against(pair.xero, link, "xero", name, xero.get(name)) is Since.CHANGED:
                return Since.CHANGED, there
            if self._against(pair.hra, link, "hra", name, hra.get(name)) is Since.CHANGED:
                return here, Since.CHANGED
        return here, there

    def _arrived(self, link: Link, name: str, xero: Employee) -> bool:
        mark = link.sent.get(f"xero:{name}")
        value = xero.get(name)
        return bool(mark) and self._against(mark or "", link, "xero", name, value) is Since.SAME

    def _moved(self, stored: str, link: Link, side: str, name: str, value: Value) -> Since:
        """Against what was agreed; a value that the agent itself sent there, its answer lost, is no change (D4)."""
        moved = self._against(stored, link, side, name, value)
        echo = link.sent.get(f"{side}:{name}")
        if (
            moved is Since.CHANGED
            and echo
            and self._against(echo, link, side, name, value) is Since.SAME
        ):
            return Since.SAME
        return moved

    def sent(self, link: Link, target: str, changes: Mapping[str, Value]) -> dict[str, str]:
        """Digests of what is about to be sent, to know it again."""
        return {
            f"{target}:{name}": self._digest(link, target, name, value)
            for name, value in changes.items()
        }

    def echoes(self, link: Link, hra: Employee, xero: Employee) -> dict[str, str]:
        """The marks of sent values that stand on the target right now and are not agreed: only those are echoes. A mark
        whose value is not there is done with: that write never arrived, and the same value may come from a person."""
        sides = {"hra": hra, "xero": xero}
        found: dict[str, str] = {}
        for key, mark in link.sent.items():
            side, _, name = key.partition(":")
            value = sides[side].get(name)
            unread = value is UNKNOWN
            stands = self._against(mark, link, side, name, value) is Since.SAME
            if unread or (stands and not same(name, hra.get(name), xero.get(name))):
                found[key] = mark
        return found

    def may_arrive(
        self, link: Link, before: Employee, changes: Mapping[str, Value], now: datetime
    ) -> dict[str, Late]:
        """Marks of all that a write carries, should its answer be lost: of HRA Cloud's PUT the whole section, for what it
        replaces is lost as well if it arrives after somebody's save there (X3)."""
        target, until = before.side, now + LATE
        carried = {name: value for name, value in changes.items() if value is not UNKNOWN}
        if target == "hra":
            groups = {FIELD_GROUPS[name] for name in carried.keys() - ACTED}
            along = {name for group in groups for name in names(group)} - ACTED
            carried = {name: before.get(name) for name in along} | carried
        return {
            f"{target}:{name}": Late(
                self._digest(link, target, name, value),
                until,
                absent=not same(name, value, before.get(name)),
            )
            for name, value in carried.items()
            if value is not UNKNOWN
        }

    def awaited(self, link: Link, hra: Employee, xero: Employee, now: datetime) -> dict[str, Late]:
        """The marks of lost writes that may still arrive, or that may just have: those whose time is not over and of whose
        section nothing was seen yet, and those whose value stands against what was agreed, until that is decided."""
        sides = {"hra": hra, "xero": xero}
        standing = {
            key
            for key, one in link.late.items()
            if self._stands(one.mark, link, key, sides[key.partition(":")[0]])
        }
        landed = {_section(key) for key in standing if link.late[key].absent}
        found: dict[str, Late] = {}
        for key, one in link.late.items():
            side, _, name = key.partition(":")
            if key in link.sent:
                continue  # known for the agent's own already
            unread = sides[side].get(name) is UNKNOWN
            stands = key in standing
            doubtful = stands and one.absent and self._is_doubtful(link, side, name, hra, xero)
            if unread or doubtful or (now < one.until and _section(key) not in landed):
                found[key] = one if stands or unread else replace(one, absent=True)
        return found

    def _is_doubtful(self, link: Link, side: str, name: str, hra: Employee, xero: Employee) -> bool:
        pair = link.kept.get(name) or link.agreed.get(name)
        if pair is None or same(name, hra.get(name), xero.get(name)):
            return False
        value = {"hra": hra, "xero": xero}[side].get(name)
        return self._against(getattr(pair, side), link, side, name, value) is Since.CHANGED

    def _stands(self, mark: str, link: Link, key: str, side: Employee) -> bool:
        name = key.partition(":")[2]
        value = side.get(name)
        known = value is not UNKNOWN
        return known and self._against(mark, link, side.side, name, value) is Since.SAME

    def _kept(self, link: Link, name: str, hra: Employee, xero: Employee) -> bool:
        pair = link.kept.get(name)
        return pair is not None and self.stands(pair, link, name, hra, xero)

    def stands(self, pair: Agreed, link: Link, name: str, hra: Employee, xero: Employee) -> bool:
        """Whether both sides still hold the values of a pair."""
        return (
            self._against(pair.hra, link, "hra", name, hra.get(name)) is Since.SAME
            and self._against(pair.xero, link, "xero", name, xero.get(name)) is Since.SAME
        )

    def held(
        self, link: Link, decisions: Iterable[Decision], hra: Employee, xero: Employee
    ) -> dict[str, Agreed]:
        """The pairs that a person is shown: of fields that wait for a choice, or for the approval of one (D7)."""
        found: dict[str, Agreed] = {}
        for decision in decisions:
            name = decision.name
            if decision.reason == "unreadable" and name in link.held:
                found[name] = link.held[name]
            asked = link.approvals.get(name)
            given = asked is not None and asked.chosen and asked.state == "approved"
            waits = decision.reason in REMEMBERED or decision.reason in APPROVALS
            if not given and (decision.kind is not Kind.HOLD or not waits):
                continue
            if UNKNOWN in (hra.get(name), xero.get(name)):
                continue
            before = link.held.get(name)
            stands = before is not None and self.stands(before, link, name, hra, xero)
            found[name] = (
                before
                if before and stands
                else self.pair(link, name, hra.get(name), xero.get(name))
            )
        return found

    def mark(self, link: Link, target: str, name: str, value: Value) -> str:
        """A keyed digest of a value that is to travel, for a second person's approval (S2)."""
        return self._digest(link, f"to_{target}", name, value)

    def plan_mark(self, who: str, name: str, hra: Value, xero: Value, new: Value) -> Mark:
        """The digests of one field of a plan. `who` names the record, for a plan may be made before there is a link."""
        link = Link(f"plan:{who}", "", "")
        return Mark(
            *(
                "" if value is UNKNOWN else self._digest(link, side, name, value)
                for side, value in (("hra", hra), ("xero", xero), ("new", new))
            )
        )

    def record_mark(self, who: str, hra: Employee, xero: Employee) -> str:
        """One digest of everything that both sides hold of a person: moved anywhere, it is another one (R3)."""
        marks = [
            self.plan_mark(who, name, hra.get(name), xero.get(name), UNKNOWN) for name in FIELDS
        ]
        return _joined(marks)

    def people_mark(self, who: str, here: Person, there: Person) -> str:
        """One digest of who two people are: names and birth dates."""
        names = ("first_name", "last_name", "date_of_birth")
        return _joined(
            [
                self.plan_mark(who, name, getattr(here, name), getattr(there, name), UNKNOWN)
                for name in names
            ]
        )

    def _against(self, stored: str, link: Link, side: str, name: str, value: Value) -> Since:
        if value is UNKNOWN:
            return Since.SAME
        row = FIELDS[name]
        equal = self._digests.same(
            stored, link.id, side, name, NORMALISER_VERSION, row.tokens(value), row.slow
        )
        if equal is None:
            return Since.NEVER
        return Since.SAME if equal else Since.CHANGED

    def _digest(self, link: Link, side: str, name: str, value: Value) -> str:
        row = FIELDS[name]
        return self._digests.digest(
            link.id, side, name, NORMALISER_VERSION, row.tokens(value), row.slow
        )


def _joined(marks: Iterable[Mark]) -> str:
    text = "|".join(f"{mark.hra}/{mark.xero}" for mark in marks)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _section(key: str) -> tuple[str, str]:
    """What arrives as one: a section of one side; HRA Cloud's actions each alone."""
    side, _, name = key.partition(":")
    return side, name if side == "hra" and name in ACTED else FIELD_GROUPS[name]


def opened(
    link: Link,
    hra: Employee,
    xero: Employee,
    decisions: Iterable[Decision],
    refused: Mapping[str, str],
) -> dict[str, str]:
    """What the record has open after these decisions: per field a stored reason. Fields not read keep theirs.

    `refused`: per field, why a write of this pass was refused. An earlier refusal stands until it is tried again.
    """
    whole = all(name in side.values for side in (hra, xero) for name in FIELDS)
    result = {
        name: reason
        for name, reason in link.open.items()
        if split(reason)[0].endswith("_write_harm") or (name == "record" and not whole)
    }
    for decision in decisions:
        name = decision.name
        if decision.reason == "unreadable":
            if name in link.open:
                result[name] = link.open[name]
            continue
        reason = _reason(decision, link.open.get(name, ""), refused) or xero.notes.get(name, "")
        if reason:
            result[name] = reason
    if link.created == "xero" and xero.unfinished:
        result["payable"] = join("not_payable", ", ".join(xero.unfinished))
        # The row above already says that the super line is missing.
        result = {name: told for name, told in result.items() if told != "unused_membership"}
    return result


def _reason(decision: Decision, before: str, refused: Mapping[str, str]) -> str:
    if decision.kind in (Kind.NOTHING, Kind.AGREE):
        return ""
    if decision.name in refused:
        return join("refused", refused[decision.name])
    if decision.kind is Kind.HOLD:
        return join(decision.reason, decision.detail)
    if split(before)[0] == "refused":
        return before
    return "waiting_xero" if decision.kind is Kind.TO_XERO else "waiting_hra"
