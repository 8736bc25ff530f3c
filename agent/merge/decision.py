"""The words of a decision: how a side's value stands to what was agreed, the settings that decide, and the outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from agent.employee import Value
from agent.fields import FIELD_GROUPS, FIELDS, names


class Since(Enum):
    """How a side's value stands to the digest of what was last agreed for it."""

    NEVER = "never agreed"
    SAME = "same"
    CHANGED = "changed"


class Kind(Enum):
    """What is to happen with one field."""

    NOTHING = "nothing"
    AGREE = "agree"
    TO_XERO = "to_xero"
    TO_HRA = "to_hra"
    HOLD = "hold"


SENDS = {Kind.TO_XERO: "xero", Kind.TO_HRA: "hra"}
TOWARDS = {"hra": Kind.TO_XERO, "xero": Kind.TO_HRA}
"""Which way a value goes when this side wins."""


@dataclass(frozen=True)
class Base:
    """What the digests say of one field: each side's Since, and whether both stand as a kept pair (D4). `arrived`: Xero shows
    the agent's own write whose answer was lost. `otherwise`: the same where a value is taken for somebody's change that may
    as well be such a write, arrived late (X3); None where there is no such doubt."""

    hra: Since = Since.NEVER
    xero: Since = Since.NEVER
    kept: bool = False
    arrived: bool = False
    otherwise: "Base | None" = None

    @property
    def first(self) -> bool:
        """Whether the two sides never agreed on this field (D2)."""
        return Since.NEVER in (self.hra, self.xero)

    @property
    def settled(self) -> bool:
        """Whether neither side moved since they agreed."""
        return self.hra is self.xero is Since.SAME


@dataclass(frozen=True)
class Rules:
    """The settings that decide. `by_person` says that a person started this run (D2); `actor` is who (records.Choice).

    `mode` is R2's import mode: `authoritative`, `changed` or `all`. `stopped` are groups whose writes to Xero stand
    still because one of them did harm. `branches` says whether Employee Groups are matched to branches (B1), `transfers`
    whether a changed group moves the HRA employee (B3). `overrule` is a person's own yes that Xero wins over what HRA has
    not exported yet, for this record (R2). `grouped` are the branches that some Employee Group is mapped to, None where not
    known. `chosen` are a person's choices for this record: field -> the side whose value
    is to stand, whatever the switches say (D7). `approve` are the kinds of change that a second person approves: bank,
    super, tfn (S2). `earlier_end` is warn or hold (T3). `signed_in` is the full name and e-mail of the person whose sign-in
    to HRA Cloud the agent uses (T2).
    """

    authority: str
    conflicts: str = "authoritative"
    authorities: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)
    by_person: bool = False
    mode: str = "authoritative"
    stopped: frozenset[str] = frozenset()
    branches: bool = False
    overrule: bool = False
    transfers: bool = False
    grouped: frozenset[str] | None = None
    approve: frozenset[str] = frozenset()
    earlier_end: str = "warn"
    signed_in: tuple[str, str] = ("", "")
    chosen: Mapping[str, str] = field(default_factory=dict)
    actor: str = ""

    def authority_of(self, name: str) -> str:
        """The authoritative system for a field: its own setting, its group's, or the general one."""
        return (
            self.authorities.get(name) or self.authorities.get(FIELD_GROUPS[name]) or self.authority
        )

    def direction_of(self, name: str) -> str:
        """both, to_xero, to_hra or off: what the user set, within what the field may do at all (D7)."""
        chosen = self.directions.get(name) or self.directions.get(FIELD_GROUPS[name]) or "both"
        if FIELDS[name].ways == {"to_hra"}:
            return "to_hra" if chosen in ("both", "to_hra") else "off"
        return chosen

    def takes(self, group: str) -> bool:
        """Whether any field of a group travels at all."""
        return any(self.direction_of(name) != "off" for name in names(group))

    def choice(self, name: str) -> str:
        """The side that a person chose for a field, where it may travel that way at all; "" for none."""
        side = self.chosen.get(name, "")
        return side if side and TOWARDS[side].value in FIELDS[name].ways else ""


@dataclass(frozen=True)
class Decision:
    """One field's outcome. `value` is what travels. `reason` is a code for `agent.words`; `detail` completes it.

    `conflict`: both sides had moved (or met for the first time) with different values. `why` is a code for
    `agent.words`: what made the value travel (S3).
    """

    name: str
    kind: Kind
    value: Value = None
    reason: str = ""
    detail: str = ""
    conflict: bool = False
    why: str = ""


Decided = Mapping[str, Decision]


def hold(name: str, reason: str, detail: str = "", *, conflict: bool = False) -> Decision:
    """Nothing travels, and the record is told why."""
    return Decision(name, Kind.HOLD, reason=reason, detail=detail, conflict=conflict)
