"""Tax details: HRA's declaration <-> canonical values (F4). Pure.

HRA wants a tax file number or an exemption in every update, and replaces the whole declaration. So
it is only written with a full valid number that HRA itself just showed, or where HRA itself holds
an exemption and no number; then the changed fields are laid over the declaration as read. A mask
never leaves: that would be an error of this program.
Shapes: the contract's RecordTaxDetailsAU and RecordTaxDetailsInputAU.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from agent import canonical, fields
from agent.employee import (
    UNKNOWN,
    Exemption,
    Loans,
    Tfn,
    Value,
    Values,
    cents_to_dollars,
    dollars_to_cents,
)
from agent.hra.wire import Draft, Json, cents, filled, flag, number, only, part, words

IDENTITY = "tfn_or_exemption"
EXEMPTIONS = ("UNQUOTED", "PENDING", "UNDER18", "PENSIONER")
BASES = ("FULL_TIME", "PART_TIME", "CASUAL", "LABOUR_HIRE", "SUPER_INCOME_STREAM")
RESIDENCIES = ("AUSTRALIAN_RESIDENT", "FOREIGN_RESIDENT", "WORKING_HOLIDAY_MAKER")
WORDS = {
    "employment_basis": ("employmentBasis", BASES),
    "residency": ("residencyStatus", RESIDENCIES),
}
FLAGS = {
    "resident_for_tax": "australianResidentForTaxPurposes",
    "tax_free_threshold": "taxFreeThresholdClaimed",
    "leave_loading": "eligibleToReceiveLeaveLoading",
}
LOANS = {
    "help": "hecsSupported",
    "sfss": "financialSupplementDebt",
    "trade": "tradeLoanSupport",
    "startup": "studentStartupLoan",
}
AMOUNTS = {
    "tax_offset": ("otherTaxOffsetClaimed", "offsetEstimatedAmountInCents"),
    "upward_variation": ("upwardVariationRequested", "increasedTaxWithholdingAmountInCents"),
}
VARIATION = ("hasApprovedWithholdingVariation", "approvedWithholdingVariationPercentage")
KEYS = (
    "tfn", "exemptType", *(key for key, _ in WORDS.values()), *FLAGS.values(), *LOANS.values(),
    *(key for pair in AMOUNTS.values() for key in pair), *VARIATION,
)  # fmt: skip

NO_FULL_TFN = (
    "HRA Cloud wants the full tax file number in every change of tax details, and it shows none "
    "for this person; nothing was written."
)
NO_EXEMPTION_OVER_TFN = "HRA Cloud holds a tax file number; an exemption never takes its place."
NEVER_EMPTY = "A tax file number or exemption is never taken away in HRA Cloud."
NOT_FULL = "Only a full, valid tax file number can be written."
NEW_ZEALAND = (
    "HRA Cloud holds New Zealand payroll details of this person; they are not changed by the agent."
)


# --- reading --------------------------------------------------------------------------------


def values(body: Json, *, clear: bool) -> dict[str, Value]:
    """Every field of the group `tax`. `clear`: the sign-in may see full tax file numbers.

    No declaration: every field None. A declaration that shows neither number nor exemption to a
    sign-in that may not see numbers hides one, since HRA wants one of the two in every update
    (contract): UNKNOWN (assumption A17).
    """
    au = part(body, "au")
    held = only(au, KEYS)
    if filled(part(body, "nz")) and not held:
        return {name: UNKNOWN for name in fields.names("tax")}
    if not held:
        return {name: None for name in fields.names("tax")}
    found = identity(au)
    return {
        IDENTITY: UNKNOWN if found is None and not clear else found,
        **{name: _word(au, key, known) for name, (key, known) in WORDS.items()},
        **{name: _answer(au, key) for name, key in FLAGS.items()},
        "loans": _loans(au),
        **{name: _amount(au, *keys) for name, keys in AMOUNTS.items()},
        "withholding_variation": _variation(au),
    }


def identity(au: Json) -> Value:
    """The TFN or the exemption as one value."""
    return canonical.tax_identity(words(au, "tfn"), words(au, "exemptType"))


def _word(au: Json, key: str, known: tuple[str, ...]) -> Value:
    found = words(au, key)
    return found if found is None or found in known else UNKNOWN


def _answer(au: Json, key: str) -> bool | None:
    """A yes or no; a question that nobody answered is empty, not a no (an eSS save of a number alone leaves them open)."""
    return flag(au, key) if au.get(key) is not None else None


def _loans(au: Json) -> Loans | None:
    if all(au.get(key) is None for key in LOANS.values()):
        return None
    kinds = frozenset(kind for kind, key in LOANS.items() if flag(au, key))
    return Loans(bool(kinds), kinds)


def _amount(au: Json, claimed: str, key: str) -> Decimal | None:
    # "Claimed, 0" is "not claimed" (field map); an amount that nobody claims is none.
    amount = cents(au, key)
    return cents_to_dollars(amount) if flag(au, claimed) and amount else None


def _variation(au: Json) -> Value:
    """Percent; UNKNOWN where one is approved but its percentage missing: absent is never 0 (F4)."""
    if not flag(au, VARIATION[0]):
        return None
    percent = number(au, VARIATION[1])
    return UNKNOWN if percent is None else percent


# --- writing --------------------------------------------------------------------------------


def draft(body: Json, wanted: Values) -> Draft:
    """The whole declaration as RecordTaxDetailsInput with `wanted` laid over it, or why it is not
    written.

    Raises ValueError if anything but a full valid number were about to be sent as a TFN.
    """
    if filled(part(body, "nz")):
        return Draft(None, {"tax": (NEW_ZEALAND,)})
    au = part(body, "au")
    sent = {key: value for key, value in only(au, KEYS).items() if key not in ("tfn", "exemptType")}
    shown, reason = _identity(identity(au), wanted)
    refused = {IDENTITY: (reason,)} if reason else {}
    if shown is None:
        return Draft(None, {**refused, "tax": (NO_FULL_TFN,)})
    for name, value in wanted.items():
        found = "" if name == IDENTITY else _lay(sent, name, value)
        if found:
            refused[name] = (found,)
    if len(refused) == len(wanted):
        return Draft(None, refused)
    return Draft({"au": {**filled(sent), **_identity_keys(shown)}}, refused)


def vanished(before: Json, after: Json) -> tuple[str, ...]:
    """The number or exemption that is not there any more after a write: facts, no values."""
    gone = identity(part(before, "au")) is not None and identity(part(after, "au")) is None
    return ("tax:tfn",) if gone else ()


def _identity(present: Value, wanted: Mapping[str, Value]) -> tuple[Tfn | Exemption | None, str]:
    """What goes out as number or exemption, and why a wanted one does not. None: nothing may be
    written at all.
    """
    kept = present if isinstance(present, Tfn | Exemption) else None
    if IDENTITY not in wanted:
        return kept, ""
    value = wanted[IDENTITY]
    if isinstance(value, Tfn):
        return (value, "") if canonical.is_tfn(value.number) else (kept, NOT_FULL)
    if value is None:
        return kept, NEVER_EMPTY
    if not isinstance(value, Exemption) or value.code not in EXEMPTIONS:
        return kept, NOT_FULL
    if isinstance(present, Exemption):
        return value, ""
    return kept, NO_EXEMPTION_OVER_TFN if present is not None else NO_FULL_TFN


def _identity_keys(shown: Tfn | Exemption) -> dict[str, str]:
    if isinstance(shown, Exemption):
        return {"exemptType": shown.code}
    if not canonical.is_tfn(shown.number):
        raise ValueError("a tax file number that is masked or not valid was about to be written")
    return {"tfn": shown.number}


def _lay(sent: dict[str, Any], name: str, value: Value) -> str:
    """Lay one changed field over the declaration; the reason if HRA cannot hold it."""
    if name in WORDS:
        key, known = WORDS[name]
        if value not in known:
            return f"HRA Cloud does not know this {fields.FIELDS[name].label}."
        sent[key] = value
    elif name in FLAGS:
        sent[FLAGS[name]] = bool(value)
    elif name == "loans":
        sent.update(_loan_flags(sent, value))
    elif name in AMOUNTS:
        return _lay_amount(sent, name, value)
    else:
        _lay_claim(
            sent, VARIATION, None if value is None else format(Decimal(value).normalize(), "f")
        )
    return ""


def _loan_flags(sent: Json, value: Loans) -> dict[str, bool]:
    """The four flags. A loan of no known kind is HECS where HRA has no flag set, else HRA's own
    flags stay.
    """
    if value.kinds is not None:
        return {key: kind in value.kinds for kind, key in LOANS.items()}
    if not value.any:
        return {key: False for key in LOANS.values()}
    held = {key: bool(sent.get(key)) for key in LOANS.values()}
    return held if any(held.values()) else {**held, LOANS["help"]: True}


def _lay_amount(sent: dict[str, Any], name: str, value: Decimal | None) -> str:
    try:
        amount = None if value is None else dollars_to_cents(value)
    except ValueError:
        return f"The {fields.FIELDS[name].label} is not a whole number of cents."
    _lay_claim(sent, AMOUNTS[name], amount)
    return ""


def _lay_claim(sent: dict[str, Any], keys: tuple[str, str], amount: int | str | None) -> None:
    """Claimed with its amount, or not claimed and no amount (never 0)."""
    claimed, key = keys
    sent[claimed] = amount is not None
    sent.pop(key, None)
    if amount is not None:
        sent[key] = amount
