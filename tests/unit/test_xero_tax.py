"""The tax declaration: one value for TFN and exemption, every mapped key, nothing else (F4)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import canonical
from agent.employee import UNKNOWN, Exemption, Loans, MaskedTfn, Tfn
from agent.fields import names, same
from agent.xero.mapping_tax import MAPPED, lost, tax, tax_body

NUMBER = Tfn("123456782")
HELD: dict[str, Any] = {
    "TaxFileNumber": "###-###-782",
    "EmploymentBasis": "FULLTIME",
    "ResidencyStatus": "AUSTRALIANRESIDENT",
    "AustralianResidentForTaxPurposes": True,
    "TaxFreeThresholdClaimed": True,
    "EligibleToReceiveLeaveLoading": False,
    "HasHELPDebt": True,
    "HasSFSSDebt": False,
    "HasTradeSupportLoanDebt": False,
    "HasStudentStartupLoan": False,
    "TaxOffsetEstimatedAmount": 600,
    "UpwardVariationTaxWithholdingAmount": 25,
    "ApprovedWithholdingVariationPercentage": 15,
    "TaxScaleType": "REGULAR",
    "IncludeLeaveLoadingInQualifyingEarnings": False,
    "EmployeeID": "00000000-0000-0000-0000-00000000000a",
    "UpdatedDateUTC": "/Date(1573623306000+0000)/",
}
RAW = {"TaxDeclaration": HELD}


def held(**keys: Any) -> dict[str, Any]:
    return {"TaxDeclaration": {k: v for k, v in {**HELD, **keys}.items() if v is not None}}


def posted(raw: dict[str, Any], changes: dict[str, Any], stp2: bool = False) -> dict[str, Any]:
    body, refused = tax_body(raw, changes, stp2)
    assert not refused
    found: dict[str, Any] = body["TaxDeclaration"]
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tfn_or_exemption", MaskedTfn("782")),
        ("employment_basis", "FULL_TIME"),
        ("residency", "AUSTRALIAN_RESIDENT"),
        ("resident_for_tax", True),
        ("tax_free_threshold", True),
        ("leave_loading", False),
        ("loans", Loans(True, frozenset({"help"}))),
        ("tax_offset", Decimal(600)),
        ("upward_variation", Decimal(25)),
        ("withholding_variation", Decimal(15)),
    ],
)
def test_every_tax_field_is_read(name: str, value: Any) -> None:
    assert tax(RAW, False)[name] == value


@pytest.mark.parametrize(
    "raw",
    [{}, {"TaxDeclaration": None}, {"TaxDeclaration": {"UpdatedDateUTC": "/Date(0+0000)/"}}],
)
def test_no_declaration_is_none_throughout_and_not_no(raw: dict[str, Any]) -> None:
    assert tax(raw, False) == dict.fromkeys(names("tax"))


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ({"TaxFileNumber": "***-***-782"}, MaskedTfn("782")),
        ({"TaxFileNumber": "123456782"}, NUMBER),
        ({"TaxFileNumber": "123456789"}, MaskedTfn("789", valid=False)),
        ({"TaxFileNumber": "111111111"}, Exemption("PENDING")),
        ({"TaxFileNumber": None, "TFNExemptionType": "NOTQUOTED"}, Exemption("UNQUOTED")),
        ({"TaxFileNumber": None, "TFNExemptionType": "UNDER18"}, Exemption("UNDER18")),
        ({"TFNExemptionType": "PENDING"}, MaskedTfn("782")),
        ({"TaxFileNumber": None, "TFNExemptionType": "NEWWORD"}, UNKNOWN),
        ({"TaxFileNumber": None}, None),
    ],
)
def test_F4_number_and_exemption_are_one_value(shown: dict[str, Any], read: Any) -> None:
    assert tax(held(**shown), False)["tfn_or_exemption"] == read


def test_a_word_that_xero_added_since_is_unknown_not_an_error() -> None:
    found = tax(held(EmploymentBasis="GIG", ResidencyStatus="MARS"), False)
    assert found["employment_basis"] is found["residency"] is UNKNOWN


def test_F4_absent_and_nought_amounts_are_none_but_a_variation_of_nought_is_not() -> None:
    found = tax(held(TaxOffsetEstimatedAmount=0, UpwardVariationTaxWithholdingAmount=None), False)
    assert found["tax_offset"] is found["upward_variation"] is None
    raw = held(ApprovedWithholdingVariationPercentage=0)
    assert tax(raw, False)["withholding_variation"] == Decimal(0)
    raw = held(ApprovedWithholdingVariationPercentage=None)
    assert tax(raw, False)["withholding_variation"] is None


def test_loans_are_kinds_or_for_stp_phase_2_only_any() -> None:
    assert tax(RAW, True)["loans"] == Loans(True)
    assert tax(held(HasHELPDebt=None, HasLoanOrStudentDebt=True), True)["loans"] == Loans(True)
    assert tax(held(HasLoanOrStudentDebt=False), True)["loans"] == Loans(False)
    assert tax(held(HasHELPDebt=False), False)["loans"] == Loans(False, frozenset())


def test_F4_a_write_sends_every_mapped_key_booleans_too_and_nothing_else() -> None:
    body = posted(RAW, {"leave_loading": True})
    assert body == {
        key: value for key, value in HELD.items() if key in MAPPED and key != "TaxFileNumber"
    } | {"EligibleToReceiveLeaveLoading": True}


def test_F4_the_number_leaves_only_when_it_is_handed_in_whole() -> None:
    assert "TaxFileNumber" not in posted(RAW, {"leave_loading": True})
    assert posted(RAW, {"tfn_or_exemption": NUMBER})["TaxFileNumber"] == "123456782"


def test_F4_masked_tfn_is_never_written() -> None:
    for mask in (MaskedTfn("782"), MaskedTfn("789", valid=False)):
        body, refused = tax_body(RAW, {"tfn_or_exemption": mask}, False)
        assert not body
        assert list(refused) == ["tfn_or_exemption"]


def test_F4_a_number_that_fails_its_check_raises_rather_than_leaves() -> None:
    with pytest.raises(ValueError):
        tax_body(RAW, {"tfn_or_exemption": Tfn("123456789")}, False)


@pytest.mark.parametrize("number", ["###-###-782", "123456782"])
def test_F4_an_exemption_is_never_written_over_any_number(number: str) -> None:
    raw = held(TaxFileNumber=number)
    changes = {"tfn_or_exemption": Exemption("PENDING"), "leave_loading": True}
    body, refused = tax_body(raw, changes, False)
    assert list(refused) == ["tfn_or_exemption"]
    assert "TFNExemptionType" not in body["TaxDeclaration"]
    assert body["TaxDeclaration"]["EligibleToReceiveLeaveLoading"] is True


def test_F4_an_exemption_is_written_where_xero_holds_no_number() -> None:
    change = {"tfn_or_exemption": Exemption("UNQUOTED")}
    assert posted(held(TaxFileNumber=None), change)["TFNExemptionType"] == "NOTQUOTED"
    assert posted({}, change) == {"TFNExemptionType": "NOTQUOTED"}


def test_F4_a_present_exemption_is_sent_again_but_never_beside_a_number() -> None:
    raw = held(TaxFileNumber=None, TFNExemptionType="PENDING")
    assert posted(raw, {"leave_loading": True})["TFNExemptionType"] == "PENDING"
    with_number = posted(raw, {"tfn_or_exemption": NUMBER})
    assert "TFNExemptionType" not in with_number
    both = held(TFNExemptionType="PENDING")
    assert "TFNExemptionType" not in posted(both, {"leave_loading": True})


@pytest.mark.parametrize(
    ("name", "value", "key", "sent"),
    [
        ("employment_basis", "LABOUR_HIRE", "EmploymentBasis", "LABOURHIRE"),
        ("resident_for_tax", False, "AustralianResidentForTaxPurposes", False),
        ("tax_offset", Decimal("700.00"), "TaxOffsetEstimatedAmount", 700),
        ("upward_variation", Decimal(30), "UpwardVariationTaxWithholdingAmount", 30),
        ("withholding_variation", Decimal("20.0"), "ApprovedWithholdingVariationPercentage", 20),
    ],
)
def test_every_changed_tax_field_is_written(name: str, value: Any, key: str, sent: Any) -> None:
    body = posted(RAW, {name: value})
    assert body[key] == sent
    assert type(body[key]) is type(sent)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tax_offset", Decimal("600.50")),
        ("withholding_variation", Decimal("18.5")),
        ("withholding_variation", Decimal(0)),
        ("tax_offset", None),
        ("upward_variation", None),
        ("withholding_variation", None),
        ("employment_basis", None),
        ("employment_basis", "NON_EMPLOYEE"),
        ("employment_basis", "SUPER_INCOME_STREAM"),
        ("residency", "WORKING_HOLIDAY_MAKER"),
        ("tfn_or_exemption", None),
        ("resident_for_tax", UNKNOWN),
    ],
)
def test_F4_what_is_for_a_person_is_refused_alone(name: str, value: Any) -> None:
    body, refused = tax_body(RAW, {name: value, "leave_loading": True}, False)
    assert list(refused) == [name]
    sent = body["TaxDeclaration"]
    assert sent["EligibleToReceiveLeaveLoading"] is True
    assert {k: v for k, v in sent.items() if k != "EligibleToReceiveLeaveLoading"} == {
        k: v
        for k, v in HELD.items()
        if k in MAPPED and k not in ("TaxFileNumber", "EligibleToReceiveLeaveLoading")
    }


def test_nothing_to_write_is_no_declaration() -> None:
    assert tax_body(RAW, {"tax_offset": None}, False)[0] == {}


def test_F4_a_foreign_resident_with_the_threshold_claimed_is_refused_as_a_whole() -> None:
    body, refused = tax_body(RAW, {"residency": "FOREIGN_RESIDENT"}, False)
    assert not body
    assert "foreign resident" in refused["tax"][0]
    both = {"residency": "FOREIGN_RESIDENT", "tax_free_threshold": False}
    assert posted(RAW, both)["ResidencyStatus"] == "FOREIGNRESIDENT"


@pytest.mark.parametrize("word", ["WORKINGHOLIDAYMAKER"])
def test_a_working_holiday_maker_is_never_written_back_either(word: str) -> None:
    assert "ResidencyStatus" not in posted(held(ResidencyStatus=word), {"leave_loading": True})


def test_F4_absent_is_never_written_as_nought() -> None:
    raw = held(
        TaxOffsetEstimatedAmount=None,
        UpwardVariationTaxWithholdingAmount=None,
        ApprovedWithholdingVariationPercentage=None,
    )
    assert not {
        key for key in posted(raw, {"leave_loading": True}) if "Amount" in key or "Perc" in key
    }


@pytest.mark.parametrize(
    ("loans", "flags"),
    [
        (Loans(True, frozenset({"sfss", "trade"})), {"HasSFSSDebt", "HasTradeSupportLoanDebt"}),
        (Loans(True), {"HasHELPDebt"}),
        (Loans(False), set()),
        (Loans(False, frozenset()), set()),
    ],
)
def test_loans_outside_stp_phase_2_are_four_flags(loans: Loans, flags: set[str]) -> None:
    body = posted(RAW, {"loans": loans})
    assert {key for key, value in body.items() if key.startswith("Has") and value} == flags
    assert len([key for key in body if key.startswith("Has")]) == 4


def test_loans_under_stp_phase_2_are_one_flag() -> None:
    body = posted(RAW, {"loans": Loans(True, frozenset({"trade"}))}, stp2=True)
    assert {key for key in body if key.startswith("Has")} == {"HasLoanOrStudentDebt"}
    assert body["HasLoanOrStudentDebt"] is True


def test_any_loan_without_its_kind_keeps_the_kind_that_xero_has() -> None:
    raw = held(HasHELPDebt=False, HasTradeSupportLoanDebt=True)
    body = posted(raw, {"loans": Loans(True)})
    assert body["HasTradeSupportLoanDebt"] is True
    assert body["HasHELPDebt"] is False


def test_F4_a_mask_or_an_unmanaged_key_that_went_is_noticed() -> None:
    body = {"TaxDeclaration": posted(RAW, {"leave_loading": True})}
    after = {**HELD, **body["TaxDeclaration"]}
    assert lost(RAW, body, {"TaxDeclaration": after}) == ()
    without = {k: v for k, v in after.items() if k not in ("TaxFileNumber", "TaxScaleType")}
    assert lost(RAW, body, {"TaxDeclaration": without}) == ("tax:TaxFileNumber", "tax:TaxScaleType")
    other = {**after, "TaxFileNumber": "###-###-000", "TaxScaleType": "FOREIGN"}
    assert lost(RAW, body, {"TaxDeclaration": other}) == ("tax:TaxFileNumber", "tax:TaxScaleType")
    assert "tax:TaxFileNumber" in lost(RAW, body, {})


def test_F4_a_written_number_that_shows_another_mask_is_no_loss() -> None:
    body = {"TaxDeclaration": posted(RAW, {"tfn_or_exemption": NUMBER})}
    before = held(TaxFileNumber="###-###-111", TFNExemptionType="PENDING")
    after = held(TaxFileNumber="###-###-782")
    assert lost(before, body, after) == ()
    assert lost(before, body, held(TaxFileNumber=None)) == ("tax:TaxFileNumber",)


def test_F4_an_exemption_that_went_by_itself_is_noticed() -> None:
    before = held(TaxFileNumber=None, TFNExemptionType="PENDING")
    body = {"TaxDeclaration": {"EligibleToReceiveLeaveLoading": True}}
    after = held(TaxFileNumber=None)
    assert lost(before, body, after) == ("tax:TFNExemptionType",)


def tfn() -> st.SearchStrategy[Tfn]:
    digits = st.integers(10_000_000, 99_999_999).map(lambda n: [f"{n}{d}" for d in range(10)])
    valid = digits.map(lambda ways: [way for way in ways if canonical.is_tfn(way)]).filter(bool)
    return valid.map(lambda ways: Tfn(ways[0]))


KINDS = st.frozensets(st.sampled_from(["help", "sfss", "trade", "startup"]))
DOLLARS = st.none() | st.integers(1, 99_999).map(Decimal)
DECLARATIONS = st.fixed_dictionaries(
    {
        "tfn_or_exemption": tfn(),
        "employment_basis": st.sampled_from(["FULL_TIME", "PART_TIME", "CASUAL", "LABOUR_HIRE"]),
        "residency": st.sampled_from(["AUSTRALIAN_RESIDENT", "FOREIGN_RESIDENT"]),
        "resident_for_tax": st.booleans(),
        "tax_free_threshold": st.booleans(),
        "leave_loading": st.booleans(),
        "loans": KINDS.map(lambda kinds: Loans(bool(kinds), kinds)),
        "tax_offset": DOLLARS,
        "upward_variation": DOLLARS,
        "withholding_variation": st.none() | st.integers(1, 100).map(Decimal),
    }
).filter(lambda d: d["residency"] == "AUSTRALIAN_RESIDENT" or not d["tax_free_threshold"])


@given(DECLARATIONS, DECLARATIONS, st.booleans())
def test_any_declaration_posted_over_any_other_reads_back_as_that_declaration(
    before: dict[str, Any], after: dict[str, Any], stp2: bool
) -> None:
    first, refused = tax_body({}, before, stp2)
    assert not refused
    second, refused = tax_body(first, after, stp2)
    assert all(after[name] is None for name in refused)
    read = tax(second, stp2)
    assert all(same(name, after[name], read[name]) for name in after.keys() - refused.keys())
