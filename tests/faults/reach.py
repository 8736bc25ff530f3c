"""Which tests run which function of the agent, found out by one run of the suite and kept in `.faults/` (ignored by git).

What is kept holds for one state of the code: a changed file of tests is run again by itself, any other change (code of the
agent, what tests share) means that all are. Tests that fail without a fault prove nothing and are left out, by name.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from tests.faults.copies import QUIETLY, ROOT, Copy
from tests.faults.naming import functions

# Not asked about a fault: what needs a browser, node or minutes, random bytes, and checks of documents.
NOT_ASKED = (
    "tests/browser/",
    "tests/conformity/",
    "tests/soak/",
    "tests/crash/",
    "tests/fuzz/",
    "tests/faults/",
)
NOT_ASKED_FILES = ("tests/test_arrows.py", "tests/test_documents.py", "tests/test_no_skips.py")
PATIENCE = 1800.0  # seconds for one file of tests


@dataclass
class Reach:
    """What is known; `key` is the state of the code that it was found out for."""

    path: Path
    key: str = ""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    @staticmethod
    def read(path: Path) -> "Reach":
        if not path.is_file():
            return Reach(path)
        row = json.loads(path.read_text("utf-8"))
        return Reach(path, row["key"], row["files"])

    def write(self) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps({"key": self.key, "files": self.files}), "utf-8")

    def bring_up_to_date(self, root: Path, watched: Iterable[str], copies: Sequence[Copy]) -> None:
        """Run what has to be run again, the longest first as far as that is known."""
        key = _key(root)
        known = {f: row for f, row in self.files.items() if row["tests"] and self.key == key}
        tests = _test_files(root)
        usual = {file: _seconds(row) for file, row in self.files.items()}
        stale = [f for f, digest in tests.items() if known.get(f, {}).get("digest") != digest]
        self.key, self.files = key, {f: known[f] for f in tests if f not in stale}
        lock, free = Lock(), SimpleQueue[Copy]()
        for copy in copies:
            free.put(copy)

        def ask(file: str) -> None:
            copy = free.get()
            try:
                row = {"digest": tests[file], "tests": _record(copy, file, watched)}
            finally:
                free.put(copy)
            with lock:
                self.files[file] = row | {"imports": sorted(_imports(root / file))}
                self.write()

        if stale:
            print(f"finding out what {len(stale)} of {len(tests)} files of tests reach", flush=True)
        with ThreadPoolExecutor(len(copies)) as pool:
            list(pool.map(ask, sorted(stale, key=lambda file: -usual.get(file, 0.0))))

    def red(self) -> list[str]:
        """The tests that fail without any fault."""
        return [name for name, row in self._rows() if not row[0]]

    def tests_of(self, function: str, file: str) -> list[dict[str, float]]:
        """The tests that run a function, in the order to ask them: per file of tests, quickest first.

        Without a function (code that runs on import) every test counts, those first that name the file or reach it.
        """
        module = _module(file)
        near: dict[str, dict[str, float]] = {}
        far: dict[str, dict[str, float]] = {}
        for tests_file, row in self.files.items():
            named = not function and module in row.get("imports", ())
            for name, (passed, seconds, reached) in row["tests"].items():
                if function:
                    hit = f"{file}::{function}" in reached
                else:
                    hit = named or any(one.startswith(f"{file}::") for one in reached)
                if passed and (hit or not function):
                    (near if hit else far).setdefault(tests_file, {})[name] = seconds
        return [*_quickest_first(near), *_quickest_first(far)]

    def _rows(self) -> list[tuple[str, list[Any]]]:
        return [row for file in self.files.values() for row in file["tests"].items()]


def function_at(source: str, line: int) -> str:
    """The name that the recorder gives to the function in which a line is; "" for what runs on import."""
    for name, node in functions(ast.parse(source)):
        if node.body[0].lineno <= line <= (node.end_lineno or line):
            return name
    return ""


def _module(file: str) -> str:
    return file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")


def _imports(path: Path) -> set[str]:
    """The modules that a file names in its imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def _quickest_first(found: dict[str, dict[str, float]]) -> list[dict[str, float]]:
    return sorted(found.values(), key=lambda tests: sum(tests.values()))


def _seconds(row: dict[str, Any]) -> float:
    return float(sum(test[1] for test in row["tests"].values()))


def _record(copy: Copy, file: str, watched: Iterable[str]) -> dict[str, Any]:
    record = copy.project / "record.json"
    record.unlink(missing_ok=True)
    env = {
        "FAULTS_FILES": "\n".join(watched),
        "FAULTS_RECORD": str(record),
    }
    args = [*(arg for arg in QUIETLY if arg != "-x"), "-p", "tests.faults.reached", file]
    code, output = copy.run(args, env, PATIENCE)
    if not record.is_file():
        print(f"{file} does not run (exit code {code}): {output[-600:]}", flush=True)
        return {}
    found: dict[str, Any] = json.loads(record.read_text("utf-8"))
    return found


def _test_files(root: Path) -> dict[str, str]:
    paths = sorted(p.relative_to(root).as_posix() for p in root.glob("tests/**/test_*.py"))
    return {
        path: _digest(root / path)
        for path in paths
        if not path.startswith(NOT_ASKED) and path not in NOT_ASKED_FILES
    }


def _key(root: Path) -> str:
    """The state of everything that is no file of tests."""
    parts = [p for top in ("agent", "webhooks", "tests") for p in (root / top).rglob("*.py")]
    told = [
        f"{p.relative_to(root)} {_digest(p)}"
        for p in sorted(parts)
        if not p.name.startswith("test_")
        and "node_modules" not in p.parts
        and not p.relative_to(root).as_posix().startswith(NOT_ASKED)
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


DEFAULT = ROOT / ".faults" / "reach.json"
