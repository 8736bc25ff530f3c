"""The eSS form: what it shows of one employee, and what of a posted form is a change.

Pure. `as_values` fills the fields, `read` gives the changed sections or the sentences to show. The
TFN is write-only: its field is always empty, and empty means unchanged.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from agent.sandbox.hra.store import Json, Record
from agent.sandbox.identifiers import digits, is_bsb, is_tfn
from agent.sandbox.names import FUNDS, Fund

BANK_PLACES = 4
SUPER_PLACES = 2
HOME = (
    ("line1", "Street address"), ("line2", "Second line"), ("suburb", "Suburb or town"),
    ("state", "State"), ("postcode", "Postcode"), ("country", "Country"),
)  # fmt: skip
REGULATED = tuple(fund for fund in FUNDS if fund.type == "REGULATED")
LIMITS = {"bank name": 32, "account number": 9, "statement": 18}


@dataclass
class Changes:
    """What a posted form changes: a section that is None stays. *wrong*: a sentence per field."""

    details: Json | None = None
    banks: list[Json] | None = None
    supers: list[Json] | None = None
    tax: Json | None = None
    wrong: dict[str, str] = field(default_factory=dict)

    @property
    def sections(self) -> tuple[str, ...]:
        """Names of the changed sections, as a hook carries them."""
        by_name = {
            "details": self.details,
            "bank-accounts": self.banks,
            "retirement-savings": self.supers,
            "tax-details": self.tax,
        }
        return tuple(name for name, change in by_name.items() if change is not None)


def as_values(record: Record) -> dict[str, str]:
    """Field name to text of every field of the form, for *record*; the TFN's is empty."""
    home = record.details.get("contacts", {}).get("home", {})
    address = record.details.get("personalAddress", {})
    values = {"phone": home.get("phone", ""), "mobile": home.get("mobile", ""), "tfn": ""}
    values |= {key: address.get(key, "") for key, _ in HOME}
    for place in range(BANK_PLACES):
        values |= _bank_values(place, record.banks)
    for place in range(SUPER_PLACES):
        values |= _super_values(place, own_rows(record))
    rests = [str(place) for place, row in enumerate(record.banks) if row["remainder"]]
    return values | {"remainder": rests[0] if rests else "0"}


def own_rows(record: Record) -> list[Json]:
    """The memberships that the form can change: regulated funds."""
    return [row for row in record.supers if row["type"] == "REGULATED"][:SUPER_PLACES]


def fund_choices(record: Record) -> list[tuple[str, str]]:
    """(value, label) of every fund to choose from: the known ones and the employee's own."""
    choices = {fund.usi: fund.name for fund in REGULATED}
    for row in own_rows(record):
        choices.setdefault(_fund_key(row), row["name"])
    return list(choices.items())


def read(form: Mapping[str, str], record: Record) -> Changes:
    """What *form* changes on *record*, or what is wrong with it."""
    sent = {key: value.strip() for key, value in form.items()}
    changes = Changes()
    _read_details(sent, record, changes)
    _read_banks(sent, record, changes)
    _read_supers(sent, record, changes)
    _read_tfn(sent, record, changes)
    return changes


# details


def _read_details(sent: dict[str, str], record: Record, changes: Changes) -> None:
    shown = as_values(record)
    names = ("phone", "mobile", *(key for key, _ in HOME))
    if all(sent.get(name, shown[name]) == shown[name] for name in names):
        return
    values = {name: sent.get(name, shown[name]) for name in names}
    changes.wrong |= _wrong_details(values)
    changes.details = _with_details(record.details, values)


def _wrong_details(values: dict[str, str]) -> dict[str, str]:
    wrong = {}
    for name in ("phone", "mobile"):
        if values[name] and not re.fullmatch(r"\+?[0-9 ()-]{8,20}", values[name]):
            wrong[name] = "Write the number with its digits, for example 0491 570 156."
    if not values["line1"]:
        wrong["line1"] = "Your street address is needed."
    if not values["country"]:
        wrong["country"] = "Name the country."
    at_home = values["country"].casefold() == "australia"
    if at_home and not re.fullmatch(r"[0-9]{4}", values["postcode"]):
        wrong["postcode"] = "An Australian postcode has four digits."
    if at_home and not values["state"]:
        wrong["state"] = "Choose a state, for example NSW."
    for name in (key for key in values if len(values[key]) > 128):
        wrong[name] = "At most 128 characters."
    return wrong


def _with_details(details: Json, values: dict[str, str]) -> Json:
    contacts = details.get("contacts", {})
    phones = {"phone": values["phone"], "mobile": values["mobile"]}
    home = _filled(contacts.get("home", {}) | phones)
    address = _filled({key: values[key] for key, _ in HOME})
    return details | {"contacts": contacts | {"home": home}, "personalAddress": address}


# bank accounts


def _bank_values(place: int, rows: list[Json]) -> dict[str, str]:
    row = rows[place] if place < len(rows) else {}
    cents = row.get("amountInCents")
    amount = "" if cents is None or row.get("remainder") else str(Decimal(cents) / 100)
    return {
        f"bank-{place}-id": row.get("id", ""),
        f"bank-{place}-bsb": row.get("bsb", ""),
        f"bank-{place}-number": row.get("number", ""),
        f"bank-{place}-name": row.get("name", ""),
        f"bank-{place}-amount": amount,
        f"bank-{place}-statement": row.get("statementText", ""),
    }


