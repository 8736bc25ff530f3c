"""The table of rules (docs/rules.md) is complete and true, each rule has a test that carries its name, and for each rule a
fault stands ready that its tests must notice (`make planted` plants them).
"""

import ast
import re
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.branches import BranchMap
from agent.config.maps import MAPS
from agent.config.table import OPTIONS
from agent.fields import FIELDS
from agent.hra import mapping, mapping_details
from agent.xero.mapping_details import details_body
from tests.faults.fault import Fault
from tests.faults.missed import MISSED
from tests.faults.plant import judged
from tests.faults.planted import faults
from tests.unit.hra_values import DETAIL

ROOT = Path(__file__).parents[1]
PRODUCT = ROOT.parent / "shared" / "product.md"
SPANS = "L1-5 R1-4 D1-9 M1-6 B1-3 T1-3 F1-6 H0-3 X1-4 S1-5"
RULES = tuple(
    f"{span[0]}{number}"
    for span in SPANS.split()
    for number in range(int(span[1]), int(span[-1]) + 1)
)
# Sections of agent.ini in which every setting belongs to a rule.
RULED = ("matching", "branches", "sync", "safety")
ROW = re.compile(r"^\| ([A-Z]\d) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
SETTING = re.compile(r"`\[(\w+)\](?: (\w+))?`")
NAMED = re.compile(r"`([\w/]+\.py)::([\w*]+)`")


@cache
def _rows() -> dict[str, tuple[str, str, str]]:
    found = ROW.findall((ROOT / "docs" / "rules.md").read_text("utf-8"))
    assert len(found) == len({row[0] for row in found})
    return {rule: (says, settings, tests) for rule, says, settings, tests in found}


@cache
def _tests() -> dict[str, frozenset[str]]:
    """File below tests/ -> the names of its tests, in classes too."""
    return {
        path.relative_to(ROOT / "tests").as_posix(): frozenset(_names(path))
        for path in (ROOT / "tests").rglob("*.py")
        if "node_modules" not in path.parts
    }


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def _settings() -> frozenset[tuple[str, str]]:
    return frozenset(pair for row in _rows().values() for pair in SETTING.findall(row[1]))


def test_the_rules_known_here_are_those_of_the_product() -> None:
    if not PRODUCT.exists():
        pytest.skip("the text of the product's rules is not there")
    numbered = re.findall(r"^\s*- \*\*([A-Z]\d)\*\*", PRODUCT.read_text("utf-8"), re.MULTILINE)
    assert set(numbered) == set(RULES)


def test_every_rule_has_its_row_in_order() -> None:
    assert tuple(_rows()) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_test_that_carries_its_name(rule: str) -> None:
    assert any(f"_{rule}_" in name for names in _tests().values() for name in names)


@pytest.mark.parametrize("rule", RULES)
def test_the_tests_of_a_row_are_there_and_carry_its_rule(rule: str) -> None:
    named = NAMED.findall(_rows()[rule][2])
    assert named
    assert all(f"_{rule}_" in name for _, name in named)
    lost = [
        f"{file}::{pattern}"
        for file, pattern in named
        if not any(fnmatch(name, pattern) for name in _tests().get(file, ()))
    ]
    assert lost == []


def test_every_setting_of_a_row_is_one_of_agent_ini() -> None:
    known = {(option.section, option.key) for option in OPTIONS} | {(m.section, "") for m in MAPS}
    assert _settings()
    assert _settings() - known == frozenset()


def test_every_setting_that_decides_belongs_to_a_rule() -> None:
    deciding = {(o.section, o.key) for o in OPTIONS if o.section in RULED}
    deciding |= {(one.section, "") for one in MAPS}
    assert deciding - _settings() == set()


# --- planted faults ---------------------------------------------------------------------------------------------


def _title(fault: Fault) -> str:
    return f"{fault.rule} {fault.what}"


def test_every_rule_has_a_fault_that_its_tests_must_notice() -> None:
    assert {fault.rule for fault in faults()} == set(RULES)
    titles = [_title(fault) for fault in faults()]
    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("fault", (*faults(), *MISSED), ids=_title)
def test_a_fault_can_be_planted_and_its_tests_are_there(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text("utf-8").count(fault.before) == 1
    assert fault.before != fault.after
    for one in fault.tests:
        file, _, name = one.partition("::")
        mine = [known for known in _tests().get(file, ()) if f"_{fault.rule}_" in known]
        assert name in mine if name else mine, one


@pytest.mark.parametrize(
    ("code", "output", "caught"),
    [
        (1, "FAILED tests/unit/a.py::test_D1_b - assert 1 == 2", True),
        (1, "FAILED tests/unit/a.py::test_D1_b[x - y] - KeyError: 'z'", True),
        (0, "3 passed", False),
        (1, "ERROR tests/unit/a.py::test_D1_b - RuntimeError", False),
        (1, "FAILED tests/unit/a.py::test_D1_b - NameError: name 'x' is not defined", False),
        (2, "ERROR tests/unit/a.py - SyntaxError: invalid syntax", False),
        (4, "ERROR: not found: tests/unit/a.py", False),
        (5, "no tests ran", False),
        (-1, "", False),
    ],
)
def test_only_a_test_that_fails_by_itself_catches_a_fault(
    code: int, output: str, caught: bool
) -> None:
    assert judged(code, output)[0] is caught


# --- F6: what does not travel -----------------------------------------------------------------------------------

NOT_TRAVELLING = {
    "EmploymentType", "PayTemplate", "PayrollCalendarID", "OrdinaryEarningsRateID", "OpeningBalances",
}  # fmt: skip
NEW = {
    "first_name": "Ada", "last_name": "Field", "date_of_birth": date(1990, 1, 2), "job_title": "Cook",
    "start_date": date(2024, 7, 1), "email": "ada@example.com",
}  # fmt: skip


def test_F6_no_field_is_an_employment_type_a_salary_or_a_pay_template() -> None:
    told = " ".join(f"{row.name} {row.label}" for row in FIELDS.values()).lower()
    words = ("type", "salary", "earning", "template", "calendar", "payslip", "history", "rate")
    assert [word for word in words if word in told] == []


def test_F6_a_write_to_xero_has_nothing_of_how_somebody_is_paid() -> None:
    raw: dict[str, Any] = dict.fromkeys(NOT_TRAVELLING, "as it was")
    body, refused = details_body(raw, NEW, BranchMap(), lambda group: None)
    assert body and not refused
    assert body.keys() & NOT_TRAVELLING == set()


def test_F6_the_employment_type_in_hra_is_hra_s_own() -> None:
    lists = mapping.References()
    made = mapping_details.new({**NEW, "branch": "b1"}, "home", lists).body
    assert made and "employmentType" not in made
    changed = mapping_details.draft(DETAIL, {"job_title": "Chef"}, "home", lists).body
    assert changed and changed["employmentType"] == DETAIL["employmentType"]
