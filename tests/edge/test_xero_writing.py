"""The Xero client's writes against the sandbox over HTTP: sections, refusals, lost answers,
creates.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.employee import Address, BankAccount, Employee, Loans, MaskedTfn, SuperMembership, Tfn
from agent.errors import OutcomeUnknown, Parked, Refused, Unreachable, WrongRecord
from agent.sandbox.people import Person
from agent.side import Side, Written
from agent.xero.calls import Calls
from agent.xero.client import XeroClient
from agent.xero.funds import Funds
from tests.edge.xero_house import STAFF, House, opening

Open = Callable[..., House]

NEW_BANK = (
    BankAccount("062000", "00445566", "José Papas", 25_010, False, "Ersparnis", order=0),
    BankAccount("012003", "998877", "Jose Papas", None, True, order=1),
)
PTC = SuperMembership("PTC0133AU", "30099320583", "AMG Super", "778899")
NUMBER = Tfn("123456782")


# The agent knows of no such limit; Xero does.
LONG_AGO = date(1899, 12, 31)


@pytest.fixture
def opened() -> Iterator[Open]:
    """Makes houses and stops each of them at the end."""
    with opening() as make:
        yield make


def ordinary(stp2: bool = False, more: Callable[[Person], bool] = lambda p: True) -> Person:
    """Somebody active with a number, one regulated fund and at least one account."""
    return next(
        p
        for p in STAFF
        if p.stp2 is stp2
        and not p.ended
        and p.tax
        and p.tax.tfn
        and len(p.supers) == 1
        and p.supers[0].type == "REGULATED"
        and p.banks
        and more(p)
    )


def ready(house: House, person: Person | None = None) -> Employee:
    """The ordinary person as just read, with only the calls of the test counted from here on."""
    house.client.begin()
    found = house.client.fetch(house.id_of(person or ordinary()))
    house.calls.clear()
    return found


# --- sections


def test_X3_only_the_changed_key_is_posted_under_a_key_of_its_own(opened: Open) -> None:
    house = opened()
    before = ready(house)
    written = house.client.update(before, {"mobile": "0491 570 999"})
    assert house.bodies() == [[{"Mobile": "0491 570 999"}]]
    assert house.made("POST")[0].headers["Idempotency-Key"] == "key-1"
    assert written == Written(written.employee)
    assert written.employee.get("mobile") == "0491 570 999"
    assert written.employee.get("email") == before.get("email")
    assert written.employee.updated > before.updated


def test_X3_a_detail_change_is_one_call_where_the_answer_shows_it(opened: Open) -> None:
    house = opened()
    before = ready(house)
    house.client.update(before, {"mobile": "0491 570 999"})
    assert [call.method for call in house.calls] == ["POST"]


@pytest.mark.parametrize(("shown", "calls"), [("full", 1), ("summary", 2)])
def test_X3_all_sections_go_in_one_call_and_are_read_back(
    opened: Open, shown: str, calls: int
) -> None:
    house = opened(post_answer=shown)
    before = ready(house)
    changes = {
        "phone": "02 5550 1111",
        "bank_accounts": NEW_BANK,
        "super_memberships": (*before.get("super_memberships"), of_another_fund(house)),
        "tfn_or_exemption": NUMBER,
        "tax_free_threshold": False,
    }
    written = house.client.update(before, changes)
    assert len(house.made(ending="/Employees")) == calls
    assert not written.refused
    assert not written.gone
    held = house.held(before.id)
    assert held["Phone"] == "02 5550 1111"
    assert [row["AccountNumber"] for row in held["BankAccounts"]] == ["00445566", "998877"]
    assert held["BankAccounts"][0]["Amount"] == Decimal("250.1")
    assert held["BankAccounts"][0]["AccountName"] == "Jose Papas"
    assert held["TaxDeclaration"]["TaxFileNumber"] == NUMBER.number
    assert len(held["SuperMemberships"]) == 2
    assert written.employee.get("tfn_or_exemption") == MaskedTfn("782")
    assert written.employee.groups == before.groups


def of_another_fund(house: House) -> SuperMembership:
    """A membership of a fund that the organisation has, but this person does not."""
    taken = {row.usi for row in ordinary().supers}
    fund = next(f for f in house.organisation.funds.values() if f["USI"] and f["USI"] not in taken)
    return SuperMembership(fund["USI"].lower(), "", fund["Name"], "778899")


def test_D4_a_change_that_is_already_there_makes_no_call(opened: Open) -> None:
    house = opened()
    before = ready(house)
    changes = {
        "mobile": before.get("mobile"),
        "bank_accounts": before.get("bank_accounts"),
        "super_memberships": before.get("super_memberships"),
    }
    assert house.client.update(before, changes) == Written(before)
    assert house.calls == []


@pytest.mark.parametrize("ignored", ["clears", "ignored"])
def test_D8_an_emptied_field_is_proved_by_reading_it_back(opened: Open, ignored: str) -> None:
    house = opened(empty_string=ignored)
    person = ordinary(more=lambda p: bool(p.position))
    before = ready(house, person)
    written = house.client.update(before, {"job_title": None})
    assert [call.method for call in house.calls] == ["POST", "GET"]
    assert written.employee.get("job_title") == (None if ignored == "clears" else person.position)


def test_D4_a_name_that_xero_keeps_differently_is_read_back_as_it_is(opened: Open) -> None:
    house = opened(names_kept="trimmed_title_case")
    written = house.client.update(ready(house), {"last_name": "van der Berg"})
    assert written.employee.get("last_name") == "Van Der Berg"
    assert not written.refused


def test_an_address_is_posted_whole(opened: Open) -> None:
    house = opened()
    moved = Address("9 Pine Rd", "", "Fremantle", "WA", "6160", "AUSTRALIA")
    written = house.client.update(ready(house), {"home_address": moved})
    assert written.employee.get("home_address") == moved


@pytest.mark.parametrize("stp2", [True, False])
def test_F4_the_whole_declaration_is_sent_but_never_the_number(opened: Open, stp2: bool) -> None:
    house = opened()
    person = ordinary(stp2)
    before = ready(house, person)
    written = house.client.update(before, {"loans": Loans(True, frozenset({"trade"}))})
    sent = house.bodies()[0][0]["TaxDeclaration"]
    assert "TaxFileNumber" not in sent
    assert {key: value for key, value in sent.items() if key.startswith("Has") and value} == (
        {"HasLoanOrStudentDebt": True} if stp2 else {"HasTradeSupportLoanDebt": True}
    )
    assert person.tax
    assert house.held(before.id)["TaxDeclaration"]["TaxFileNumber"] == person.tax.tfn
    assert written.gone == ()


def test_F3_nothing_is_written_where_there_is_a_self_managed_fund(opened: Open) -> None:
    house = opened()
    own = next(p for p in STAFF if any(s.type == "SMSF" for s in p.supers))
    before = ready(house, own)
    with pytest.raises(Refused, match="self-managed"):
        house.client.update(before, {"super_memberships": (*before.get("super_memberships"), PTC)})
    assert house.made("POST") == []


# --- what a write makes disappear


@pytest.mark.parametrize(
    ("switches", "changes", "gone"),
    [
        ({}, {"leave_loading": True}, ()),
        ({"tax_declaration": "replace"}, {"leave_loading": True}, ("tax:TaxScaleType",)),
        ({"omitted_tfn": "goes"}, {"leave_loading": True}, ("tax:TaxFileNumber",)),
        ({"omitted_tfn": "goes"}, {"leave_loading": True, "tfn_or_exemption": NUMBER}, ()),
        ({"tfn_mask": "absent"}, {"tfn_or_exemption": NUMBER}, ()),
        ({"tfn_mask": "stars"}, {"tfn_or_exemption": NUMBER}, ()),
        ({}, {"bank_accounts": NEW_BANK}, ()),
        ({"posted_bank_accounts": "merge"}, {"bank_accounts": NEW_BANK}, ("bank:merged",)),
    ],
)
@pytest.mark.parametrize("answer", ["full", "summary"])
def test_F4_what_a_write_made_disappear_or_left_standing_is_said(
    opened: Open,
    switches: dict[str, str],
    changes: dict[str, Any],
    gone: tuple[str, ...],
    answer: str,
) -> None:
    house = opened(post_answer=answer, **switches)
    id = house.id_of(ordinary())
    house.held(id)["TaxDeclaration"]["TaxScaleType"] = "REGULAR"
    written = house.client.update(ready(house), changes)
    assert written.gone == gone


@pytest.mark.parametrize("way", ["replace", "merge"])
def test_F3_memberships_stay_and_none_is_doubled_either_way(opened: Open, way: str) -> None:
    house = opened(posted_super_memberships=way)
    before = ready(house)
    rows = before.get("super_memberships")
    first = house.client.update(before, {"super_memberships": (*rows, of_another_fund(house))})
    changed = replace(rows[0], member_number="NEW1")
    second = house.client.update(
        first.employee,
        {"super_memberships": (changed, *first.employee.get("super_memberships")[1:])},
    )
    assert first.gone == second.gone == ()
    held = house.held(before.id)["SuperMemberships"]
    assert [row["EmployeeNumber"] for row in held] == ["NEW1", "778899"]
    assert held[0]["SuperMembershipID"] == rows[0].id


# --- refusals


@pytest.mark.parametrize("shape", ["envelope", "exception"])
def test_X3_a_bad_bank_row_does_not_hold_back_the_phone(opened: Open, shape: str) -> None:
    house = opened(validation_shape=shape)
    before = ready(house)
    unknown = (BankAccount("012003", "998877", "Jo #1", None, True),)
    written = house.client.update(
        before, {"phone": "02 5550 1111", "date_of_birth": LONG_AGO, "bank_accounts": NEW_BANK}
    )
    assert list(written.refused) == ["details"]
    assert "Date Of Birth" in written.refused["details"][0]
    assert written.employee.get("bank_accounts") is not before.get("bank_accounts")
    with pytest.raises(Refused, match="characters that banks do not take"):
        house.client.update(written.employee, {"bank_accounts": unknown})


def test_B2_an_unknown_group_does_not_hold_back_the_phone(opened: Open) -> None:
    person = ordinary()
    branches = BranchMap(True, None, {person.group: "b1", "No Such Group": "b2"})
    house = opened(branches=branches)
    written = house.client.update(ready(house, person), {"phone": "02 5550 1111", "branch": "b2"})
    assert written.refused == {"branch": written.refused["branch"]}
    assert written.employee.get("phone") == "02 5550 1111"
    assert written.employee.get("branch") == "b1"
    assert house.bodies() == [[{"Phone": "02 5550 1111"}]]


def test_B3_a_mapped_branch_is_written_as_its_group(opened: Open) -> None:
    person = ordinary()
    other = next(p.group for p in STAFF if p.group and p.group != person.group)
    house = opened(branches=BranchMap(True, None, {person.group: "b1", other: "b2"}))
    written = house.client.update(ready(house, person), {"branch": "b2"})
    assert written.employee.get("branch") == "b2"


def test_D6_what_xero_cannot_hold_is_refused_and_the_rest_travels(opened: Open) -> None:
    house = opened()
    written = house.client.update(ready(house), {"job_title": "x" * 51, "phone": "02 5550 1111"})
    assert list(written.refused) == ["job_title"]
    assert written.employee.get("phone") == "02 5550 1111"


def test_S4_a_refusal_holds_no_value_of_the_record(opened: Open) -> None:
    house = opened()
    before = ready(house)
    number = before.get("bank_accounts")[0].number
    house.plan("refuse", method="POST")
    with pytest.raises(Refused) as caught:
        house.client.update(before, {"bank_accounts": NEW_BANK, "tfn_or_exemption": NUMBER})
        house.client.update(before, {"last_name": "Zzyzx", "date_of_birth": LONG_AGO})
    for value in (number, "998877", NUMBER.number, "Zzyzx", "zzyzx"):
        assert value not in str(caught.value)
        assert value not in repr(caught.value.reasons)


def test_nothing_written_raises_refused_with_the_reasons(opened: Open) -> None:
    house = opened()
    with pytest.raises(Refused) as caught:
        house.client.update(ready(house), {"bank_accounts": None, "first_name": None})
    assert len(caught.value.reasons) == 2
    assert house.made("POST") == []


# --- funds


def test_F3_a_fund_that_xero_lacks_names_the_setting_that_would_create_it(opened: Open) -> None:
    house = opened()
    before = ready(house)
    wanted = (*before.get("super_memberships"), PTC)
    written = house.client.update(before, {"super_memberships": wanted, "phone": "02 5550 1111"})
    assert "create_super_funds = yes" in written.refused["super"][0]
    assert "AMG Super" in written.refused["super"][0]
    assert "778899" not in str(written.refused)
    assert written.employee.get("phone") == "02 5550 1111"
    assert house.made("POST", "Superfunds") == []


def test_F3_a_missing_fund_is_looked_up_created_once_and_used(opened: Open) -> None:
    house = opened(create_super_funds=True)
    before = ready(house)
    wanted = (*before.get("super_memberships"), PTC)
    written = house.client.update(before, {"super_memberships": wanted})
    assert not written.refused
    assert written.employee.get("super_memberships")[1].usi == "PTC0133AU"
    other = ready(house, ordinary(more=lambda p: p != ordinary()))
    house.client.update(other, {"super_memberships": (*other.get("super_memberships"), PTC)})
    assert len(house.made("POST", "Superfunds")) == 0
    assert [f["USI"] for f in house.organisation.funds.values()].count("PTC0133AU") == 1


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        (SuperMembership("XXX0000AU", "", "Nowhere Super", "1"), "exactly one product"),
        (SuperMembership("", "30099320583", "AMG Super", "1"), "without a USI"),
    ],
)
def test_F3_a_fund_that_the_catalogue_does_not_settle_is_for_a_person(
    opened: Open, wanted: SuperMembership, word: str
) -> None:
    house = opened(create_super_funds=True)
    with pytest.raises(Refused, match=word):
        house.client.update(ready(house), {"super_memberships": (wanted,)})


def test_F3_an_abn_that_fits_several_funds_is_for_a_person(opened: Open) -> None:
    house = opened(create_super_funds=True)
    for number, usi in enumerate(("40022701955001", "40022701955002")):
        id = f"9b2f9d6e-0000-4000-8000-00000000000{number}"
        known = next(f for f in house.organisation.funds.values() if f["USI"])
        house.organisation.funds[id] = {**known, "SuperFundID": id, "USI": usi, "ABN": usi[:11]}
    wanted = SuperMembership("", "40022701955", "Statewide", "1")
    with pytest.raises(Refused, match="several funds"):
        house.client.update(ready(house), {"super_memberships": (wanted,)})


def test_F3_two_people_who_lack_the_same_fund_make_one_fund(opened: Open) -> None:
    house = opened()
    keys = count(1)
    calls = Calls(house.transport, lambda: f"fund-{next(keys)}")
    funds = Funds(calls, house.clock, may_create=True)
    assert funds.create(PTC) == funds.create(PTC)
    assert len(house.made("POST", "Superfunds")) == 1


def test_D8_another_fund_than_the_one_to_be_added_is_refused(opened: Open) -> None:
    house = opened(create_super_funds=True)
    calls = Calls(Renamed(house), lambda: "fund")
    with pytest.raises(WrongRecord):
        Funds(calls, house.clock, may_create=True).create(PTC)


# --- lost answers


def test_X3_a_lost_answer_is_repeated_with_the_same_key_and_written_once(opened: Open) -> None:
    house = opened()
    before = ready(house)
    house.plan("drop_after", method="POST")
    wanted = (*before.get("super_memberships"), of_another_fund(house))
    written = house.client.update(before, {"super_memberships": wanted})
    posts = house.made("POST")
    assert [call.headers["Idempotency-Key"] for call in posts] == ["key-1", "key-1"]
    assert posts[0].body == posts[1].body
    assert len(house.held(before.id)["SuperMemberships"]) == 2
    assert len(written.employee.get("super_memberships")) == 2


def test_X3_a_write_whose_answer_stays_lost_is_unknown(opened: Open) -> None:
    house = opened()
    before = ready(house)
    house.plan("drop_after", method="POST", times=10)
    with pytest.raises(OutcomeUnknown):
        house.client.update(before, {"mobile": "0491 570 999"})


@pytest.mark.parametrize(
    ("kind", "error", "more"),
    [("503_html", Unreachable, {"times": 10}), ("429", Parked, {"retry_after": 60})],
)
def test_X3_a_write_that_did_not_happen_is_not_called_unknown(
    opened: Open, kind: str, error: type[Exception], more: dict[str, Any]
) -> None:
    house = opened()
    before = ready(house)
    house.plan(kind, method="POST", **more)
    with pytest.raises(error):
        house.client.update(before, {"mobile": "0491 570 999"})
    assert house.held(before.id)["Mobile"] != "0491 570 999"


def test_X3_a_write_that_cannot_be_read_back_is_unknown(opened: Open) -> None:
    house = opened()
    before = ready(house)
    house.plan("503_html", method="GET", times=10)
    with pytest.raises(OutcomeUnknown):
        house.client.update(before, {"bank_accounts": NEW_BANK})


def test_X3_trouble_after_one_section_was_written_is_unknown_not_undone(opened: Open) -> None:
    house = opened()
    before = ready(house)
    house.plan("refuse", method="POST", times=1)
    house.plan("503_html", method="POST", after=1, times=10)
    with pytest.raises(OutcomeUnknown):
        house.client.update(before, {"phone": "02 5550 1111", "bank_accounts": NEW_BANK})
    assert house.held(before.id)["Phone"] == "02 5550 1111"


def test_X3_a_body_that_makes_xero_fail_goes_section_by_section(opened: Open) -> None:
    house = opened()
    before = ready(house)
    house.plan("500", method="POST", times=2)
    wanted = (*before.get("super_memberships"), of_another_fund(house))
    written = house.client.update(
        before, {"phone": "02 5550 1111", "bank_accounts": NEW_BANK, "super_memberships": wanted}
    )
    assert not written.refused
    assert len(written.employee.get("super_memberships")) == 2


def test_D8_an_answer_about_another_employee_is_no_proof_of_a_write(opened: Open) -> None:
    house = opened()
    before = ready(house)
    client = answering(house, lambda row: {**row, "EmployeeID": house.find()[::-1]})
    with pytest.raises(OutcomeUnknown):
        client.update(before, {"mobile": "0491 570 999"})


def test_X3_a_create_that_answers_without_an_id_is_unknown(opened: Open) -> None:
    house = opened()
    client = answering(house, lambda row: {"FirstName": row["FirstName"]})
    with pytest.raises(OutcomeUnknown):
        client.create(NEWCOMER)


def test_a_create_that_answers_little_is_read(opened: Open) -> None:
    house = opened()
    client = answering(house, lambda row: {"EmployeeID": row["EmployeeID"]})
    made = client.create({k: v for k, v in NEWCOMER.items() if k not in SECTIONS})
    assert made.employee.get("last_name") == "O'Brien-Smith"


def test_X3_a_create_that_answers_little_and_cannot_be_read_keeps_its_id(opened: Open) -> None:
    house = opened()
    client = answering(house, lambda row: {"EmployeeID": row["EmployeeID"]})
    house.plan("503_html", method="GET", times=20)
    made = client.create(NEWCOMER)
    assert house.held(made.employee.id)["LastName"] == "O'Brien-Smith"


def test_X3_a_membership_that_was_taken_though_all_was_refused_is_not_posted_again(
    opened: Open,
) -> None:
    house = opened()
    before = ready(house)
    client = answering(house, TakenButRefused())
    wanted = (*before.get("super_memberships"), of_another_fund(house))
    written = client.update(before, {"phone": "02 5550 1111", "super_memberships": wanted})
    assert not written.refused
    assert sum("SuperMemberships" in body[0] for body in house.bodies()) == 1
    assert len(house.held(before.id)["SuperMemberships"]) == 2


class TakenButRefused:
    """Lets the first write happen and then says that it was refused."""

    def __init__(self) -> None:
        self._first = True

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        first, self._first = self._first, False
        if first:
            raise Refused("xero", ("something else was wrong",))
        return row


class Renamed:
    """The house's transport, except that a new fund comes back as another one."""

    def __init__(self, house: House) -> None:
        self._inner = house.transport

    def get(self, path: str, params: Any = None, headers: Any = None) -> Any:
        return self._inner.get(path, params, headers)

    def send(
        self, method: str, path: str, json: Any, headers: Any = None, *, repeatable: bool
    ) -> Any:
        found = self._inner.send(method, path, json, headers, repeatable=repeatable)
        rows = [{**row, "USI": "OSF0001AU"} for row in found.body["SuperFunds"]]
        return replace(found, body={**found.body, "SuperFunds": rows})


