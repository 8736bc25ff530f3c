"""What every field must be after a run: a small model of the rules, in words of its own.

It shares no code with the agent. A value is a plain name or None; per person and field the oracle
knows what HRA holds, what Xero holds, what was last seen equal, and what waits for whom.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NEVER = "never"
# An Employee Group that no branch is mapped to, and the branch that no Employee Group is mapped to.
UNMAPPED, UNGROUPED = "?", "d"
SECTION = {
    "mobile": "details", "job_title": "details", "bank_accounts": "bank-accounts",
    "loans": "tax-details", "tfn_or_exemption": "tax-details",
}  # fmt: skip
# Fields with rules of their own, and what they hold where nothing else is said.
SPECIAL = {"branch": "a", "end_date": None, "super_memberships": "A1"}
SECTIONS = {
    **SECTION, "branch": "details", "end_date": "details", "super_memberships": "retirement-savings",
}  # fmt: skip
NAMES = tuple(SECTIONS)
TAX = ("loans", "tfn_or_exemption")
MAY_BE_EMPTY = ("mobile", "job_title")
OTHER = {"hra": "xero", "xero": "hra"}
# Days in their order; the first two are over.
ENDS = ("past", "today", "soon", "late")
# Branches that one Employee Group stands for, so that a branch can be written to Xero.
ONE_GROUP = ("a", "b")
# Who started after which day: an end before that is a rehire, perhaps.
STARTED_AFTER = {"p3": "past"}

Choice = str | None
Key = tuple[str, str]
Exactly = tuple[dict[str, Choice], dict[str, tuple[Choice, Choice]]]


@dataclass
class Plan:
    """What one field does: goes to `target`, or waits (`target` ""); `fight` for a conflict, `asks`
    where a person may say which of the two stands.
    """

    target: str
    value: Choice = None
    fight: bool = False
    asks: bool = False


@dataclass
class Asked:
    """What a second person is asked: may this value go there? `chosen` is the side of the choice
    that it follows from, made while the two sides held `pairs`.
    """

    target: str
    value: Choice
    by: str
    state: str = "waiting"
    chosen: str = ""
    pairs: list[tuple[Choice, Choice]] = field(default_factory=list)


@dataclass
class Oracle:
    """`now[side][person, field]`, what was last agreed, and the settings by which it is decided."""

    authority: str
    hold: bool
    now: dict[str, dict[Key, Choice]]
    agreed: dict[Key, Choice] = field(default_factory=dict)
    fights: int = 0
    authorities: Mapping[str, str] = field(default_factory=dict)
    ways: Mapping[str, str] = field(default_factory=dict)
    transfers: bool = True
    approve: frozenset[str] = frozenset()
    early_waits: bool = False
    signed_in: str = ""
    most_endings: int | None = None
    away: set[str] = field(default_factory=set)
    echo: dict[tuple[str, Key], Choice] = field(default_factory=dict)
    kept: dict[Key, tuple[Choice, Choice]] = field(default_factory=dict)
    kept_by: dict[Key, str] = field(default_factory=dict)
    asked: dict[Key, Asked] = field(default_factory=dict)
    shown: dict[Key, tuple[Choice, Choice]] = field(default_factory=dict)
    chosen: dict[Key, str] = field(default_factory=dict)
    actor: str = ""

    def __post_init__(self) -> None:
        people = {person for person, _ in self.now["hra"]}
        for held in self.now.values():
            for person in people:
                for name, value in SPECIAL.items():
                    held.setdefault((person, name), value)

    # --- what happens

    def edit(self, side: str, person: str, name: str, value: Choice) -> None:
        self.now[side][person, name] = value
        if (side, name) == ("hra", "end_date"):
            self.away.discard(person)

    def pair(self, key: Key) -> tuple[Choice, Choice]:
        return self.now["hra"][key], self.now["xero"][key]

    def look(self, person: str, by_person: bool = False, names: Iterable[str] = NAMES) -> None:
        """A record is read: what both sides hold alike is agreed, and people are asked."""
        keys = [(person, name) for name in names]
        for key in keys:
            here, there = self.pair(key)
            if here == there:
                self._agree(key)
            for side in OTHER:
                if self.echo.get((side, key)) != self.now[side][key]:
                    self.echo.pop((side, key), None)
        plans = self._decided(person, by_person, names)
        self.fights += sum(plan.fight for plan in plans.values())
        choices = [key for key in keys if key in self.asked and self.asked[key].chosen]
        for key in keys:
            self._ask(key, plans.get(key[1]))
        if any(key not in self.asked for key in choices):
            plans = self._decided(person, by_person, names)  # a choice has lapsed
        for name in self._left_by_a_no(person, plans):
            plans[name].asks = True
        for name in names:
            self.shown.pop((person, name), None)
            if name in plans and (plans[name].asks or self._waits(person, name, plans)):
                self.shown[person, name] = self.pair((person, name))

    def goes(
        self, person: str, target: str, by_person: bool, names: Iterable[str] = NAMES
    ) -> dict[str, Choice]:
        """What is written to `target` for this person, by field."""
        plans = self._decided(person, by_person, names)
        for name, plan in plans.items():
            if plan.target and not self._allowed((person, name), plan):
                plan.target = ""
        _all_or_none(plans)
        return {name: plan.value for name, plan in plans.items() if plan.target == target}

    def exactly(self, person: str, target: str, by_person: bool) -> Exactly:
        """What a plan is made of: what would be written, and all that both sides hold."""
        goes = self.goes(person, target, by_person)
        return goes, {name: self.pair((person, name)) for name in NAMES}

    def written(
        self, person: str, target: str, values: Mapping[str, Choice], seen: bool = True
    ) -> None:
        """A write arrived, and was read back if `seen`."""
        for name, value in self.taken(target, values).items():
            key = (person, name)
            self.edit(target, person, name, value)
            if self.now["hra"][key] == self.now["xero"][key]:
                self._agree(key)
                continue
            self.echo[target, key] = value
            if seen:
                self._keep(key, target)

    def arrived(self, person: str, target: str, values: Mapping[str, Choice]) -> None:
        """A write arrived, and the agent could not even look: it knows its own write again, and agreed on nothing."""
        for name, value in values.items():
            self.edit(target, person, name, value)
            self.echo[target, (person, name)] = value

    def taken(self, target: str, values: Mapping[str, Choice]) -> dict[str, Choice]:
        """What that side takes: Xero a branch only where its Employee Group is certain."""
        return {
            name: value
            for name, value in values.items()
            if (target, name) != ("xero", "branch") or value in ONE_GROUP
        }

    def unseen(self, person: str, target: str, names: Iterable[str]) -> None:
        """Writes were sent, and what was read back was still the old."""
        for name in names:
            self._keep((person, name), target)

    def _keep(self, key: Key, target: str) -> None:
        self.kept[key], self.kept_by[key] = self.pair(key), target

    def judge(self, person: str, names: Iterable[str], state: str) -> None:
        """A second person's yes or no."""
        for name in names:
            if (person, name) in self.asked:
                self.asked[person, name].state = state

    def current(self, person: str) -> bool:
        return person not in self.away and self.now["hra"][person, "end_date"] is None

    def _agree(self, key: Key) -> None:
        self.agreed[key] = self.now["hra"][key]
        self.kept.pop(key, None)
        for side in OTHER:
            self.echo.pop((side, key), None)

    # --- one field

    def _decided(self, person: str, by_person: bool, names: Iterable[str]) -> dict[str, Plan]:
        plans = {name: self._plan(person, name, by_person) for name in names}
        found = {name: plan for name, plan in plans.items() if plan is not None}
        self._one_declaration(person, found)
        for name, plan in found.items():
            if plan.target and not self._may(person, name, plan):
                plan.target = ""
        _all_or_none(found)
        return found

    def _plan(self, person: str, name: str, by_person: bool) -> Plan | None:
        key = (person, name)
        here, there = self.pair(key)
        way, choice = self.ways.get(name, "both"), self._choice(key)
        if here == there or (way == "off" and not choice):
            return None
        if UNMAPPED in (here, there):
            return Plan("")
        if name == "super_memberships" and "S" in f"{here}{there}":
            return Plan("")
        if choice:
            return self._chosen(key, choice)
        if self.kept.get(key) == (here, there):
            return Plan("", asks=name != "super_memberships")
        if name == "end_date":
            return self._ending(person, here, there)
        if name == "tfn_or_exemption":
            return self._number(key, here, there, way)
        if self._base(key) is None:
            return self._first(key, way, by_person)
        return self._one_way(key, way) if way != "both" else self._three_way(key)

    def _three_way(self, key: Key) -> Plan:
        here, there = self.pair(key)
        moved = [side for side in OTHER if self._moved(side, key)]
        if len(moved) == 2:
            return self._fight(key)
        source = moved[0] if moved else self._since_own_write(key)
        return Plan(OTHER[source], here if source == "hra" else there)

    def _since_own_write(self, key: Key) -> str:
        """One side holds what the agent wrote there; so the other has gone back since."""
        own = next(side for side in OTHER if (side, key) in self.echo)
        return OTHER[own]

    def _moved(self, side: str, key: Key) -> bool:
        """Another value than after the last write or agreement; the agent's own write coming back is no change."""
        now, base = self.now[side][key], self._base(key)
        own = (side, key) in self.echo and self.echo[side, key] == now
        return base is None or (now != base[side] and not own)

    def _base(self, key: Key) -> dict[str, Choice] | None:
        """What both sides held when they last agreed, or after a write that was kept differently."""
        if key in self.kept:
            return dict(zip(OTHER, self.kept[key], strict=True))
        return dict.fromkeys(OTHER, self.agreed[key]) if key in self.agreed else None

    def _one_way(self, key: Key, way: str) -> Plan:
        target = way.removeprefix("to_")
        source = OTHER[target]
        if self._moved(source, key) or not self._moved(target, key):
            return Plan(target, self.now[source][key])
        return Plan("", asks=True)

    def _first(self, key: Key, way: str, by_person: bool) -> Plan:
        here, there = self.pair(key)
        if here is None or there is None:
            target, value = ("hra", there) if here is None else ("xero", here)
            # A one-way field's empty source blanks nothing; that the two differ is told.
            return Plan(target, value) if way in ("both", f"to_{target}") else Plan("", asks=True)
        if SECTIONS[key[1]] != "details" or not by_person:
            return Plan("", fight=True, asks=True)
        if way == "both":
            return self._fight(key)
        target = way.removeprefix("to_")
        return Plan(target, self.now[OTHER[target]][key])

    def _fight(self, key: Key) -> Plan:
        if self.hold:
            return Plan("", fight=True, asks=True)
        winner = self.authorities.get(key[1], self.authority)
        return Plan(OTHER[winner], self.now[winner][key], fight=True)

    def _number(self, key: Key, here: Choice, there: Choice, way: str) -> Plan:
        """Xero's number cannot be read, so only a change in HRA ever moves it."""
        waits = Plan("", fight=way != "to_hra", asks=way != "to_hra")
        if way == "to_hra":
            return waits
        if there is None:
            return Plan("xero", here)
        if self._base(key) is None or not self._moved("hra", key):
            # Where the number only goes to Xero, a change there is drift and no conflict.
            waits.fight = way == "both" or self._base(key) is None
            return waits
        if way == "to_xero" or not self._moved("xero", key):
            return Plan("xero", here)
        fight = self._fight(key)
        return fight if fight.target == "xero" else waits

    def _ending(self, person: str, here: Choice, there: Choice) -> Plan:
        """Only a date that became known in Xero since both sides agreed ends anybody."""
        key = (person, "end_date")
        if there is None:
            return Plan("")
        if self._base(key) is None:
            return Plan("", fight=True, asks=True)
        if not self._moved("xero", key):
            return Plan("", asks=here is None)  # taken back in HRA, or known to HRA alone
        fight = self._fight(key) if self._moved("hra", key) else None
        if fight and fight.target != "hra":
            return Plan("", fight=True, asks=True)
        early = self.early_waits and here is not None and ENDS.index(there) < ENDS.index(here)
        if early or person == self.signed_in or STARTED_AFTER.get(person) == there:
            return Plan("", fight=fight is not None, asks=True)
        return Plan("hra", there, fight=fight is not None)

    # --- the whole record

    def _choice(self, key: Key) -> str:
        """The side that a person chose here: just now, or while its approval waits."""
        if key in self.chosen:
            return self.chosen[key]
        for one in self._together(key):
            asked = self.asked.get(one)
            if asked and asked.chosen and asked.state != "rejected" and self._stands(asked, one):
                return asked.chosen
        return ""

    def _stands(self, asked: Asked, key: Key) -> bool:
        """Whether what was chosen still stands; another part that is equal by now leaves nothing to choose."""
        return all(
            self.pair(one) == before or (one != key and len({*self.pair(one)}) == 1)
            for one, before in zip(self._together(key), asked.pairs, strict=True)
        )

    def _together(self, key: Key) -> list[Key]:
        """The keys that are chosen together: a tax declaration is one."""
        return [(key[0], name) for name in TAX] if key[1] in TAX else [key]

    def _pairs(self, key: Key) -> list[tuple[Choice, Choice]]:
        return [self.pair(one) for one in self._together(key)]

    def _chosen(self, key: Key, side: str) -> Plan:
        if key[1] == "tfn_or_exemption" and side == "xero":
            return Plan("", fight=True, asks=True)
        if key[1] == "end_date" and (side == "hra" or self.now["xero"][key] is None):
            return Plan("", asks=True)
        return Plan(OTHER[side], self.now[side][key], fight=key[1] in TAX)

    def _one_declaration(self, person: str, found: dict[str, Plan]) -> None:
        """A conflict anywhere in the tax declaration decides it whole, or holds it whole."""
        parts = {n: found[n] for n in TAX if n in found and (found[n].target or found[n].fight)}
        winners = {plan.target for plan in parts.values() if plan.fight}
        if not winners:
            return
        target = winners.pop() if len(winners) == 1 else ""
        allowed = all(self.ways.get(name, "both") in ("both", f"to_{target}") for name in parts)
        chosen = any(self._choice((person, name)) for name in parts)
        if (target == "hra" and "tfn_or_exemption" in parts) or not (allowed or chosen):
            target = ""  # Xero's part of the declaration cannot be read in full
        for name, plan in parts.items():
            plan.fight, plan.target = True, target
            plan.asks = not target
            plan.value = self.now[OTHER[target]][person, name] if target else None

    def _may(self, person: str, name: str, plan: Plan) -> bool:
        key = (person, name)
        if plan.target == "xero" and not self.current(person):
            return False
        if name == "branch":
            return self._may_move(key, plan)
        if name == "super_memberships" and plan.value is not None:
            plan.value = _with_all(plan.value, self.now[plan.target][key])
            return plan.value != self.now[plan.target][key]
        plan.asks = plan.value is None and name not in MAY_BE_EMPTY
        return not plan.asks

    def _may_move(self, key: Key, plan: Plan) -> bool:
        """Into a branch of HRA: only where transfers are on, and never out of one that Xero cannot hold."""
        if plan.target == "xero":
            return True
        if self.now["hra"][key] == UNGROUPED:
            return False
        plan.asks = not (self.transfers or self._choice(key))
        return not plan.asks

    # --- approvals

    def _ask(self, key: Key, plan: Plan | None) -> None:
        """Whoever has to be asked about this very change is asked; what is no question any more is forgotten."""
        before = self.asked.pop(key, None)
        if plan is None or not plan.target or key[1] not in self.approve:
            return
        choice = self.chosen.get(key, "")
        same = before and (before.target, before.value) == (plan.target, plan.value)
        if before and same and (not choice or before.chosen or before.state != "waiting"):
            self.asked[key] = before
            return
        by = self.actor if choice and self.actor else OTHER[plan.target]
        self.asked[key] = Asked(plan.target, plan.value, by, chosen=choice, pairs=self._pairs(key))

    def _waits(self, person: str, name: str, plans: Mapping[str, Plan]) -> bool:
        """Whether this waits for a second person, be it with the declaration that it is a part of."""
        parts = [one for one in TAX if one in plans and plans[one].fight]
        asked = (self.asked.get((person, one)) for one in {name, *(parts if name in parts else ())})
        return any(one.state == "waiting" for one in asked if one)

    def _left_by_a_no(self, person: str, plans: Mapping[str, Plan]) -> list[str]:
        """What of a declaration in conflict waits because a second person turned its number down."""
        parts = [name for name in TAX if name in plans and plans[name].fight]
        asked = {name: self.asked.get((person, name)) for name in parts}
        if not any(one and one.state == "rejected" for one in asked.values()):
            return []
        return [name for name, one in asked.items() if one is None]

    def _allowed(self, key: Key, plan: Plan) -> bool:
        if key[1] not in self.approve:
            return True
        asked = self.asked.get(key)
        same = asked and (asked.target, asked.value) == (plan.target, plan.value)
        return bool(same and asked and asked.state == "approved")


def _all_or_none(plans: Mapping[str, Plan]) -> None:
    """A declaration in conflict of which a part waits, waits whole."""
    parts = [plans[name] for name in TAX if name in plans and plans[name].fight]
    if any(not plan.target for plan in parts):
        for plan in parts:
            plan.target = ""


def _with_all(sent: str, present: Choice) -> str:
    """Memberships are added and changed, never removed: "A1" is fund A with the member number 1."""
    rows = {row[0]: row for row in (present or "").split()}
    rows.update({row[0]: row for row in sent.split()})
    return " ".join(rows[fund] for fund in sorted(rows))
