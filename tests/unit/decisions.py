"""Asking merge about one field, about one person whose other fields are agreed, or about a person drawn by lot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import pytest

from agent.employee import UNKNOWN, Employee, EndDate, Status, Value
from agent.fields import FIELDS, GROUPS, names
from agent.merge import SENDS, Base, Decision, Kind, Rules, merge
from agent.records import Approval
from tests.unit.canonical_values import (
    BALANCES,
    BASES,
    CHANGED,
    DAY,
    EARLIER,
    HRA_CHANGED,
    INVALID,
    LATER,
    MASK,
    NEVER,
    NUMBER,
    OTHER_MASK,
    OTHER_NUMBER,
    PENDING,
    SAME,
    SMSF,
    THREE,
    UNFIT,
    UNQUOTED,
    XERO_CHANGED,
    account,
    hra,
    xero,
)

BOTH = pytest.mark.parametrize("authority", ["hra", "xero"])
EACH = pytest.mark.parametrize("name", THREE)


def unasked(decision: Decision) -> Approval | None:
    """Nobody was asked about anything."""
    return None


def decide(
    name: str, one: Value, other: Value, base: Base, authority: str = "hra", **rules: Any
) -> Decision:
    """What is decided about one field of a person whose other fields are agreed."""
    found = decide_all(hra(**{name: one}), xero(**{name: other}), {name: base}, authority, **rules)
    return found[name]


def decide_all(
    one: Employee, other: Employee, bases: Mapping[str, Base], authority: str = "hra", **rules: Any
) -> dict[str, Decision]:
    waiting, said = rules.pop("waiting", False), rules.pop("asked", unasked)
    every = {**dict.fromkeys(FIELDS, SAME), **bases}
    made = merge(one, other, every, Rules(authority, **rules), waiting, said)
    assert [decision.name for decision in made] == list(FIELDS)
    return {decision.name: decision for decision in made}


def held(decision: Decision) -> str:
    """The reason of a decision that holds."""
    assert decision.kind is Kind.HOLD
    return decision.reason


# --- a person drawn by lot

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WAYS = ("both", "to_xero", "to_hra", "off")
LIKELY = (*BASES, NEVER, *(CHANGED, HRA_CHANGED, XERO_CHANGED) * 3)
PEOPLE = 4000
# What both sides hold of everybody unless the lot says otherwise.
ANNA = {
    "first_name": "Anna", "last_name": "Papas", "residency": "AUSTRALIAN_RESIDENT",
    "tax_free_threshold": True,
}  # fmt: skip
# What each side can be found to hold: HRA, Xero.
VALUES: Mapping[str, tuple[tuple[Value, ...], tuple[Value, ...]]] = {
    **{name: ((*row, None), (*row, None)) for name, row in THREE.items()},
    **{name: ((Decimal(5), Decimal(7), None), (Decimal(7), None)) for name in BALANCES},
    **{name: ((*THREE[name], value), (*THREE[name], None)) for name, value in UNFIT.items()},
    "bank_accounts": (
        (*THREE["bank_accounts"], UNFIT["bank_accounts"], None),
        (*THREE["bank_accounts"], (account("11"), account("22")), None),
    ),
    "super_memberships": (
        (*THREE["super_memberships"], SMSF, None),
        (*THREE["super_memberships"], (*THREE["super_memberships"][0], *THREE["super_memberships"][2])),
    ),
    "tfn_or_exemption": (
        (NUMBER, NUMBER, OTHER_NUMBER, MASK, INVALID, PENDING, UNQUOTED, None),
        (MASK, OTHER_MASK, PENDING, UNQUOTED, None),
    ),
    "start_date": ((*THREE["start_date"], date(2026, 7, 1)), THREE["start_date"]),
    "branch": (("b1", "b2"), ("b1", "b2", None)),
    "end_date": ((None, DAY, LATER), (None, EARLIER, DAY, EndDate(date(2060, 1, 1)))),
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One person, the settings, and what a second person answered to every question."""

    hra: Employee
    xero: Employee
    bases: Mapping[str, Base]
    rules: Rules
    waiting: bool
    answer: str

    def asked(self, decision: Decision) -> Approval | None:
        """The second person's answer; None where nobody was asked."""
        if not self.answer:
            return None
        return Approval(decision.kind.value, "m", NOW, "hra", self.answer, "page:ben")

    def decided(self) -> dict[str, Decision]:
        """What merge makes of it."""
        made = merge(self.hra, self.xero, self.bases, self.rules, self.waiting, self.asked)
        return {decision.name: decision for decision in made}


@cache
def people() -> tuple[tuple[int, Case, dict[str, Decision]], ...]:
    """Many people drawn by lot: the number of the draw, the person, what was decided."""
    cases = ((number, drawn(Random(number))) for number in range(PEOPLE))
    return tuple((number, case, case.decided()) for number, case in cases)


def every() -> Iterator[tuple[int, Case, Decision]]:
    """Every decision about all of them."""
    for number, case, decided in people():
        for decision in decided.values():
            yield number, case, decision


def travelling() -> Iterator[tuple[int, Case, Decision]]:
    """Those that write something."""
    return (one for one in every() if one[2].kind in SENDS)


def drawn(random: Random) -> Case:
    """A person of whom a few fields differ, under any settings."""
    group = names(random.choice(GROUPS)) if random.random() < 0.5 else tuple(FIELDS)
    moved = random.sample(group, random.randint(1, min(5, len(group))))
    ours = {**ANNA, **{name: random.choice(VALUES[name][0]) for name in moved}}
    theirs = {**ANNA, **{name: random.choice(VALUES[name][1]) for name in moved}}
    if random.random() < 0.1:
        random.choice((ours, theirs))[moved[0]] = UNKNOWN
    status = random.choice((Status.CURRENT,) * 8 + tuple(Status))
    one, other = hra(status, **ours), xero(**theirs)
    if "branch" in moved and random.random() < 0.2:
        other = replace(other, unmapped="Night Crew")
    bases = {**dict.fromkeys(FIELDS, SAME), **{name: random.choice(LIKELY) for name in moved}}
    rules = _rules(random, tuple(moved))
    return Case(
        one, other, bases, rules, random.random() < 0.1,
        random.choice(("", "", "waiting", "approved", "rejected")),
    )  # fmt: skip


def _rules(random: Random, moved: tuple[str, ...]) -> Rules:
    def seldom(value: Any, other: Any) -> Any:
        return value if random.random() < 0.3 else other

    keys = (*moved, *GROUPS)
    return Rules(
        random.choice(("hra", "xero")),
        conflicts=seldom("hold", "authoritative"),
        authorities=seldom({random.choice(keys): random.choice(("hra", "xero"))}, {}),
        directions=seldom({random.choice(keys): random.choice(WAYS)}, {}),
        by_person=random.random() < 0.5,
        mode=seldom(random.choice(("changed", "all")), "authoritative"),
        stopped=frozenset(seldom({random.choice(("bank", "super", "tax"))}, ())),
        branches=random.random() < 0.7,
        overrule=random.random() < 0.5,
        transfers=random.random() < 0.5,
        # Apart from the other draws, so that those stay as they were.
        grouped=Random(len(moved)).choice((None, frozenset({"b1"}))),
        approve=frozenset(seldom({"bank", "super", "tfn"}, ())),
        earlier_end=random.choice(("warn", "hold")),
        signed_in=seldom(("Anna Papas", ""), ("", "")),
        chosen=seldom(dict.fromkeys(moved[:2], random.choice(("hra", "xero"))), {}),
        actor=random.choice(("schedule", "page:anna", "command")),
    )
