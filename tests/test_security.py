"""SECURITY.md is true: each test that it names is there, each threat says what stops it and what is left."""

import ast
import re
from pathlib import Path

import pytest

from agent import __version__

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
THREATS = (
    "network", "hooks", "phished", "stolen", "backup", "key", "vendor", "local user", "dependency", "page user",
)  # fmt: skip


def text() -> str:
    return (ROOT / "SECURITY.md").read_text("utf-8")


def threats() -> dict[str, str]:
    """Each threat's title and text."""
    part = text().partition("## Who could attack what")[2].partition("\n## ")[0]
    titled = (one.partition("\n") for one in part.split("\n### ")[1:])
    return {title: told for title, _, told in titled}


def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))


def test_every_test_that_is_named_is_there() -> None:
    named = set(NAMED.findall(text()))
    assert len(named) > 40
    assert [f"{file}::{name}" for file, name in sorted(named) if name not in names_in(file)] == []


@pytest.mark.parametrize("word", THREATS)
def test_every_threat_says_what_could_be_done_what_stops_it_and_what_is_left(word: str) -> None:
    told = [body for title, body in threats().items() if word in title]
    assert len(told) == 1
    assert "*Could*" in told[0]
    stopped, left, rest = told[0].partition("*Left:*")
    assert "*Stopped by:*" in stopped and NAMED.search(stopped)
    assert left and len(rest.split()) > 5


def test_no_threat_is_there_without_being_looked_at_here() -> None:
    assert len(threats()) == len(THREATS)


def test_this_version_is_among_the_supported_ones() -> None:
    assert f"| {__version__.rpartition('.')[0]} | yes |" in text()


def test_a_fault_is_reported_in_private_and_to_no_invented_address() -> None:
    told = text().partition("## How to report a fault")[2].partition("\n## ")[0]
    assert "Report a vulnerability" in told
    assert "@" not in told and "http" not in told
