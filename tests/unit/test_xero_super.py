"""Super memberships and funds: read by USI, added and changed, never removed (F3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.employee import UNKNOWN, SuperMembership
from agent.errors import UnreadableAnswer
from agent.fields import same
from agent.xero.mapping_super import Fund, fund, memberships, pairs, super_body, vanished

FUNDS = {
    "f1": Fund("f1", "AustralianSuper", "STA0100AU", "65714394898", False),
    "f2": Fund("f2", "Statewide", "40022701955001", "40022701955", False),
    "f3": Fund("f3", "Own Fund", "", "53004085616", True),
}
ROW1 = {"SuperMembershipID": "m1", "SuperFundID": "f1", "EmployeeNumber": "00123"}
ROW2 = {"SuperMembershipID": "m2", "SuperFundID": "f2", "EmployeeNumber": "ABC9"}
RAW = {"SuperMemberships": [ROW1, ROW2]}


def read(raw: dict[str, Any]) -> Any:
    return memberships(raw, FUNDS.get)["super_memberships"]


def wanted(code: str, number: str, abn: str = "") -> SuperMembership:
    return SuperMembership(usi=code, abn=abn, fund_name="", member_number=number)


def body(raw: dict[str, Any], *rows: SuperMembership, ids: str = "f9") -> dict[str, Any]:
    matched = pairs(read(raw) or (), rows)
    return super_body(raw, matched, {index: ids for index in range(len(matched))})


def test_F3_a_membership_is_read_with_its_fund() -> None:
    first = read(RAW)[0]
    assert (first.usi, first.abn, first.member_number) == ("STA0100AU", "65714394898", "00123")
    assert (first.id, first.fund_id, first.smsf) == ("m1", "f1", False)


def test_no_membership_is_none_and_an_unknown_fund_makes_the_list_unreadable() -> None:
    assert read({}) is read({"SuperMemberships": []}) is None
    assert read({"SuperMemberships": [ROW1, {**ROW2, "SuperFundID": "f8"}]}) is UNKNOWN


def test_F3_a_self_managed_fund_is_seen() -> None:
    assert read({"SuperMemberships": [{**ROW1, "SuperFundID": "f3"}]})[0].smsf


@pytest.mark.parametrize(
    ("row", "usi", "abn"),
    [
        ({"USI": " sta0100au ", "ABN": "65 714 394 898"}, "STA0100AU", "65714394898"),
        ({"USI": "40022701955001"}, "40022701955001", "40022701955"),
        ({"USI": "OSF0001AU"}, "OSF0001AU", ""),
        ({"SPIN": "NML0117AU"}, "NML0117AU", ""),
        ({"ABN": "53004085616"}, "", "53004085616"),
    ],
)
def test_F3_the_funds_abn_comes_from_its_usi_where_it_is_not_shown(
    row: dict[str, str], usi: str, abn: str
) -> None:
    found = fund({"SuperFundID": "f", "Type": "REGULATED", "Name": "N", **row})
    assert (found.usi, found.abn) == (usi, abn)


def test_D8_a_fund_without_an_id_is_refused() -> None:
    with pytest.raises(UnreadableAnswer):
        fund({"Name": "N", "USI": "STA0100AU"})


def test_D4_equal_memberships_are_not_posted_whatever_their_order() -> None:
    assert body(RAW, wanted("40022701955001", "abc9"), wanted("sta0100au", "00123")) == {}


def test_F3_a_new_membership_is_posted_beside_the_present_ones_with_their_ids() -> None:
    assert body(RAW, *read(RAW), wanted("PTC0133AU", "77")) == {
        "SuperMemberships": [ROW1, ROW2, {"SuperFundID": "f9", "EmployeeNumber": "77"}]
    }


def test_F3_a_changed_member_number_keeps_the_memberships_id() -> None:
    assert body(RAW, wanted("STA0100AU", "999"), wanted("40022701955001", "ABC9")) == {
        "SuperMemberships": [{**ROW1, "EmployeeNumber": "999"}, ROW2]
    }


def test_F3_a_membership_that_hra_lacks_is_never_removed() -> None:
    posted = body(RAW, wanted("STA0100AU", "999"))
    assert [row["SuperMembershipID"] for row in posted["SuperMemberships"]] == ["m1", "m2"]


def test_F3_a_second_membership_of_one_fund_is_added_not_taken_for_the_first() -> None:
    posted = body(RAW, *read(RAW), wanted("STA0100AU", "555"))
    assert posted["SuperMemberships"][-1] == {"SuperFundID": "f9", "EmployeeNumber": "555"}
    assert posted["SuperMemberships"][:2] == [ROW1, ROW2]


def test_F3_a_fund_without_usi_is_matched_by_its_abn() -> None:
    assert body(RAW, wanted("", "00123", "65714394898"), wanted("", "ABC9", "40022701955")) == {}


def test_F3_a_membership_that_went_is_noticed() -> None:
    assert vanished(RAW, {"SuperMemberships": [ROW2]})
    assert not vanished(RAW, {"SuperMemberships": [ROW2, {**ROW1, "SuperMembershipID": "M1"}]})


ROWS = st.lists(
    st.builds(wanted, st.sampled_from(["STA0100AU", "40022701955001"]), st.sampled_from("1234")),
    min_size=1,
    max_size=4,
    unique=True,
)
IDS = {"STA0100AU": "f1", "40022701955001": "f2"}


@given(ROWS, ROWS)
def test_any_list_posted_over_any_other_holds_all_that_was_wanted(
    before: list[SuperMembership], after: list[SuperMembership]
) -> None:
    def posted(raw: dict[str, Any], rows: list[SuperMembership]) -> dict[str, Any]:
        matched = pairs(read(raw) or (), rows)
        ids = {index: IDS[row.usi] for index, (row, _) in enumerate(matched)}
        return {**raw, **super_body(raw, matched, ids)}

    def kept(raw: dict[str, Any]) -> dict[str, Any]:
        rows = raw["SuperMemberships"]
        return {
            "SuperMemberships": [
                {"SuperMembershipID": f"m{n}", **row} for n, row in enumerate(rows)
            ]
        }

    raw = kept(posted({}, before))
    now = kept(posted(raw, after))
    assert not vanished(raw, now)
    assert all(
        any(same("super_memberships", (row,), (found,)) for found in read(now)) for row in after
    )
