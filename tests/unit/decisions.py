"""Asking merge about one field, or one person, whose other fields are agreed."""

from collections.abc import Mapping
from typing import Any

import pytest

from agent.employee import Employee, Value
from agent.fields import FIELDS
from agent.merge import Base, Decision, Kind, Rules, merge
from tests.unit.canonical_values import SAME, THREE, hra, xero

BOTH = pytest.mark.parametrize("authority", ["hra", "xero"])
EACH = pytest.mark.parametrize("name", THREE)


def decide(
    name: str, one: Value, other: Value, base: Base, authority: str = "hra", **rules: Any
) -> Decision:
    """What is decided about one field of a person whose other fields are agreed."""
    found = decide_all(hra(**{name: one}), xero(**{name: other}), {name: base}, authority, **rules)
    return found[name]


def decide_all(
    one: Employee, other: Employee, bases: Mapping[str, Base], authority: str = "hra", **rules: Any
) -> dict[str, Decision]:
    waiting = rules.pop("waiting", False)
    every = {**dict.fromkeys(FIELDS, SAME), **bases}
    made = merge(one, other, every, Rules(authority, **rules), waiting)
    assert [decision.name for decision in made] == list(FIELDS)
    return {decision.name: decision for decision in made}


def held(decision: Decision) -> str:
    """The reason of a decision that holds."""
    assert decision.kind is Kind.HOLD
    return decision.reason
