"""The arrows between the parts of the code go the way that the map of the house says."""

import pytest

from tests.arrows import RANK, findings, part_of, sources


def test_every_arrow_goes_the_right_way() -> None:
    assert findings(sources()) == []


def test_every_part_of_the_agent_has_its_place_in_the_layers() -> None:
    parts = {part_of(module) for module in sources() if module not in ("agent", "webhooks")}
    assert parts - {"webhooks"} <= RANK.keys()


@pytest.mark.parametrize(
    ("module", "text", "said"),
    [
        ("agent.employee", "from agent.fields import FIELDS", "arrow upwards"),
        ("agent.merge", "from agent import match", "arrow upwards, or sideways"),
        ("agent.plan", "from agent.sync import Sync", "pure, and imports agent.sync"),
        ("agent.plan", "import time", "pure, and imports time"),
        ("agent.plan", "import logging", "pure, and imports logging"),
        ("agent.merge", "import requests", "requests lives in"),
        ("agent.match", "from datetime import date\nX = date.today()", "calls today()"),
        ("agent.words", "X = open('x')", "calls open()"),
        ("agent.hra.mapping_tax", "from agent.hra.client import HraClient", ""),
        ("agent.hra.mapping_tax", "import os", "pure, and imports os"),
        ("agent.hra.client", "from agent.xero.wire import Json", "two sides never meet"),
        ("agent.xero.client", "import agent.hra.client", "two sides never meet"),
        ("agent.sync.round", "import agent.service", "arrow upwards"),
        ("agent.sync.round", "import tinydb", "tinydb lives in store"),
        ("agent.page.views", "from agent.sandbox.people import people", "only demo and cli"),
        ("agent.page.views", "import pandas", "pandas has no home"),
        ("agent.sandbox.hra.api", "from agent.errors import Refused", "knows nothing of the agent"),
        ("agent.sandbox.hra.api", "from agent import __version__", ""),
        ("webhooks.receiver", "from agent.errors import HookRefused", ""),
        ("webhooks.receiver", "from agent.records import Save", "only its errors"),
        ("webhooks.signature", "import flask", "pure, and imports flask"),
        ("agent.hra.client", "from webhooks import payload", "only app and service"),
        ("agent.store.store", "def f():\n    import json", "inside a function"),
        ("agent.store.store", "import agent.store.lock", ""),
        ("agent.errors", "from agent import errors", ""),
        ("agent.newcomer", "from agent import errors", "no place in the table"),
    ],
)
def test_the_judge_of_arrows_bites(module: str, text: str, said: str) -> None:
    around = {
        name: ""
        for name in (
            "agent", "agent.errors", "agent.fields", "agent.match", "agent.sync", "agent.hra.client",
            "agent.xero.wire", "agent.service", "agent.sandbox.people", "agent.records",
            "agent.store.lock", "webhooks.payload",
        )
    }  # fmt: skip
    found = findings(around | {module: text})
    assert found == [] if not said else said in " / ".join(found)


def test_a_cycle_is_found() -> None:
    code = {"agent.store.a": "import agent.store.b", "agent.store.b": "import agent.store.a"}
    assert "a cycle" in findings(code)[0]
