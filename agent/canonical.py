"""Canonical forms: one spelling for every value, so that a difference in form alone never travels (D5).

Pure functions from a side's text to the canonical value of `agent.employee`. Both mappings use them.
"""

import re
from datetime import date

from anyascii import anyascii

from agent.employee import Address, Exemption, MaskedTfn, Tfn, Value

STATES = {
    "ACT": "ACT",
    "AUSTRALIAN CAPITAL TERRITORY": "ACT",
    "NSW": "NSW",
    "NEW SOUTH WALES": "NSW",
    "NT": "NT",
    "NORTHERN TERRITORY": "NT",
    "QLD": "QLD",
    "QUEENSLAND": "QLD",
    "SA": "SA",
    "SOUTH AUSTRALIA": "SA",
    "TAS": "TAS",
    "TASMANIA": "TAS",
    "VIC": "VIC",
    "VICTORIA": "VIC",
    "WA": "WA",
    "WESTERN AUSTRALIA": "WA",
}
AUSTRALIA = "AUSTRALIA"

# The ATO's placeholder numbers mean an exemption, whatever their check digit says (F4).
TFN_CODES = {
    "000000000": "UNQUOTED",
    "111111111": "PENDING",
    "333333333": "UNDER18",
    "444444444": "PENSIONER",
}
_TFN_WEIGHTS = (1, 4, 3, 7, 5, 8, 6, 9, 10)
_ABN_WEIGHTS = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)


def text(value: str | None) -> str | None:
    """Inner spaces collapsed, ends stripped; nothing left is None."""
    if value is None:
        return None
    return " ".join(value.split()) or None


def digits(value: str | None) -> str:
    """Only the digits, leading zeros kept."""
    return re.sub(r"\D", "", value or "")


def phone_key(value: str) -> str:
    """What two spellings of one Australian number share: its digits with +61 turned into 0."""
    bare = digits(value)
    if value.strip().startswith("+61") or (bare.startswith("61") and len(bare) == 11):
        return "0" + bare[2:].removeprefix("0")
    if bare.startswith("0061"):
        return "0" + bare[4:].removeprefix("0")
    return bare or value.strip().casefold()


def plain(value: str) -> str:
    """Accents and letters beyond ASCII transliterated, as bank files need it ("José" is "Jose")."""
    return anyascii(value)


def loose(value: str) -> str:
    """Compared without case, accents and extra spaces (M1)."""
    return " ".join(plain(value).casefold().split())


def iso_date(value: str | None) -> date | None:
    """A calendar date from the first ten characters of an ISO form; None for nothing. Raises ValueError."""
    if not value or not value.strip():
        return None
    return date.fromisoformat(value.strip()[:10])


def address(
    line1: str | None,
    line2: str | None,
    suburb: str | None,
    state: str | None,
    postcode: str | None,
    country: str | None,
) -> Address | None:
    """One address value, or None when every part but the country is empty.

    A state's long name becomes its short one; an Australian state without a country is in Australia.
    """
    parts = [text(part) or "" for part in (line1, line2, suburb, state, postcode)]
    if not any(parts):
        return None
    short = STATES.get(parts[3].upper(), parts[3])
    land = (text(country) or "").upper()
    if not land and short in STATES.values():
        land = AUSTRALIA
    return Address(parts[0], parts[1], parts[2], short, parts[4], land)


def is_tfn(number: str) -> bool:
    """Nine digits that pass the TFN check (weights 1 4 3 7 5 8 6 9 10, modulo 11) and are no exemption code."""
    if not re.fullmatch(r"[0-9]{9}", number) or number in TFN_CODES:
        return False
    total = sum(w * int(d) for w, d in zip(_TFN_WEIGHTS, number, strict=True))
    return total % 11 == 0


def is_abn(number: str) -> bool:
    """Eleven digits that pass the ABN check (first less one, weights 10 1 3 ..., modulo 89)."""
    if not re.fullmatch(r"[0-9]{11}", number):
        return False
    numbers = [int(d) for d in number]
    numbers[0] -= 1
    return sum(w * n for w, n in zip(_ABN_WEIGHTS, numbers, strict=True)) % 89 == 0


def tax_identity(number: str | None, exemption: str | None) -> Value:
    """The TFN and the exemption as one value (F4): Tfn, MaskedTfn, Exemption or None.

    A text with any sign of a mask is a MaskedTfn, as is a number that fails its check (`valid` False): neither
    ever leaves as data. How a mask looks is undocumented (assumption A4); only its last three digits are used.
    """
    shown = (number or "").strip()
    bare = digits(shown)
    if shown and bare in TFN_CODES and _only_number(shown):
        return Exemption(TFN_CODES[bare])
    if shown and _only_number(shown):
        return Tfn(bare) if is_tfn(bare) else MaskedTfn(bare[-3:], valid=False)
    if shown:
        return MaskedTfn(bare[-3:])
    return Exemption(exemption) if exemption else None


def _only_number(shown: str) -> bool:
    return re.fullmatch(r"[0-9][0-9 \-]*", shown) is not None and len(digits(shown)) > 3


def usi(value: str | None) -> str:
    """A USI without spaces, upper case; "" for none."""
    return re.sub(r"\s", "", value or "").upper()


def abn_of_usi(code: str) -> str:
    """The ABN that a 14-digit USI begins with, "" for the nine-character kind."""
    if re.fullmatch(r"[0-9]{14}", code) and is_abn(code[:11]):
        return code[:11]
    return ""
