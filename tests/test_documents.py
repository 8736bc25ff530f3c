"""What is written about the agent is true of it: settings, commands, assumptions, the version; no machine's own
paths.
"""

import argparse
import re
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from agent import __version__
from agent.cli.parser import parser
from agent.config.table import OPTIONS

ROOT = Path(__file__).parents[1]
ASSUMED = re.compile(r"\bassumptions?[\s#]+(A\d+)")
TEXTS = frozenset(
    "cfg css example html in ini js json lock md py sh toml txt yaml yml".split()
    + ["run", "Makefile"]
)
# A path of one machine; what a reader of the installation notes types on Linux is no such thing.
MACHINE_PATH = re.compile(r"(?<![\w.:/}*-])/(?:(?:home|Users)/[\w.-]+|root|work|tmp)/[\w.-]+")
UNKEPT = frozenset({".git", ".venv", "node_modules", "build", "dist"})


def _text(*steps: str) -> str:
    return ROOT.joinpath(*steps).read_text(encoding="utf-8")


def _tree() -> Iterator[Path]:
    """The files of the project that hold text, caches and installed packages apart."""
    for path in sorted(ROOT.rglob("*")):
        steps = path.relative_to(ROOT).parts
        kept = not any(s in UNKEPT or s.endswith(("cache", "cache__", ".egg-info")) for s in steps)
        ending = path.suffix.lstrip(".") or path.name
        if kept and not steps[0].startswith(".hypothesis") and ending in TEXTS and path.is_file():
            yield path


def _commands() -> Iterator[str]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices


@pytest.mark.parametrize("option", OPTIONS, ids=lambda one: f"{one.section}.{one.key}")
def test_every_setting_stands_in_the_example(option: object) -> None:
    section, key = option.section, option.key  # type: ignore[attr-defined]
    block = _text("agent.ini.example").partition(f"\n[{section}]\n")[2].partition("\n[")[0]
    assert re.search(rf"^(?:# )?{key} =", block, re.MULTILINE), f"[{section}] {key}"


def test_every_command_stands_in_the_readme() -> None:
    shown = _text("README.md")
    commands = list(_commands())
    assert len(commands) >= 8
    assert [
        c
        for c in commands
        if not re.search(rf"`[^`\n]*\b{c}\b[^`\n]*`|^.*agent {c}\b", shown, re.M)
    ] == []


def test_every_assumption_in_the_code_is_listed_and_every_listed_one_is_in_the_code() -> None:
    code = {
        id
        for top in ("agent", "webhooks")
        for path in (ROOT / top).rglob("*.py")
        for id in ASSUMED.findall(path.read_text(encoding="utf-8"))
    }
    listed = re.findall(r"^\| (A\d+) \|", _text("docs", "assumptions.md"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert code == set(listed)


def test_every_assumption_names_the_file_where_it_stands_and_says_what_breaks() -> None:
    for row in re.findall(r"^\| (A\d+ \|.*) \|$", _text("docs", "assumptions.md"), re.MULTILINE):
        id, assumed, sure, breaks, where, other = (cell.strip() for cell in row.split(" | "))
        assert assumed and breaks and other, id
        assert sure.split(" ")[0] in ("likely", "open"), id
        assert id in ASSUMED.findall((ROOT / "agent" / where.strip("`")).read_text("utf-8")), id


def test_the_changes_name_the_version() -> None:
    assert f"\n## {__version__}" in _text("CHANGELOG.md")


def test_every_library_that_is_needed_has_its_reason() -> None:
    setup = ConfigParser()
    setup.read_string(_text("setup.cfg"))
    wanted = re.findall(r"^([\w-]+)", setup["options"]["install_requires"], re.MULTILINE)
    reasons = _text("docs", "decisions.md").lower()
    assert len(wanted) > 8
    assert [name for name in wanted if name not in reasons] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_exact_versions_and_no_address(name: str) -> None:
    lines = [line for line in _text(name).splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!+-]+( ; .*)?", line)] == []


def test_the_tests_run_on_the_libraries_that_are_shipped() -> None:
    shipped = set(_text("requirements.lock").splitlines()[1:])
    assert shipped <= set(_text("requirements-dev.lock").splitlines())


def test_the_lock_of_the_mock_servers_names_no_address() -> None:
    assert '"resolved"' not in _text("tests", "conformity", "package-lock.json")


def test_no_path_of_one_machine_stands_anywhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit}"
        for path in _tree()
        for hit in MACHINE_PATH.findall(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_warnings_are_errors() -> None:
    tools = tomllib.loads(_text("pyproject.toml"))["tool"]
    assert tools["pytest"]["ini_options"]["filterwarnings"][0] == "error"
    assert tools["mypy"]["strict"] is True
    assert tools["coverage"]["run"]["branch"] is True
