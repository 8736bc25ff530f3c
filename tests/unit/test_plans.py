"""A plan as a file and in the store: exactly itself, sealed, and refused once anybody touched it (R3)."""

import hashlib
import hmac
import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis.strategies import (
    SearchStrategy,
    binary,
    booleans,
    builds,
    dictionaries,
    integers,
    sampled_from,
    text,
    tuples,
)

from agent.errors import NotPossible
from agent.fields import FIELDS
from agent.plans import EDITED, UNREADABLE, Item, Mark, Plan, from_kept, from_text, kept, to_text

CALM = settings(deadline=None, derandomize=True, database=None)
MARK = Mark("1.ab:v:00", "1.ab:v:11", "1.ab:v:22")
PLAN = Plan(
    "import",
    "authoritative",
    "account",
    "tenant",
    (
        Item("link", "h3", "x3"),
        Item("update", "h1", "x1", "hra", {"mobile": MARK, "bank_accounts": MARK}),
        Item("create", "", "x2", "hra", {"first_name": MARK}, alone=True),
        Item("convert", "c1", "x4", "hra"),
    ),
)


def sealed(key: bytes) -> Any:
    def seal(data: bytes) -> str:
        return hmac.new(key, data, hashlib.sha256).hexdigest()

    return seal


SEAL, OTHER_SEAL = sealed(b"k" * 32), sealed(b"o" * 32)
TEXT = to_text(PLAN, SEAL)

MARKS = builds(Mark, text(), text(), text())
ITEMS: SearchStrategy[Item] = builds(
    Item,
    sampled_from(["update", "create", "convert", "link"]),
    text(),
    text(),
    sampled_from(["", "hra", "xero"]),
    dictionaries(sampled_from(sorted(FIELDS)), MARKS, max_size=4),
    booleans(),
)
PLANS = builds(
    Plan,
    sampled_from(["import", "export"]),
    sampled_from(["authoritative", "changed", "all"]),
    text(),
    text(),
    tuples(ITEMS, ITEMS) | tuples(ITEMS) | tuples(),
    booleans(),
    booleans(),
)


@CALM
@given(PLANS)
def test_R3_a_plan_comes_back_from_its_file_and_from_the_store_as_it_was(plan: Plan) -> None:
    for again in (from_text(to_text(plan, SEAL), SEAL), from_kept(kept(plan))):
        assert again == plan
        assert again.hash == plan.hash


@CALM
@given(PLANS, PLANS)
def test_S1_two_plans_have_one_name_only_where_they_are_the_same(one: Plan, other: Plan) -> None:
    assert (one.hash == other.hash) is (one == other)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, kind="export"),
        replace(PLAN, mode="all"),
        replace(PLAN, account_id="another"),
        replace(PLAN, tenant_id="another"),
        replace(PLAN, overrule=True),
        replace(PLAN, by_person=False),
        replace(PLAN, items=PLAN.items[::-1]),
        replace(PLAN, items=PLAN.items[1:]),
        replace(PLAN, items=(replace(PLAN.items[0], xero_id="x9"), *PLAN.items[1:])),
        replace(PLAN, items=(*PLAN.items[:2], replace(PLAN.items[2], alone=False), PLAN.items[3])),
    ],
)
def test_S1_whatever_a_plan_does_is_in_its_name(other: Plan) -> None:
    assert other.hash != PLAN.hash
    assert len(PLAN.hash) == 12 and set(PLAN.hash) <= set("0123456789abcdef")


def test_R3_the_file_says_the_plan_s_name() -> None:
    assert json.loads(TEXT)["hash"] == PLAN.hash


# --- touched, foreign, damaged


def refused(text: str, why: str = "") -> None:
    with pytest.raises(NotPossible) as told:
        from_text(text, SEAL)
    assert str(told.value) in ((why,) if why else (UNREADABLE, EDITED))


@CALM
@given(integers(0, len(TEXT) - 1), sampled_from('09afzA"\\{}[],: -\n\x00\x7fé𝟘\ud800'))
def test_R3_a_file_with_one_character_changed_is_refused(at: int, character: str) -> None:
    edited = TEXT[:at] + character + TEXT[at + 1 :]
    with suppress(ValueError):
        assume(json.loads(edited) != json.loads(TEXT))
    refused(edited)


@CALM
@given(integers(0, len(TEXT) - 2))
def test_R3_a_file_that_was_cut_is_refused(at: int) -> None:
    refused(TEXT[:at])


@CALM
@given(text() | binary().map(lambda data: data.decode("latin-1")))
def test_R3_a_file_that_is_no_plan_at_all_is_refused(anything: str) -> None:
    refused(anything, UNREADABLE)


@pytest.mark.parametrize(
    "anything",
    [
        "",
        "null",
        "[]",
        "7",
        '"text"',
        "{}",
        '{"plan": 1, "seal": "", "version": 1}',
        '{"plan": {"items": 1}, "seal": "", "version": 1}',
        '{"plan": {"items": [{"fields": []}]}, "seal": "", "version": 1}',
        "[" * 100_000,
        '{"plan":' * 50_000,
    ],
    ids=range(11),
)
def test_R3_what_has_not_the_form_of_a_plan_is_refused_in_words(anything: str) -> None:
    refused(anything, UNREADABLE)


def edited(**changes: Any) -> str:
    made = json.loads(TEXT)
    made.update(changes)
    return json.dumps(made)


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": {**json.loads(TEXT)["plan"], "kind": "export"}},
        {"plan": {**json.loads(TEXT)["plan"], "overrule": True}},
        {"plan": {**json.loads(TEXT)["plan"], "items": []}},
        {"seal": ""},
        {"seal": "0" * 64},
        {"seal": None},
        {"seal": "\ud800"},
        {"seal": "é"},
        {"hash": "0" * 12},
        {"version": 2},
        {"version": "1"},
        {"version": True},
        {"plan": {**json.loads(TEXT)["plan"], "more": 1}},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_R3_an_edited_plan_is_refused(changes: dict[str, Any]) -> None:
    refused(edited(**changes))


def test_R3_a_plan_of_another_agent_is_refused() -> None:
    refused(to_text(PLAN, OTHER_SEAL), EDITED)


def test_R3_another_plan_under_this_plan_s_seal_is_refused() -> None:
    other = json.loads(to_text(replace(PLAN, kind="export"), SEAL))
    refused(edited(plan=other["plan"], hash=other["hash"]), EDITED)


def test_R3_a_refusal_says_what_to_do() -> None:
    assert all("--dry-run --plan" in told for told in (UNREADABLE, EDITED))
