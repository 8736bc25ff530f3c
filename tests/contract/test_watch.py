"""The watch over the whole suite bites: what it would fail other tests for."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Response

from agent.sandbox.hra import create
from agent.sandbox.hra.store import ACCOUNT_ID
from agent.sandbox.people import people
from agent.sandbox.server import Served, serve
from tests.conftest import WATCH
from tests.contract.openapi import needs_contracts
from tests.edge.hra_desk import ALL_SCOPES

pytestmark = needs_contracts
LIST = f"/accounts/{ACCOUNT_ID}/employees"


@pytest.fixture
def served() -> Iterator[Served]:
    with serve(create([p for p in people(6) if p.in_hra])) as running:
        yield running
    WATCH.take()


def _get(served: Served, path: str, agent: str, **params: Any) -> None:
    token = served.app.config["OAUTH"].issue(ALL_SCOPES)["access_token"]
    headers = {"User-Agent": agent, "Authorization": f"Bearer {token}"}
    requests.get(served.url + path, params=params, headers=headers, timeout=5)


@pytest.mark.parametrize("agent", ["hra-xero-agent/0", "a-test/1"])
def test_a_described_call_is_no_slip(served: Served, agent: str) -> None:
    before = WATCH.checked
    _get(served, LIST, agent, first=5)
    assert WATCH.take() == []
    assert WATCH.checked == before + 1


def test_an_undescribed_request_of_the_agent_is_a_slip(served: Served) -> None:
    _get(served, LIST, "hra-xero-agent/0", shoe=44)
    assert "not described: shoe" in WATCH.take()[0]


def test_an_undescribed_request_of_a_test_is_none(served: Served) -> None:
    _get(served, LIST, "a-test/1", shoe=44)
    assert WATCH.take() == []


def test_a_query_of_the_agent_that_is_refused_is_a_slip(served: Served) -> None:
    _get(served, LIST, "hra-xero-agent/0", filter="surname:")
    assert "400" in WATCH.take()[0]


def test_an_undescribed_answer_is_a_slip_whoever_asked(served: Served) -> None:
    served.app.view_functions = {
        name: lambda **ids: Response(
            '{"pageInfo": {}, "data": [{"shoe": 44}]}', mimetype="application/json"
        )
        for name in served.app.view_functions
    }
    _get(served, LIST, "a-test/1")
    assert "shoe" in WATCH.take()[0]