class Answering:
    """The house's transport, except that what a POST to employees answers is changed on the way."""

    def __init__(self, house: House, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._inner, self._change = house.transport, change

    def get(self, path: str, params: Any = None, headers: Any = None) -> Any:
        return self._inner.get(path, params, headers)

    def send(
        self, method: str, path: str, json: Any, headers: Any = None, *, repeatable: bool
    ) -> Any:
        found = self._inner.send(method, path, json, headers, repeatable=repeatable)
        rows = [self._change(row) for row in found.body["Employees"]]
        return replace(found, body={**found.body, "Employees": rows})


def answering(house: House, change: Callable[[dict[str, Any]], dict[str, Any]]) -> XeroClient:
    keys = count(1)
    return XeroClient(
        Answering(house, change),
        leave_map={},
        groups_of=None,
        create_super_funds=False,
        new_key=lambda: f"other-{next(keys)}",
        scopes=frozenset(),
        clock=house.clock,
    )


def test_the_client_is_a_side(opened: Open) -> None:
    side: Side = opened().client
    assert side.name == "xero"


# --- creating

NEWCOMER: dict[str, Any] = {
    "title": "Dr",
    "first_name": "Zoë",
    "middle_names": None,
    "last_name": "O'Brien-Smith",
    "date_of_birth": date(1969, 12, 31),
    "gender": "Non_Binary",
    "home_address": Address("1 Wattle St", "", "Hobart", "TAS", "7000", "AUSTRALIA"),
    "email": "zoe@example.com",
    "mobile": "0491 570 158",
    "job_title": "Chef",
    "start_date": date(2026, 3, 2),
    "branch": "b1",
    "end_date": None,
    "bank_accounts": NEW_BANK,
    "super_memberships": None,
    "tfn_or_exemption": NUMBER,
    "employment_basis": "CASUAL",
    "residency": "AUSTRALIAN_RESIDENT",
    "resident_for_tax": True,
    "tax_free_threshold": True,
    "loans": Loans(True, frozenset({"help"})),
    "tax_offset": None,
    "leave_loading": False,
    "annual_leave": Decimal(3),
}
SECTIONS = ("bank_accounts", "tfn_or_exemption", "employment_basis", "loans", "tax_free_threshold")


def with_super(house: House) -> dict[str, Any]:
    return {**NEWCOMER, "super_memberships": (of_another_fund(house),)}


@pytest.mark.parametrize("stp2", [True, False])
def test_a_new_employee_is_created_with_every_section(opened: Open, stp2: bool) -> None:
    house = opened()
    house.organisation.stp2 = stp2
    made = house.client.create(with_super(house))
    assert not made.refused
    assert not made.gone
    found = made.employee
    for name in ("title", "first_name", "last_name", "date_of_birth", "gender", "home_address"):
        assert found.get(name) == NEWCOMER[name]
    assert found.get("tfn_or_exemption") == MaskedTfn("782")
    assert found.get("loans").any is True
    assert len(found.get("bank_accounts")) == 2
    assert len(found.get("super_memberships")) == 1
    assert house.held(found.id)["DateOfBirth"] == date(1969, 12, 31)
    assert house.held(found.id)["TaxDeclaration"]["TaxFileNumber"] == NUMBER.number


def test_M2_a_new_employee_says_what_is_missing_to_be_paid(opened: Open) -> None:
    house = opened()
    found = house.client.create(with_super(house)).employee
    assert len(found.unfinished) == 3
    assert found.notes["super_memberships"] == "unused_membership"


def test_X3_a_create_posts_the_person_first_and_its_sections_together(opened: Open) -> None:
    house = opened()
    house.client.create(with_super(house))
    first, second = house.made("POST")
    assert first.path.endswith("/Employees")
    (body, later) = house.bodies()
    assert "BankAccounts" not in body[0]
    assert set(later[0]) == {"BankAccounts", "SuperMemberships", "TaxDeclaration"}
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_B1_a_group_is_posted_only_where_matching_is_on(opened: Open) -> None:
    group = ordinary().group
    house = opened(branches=BranchMap(True, None, {group: "b1"}))
    made = house.client.create(NEWCOMER).employee
    assert house.held(made.id)["EmployeeGroupName"] == group
    assert made.get("branch") == "b1"
    other = opened()
    made = other.client.create(NEWCOMER).employee
    assert "EmployeeGroupName" not in other.held(made.id)


def test_B2_a_branch_without_a_group_holds_the_person_whole(opened: Open) -> None:
    house = opened(branches=BranchMap(True, None, {"Elsewhere": "b2"}))
    with pytest.raises(Refused, match="no Employee Group"):
        house.client.create(NEWCOMER)
    assert house.calls == []


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("date_of_birth", None, "date of birth is missing"),
        ("home_address", None, "home address is missing"),
        (
            "home_address",
            Address("1 Queen St", "", "Auckland", "", "1010", "NEW ZEALAND"),
            "outside",
        ),
        ("last_name", "x" * 36, "35 characters"),
    ],
)
def test_D6_a_person_whom_xero_cannot_take_is_held_whole(
    opened: Open, name: str, value: Any, word: str
) -> None:
    house = opened()
    with pytest.raises(Refused, match=word):
        house.client.create({**NEWCOMER, name: value})
    assert house.calls == []


