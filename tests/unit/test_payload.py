"""A hook's body: what is taken, and that anything else is malformed and nothing worse."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import HookMalformed
from webhooks.payload import HookEvent, parse

DATA = {"accountId": "4eb62cb48c9f429c", "employeeId": "939983e636e6477a", "sections": ["details"]}
EVENT = {"type": "employee.saved", "timestamp": "2026-03-02T20:00:00+11:00", "data": DATA}


def event(**changes: Any) -> bytes:
    """A body with another top level."""
    return json.dumps({**EVENT, **changes}).encode()


def data(**changes: Any) -> bytes:
    """A body with other data; None takes a key away."""
    return event(data={key: v for key, v in {**DATA, **changes}.items() if v is not None})


def test_H1_a_save_names_the_account_the_employee_and_the_sections() -> None:
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert parse(event()) == HookEvent(
        "employee.saved", at, "4eb62cb48c9f429c", "939983e636e6477a", ("details",)
    )


def test_sections_stand_once_and_in_one_order() -> None:
    body = data(sections=["tax-details", "details", "tax-details"])
    assert parse(body).sections == ("details", "tax-details")


@pytest.mark.parametrize("sections", [None, []])
def test_no_sections_means_all(sections: Any) -> None:
    assert parse(data(sections=sections)).sections == ()


def test_what_is_not_known_beside_is_left_alone() -> None:
    assert parse(event(version=2)).employee_id == "939983e636e6477a"


def test_a_time_in_utc_may_end_in_z() -> None:
    assert parse(event(timestamp="2026-03-02T09:00:00.123Z")).timestamp.tzinfo is UTC


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "JSON"),
        (b"\xff", "JSON"),
        (b"{", "JSON"),
        (b"[" * 60_000, "JSON"),
        (b"9" * 60_000, "JSON"),
        (b"[]", "object"),
        (event(type="employee.deleted"), "type"),
        (event(type=None), "type"),
        (event(data=None), "data"),
        (event(data=[]), "data"),
        (event(timestamp=None), "timestamp"),
        (event(timestamp=1772442000), "timestamp"),
        (event(timestamp="2026-03-02T09:00:00"), "timestamp"),
        (event(timestamp="yesterday"), "timestamp"),
        (event(timestamp="0001-01-01T00:00:00+14:00"), "timestamp"),
        (data(accountId=None), "accountId"),
        (data(accountId=7), "accountId"),
        (data(employeeId=""), "employeeId"),
        (data(employeeId="../7"), "employeeId"),
        (data(employeeId="7\n"), "employeeId"),
        (data(employeeId="x" * 129), "employeeId"),
        (data(sections="details"), "sections"),
        (data(sections=["salary"]), "sections"),
        (data(sections=[["details"]]), "sections"),
    ],
)
def test_what_is_no_hook_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(HookMalformed, match=reason):
        parse(body)


def test_a_refusal_repeats_nothing_of_the_body() -> None:
    with pytest.raises(HookMalformed) as caught:
        parse(data(employeeId="Robert'); DROP"))
    assert "Robert" not in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.sampled_from(["type", "timestamp", "data"]), JSON)
def test_any_value_anywhere_at_the_top_is_taken_or_malformed(key: str, value: Any) -> None:
    with contextlib.suppress(HookMalformed):
        assert parse(event(**{key: value})).type == "employee.saved"


@given(st.sampled_from(["accountId", "employeeId", "sections"]), JSON)
def test_any_value_anywhere_in_the_data_is_taken_or_malformed(key: str, value: Any) -> None:
    with contextlib.suppress(HookMalformed):
        assert parse(data(**{key: value})).type == "employee.saved"


@given(st.binary())
def test_bytes_are_malformed_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(HookMalformed):
        parse(body)
