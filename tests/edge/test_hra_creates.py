"""New records in the HRA sandbox over HTTP, and what is known when an answer is lost."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agent.employee import (
    UNKNOWN,
    EndDate,
    Exemption,
    MaskedTfn,
    Status,
)
from agent.errors import (
    OutcomeUnknown,
    Refused,
)
from agent.fields import names
from tests.edge.hra_desk import HraDesk

# The checking library finds a word of the contract's out of date.
pytestmark = pytest.mark.filterwarnings("ignore:Use of allowEmptyValue:DeprecationWarning")


@pytest.fixture
def desk() -> Iterator[HraDesk]:
    made = HraDesk()
    yield made
    made.close()


# --- creating ---------------------------------------------------------------------------------


def newcomer(desk: HraDesk, key: str = "p019") -> dict[str, Any]:
    """The canonical values of an invented person, as if Xero held them."""
    found = desk.client().fetch(desk.id(key))
    values = dict(found.values)
    values |= {"first_name": "Nora", "last_name": "Newman", "email": "nora@example.com"}
    values["bank_accounts"] = tuple(replace(row, id=None) for row in values["bank_accounts"])
    values["super_memberships"] = tuple(
        replace(row, id=None) for row in values["super_memberships"]
    )
    return values


def test_a_new_record_has_its_details_and_its_other_sections(desk: HraDesk) -> None:
    values = newcomer(desk)
    tax = {name: None for name in names("tax")}
    desk.calls.clear()
    done = desk.client().create({**values, **tax})
    assert done.refused == {}
    assert done.employee.status is Status.CURRENT
    for name in set(values) - set(tax):
        assert done.employee.values[name] == values[name], name
    assert desk.store.employees[done.employee.id].status == "Current"
    assert desk.writes() == [
        "POST employees", "PUT bank-accounts", "PUT retirement-savings", "PUT leave-balances",
    ]  # fmt: skip


def test_F4_a_new_record_gets_no_tax_details_without_a_full_number(desk: HraDesk) -> None:
    values = {**newcomer(desk), "tfn_or_exemption": MaskedTfn("123")}
    done = desk.client().create(values)
    assert "tax" in done.refused or "tfn_or_exemption" in done.refused
    assert desk.store.employees[done.employee.id].tax is None


def test_F4_an_exemption_never_satisfies_HRA_for_a_new_record(desk: HraDesk) -> None:
    done = desk.client().create({**newcomer(desk), "tfn_or_exemption": Exemption("PENDING")})
    assert desk.store.employees[done.employee.id].tax is None


def test_a_new_record_with_an_unknown_title_is_made_without_it(desk: HraDesk) -> None:
    done = desk.client().create({**newcomer(desk), "title": "Wing Commander"})
    assert "title" in done.refused
    assert done.employee.values["title"] is None


def test_a_balance_that_nobody_knows_is_0_only_for_a_new_record(desk: HraDesk) -> None:
    values = {**newcomer(desk), "annual_leave": Decimal(8)}
    values |= {"personal_leave": UNKNOWN, "long_service_leave": None}
    done = desk.client().create(values)
    found = [done.employee.values[name] for name in names("leave")]
    assert found == [Decimal(8), Decimal(0), Decimal(0)]


def test_M2_nobody_is_made_without_a_branch(desk: HraDesk) -> None:
    with pytest.raises(Refused):
        desk.client().create({**newcomer(desk), "branch": UNKNOWN})
    assert desk.writes() == []


def test_D6_nobody_is_made_in_a_branch_that_HRA_has_not(desk: HraDesk) -> None:
    client, values = desk.client(), newcomer(desk)
    client.begin()
    for branch in ("f" * 32, "b" * 65):
        with pytest.raises(Refused) as caught:
            client.create({**values, "branch": branch})
        assert "branch map" in str(caught.value)
    assert desk.writes() == []


def test_D6_nobody_is_made_whose_name_HRA_does_not_take(desk: HraDesk) -> None:
    with pytest.raises(Refused) as caught:
        desk.client().create({**newcomer(desk), "last_name": "x" * 129})
    (reason,) = caught.value.reasons
    assert "last name" in reason and "128" in reason
    assert desk.writes() == []


def test_T2_a_newcomer_is_not_ended(desk: HraDesk) -> None:
    ends = EndDate(date(2026, 9, 1))
    done = desk.client().create({**newcomer(desk), "end_date": ends})
    assert done.employee.status is Status.CURRENT
    assert not any("terminate" in write for write in desk.writes())


def test_a_refused_newcomer_does_not_exist(desk: HraDesk) -> None:
    with pytest.raises(Refused):
        desk.client().create({**newcomer(desk), "branch": "f" * 32})
    assert not any(r.details["surname"] == "Newman" for r in desk.store.employees.values())


def test_X3_a_newcomer_whose_answer_is_lost_is_made_once_and_not_known(desk: HraDesk) -> None:
    values = newcomer(desk)
    desk.fail("drop_after", "POST", times=0)
    with pytest.raises(OutcomeUnknown):
        desk.client().create(values)
    assert sum(r.details["surname"] == "Newman" for r in desk.store.employees.values()) == 1


def test_a_newcomer_whose_bank_refuses_still_has_the_rest(desk: HraDesk) -> None:
    values = newcomer(desk)
    desk.fail("refuse", "PUT", "*/bank-accounts")
    done = desk.client().create(values)
    assert list(done.refused) == ["bank"]
    assert done.employee.values["super_memberships"] == values["super_memberships"]
    assert done.employee.values["bank_accounts"] is None


def test_a_newcomer_whose_sections_get_no_answer_is_known_by_id(desk: HraDesk) -> None:
    values = newcomer(desk)
    desk.fail("503_html", "PUT", times=0)
    done = desk.client().create(values)
    assert done.employee.id in desk.store.employees
    assert {"bank", "super", "tax", "leave"} <= set(done.refused)
    assert done.employee.get("bank_accounts") is UNKNOWN


def test_M3_only_the_id_of_the_new_address_is_used(desk: HraDesk) -> None:
    values = newcomer(desk)
    desk.app.config["BASE_URL"] = "http://elsewhere.example/odd"
    assert desk.client().create(values).employee.id in desk.store.employees
