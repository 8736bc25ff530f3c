"""The four payroll sections of the HRA sandbox, with each undocumented behaviour both ways."""

from typing import Any

import pytest

from tests.sandbox.hra_house import House, details

TFN = "876543210"


@pytest.fixture
def house() -> House:
    return House()


def path(house: House, section: str, key: str = "p000") -> str:
    return f"/employees/{house.person(key)}/{section}"


def read(house: House, section: str, key: str = "p000") -> Any:
    answer = house.get(path(house, section, key))
    assert answer.status_code == 200
    assert answer.json is not None
    return answer.json["au"]


def row(order: int = 0, *, remainder: bool = True, **more: Any) -> dict[str, Any]:
    named = {"bsb": "062-000", "number": "012345678", "name": "A Byron"}
    return named | {"remainder": remainder, "accountOrder": order} | more


# bank accounts


def test_four_bank_accounts_come_with_ids_order_and_hyphenated_bsb(house: House) -> None:
    rows = read(house, "bank-accounts", "p001")
    assert [r["accountOrder"] for r in rows] == [0, 1, 2, 3]
    assert [r["remainder"] for r in rows] == [False, False, False, True]
    assert all(r["id"] and r["bsb"][3] == "-" for r in rows)
    assert "amountInCents" not in rows[3]


def test_a_bank_put_replaces_the_list_and_keeps_the_ids_of_rows_that_stay(house: House) -> None:
    kept = read(house, "bank-accounts", "p001")[3]
    house.clock.move(minutes=5)
    sent = [row(0, remainder=False, amountInCents=1), row(1, id=kept["id"])]
    assert house.put(path(house, "bank-accounts", "p001"), {"au": sent}).status_code == 204
    rows = read(house, "bank-accounts", "p001")
    assert len(rows) == 2
    assert rows[1]["id"] == kept["id"]
    assert rows[1]["number"] == "012345678"
    assert "statementText" not in rows[1]
    assert rows[1]["dateCreatedUTC"] == kept["dateCreatedUTC"] != rows[1]["dateUpdatedUTC"]
    assert rows[0]["id"] not in (None, kept["id"])


def test_renewed_bank_ids_are_played_by_a_switch() -> None:
    house = House(switches={"put_bank_ids": "renewed"})
    before = read(house, "bank-accounts")[0]
    assert (
        house.put(path(house, "bank-accounts"), {"au": [row(id=before["id"])]}).status_code == 204
    )
    assert read(house, "bank-accounts")[0]["id"] != before["id"]


@pytest.mark.parametrize("sent", [
    {"au": []},
    {"au": [row(n % 4, remainder=n == 0) for n in range(5)]},
    {"au": [row(id="unknown")]},
    {"au": [row(remainder=False)]},
    {"au": [row(0), row(1)]},
    {"au": [row(4)]},
    {"au": [row(bsb="")]},
    {"au": [row(number="x" * 65)]},
    {"au": [row(amountInCents=1.5)]},
    {"au": [row(amountInCents=None)]},
    {"au": [row() | {"remainder": "yes"}]},
    {"au": [{k: v for k, v in row().items() if k != "accountOrder"}]},
    {"au": ["row"]},
    {"au": None},
    {"nz": []},
    [],
])  # fmt: skip
def test_a_bank_list_that_the_contract_forbids_is_refused_whole(house: House, sent: Any) -> None:
    before = read(house, "bank-accounts")
    assert details(house.put(path(house, "bank-accounts"), sent))
    assert read(house, "bank-accounts") == before


def test_one_id_cannot_stand_in_two_rows(house: House) -> None:
    key = read(house, "bank-accounts")[0]["id"]
    sent = {"au": [row(0, remainder=False, id=key), row(1, id=key)]}
    assert "only once" in details(house.put(path(house, "bank-accounts"), sent))


def test_no_remainder_is_taken_where_none_is_required() -> None:
    house = House(switches={"one_remainder": "not"})
    sent = {"au": [row(remainder=False)]}
    assert house.put(path(house, "bank-accounts"), sent).status_code == 204


# super


