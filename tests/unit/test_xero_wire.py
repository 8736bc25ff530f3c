"""Xero's dates, instants, numbers and envelopes, as the wire carries them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.employee import UNKNOWN
from agent.errors import UnreadableAnswer
from agent.xero import wire

EPOCH = date(1970, 1, 1)
DAYS = st.dates(date(1900, 1, 1), date(2050, 12, 31))


def ms(day: date) -> int:
    return (day - EPOCH).days * 86_400_000


@given(DAYS, st.sampled_from(["+0000", "+1100", "-0330", ""]))
def test_a_date_is_the_utc_calendar_date_whatever_the_offset_says(day: date, offset: str) -> None:
    assert wire.day(f"/Date({ms(day)}{offset})/") == day


@given(DAYS, st.integers(0, 86_399_999))
def test_a_time_of_day_never_moves_the_date(day: date, later: int) -> None:
    assert wire.day(f"/Date({ms(day) + later}+0000)/") == day


@pytest.mark.parametrize(
    ("shown", "read"),
    [
        ("/Date(321494400000+0000)/", date(1980, 3, 10)),
        ("/Date(321523200000+0000)/", date(1980, 3, 10)),
        ("/Date(-86400000+0000)/", date(1969, 12, 31)),
        ("1980-03-10", date(1980, 3, 10)),
        ("1980-03-10T00:00:00", date(1980, 3, 10)),
        (None, None),
        ("", None),
        ("/Date(soon)/", UNKNOWN),
        ("/Date(999999999999999)/", UNKNOWN),
        (19800310, UNKNOWN),
    ],
)
def test_every_known_form_of_a_date(shown: Any, read: Any) -> None:
    assert wire.day(shown) == read


def test_an_update_time_is_sortable_and_in_utc() -> None:
    assert wire.stamp("/Date(1583967733054+0000)/") == "2020-03-11T23:02:13.054+00:00"
    assert wire.stamp("2020-03-12T10:02:13+11:00") == "2020-03-11T23:02:13.000+00:00"
    assert wire.stamp(None) == wire.stamp("yesterday") == ""


@given(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1)))
def test_a_marker_becomes_whole_seconds_never_later_than_itself(moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC)
    header = wire.since_header(at.isoformat(timespec="milliseconds"))
    assert header.endswith("+00:00")
    assert timedelta() <= at - datetime.fromisoformat(header) < timedelta(seconds=1)


@given(st.integers(-10_000_000_000, 10_000_000_000))
def test_F2_an_amount_in_cents_is_exact_in_json_and_back(cents: int) -> None:
    assert wire.number(wire.json_number(Decimal(cents) / 100)) == Decimal(cents) / 100


def test_a_number_that_json_would_round_is_not_sent() -> None:
    with pytest.raises(ValueError):
        wire.json_number(Decimal("0.10000000000000000001"))


@pytest.mark.parametrize("odd", [True, "many", "NaN", "Infinity"])
def test_what_is_no_number_is_not_read_as_one(odd: Any) -> None:
    with pytest.raises(ValueError):
        wire.number(odd)


@pytest.mark.parametrize("body", [None, [], "page", {}, {"Employees": None}, {"Employees": ["x"]}])
def test_D8_an_answer_without_its_list_is_not_read_as_nobody(body: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        wire.rows(body, "Employees")


@pytest.mark.parametrize("count", [0, 2])
def test_D8_one_employee_asked_for_and_another_number_answered_is_refused(count: int) -> None:
    with pytest.raises(UnreadableAnswer):
        wire.only({"Employees": [{}] * count}, "Employees")
