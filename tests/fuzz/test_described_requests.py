"""Requests made from docs/openapi.yaml meet the agent: no fault of ours, nothing undescribed, nothing told that is secret."""

import logging
import time
from pathlib import Path

import pytest
from werkzeug.security import generate_password_hash

from tests.fuzz.house import CHEAP, House
from tests.fuzz.play import HOOK, Game
from tests.fuzz.size import DESCRIBED, seed


def test_S4_H1_no_request_of_any_visitor_makes_a_fault_or_an_answer_that_is_not_described(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As slow as everybody's is another test's matter; here it would be most of the time.
    monkeypatch.setattr("agent.service.passwords.NOBODY", generate_password_hash("x", CHEAP))
    start, began = seed(), time.monotonic()
    house = House(tmp_path / "data")
    with caplog.at_level(logging.WARNING):
        played = Game(house, start).play(DESCRIBED)
    house.close()
    print(f"HRA_XERO_SEED={start}: {played.count} requests, {time.monotonic() - began:.0f} s")
    print(dict(sorted(played.statuses.items())))
    assert played.slips == []
    assert played.count >= DESCRIBED
    met = {status for label, status in played.by_label if label == HOOK}
    assert {202, 400, 401, 403} <= met, "else it met too little"
    assert {200, 303, 400, 403, 404, 409} <= set(played.statuses)
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []
    assert house.told_too_much(caplog.text) == []
