"""Every reason code that the decisions emit has a whole sentence, and no row holds a value."""

import ast
import inspect
import re

import pytest

from agent import merge, words
from agent.fields import FIELDS
from agent.records import Link

# Codes that merge uses for decisions that do nothing: nobody is told.
SILENT = {"off", "unreadable", "nothing to send"}
WORDS_FOR_HOLDS = re.compile(r"[a-z_ ]+")


def emitted() -> set[str]:
    """Every reason that merge can put into a Decision, read from its source."""
    tree = ast.parse(inspect.getsource(merge))
    keywords = {
        text.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "reason"
        for text in ast.walk(node.value)
        if isinstance(text, ast.Constant)
    }
    pairs = {
        text.value
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith(("_obstacle", "_irrepl"))
        for back in ast.walk(node)
        if isinstance(back, ast.Tuple) and len(back.elts) == 2
        for text in back.elts[:1]
        if isinstance(text, ast.Constant)
    }
    return {str(code) for code in (keywords | pairs)} - {""}


def test_the_codes_of_merge_are_found() -> None:
    assert {"conflict", "tfn_masked", "cannot_travel", "not_current", "own_yes"} <= emitted()


@pytest.mark.parametrize("code", sorted(emitted() - SILENT))
def test_every_reason_of_the_decisions_has_a_sentence(code: str) -> None:
    assert code in words.REASONS


@pytest.mark.parametrize("code", words.REASONS)
def test_every_sentence_is_whole(code: str) -> None:
    told = words.sentence(code, ["mobile", "email"], "is too long", 3)
    assert not set("{}") & set(told)
    assert told[0].isupper() or told.startswith("e-mail")
    assert told.endswith(".") or told.endswith("is too long")


@pytest.mark.parametrize("code", words.REASONS)
@pytest.mark.parametrize("detail", ["", "12.5 {weird} | text"])
def test_a_stored_reason_comes_back_as_it_was(code: str, detail: str) -> None:
    assert words.split(words.join(code, detail)) == (code, detail)


@pytest.mark.parametrize("code", words.REASONS)
def test_every_open_reason_can_be_told_on_the_page(code: str) -> None:
    link = Link("l", "h", "x", "1001", open={"mobile": code, "email": code})
    rows = words.rows(link)
    if code in words.FOR_ALL or words.REASONS[code].kind == "waiting":
        assert rows == ()
        return
    (row,) = rows
    assert (row.scope, row.fields, row.number) == ("link:l", ("email", "mobile"), "1001")
    assert row.needs_person is words.REASONS[code].needs_person


def test_what_concerns_everybody_is_told_once_with_a_count() -> None:
    links = [Link(str(n), f"h{n}", f"x{n}", open={"loans": "needs_clear_tfn"}) for n in range(3)]
    (row,) = words.notices(links)
    assert row.scope == "org" and "3 people" in row.text
    assert words.notices([]) == ()


def test_D9_a_record_that_waits_is_gathered_again() -> None:
    assert words.is_open(Link("l", "h", "x", open={"mobile": "waiting_xero"}))
    assert words.is_open(Link("l", "h", "x", open={"mobile": "refused|too long"}))
    assert not words.is_open(Link("l", "h", "x", open={"mobile": "kept"}))
    assert not words.is_open(Link("l", "h", "x"))


def test_fields_are_named_in_the_order_of_the_table() -> None:
    assert words.labels(["mobile", "title"]) == "title, mobile"
    assert words.labels(["payable"]) == "the record"
    assert words.labels(FIELDS).count(",") == len(FIELDS) - 1
