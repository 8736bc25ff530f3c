"""Tax: Xero's `TaxDeclaration` to canonical values and back (F4).

Pure. A write sends every mapped key that has a value, booleans too, and never a key without an HRA
twin. The full number leaves only where the caller hands in a valid Tfn; a mask never does. What a
posted declaration does to keys that it leaves out is undocumented (assumption A36), so `lost`
compares before and after.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agent import canonical
from agent.employee import UNKNOWN, Exemption, Loans, MaskedTfn, Tfn, Value, Values
from agent.fields import FIELDS, names, problem
from agent.xero import wire
from agent.xero.wire import Json

KEY = "TaxDeclaration"

BASES = {
    "FULL_TIME": "FULLTIME",
    "PART_TIME": "PARTTIME",
    "CASUAL": "CASUAL",
    "LABOUR_HIRE": "LABOURHIRE",
    "SUPER_INCOME_STREAM": "SUPERINCOMESTREAM",
    "NON_EMPLOYEE": "NONEMPLOYEE",
}
RESIDENCIES = {
    "AUSTRALIAN_RESIDENT": "AUSTRALIANRESIDENT",
    "FOREIGN_RESIDENT": "FOREIGNRESIDENT",
    "WORKING_HOLIDAY_MAKER": "WORKINGHOLIDAYMAKER",
}
EXEMPTIONS = {
    "UNQUOTED": "NOTQUOTED",
    "PENDING": "PENDING",
    "UNDER18": "UNDER18",
    "PENSIONER": "PENSIONER",
}
FLAGS = {
    "help": "HasHELPDebt",
    "sfss": "HasSFSSDebt",
    "trade": "HasTradeSupportLoanDebt",
    "startup": "HasStudentStartupLoan",
}
ANY_LOAN = "HasLoanOrStudentDebt"
WORDS = {
    "employment_basis": ("EmploymentBasis", BASES),
    "residency": ("ResidencyStatus", RESIDENCIES),
}
BOOLEANS = {
    "resident_for_tax": "AustralianResidentForTaxPurposes",
    "tax_free_threshold": "TaxFreeThresholdClaimed",
    "leave_loading": "EligibleToReceiveLeaveLoading",
}
AMOUNTS = {
    "tax_offset": "TaxOffsetEstimatedAmount",
    "upward_variation": "UpwardVariationTaxWithholdingAmount",
}
VARIATION = "ApprovedWithholdingVariationPercentage"
NUMBER = "TaxFileNumber"
EXEMPTION = "TFNExemptionType"

LOAN_KEYS = frozenset({*FLAGS.values(), ANY_LOAN})
MAPPED = frozenset(
    {
        NUMBER,
        EXEMPTION,
        VARIATION,
        "EmploymentBasis",
        "ResidencyStatus",
        *BOOLEANS.values(),
        *AMOUNTS.values(),
    }
    | LOAN_KEYS
)
# Never posted and never compared: Xero refuses the first ("not a valid element") and sets the
# second itself.
OWN_KEYS = frozenset({"EmployeeID", "UpdatedDateUTC"})

TAKEN_AWAY = "is taken away in HRA Cloud; a person takes it away in Xero"
EMPTIED = "is empty in HRA Cloud, and Xero's is never emptied"
OVER_NUMBER = "is an exemption in HRA Cloud, and an exemption is never written over a number"
FOREIGN_THRESHOLD = (
    "a foreign resident cannot claim the tax-free threshold; correct the tax details in HRA Cloud"
)

Refusals = dict[str, tuple[str, ...]]


def tax(raw: Json, stp2: bool) -> dict[str, Value]:
    """Every tax field. No declaration, or one without any mapped key, is None throughout.

    In a declaration that is there, an absent boolean is False (assumption A37). `stp2`: Xero's
    IsSTP2Qualified.
    """
    held = _held(raw)
    if not any(held.get(key) not in (None, "") for key in MAPPED):
        return dict.fromkeys(names("tax"))
    return {
        "tfn_or_exemption": _identity(held),
        **{name: _word(held.get(key), words) for name, (key, words) in WORDS.items()},
        **{name: held.get(key) is True for name, key in BOOLEANS.items()},
        "loans": _loans(held, stp2),
        **{name: _amount(held.get(key)) or None for name, key in AMOUNTS.items()},
        "withholding_variation": _amount(held.get(VARIATION)),
    }


def tax_body(raw: Json, changes: Values, stp2: bool) -> tuple[dict[str, Any], Refusals]:
    """The declaration as it is posted ({} for no write) and what of `changes` cannot be written,
    with reasons.

    Fields that are not in `changes` keep Xero's own present form. Raises ValueError rather than let
    a mask leave.
    """
    present = tax(raw, stp2)
    refused = _refused(present, changes)
    after = {name: value for name, value in changes.items() if name not in refused}
    if not after:
        return {}, refused
    whole = {**present, **after}
    if whole["residency"] == "FOREIGN_RESIDENT" and whole["tax_free_threshold"] is True:
        return {}, {**refused, "tax": (FOREIGN_THRESHOLD,)}
    held = _held(raw)
    body = {
        **_written_words(held, after),
        **_written_booleans(held, after),
        **_written_loans(held, whole["loans"], stp2),
        **_written_amounts(held, after),
        **_written_identity(held, after),
    }
    return {KEY: body}, refused


def lost(before: Json, body: Json, after: Json) -> tuple[str, ...]:
    """Keys of the declaration that a write made disappear, or changed though the agent does not
    manage them.
    """
    was, now, written = _held(before), _held(after), body.get(KEY) or {}
    return tuple(
        f"tax:{key}"
        for key in sorted(set(was) - OWN_KEYS)
        if was[key] not in (None, "") and _harmed(key, was[key], now.get(key), written)
    )


def _harmed(key: str, was: Any, now: Any, written: Json) -> bool:
    if key in written or (key == EXEMPTION and NUMBER in written):
        return key == NUMBER and not now
    if key in LOAN_KEYS:
        # The other way of saying the same loans: Xero may work it out anew from what was written.
        return now is None
    return bool(now != was)


# --- reading --------------------------------------------------------------------------------------


def _held(raw: Json) -> Json:
    found = raw.get(KEY)
    return found if isinstance(found, Mapping) else {}


def _identity(held: Json) -> Value:
    code = held.get(EXEMPTION)
    exemption = _word(code, EXEMPTIONS)
    if exemption is UNKNOWN and not held.get(NUMBER):
        return UNKNOWN
    return canonical.tax_identity(
        wire.text(held.get(NUMBER)), exemption if isinstance(exemption, str) else None
    )


def _word(value: Any, words: Mapping[str, str]) -> Value:
    """Our word for Xero's; a word that Xero has added since is UNKNOWN, not an error."""
    if value in (None, ""):
        return None
    return next((ours for ours, theirs in words.items() if theirs == value), UNKNOWN)


