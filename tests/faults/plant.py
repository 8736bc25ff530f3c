"""Plants one fault at a time in a copy of the project and runs the rule's own tests there: each must fail.

`make faults` runs it over the whole table; `make faults ARGS="S2 M4"` over these rules, or over the faults in whose file or
words one of the arguments occurs; `make faults ARGS=missed` over those that no test noticed so far. A fault counts as caught
when a test that carries the rule in its name fails by itself, and passes without the fault; what only breaks an import or a
name does not. Exit code 1 where one was missed.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from shutil import copytree, ignore_patterns

from tests.faults.missed import MISSED
from tests.faults.planted import Fault, faults

ROOT = Path(__file__).parents[2]
WORKERS = int(os.environ.get("FAULT_WORKERS", "2"))
PATIENCE = 120.0
LEFT_OUT = ignore_patterns(
    ".*", "*cache", "__pycache__", "*.egg-info", "*.png", "node_modules", "build", "dist", "agent-data"
)  # fmt: skip
FAILED = re.compile(r"^FAILED (\S+::[^\n]*)$", re.MULTILINE)
# A program that does not hold together is no fault of behaviour: any test finds it.
BROKEN = re.compile(
    r"\b(Syntax|Indentation|Import|ModuleNotFound|Name|UnboundLocal|Attribute)Error\b"
)


@dataclass(frozen=True)
class Outcome:
    """What came of a planted fault: `caught` by a test, or why not."""

    fault: Fault
    caught: bool
    told: str
    seconds: float = 0.0


class Copy:
    """A copy of the project, in which one thread plants and restores."""

    def __init__(self, folder: Path) -> None:
        self._root = folder
        self._planted = 0
        copytree(ROOT, folder, ignore=LEFT_OUT, dirs_exist_ok=True)

    def run(self, rule: str, tests: Sequence[str], *more: str) -> tuple[int, str]:
        """Exit code and output of the rule's tests among these; -1 where they did not end in time."""
        paths = [f"tests/{one}" for one in tests]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rfE",
            "-p",
            "no:cacheprovider",
            "--tb=line",
        ]
        try:
            done = subprocess.run(
                [*command, "-k", f"_{rule}_", *more, *paths],
                cwd=self._root,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
                env={**os.environ, "COLUMNS": "400"},
            )
        except subprocess.TimeoutExpired:
            return -1, ""
        return done.returncode, done.stdout + done.stderr

    def try_one(self, fault: Fault) -> Outcome:
        """Plant it, run its tests, take it out again."""
        began = time.monotonic()
        path = self._root / fault.file
        sound, stamp = path.read_text("utf-8"), path.stat().st_mtime
        if sound.count(fault.before) != 1:
            return Outcome(fault, False, "its text is not there exactly once")
        path.write_text(sound.replace(fault.before, fault.after), "utf-8")
        self._planted += 1
        # Python tells a compiled file from its source by size and whole seconds.
        os.utime(path, (stamp, stamp + 1000 * self._planted))
        try:
            code, output = self.run(fault.rule, fault.tests, "-x")
        finally:
            path.write_text(sound, "utf-8")
            os.utime(path, (stamp, stamp))
        caught, told = judged(code, output)
        return Outcome(fault, caught, told, time.monotonic() - began)


def judged(code: int, output: str) -> tuple[bool, str]:
    """Whether a run of tests found a fault of behaviour, and by which test."""
    if code == -1:
        return False, "the tests did not end"
    if code == 0:
        return False, "MISSED: every test passed"
    found = FAILED.search(output)
    if code != 1 or found is None:
        return False, f"no test failed (exit code {code})"
    name, _, why = found[1].partition(" - ")
    if BROKEN.search(why):
        return False, f"the program broke: {why[:60]}"
    return True, name.removeprefix("tests/")


def main(wanted: Sequence[str]) -> int:
    """Plant every wanted fault and print the table; the exit code."""
    table = MISSED if list(wanted) == ["missed"] else faults()
    words = () if table is MISSED else wanted
    chosen = [fault for fault in table if not words or any(fault.fits(word) for word in words)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        free: SimpleQueue[Copy] = SimpleQueue()
        for number in range(WORKERS):
            free.put(Copy(Path(folder) / str(number)))
        with ThreadPoolExecutor(WORKERS) as pool:
            red = dict(pool.map(lambda one: _sound(one, free), _distinct(chosen)))
            outcomes = list(pool.map(lambda fault: _tried(fault, red, free), chosen))
    missed = [one for one in outcomes if not one.caught]
    rules = len({one.fault.rule for one in outcomes})
    print(f"{len(outcomes)} faults of {rules} rules, {len(missed)} missed,", end=" ")
    print(f"{time.monotonic() - began:.0f} s")
    for one in missed:
        print(f"  missed: {one.fault.rule}: {one.fault.what} ({one.fault.file}): {one.told}")
    return 1 if missed else 0


Tests = tuple[str, tuple[str, ...]]


def _distinct(chosen: Sequence[Fault]) -> list[Tests]:
    return list(dict.fromkeys((fault.rule, fault.tests) for fault in chosen))


def _sound(tests: Tests, free: "SimpleQueue[Copy]") -> tuple[Tests, str]:
    """Why these tests prove nothing: they fail, or there are none, without any fault; "" where all is well."""
    copy = free.get()
    try:
        code, output = copy.run(*tests)
    finally:
        free.put(copy)
    if code == 0:
        return tests, ""
    found = FAILED.search(output)
    return tests, f"red without the fault: {found[1] if found else f'exit code {code}'}"


def _tried(fault: Fault, red: dict[Tests, str], free: "SimpleQueue[Copy]") -> Outcome:
    copy = free.get()
    try:
        why = red[fault.rule, fault.tests]
        outcome = Outcome(fault, False, why) if why else copy.try_one(fault)
    finally:
        free.put(copy)
    told = f"{'caught by ' if outcome.caught else ''}{outcome.told}"
    print(f"{fault.rule:3} {outcome.seconds:5.1f} s  {fault.what}: {told}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