def test_super_rows_are_updated_by_id_created_without_and_never_removed(house: House) -> None:
    first = read(house, "retirement-savings")[0]
    fund = {"memberNumber": "77", "type": "REGULATED", "name": "Rest", "abn": "62653671394"}
    assert house.put(path(house, "retirement-savings"), {"au": [fund]}).status_code == 204
    rows = read(house, "retirement-savings")
    assert [r["memberNumber"] for r in rows] == [first["memberNumber"], "77"]
    changed = {"au": [fund | {"id": first["id"], "memberNumber": "78", "usi": None}]}
    assert house.put(path(house, "retirement-savings"), changed).status_code == 204
    rows = read(house, "retirement-savings")
    assert (rows[0]["id"], rows[0]["memberNumber"]) == (first["id"], "78")
    assert len(rows) == 2 and "usi" not in rows[0]
    assert house.put(path(house, "retirement-savings"), {"au": []}).status_code == 204
    assert read(house, "retirement-savings") == rows


def test_an_smsf_row_posted_back_loses_its_esa(house: House) -> None:
    before = read(house, "retirement-savings", "p008")
    assert (before[0]["type"], before[0]["esa"]) == ("SMSF", "SMSFDATAFLOW")
    assert house.put(path(house, "retirement-savings", "p008"), {"au": before}).status_code == 204
    assert "esa" not in read(house, "retirement-savings", "p008")[0]


@pytest.mark.parametrize("wrong", [
    {"id": "unknown"}, {"type": "KIWI"}, {"memberNumber": ""}, {"name": None}, {"abn": "1" * 21},
])  # fmt: skip
def test_a_wrong_super_row_is_refused(house: House, wrong: dict[str, Any]) -> None:
    fund = {"memberNumber": "77", "type": "REGULATED", "name": "Rest", "abn": "62653671394"}
    assert details(house.put(path(house, "retirement-savings"), {"au": [fund | wrong]}))


# tax


def test_the_tfn_is_clear_only_with_the_scope_for_it(house: House) -> None:
    clear = read(house, "tax-details")["tfn"]
    assert len(clear) == 9 and clear.isdigit()
    house.sign_in("read:clear-tax-details")
    assert read(house, "tax-details")["tfn"] == f"*** *** {clear[-3:]}"


@pytest.mark.parametrize(
    ("form", "shown"),
    [("crosses", "XXX XXX {}"), ("bullets", "••• ••• {}"), ("last_three", "{}"), ("absent", None)],
)
def test_the_mask_may_have_other_forms(form: str, shown: str | None) -> None:
    house = House(switches={"tfn_mask_form": form})
    clear = read(house, "tax-details")["tfn"]
    house.sign_in("read:clear-tax-details")
    masked = read(house, "tax-details").get("tfn")
    assert masked == (shown and shown.format(clear[-3:]))


def test_a_tax_put_replaces_all_by_default(house: House) -> None:
    sent = {"au": {"tfn": "876 543 210", "employmentBasis": "CASUAL"}}
    assert house.put(path(house, "tax-details"), sent).status_code == 204
    shown = read(house, "tax-details")
    assert (shown["tfn"], shown["employmentBasis"]) == ("876 543 210", "CASUAL")
    assert "taxFreeThresholdClaimed" not in shown


def test_a_tax_put_may_keep_what_is_left_out() -> None:
    house = House(switches={"tax_put_missing": "kept"})
    before = read(house, "tax-details")
    sent = {"au": {"tfn": TFN}}
    assert house.put(path(house, "tax-details"), sent).status_code == 204
    assert read(house, "tax-details") == before | {"tfn": TFN}


def test_an_exemption_stands_in_for_a_tfn(house: House) -> None:
    assert read(house, "tax-details", "p018")["exemptType"] == "PENDING"
    sent = {"au": {"exemptType": "PENSIONER"}}
    assert house.put(path(house, "tax-details"), sent).status_code == 204
    assert "tfn" not in read(house, "tax-details")


