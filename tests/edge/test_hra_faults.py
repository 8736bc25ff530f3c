"""Writes to the HRA sandbox that are refused, lost, or meet a dead side."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from agent.employee import (
    Address,
)
from agent.errors import (
    OutcomeUnknown,
    Refused,
    Unreachable,
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


# --- when it goes wrong -----------------------------------------------------------------------

BOTH = {"phone": "02 5550 1234", "annual_leave": Decimal(7)}


def test_a_refused_section_stops_no_other(desk: HraDesk) -> None:
    desk.fail("refuse", "PUT", "*/leave-balances")
    client = desk.client()
    done = client.update(client.fetch(desk.id("p000")), BOTH)
    assert list(done.refused) == ["leave"]
    assert done.employee.values["phone"] == "02 5550 1234"


def test_a_write_that_is_refused_whole_is_an_error(desk: HraDesk) -> None:
    desk.fail("refuse", "PUT", times=0)
    client = desk.client()
    with pytest.raises(Refused):
        client.update(client.fetch(desk.id("p000")), BOTH)


def test_without_the_scope_to_write_payroll_the_details_still_go(desk: HraDesk) -> None:
    client = desk.client("manage:employees:payroll")
    done = client.update(client.fetch(desk.id("p000")), BOTH)
    assert list(done.refused) == ["leave"]
    assert "manage:employees:payroll" in str(done.refused)
    assert done.employee.values["phone"] == "02 5550 1234"


@pytest.mark.parametrize("arrives", [True, False], ids=["arrived", "lost on the way"])
def test_X3_R1_a_replacement_whose_answer_was_lost_is_never_sent_again_by_itself(
    desk: HraDesk, arrives: bool
) -> None:
    """The employee may have saved in eSS in between, and the same body would take that back."""
    client = desk.client()
    before = client.fetch(desk.id("p000"), DETAILS)
    desk.fail("drop_after" if arrives else "drop_before", "PUT")
    with pytest.raises(OutcomeUnknown):
        client.update(before, {"phone": "02 5550 1234"})
    assert len(desk.writes()) == 1
    now = client.fetch(desk.id("p000"), DETAILS)
    assert (now.values["phone"] == "02 5550 1234") is arrives


def test_X3_F1_a_save_made_in_eSS_after_a_lost_answer_stays(desk: HraDesk) -> None:
    client = desk.client()
    before = client.fetch(desk.id("p000"), DETAILS)
    desk.fail("drop_after", "PUT")
    with pytest.raises(OutcomeUnknown):
        client.update(before, {"job_title": "Chef"})
    home = desk.record("p000").details.setdefault("contacts", {}).setdefault("home", {})
    home["mobile"] = "0491 570 110"
    client.update(client.fetch(desk.id("p000"), DETAILS), {"job_title": "Baker"})
    now = client.fetch(desk.id("p000"), DETAILS)
    assert (now.values["mobile"], now.values["job_title"]) == ("0491 570 110", "Baker")


def test_X3_a_write_that_never_answers_is_of_unknown_outcome(desk: HraDesk) -> None:
    desk.fail("drop_after", "PUT", times=0)
    client = desk.client()
    with pytest.raises(OutcomeUnknown):
        client.update(client.fetch(desk.id("p000"), DETAILS), {"phone": "02 5550 1234"})


def test_nothing_written_because_HRA_is_down_says_so(desk: HraDesk) -> None:
    client = desk.client()
    present = client.fetch(desk.id("p000"))
    desk.fail("503_html", "PUT", times=0)
    with pytest.raises(Unreachable):
        client.update(present, BOTH)


def test_a_second_section_that_meets_a_dead_side_is_not_called_unwritten(desk: HraDesk) -> None:
    client = desk.client()
    present = client.fetch(desk.id("p000"))
    desk.fail("503_html", "PUT", "*/leave-balances", times=0)
    with pytest.raises(OutcomeUnknown):
        client.update(present, BOTH)


def test_a_write_that_cannot_be_read_back_is_of_unknown_outcome(desk: HraDesk) -> None:
    client = desk.client()
    present = client.fetch(desk.id("p000"), DETAILS)
    desk.fail("503_html", "GET", times=0)
    with pytest.raises(OutcomeUnknown):
        client.update(present, {"phone": "02 5550 1234"})


def test_S4_no_error_says_a_value_of_the_record(desk: HraDesk) -> None:
    client = desk.client()
    desk.fail("refuse", "PUT", times=0)
    secret = ("02 5550 1234", "Zebra Crossing Rd")
    home = Address(secret[1], "", "Perth", "WA", "6000", "AUSTRALIA")
    with pytest.raises(Refused) as caught:
        client.update(
            client.fetch(desk.id("p000")),
            {"phone": secret[0], "home_address": home, "title": "Zzz"},
        )
    text = str(caught.value) + repr(caught.value)
    assert not any(value in text for value in (*secret, "Zzz"))
