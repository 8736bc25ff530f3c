"""Bank accounts: HRA's list <-> the canonical list (F2). Pure.

The list is replaced whole. A row that stays keeps its id and HRA's own spelling of every part that
is equal after normalising (D5). Shapes: the contract's RecordBankAccountAU and
RecordBankAccountInputAU.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from agent import canonical, fields
from agent.employee import UNKNOWN, BankAccount, Value
from agent.hra.wire import Draft, Json, cents, filled, flag, rows, words

FIELD = "bank_accounts"
LONGEST = {"number": 64, "name": 64, "statement": 64}
MOST = 4

NEW_ZEALAND = (
    "HRA Cloud holds New Zealand payroll details of this person; they are not changed by the agent."
)
NEVER_EMPTY = "An empty list of bank accounts is never written."


# --- reading --------------------------------------------------------------------------------


def values(body: Json) -> dict[str, Value]:
    """The field of the group `bank`, in HRA's order with the remainder account last; UNKNOWN for
    New Zealand rows.
    """
    if rows(body, "nz"):
        return {FIELD: UNKNOWN}
    read = [_row(raw, place) for place, raw in enumerate(rows(body, "au"))]
    return {FIELD: tuple(sorted(read, key=lambda row: (row.remainder, row.order))) or None}


def _row(raw: Json, place: int) -> BankAccount:
    remainder = flag(raw, "remainder")
    order = cents(raw, "accountOrder")
    return BankAccount(
        bsb=canonical.digits(words(raw, "bsb")),
        number=re.sub(r"[\s-]", "", words(raw, "number") or ""),
        name=words(raw, "name") or "",
        cents=None if remainder else cents(raw, "amountInCents"),
        remainder=remainder,
        statement=words(raw, "statementText") or "",
        id=words(raw, "id"),
        order=place if order is None else order,
    )


# --- writing --------------------------------------------------------------------------------


def draft(body: Json, wanted: Mapping[str, Value]) -> Draft:
    """The whole list as RecordBankAccountsInput, or why it is not written."""
    value = wanted[FIELD]
    reason = _unfit(body, value)
    if reason:
        return Draft(None, {FIELD: (reason,)})
    present = [(_row(raw, place), raw) for place, raw in enumerate(rows(body, "au"))]
    pairs = _paired(value, present)
    listed = [_input(row, raw) for row, raw in pairs]
    return Draft({"au": _ordered(listed, [raw for _, raw in pairs])})


def _unfit(body: Json, value: tuple[BankAccount, ...] | None) -> str:
    if rows(body, "nz"):
        return NEW_ZEALAND
    if not value:
        return NEVER_EMPTY
    for key, longest in LONGEST.items():
        if max(len(getattr(row, key)) for row in value) > longest:
            return f"A bank account has a {key} longer than HRA Cloud's {longest} characters."
    return ""


Present = list[tuple[BankAccount, Json]]


def _paired(value: tuple[BankAccount, ...], present: Present) -> list[tuple[BankAccount, Json]]:
    """Each new row with HRA's row that it stands for: the equal one first, else the one of the same
    account.
    """
    left = list(present)
    equal = [_take(left, partial(_same, row)) for row in value]
    found = [
        raw or _take(left, partial(_same_account, row))
        for row, raw in zip(value, equal, strict=True)
    ]
    return [(row, raw or {}) for row, raw in zip(value, found, strict=True)]


def _take(left: Present, fits: Callable[[BankAccount], bool]) -> Json | None:
    for place, (mine, raw) in enumerate(left):
        if fits(mine):
            del left[place]
            return raw
    return None


def _same(one: BankAccount, other: BankAccount) -> bool:
    return fields.same(FIELD, (one,), (other,))


def _same_account(one: BankAccount, other: BankAccount) -> bool:
    key = [(row.bsb, canonical.digits(row.number)) for row in (one, other)]
    return key[0] == key[1]


def _input(row: BankAccount, raw: Json) -> dict[str, Any]:
    mine = _row(raw, 0)
    new = {
        "id": raw.get("id"),
        "bsb": _own(raw, "bsb", mine.bsb == row.bsb, f"{row.bsb[:3]}-{row.bsb[3:]}"),
        "number": _own(raw, "number", _same_account(mine, row), row.number),
        "name": _own(raw, "name", _alike(mine.name, row.name), row.name),
        "statementText": _own(
            raw, "statementText", _alike(mine.statement, row.statement), row.statement
        ),
        "amountInCents": row.cents,
    }
    if row.remainder:
        new["amountInCents"] = raw.get("amountInCents") if mine.remainder else None
    return {**filled(new), "remainder": row.remainder}


def _own(raw: Json, key: str, equal: bool, value: str) -> Any:
    return raw.get(key) if equal and raw.get(key) else value


def _alike(one: str, other: str) -> bool:
    return canonical.loose(one) == canonical.loose(other)


def _ordered(listed: list[dict[str, Any]], raws: list[Json]) -> list[dict[str, Any]]:
    """Rows that stay keep HRA's order among them; with a new row the remainder comes last."""
    orders = [_place(raw) for raw in raws]
    settled = len({*orders}) == len(orders) and max(orders) < MOST
    keys = [
        (not settled and row["remainder"], order) for row, order in zip(listed, orders, strict=True)
    ]
    places = sorted(range(len(listed)), key=keys.__getitem__)
    return [{**listed[i], "accountOrder": order} for order, i in enumerate(places)]


def _place(raw: Json) -> int:
    found = raw.get("accountOrder")
    return found if isinstance(found, int) else MOST


def vanished(sent: Json, after: Json) -> tuple[str, ...]:
    """A list shorter than the one that was sent: facts, no values."""
    return ("bank:rows",) if len(rows(after, "au")) < len(rows(sent, "au")) else ()