def test_D6_an_optional_field_that_xero_cannot_hold_does_not_hold_the_person(opened: Open) -> None:
    made = opened().client.create({**NEWCOMER, "title": "Wing Commander"})
    assert list(made.refused) == ["title"]
    assert made.employee.get("first_name") == "Zoë"


def test_a_refused_person_is_refused(opened: Open) -> None:
    house = opened()
    with pytest.raises(Refused, match="Date Of Birth"):
        house.client.create({**NEWCOMER, "date_of_birth": LONG_AGO})


def test_X3_a_refused_section_does_not_lose_the_new_person(opened: Open) -> None:
    house = opened()
    made = house.client.create({**NEWCOMER, "super_memberships": (PTC,)})
    assert list(made.refused) == ["super"]
    assert made.employee.get("bank_accounts") is not None
    assert house.held(made.employee.id)


@pytest.mark.parametrize("kind", ["503_html", "429", "drop_after", "500", "lose_access"])
def test_X3_trouble_after_the_create_does_not_lose_the_new_id(opened: Open, kind: str) -> None:
    house = opened()
    house.plan(kind, method="POST", after=1, times=20, retry_after=60)
    made = house.client.create(NEWCOMER)
    assert set(made.refused) == {"bank", "tax"}
    assert house.held(made.employee.id)["LastName"] == "O'Brien-Smith"


def test_X3_a_create_whose_answer_was_lost_is_repeated_once_and_made_once(opened: Open) -> None:
    house = opened()
    before = len(house.organisation.employees)
    house.plan("drop_after", method="POST", path="/Employees")
    made = house.client.create(NEWCOMER)
    assert not made.refused
    assert len(house.organisation.employees) == before + 1


def test_X3_a_create_whose_answer_stays_lost_is_unknown_and_made_once(opened: Open) -> None:
    house = opened()
    before = len(house.organisation.employees)
    house.plan("drop_after", method="POST", path="/Employees", times=20)
    with pytest.raises(OutcomeUnknown):
        house.client.create(NEWCOMER)
    assert len(house.organisation.employees) == before + 1
