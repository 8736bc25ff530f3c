"""What every field must be after a run: a small model of the rules, in words of its own.

It shares no code with the agent. A value is a plain name ("a", "b", "c") or None; per person and
field it knows what HRA holds, what Xero holds and what was last seen equal.
"""

from dataclasses import dataclass, field

NEVER = "never"
SECTION = {
    "mobile": "details", "job_title": "details", "bank_accounts": "bank-accounts",
    "loans": "tax-details", "tfn_or_exemption": "tax-details",
}  # fmt: skip
TAX = ("loans", "tfn_or_exemption")
MAY_BE_EMPTY = ("mobile", "job_title")
OTHER = {"hra": "xero", "xero": "hra"}

Choice = str | None


@dataclass
class Plan:
    """What one field does: goes to `target`, or waits (`target` ""); `fight` for a conflict."""

    target: str
    value: Choice = None
    fight: bool = False


@dataclass
class Oracle:
    """`now[side][person, field]` and what was last agreed."""

    authority: str
    hold: bool
    now: dict[str, dict[tuple[str, str], Choice]]
    agreed: dict[tuple[str, str], Choice] = field(default_factory=dict)
    fights: int = 0

    def edit(self, side: str, person: str, name: str, value: Choice) -> None:
        self.now[side][person, name] = value

    def look(self, person: str, names: tuple[str, ...] = tuple(SECTION)) -> None:
        """What both sides are seen to hold alike is agreed."""
        for key in ((person, name) for name in names):
            if self.now["hra"][key] == self.now["xero"][key]:
                self.agreed[key] = self.now["hra"][key]

    def goes(
        self, person: str, target: str, by_person: bool, names: tuple[str, ...] = tuple(SECTION)
    ) -> dict[str, Choice]:
        """What is written to `target` for this person, by field."""
        plans = {name: self._plan(person, name, by_person) for name in names}
        found = {name: plan for name, plan in plans.items() if plan is not None}
        self.fights += sum(plan.fight for plan in found.values())
        self._one_declaration(person, found)
        return {
            name: plan.value
            for name, plan in found.items()
            if plan.target == target and (plan.value is not None or name in MAY_BE_EMPTY)
        }

    def written(self, person: str, target: str, values: dict[str, Choice]) -> None:
        """A write arrived, so both sides hold the same."""
        for name, value in values.items():
            self.now[target][person, name] = value
            self.agreed[person, name] = value

    def _plan(self, person: str, name: str, by_person: bool) -> Plan | None:
        key = (person, name)
        here, there = self.now["hra"][key], self.now["xero"][key]
        if here == there:
            return None
        before = self.agreed.get(key, NEVER)
        if name == "tfn_or_exemption":
            return self._number(here, there, before)
        if before == NEVER:
            return self._first(name, here, there, by_person)
        if there == before:
            return Plan("xero", here)
        if here == before:
            return Plan("hra", there)
        return self._fight(here, there)

    def _first(self, name: str, here: Choice, there: Choice, by_person: bool) -> Plan:
        if here is None or there is None:
            return Plan("hra", there) if here is None else Plan("xero", here)
        if SECTION[name] == "details" and by_person:
            return self._fight(here, there)
        return Plan("", fight=True)

    def _fight(self, here: Choice, there: Choice) -> Plan:
        if self.hold:
            return Plan("", fight=True)
        value = here if self.authority == "hra" else there
        return Plan(OTHER[self.authority], value, fight=True)

    def _number(self, here: Choice, there: Choice, before: Choice) -> Plan:
        """Xero's number cannot be read, so only a change in HRA ever moves it."""
        if there is None:
            return Plan("xero", here)
        if before in (NEVER, here):
            return Plan("", fight=True)
        if there == before:
            return Plan("xero", here)
        return (
            Plan("xero", here, True)
            if self._fight(here, there).target == "xero"
            else Plan("", fight=True)
        )

    def _one_declaration(self, person: str, found: dict[str, Plan]) -> None:
        """A conflict anywhere in the tax declaration decides it whole, or holds it whole."""
        parts = {name: found[name] for name in TAX if name in found}
        winners = {plan.target for plan in parts.values() if plan.fight}
        if not winners:
            return
        target = winners.pop() if len(winners) == 1 else ""
        if target == "hra" and "tfn_or_exemption" in parts:
            target = ""  # Xero's part of the declaration cannot be read in full
        for name, plan in parts.items():
            plan.target = target
            plan.value = self.now[OTHER[target]][person, name] if target else None
