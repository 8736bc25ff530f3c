"""docs/openapi.yaml is true: it has every route of the agent and no other, and is itself of the right form."""

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from openapi_spec_validator import validate

from agent import __version__
from tests.fuzz.house import House

SPEC = Path(__file__).parents[2] / "docs" / "openapi.yaml"
VERBS = frozenset({"get", "post", "put", "patch", "delete"})
ANY_OF = re.compile(r"<any\(([^)]*)\):(\w+)>")


def described() -> dict[str, Any]:
    """The description."""
    found: dict[str, Any] = yaml.safe_load(SPEC.read_text("utf-8"))
    return found


def test_the_description_is_openapi() -> None:
    validate(described())


def test_the_description_is_of_this_version() -> None:
    assert described()["info"]["version"] == __version__


def test_every_route_of_the_agent_is_described_and_nothing_else(tmp_path: Path) -> None:
    house = House(tmp_path)
    rules = [r for r in house.service.app.url_map.iter_rules() if not r.rule.startswith("/control")]
    house.close()
    routes = {
        (re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule), verb)
        for rule in rules
        for verb in {verb.lower() for verb in rule.methods or ()} & VERBS
    }
    paths = described()["paths"]
    assert routes == {(path, verb) for path, verbs in paths.items() for verb in VERBS & set(verbs)}


def test_the_words_that_a_path_takes_are_those_described(tmp_path: Path) -> None:
    house = House(tmp_path)
    taken = {
        (name, frozenset(words.replace(" ", "").split(",")))
        for rule in house.service.app.url_map.iter_rules()
        if not rule.rule.startswith("/control")
        for words, name in ANY_OF.findall(rule.rule)
    }
    house.close()
    told = {
        (one["name"], frozenset(one["schema"]["enum"]))
        for path in described()["paths"].values()
        for part in (path, *(path[verb] for verb in VERBS & set(path)))
        for one in part.get("parameters", ())
        if one["in"] == "path" and "enum" in one["schema"]
    }
    assert taken and taken == told


def test_every_description_says_that_a_foreign_host_is_refused() -> None:
    for path in described()["paths"].values():
        for verb in VERBS & set(path):
            assert "421" in path[verb]["responses"] and path[verb]["summary"]
