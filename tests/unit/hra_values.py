"""Invented canonical values, and one record as HRA shows it, for the tests of its mapping."""

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from agent import canonical
from agent.employee import BankAccount, Loans, SuperMembership
from agent.hra import mapping_tax
from agent.sandbox.identifiers import make_abn, make_tfn

LETTERS = "abcdeABCDE éøÅñ'-."

DETAIL: dict[str, Any] = {
    "id": "e1",
    "ownerBranch": {"id": "b1", "name": "Sydney", "path": "/Root/Sydney"},
    "linkedBranches": [],
    "title": "Mr",
    "firstName": "José",
    "middleName": "K",
    "surname": "Papas",
    "preferredName": "Joe",
    "nickname": "JP",
    "gender": "Male",
    "dateOfBirth": "1974-05-21",
    "positionTitle": "Cook",
    "employeeNumber": "1017",
    "employmentType": "Casual",
    "employmentStatus": "Current",
    "commencementDate": "2020-07-01",
    "personalAddress": {
        "line1": "1 A St", "line2": None, "suburb": "Newtown", "state": "New South Wales",
        "postcode": "2042", "country": "Australia",
    },
    "postalAddress": {"line1": "PO Box 1", "suburb": "Newtown", "state": "NSW", "postcode": "2042"},
    "contacts": {
        "home": {"phone": "(02) 5550 1234", "mobile": "0491 570 156", "email": "jose@example.com"},
        "work": {"email": "jose@work.example"},
    },
    "dateCreatedUTC": "2019-01-08 11:09:45",
    "dateUpdatedUTC": "2019-01-08 11:09:45",
}  # fmt: skip


def words(longest: int = 30) -> st.SearchStrategy[str]:
    """A text as canonical values hold it: stripped, single spaces, not empty."""
    made = st.text(LETTERS, min_size=1, max_size=longest).map(canonical.text)
    return made.filter(bool).map(str)


def dates(first: int = 1900, last: int = 2050) -> st.SearchStrategy[date]:
    return st.dates(date(first, 1, 1), date(last, 12, 31))


def _address() -> st.SearchStrategy[Any]:
    part = st.none() | words()
    state = st.sampled_from([None, "NSW", "Victoria", "Otago"])
    country = st.sampled_from([None, "Australia", "New Zealand"])
    return st.builds(canonical.address, part, part, part, state, st.just("2042"), country)


@st.composite
def details_values(draw: st.DrawFn) -> dict[str, Any]:
    """Every field of the group details; names and branch are always there."""
    maybe = st.none() | words()
    return {
        "title": draw(st.sampled_from([None, "Mr", "Mx", "Dr"])),
        "first_name": draw(words()),
        "middle_names": draw(maybe),
        "last_name": draw(words()),
        "date_of_birth": draw(st.none() | dates()),
        "gender": draw(st.sampled_from([None, "Male", "Female"])),
        "home_address": draw(st.none() | _address()),
        "email": draw(maybe),
        "phone": draw(maybe),
        "mobile": draw(maybe),
        "job_title": draw(maybe),
        "start_date": draw(st.none() | dates()),
        "branch": "b1",
        "end_date": None,
    }


def _digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


@st.composite
def bank_lists(draw: st.DrawFn) -> tuple[BankAccount, ...]:
    """One to four rows, the last takes the remainder."""
    count = draw(st.integers(1, 4))
    rows = []
    for place in range(count):
        rest = place == count - 1
        rows.append(
            BankAccount(
                bsb=draw(_digits(6, 6)),
                number=draw(_digits(1, 9)),
                name=draw(words()),
                cents=None if rest else draw(st.integers(1, 10**9)),
                remainder=rest,
                statement=draw(st.just("") | words(18)),
            )
        )
    return tuple(rows)


@st.composite
def super_lists(draw: st.DrawFn) -> tuple[SuperMembership, ...]:
    """One to three memberships of different funds."""
    usis = draw(st.lists(st.sampled_from(["STA0100AU", "HOS0100AU", "RES0103AU", ""]), unique=True))
    return tuple(
        SuperMembership(usi, make_abn(Random(place)), draw(words()), draw(_digits(1, 12)))
        for place, usi in enumerate(usis or ["STA0100AU"])
    )


def tfns() -> st.SearchStrategy[str]:
    return st.integers(1, 10**6).map(lambda seed: make_tfn(Random(seed)))


@st.composite
def tax_values(draw: st.DrawFn) -> dict[str, Any]:
    """Every field of the group tax but the number or exemption."""
    amounts = st.none() | st.integers(1, 10**7).map(lambda cents: Decimal(cents) / 100)
    kinds = draw(st.frozensets(st.sampled_from(list(mapping_tax.LOANS))))
    percents = st.integers(1, 1000).map(lambda tenths: Decimal(tenths) / 10)
    return {
        "employment_basis": draw(st.sampled_from(mapping_tax.BASES)),
        "residency": draw(st.sampled_from(mapping_tax.RESIDENCIES)),
        "resident_for_tax": draw(st.booleans()),
        "tax_free_threshold": draw(st.booleans()),
        "loans": Loans(bool(kinds), kinds),
        "tax_offset": draw(amounts),
        "upward_variation": draw(amounts),
        "withholding_variation": draw(st.none() | percents),
        "leave_loading": draw(st.booleans()),
    }
