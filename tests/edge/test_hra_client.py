"""The HRA client against the HRA sandbox over HTTP: every call, and what goes wrong on the way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from agent import errors
from agent.employee import (
    UNKNOWN,
    Exemption,
    MaskedTfn,
    Status,
    Tfn,
)
from agent.errors import (
    NotFound,
    OutcomeUnknown,
    TransferLoop,
    WrongTarget,
)
from agent.fields import FIELDS, GROUPS, names
from agent.hra.accounts import accounts
from agent.sandbox.hra.store import ACCOUNT_ID
from agent.sandbox.people import people
from tests.edge.hra_desk import HraDesk

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

DETAILS = frozenset({"details"})


@pytest.fixture
def desk() -> Iterator[HraDesk]:
    made = HraDesk()
    yield made
    made.close()


# --- what is connected ------------------------------------------------------------------------


def test_L3_the_probe_says_which_account_and_who_signed_in(desk: HraDesk) -> None:
    found = desk.client().probe()
    assert found.id == ACCOUNT_ID
    assert "Harbour" in found.name and "Morgan Tran" in found.name
    assert found.missing_scopes == ()
    assert found.signed_in == ("Morgan Tran", "payroll.admin@harbourpine.example")


def test_L1_another_account_than_the_linked_one_is_refused(desk: HraDesk) -> None:
    with pytest.raises(WrongTarget):
        desk.client(account="another").probe()


def test_L3_the_probe_names_the_scopes_that_were_not_granted(desk: HraDesk) -> None:
    client = desk.client("manage:employees:payroll")
    assert client.probe().missing_scopes == ("manage:employees:payroll",)


@pytest.mark.parametrize("without", [(), ("read:accounts",)])
def test_L1_the_accounts_behind_a_sign_in_have_names(desk: HraDesk, without: tuple[str]) -> None:
    assert accounts(desk.transport(without)) == ((ACCOUNT_ID, "Harbour & Pine"),)


def test_branches_have_ids_names_and_paths(desk: HraDesk) -> None:
    client = desk.client()
    client.begin()
    desk.calls.clear()
    found = {branch.name: branch for branch in client.branches()}
    assert found["Head Office"].id == desk.id("Head Office")
    assert found["Head Office"].path.endswith("/Head Office")
    assert desk.calls == []


def test_a_run_begins_without_the_scope_for_reference_data(desk: HraDesk) -> None:
    client = desk.client("read:accounts:referencedata")
    client.begin()
    assert client.branches() == ()
    assert "read:accounts:referencedata" in client.missing


# --- listing and reading ----------------------------------------------------------------------


def test_D8_a_listing_goes_through_every_page_and_every_status() -> None:
    desk = HraDesk(people(230))
    listing = desk.client().listing()
    assert len({person.id for person in listing.people}) == 230
    assert listing.complete
    assert Status.TERMINATED in {p.status for p in listing.people}
    assert len(desk.calls) == 3
    desk.close()


def test_a_listing_since_a_marker_has_only_who_changed_then_or_later(desk: HraDesk) -> None:
    client = desk.client()
    desk.now = desk.now.replace(minute=50)
    desk.record("p000").updated = desk.store.stamp()
    marker = client.listing().marker
    assert marker.startswith("2026-03-02T01:50:00")
    later = client.listing(marker)
    assert [p.id for p in later.people] == [desk.id("p000")]
    assert not later.complete and later.marker == marker


def test_the_marker_is_the_same_for_both_forms_of_time() -> None:
    marks = set()
    for form in ("space", "letter_t"):
        desk = HraDesk(time_form=form)
        marks.add(desk.client().listing().marker)
        desk.close()
    assert len(marks) == 1


def test_a_person_has_what_the_list_lacks(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p001")
    short = next(p for p in client.listing().people if p.id == id)
    assert short.email is None and short.postcode is None
    found = client.person(id)
    details = desk.record("p001").details
    assert found.email == details["contacts"]["home"]["email"]
    assert found.mobile == details["contacts"]["home"]["mobile"]
    assert found.postcode == details["personalAddress"]["postcode"]


def test_M4_everybody_listed_has_the_branch_that_they_are_in(desk: HraDesk) -> None:
    people = desk.client().listing().people
    assert {p.id: p.branch for p in people} == {
        record.id: record.branch for record in desk.store.employees.values()
    }
    assert not any(p.candidate for p in people)


@pytest.mark.parametrize("pooled", [False, True])
def test_a_record_has_a_key_for_every_field_of_every_group(desk: HraDesk, pooled: bool) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = desk.client(pool=pool if pooled else None).fetch(desk.id("p001"))
    assert found.values.keys() == FIELDS.keys()
    assert found.groups == frozenset(GROUPS)
    assert found.number == desk.record("p001").details["employeeNumber"]
    assert found.values["branch"] == desk.record("p001").branch
    assert len(found.values["bank_accounts"]) == 4
    assert found.values["bank_accounts"][-1].remainder
    assert isinstance(found.values["tfn_or_exemption"], Tfn)
    assert all(value is not UNKNOWN for value in found.values.values())
    assert len(desk.calls) == 5


def test_only_the_named_groups_are_read(desk: HraDesk) -> None:
    found = desk.client().fetch(desk.id("p001"), frozenset({"bank"}))
    assert set(found.values) == {"bank_accounts"}
    assert len(desk.calls) == 2


def test_exemption_variation_and_offset_are_read_as_they_stand(desk: HraDesk) -> None:
    client, tax = desk.client(), frozenset({"tax"})
    assert client.fetch(desk.id("p018"), tax).get("tfn_or_exemption") == Exemption("PENDING")
    assert client.fetch(desk.id("p019"), tax).get("withholding_variation") == Decimal(15)
    assert client.fetch(desk.id("p008"), tax).get("tax_offset") == Decimal(600)
    assert client.fetch(desk.id("p000"), tax).get("tax_offset") is None


@pytest.mark.parametrize("form", ["stars", "crosses", "bullets", "last_three"])
def test_F4_a_masked_number_is_a_mask_in_every_form(form: str) -> None:
    desk = HraDesk(tfn_mask_form=form)
    found = desk.client("read:clear-tax-details").fetch(desk.id("p000"), frozenset({"tax"}))
    assert found.get("tfn_or_exemption") == MaskedTfn((desk.record("p000").tax or {})["tfn"][-3:])
    desk.close()


def test_F4_a_number_that_is_not_shown_at_all_is_not_taken_for_none() -> None:
    desk = HraDesk(tfn_mask_form="absent")
    found = desk.client("read:clear-tax-details").fetch(desk.id("p000"), frozenset({"tax"}))
    assert found.get("tfn_or_exemption") is UNKNOWN
    desk.close()


def test_a_missing_payroll_scope_leaves_its_fields_unknown(desk: HraDesk) -> None:
    client = desk.client("read:employees:payroll")
    found = client.fetch(desk.id("p001"))
    for name in (*names("bank"), *names("tax"), *names("leave")):
        assert found.values[name] is UNKNOWN
    assert found.values["super_memberships"] is not None
    assert client.missing == ("read:employees:payroll",)


def test_L3_lost_access_to_employees_is_an_error(desk: HraDesk) -> None:
    with pytest.raises(errors.AccessLost):
        desk.client("read:employees").fetch(desk.id("p001"))


def test_an_unknown_person_is_not_found(desk: HraDesk) -> None:
    with pytest.raises(NotFound):
        desk.client().fetch("0" * 32)


def test_T1_statuses_are_told_apart(desk: HraDesk) -> None:
    client = desk.client()
    assert client.fetch(desk.id("p016"), DETAILS).status is Status.TERMINATED
    assert client.fetch(desk.id("p017"), DETAILS).status is Status.AWAY
    assert client.fetch(desk.id("p000"), DETAILS).status is Status.CURRENT


# --- transfers and other actions --------------------------------------------------------------


def test_M5_a_transferred_record_is_followed_to_the_new_one(desk: HraDesk) -> None:
    client, old = desk.client(), desk.id("p001")
    client.actions.transfer(old, desk.id("Head Office"))
    found = client.fetch(old)
    assert found.id != old and found.old_id == old and found.new_id is None
    assert found.values["branch"] == desk.id("Head Office")
    assert found.status is Status.CURRENT
    assert len(found.values["bank_accounts"]) == 4
    assert client.person(old).new_id == found.id
    assert client.person(found.id).old_id == old


@pytest.mark.parametrize("pooled", [False, True])
def test_M5_the_sections_are_those_of_the_new_record(desk: HraDesk, pooled: bool) -> None:
    client, old = desk.client(), desk.id("p001")
    client.actions.transfer(old, desk.id("Head Office"))
    desk.record("p001").banks.clear()
    with ThreadPoolExecutor(4) as pool:
        found = desk.client(pool=pool if pooled else None).fetch(old, frozenset({"bank"}))
    assert len(found.values["bank_accounts"]) == 4


def test_M5_a_chain_of_transfers_that_loops_is_refused(desk: HraDesk) -> None:
    one, two = desk.record("p000"), desk.record("p001")
    one.new_id, two.new_id = two.id, one.id
    one.status = two.status = "Transferred"
    with pytest.raises(TransferLoop):
        desk.client().fetch(one.id)


def test_a_current_record_that_names_a_new_one_is_still_itself(desk: HraDesk) -> None:
    desk.record("p000").new_id = desk.id("p001")
    found = desk.client().fetch(desk.id("p000"), DETAILS)
    assert found.id == desk.id("p000") and found.new_id == desk.id("p001")


def test_M3_only_the_id_of_a_status_address_is_used() -> None:
    desk = HraDesk()
    desk.app.config["BASE_URL"] = "http://elsewhere.example/odd"
    desk.client().actions.terminate(desk.id("p000"), date(2026, 1, 5), "By_Notice")
    assert desk.record("p000").end_date == "2026-01-05"
    desk.close()


def test_X3_an_action_whose_answer_is_lost_is_not_sent_again(desk: HraDesk) -> None:
    desk.fail("drop_after", "POST", "*/terminate", times=0)
    with pytest.raises(OutcomeUnknown):
        desk.client().actions.terminate(desk.id("p000"), date(2026, 1, 5), "By_Notice")
    assert desk.writes() == ["POST terminate"]
