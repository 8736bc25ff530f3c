"""Super memberships: HRA's retirement savings <-> the canonical list (F3). Pure.

Memberships are added and changed, never removed: rows that HRA holds and the new value lacks go
back as they are. HRA's input cannot carry the `esa` that its output has, so where any row is an
SMSF or has one, nothing is written.
Shapes: the contract's RecordSuperFundDetail and RecordSuperFundDetailInput.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent import canonical, fields
from agent.employee import UNKNOWN, SuperMembership, Value
from agent.hra.wire import Draft, Json, filled, part, rows, words

FIELD = "super_memberships"
SMSF = "SMSF"
REGULATED = "REGULATED"
LONGEST_NAME = 255
LONGEST_USI = 64
LONGEST_ABN = 20

NOT_SYNCHRONISED = (
    "HRA Cloud holds a self-managed fund or an electronic service address, which its own "
    "update would lose; super of this person is not synchronised."
)
NEW_ZEALAND = (
    "HRA Cloud holds New Zealand payroll details of this person; they are not changed by the agent."
)
NEVER_EMPTY = "A super membership is never removed; remove it in HRA Cloud by hand."
NO_ABN = "HRA Cloud needs the ABN of the super fund, and it is not known; add it there."
NO_NAME = "A super membership lacks the fund's name or the member number, and HRA Cloud needs both."
TOO_LONG = "A super fund's name or USI is longer than HRA Cloud takes."
AMBIGUOUS = "Several memberships of one fund stand in HRA Cloud; change the right one there."


# --- reading --------------------------------------------------------------------------------


def values(body: Json) -> dict[str, Value]:
    """The field of the group `super`; UNKNOWN where HRA holds a KiwiSaver account instead."""
    if filled(part(body, "nz")):
        return {FIELD: UNKNOWN}
    return {FIELD: tuple(_row(raw) for raw in rows(body, "au")) or None}


def _row(raw: Json) -> SuperMembership:
    usi = canonical.usi(words(raw, "usi"))
    return SuperMembership(
        usi=usi,
        abn=canonical.digits(words(raw, "abn")) or canonical.abn_of_usi(usi),
        fund_name=words(raw, "name") or "",
        member_number=words(raw, "memberNumber") or "",
        smsf=raw.get("type") == SMSF,
        id=words(raw, "id"),
    )


# --- writing --------------------------------------------------------------------------------


def draft(body: Json, wanted: Mapping[str, Value]) -> Draft:
    """Every row that stays, changes or is new, as RecordRetirementSavingsDetailInput; or why
    nothing is written.
    """
    value: tuple[SuperMembership, ...] | None = wanted[FIELD]
    reason = _unfit(body, value)
    if reason or not value:
        return Draft(None, {FIELD: (reason,)})
    present = [_row(raw) for raw in rows(body, "au")]
    fresh = [row for row in value if not any(_same(row, mine) for mine in present)]
    loose = [
        place for place, mine in enumerate(present) if not any(_same(mine, row) for row in value)
    ]
    changed = _changed(fresh, present, loose)
    if changed is None:
        return Draft(None, {FIELD: (AMBIGUOUS,)})
    listed = [
        _input(changed.get(place, present[place]), raw)
        for place, raw in enumerate(rows(body, "au"))
    ]
    listed += [_input(row, {}) for row in fresh if row not in changed.values()]
    reason = _short(listed)
    return Draft(None, {FIELD: (reason,)}) if reason else Draft({"au": listed})


def vanished(before: Json, after: Json) -> tuple[str, ...]:
    """Memberships that are not there any more after a write: facts, no values."""
    ids = {words(raw, "id") for raw in rows(after, "au")}
    return (
        ("super:membership",)
        if any(words(raw, "id") not in ids for raw in rows(before, "au"))
        else ()
    )


def _unfit(body: Json, value: tuple[SuperMembership, ...] | None) -> str:
    if filled(part(body, "nz")):
        return NEW_ZEALAND
    if not value:
        return NEVER_EMPTY
    own_fund = any(raw.get("type") == SMSF or raw.get("esa") for raw in rows(body, "au"))
    return NOT_SYNCHRONISED if own_fund or any(row.smsf for row in value) else ""


def _same(one: SuperMembership, other: SuperMembership) -> bool:
    return fields.same(FIELD, (one,), (other,))


def _same_fund(one: SuperMembership, other: SuperMembership) -> bool:
    return _same(replace(one, member_number=""), replace(other, member_number=""))


def _changed(
    fresh: Sequence[SuperMembership], present: Sequence[SuperMembership], loose: Sequence[int]
) -> dict[int, SuperMembership] | None:
    """Which of HRA's rows (by place) a new row changes; None where it could be several."""
    changed: dict[int, SuperMembership] = {}
    for row in fresh:
        mates = [place for place in loose if _same_fund(row, present[place])]
        rivals = [other for other in fresh if _same_fund(row, other)]
        if mates and (len(mates) > 1 or len(rivals) > 1):
            return None
        if mates:
            changed[mates[0]] = row
    return changed


def _input(row: SuperMembership, raw: Json) -> dict[str, Any]:
    """One row of input, in HRA's own spelling wherever that is equal after normalising (D5)."""
    mine = _row(raw)
    same_number = mine.member_number.casefold() == row.member_number.casefold()
    same_abn = mine.abn == row.abn or not row.abn
    return filled(
        {
            "id": raw.get("id"),
            "memberNumber": raw.get("memberNumber") if raw and same_number else row.member_number,
            "type": REGULATED,
            "name": raw.get("name") or row.fund_name,
            "abn": raw.get("abn") if raw.get("abn") and same_abn else _grouped(row.abn or mine.abn),
            "usi": raw.get("usi") if not row.usi or mine.usi == row.usi else row.usi,
        }
    )


def _grouped(abn: str) -> str:
    """An ABN as the contract's examples show it: 65 714 394 898 (assumption A16: HRA takes that
    form).
    """
    return f"{abn[:2]} {abn[2:5]} {abn[5:8]} {abn[8:]}" if len(abn) == 11 else abn


def _short(listed: list[dict[str, Any]]) -> str:
    if any(not row.get("abn") for row in listed):
        return NO_ABN
    if any(not row.get("name") or not row.get("memberNumber") for row in listed):
        return NO_NAME
    long = any(
        len(row["name"]) > LONGEST_NAME or len(row.get("usi", "")) > LONGEST_USI for row in listed
    )
    return TOO_LONG if long or any(len(row["abn"]) > LONGEST_ABN for row in listed) else ""
