"""Super: Xero's `SuperMemberships` and the organisation's funds to canonical memberships and back
(F3).

Pure. Memberships are added and changed, never removed: every row that Xero has is posted again with
its id. How a posted list without ids is taken is undocumented (assumption A34).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent import canonical
from agent.employee import UNKNOWN, SuperMembership, Value
from agent.fields import same
from agent.xero import wire
from agent.xero.wire import Json

KEY = "SuperMemberships"
ROW_KEYS = ("SuperMembershipID", "SuperFundID", "EmployeeNumber")


@dataclass(frozen=True)
class Fund:
    """One super fund of the organisation. `abn` is "" where neither fund nor USI tells it."""

    id: str
    name: str
    usi: str
    abn: str
    smsf: bool


FundOf = Callable[[str], Fund | None]


def fund(row: Json) -> Fund:
    """A fund of the organisation's list. Legacy funds have a SPIN in the USI's place (contract;
    assumption A35).
    """
    code = canonical.usi(wire.text(row.get("USI")) or wire.text(row.get("SPIN")))
    return Fund(
        id=wire.identity(row, "SuperFundID"),
        name=wire.text(row.get("Name")) or "",
        usi=code,
        abn=canonical.digits(wire.text(row.get("ABN"))) or canonical.abn_of_usi(code),
        smsf=row.get("Type") == "SMSF",
    )


def memberships(raw: Json, fund_of: FundOf) -> dict[str, Value]:
    """The canonical memberships, None for none, UNKNOWN where a fund is not among the
    organisation's.
    """
    found = [_membership(row, fund_of) for row in raw.get(KEY) or ()]
    if any(row is None for row in found):
        return {"super_memberships": UNKNOWN}
    return {"super_memberships": tuple(row for row in found if row is not None) or None}


def pairs(
    present: Sequence[SuperMembership], wanted: Sequence[SuperMembership]
) -> list[tuple[SuperMembership, SuperMembership | None]]:
    """Each wanted membership with the present one that it is or changes; None for one to add.

    Equal rows first; then a fund that one row of each side is left over in: its member number has
    changed.
    """
    left = list(present)
    found = [_take(left, row, _equal) for row in wanted]
    rest = [row for row, taken in zip(wanted, found, strict=True) if taken is None]
    for index, row in enumerate(wanted):
        if found[index] is None and _only_one(row, rest) and _only_one(row, left):
            found[index] = _take(left, row, _same_fund)
    return list(zip(wanted, found, strict=True))


def super_body(
    raw: Json,
    matched: Sequence[tuple[SuperMembership, SuperMembership | None]],
    fund_ids: Mapping[int, str],
) -> dict[str, Any]:
    """The whole list as it is posted; empty where nothing differs. `fund_ids`: index in `matched`
    -> SuperFundID.
    """
    numbers = {
        present.id: wanted.member_number
        for wanted, present in matched
        if present is not None and present.id and not _equal(wanted, present)
    }
    added = [
        {"SuperFundID": fund_ids[index], "EmployeeNumber": wanted.member_number}
        for index, (wanted, present) in enumerate(matched)
        if present is None
    ]
    if not numbers and not added:
        return {}
    return {KEY: [*(_kept(row, numbers) for row in raw.get(KEY) or ()), *added]}


def vanished(before: Json, after: Json) -> bool:
    """Whether a membership that was there is gone, though none is ever removed."""
    return bool(_ids(before) - _ids(after))


def _ids(raw: Json) -> set[str]:
    return {
        str(row["SuperMembershipID"]).casefold()
        for row in raw.get(KEY) or ()
        if row.get("SuperMembershipID")
    }


def _membership(row: Json, fund_of: FundOf) -> SuperMembership | None:
    held = fund_of(wire.text(row.get("SuperFundID")) or "")
    if held is None:
        return None
    return SuperMembership(
        usi=held.usi,
        abn=held.abn,
        fund_name=held.name,
        member_number=wire.text(row.get("EmployeeNumber")) or "",
        smsf=held.smsf,
        id=wire.text(row.get("SuperMembershipID")),
        fund_id=held.id,
    )


def _equal(one: SuperMembership, other: SuperMembership) -> bool:
    return same("super_memberships", (one,), (other,))


def _same_fund(one: SuperMembership, other: SuperMembership) -> bool:
    if one.usi and other.usi:
        return one.usi.casefold() == other.usi.casefold()
    return bool(one.abn) and one.abn == other.abn


def _only_one(row: SuperMembership, among: Sequence[SuperMembership]) -> bool:
    return sum(_same_fund(row, other) for other in among) == 1


def _take(
    left: list[SuperMembership],
    wanted: SuperMembership,
    fits: Callable[[SuperMembership, SuperMembership], bool],
) -> SuperMembership | None:
    for index, row in enumerate(left):
        if fits(wanted, row):
            return left.pop(index)
    return None


def _kept(row: Json, numbers: Mapping[str, str]) -> dict[str, Any]:
    kept = {key: row[key] for key in ROW_KEYS if row.get(key)}
    changed = numbers.get(str(row.get("SuperMembershipID")))
    return {**kept, "EmployeeNumber": changed} if changed else kept
