"""The invented people of both sandboxes: who they are, and how each stands on the Xero side.

Deterministic: the same seed gives the same person at the same index, whatever the count. The first
20 hold every special case once; from there on an ordinary mix repeats. Nobody here exists.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from unicodedata import combining, normalize

from agent.sandbox.identifiers import make_account_number, make_bsb, make_tfn
from agent.sandbox.names import (
    BASIS_OF_TYPE,
    BRANCHES,
    EMPLOYMENT_TYPES,
    FIRST_NAMES,
    FUNDS,
    GROUPS,
    LAST_NAMES,
    MIDDLE_NAMES,
    PLACES,
    POSITIONS,
    PREFERRED,
    ROOT_BRANCH,
    STATE_NAMES,
    STREETS,
    Fund,
)

__all__ = [
    "BRANCHES", "FUNDS", "GROUPS", "ROOT_BRANCH", "Address", "Bank", "Fund", "Leave", "Person",
    "Super", "Tax", "people", "xero_twin",
]  # fmt: skip


@dataclass(frozen=True)
class Address:
    """An address as typed; parts may be empty. *state* may be written out on the HRA side."""

    line1: str
    line2: str
    suburb: str
    state: str
    postcode: str
    country: str


@dataclass(frozen=True)
class Bank:
    """One bank account. *bsb* is six plain digits; *cents* is None on the remainder account."""

    bsb: str
    number: str
    name: str
    cents: int | None
    remainder: bool
    statement: str


@dataclass(frozen=True)
class Super:
    """One super membership. *type* is REGULATED or SMSF; bsb and number are the SMSF's own."""

    type: str
    name: str
    abn: str
    usi: str
    esa: str
    member_number: str
    bsb: str = ""
    number: str = ""


@dataclass(frozen=True)
class Tax:
    """Tax details in HRA's words: nine-digit *tfn* or an *exemption*, never both."""

    tfn: str | None
    exemption: str | None
    employment_basis: str
    residency: str = "AUSTRALIAN_RESIDENT"
    resident_for_tax: bool = True
    threshold: bool = True
    loans: frozenset[str] = frozenset()
    offset_dollars: int | None = None
    upward_dollars: int | None = None
    variation_percent: str | None = None
    leave_loading: bool = False


@dataclass(frozen=True)
class Leave:
    """Balances in hours, with up to four decimals."""

    annual: Decimal
    personal: Decimal
    long_service: Decimal


@dataclass(frozen=True)
class Person:
    """One invented person, as HRA's side would type them; `xero_twin` gives the other side.

    *xero_differs* names the sections that somebody typed differently in Xero. *born* is None for
    the one person whom Xero could not take. *ended* is the end date of whichever side knows it.
    """

    key: str
    title: str
    first: str
    middle: str
    last: str
    preferred: str
    born: date | None
    gender: str
    address: Address
    postal: Address | None
    email: str
    work_email: str
    phone: str
    mobile: str
    position: str
    number: str
    started: date
    ended: date | None
    end_reason: str | None
    group: str
    branch: str
    employment_type: str
    banks: tuple[Bank, ...]
    supers: tuple[Super, ...]
    tax: Tax | None
    leave: Leave | None
    in_hra: bool
    in_xero: bool
    hra_status: str
    stp2: bool
    xero_differs: frozenset[str] = frozenset()


def people(count: int = 40, seed: int = 1) -> tuple[Person, ...]:
    """*count* people; the first 20 hold every special case, so ask for at least 20 to meet all."""
    made: list[Person] = []
    for index in range(count):
        person = _ordinary(index, Random(f"{seed}-{index}"))
        if index in RELATED:
            person = RELATED[index](person, made[-1])
        special = SPECIAL.get(index if index < 20 else 20 + index % 20)
        made.append(special(person) if special else person)
    return tuple(made)


def xero_twin(person: Person) -> Person:
    """The same person as typed in Xero: plain forms that Xero takes, then what differs there."""
    twin = replace(
        person,
        mobile=person.mobile.replace(" ", ""),
        address=replace(
            person.address,
            state=STATE_NAMES.get(person.address.state, person.address.state),
            country=person.address.country.upper(),
        ),
        banks=tuple(replace(bank, name=_plain(bank.name)) for bank in person.banks),
        # HRA's end date never travels to Xero, so a person ended only there is still active here.
        ended=person.ended if person.hra_status == "Current" else None,
        end_reason=person.end_reason if person.hra_status == "Current" else None,
    )
    for section in sorted(person.xero_differs):
        twin = TYPED_DIFFERENTLY[section](twin)
    return twin


