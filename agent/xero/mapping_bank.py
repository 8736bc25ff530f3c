"""Bank accounts: Xero's `BankAccounts` list to canonical rows and back (F2).

Pure. Xero's rows have no id, so the list is always posted whole (assumption A33); a row that is
equal after normalising keeps Xero's own form (D5). Lengths: see the field table.
"""

from collections.abc import Sequence
from typing import Any

from agent import canonical
from agent.employee import UNKNOWN, BankAccount, Value, cents_to_dollars, dollars_to_cents
from agent.fields import same
from agent.xero import wire
from agent.xero.wire import Json

KEY = "BankAccounts"
# The keys of a row that the contract's BankAccount has; nothing else is posted back.
ROW_KEYS = ("StatementText", "AccountName", "BSB", "AccountNumber", "Remainder", "Amount")

Row = dict[str, Any]


def bank(raw: Json) -> dict[str, Value]:
    """The canonical accounts, None for none, UNKNOWN where an amount has parts of a cent."""
    try:
        found = tuple(_account(row, order) for order, row in enumerate(raw.get(KEY) or ()))
    except ValueError:
        return {"bank_accounts": UNKNOWN}
    return {"bank_accounts": found or None}


def bank_body(raw: Json, wanted: Sequence[BankAccount]) -> dict[str, Any]:
    """The whole list as it is posted: fixed amounts first in HRA's order, the remainder account
    last.
    """
    present = bank(raw)["bank_accounts"]
    held = list(zip(raw.get(KEY) or (), present, strict=True)) if isinstance(present, tuple) else []
    ordered = sorted(wanted, key=lambda row: (row.remainder, row.order))
    return {KEY: [_own_form(row, held) for row in ordered]}


def stayed(before: Json, body: Json, after: Json) -> bool:
    """Whether an account that the posted list left out is still there: the list was merged, not
    replaced.
    """
    posted = _numbers(body)
    return bool((_numbers(before) & _numbers(after)) - posted)


def _numbers(raw: Json) -> set[tuple[str, str]]:
    return {
        (
            canonical.digits(wire.text(row.get("BSB"))),
            canonical.digits(wire.text(row.get("AccountNumber"))),
        )
        for row in raw.get(KEY) or ()
    }


def _account(row: Json, order: int) -> BankAccount:
    remainder = row.get("Remainder") is True
    amount = None if remainder else wire.number(row.get("Amount"))
    return BankAccount(
        bsb=canonical.digits(wire.text(row.get("BSB"))),
        number=wire.text(row.get("AccountNumber")) or "",
        name=wire.text(row.get("AccountName")) or "",
        cents=dollars_to_cents(amount) if amount is not None else None,
        remainder=remainder,
        statement=wire.text(row.get("StatementText")) or "",
        order=order,
    )


def _own_form(wanted: BankAccount, held: Sequence[tuple[Json, BankAccount]]) -> Row:
    """Xero's own row where it is equal, else a new one in which every equal text keeps Xero's
    spelling.
    """
    for row, account in held:
        if same("bank_accounts", (wanted,), (account,)):
            return _clean(row)
    for row, account in held:
        if _account_key(account) == _account_key(wanted):
            return _new(wanted, row)
    return _new(wanted, {})


def _account_key(row: BankAccount) -> tuple[str, str]:
    return canonical.digits(row.bsb), canonical.digits(row.number)


def _clean(row: Json) -> Row:
    kept = {key: row[key] for key in ROW_KEYS if row.get(key) is not None}
    if kept.get("Remainder") is True:
        kept.pop("Amount", None)
    return kept


def _new(wanted: BankAccount, present: Json) -> Row:
    row: Row = {
        "AccountName": _spelled(wanted.name, present.get("AccountName")),
        "BSB": canonical.digits(wanted.bsb),
        "AccountNumber": present.get("AccountNumber") or wanted.number,
        "Remainder": wanted.remainder,
    }
    if wanted.statement:
        row["StatementText"] = _spelled(wanted.statement, present.get("StatementText"))
    if not wanted.remainder and wanted.cents is not None:
        row["Amount"] = wire.json_number(cents_to_dollars(wanted.cents))
    return row


def _spelled(wanted: str, present: Any) -> str:
    """Bank files carry no accents, so a new text is transliterated; an equal one stays as Xero
    spells it.
    """
    if isinstance(present, str) and canonical.loose(present) == canonical.loose(wanted):
        return present
    return canonical.plain(wanted)
