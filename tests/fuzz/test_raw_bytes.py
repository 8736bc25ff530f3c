"""What is no HTTP, or nearly, meets the agent on a real socket: short refusals, no fault, no hang, and it goes on serving."""

import logging
import random
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent.service import Server
from tests.fuzz.house import BASE, PORT, TOKEN, House
from tests.fuzz.raw import Heard, heard, request
from tests.fuzz.size import RAW, seed

CALLERS = 4


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def port(house: House) -> Iterator[int]:
    """Where the agent is served; it takes the Host of its settings."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = int(free.getsockname()[1])
    server = Server(house.service.app, "127.0.0.1", number)
    yield number
    server.stop()


def wrong(house: House, sent: bytes, told: Heard) -> list[str]:
    """What is wrong with what came back."""
    text = told.answer.decode("latin-1")
    found = [f"a {status}" for status in told.statuses if status >= 500 and status != 503]
    found += house.told_too_much(text)
    if not told.ended:
        found.append("the connection hangs")
    if told.answer and not told.statuses:
        found.append("an answer without a status")
    return [f"{sent[:600]!r}: {one}: {told.answer[:300]!r}" for one in found]


def test_S4_H1_bytes_that_are_no_request_are_refused_and_the_agent_goes_on(
    house: House, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    start, began = seed(), time.monotonic()
    met: Counter[int] = Counter()
    silent, slips = 0, list[str]()

    def caller(number: int) -> tuple[list[int], int, list[str]]:
        chance = random.Random(f"{start}:{number}")
        statuses, silence, found = list[int](), 0, list[str]()
        for _ in range(RAW // CALLERS):
            sent = request(chance, PORT)
            told = heard(port, sent)
            statuses += told.statuses
            silence += not told.answer
            found += wrong(house, sent, told)
        return statuses, silence, found

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(CALLERS) as pool:
        for statuses, silence, found in pool.map(caller, range(CALLERS)):
            met.update(statuses)
            silent += silence
            slips += found
    print(f"HRA_XERO_SEED={start}: {RAW} tries, {time.monotonic() - began:.0f} s, {silent} silent")
    print(dict(sorted(met.items())))
    assert slips == []
    assert silent < RAW // 2, "else most of it was cut short and met nothing"
    assert {200, 400, 401, 404, 405, 413, 421} <= set(met), "else it met too little"
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert house.told_too_much(caplog.text) == [] and TOKEN not in caplog.text
    good = f"GET /healthz HTTP/1.1\r\nHost: {BASE[7:]}\r\nConnection: close\r\n\r\n".encode()
    assert heard(port, good).statuses == [200]