def _ordinary(index: int, random: Random) -> Person:
    first, gender = FIRST_NAMES[index % len(FIRST_NAMES)]
    last = LAST_NAMES[index % len(LAST_NAMES)]
    suburb, state, postcode, area = PLACES[index % len(PLACES)]
    street = f"{random.randint(1, 240)} {random.choice(STREETS)}"
    handle = f"{_handle(first)}.{_handle(last)}"
    kind = EMPLOYMENT_TYPES[index % len(EMPLOYMENT_TYPES)]
    full_name = f"{first} {last}"
    return Person(
        key=f"p{index:03d}",
        title="",
        first=first,
        middle=MIDDLE_NAMES[index % len(MIDDLE_NAMES)],
        last=last,
        preferred=PREFERRED.get(first, ""),
        born=date(1958, 1, 1) + timedelta(days=random.randrange(16_500)),
        gender=gender,
        address=Address(street, "", suburb, state, postcode, "Australia"),
        postal=None,
        email=f"{handle}{index}@example.com",
        work_email=f"{handle}{index}@harbourpine.example",
        phone=f"{area} {random.choice(('5550', '7010'))} {random.randrange(10_000):04d}",
        mobile=f"0491 57{index // 1000 % 10} {index % 1000:03d}",
        position=POSITIONS[index % len(POSITIONS)],
        number=str(1001 + index),
        started=date(2012, 2, 1) + timedelta(days=random.randrange(4_700)),
        ended=None,
        end_reason=None,
        group=GROUPS[index % len(GROUPS)],
        branch=BRANCHES[index % len(BRANCHES)],
        employment_type=kind,
        banks=_banks(random, full_name, 2 if index % 6 == 5 else 1),
        supers=(_membership(FUNDS[index % 3], random),),
        tax=Tax(
            tfn=make_tfn(random), exemption=None, employment_basis=BASIS_OF_TYPE[kind],
            offset_dollars=600 if index % 13 == 8 else None,
            upward_dollars=25 if index % 11 == 7 else None,
            leave_loading=index % 4 == 0,
        ),
        leave=_leave(random),
        in_hra=True,
        in_xero=True,
        hra_status="Current",
        stp2=index % 2 == 1,
    )  # fmt: skip


def _banks(random: Random, name: str, count: int) -> tuple[Bank, ...]:
    fixed = tuple(
        Bank(make_bsb(random), make_account_number(random), name[:32], 5_000 * place + 12_55,
             False, f"SAVINGS {place}")
        for place in range(1, count)
    )  # fmt: skip
    return (*fixed, Bank(make_bsb(random), make_account_number(random), name[:32], None, True,
                         "HARBOUR PINE PAY"))  # fmt: skip


def _membership(fund: Fund, random: Random) -> Super:
    number = f"{random.randrange(10_000_000, 99_999_999)}"
    return Super(fund.type, fund.name, fund.abn, fund.usi, "", number)


def _leave(random: Random) -> Leave:
    annual, personal = (Decimal(random.randrange(2_000, 20_000)) / 100 for _ in range(2))
    return Leave(annual, personal, Decimal(random.randrange(0, 6_000)) / 100)


def _plain(text: str) -> str:
    return "".join(c for c in normalize("NFKD", text.replace("ø", "o")) if not combining(c))


def _handle(name: str) -> str:
    return "".join(c for c in _plain(name).lower() if c.isascii() and c.isalnum())


# Special people. Each takes the ordinary person of that index, a relative also the one before.

Special = Callable[[Person], Person]
Relative = Callable[[Person, Person], Person]


def _differs(*sections: str) -> Special:
    return lambda person: replace(person, xero_differs=frozenset(sections))


def _only_in_hra(person: Person) -> Person:
    return replace(person, in_xero=False)


def _only_in_xero(person: Person) -> Person:
    return replace(person, in_hra=False)


def _four_banks(person: Person) -> Person:
    banks = _banks(Random(person.key), f"{person.first} {person.last}", 4)
    return replace(person, title="Mr", banks=banks)


def _student(person: Person) -> Person:
    supers = (_membership(FUNDS[3], Random(person.key)),)
    return replace(person, supers=supers, tax=_taxed(person, loans=frozenset({"hecs"})))


