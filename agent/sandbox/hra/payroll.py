"""The four payroll sections of an employee: bank accounts, super, tax details, leave balances.

Reading super needs the manage scope too (contract). A bank list is replaced whole; super rows are
created and updated, never removed; tax and leave are replaced. Reading back shows what was stored.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from flask import Blueprint
from flask.typing import ResponseReturnValue

from agent.sandbox.hra import wire
from agent.sandbox.hra.access import done, employee, granted, operation, sent, shown, store
from agent.sandbox.hra.problems import refuse_all
from agent.sandbox.hra.seeds import half_up
from agent.sandbox.hra.store import Json, Record
from agent.sandbox.hra.validate import (
    BANK_ROW,
    LEAVE,
    MOST_BANK_ROWS,
    SUPER_ROW,
    TAX,
    checked_part,
    checked_rows,
)
from agent.sandbox.identifiers import digits

MOST_HOURS = 100_000
READ, MANAGE = "read:employees:payroll", "manage:employees:payroll"
CONDITIONAL = (
    ("otherTaxOffsetClaimed", "offsetEstimatedAmountInCents"),
    ("upwardVariationRequested", "increasedTaxWithholdingAmountInCents"),
    ("hasApprovedWithholdingVariation", "approvedWithholdingVariationPercentage"),
)
"""A claim and the amount that is mandatory with it (contract, text of the tax PUT)."""


def add_payroll(api: Blueprint) -> None:
    """Registers the eight payroll routes."""
    base = "/accounts/<account>/employees/<key>"
    operation(api, "GET", f"{base}/bank-accounts", READ)(read_banks)
    operation(api, "PUT", f"{base}/bank-accounts", MANAGE)(write_banks)
    operation(api, "GET", f"{base}/retirement-savings", MANAGE)(read_supers)
    operation(api, "PUT", f"{base}/retirement-savings", MANAGE)(write_supers)
    operation(api, "GET", f"{base}/tax-details", READ)(read_tax)
    operation(api, "PUT", f"{base}/tax-details", MANAGE)(write_tax)
    operation(api, "GET", f"{base}/leave-balances", READ)(read_leave)
    operation(api, "PUT", f"{base}/leave-balances", MANAGE)(write_leave)


def read_banks(key: str) -> ResponseReturnValue:
    """All bank accounts of an employee."""
    return shown({"au": employee(key).banks})


def write_banks(key: str) -> ResponseReturnValue:
    """The whole list anew; rows sent with their id keep it."""
    record = employee(key)
    rows = checked_rows(sent(), BANK_ROW, least=1, most=MOST_BANK_ROWS)
    save_banks(record, rows)
    return done()


def read_supers(key: str) -> ResponseReturnValue:
    """All super memberships of an employee."""
    return shown({"au": employee(key).supers})


def write_supers(key: str) -> ResponseReturnValue:
    """Creates rows without an id, updates rows with one, removes none."""
    record = employee(key)
    rows = checked_rows(sent(), SUPER_ROW, least=0, most=None)
    save_supers(record, rows)
    return done()


def read_tax(key: str) -> ResponseReturnValue:
    """Tax details, the TFN clear or masked by the token's scopes."""
    tax = employee(key).tax
    return shown({} if tax is None else {"au": wire.tax_details(store(), tax, granted())})


def write_tax(key: str) -> ResponseReturnValue:
    """Tax details anew: a TFN or an exemption, and an amount with every claim."""
    record = employee(key)
    tax = checked_part(sent(), TAX)
    refuse_all(_tax_faults(tax))
    save_tax(record, tax)
    return done()


def read_leave(key: str) -> ResponseReturnValue:
    """The three leave balances, in hours."""
    leave = employee(key).leave
    return shown({} if leave is None else {"au": leave})


def write_leave(key: str) -> ResponseReturnValue:
    """All three balances anew, rounded half up to two decimals."""
    record = employee(key)
    hours = checked_part(sent(), LEAVE)
    refuse_all(f"au.{name} is out of range." for name in hours if abs(hours[name]) > MOST_HOURS)
    rounded = {name: half_up(Decimal(value)) for name, value in hours.items()}
    record.leave = _dated(rounded, record.leave)
    store().section_saved(record)
    return done()


def save_banks(record: Record, rows: list[Json]) -> None:
    """Replaces the bank list by checked *rows*. Raises Problem(400)."""
    known = {row["id"]: row for row in record.banks}
    refuse_all(_bank_faults(rows, known.keys()))
    keeps = store().switches["put_bank_ids"] == "kept"
    saved = []
    for row in rows:
        before = known.get(row.get("id", ""))
        fresh = before is None or not keeps
        saved.append(_dated(row | {"id": store().new_id() if fresh else row["id"]}, before))
    record.banks = sorted(saved, key=lambda row: int(row["accountOrder"]))
    store().section_saved(record)


def save_supers(record: Record, rows: list[Json]) -> None:
    """Creates and updates memberships by id. Raises Problem(400) for an id that is none.

    The input has no `esa`, so that an SMSF row posted back loses it (contract).
    """
    known = {row["id"]: row for row in record.supers}
    refuse_all(_unknown_ids(rows, known.keys()))
    for row in rows:
        key = row.get("id") or store().new_id()
        known[key] = _dated(row | {"id": key}, known.get(key))
    record.supers = list(known.values())
    store().section_saved(record)


def save_tax(record: Record, tax: Json) -> None:
    """Stores checked tax details."""
    if store().switches["tax_put_missing"] == "kept":
        tax = (record.tax or {}) | tax
    record.tax = _dated(tax, record.tax)
    store().section_saved(record)


def _bank_faults(rows: list[Json], known: Iterable[str]) -> Iterable[str]:
    yield from _unknown_ids(rows, known)
    remainders = sum(row["remainder"] for row in rows)
    if store().switches["one_remainder"] == "required" and remainders != 1:
        yield "Exactly one bank account must take the remainder."


def _unknown_ids(rows: list[Json], known: Iterable[str]) -> Iterable[str]:
    ids = [row["id"] for row in rows if "id" in row]
    for place, row in enumerate(rows):
        if "id" in row and row["id"] not in known:
            yield f"au[{place}].id is none of this employee's."
    if len(set(ids)) < len(ids):
        yield "An id may be sent only once."


def _tax_faults(tax: Json) -> Iterable[str]:
    if "tfn" not in tax and "exemptType" not in tax:
        yield "tfn is mandatory if exemptType is blank, and the reverse."
    if "tfn" in tax and store().switches["masked_tfn_put"] == "refuse":
        plain = tax["tfn"].replace(" ", "")
        # The vendor's own example fails the check digit, so only the form is asked for.
        if len(plain) != 9 or digits(plain) != plain:
            yield "tfn must be nine digits."
    for claim, amount in CONDITIONAL:
        if tax.get(claim) and amount not in tax:
            yield f"{amount} is mandatory if {claim} is true."
        elif amount in tax and not _in_range(tax[amount]):
            yield f"{amount} is out of range."


def _in_range(amount: int | str) -> bool:
    if isinstance(amount, int):
        return amount >= 0
    try:
        return 0 <= Decimal(amount) <= 100
    except InvalidOperation:
        return False


def _dated(row: Json, before: Json | None) -> Json:
    stamp = store().stamp()
    created = stamp if before is None else before["dateCreatedUTC"]
    return row | {"dateCreatedUTC": created, "dateUpdatedUTC": stamp}
