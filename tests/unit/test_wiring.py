"""Every setting that decides reaches the rule that it moves: agent.ini -> the policy of the sync."""

from decimal import Decimal
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.config import parse
from agent.merge import Rules
from agent.plan import Brake
from agent.strangers import Matching
from agent.sync import Policy
from agent.wiring import policy, xero_scopes

REQUIRED = """
[hra]
client_id = a
client_secret = b
[xero]
client_id = c
client_secret = d
[sync]
authoritative_system = hra
"""
MAP = BranchMap(True, "b0", {"A": "b1", "B": "b2"})


def of(section: str = "safety", *lines: str, branches: BranchMap = MAP) -> Policy:
    """The policy of the smallest agent.ini with these lines in a section."""
    text = REQUIRED + ("" if section == "sync" else f"[{section}]\n") + "\n".join(lines) + "\n"
    return policy(parse(text, {}), branches)


def rules(section: str = "safety", *lines: str) -> Rules:
    return of(section, *lines).rules


@pytest.mark.parametrize(("word", "moves"), [("yes", True), ("no", False)])
def test_B3_allow_transfers_is_obeyed(word: str, moves: bool) -> None:
    assert rules("branches", f"allow_transfers = {word}").transfers is moves


@pytest.mark.parametrize(
    ("switched_on", "runs"), [((), 1), (("import",), 1), (("import", "export"), 2)]
)
def test_X2_the_runs_of_a_cycle_that_share_in_verifying_are_those_on_schedule(
    switched_on: tuple[str, ...], runs: int
) -> None:
    assert of("sync", *(f"automatic_{kind} = yes" for kind in switched_on)).runs_a_cycle == runs


def test_B3_branches_that_an_employee_group_stands_for_are_known() -> None:
    assert rules().grouped == frozenset({"b0", "b1", "b2"})


@pytest.mark.parametrize("match", [True, False])
def test_B1_matching_of_groups_is_obeyed_by_the_decisions_and_by_the_match_desk(
    match: bool,
) -> None:
    made = of(branches=BranchMap(match, "b0"))
    assert (made.rules.branches, made.matching.branches) == (match, match)


def test_B2_the_list_of_groups_is_asked_for_only_where_they_are_matched() -> None:
    asked = {
        word: xero_scopes(parse(f"{REQUIRED}[branches]\nmatch_employee_groups = {word}\n", {}))
        for word in ("yes", "no")
    }
    assert {*asked["yes"]} - {*asked["no"]} == {"accounting.settings.read"}


@pytest.mark.parametrize(
    ("directions", "asked"),
    [("", True), ("leave = off", False), ("annual_leave = off", True)],
)
def test_F5_pay_runs_are_asked_for_only_where_leave_travels(directions: str, asked: bool) -> None:
    scopes = xero_scopes(parse(f"{REQUIRED}[directions]\n{directions}\n", {}))
    assert ("payroll.payruns.read" in scopes) is asked


@pytest.mark.parametrize("word", ["hold", "warn"])
def test_T3_earlier_end_date_is_obeyed(word: str) -> None:
    assert rules("safety", f"earlier_end_date = {word}").earlier_end == word


def test_S1_each_limit_of_the_brake_is_its_own() -> None:
    lines = ("max_changed_share = 40%", "max_terminations = 7", "max_creates = 9")
    assert of("safety", *lines).brake == Brake(Decimal("0.4"), 7, 9)


def test_S2_what_a_second_person_approves_is_obeyed() -> None:
    assert rules("safety", "approve = bank, tfn").approve == {"bank", "tfn"}
    assert rules("safety", "approve =").approve == frozenset()


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("conflicts = hold", "conflicts", "hold"),
        ("conflicts = authoritative", "conflicts", "authoritative"),
        ("", "authority", "hra"),
    ],
)
def test_D1_conflicts_and_the_authoritative_system_are_obeyed(
    line: str, name: str, value: str
) -> None:
    assert getattr(rules("sync", line), name) == value


def test_D1_D7_authorities_and_directions_of_fields_are_obeyed() -> None:
    assert rules("authority", "bank = xero").authority_of("bank_accounts") == "xero"
    assert rules("directions", "mobile = to_xero").direction_of("mobile") == "to_xero"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("employees = postcode", {"employees": "postcode"}),
        ("candidates = either", {"candidates": "either"}),
        ("employee_numbers_across_branches = yes", {"across": True}),
        ("employee_numbers_across_branches = no", {"across": False}),
    ],
)
def test_M1_M4_the_switches_of_matching_are_obeyed(line: str, expected: dict[str, Any]) -> None:
    made: Matching = of("matching", line).matching
    assert {name: getattr(made, name) for name in expected} == expected


def test_X2_the_hours_of_a_cycle_and_of_a_full_round_are_obeyed() -> None:
    made = of("sync", "every_hours = 2", "verify_every_hours = 48")
    assert (made.every_hours, made.verify_every_hours) == (2, 48)
