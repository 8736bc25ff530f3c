"""Which sections of an employee a write has: each with its keys for Xero, and what cannot be
written, with reasons.

A section is what Xero is asked to take or refuse as one: personal details, the Employee Group (so
that an unknown group doesn't hold back a phone), bank accounts, super, tax (X3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.branches import BranchMap
from agent.employee import UNKNOWN, Employee, SuperMembership, Value, Values
from agent.fields import FIELD_GROUPS, problem, same
from agent.xero import mapping_bank, mapping_super, mapping_tax
from agent.xero.funds import NoFund, View
from agent.xero.mapping_details import GROUP, Lacks, Refusals, details_body
from agent.xero.wire import Json

SMSF = "it has a self-managed fund, which is never written"
UNREADABLE = "Xero's present list cannot be read, so nothing is laid over it"
EMPTY_LIST = "an emptied list never travels"
NO_LEAVE = "leave never travels to Xero"


@dataclass(frozen=True)
class Section:
    """`name` is a group, or `branch`; `body` the top-level keys to post."""

    name: str
    body: Mapping[str, Any] = field(repr=False)

    @property
    def group(self) -> str:
        """The field group that this section belongs to."""
        return FIELD_GROUPS.get(self.name, self.name)


@dataclass(frozen=True)
class Draft:
    """What a write will post, section by section, and what of it cannot be written."""

    sections: tuple[Section, ...]
    refused: Mapping[str, tuple[str, ...]]

    def body(self) -> dict[str, Any]:
        """All sections as one object."""
        return {key: value for section in self.sections for key, value in section.body.items()}


def draft(
    employee: Employee, changes: Values, branches: BranchMap, lacks: Lacks, funds: View | None
) -> Draft:
    """Lays `changes` over `employee.raw`. May read Employee Groups through `lacks`, and read and
    create funds through `funds` (None: they cannot be read).
    """
    groups: dict[str, dict[str, Value]] = {}
    for name, value in changes.items():
        groups.setdefault(FIELD_GROUPS[name], {})[name] = value
    sections: list[Section] = []
    refused: Refusals = {}
    for group, wanted in groups.items():
        if group == "details":
            body, reasons = details_body(employee.raw, wanted, branches, lacks)
        else:
            body, reasons = _payroll(group, employee, wanted, funds)
        sections += _split(group, body)
        refused |= reasons
    return Draft(tuple(sections), refused)


def _payroll(
    group: str, employee: Employee, wanted: Values, funds: View | None
) -> tuple[dict[str, Any], Refusals]:
    if group == "bank":
        return _bank(employee.raw, wanted["bank_accounts"])
    if group == "super":
        return _super(employee.raw, wanted["super_memberships"], funds)
    if group == "tax":
        return mapping_tax.tax_body(employee.raw, wanted, employee.stp2)
    return {}, {group: (NO_LEAVE,)}


def _split(group: str, body: Mapping[str, Any]) -> list[Section]:
    alone = {key: value for key, value in body.items() if key == GROUP}
    rest = {key: value for key, value in body.items() if key != GROUP}
    found = [Section(group, rest), Section("branch", alone)]
    return [section for section in found if section.body]


def _bank(raw: Json, wanted: Value) -> tuple[dict[str, Any], Refusals]:
    present = mapping_bank.bank(raw)["bank_accounts"]
    reason = _list_reason("bank_accounts", wanted, present)
    if reason:
        return {}, {"bank": (reason,)}
    if same("bank_accounts", wanted, present):
        return {}, {}
    return mapping_bank.bank_body(raw, wanted), {}


def _super(raw: Json, wanted: Value, funds: View | None) -> tuple[dict[str, Any], Refusals]:
    if funds is None:
        return {}, {
            "super": ("the permission payroll.settings is missing, so Xero's funds cannot be read",)
        }
    present = mapping_super.memberships(raw, funds.fund)["super_memberships"]
    reason = _list_reason("super_memberships", wanted, present)
    if reason is None and any(row.smsf for row in (*wanted, *(present or ()))):
        reason = SMSF
    if reason:
        return {}, {"super": (reason,)}
    matched = mapping_super.pairs(present or (), wanted)
    try:
        return mapping_super.super_body(raw, matched, _fund_ids(matched, funds)), {}
    except NoFund as lack:
        return {}, {"super": (str(lack),)}


def _fund_ids(
    matched: list[tuple[SuperMembership, SuperMembership | None]], funds: View
) -> dict[int, str]:
    return {
        index: funds.id_for(wanted)
        for index, (wanted, present) in enumerate(matched)
        if present is None
    }


def _list_reason(name: str, wanted: Value, present: Value) -> str | None:
    if wanted is None or wanted is UNKNOWN or not wanted:
        return EMPTY_LIST
    if present is UNKNOWN:
        return UNREADABLE
    reason = problem(name, wanted, "xero")
    return f"it {reason}" if reason else None
