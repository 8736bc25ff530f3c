"""Limits of hooks, calls and stored state, met exactly: drawn mistakes there (`make faults`) went unnoticed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import HookRefused
from agent.limits.places import Places
from agent.store import Store
from agent.tokens.states import NotBegun, States
from agent.transport.urgency import IMPORT
from tests.unit.test_signature import BODY, ID, NOW, SECRET, signed
from tests.unit.test_tokens import Vault
from webhooks.signature import LONGEST_SIGNATURES, verify

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_H1_a_signature_header_is_taken_up_to_its_longest_and_no_longer() -> None:
    assert LONGEST_SIGNATURES == 4096
    headers = signed()
    right = headers["webhook-signature"]
    filled = right + " " * (4096 - len(right))
    assert verify(BODY, {**headers, "webhook-signature": filled}, [SECRET], NOW) == ID
    with pytest.raises(HookRefused, match="too long"):
        verify(BODY, {**headers, "webhook-signature": f"{filled} "}, [SECRET], NOW)


def test_X1_where_no_place_is_kept_for_pushes_a_run_may_use_them_all() -> None:
    places = Places(3, 3)
    for _ in range(3):
        assert places.ask(0, IMPORT) == 0
        places.start()
    assert places.ask(0, IMPORT) > 0


def test_L2_a_sign_in_under_way_can_be_finished_until_the_end_of_its_ten_minutes() -> None:
    now, vault = [START], Vault([])
    states = States("xero", vault, lambda: now[0], iter(["one", "two"]).__next__)
    states.give()
    now[0] += timedelta(minutes=10) - timedelta(seconds=1)
    states.give()
    states.take("one")
    now[0] += timedelta(minutes=10)
    with pytest.raises(NotBegun):
        states.take("two")


def test_X4_a_pause_lasts_as_long_as_it_was_asked_for_where_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    now = [START]
    with closing(Store(tmp_path / "data", lambda: now[0], audit_key=b"k" * 32)) as store:
        store.park("xero", START + timedelta(seconds=90))
        assert store.parked("xero") == START + timedelta(seconds=90)
        now[0] -= timedelta(days=365)
        assert store.parked("xero") == now[0] + timedelta(seconds=90)
        now[0] += timedelta(seconds=30)
        assert store.parked("xero") == now[0] + timedelta(seconds=60)
