"""Changing bank, super, tax and leave in the HRA sandbox over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from agent import canonical
from agent.employee import (
    UNKNOWN,
    BankAccount,
    Loans,
    SuperMembership,
)
from agent.errors import (
    Refused,
)
from tests.edge.hra_desk import HraDesk

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

DETAILS = frozenset({"details"})


@pytest.fixture
def desk() -> Iterator[HraDesk]:
    made = HraDesk()
    yield made
    made.close()


# --- changing payroll sections ----------------------------------------------------------------

BANK, SUPER, TAX, LEAVE = (frozenset({group}) for group in ("bank", "super", "tax", "leave"))


def test_F2_D5_a_changed_amount_keeps_ids_names_and_order(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p011")
    before = [dict(row) for row in desk.record("p011").banks]
    present = client.fetch(id, BANK)
    fixed, rest = present.values["bank_accounts"]
    plain = replace(fixed, name=canonical.plain(fixed.name), cents=12_345, id=None)
    client.update(present, {"bank_accounts": (rest, plain)})
    after = desk.record("p011").banks
    changed = next(row for row in after if row["amountInCents"] == 12_345)
    old = next(row for row in before if row["id"] == changed["id"])
    for key in ("bsb", "number", "name", "accountOrder"):
        assert changed[key] == old[key]
    assert "é" in changed["name"]


def test_F2_a_row_removed_travels_with_its_list(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p001")
    present = client.fetch(id, BANK)
    kept = present.values["bank_accounts"][1:]
    done = client.update(present, {"bank_accounts": kept})
    assert done.employee.values["bank_accounts"] == kept
    assert [row["accountOrder"] for row in desk.record("p001").banks] == [0, 1, 2]
    assert {row["id"] for row in desk.record("p001").banks} == {row.id for row in kept}
    assert done.gone == ()


def test_F2_a_new_remainder_account_comes_last(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p000")
    present = client.fetch(id, BANK)
    old = present.values["bank_accounts"][0]
    new = BankAccount("032001", "00123456", "Alice Abbott", None, True, "Pay")
    done = client.update(
        present, {"bank_accounts": (new, replace(old, cents=5000, remainder=False))}
    )
    rows = desk.record("p000").banks
    assert [row["remainder"] for row in rows] == [False, True]
    assert rows[1]["bsb"] == "032-001" and rows[1]["number"] == "00123456"
    assert "amountInCents" not in rows[1]
    assert done.employee.values["bank_accounts"] == (replace(old, cents=5000, remainder=False), new)


def test_D8_an_empty_bank_list_never_overwrites_a_full_one(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p000")
    with pytest.raises(Refused):
        client.update(client.fetch(id, BANK), {"bank_accounts": None})
    assert desk.writes() == []


def test_renewed_bank_ids_are_no_loss() -> None:
    desk = HraDesk(put_bank_ids="renewed")
    client = desk.client()
    present = client.fetch(desk.id("p001"), BANK)
    done = client.update(present, {"bank_accounts": present.values["bank_accounts"][1:]})
    assert done.gone == () and len(done.employee.values["bank_accounts"]) == 3
    desk.close()


def test_F3_a_membership_is_added_and_the_others_stay(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p003")
    present = client.fetch(id, SUPER)
    new = SuperMembership("STA0100AU", "65714394898", "AustralianSuper", "77001")
    done = client.update(present, {"super_memberships": (new,)})
    rows = desk.record("p003").supers
    assert len(rows) == 2 and rows[0]["id"] == present.values["super_memberships"][0].id
    assert rows[1]["abn"] == "65 714 394 898" and rows[1]["type"] == "REGULATED"
    assert done.employee.values["super_memberships"][1] == new


def test_F3_a_changed_member_number_keeps_the_row(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p000")
    before = dict(desk.record("p000").supers[0])
    present = client.fetch(id, SUPER)
    changed = replace(present.values["super_memberships"][0], member_number="99887", fund_name="?")
    client.update(present, {"super_memberships": (changed,)})
    after = desk.record("p000").supers
    assert len(after) == 1
    assert {**after[0], "dateUpdatedUTC": ""} == {
        **before, "memberNumber": "99887", "dateUpdatedUTC": "",
    }  # fmt: skip


def test_F3_super_of_a_person_with_an_SMSF_is_never_written(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p008")
    before = [dict(row) for row in desk.record("p008").supers]
    present = client.fetch(id, SUPER)
    assert present.values["super_memberships"][0].smsf
    new = SuperMembership("STA0100AU", "65714394898", "AustralianSuper", "77001")
    with pytest.raises(Refused):
        client.update(present, {"super_memberships": (new,)})
    assert desk.record("p008").supers == before


def test_F4_tax_is_laid_over_the_declaration_with_the_full_number(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p000")
    before = dict(desk.record("p000").tax or {})
    done = client.update(
        client.fetch(id, TAX), {"tax_free_threshold": False, "upward_variation": Decimal(20)}
    )
    after = desk.record("p000").tax or {}
    changed = {"taxFreeThresholdClaimed", "upwardVariationRequested", "dateUpdatedUTC"}
    changed.add("increasedTaxWithholdingAmountInCents")
    assert {k: v for k, v in after.items() if k not in changed} == {
        k: v for k, v in before.items() if k not in changed
    }
    assert after["increasedTaxWithholdingAmountInCents"] == 2000
    assert done.employee.values["upward_variation"] == Decimal(20)
    assert done.gone == ()


@pytest.mark.parametrize("put", ["refuse", "accept_and_store"])
@pytest.mark.parametrize("form", ["stars", "crosses", "bullets", "last_three", "absent"])
def test_F4_masked_tfn_is_never_written(form: str, put: str) -> None:
    desk = HraDesk(tfn_mask_form=form, masked_tfn_put=put)
    client, id = desk.client("read:clear-tax-details"), desk.id("p000")
    before = dict(desk.record("p000").tax or {})
    with pytest.raises(Refused):
        client.update(client.fetch(id, TAX), {"tax_free_threshold": False})
    assert desk.writes() == [] and desk.record("p000").tax == before
    desk.close()


def test_F4_where_HRA_holds_an_exemption_tax_goes_without_a_number(desk: HraDesk) -> None:
    client, id = desk.client("read:clear-tax-details"), desk.id("p018")
    client.update(client.fetch(id, TAX), {"loans": Loans(True)})
    tax = desk.record("p018").tax or {}
    assert tax["hecsSupported"] is True and tax["exemptType"] == "PENDING" and "tfn" not in tax


def test_F5_a_leave_balance_goes_with_the_two_that_HRA_holds(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p000")
    before = dict(desk.record("p000").leave or {})
    changes = {"annual_leave": Decimal("3.91501956"), "personal_leave": UNKNOWN}
    done = client.update(client.fetch(id, LEAVE), changes)
    after = desk.record("p000").leave or {}
    assert float(after["annualLeave"]) == 3.92
    assert float(after["personalLeave"]) == float(before["personalLeave"])
    assert done.employee.values["annual_leave"] == Decimal("3.92")


def test_a_group_that_was_not_read_is_read_before_it_is_written(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p000")
    done = client.update(client.fetch(id, DETAILS), {"annual_leave": Decimal(7)})
    assert done.employee.groups == frozenset({"details", "leave"})
    assert done.employee.values["annual_leave"] == Decimal(7)
    assert done.employee.values["first_name"] == "Alice"
