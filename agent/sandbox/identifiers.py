"""Makes and checks Australian identifiers: TFN, ABN, BSB and USI. Pure; randomness is handed in.

The made numbers carry valid check digits and belong to nobody on purpose: they are drawn at random
for invented people. Weights are the published ones (ATO for the TFN, ABR for the ABN); a BSB has no
check digit.
"""

import re
from random import Random

TFN_WEIGHTS = (1, 4, 3, 7, 5, 8, 6, 9, 10)
ABN_WEIGHTS = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
BSB_BANKS = ("01", "03", "06", "08", "11", "18", "48", "63", "73", "93")
"""First two digits of a BSB name the bank; these are in public use."""

USI_FUND_CODE = re.compile(r"[A-Z]{3}\d{4}AU")


def digits(text: str) -> str:
    """Only the ASCII digits of *text*, in order."""
    return "".join(character for character in text if character in "0123456789")


def is_tfn(text: str) -> bool:
    """True for nine digits (spaces allowed) whose weighted sum is a multiple of 11."""
    plain = text.replace(" ", "")
    if len(plain) != 9 or digits(plain) != plain:
        return False
    return _weighted(plain, TFN_WEIGHTS) % 11 == 0


def is_abn(text: str) -> bool:
    """True for eleven digits (spaces allowed) that pass the ABN's modulus 89 check."""
    plain = text.replace(" ", "")
    if len(plain) != 11 or digits(plain) != plain or plain[0] == "0":
        return False
    return (_weighted(plain, ABN_WEIGHTS) - ABN_WEIGHTS[0]) % 89 == 0


def is_bsb(text: str) -> bool:
    """True for six digits, plain or with a hyphen or space after the third."""
    return re.fullmatch(r"[0-9]{3}[- ]?[0-9]{3}", text) is not None


def is_usi(text: str) -> bool:
    """True for a fund code such as STA0100AU, or an ABN followed by three digits."""
    plain = text.replace(" ", "").upper()
    if USI_FUND_CODE.fullmatch(plain):
        return True
    return len(plain) == 14 and digits(plain) == plain and is_abn(plain[:11])


def make_tfn(random: Random) -> str:
    """A nine-digit TFN with a valid check digit."""
    while True:
        head = "8" + "".join(random.choices("0123456789", k=7))
        last = _weighted(head, TFN_WEIGHTS[:8]) % 11
        # 10 weighs as -1 modulo 11, so the last digit must equal the sum of the others.
        if last < 10:
            return f"{head}{last}"


def make_abn(random: Random) -> str:
    """An eleven-digit ABN with valid leading check digits."""
    tail = "".join(random.choices("0123456789", k=9))
    head = 10 + -_weighted(tail, ABN_WEIGHTS[2:]) % 89
    return f"{head}{tail}"


def make_bsb(random: Random) -> str:
    """A six-digit BSB of a bank that exists, branch made up."""
    return random.choice(BSB_BANKS) + "".join(random.choices("0123456789", k=4))


def make_account_number(random: Random) -> str:
    """Six to nine digits; one in four begins with a zero, which must never be lost."""
    length = random.randint(6, 9)
    first = "0" if random.random() < 0.25 else random.choice("123456789")
    return first + "".join(random.choices("0123456789", k=length - 1))


def _weighted(number: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True))
