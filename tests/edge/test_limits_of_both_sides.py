"""Both gates over real HTTP: an import at Xero's real limits while saves in eSS are pushed, and HRA Cloud asking for a pause.

The sandbox enforces Xero's published limits; minutes pass on a simulated clock.
"""

import queue
import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import count, islice
from pathlib import Path

import pytest

from agent.errors import Stopped
from agent.limits.gate import Gate
from agent.sandbox.server import serve
from agent.sandbox.xero import TENANT, Limits, create
from agent.transport import Call, Transport
from agent.transport.urgency import IMPORT, working
from agent.xero.budget import Ledger
from agent.xero.client import XeroClient
from tests.edge.service_house import House
from tests.edge.xero_house import SCOPES, STAFF, Clock

READERS = 4
READS = 260
LONG = 20.0


class Busy:
    """A Xero sandbox with its real limits, and readers of lower urgency who want all of its minute."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.began = self.clock.now
        self.app = create(STAFF, clock=self.clock, limits=Limits())
        self.served = serve(self.app)
        self.calls: list[Call] = []
        self.pushed_waits: list[float] = []
        self.waiting: queue.Queue[float] = queue.Queue()
        self.gate = Gate(
            "xero",
            Ledger(),
            clock=self.clock,
            steady=self.seconds,
            pause=self._pause,
            park=lambda until: None,
        )
        token = str(self.app.config["OAUTH"].issue(SCOPES, (TENANT,))["access_token"])
        self.transport = Transport(
            "xero",
            self.served.url,
            lambda force: token,
            clock=self.clock,
            sleep=lambda seconds: None,
            jitter=lambda: 0.0,
            headers={"Xero-Tenant-Id": TENANT},
            gate=self.gate,
            listener=self.calls.append,
        )
        keys = count(1)
        self.client = XeroClient(
            self.transport,
            leave_map={},
            groups_of=None,
            create_super_funds=False,
            new_key=lambda: f"key-{next(keys)}",
            scopes=SCOPES,
            clock=self.clock,
            organisation="Harbour & Pine Pty Ltd",
            tenant_id=TENANT,
        )
        self.ids = list(self.app.config["STORE"].organisation.employees)
        self._reads = iter(range(READS))
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._read) for _ in range(READERS)]

    def seconds(self) -> float:
        """The steady clock."""
        return (self.clock.now - self.began).total_seconds()

    def stop(self) -> None:
        self.gate.close()
        for thread in self.threads:
            if thread.ident:
                thread.join(LONG)
        self.transport.close()
        self.served.stop()

    def let_pass(self, seconds: float) -> None:
        """Time goes on, and whoever waits looks again."""
        with self.gate._turn:
            self.clock.move(seconds=seconds)
            self.gate._turn.notify_all()

    def _read(self) -> None:
        with working(IMPORT):
            while (number := self._next()) is not None:
                self.client.fetch(self.ids[number % len(self.ids)], frozenset({"details"}))
        self.waiting.put(0.0)

    def _next(self) -> int | None:
        with self._lock:
            return next(self._reads, None)

    def _pause(self, turn: threading.Condition, seconds: float) -> None:
        if threading.current_thread() not in self.threads:
            self.pushed_waits.append(seconds)
            return
        if seconds > 1.0:
            self.waiting.put(seconds)
        turn.wait(LONG)


@pytest.fixture
def busy() -> Iterator[Busy]:
    found = Busy()
    yield found
    found.stop()


def test_X1_pushes_wait_for_no_import_at_the_real_limits_and_nobody_meets_a_429(
    busy: Busy,
) -> None:
    busy.client.begin()
    busy.client.probe()
    for thread in busy.threads:
        thread.start()
    pushes, pushed, over = 0, float("-inf"), 0
    while over < READERS:
        wait = busy.waiting.get(timeout=LONG)
        over += wait == 0.0
        # The import has used all that it may of this minute: a save arrives now.
        if wait and busy.seconds() > pushed + 60:
            before = busy.client.fetch(busy.ids[pushes], frozenset({"details"}))
            busy.client.update(before, {"phone": f"02 5550 {1000 + pushes}"})
            pushes, pushed = pushes + 1, busy.seconds()
        if wait:
            busy.let_pass(wait)
    assert pushes >= 3
    assert busy.pushed_waits == []
    assert {call.status for call in busy.calls} == {200}
    assert busy.app.config["LIMITS"].most_at_once <= 5
    assert len(busy.calls) >= READS + 2 * pushes


def test_X1_without_what_is_kept_the_push_would_wait(
    busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: here the reader is as urgent as a push."""
    for number in islice(count(), 60):
        busy.client.fetch(busy.ids[number % 10], frozenset({"details"}))
    monkeypatch.setattr(busy.gate, "_pause", _no_wait)
    with pytest.raises(_Waits):
        busy.client.fetch(busy.ids[0], frozenset({"details"}))


class _Waits(Exception):
    """A wait that the test does not allow."""


def _no_wait(turn: threading.Condition, seconds: float) -> None:
    raise _Waits


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path / "data")
    yield found
    found.close()


@pytest.mark.parametrize("kind", ["429", "503_html"])
def test_X4_a_pause_that_hra_cloud_asks_for_is_obeyed_over_a_restart(
    house: House, kind: str
) -> None:
    house.connect()
    pair = house.service.pair
    plan = house.hra.app.config["FAULTS"].plan
    plan(kind, times=0, retry_after=6 * 24 * 3600)
    assert "asked for a pause" in pair.prove("hra").reason
    stored = pair.store.parked("hra")
    assert stored is not None
    assert stored - pair.times.clock() > timedelta(days=5)
    house.stop()
    house.start()
    pair, calls = house.service.pair, house.hra.app.config["CALLS"]
    before = calls.counts()["total"]
    assert "goes on after" in pair.prove("hra").reason
    assert pair.store.connection("hra").connected, "a pause is no lost connection"
    assert calls.counts()["total"] == before, "nobody was asked"
    assert pair.store.parked("xero") is None


def test_stopping_lets_nobody_wait_at_either_gate(house: House) -> None:
    lines = house.service.pair.lines
    house.stop()
    for gate in lines.gates.values():
        with pytest.raises(Stopped), gate.call():
            pytest.fail("a call after the end")
    house.start()


def test_X1_daily_call_limit_bounds_the_day_over_a_restart_too(house: House) -> None:
    house.set("xero", daily_call_limit=6)
    house.stop()
    house.start()
    house.connect()
    calls = house.xero.app.config["LIMITS"]
    for _ in range(2):
        for _ in range(6):
            house.service.pair.prove("xero")
        tenant = house.service.pair.store.binding().tenant_id
        assert calls.headers(tenant)["X-DayLimit-Remaining"] == "5000", "it names no limit itself"
        assert _counted(house) <= 6
        house.stop()
        house.start()
    assert _counted(house) == 6
    standing = house.service.pair.lines.gate.standing()
    assert standing.parked_until is not None
    assert standing.day_limit == 6


def test_X1_what_a_process_used_is_there_for_the_next_one(house: House) -> None:
    house.connect()
    assert house.service.pair.store.spent("xero") is not None
    house.service.pair.prove("xero")
    house.stop()
    house.start()
    spent = house.service.pair.store.spent("xero")
    assert spent is not None
    assert (spent.running, spent.day_used) == (0, _counted(house))
    assert house.service.pair.store.spent("hra") is None, "nobody but us counts there"


def _counted(house: House) -> int:
    """The calls at Xero that count towards an organisation's limits."""
    by_route = house.xero.app.config["CALLS"].counts()["by_route"]
    return sum(int(many) for many in by_route.values())