def _overseas(person: Person) -> Person:
    home = Address("12 Karo Drive", "Te Aro", "Wellington", "", "6011", "New Zealand")
    return replace(person, in_xero=False, address=home)


def _own_fund(person: Person) -> Person:
    random = Random(person.key)
    fund = FUNDS[4]
    own = Super(fund.type, fund.name, fund.abn, "", "SMSFDATAFLOW", "1",
                make_bsb(random), make_account_number(random))  # fmt: skip
    return replace(person, supers=(own,))


def _twin_sister(person: Person, sister: Person) -> Person:
    return replace(person, last=sister.last, born=sister.born, address=sister.address)


def _father(person: Person) -> Person:
    return replace(person, first="José", last="Papas", middle="", born=date(1961, 4, 9))


def _son(person: Person, father: Person) -> Person:
    return replace(
        person, first=father.first, last=father.last, middle="", gender=father.gender,
        born=date(1993, 8, 22), address=father.address,
        tax=_taxed(person, loans=frozenset({"sfss", "trade"})),
    )  # fmt: skip


def _long_name(person: Person) -> Person:
    return replace(person, in_xero=False, first="Wilhelmina-Alexandrina Konstantinova")


def _no_birth_date(person: Person) -> Person:
    return replace(person, in_xero=False, born=None)


def _ended_in_xero(person: Person) -> Person:
    return replace(person, ended=person.started + timedelta(days=300), end_reason="V")


def _ended_in_hra(person: Person) -> Person:
    ended = person.started + timedelta(days=280)
    return replace(person, ended=ended, end_reason="F", hra_status="Terminated")


def _on_leave(person: Person) -> Person:
    return replace(person, hra_status="Leave")


def _zoe(person: Person) -> Person:
    tax = _taxed(person, tfn=None, exemption="PENDING")
    return replace(person, first="Zoë", gender="Non_Binary", title="Mx", tax=tax)


def _variation(person: Person) -> Person:
    leave = Leave(Decimal("3.9150"), Decimal("38.4615"), Decimal("12.0049"))
    return replace(
        person, title="Dr", last="O'Brien-Smith", leave=leave,
        tax=_taxed(person, variation_percent="15"), xero_differs=frozenset({"bank"}),
    )  # fmt: skip


def _state_written_out(person: Person) -> Person:
    address = replace(person.address, suburb="Orange", state="New South Wales", postcode="2800")
    postal = Address("PO Box 17", "", "Orange", "NSW", "2800", "Australia")
    return replace(person, address=address, postal=postal)


def _taxed(person: Person, **changes: object) -> Tax:
    assert person.tax is not None
    return replace(person.tax, **changes)  # type: ignore[arg-type]


RELATED: dict[int, Relative] = {10: _twin_sister, 12: _son}
SPECIAL: dict[int, Special] = {
    1: _four_banks,
    2: _differs("mobile"),
    3: _student,
    4: _only_in_hra,
    5: _differs("email", "job_title"),
    6: _overseas,
    7: _only_in_xero,
    8: _own_fund,
    11: _father,
    13: _long_name,
    14: _no_birth_date,
    15: _ended_in_xero,
    16: _ended_in_hra,
    17: _on_leave,
    18: _zoe,
    19: _variation,
    # From 20 on these repeat in every further twenty, so that each count holds about the same mix.
    21: _state_written_out,
    24: _only_in_hra,
    25: _only_in_xero,
    26: _differs("middle_name"),
    27: _differs("phone"),
    29: _only_in_xero,
    31: _only_in_hra,
    33: _differs("address", "mobile"),
    34: _only_in_xero,
    36: _only_in_hra,
    38: _only_in_xero,
}

TYPED_DIFFERENTLY: dict[str, Callable[[Person], Person]] = {
    "address": lambda p: replace(p, address=replace(p.address, line1="8 Mill Lane", line2="")),
    "bank": lambda p: replace(p, banks=(replace(p.banks[-1], number="100200300"),)),
    "email": lambda p: replace(p, email=f"{p.key}@example.com"),
    "job_title": lambda p: replace(p, position="Team Leader"),
    "middle_name": lambda p: replace(p, middle=""),
    "mobile": lambda p: replace(p, mobile=f"0491579{p.mobile[-3:]}"),
    "phone": lambda p: replace(p, phone=""),
}
