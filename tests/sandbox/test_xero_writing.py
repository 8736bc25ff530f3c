"""What the Xero sandbox takes and refuses, and every undocumented behaviour both ways."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from agent.sandbox.server import Served, serve
from tests.sandbox.xero_desk import VALID_TFN, Caller, Clock, messages, sandbox

NOBODY = "7aa04979-ded5-44d9-b09a-793749425844"
ZERO = "00000000-0000-0000-0000-000000000000"
HOME = {"AddressLine1": "101 Green St", "City": "Orange", "Region": "NSW", "PostalCode": "2800"}
NEW = {
    "FirstName": "Albus",
    "LastName": "Dumbledore",
    "DateOfBirth": "1980-03-10",
    "HomeAddress": HOME,
}
REST = {
    "AccountName": "A Dumbledore",
    "BSB": "062000",
    "AccountNumber": "12345678",
    "Remainder": True,
}
PART = {
    "AccountName": "A Dumbledore", "BSB": "062001", "AccountNumber": "87654321", "Remainder": False,
    "Amount": 50.25,
}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Served]:
    with serve(sandbox(clock)) as running:
        yield running


@pytest.fixture
def caller(served: Served) -> Caller:
    return Caller(served)


@pytest.fixture
def who(caller: Caller) -> str:
    return caller.somebody("Abbott")


def _turn(served: Served, name: str, value: str) -> None:
    served.app.config["SWITCHES"].set(name, value)


def _created(answer: requests.Response) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["Employees"][0]["EmployeeID"])


def _tfn(caller: Caller, who: str) -> object:
    return caller.organisation.employees[who]["TaxDeclaration"].get("TaxFileNumber")


# create


def test_a_new_employee_is_created_active_without_calendar_or_rate(caller: Caller) -> None:
    who = _created(caller.post("/Employees", [NEW]))
    one = caller.detail(who)
    assert one["Status"] == "ACTIVE"
    assert one["HomeAddress"] == HOME
    assert one["DateOfBirth"] == "/Date(321494400000+0000)/"
    assert not {"PayrollCalendarID", "OrdinaryEarningsRateID", "TaxDeclaration"} & one.keys()
    assert (one["BankAccounts"], one["SuperMemberships"], one["LeaveBalances"]) == ([], [], [])


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("FirstName", "The First Name is required."),
        ("LastName", "The Last Name is required."),
        ("DateOfBirth", "The Date Of Birth is required."),
        ("HomeAddress", "The Home Address is required."),
    ],
)
def test_what_is_required_to_create(caller: Caller, missing: str, sentence: str) -> None:
    answer = caller.post("/Employees", [{k: v for k, v in NEW.items() if k != missing}])
    assert answer.status_code == 400
    assert messages(answer) == sentence
    before = {row["EmployeeID"] for row in caller.employees()}
    assert len(before) == len(caller.organisation.employees) - 1


def test_creating_with_every_section_at_once_works_or_is_the_reported_500(
    served: Served, caller: Caller
) -> None:
    fund = caller.get("/Superfunds").json()["SuperFunds"][0]["SuperFundID"]
    whole = NEW | {
        "BankAccounts": [PART, REST],
        "SuperMemberships": [{"SuperFundID": fund, "EmployeeNumber": "M-1"}],
        "TaxDeclaration": {"TaxFileNumber": VALID_TFN, "EmploymentBasis": "CASUAL"},
        "EmployeeGroupName": "Sydney Office",
        "StartDate": "2026-02-01",
        "Gender": "I",
    }
    one = caller.detail(_created(caller.post("/Employees", [whole])))
    assert [row["BSB"] for row in one["BankAccounts"]] == ["062001", "062000"]
    assert one["BankAccounts"][0]["Amount"] == 50.25
    assert one["SuperMemberships"][0]["EmployeeNumber"] == "M-1"
    assert one["TaxDeclaration"]["TaxFileNumber"] == "###-###-782"
    _turn(served, "create_with_bank_and_super", "fails")
    assert caller.post("/Employees", [whole]).status_code == 500


def test_a_post_to_the_list_with_an_id_updates_that_employee(caller: Caller, who: str) -> None:
    count = len(caller.organisation.employees)
    assert _created(caller.post("/Employees", [{"EmployeeID": who, "JobTitle": "Baker"}])) == who
    assert caller.detail(who)["JobTitle"] == "Baker"
    assert len(caller.organisation.employees) == count


@pytest.mark.parametrize(
    "body",
    [NEW, {"Employees": [NEW]}, [], ["x"], "x", None],
    ids=["object", "wrapped", "empty", "texts", "text", "null"],
)
def test_a_body_that_is_no_array_of_objects_is_a_400(caller: Caller, body: Any) -> None:
    answer = caller.post("/Employees", body)
    assert answer.status_code == 400
    assert answer.json()["ErrorNumber"] == 17


def test_a_body_that_is_no_json_is_a_400(caller: Caller) -> None:
    url = f"{caller.url}/payroll.xro/1.0/Employees"
    for kind, data in (
        ("application/json", "[{"),
        ("application/xml", "[]"),
        ("application/json", b"\xff"),
    ):
        headers = caller.headers(Content_Type=kind)
        assert requests.post(url, data=data, headers=headers, timeout=5).status_code == 400


# update


def test_a_partial_update_leaves_other_keys_alone(caller: Caller, clock: Clock, who: str) -> None:
    before = caller.detail(who)
    clock.move(seconds=5)
    assert caller.update(who, MiddleNames="Frank").status_code == 200
    after = caller.detail(who)
    moved = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert moved == {"MiddleNames", "UpdatedDateUTC"}


def test_a_null_is_as_if_left_out(caller: Caller, who: str) -> None:
    assert caller.update(who, JobTitle=None, MiddleNames="X").status_code == 200
    assert caller.detail(who)["JobTitle"] == "Store Manager"


def test_updates_of_unknown_or_contradicting_ids_are_refused(caller: Caller, who: str) -> None:
    assert caller.update(NOBODY, MiddleNames="X").status_code == 404
    assert caller.update(who, EmployeeID=NOBODY, MiddleNames="X").status_code == 400
    assert caller.post("/Employees", [NEW | {"EmployeeID": NOBODY}]).status_code == 400
    assert caller.post(f"/Employees/{who}", [{"Title": "Ms"}, {"Title": "Mr"}]).status_code == 400


@pytest.mark.parametrize(
    "keys",
    [
        {"FirstName": ""}, {"LastName": "  "}, {"FirstName": "x" * 36}, {"MiddleNames": "x" * 36},
        {"LastName": "x" * 36}, {"Title": "x" * 11}, {"Email": "a@b.example" + "x" * 90},
        {"Email": "no address"}, {"Phone": "1" * 51}, {"Mobile": "1" * 51}, {"JobTitle": "x" * 51},
        {"Classification": "x" * 101}, {"Gender": "X"}, {"TerminationReason": "Z"},
        {"DateOfBirth": "10/03/1980"}, {"DateOfBirth": "1800-01-01"}, {"StartDate": "tomorrow"},
        {"OrdinaryEarningsRateID": NOBODY}, {"PayrollCalendarID": NOBODY}, {"PayrollCalendarID": ZERO},
        {"OrdinaryEarningsRateID": "no-guid"}, {"JobTitle": 5}, {"Shoe": "44"},
        {"IsAuthorisedToApproveLeave": "yes"}, {"BankAccounts": {}}, {"BankAccounts": ["x"]},
        {"TaxDeclaration": []}, {"HomeAddress": "x"},
        {"HomeAddress": {"City": "x", "Region": "NSW", "PostalCode": "2000"}},
        {"HomeAddress": HOME | {"Region": "New South Wales"}}, {"HomeAddress": HOME | {"Region": ""}},
        {"HomeAddress": HOME | {"PostalCode": "20000"}}, {"HomeAddress": HOME | {"PostalCode": ""}},
        {"HomeAddress": HOME | {"City": "x" * 51}}, {"HomeAddress": HOME | {"AddressLine1": "x" * 51}},
        {"EmploymentType": "EMPLOYEE", "IncomeType": "LABOURHIRE"}, {"IncomeType": "WAGES"},
        {"IncomeType": "WORKINGHOLIDAYMAKER"}, {"CountryOfResidence": "Australia"},
        {"IncomeType": "NONEMPLOYEE", "TaxDeclaration": {"EmploymentBasis": "NONEMPLOYEE"}},
    ],
)  # fmt: skip
def test_what_the_vendor_refuses_of_a_person_changes_nothing(
    caller: Caller, who: str, keys: dict[str, Any]
) -> None:
    before = caller.detail(who)
    answer = caller.update(who, **keys)
    assert answer.status_code == 400, answer.text
    assert messages(answer)
    assert caller.detail(who) == before


@pytest.mark.parametrize(
    "accounts",
    [
        [REST | {"BSB": ""}], [REST | {"BSB": "062-000"}], [REST | {"BSB": "06200"}],
        [REST | {"AccountNumber": "1234567890"}], [REST | {"AccountNumber": ""}],
        [REST | {"AccountNumber": "ABC"}], [REST | {"AccountName": "x" * 33}],
        [REST | {"AccountName": ""}], [REST | {"AccountName": "José Papas"}],
        [REST | {"StatementText": "x" * 19}], [REST | {"StatementText": "Löhne"}],
        [PART | {"AccountNumber": str(n)} for n in range(4)] + [REST],
        [REST, REST | {"AccountNumber": "1"}], [PART, PART | {"AccountNumber": "2"}],
        [PART | {"Amount": 0}, REST], [PART | {"Amount": "50"}, REST], [PART | {"Amount": 1.005}, REST],
        [REST | {"Percent": 5}],
    ],
)  # fmt: skip
def test_what_the_vendor_refuses_of_bank_accounts(
    caller: Caller, who: str, accounts: list[dict[str, Any]]
) -> None:
    before = caller.detail(who)
    assert caller.update(who, BankAccounts=accounts).status_code == 400
    assert caller.detail(who) == before


def test_leading_zeros_of_an_account_number_stay(caller: Caller, who: str) -> None:
    caller.update(who, BankAccounts=[REST | {"AccountNumber": "001234567"}])
    assert caller.detail(who)["BankAccounts"][0]["AccountNumber"] == "001234567"


def test_a_single_account_need_not_say_that_it_takes_the_rest(caller: Caller, who: str) -> None:
    row = {key: value for key, value in REST.items() if key != "Remainder"}
    assert caller.update(who, BankAccounts=[row]).status_code == 200


@pytest.mark.parametrize(
    "tax",
    [
        {"TaxFileNumber": "###-###-123"}, {"TaxFileNumber": "123456789"}, {"TaxFileNumber": "000000000"},
        {"TaxFileNumber": "123 456 782"}, {"TaxFileNumber": VALID_TFN, "TFNExemptionType": "PENDING"},
        {"TFNExemptionType": "UNQUOTED"}, {"EmploymentBasis": "FULL_TIME"},
        {"ResidencyStatus": "FOREIGNRESIDENT", "TaxFreeThresholdClaimed": True},
        {"ResidencyStatus": "FOREIGNRESIDENT"}, {"TaxOffsetEstimatedAmount": 10.5},
        {"UpwardVariationTaxWithholdingAmount": 0.1}, {"ApprovedWithholdingVariationPercentage": 101},
        {"ApprovedWithholdingVariationPercentage": -1}, {"ApprovedWithholdingVariationPercentage": 1.5},
        {"HasHELPDebt": "true"}, {"ABN": "839182848805"}, {"TaxOffsetEstimatedAmount": True},
    ],
)  # fmt: skip
def test_what_the_vendor_refuses_of_a_tax_declaration(
    caller: Caller, who: str, tax: dict[str, Any]
) -> None:
    before = _tfn(caller, who)
    answer = caller.update(who, TaxDeclaration=tax)
    assert answer.status_code == 400
    assert _tfn(caller, who) == before
    assert str(tax.get("TaxFileNumber", "-")) == "###-###-123" or VALID_TFN not in answer.text


def test_an_employee_id_inside_the_declaration_is_refused_in_the_vendors_words(
    caller: Caller, who: str
) -> None:
    answer = caller.update(who, TaxDeclaration={"EmployeeID": who, "EmploymentBasis": "CASUAL"})
    assert answer.status_code == 400
    assert messages(answer) == "EmployeeID is not a valid element in TaxDeclaration"


def test_a_new_tfn_takes_the_place_of_an_exemption_and_the_other_way_round(
    caller: Caller, who: str
) -> None:
    caller.update(who, TaxDeclaration={"TFNExemptionType": "PENDING"})
    assert "TaxFileNumber" not in caller.detail(who)["TaxDeclaration"]
    caller.update(who, TaxDeclaration={"TaxFileNumber": VALID_TFN})
    tax = caller.detail(who)["TaxDeclaration"]
    assert tax["TaxFileNumber"] == "###-###-782"
    assert "TFNExemptionType" not in tax


def test_super_needs_a_known_fund_a_member_number_and_own_membership_ids(
    caller: Caller, who: str
) -> None:
    fund = caller.get("/Superfunds").json()["SuperFunds"][0]["SuperFundID"]
    for row, sentence in (
        ({"SuperFundID": NOBODY, "EmployeeNumber": "1"}, "The superannuation fund is required"),
        ({"EmployeeNumber": "1"}, "The superannuation fund is required"),
        ({"SuperFundID": fund, "EmployeeNumber": ""}, "employee number"),
        ({"SuperFundID": fund, "EmployeeNumber": "1", "SuperMembershipID": NOBODY}, "invalid id"),
        ({"SuperFundID": fund, "EmployeeNumber": "1", "SuperMembershipID": ZERO}, "invalid id"),
        ({"SuperFundID": fund, "EmployeeNumber": 5}, "must be a string"),
    ):
        answer = caller.update(who, SuperMemberships=[row])
        assert answer.status_code == 400
        assert sentence in messages(answer)


def test_a_whole_record_read_and_posted_back_fails_on_its_pay_template(
    caller: Caller, who: str
) -> None:
    one = caller.detail(who)
    one["TaxDeclaration"].pop("TaxFileNumber")
    answer = caller.post(f"/Employees/{who}", [one])
    assert answer.status_code == 400
    assert "The superannuation fund is required" in messages(answer)


def test_read_side_keys_are_taken_and_change_nothing(caller: Caller, who: str) -> None:
    before = caller.detail(who)
    keys = {
        "LeaveBalances": [],
        "IsSTP2Qualified": True,
        "Status": "TERMINATED",
        "UpdatedDateUTC": "x",
    }
    assert caller.update(who, **keys, ValidationErrors=[]).status_code == 200
    after = caller.detail(who)
    assert after["LeaveBalances"] == before["LeaveBalances"]
    assert (after["Status"], after["IsSTP2Qualified"]) == ("ACTIVE", before["IsSTP2Qualified"])


def test_a_termination_date_terminates_and_clearing_it_brings_back(
    caller: Caller, who: str
) -> None:
    caller.update(who, TerminationDate="2026-02-01", TerminationReason="V")
    assert caller.detail(who)["Status"] == "TERMINATED"
    assert caller.update(who, TerminationDate="", TerminationReason="").status_code == 200
    assert caller.detail(who)["Status"] == "ACTIVE"


# both shapes of a 400


def test_a_bad_employee_answers_in_the_envelope_and_a_bad_request_as_an_exception(
    caller: Caller, who: str
) -> None:
    envelope = caller.update(who, FirstName="").json()
    assert envelope["Employees"][0]["ValidationErrors"] == [
        {"Message": "The First Name is required."}
    ]
    exception = caller.update(who, Shoe="44").json()
    assert exception == {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "Shoe is not a valid element in Employee",
    }


@pytest.mark.parametrize("keys", [{"FirstName": ""}, {"Shoe": "44"}])
def test_validation_shape_plays_either_shape_for_everything(
    served: Served, caller: Caller, who: str, keys: dict[str, Any]
) -> None:
    _turn(served, "validation_shape", "envelope")
    assert "ValidationErrors" in caller.update(who, **keys).json()["Employees"][0]
    _turn(served, "validation_shape", "exception")
    assert caller.update(who, **keys).json()["Type"] == "ValidationException"


def test_a_refusal_never_repeats_a_whole_tfn(caller: Caller, who: str) -> None:
    answer = caller.update(who, FirstName="", TaxDeclaration={"TaxFileNumber": VALID_TFN})
    assert answer.status_code == 400
    assert VALID_TFN not in answer.text


# the undocumented, both ways


def test_posted_bank_accounts_replace_or_merge(served: Served, caller: Caller, who: str) -> None:
    caller.update(who, BankAccounts=[PART, REST])
    caller.update(who, BankAccounts=[REST])
    assert len(caller.detail(who)["BankAccounts"]) == 1
    caller.update(who, BankAccounts=[])
    assert caller.detail(who)["BankAccounts"] == []
    _turn(served, "posted_bank_accounts", "merge")
    caller.update(who, BankAccounts=[PART, REST])
    caller.update(who, BankAccounts=[PART | {"Amount": 60}, REST])
    assert [row.get("Amount") for row in caller.detail(who)["BankAccounts"]] == [60, None]
    caller.update(who, BankAccounts=[])
    assert len(caller.detail(who)["BankAccounts"]) == 2


def test_posted_super_memberships_replace_or_merge(
    served: Served, caller: Caller, who: str
) -> None:
    (held,) = caller.detail(who)["SuperMemberships"]
    new = {"SuperFundID": held["SuperFundID"], "EmployeeNumber": "NEW-1"}
    caller.update(who, SuperMemberships=[held, new])
    both = caller.detail(who)["SuperMemberships"]
    assert both[0] == held
    caller.update(who, SuperMemberships=[both[1]])
    assert caller.detail(who)["SuperMemberships"] == [both[1]]
    _turn(served, "posted_super_memberships", "merge")
    caller.update(who, SuperMemberships=[new | {"EmployeeNumber": "NEW-2"}, new])
    numbers = [row["EmployeeNumber"] for row in caller.detail(who)["SuperMemberships"]]
    assert numbers == ["NEW-1", "NEW-2"]


def test_F4_a_declaration_without_the_tfn_keeps_it_or_loses_it(
    served: Served, caller: Caller, who: str
) -> None:
    held = _tfn(caller, who)
    caller.update(who, TaxDeclaration={"EmploymentBasis": "CASUAL"})
    assert _tfn(caller, who) == held
    _turn(served, "tax_declaration", "replace")
    caller.update(who, TaxDeclaration={"EmploymentBasis": "PARTTIME"})
    assert _tfn(caller, who) == held
    _turn(served, "omitted_tfn", "goes")
    caller.update(who, TaxDeclaration={"EmploymentBasis": "CASUAL"})
    assert _tfn(caller, who) is None


def test_keys_left_out_of_a_declaration_stay_or_go(
    served: Served, caller: Caller, who: str
) -> None:
    caller.update(who, TaxDeclaration={"EmploymentBasis": "CASUAL"})
    assert caller.detail(who)["TaxDeclaration"]["ResidencyStatus"] == "AUSTRALIANRESIDENT"
    _turn(served, "tax_declaration", "replace")
    caller.update(who, TaxDeclaration={"EmploymentBasis": "CASUAL"})
    assert "ResidencyStatus" not in caller.detail(who)["TaxDeclaration"]


def test_a_posted_address_is_whole_or_merged(served: Served, caller: Caller, who: str) -> None:
    caller.update(who, HomeAddress=HOME | {"AddressLine2": "Unit 4"})
    caller.update(who, HomeAddress=HOME)
    assert "AddressLine2" not in caller.detail(who)["HomeAddress"]
    _turn(served, "home_address", "merge")
    caller.update(who, HomeAddress=HOME | {"AddressLine2": "Unit 4"})
    caller.update(who, HomeAddress=HOME)
    assert caller.detail(who)["HomeAddress"]["AddressLine2"] == "Unit 4"


def test_payroll_sections_move_the_update_time_or_not(
    served: Served, caller: Caller, clock: Clock, who: str
) -> None:
    seen = [caller.detail(who)["UpdatedDateUTC"]]
    for switch, keys in (
        ("yes", {"BankAccounts": [REST]}),
        ("no", {"BankAccounts": [REST, PART]}),
        ("no", {"TaxDeclaration": {"EmploymentBasis": "CASUAL"}}),
        ("no", {"MiddleNames": "Kim"}),
    ):
        _turn(served, "payroll_sections_move_updated", switch)
        clock.move(seconds=2)
        assert caller.update(who, **keys).status_code == 200
        seen.append(caller.detail(who)["UpdatedDateUTC"])
    assert seen[0] != seen[1] == seen[2] == seen[3] != seen[4]


def test_a_post_answers_in_short_or_in_full(served: Served, caller: Caller, who: str) -> None:
    short = caller.update(who, BankAccounts=[REST]).json()["Employees"][0]
    assert "BankAccounts" not in short
    _turn(served, "post_answer", "full")
    full = caller.update(who, BankAccounts=[REST]).json()["Employees"][0]
    assert full["BankAccounts"] == [REST]
    assert full["TaxDeclaration"]["TaxFileNumber"].startswith("###")
    assert "LeaveBalances" not in full


@pytest.mark.parametrize("group", ["Nowhere", "sydney office", "Brisbane Workshop"])
def test_an_unknown_group_is_refused_letter_by_letter_or_accepted(
    served: Served, caller: Caller, who: str, group: str
) -> None:
    assert caller.update(who, EmployeeGroupName="Brisbane  Workshop").status_code == 200
    assert caller.update(who, EmployeeGroupName=group).status_code == 400
    _turn(served, "unknown_group", "accept")
    assert caller.update(who, EmployeeGroupName=group).status_code == 200
    assert caller.detail(who)["EmployeeGroupName"] == group


def test_an_empty_string_clears_or_is_ignored(served: Served, caller: Caller, who: str) -> None:
    _turn(served, "empty_string", "ignored")
    caller.update(who, JobTitle="", Phone="02 5550 1234")
    assert caller.detail(who)["JobTitle"] == "Store Manager"
    _turn(served, "empty_string", "clears")
    caller.update(who, JobTitle="")
    assert "JobTitle" not in caller.detail(who)


def test_names_are_kept_as_sent_or_tidied(served: Served, caller: Caller, who: str) -> None:
    caller.update(who, MiddleNames="mary  JANE ")
    assert caller.detail(who)["MiddleNames"] == "mary  JANE "
    _turn(served, "names_kept", "trimmed_title_case")
    caller.update(who, MiddleNames="mary  JANE ")
    assert caller.detail(who)["MiddleNames"] == "Mary Jane"


def test_a_mixed_batch_fails_whole_or_in_part(served: Served, caller: Caller) -> None:
    count = len(caller.organisation.employees)
    batch = [NEW, NEW | {"FirstName": ""}]
    answer = caller.post("/Employees", batch)
    assert answer.status_code == 400
    assert "ValidationErrors" not in answer.json()["Employees"][0]
    assert len(caller.organisation.employees) == count
    _turn(served, "mixed_batch", "partial")
    answer = caller.post("/Employees", batch)
    assert answer.status_code == 200
    assert answer.json()["Employees"][1]["ValidationErrors"]
    assert len(caller.organisation.employees) == count + 1


def test_several_accounts_without_one_remainder_are_refused_or_not(
    served: Served, caller: Caller, who: str
) -> None:
    accounts = [REST, REST | {"AccountNumber": "1"}]
    assert caller.update(who, BankAccounts=accounts).status_code == 400
    _turn(served, "one_remainder", "not")
    assert caller.update(who, BankAccounts=accounts).status_code == 200


# funds


def test_a_regulated_fund_takes_its_name_from_the_product(caller: Caller) -> None:
    body = [{"usi": "PTC0133AU", "Type": "REGULATED", "Name": "Bar99359", "USI": "PTC0133AU"}]
    fund = caller.post("/Superfunds", body).json()["SuperFunds"][0]
    assert (fund["Name"], fund["ABN"]) == ("AMG Super", "30099320583")
    assert fund["SuperFundID"] in caller.organisation.funds


def test_an_own_fund_is_made_and_changed(caller: Caller) -> None:
    own = {
        "Type": "SMSF", "Name": "Ours", "ABN": "53004085616", "BSB": "324324",
        "AccountNumber": "234234234", "AccountName": "Ours", "ElectronicServiceAddress": "FG48739",
    }  # fmt: skip
    fund = caller.post("/Superfunds", [own]).json()["SuperFunds"][0]["SuperFundID"]
    changed = caller.post(f"/Superfunds/{fund}", [{"Name": "Ours again"}])
    assert changed.json()["SuperFunds"][0]["Name"] == "Ours again"
    assert caller.post(f"/Superfunds/{NOBODY}", [{"Name": "x"}]).status_code == 404


@pytest.mark.parametrize(
    "fund",
    [
        {"Name": "x"}, {"Type": "RETAIL"}, {"Type": "REGULATED"}, {"Type": "REGULATED", "USI": "XXX0000AU"},
        {"Type": "SMSF", "Name": "x"}, {"Type": "REGULATED", "USI": "PTC0133AU", "EmployerNumber": "x" * 21},
        {"Type": "REGULATED", "USI": "PTC0133AU", "SuperFundID": NOBODY}, {"Type": "REGULATED", "Shoe": 1},
        {"Type": "SMSF", "Name": "x", "ABN": "1", "BSB": "1", "AccountNumber": "1", "AccountName": "x"},
    ],
)  # fmt: skip
def test_what_the_vendor_refuses_of_a_fund(caller: Caller, fund: dict[str, Any]) -> None:
    count = len(caller.organisation.funds)
    assert caller.post("/Superfunds", [fund]).status_code == 400
    assert len(caller.organisation.funds) == count


# the pay template


def test_a_template_with_its_membership_is_taken_and_without_ids_refused(
    caller: Caller, who: str
) -> None:
    (held,) = caller.detail(who)["SuperMemberships"]
    line = {
        "SuperMembershipID": held["SuperMembershipID"],
        "ContributionType": "SGC",
        "CalculationType": "STATUTORY",
    }
    assert caller.update(who, PayTemplate={"SuperLines": [line]}).status_code == 200
    assert caller.detail(who)["PayTemplate"]["SuperLines"] == [line]
    no_kind = {"SuperMembershipID": held["SuperMembershipID"]}
    for template in ({"SuperLines": [no_kind]}, {"EarningsLines": [{"RatePerUnit": 5}]}):
        assert caller.update(who, PayTemplate=template).status_code == 400
