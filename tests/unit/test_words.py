"""Every reason code that the decisions emit has a whole sentence, and no row holds a value."""

import ast
import string
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from agent import merge, words
from agent.fields import FIELDS, names
from agent.merge import SENDS, Decision, Kind
from agent.records import Agreed, Approval, Attention, Link
from tests.unit.decisions import Case, every

# Codes that merge uses for decisions that do nothing: nobody is told.
SILENT = {"off", "unreadable", "nothing to send"}
# Functions that give the code of what stands in the way, alone or with its detail.
OBSTACLES = ("_obstacle", "_irreplaceable", "_for_a_person")
SOURCES = sorted(Path(merge.__file__).parent.glob("*.py"))


def emitted() -> set[str]:
    """Every reason that merge can put into a Decision, read from its source."""
    found: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "reason":
                found |= set(_texts(node.value))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "hold":
                found |= set(_texts(node.args[1]))
            elif isinstance(node, ast.FunctionDef) and node.name.startswith(OBSTACLES):
                found |= {text for back in _returned(node) for text in _texts(back)}
    return {code for code in found if code}


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value.elts[0] if isinstance(node.value, ast.Tuple) else node.value


def _texts(node: ast.expr) -> Iterator[str]:
    """The codes of an expression: a text, either branch of a choice, or one that ends with a side's name."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.JoinedStr):
        (start,) = (part.value for part in node.values if isinstance(part, ast.Constant))
        yield from (str(start) + side for side in ("hra", "xero"))


def test_the_codes_of_merge_are_found() -> None:
    assert {"conflict", "tfn_masked", "cannot_travel", "not_current", "own_yes"} <= emitted()
    assert {"rehire", "emptied", "approval_xero", "rejected_hra", "drift", "gone"} <= emitted()


def test_every_code_of_merge_is_met_among_the_people_drawn_by_lot() -> None:
    """So the tests below see each of them; a code that none can bring about is dead."""
    assert {made.reason for _, _, made in every()} - {""} == emitted()


def test_every_reason_of_the_decisions_has_a_sentence() -> None:
    assert emitted() - SILENT <= set(words.REASONS)


def test_every_hold_has_a_reason_that_is_told_and_nothing_else_has() -> None:
    for _, _, made in every():
        assert (made.kind is Kind.HOLD) is (made.reason in words.REASONS)


def test_S3_every_value_that_travels_says_why_in_words() -> None:
    whys = {made.why for _, _, made in every() if made.kind in SENDS}
    assert whys == set(words.WHYS) - {"new"}


def test_the_detail_that_a_sentence_needs_is_given() -> None:
    for _, _, made in every():
        needs = "{detail}" in words.REASONS[made.reason].text if made.kind is Kind.HOLD else False
        assert needs is bool(made.detail), made.reason


@pytest.mark.parametrize("code", words.REASONS)
def test_a_sentence_needs_nothing_but_fields_detail_and_count(code: str) -> None:
    wanted = {name for _, name, _, _ in string.Formatter().parse(words.REASONS[code].text) if name}
    assert wanted <= ({"count"} if code in words.FOR_ALL else {"fields", "Fields", "detail"})


@pytest.mark.parametrize("code", words.REASONS)
@pytest.mark.parametrize("detail", ["is too long", "It was refused.", "a. b.", "{count} {x}"])
def test_every_sentence_is_whole_and_ends_in_one_full_stop(code: str, detail: str) -> None:
    told = words.sentence(code, ["mobile", "email"], detail, 3)
    assert not set("{}") & set(told.replace(detail.rstrip("."), ""))
    assert told[0].isupper()
    assert ".." not in told
    # What could not be read or written is told in the error's own sentence.
    assert told.endswith(".") or (code, detail[-1:]) == ("unreadable_record", told[-1])


@pytest.mark.parametrize("code", words.REASONS)
def test_a_sentence_names_its_fields_by_their_labels_alone(code: str) -> None:
    for name in FIELDS:
        told = words.sentence(code, [name], "x", 1)
        assert "_" not in told.replace("[branch_map]", "").replace("allow_transfers", "")


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


# --- what a person can answer


@pytest.mark.parametrize("code", words.REASONS)
def test_a_row_carries_the_buttons_of_its_reason(code: str) -> None:
    link = Link("l", "h", "x", open={"mobile": code})
    for row in words.rows(link):
        assert set(words.buttons(row)) <= BUTTONS
        chooses = bool({"use_hra", "use_xero"} & {*words.buttons(row)})
        assert chooses is (code in words.CHOOSABLE)


BUTTONS = {"retry", "use_hra", "use_xero", "approve", "reject", "dismiss"}


@pytest.mark.parametrize("code", sorted(words.CHOOSABLE))
def test_D7_every_choice_that_a_row_offers_can_be_carried_out_or_says_something_new(
    code: str,
) -> None:
    """A button that brings the very same row back helps nobody."""
    dead = {
        (made.name, button)
        for _, case, made in every()
        if made.reason == code
        for button in _row(made).buttons
        if button.startswith("use_") and _leads_nowhere(case, made, button.removeprefix("use_"))
    }
    assert not dead


def _row(made: Decision) -> Attention:
    stored = words.join(made.reason, made.detail)
    return words.rows(Link("l", "h", "x", open={made.name: stored}))[0]


def _leads_nowhere(case: Case, made: Decision, side: str) -> bool:
    """Whether choosing a side that holds something leaves everything as it was, for no other reason."""
    if (case.hra if side == "hra" else case.xero).get(made.name) is None:
        return False
    rules = replace(case.rules, chosen={made.name: side}, overrule=True, mode="authoritative")
    again = replace(case, rules=rules).decided()
    if again[made.name].reason != made.reason:
        return False
    told = {again[name].reason for name in _one_with(made.name) if again[name].kind is Kind.HOLD}
    return told == {made.reason}


def _one_with(name: str) -> tuple[str, ...]:
    """The fields that a choice about one is about: the tax declaration is one."""
    return names("tax") if FIELDS[name].group == "tax" else (name,)


def test_D7_a_tax_row_and_a_person_s_choice_agree_on_what_can_be_chosen() -> None:
    for code, side in product(words.CHOOSABLE, ("hra", "xero")):
        (row,) = words.rows(Link("l", "h", "x", open={"loans": code}))
        if f"use_{side}" in row.buttons:
            assert merge.Rules("hra", chosen={"loans": side}).choice("loans") == side


HELD = Link("l", "h", "x", held={"loans": Agreed("one", "two"), "mobile": Agreed("1", "2")})


def _with(link: Link, **pairs: Agreed) -> Link:
    return replace(link, held={**link.held, **pairs})


@pytest.mark.parametrize("moved", [Agreed("another", "two"), Agreed("one", "another")])
def test_D7_a_row_whose_value_moved_is_another_row(moved: Agreed) -> None:
    before, after = (
        words.mark_of(HELD, ("loans",)),
        words.mark_of(_with(HELD, loans=moved), ("loans",)),
    )
    assert before and after and before != after


def test_D7_D1_a_tax_row_stands_for_every_value_of_the_declaration() -> None:
    moved = _with(HELD, leave_loading=Agreed("yes", "no"))
    assert words.mark_of(moved, ("loans",)) != words.mark_of(HELD, ("loans",))


def test_D7_a_value_that_a_row_is_not_about_moves_nothing() -> None:
    moved = _with(HELD, mobile=Agreed("3", "4"))
    assert words.mark_of(moved, ("loans",)) == words.mark_of(HELD, ("loans",))


def test_S2_a_row_that_asks_for_another_value_is_another_row() -> None:
    asked = Approval("to_xero", "one", datetime(2026, 3, 2, tzinfo=UTC), "hra")
    links = [
        replace(HELD, approvals={"bank_accounts": one})
        for one in (
            asked,
            replace(asked, mark="two"),
            replace(asked, state="approved", by="page:b"),
        )
    ]
    first, other, judged = [words.mark_of(link, ("bank_accounts",)) for link in links]
    assert first and first != other
    assert first == judged


def test_D7_a_row_of_which_no_value_is_remembered_has_no_mark() -> None:
    assert words.mark_of(HELD, ("job_title",)) == words.mark_of(HELD, ()) == ""
    (row,) = words.rows(replace(HELD, open={"mobile": "refused|No."}))
    assert row.mark == words.mark_of(HELD, ("mobile",))


# --- D9, S4


@pytest.mark.parametrize("code", words.REASONS)
def test_D9_only_what_another_run_can_change_is_gathered_again(code: str) -> None:
    link = Link("l", "h", "x", open={"mobile": words.join(code, "some detail")})
    assert words.is_open(link) is words.REASONS[code].gathered_again


def test_S4_no_detail_of_a_decision_holds_a_value_of_the_record() -> None:
    for _, case, made in every():
        if made.kind is not Kind.HOLD or not made.detail:
            continue
        for side in (case.hra, case.xero):
            value = side.get(made.name)
            assert not (isinstance(value, str) and value in made.detail and made.name != "branch")
            assert "570 15" not in made.detail and "Main St" not in made.detail
