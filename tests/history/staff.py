"""Made-up people by number, no two of them alike in anything by which somebody could be taken for another."""

from datetime import date, timedelta
from random import Random

from agent.employee import Address, Tfn, Value
from agent.sandbox.identifiers import make_tfn
from tests.unit.canonical_values import THREE, account, membership

FIRST = ("Ada", "Ben", "Cleo", "Dov", "Ebru", "Finn", "Gus", "Hana", "Ines", "Jori", "Kai", "Lena")
LAST = ("Abbot", "Baxter", "Castle", "Dunne", "Ellery", "Falk", "Greer", "Holt", "Irving", "Jansz")
ENDS = ("son", "man", "field", "ton", "well", "worth", "by", "ham", "ley", "more", "wick", "stead")


def name_of(n: int) -> tuple[str, str]:
    """First and last name; a surname of its own for each of the first 1,440."""
    first, rest = FIRST[n % len(FIRST)], n // len(FIRST)
    return first, LAST[rest % len(LAST)] + ENDS[n % len(ENDS)] + ENDS[rest // len(LAST)]


def born(n: int) -> date:
    return date(1955, 1, 1) + timedelta(days=13 * n)


def somebody(n: int, branch: str) -> dict[str, Value]:
    """A whole record, as both sides can hold it."""
    first, last = name_of(n)
    taken = {name: values[0] for name, values in THREE.items()}
    return {
        **taken,
        "first_name": first,
        "last_name": last,
        "date_of_birth": born(n),
        "email": f"{first}.{last}{n}@example.com".lower(),
        "mobile": f"0491 {570 + n // 1000} {n % 1000:03}",
        "phone": f"02 {5550 + n // 10_000} {n % 10_000:04}",
        "home_address": Address(f"{n + 1} Alpha St", "", "Newtown", "NSW", "2042", "AUSTRALIA"),
        "residency": "AUSTRALIAN_RESIDENT",
        "bank_accounts": (account(f"{44_000_000 + n}"),),
        "super_memberships": (membership("STA0100AU", f"{77_000_000 + n}"),),
        "tfn_or_exemption": Tfn(make_tfn(Random(n))),
        "branch": branch,
    }
