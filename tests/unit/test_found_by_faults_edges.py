"""Limits of hooks, calls and stored state, met exactly: drawn mistakes there (`make faults`) went unnoticed."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.errors import HookRefused
from agent.hra import mapping_bank
from agent.hra.ceiling import ceiling
from agent.limits.places import Places
from agent.records import Save
from agent.store import Store
from agent.store.inbox import Inbox
from agent.tokens.states import NotBegun, States
from agent.transport.urgency import IMPORT
from tests.unit.test_limits_memory import Process
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


def test_X4_what_an_earlier_process_used_is_taken_to_its_last_moment() -> None:
    places = Places(3, 3)
    places.recall(0.0, 2, 0, 0.5)
    assert (places.taken(0.0), places.taken(0.49), places.taken(0.5)) == (2, 2, 0)


def test_X1_keeping_places_for_pushes_always_leaves_one_for_the_rest() -> None:
    places = Places(2, 5, kept_at_once=2, kept_a_minute=5)
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


def test_L5_a_run_that_a_stop_cut_short_is_told_as_stopped_from_the_next_start_on(
    tmp_path: Path,
) -> None:
    with closing(Store(tmp_path / "data", lambda: START, audit_key=b"k" * 32)) as store:
        left = store.open_run("import", "schedule")
        assert [run.outcome for run in store.runs(9)] == ["running"]
    with closing(Store(tmp_path / "data", lambda: START, audit_key=b"k" * 32)) as store:
        (found,) = store.runs(9)
        assert (found.id, found.outcome, found.ended) == (left.id, "stopped", START)
        assert found.reason


def test_H2_a_save_whose_line_lacks_only_its_end_is_there_after_every_further_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / "inbox.jsonl"
    first, second = (Save(id, "e1", ("bank",), received=START) for id in ("w1", "w2"))
    with closing(Inbox(path, lambda: START)) as inbox:
        inbox.accept(first, "account")
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    with closing(Inbox(path, lambda: START)) as inbox:
        inbox.accept(second, "account")
    for _ in range(2):
        with closing(Inbox(path, lambda: START)) as inbox:
            assert inbox.waiting("account") == (first, second)


def test_F2_rows_come_in_the_order_that_hra_gives_them_and_else_as_they_stand() -> None:
    def read(*orders: int | None) -> list[str]:
        rows = [
            {"id": f"r{place}", "bsb": "062-000", "number": str(place), "name": "A Papas"}
            | ({} if order is None else {"accountOrder": order})
            for place, order in enumerate(orders)
        ]
        found = mapping_bank.values({"au": rows})["bank_accounts"]
        assert isinstance(found, tuple)
        return [row.id for row in found]

    assert read(2, 1, 0) == ["r2", "r1", "r0"]
    assert read(None, None, None) == ["r0", "r1", "r2"]


@pytest.mark.parametrize(("limit", "ahead"), [(5000, 20), (500, 10), (40, 1)])
def test_X1_of_the_day_a_fiftieth_and_at_most_twenty_calls_are_stored_ahead(
    limit: int, ahead: int
) -> None:
    process = Process(limit=limit)
    process.begin()
    assert [spent.day_used for spent in process.stored] == [ahead]


def test_X1_hra_cloud_has_no_day_and_keeps_no_part_of_one() -> None:
    left = ceiling().left(0.0)
    assert (left.day_left, left.day_limit, left.reserve, left.day_ends) == (None, 0, 0, None)
