"""THE FIELD TABLE: every field that the agent manages, as data.

For each field: its group, the words for it, which ways it may travel, whether it is sensitive, where it may not be
emptied, how it is compared (`tokens`) and what a side cannot hold (`problem`). Source: the field map of the product,
the contracts' schemas and, for lengths that the contract lacks, Xero's earlier published documentation.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from agent import canonical
from agent.employee import (
    UNKNOWN,
    Address,
    BankAccount,
    EndDate,
    Exemption,
    Loans,
    MaskedTfn,
    SuperMembership,
    Tfn,
    Value,
)

GROUPS = ("details", "bank", "super", "tax", "leave")

# Counts up when a comparison below changes: older digests are then first contact, so nothing overwrites (D2, D3).
NORMALISER_VERSION = 1

BANK_CHARACTERS = re.compile(r"[A-Za-z0-9 .,\-'&/()+]*")
HRA_DATES = (date(1900, 1, 1), date(2050, 12, 31))

Tokens = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """One row of the table. `tokens` maps a value to named comparison texts, most precise first."""

    name: str
    group: str
    label: str
    tokens: Callable[[Value], Tokens]
    limit: Callable[[Value, str], str | None]
    ways: frozenset[str]
    sensitive: bool = False
    required: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()


def same(name: str, one: Value, other: Value) -> bool:
    """Equal after normalising (D5). Two values that share no token (nothing comparable) are not equal."""
    if one is UNKNOWN or other is UNKNOWN:
        return False
    mine, theirs = FIELDS[name].tokens(one), FIELDS[name].tokens(other)
    for token in mine:
        if token in theirs:
            return mine[token] == theirs[token]
    return False


def problem(name: str, value: Value, target: str) -> str | None:
    """Why `target` (hra or xero) cannot hold this value, in plain words without the value; None when it can."""
    if value is None:
        return None
    return FIELDS[name].limit(value, target)


def shown(name: str, value: Value) -> str:
    """A value for a person's eyes in a plan: sensitive ones masked (R3, S4)."""
    if value is None:
        return "(empty)"
    if value is UNKNOWN:
        return "(not readable)"
    if isinstance(value, Tfn | MaskedTfn):
        return f"*** *** {value.last3}"
    if FIELDS[name].sensitive:
        return _masked(value)
    return str(value)


def glimpse(name: str, value: Value) -> str:
    """A value for the eyes of whoever chooses between two: sensitive ones masked, yet so that two can be told apart.

    For a page or terminal at the moment of choosing only, never stored or logged (S4).
    """
    if isinstance(value, Address):
        place = " ".join(part for part in (value.suburb, value.state, value.postcode) if part)
        return f"(street hidden) {place}".rstrip()
    if isinstance(value, EndDate):
        return value.day.isoformat()
    if name == "date_of_birth" and isinstance(value, date):
        return f"(day hidden) {value.year}"
    if name in ("phone", "mobile") and isinstance(value, str):
        return f"ending {canonical.digits(value)[-3:]}"
    if isinstance(value, tuple) and value and isinstance(value[0], BankAccount):
        return "\n".join(_bank_glimpse(row) for row in value)
    return shown(name, value)


def _bank_glimpse(row: BankAccount) -> str:
    amount = "the remainder" if row.remainder else f"${Decimal(row.cents or 0) / 100:.2f}"
    return f"BSB {row.bsb[:3]}..., account ending {row.number[-3:]}, {amount}"