def _loans(held: Json, stp2: bool) -> Loans:
    kinds = frozenset(kind for kind, key in FLAGS.items() if held.get(key) is True)
    if not stp2:
        return Loans(bool(kinds), kinds)
    if held.get(ANY_LOAN) is None:
        return Loans(bool(kinds))
    return Loans(held[ANY_LOAN] is True)


def _amount(value: Any) -> Value:
    try:
        return wire.number(value)
    except ValueError:
        return UNKNOWN


# --- writing --------------------------------------------------------------------------------------


def _refused(present: Values, changes: Values) -> Refusals:
    found = ((name, _reason(name, value, present)) for name, value in changes.items())
    return {name: (f"it {reason}",) for name, reason in found if reason}


def _reason(name: str, value: Value, present: Values) -> str | None:
    if value is UNKNOWN:
        return "cannot be read in HRA Cloud"
    if value is None:
        return _why_not_emptied(name, present)
    if name == "tfn_or_exemption" and isinstance(value, Exemption):
        holds_number = isinstance(present[name], Tfn | MaskedTfn) or present[name] is UNKNOWN
        return OVER_NUMBER if holds_number else None
    return problem(name, value, "xero")


def _why_not_emptied(name: str, present: Values) -> str | None:
    if present[name] is None:
        return None
    return EMPTIED if "xero" in FIELDS[name].required else TAKEN_AWAY


def _written_words(held: Json, after: Values) -> dict[str, Any]:
    body = {}
    for name, (key, words) in WORDS.items():
        value = words[after[name]] if after.get(name) else held.get(key)
        # These two are set in Xero itself: they also want an income type and a country there.
        if value and value not in ("WORKINGHOLIDAYMAKER", "SUPERINCOMESTREAM"):
            body[key] = value
    return body


def _written_booleans(held: Json, after: Values) -> dict[str, Any]:
    """Each one is written out, since an absent one has been taken for false (reported: Xero-Net
    issue 224).
    """
    body = {}
    for name, key in BOOLEANS.items():
        value = after.get(name, held.get(key) is True if held else None)
        if value is not None:
            body[key] = value
    return body


def _written_loans(held: Json, loans: Value, stp2: bool) -> dict[str, Any]:
    if not isinstance(loans, Loans):
        return {}
    if stp2:
        return {ANY_LOAN: loans.any}
    return {key: kind in _kinds(held, loans) for kind, key in FLAGS.items()}


def _kinds(held: Json, loans: Loans) -> frozenset[str]:
    """Where only "any" is known, the kinds that Xero has stay; with none there it is HELP, by far
    the commonest.
    """
    if loans.kinds is not None:
        return loans.kinds
    present = frozenset(kind for kind, key in FLAGS.items() if held.get(key) is True)
    return (present or frozenset({"help"})) if loans.any else frozenset()


def _written_amounts(held: Json, after: Values) -> dict[str, Any]:
    """Whole dollars and whole percents; what is absent stays absent, for 0 would mean something
    else.
    """
    body = {}
    for name, key in (*AMOUNTS.items(), ("withholding_variation", VARIATION)):
        if after.get(name) is not None:
            body[key] = int(Decimal(after[name]))
        elif held.get(key) is not None:
            body[key] = held[key]
    return body


def _written_identity(held: Json, after: Values) -> dict[str, Any]:
    value = after.get("tfn_or_exemption")
    if isinstance(value, Tfn) and canonical.is_tfn(value.number):
        return {NUMBER: value.number}
    if isinstance(value, Exemption):
        return {EXEMPTION: EXEMPTIONS[value.code]}
    if value is not None:
        raise ValueError("a masked or invalid tax file number was about to be written")
    if held.get(EXEMPTION) and not held.get(NUMBER):
        return {EXEMPTION: held[EXEMPTION]}
    return {}
