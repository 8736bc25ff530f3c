"""The invented people: deterministic, valid identifiers, every special case in the first 20."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from agent.sandbox.identifiers import (
    is_abn,
    is_bsb,
    is_tfn,
    is_usi,
    make_abn,
    make_account_number,
    make_bsb,
    make_tfn,
)
from agent.sandbox.people import BRANCHES, FUNDS, GROUPS, Person, people, xero_twin

FORTY = people(40)
TWENTY = FORTY[:20]


def test_the_same_seed_gives_the_same_people_whatever_the_count() -> None:
    assert people(20) == people(40)[:20]
    assert people(40, seed=2) != FORTY


@pytest.mark.parametrize("number", ["123456782", "123 456 782", "876543210"])
def test_a_valid_tfn_is_known(number: str) -> None:
    assert is_tfn(number)


@pytest.mark.parametrize(
    "number", ["123456789", "12345678", "*** *** 782", "123-456-782", "１２３456782", ""]
)
def test_a_tfn_that_is_wrong_masked_or_misspelt_is_none(number: str) -> None:
    assert not is_tfn(number)


@pytest.mark.parametrize(
    ("text", "valid"),
    [("51 824 753 556", True), ("65714394898", True), ("65714394899", False), ("0", False)],
)
def test_an_abn_is_checked_by_its_digits(text: str, valid: bool) -> None:
    assert is_abn(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [("STA0100AU", True), ("60905115063003", True), ("60905115064003", False), ("STA100AU", False)],
)
def test_a_usi_is_a_fund_code_or_an_abn_and_three_digits(text: str, valid: bool) -> None:
    assert is_usi(text) is valid


@pytest.mark.parametrize("text", ["062000", "062-000", "062 000"])
def test_a_bsb_has_six_digits(text: str) -> None:
    assert is_bsb(text)
    assert not is_bsb(text[:-1])


def test_made_identifiers_are_valid() -> None:
    random = Random(7)
    for _ in range(200):
        assert is_tfn(make_tfn(random))
        assert is_abn(make_abn(random))
        assert is_bsb(make_bsb(random))
        assert 6 <= len(make_account_number(random)) <= 9


def test_every_fund_has_a_valid_abn_and_usi() -> None:
    for fund in FUNDS:
        assert is_abn(fund.abn)
        assert is_usi(fund.usi) if fund.type == "REGULATED" else fund.usi == ""


def test_forty_people_stand_as_the_demo_says() -> None:
    sides = Counter((p.in_hra, p.in_xero) for p in FORTY)
    assert sides == {(True, True): 28, (True, False): 7, (False, True): 5}
    assert sum(bool(p.xero_differs) for p in FORTY) == 6
    assert Counter(p.hra_status for p in FORTY) == {"Current": 38, "Terminated": 1, "Leave": 1}
    assert [p.key for p in FORTY if p.ended and p.hra_status == "Current"] == ["p015"]


def test_nobody_shares_a_tfn_an_email_or_an_employee_number() -> None:
    for values in (
        [p.tax.tfn for p in FORTY if p.tax and p.tax.tfn],
        [p.email for p in FORTY],
        [p.number for p in FORTY],
        [p.mobile for p in FORTY],
    ):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("person", FORTY, ids=lambda p: p.key)
def test_everybody_has_valid_forms_and_one_remainder(person: Person) -> None:
    assert 1 <= len(person.banks) <= 4
    assert [bank.remainder for bank in person.banks].count(True) == 1
    for bank in person.banks:
        assert is_bsb(bank.bsb) and bank.number.isdigit() and len(bank.number) <= 9
        assert (bank.cents is None) is bank.remainder
        assert len(bank.name) <= 32 and len(bank.statement) <= 18
    assert person.tax is not None
    assert (person.tax.tfn is None) is (person.tax.exemption is not None)
    assert person.tax.tfn is None or is_tfn(person.tax.tfn)
    assert person.email.endswith("@example.com")
    assert person.group == GROUPS[BRANCHES.index(person.branch)]


CASES: dict[str, Callable[[Person], object]] = {
    "four bank accounts": lambda p: len(p.banks) == 4,
    "a USI of 14 digits": lambda p: any(len(s.usi) == 14 for s in p.supers),
    "a USI of 9 characters": lambda p: any(len(s.usi) == 9 for s in p.supers),
    "an SMSF with its ESA": lambda p: any(s.type == "SMSF" and s.esa for s in p.supers),
    "a study loan": lambda p: p.tax and p.tax.loans,
    "an exemption": lambda p: p.tax and p.tax.exemption,
    "a withholding variation": lambda p: p.tax and p.tax.variation_percent,
    "an address overseas": lambda p: p.address.country == "New Zealand",
    "an accent": lambda p: not p.first.isascii(),
    "apostrophe and hyphen": lambda p: p.last == "O'Brien-Smith",
    "a name too long for Xero": lambda p: len(p.first) > 35 and not p.in_xero,
    "a title": lambda p: p.title,
    "a third gender": lambda p: p.gender == "Non_Binary",
    "no birth date": lambda p: p.born is None,
    "leave with four decimals": lambda p: p.leave and p.leave.annual * 100 % 1,
}


@pytest.mark.parametrize("case", CASES)
def test_the_first_twenty_hold_every_special_case(case: str) -> None:
    assert any(CASES[case](person) for person in TWENTY)


def test_twins_share_last_name_and_birth_date_father_and_son_name_and_home() -> None:
    twins = Counter((p.last, p.born) for p in TWENTY)
    assert max(twins.values()) == 2
    father, son = (p for p in TWENTY if (p.first, p.last) == ("José", "Papas"))
    assert father.address == son.address
    assert father.born != son.born


def test_everybody_on_xero_could_be_created_there() -> None:
    for person in (xero_twin(p) for p in FORTY if p.in_xero):
        assert person.born is not None
        assert person.address.country == "AUSTRALIA" and len(person.address.state) in (2, 3)
        assert max(len(person.first), len(person.middle), len(person.last)) <= 35
        assert all(bank.name.isascii() for bank in person.banks)


def test_the_xero_twin_differs_only_where_it_says_so() -> None:
    person = TWENTY[2]
    assert person.xero_differs == {"mobile"}
    assert xero_twin(person).mobile != person.mobile.replace(" ", "")
    assert xero_twin(person).email == person.email
    for other in FORTY:
        assert len(other.xero_differs) == 0 or xero_twin(other) != other


def test_an_end_known_only_to_hra_is_not_on_the_xero_side() -> None:
    ended = {p.key: xero_twin(p).ended for p in TWENTY if p.ended}
    assert ended["p016"] is None
    assert ended["p015"] is not None