def _read_banks(sent: dict[str, str], record: Record, changes: Changes) -> None:
    shown = as_values(record)
    names = [name for name in shown if name.startswith("bank-")]
    if not any(name in sent for name in names):
        return
    used = [place for place in range(BANK_PLACES) if _has_bank(sent, place)]
    rests = sent.get("remainder", "0")
    same = all(sent.get(name, "") == shown[name] for name in names)
    if same and rests == shown["remainder"]:
        return
    if not used:
        changes.wrong["bank"] = "Keep at least one bank account."
    elif rests not in {str(place) for place in used}:
        changes.wrong["bank"] = "Choose which account takes the rest of your pay."
    for place in used:
        changes.wrong |= _wrong_bank(sent, place, rests == str(place))
    if not any(name.startswith("bank") for name in changes.wrong):
        changes.banks = _bank_rows(sent, used, rests, record)


def _has_bank(sent: dict[str, str], place: int) -> bool:
    return any(sent.get(f"bank-{place}-{part}") for part in ("bsb", "number", "name", "amount"))


def _wrong_bank(sent: dict[str, str], place: int, rest: bool) -> dict[str, str]:
    value = {part: sent.get(f"bank-{place}-{part}", "") for part in ("number", "name", "statement")}
    wrong = {}
    if not is_bsb(sent.get(f"bank-{place}-bsb", "")):
        wrong["bsb"] = "A BSB has six digits, for example 062-000."
    if not re.fullmatch(r"[0-9]{1,9}", value["number"].replace(" ", "")):
        wrong["number"] = "An account number has up to nine digits."
    if not 0 < len(value["name"]) <= LIMITS["bank name"]:
        wrong["name"] = "Name the account holder, in at most 32 characters."
    if len(value["statement"]) > LIMITS["statement"]:
        wrong["statement"] = "At most 18 characters."
    if not rest and _cents(sent.get(f"bank-{place}-amount", "")) is None:
        wrong["amount"] = "Write an amount in dollars, for example 150.00."
    return {f"bank-{place}-{part}": sentence for part, sentence in wrong.items()}


def _bank_rows(sent: dict[str, str], used: list[int], rests: str, record: Record) -> list[Json]:
    known = {row["id"] for row in record.banks}
    rows = []
    for order, place in enumerate(sorted(used, key=lambda place: rests == str(place))):
        value = {part: sent.get(f"bank-{place}-{part}", "") for part in ("id", "bsb", "name")}
        bsb = digits(value["bsb"])
        row = {
            "id": value["id"] if value["id"] in known else None,
            "bsb": f"{bsb[:3]}-{bsb[3:]}",
            "number": digits(sent[f"bank-{place}-number"]),
            "name": value["name"],
            "amountInCents": None
            if rests == str(place)
            else _cents(sent.get(f"bank-{place}-amount", "")),
            "statementText": sent.get(f"bank-{place}-statement", ""),
        }
        rows.append(_filled(row) | {"remainder": rests == str(place), "accountOrder": order})
    return rows


def _cents(dollars: str) -> int | None:
    try:
        cents = Decimal(dollars.replace("$", "").replace(",", "")) * 100
    except InvalidOperation:
        return None
    if not cents.is_finite() or cents != int(cents) or not 0 < cents < 10**9:
        return None
    return int(cents)


# super


def _fund_key(row: Json) -> str:
    return str(row.get("usi") or f"own:{row['id']}")


def _super_values(place: int, rows: list[Json]) -> dict[str, str]:
    row = rows[place] if place < len(rows) else None
    return {
        f"super-{place}-fund": "" if row is None else _fund_key(row),
        f"super-{place}-member": "" if row is None else row["memberNumber"],
    }


def _read_supers(sent: dict[str, str], record: Record, changes: Changes) -> None:
    shown, rows = as_values(record), own_rows(record)
    changed = []
    for place in range(SUPER_PLACES):
        names = (f"super-{place}-fund", f"super-{place}-member")
        fund, member = (sent.get(name, shown[name]) for name in names)
        if (fund, member) == (shown[names[0]], shown[names[1]]):
            continue
        if not fund or not member:
            changes.wrong[names[1]] = "A membership needs a fund and your member number."
            continue
        before = rows[place] if place < len(rows) else None
        changed.append(_super_row(fund, member, before))
    if changed:
        changes.supers = changed


def _super_row(chosen: str, member: str, before: Json | None) -> Json:
    known: dict[str, Fund] = {fund.usi: fund for fund in REGULATED}
    row: Json = {"memberNumber": member, "type": "REGULATED"}
    if before is not None:
        row["id"] = before["id"]
    if chosen in known:
        fund = known[chosen]
        return row | {"name": fund.name, "abn": fund.abn, "usi": fund.usi}
    same = {key: before[key] for key in ("name", "abn", "usi") if before and key in before}
    return row | same


# tax


def _read_tfn(sent: dict[str, str], record: Record, changes: Changes) -> None:
    tfn = sent.get("tfn", "")
    if not tfn:
        return
    if not is_tfn(tfn):
        changes.wrong["tfn"] = "This is no valid tax file number: check its nine digits."
        return
    times = ("dateCreatedUTC", "dateUpdatedUTC", "exemptType")
    kept = {key: value for key, value in (record.tax or {}).items() if key not in times}
    new = tfn.replace(" ", "")
    if kept.get("tfn") != new:
        changes.tax = kept | {"tfn": new}


def _filled(values: Json) -> Json:
    return {key: value for key, value in values.items() if value not in (None, "")}
