"""The drawing of small mistakes (`make faults`): what is drawn, what never is, and that equal seeds draw equal faults."""

from itertools import chain
from pathlib import Path

import pytest

from tests.faults import draw, drawn
from tests.faults.copies import ROOT
from tests.faults.draw import AREAS, Drawn
from tests.faults.excused import Excused
from tests.faults.reach import Reach, function_at

MODULE = '''"""Not drawn: "a"."""

import logging
from dataclasses import dataclass

__all__ = ["take"]
LIMIT = 5
_log = logging.getLogger("agent.plan")


@dataclass(frozen=True)
class Load:
    """Not drawn."""

    number: int | None = None

    def take(self, more: int | None) -> str:
        _log.warning("taken %s", more)
        if not isinstance(more, int | str) or more > LIMIT:
            return ""
        self.keep(more)
        return "a whole sentence"

    def keep(self, more: object) -> int | None:
        def inner() -> int | None:
            return self.number

        return inner()
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project whose plan is the module above."""
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "plan.py").write_text(MODULE, "utf-8")
    return tmp_path


def drawn_in(root: Path, seed: int = 1) -> list[Drawn]:
    return list(draw.draw(root, "plan", seed))


def test_each_kind_of_mistake_is_drawn_where_it_can_be_made_and_nowhere_else(root: Path) -> None:
    many = chain.from_iterable(drawn_in(root, seed) for seed in range(8))
    assert {(one.line, one.operator.partition("_")[0]) for one in many} == {
        (7, "NumberReplacer"),
        (19, "AddNot"),
        (19, "ReplaceComparisonOperator"),
        (19, "ReplaceOrWithAnd"),
        (19, "ReplaceUnaryOperator"),
        (20, "ChangeText"),
        (21, "DropStatement"),
        (22, "ReturnNothing"),
        (26, "ReturnNothing"),
        (28, "ReturnNothing"),
    }


def test_equal_seeds_draw_equal_faults_and_others_draw_others(root: Path) -> None:
    assert drawn_in(root) == drawn_in(root)
    assert any(drawn_in(root, seed) != drawn_in(root) for seed in range(2, 6))


def test_a_fault_says_its_place_and_holds_the_whole_file(root: Path) -> None:
    (fault,) = (one for one in drawn_in(root) if one.operator == "DropStatement")
    assert (fault.before, fault.after, fault.line) == ("self.keep(more)", "pass", 21)
    assert fault.code == MODULE.replace("self.keep(more)", "pass")


def test_what_runs_on_import_is_told_apart_from_what_runs_in_a_function(root: Path) -> None:
    assert {one.line for one in drawn_in(root) if one.at_import} == {7}
    assert [function_at(MODULE, line) for line in (7, 19, 26)] == ["", "Load.take", "Load.keep"]


def test_an_area_without_a_file_is_refused(root: Path) -> None:
    with pytest.raises(SystemExit, match="tokens"):
        next(draw.draw(root, "tokens", 1))


@pytest.mark.parametrize("area", AREAS)
def test_every_area_has_its_files(area: str) -> None:
    assert draw.files_of(ROOT, area)


def test_an_excuse_that_fits_nothing_any_more_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits = Excused("agent/plan.py", "LIMIT = 5", "LIMIT = 6", "it changes nothing")
    gone = Excused("agent/plan.py", "LIMIT = 4", "LIMIT = 5", "it changes nothing")
    elsewhere = Excused("agent/nowhere.py", "LIMIT = 5", "LIMIT = 6", "it changes nothing")
    monkeypatch.setattr(drawn, "EXCUSED", (fits, gone, elsewhere))
    monkeypatch.setattr(drawn, "AREAS", ("plan",))
    assert drawn.stale(root) == [gone, elsewhere]


def test_a_fault_is_asked_of_the_tests_that_run_its_function_quickest_first() -> None:
    reach = Reach(Path(), "", {
        "tests/a.py": {"digest": "", "tests": {
            "tests/a.py::one": [1, 2.0, ["agent/plan.py::take"]],
            "tests/a.py::two": [1, 0.1, ["agent/plan.py::keep"]],
        }},
        "tests/b.py": {"digest": "", "tests": {
            "tests/b.py::one": [1, 0.5, ["agent/plan.py::take"]],
            "tests/b.py::red": [0, 0.1, ["agent/plan.py::take"]],
        }},
        "tests/c.py": {"digest": "", "tests": {"tests/c.py::far": [1, 0.1, []]}},
    })  # fmt: skip
    assert reach.red() == ["tests/b.py::red"]
    assert reach.tests_of("take", "agent/plan.py") == [
        {"tests/b.py::one": 0.5},
        {"tests/a.py::one": 2.0},
    ]
    on_import = reach.tests_of("", "agent/plan.py")
    assert [list(tests) for tests in on_import][-1] == ["tests/c.py::far"]
    assert sum(len(tests) for tests in on_import) == 4