@pytest.mark.parametrize(("sent", "named"), [
    ({}, "tfn"),
    ({"tfn": None}, "tfn"),
    ({"tfn": ""}, "tfn"),
    ({"tfn": "*** *** 210"}, "tfn"),
    ({"tfn": "87654321"}, "tfn"),
    ({"exemptType": None}, "exemptType"),
    ({"exemptType": "NOTQUOTED"}, "exemptType"),
    ({"tfn": TFN, "employmentBasis": "FULLTIME"}, "employmentBasis"),
    ({"tfn": TFN, "residencyStatus": "AUSTRALIANRESIDENT"}, "residencyStatus"),
    ({"tfn": TFN, "hecsSupported": "true"}, "hecsSupported"),
    ({"tfn": TFN, "otherTaxOffsetClaimed": True}, "offsetEstimatedAmountInCents"),
    ({"tfn": TFN, "otherTaxOffsetClaimed": True, "offsetEstimatedAmountInCents": -1},
     "offsetEstimatedAmountInCents"),
    ({"tfn": TFN, "upwardVariationRequested": True}, "increasedTaxWithholdingAmountInCents"),
    ({"tfn": TFN, "hasApprovedWithholdingVariation": True},
     "approvedWithholdingVariationPercentage"),
    ({"tfn": TFN, "hasApprovedWithholdingVariation": True,
      "approvedWithholdingVariationPercentage": "100.5"}, "approvedWithholdingVariationPercentage"),
    ({"tfn": TFN, "hasApprovedWithholdingVariation": True,
      "approvedWithholdingVariationPercentage": "NaN"}, "approvedWithholdingVariationPercentage"),
])  # fmt: skip
def test_tax_details_that_the_contract_forbids_are_refused(
    house: House, sent: dict[str, Any], named: str
) -> None:
    before = read(house, "tax-details")
    assert named in details(house.put(path(house, "tax-details"), {"au": sent}))
    assert read(house, "tax-details") == before


def test_conditional_amounts_are_taken_with_their_claims(house: House) -> None:
    sent = {
        "tfn": TFN,
        "otherTaxOffsetClaimed": True,
        "offsetEstimatedAmountInCents": 0,
        "hasApprovedWithholdingVariation": True,
        "approvedWithholdingVariationPercentage": "18.5",
    }
    assert house.put(path(house, "tax-details"), {"au": sent}).status_code == 204
    assert read(house, "tax-details").items() >= sent.items()


def test_the_danger_case_stores_the_mask_over_the_tfn() -> None:
    house = House(switches={"masked_tfn_put": "accept_and_store"})
    sent = {"au": {"tfn": "*** *** 210"}}
    assert house.put(path(house, "tax-details"), sent).status_code == 204
    assert read(house, "tax-details")["tfn"] == "*** *** 210"


# leave


def test_leave_needs_all_three_and_rounds_half_up(house: House) -> None:
    sent = (
        b'{"au": {"annualLeave": 3.91501956, "personalLeave": 3.9956, "longServiceLeave": 1.005}}'
    )
    where = f"/accounts/{house.store.account_id}{path(house, 'leave-balances')}"
    assert house.client.put(where, data=sent, headers=house.headers).status_code == 204
    shown = read(house, "leave-balances")
    assert (shown["annualLeave"], shown["personalLeave"]) == (3.92, 4)
    assert shown["longServiceLeave"] == 1.01
    missing = {"au": {"annualLeave": 1, "personalLeave": 2}}
    assert "longServiceLeave" in details(house.put(path(house, "leave-balances"), missing))
    assert details(house.put(path(house, "leave-balances"), {"au": {"annualLeave": "1"}}))
    absurd = {"au": dict.fromkeys(("annualLeave", "personalLeave", "longServiceLeave"), 1e300)}
    assert "out of range" in details(house.put(path(house, "leave-balances"), absurd))


def test_who_has_no_tax_or_leave_yet_has_no_au_part(house: House) -> None:
    named = {"branchId": house.branch(), "firstName": "Ada", "surname": "Byron"}
    key = house.post("/employees", named).headers["Location"].rpartition("/")[2]
    assert house.get(f"/employees/{key}/tax-details").json == {}
    assert house.get(f"/employees/{key}/leave-balances").json == {}
    assert house.get(f"/employees/{key}/bank-accounts").json == {"au": []}
    assert house.get(f"/employees/{key}/retirement-savings").json == {"au": []}


# the employee's own update time

SECTIONS: dict[str, Any] = {
    "bank-accounts": [row()],
    "retirement-savings": [],
    "tax-details": {"tfn": TFN},
    "leave-balances": {"annualLeave": 1, "personalLeave": 1, "longServiceLeave": 1},
}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(("variant", "moves"), [("no", False), ("yes", True)])
def test_whether_a_payroll_section_moves_the_employees_update_time(
    section: str, variant: str, moves: bool
) -> None:
    house = House(switches={"payroll_moves_employee_updated": variant})
    before = house.record().updated
    house.clock.move(minutes=5)
    assert house.put(path(house, section), {"au": SECTIONS[section]}).status_code == 204
    assert (house.record().updated != before) is moves


def test_times_may_carry_a_t_as_the_examples_do() -> None:
    house = House(switches={"time_form": "letter_t"})
    assert read(house, "tax-details")["dateUpdatedUTC"] == "2026-03-02T01:30:00"
