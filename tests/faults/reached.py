"""A pytest plugin that writes down which functions of the agent each test runs, how it ended and how much work it was.

Loaded with `-p tests.faults.reached`. FAULTS_FILES names the files to watch, one a line, FAULTS_RECORD the file to write:
node id -> passed, seconds of work, functions. Each function is given a first statement that says its name: of all ways to
find out the one that costs least, so that the whole suite takes hardly longer than without.
"""

import ast
import builtins
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.faults.naming import functions

NOTE = "__reached__"
HERE: set[str] = set()  # what the running test reached so far
ENDED: dict[str, list[object]] = {}  # node id -> [passed, seconds, functions]
WATCHED = {str(Path(file).resolve()): file for file in os.environ["FAULTS_FILES"].splitlines()}


class _Noting(SourceFileLoader):
    """Compiles a watched file anew, with the added statements."""

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.get_data(self.path))
        for name, function in functions(tree):
            said = ast.parse(f"{NOTE}({WATCHED[self.path] + '::' + name!r})").body
            start = 1 if ast.get_docstring(function, clean=False) is not None else 0
            function.body[start:start] = said
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin in WATCHED:
            spec.loader = _Noting(name, str(spec.origin))
            return spec
        return None


setattr(builtins, NOTE, HERE.add)
sys.meta_path.insert(0, _Finder())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    HERE.clear()
    row = ENDED.setdefault(item.nodeid, [1, 0.0, []])
    began = time.process_time()
    result = yield
    row[1], row[2] = round(time.process_time() - began, 4), sorted(HERE)
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    row = ENDED[report.nodeid]
    row[0] = int(bool(row[0]) and report.outcome != "failed")


def pytest_sessionfinish() -> None:
    Path(os.environ["FAULTS_RECORD"]).write_text(json.dumps(ENDED), "utf-8")