def _masked(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(_masked_row(row) for row in value)
    if isinstance(value, Exemption):
        return "an exemption"
    return "(hidden)"


def _masked_row(row: Value) -> str:
    if isinstance(row, BankAccount):
        return f"account ending {row.number[-3:]}" + ("" if row.remainder else " (fixed amount)")
    if isinstance(row, SuperMembership):
        return f"{row.fund_name or 'fund'} ({'...' + row.member_number[-2:]})"
    return "(hidden)"


# --- how values are compared ------------------------------------------------------------------------------------


def _one(text: str) -> Tokens:
    return {"v": text}


def _text(value: Value) -> Tokens:
    return _one(" ".join(str(value).split()) if value is not None else "")


def _folded(value: Value) -> Tokens:
    return _one(str(value).casefold().strip() if value is not None else "")


def _title(value: Value) -> Tokens:
    return _one(str(value).casefold().strip().rstrip(".") if value is not None else "")


def _phone(value: Value) -> Tokens:
    return _one(canonical.phone_key(value) if value is not None else "")


def _date(value: Value) -> Tokens:
    return _one(value.isoformat() if value is not None else "")


def _end(value: EndDate | None) -> Tokens:
    return _one(value.day.isoformat() if value is not None else "")


def _bool(value: Value) -> Tokens:
    return _one("" if value is None else str(bool(value)).lower())


def _number(value: Value) -> Tokens:
    return _one("" if value is None else format(Decimal(value).normalize(), "f"))


def _hours(value: Value) -> Tokens:
    return _one("" if value is None else str(hours(value)))


def hours(value: Decimal) -> Decimal:
    """A leave balance in hours, rounded half up to 2 decimals (F5)."""
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _address(value: Address | None) -> Tokens:
    if value is None:
        return _one("")
    parts = (value.line1, value.line2, value.suburb, value.state, value.postcode, value.country)
    return _one(json.dumps([part.casefold() for part in parts]))


def _bank_row(row: BankAccount) -> list[str | int]:
    return [
        canonical.digits(row.bsb),
        canonical.digits(row.number),
        canonical.loose(row.name),
        -1 if row.remainder else (row.cents or 0),
        canonical.loose(row.statement),
    ]


def _bank(value: tuple[BankAccount, ...] | None) -> Tokens:
    rows = sorted((_bank_row(row) for row in value or ()), key=json.dumps)
    return _one(json.dumps(rows) if rows else "")


def _super(value: tuple[SuperMembership, ...] | None) -> Tokens:
    rows = value or ()
    if not rows:
        return {"usi": "", "abn": ""}
    tokens: dict[str, str] = {}
    if all(row.usi for row in rows):
        tokens["usi"] = _member_rows(rows, "usi")
    if all(row.abn for row in rows):
        tokens["abn"] = _member_rows(rows, "abn")
    return tokens or {"name": _member_rows(rows, "fund_name")}


def _member_rows(rows: tuple[SuperMembership, ...], key: str) -> str:
    return json.dumps(
        sorted(
            [str(getattr(row, key)).casefold(), row.member_number.strip().casefold()]
            for row in rows
        )
    )


def _tfn(value: Value) -> Tokens:
    if value is None:
        return {"number": "", "end": ""}
    if isinstance(value, Exemption):
        return {"number": f"exempt:{value.code}", "end": f"exempt:{value.code}"}
    if isinstance(value, Tfn):
        return {"number": value.number, "end": value.last3}
    return {"end": value.last3}


def _loans(value: Loans | None) -> Tokens:
    if value is None:
        return {"kinds": "", "any": ""}
    anything = {"any": str(value.any).lower()}
    if value.kinds is None:
        return anything
    return {"kinds": ",".join(sorted(value.kinds)) or "none", **anything}


# --- what a side cannot hold ------------------------------------------------------------------------------------


def _up_to(length: int) -> Callable[[Value, str], str | None]:
    def limit(value: Value, target: str) -> str | None:
        if target == "xero" and len(str(value)) > length:
            return (
                f"is longer than the {length} characters that Xero takes; shorten it in HRA Cloud"
            )
        return None

    return limit


def _email(value: str, target: str) -> str | None:
    if target == "xero" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "is not an e-mail address; correct it in HRA Cloud"
    return _up_to(100)(value, target)


def _any(value: Value, target: str) -> str | None:
    return None


def _hra_date(value: date, target: str) -> str | None:
    if target == "hra" and not HRA_DATES[0] <= value <= HRA_DATES[1]:
        return "is outside the years 1900 to 2050 that HRA Cloud takes"
    return None


def _hra_end_date(value: EndDate, target: str) -> str | None:
    return _hra_date(value.day, target)


def _address_limit(value: Address, target: str) -> str | None:
    if target == "hra":
        return None
    if value.country not in ("", canonical.AUSTRALIA):
        return "is outside Australia; Xero Payroll takes Australian addresses only"
    if value.state not in canonical.STATES.values():
        return "has no Australian state; set the state in HRA Cloud"
    if not value.line1 or not value.suburb:
        return "has no street line or no suburb; Xero needs both"
    if not re.fullmatch(r"[0-9]{4}", value.postcode):
        return "has no postcode of four digits"
    if max(len(value.line1), len(value.line2), len(value.suburb)) > 50:
        return "has a line longer than the 50 characters that Xero takes; shorten it in HRA Cloud"
    return None


def _bank_limit(value: tuple[BankAccount, ...], target: str) -> str | None:
    if len(value) > 4:
        return "has more than four accounts"
    if sum(row.remainder for row in value) != 1:
        return "needs exactly one account that takes the remainder"
    for row in value:
        found = _bank_row_limit(row, target)
        if found:
            return found
    return None


def _bank_row_limit(row: BankAccount, target: str) -> str | None:
    if not re.fullmatch(r"[0-9]{6}", row.bsb):
        return "has a BSB that is not six digits"
    if not row.remainder and not (row.cents and row.cents > 0):
        return "has an account without an amount that does not take the remainder"
    if not row.number or not row.name:
        return "has an account without a number or a name"
    if target == "hra":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", row.number):
        return "has an account number that is not one to nine digits; correct it in HRA Cloud"
    name, statement = canonical.plain(row.name), canonical.plain(row.statement)
    if len(name) > 32:
        return "has an account name longer than the 32 characters that Xero takes; shorten it in HRA Cloud"
    if len(statement) > 18:
        return "has a statement text longer than the 18 characters that Xero takes; shorten it in HRA Cloud"
    if not (BANK_CHARACTERS.fullmatch(name) and BANK_CHARACTERS.fullmatch(statement)):
        return "has an account name or statement text with characters that banks do not take"
    return None


def _super_limit(value: tuple[SuperMembership, ...], target: str) -> str | None:
    for row in value:
        if not row.member_number:
            return "has a membership without a member number"
        if target == "hra" and not row.abn:
            return "has a fund whose ABN is not known; HRA Cloud needs the fund's ABN"
        if target == "xero" and not (row.usi or row.abn):
            return "has a fund without USI and ABN; Xero cannot find it"
    return None


def _whole_dollars(value: Decimal, target: str) -> str | None:
    if target == "xero" and value != value.to_integral_value():
        return "is not a whole number of dollars; Xero takes whole dollars only"
    return None


def _variation_limit(value: Decimal, target: str) -> str | None:
    if value == 0:
        return "is 0 %, which means no tax is withheld; a person sets that in Xero"
    if not 0 < value <= 100:
        return "is not between 0 and 100 %"
    if target == "xero" and value != value.to_integral_value():
        return "is not a whole percent; Xero takes whole percents only"
    return None


def _basis_limit(value: str, target: str) -> str | None:
    if value == "NON_EMPLOYEE":
        return "is 'non-employee' in Xero, which HRA Cloud does not have"
    if value == "SUPER_INCOME_STREAM" and target == "xero":
        return "is a super income stream; set that in Xero itself"
    return None


def _residency_limit(value: str, target: str) -> str | None:
    if value == "WORKING_HOLIDAY_MAKER":
        return "is a working holiday maker; Xero also wants income type and country, so set it in Xero itself"
    return None


def _tfn_limit(value: Value, target: str) -> str | None:
    if isinstance(value, MaskedTfn):
        if not value.valid:
            return "is not a valid tax file number; ask the employee"
        return "is shown masked, and a masked number is never written"
    return None


# --- the table --------------------------------------------------------------------------------------------------

BOTH = frozenset({"to_hra", "to_xero"})
TO_HRA = frozenset({"to_hra"})
_BOTH_SIDES = frozenset({"hra", "xero"})

# One field a row.
# fmt: off
_ROWS = (
    Field("title", "details", "title", _title, _up_to(10), BOTH),
    Field("first_name", "details", "first name", _text, _up_to(35), BOTH, required=_BOTH_SIDES),
    Field("middle_names", "details", "middle names", _text, _up_to(35), BOTH),
    Field("last_name", "details", "last name", _text, _up_to(35), BOTH, required=_BOTH_SIDES),
    Field("date_of_birth", "details", "date of birth", _date, _hra_date, BOTH, True, _BOTH_SIDES),
    Field("gender", "details", "gender", _text, _any, BOTH, True),
    Field("home_address", "details", "home address", _address, _address_limit, BOTH, True, _BOTH_SIDES),
    Field("email", "details", "e-mail", _folded, _email, BOTH),
    Field("phone", "details", "phone", _phone, _up_to(50), BOTH, True),
    Field("mobile", "details", "mobile", _phone, _up_to(50), BOTH, True),
    Field("job_title", "details", "job title", _text, _up_to(50), BOTH),
    Field("start_date", "details", "start date", _date, _hra_date, BOTH, required=_BOTH_SIDES),
    Field("branch", "details", "branch", _text, _any, BOTH, required=_BOTH_SIDES),
    Field("end_date", "details", "end date", _end, _hra_end_date, TO_HRA, True, _BOTH_SIDES),
    Field("bank_accounts", "bank", "bank accounts", _bank, _bank_limit, BOTH, True, _BOTH_SIDES),
    Field("super_memberships", "super", "super memberships", _super, _super_limit, BOTH, True, _BOTH_SIDES),
    Field(
        "tfn_or_exemption",
        "tax",
        "TFN or exemption",
        _tfn,
        _tfn_limit,
        BOTH,
        True,
        _BOTH_SIDES,
        frozenset({"number"}),
    ),
    Field("employment_basis", "tax", "employment basis", _text, _basis_limit, BOTH, False, _BOTH_SIDES),
    Field("residency", "tax", "residency", _text, _residency_limit, BOTH, True, _BOTH_SIDES),
    Field("resident_for_tax", "tax", "resident for tax", _bool, _any, BOTH, True, _BOTH_SIDES),
    Field("tax_free_threshold", "tax", "tax-free threshold", _bool, _any, BOTH, True, _BOTH_SIDES),
    Field("loans", "tax", "study and training loans", _loans, _any, BOTH, True, _BOTH_SIDES),
    Field("tax_offset", "tax", "tax offset", _number, _whole_dollars, BOTH, True),
    Field("upward_variation", "tax", "upward variation", _number, _whole_dollars, BOTH, True),
    Field("withholding_variation", "tax", "withholding variation", _number, _variation_limit, BOTH, True),
    Field("leave_loading", "tax", "leave loading", _bool, _any, BOTH, False, _BOTH_SIDES),
    Field("annual_leave", "leave", "annual leave", _hours, _any, TO_HRA, required=_BOTH_SIDES),
    Field("personal_leave", "leave", "personal leave", _hours, _any, TO_HRA, required=_BOTH_SIDES),
    Field("long_service_leave", "leave", "long service leave", _hours, _any, TO_HRA, required=_BOTH_SIDES),
)
# fmt: on

FIELDS: Mapping[str, Field] = {row.name: row for row in _ROWS}
FIELD_GROUPS: Mapping[str, str] = {row.name: row.group for row in _ROWS}


def names(group: str) -> tuple[str, ...]:
    """The fields of one group, in table order."""
    return tuple(row.name for row in _ROWS if row.group == group)
