"""Changing personal details in the HRA sandbox over HTTP: only what changed, in HRA's own form."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.employee import Address, EndDate, Loans
from agent.errors import Refused
from agent.fields import GROUPS
from tests.edge.hra_desk import HraDesk

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")

DETAILS = frozenset({"details"})


@pytest.fixture
def desk() -> Iterator[HraDesk]:
    made = HraDesk()
    yield made
    made.close()


# --- changing personal details ----------------------------------------------------------------


def test_F1_a_changed_phone_leaves_everything_else_as_it_was(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p021")
    before = json.loads(json.dumps(desk.record("p021").details))
    done = client.update(client.fetch(id), {"phone": "02 5550 1234"})
    before["contacts"]["home"]["phone"] = "02 5550 1234"
    assert desk.record("p021").details == before
    assert done.employee.values["phone"] == "02 5550 1234"
    assert done.refused == {} and done.gone == ()
    assert desk.writes() == [f"PUT {id}"]
    assert done.employee.groups == frozenset(GROUPS)


def test_D4_values_that_are_equal_after_normalising_are_not_written(desk: HraDesk) -> None:
    client = desk.client()
    present = client.fetch(desk.id("p021"))
    same: dict[str, Any] = {
        "mobile": "+61 " + str(present.values["mobile"]).replace(" ", "")[1:],
        "email": str(present.values["email"]).upper(),
        "bank_accounts": tuple(
            replace(r, name=r.name.upper()) for r in present.values["bank_accounts"]
        ),
        "loans": Loans(bool(present.values["loans"].any)),
        "annual_leave": present.values["annual_leave"],
    }
    desk.calls.clear()
    assert client.update(present, same).employee == present
    assert desk.calls == []


def test_D5_an_address_keeps_the_state_as_HRA_spells_it(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p021")
    present = client.fetch(id, DETAILS)
    moved = replace(present.values["home_address"], line1="9 New Road", postcode="2001")
    client.update(present, {"home_address": moved})
    stored = desk.record("p021").details["personalAddress"]
    assert stored["state"] == "New South Wales" and stored["country"] == "Australia"
    assert stored["line1"] == "9 New Road" and stored["postcode"] == "2001"


def test_a_new_address_is_written_as_HRA_writes_countries(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p006")
    home = Address("1 Pier St", "", "Hobart", "TAS", "7000", "AUSTRALIA")
    client.update(client.fetch(id, DETAILS), {"home_address": home})
    assert desk.record("p006").details["personalAddress"] == {
        "line1": "1 Pier St", "suburb": "Hobart", "state": "TAS", "postcode": "7000",
        "country": "Australia",
    }  # fmt: skip


def test_an_emptied_optional_field_is_empty_in_HRA(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p001")
    done = client.update(
        client.fetch(id, DETAILS), {"title": None, "job_title": None, "gender": None}
    )
    assert done.employee.values["title"] is None and done.employee.values["job_title"] is None
    assert done.employee.values["gender"] is None
    assert desk.record("p001").details["gender"] == "Not_Stated"


def test_a_required_field_is_never_emptied(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p001")
    changes = {"last_name": None, "phone": "02 5550 1234"}
    done = client.update(client.fetch(id, DETAILS), changes)
    assert list(done.refused) == ["last_name"]
    assert done.employee.values["last_name"] == "Baker"


def test_D6_a_title_that_HRA_does_not_know_is_refused_and_the_rest_travels(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p001")
    changes = {"title": "Wing Commander", "job_title": "Pilot"}
    done = client.update(client.fetch(id, DETAILS), changes)
    assert list(done.refused) == ["title"]
    assert "Wing" not in str(done.refused)
    assert done.employee.values["job_title"] == "Pilot"
    assert done.employee.values["title"] == "Mr"


def test_a_title_is_written_as_the_account_spells_it(desk: HraDesk) -> None:
    client, id = desk.client(), desk.id("p001")
    client.update(client.fetch(id, DETAILS), {"title": "dr."})
    assert desk.record("p001").details["title"] == "Dr"


def test_without_the_list_of_titles_only_the_title_waits(desk: HraDesk) -> None:
    client, id = desk.client("read:accounts:referencedata"), desk.id("p001")
    done = client.update(client.fetch(id, DETAILS), {"title": "Dr", "job_title": "Pilot"})
    assert list(done.refused) == ["title"]
    assert done.employee.values["job_title"] == "Pilot"


def test_the_work_address_is_the_one_that_travels_when_set_so(desk: HraDesk) -> None:
    client, id = desk.client(email="work"), desk.id("p001")
    home = desk.record("p001").details["contacts"]["home"]["email"]
    client.update(client.fetch(id, DETAILS), {"email": "b.baker@harbourpine.example"})
    contacts = desk.record("p001").details["contacts"]
    assert contacts["work"]["email"] == "b.baker@harbourpine.example"
    assert contacts["home"]["email"] == home


TOO_MUCH = {
    "title": "Wing Commander",
    "first_name": "x" * 129,
    "last_name": "x" * 129,
    "middle_names": "x" * 256,
    "date_of_birth": date(1899, 12, 31),
    "start_date": date(2051, 1, 1),
    "end_date": EndDate(date(2051, 1, 1)),
    "branch": "b" * 65,
    "job_title": "x" * 256,
    "email": f"{'x' * 120}@example.com",
    "phone": "1" * 129,
    "home_address": Address("x" * 129, "", "Perth", "WA", "6000", "AUSTRALIA"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_D6_what_HRA_does_not_take_is_told_before_the_call_and_the_rest_travels(
    desk: HraDesk, name: str
) -> None:
    client, id = desk.client(), desk.id("p001")
    client.begin()
    present = client.fetch(id, DETAILS)
    done = client.update(present, {name: TOO_MUCH[name], "mobile": "0491 570 159"})
    assert list(done.refused) == [name]
    (sentence,) = done.refused[name]
    assert sentence.endswith(".") and "xxx" not in sentence and "HRA Cloud" in sentence
    assert done.employee.values["mobile"] == "0491 570 159"
    assert done.employee.values[name] == present.values[name]
    assert desk.writes() == [f"PUT {id}"]


def test_D6_of_all_that_HRA_does_not_take_nothing_is_sent(desk: HraDesk) -> None:
    client = desk.client()
    client.begin()
    with pytest.raises(Refused) as caught:
        client.update(client.fetch(desk.id("p001"), DETAILS), TOO_MUCH)
    assert len(caught.value.reasons) == len(TOO_MUCH)
    assert desk.writes() == []


def test_D6_a_title_that_HRA_lists_no_more_holds_the_details_and_nothing_else(
    desk: HraDesk,
) -> None:
    desk.record("p001").details["title"] = "Wing Commander"
    client = desk.client()
    client.begin()
    changes = {"phone": "02 5550 1234", "annual_leave": Decimal(7)}
    done = client.update(client.fetch(desk.id("p001")), changes)
    assert list(done.refused) == ["details"] and "titles" in done.refused["details"][0]
    assert done.employee.values["annual_leave"] == Decimal(7)
    assert desk.writes() == ["PUT leave-balances"]


def test_a_record_that_HRA_would_not_take_back_is_not_touched(desk: HraDesk) -> None:
    desk.record("p001").details["surname"] = "B" * 200
    client = desk.client()
    with pytest.raises(Refused) as caught:
        client.update(client.fetch(desk.id("p001"), DETAILS), {"phone": "02 5550 1234"})
    assert "last name" in str(caught.value)
    assert desk.writes() == []
