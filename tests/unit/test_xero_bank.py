"""Bank accounts: cents and dollars, order, own form, the list as a whole (F2, D5)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.employee import UNKNOWN, BankAccount
from agent.fields import same
from agent.xero.mapping_bank import bank, bank_body, stayed

SAVINGS = {
    "StatementText": "SAVINGS",
    "AccountName": "JOSE PAPAS",
    "BSB": "012123",
    "AccountNumber": "001234567",
    "Remainder": False,
    "Amount": 250.1,
}
REST = {"AccountName": "Jose Papas", "BSB": "062000", "AccountNumber": "12345", "Remainder": True}
RAW = {"BankAccounts": [SAVINGS, REST]}
READ_SAVINGS = BankAccount("012123", "001234567", "JOSE PAPAS", 25010, False, "SAVINGS", order=0)
READ_REST = BankAccount("062000", "12345", "Jose Papas", None, True, order=1)


def test_F2_dollars_become_cents_and_the_position_the_order() -> None:
    assert bank(RAW)["bank_accounts"] == (READ_SAVINGS, READ_REST)
    assert [row.order for row in bank(RAW)["bank_accounts"]] == [0, 1]


@pytest.mark.parametrize("raw", [{}, {"BankAccounts": []}, {"BankAccounts": None}])
def test_no_account_is_none(raw: dict[str, Any]) -> None:
    assert bank(raw)["bank_accounts"] is None


def test_F2_parts_of_a_cent_are_not_rounded_but_unreadable() -> None:
    assert bank({"BankAccounts": [{**SAVINGS, "Amount": 1.005}]})["bank_accounts"] is UNKNOWN


def test_F2_a_remainder_account_has_no_amount_whatever_xero_shows() -> None:
    raw = {"BankAccounts": [{**REST, "Amount": 0.0}]}
    assert bank(raw)["bank_accounts"] == (BankAccount("062000", "12345", "Jose Papas", None, True),)
    assert bank_body(raw, bank(raw)["bank_accounts"])["BankAccounts"] == [REST]


def test_D5_a_list_that_is_equal_is_posted_in_xeros_own_form() -> None:
    mine = (
        BankAccount("062-000", "12345", "José Papas", None, True, order=0),
        BankAccount("012-123", "001234567", "José Papas", 25010, False, "savings", order=1),
    )
    assert bank_body(RAW, mine)["BankAccounts"] == [SAVINGS, REST]


def test_D5_a_changed_amount_does_not_change_the_spelling_of_the_name() -> None:
    mine = (
        BankAccount("012-123", "001234567", "José Papas", 30000, False, "Savings", order=0),
        BankAccount("062-000", "12345", "José Papas", None, True, order=1),
    )
    assert bank_body(RAW, mine)["BankAccounts"] == [{**SAVINGS, "Amount": 300}, REST]


def test_F2_a_new_account_is_transliterated_and_its_leading_zeros_kept() -> None:
    mine = (BankAccount("082-001", "000123", "Zoë Sørensen", None, True, "Löhne"),)
    assert bank_body({}, mine)["BankAccounts"] == [
        {
            "AccountName": "Zoe Sorensen",
            "BSB": "082001",
            "AccountNumber": "000123",
            "Remainder": True,
            "StatementText": "Lohne",
        }
    ]


def test_F2_the_remainder_account_is_posted_last_and_the_others_in_hras_order() -> None:
    mine = (
        BankAccount("062000", "1", "Rest", None, True, order=0),
        BankAccount("062000", "2", "Second", 200, False, order=2),
        BankAccount("062000", "3", "First", 100, False, order=1),
    )
    posted = bank_body({}, mine)["BankAccounts"]
    assert [row["AccountNumber"] for row in posted] == ["3", "2", "1"]


def test_F4_an_account_that_was_left_out_and_is_still_there_is_noticed() -> None:
    body = {"BankAccounts": [REST]}
    assert stayed(RAW, body, RAW)
    assert not stayed(RAW, body, {"BankAccounts": [REST]})
    assert not stayed(RAW, RAW, RAW)


ACCOUNTS = st.builds(
    BankAccount,
    bsb=st.from_regex(r"\A[0-9]{6}\Z").filter(str.isascii),
    number=st.from_regex(r"\A[0-9]{1,9}\Z").filter(str.isascii),
    name=st.sampled_from(["Jo Ng", "JO NG", "José Ng", "Savings & Co"]),
    cents=st.integers(1, 10**9),
    remainder=st.just(False),
    statement=st.sampled_from(["", "PAY", "Pay 1"]),
)


@st.composite
def lists(draw: st.DrawFn) -> tuple[BankAccount, ...]:
    fixed = draw(st.lists(ACCOUNTS, max_size=3, unique_by=lambda row: row.number))
    last = draw(ACCOUNTS)
    return (*fixed, BankAccount(last.bsb, last.number, last.name, None, True, last.statement))


@given(lists(), lists())
def test_any_list_posted_over_any_other_reads_back_as_that_list(
    before: tuple[BankAccount, ...], after: tuple[BankAccount, ...]
) -> None:
    raw = bank_body({}, before)
    read = bank(bank_body(raw, after))["bank_accounts"]
    assert same("bank_accounts", after, read)
    assert same("bank_accounts", before, bank(raw)["bank_accounts"])
