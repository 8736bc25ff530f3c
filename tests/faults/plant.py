"""Plants one fault at a time in a copy of the project and runs the rule's own tests there: each must fail.

`make planted` runs it over the whole table; `make planted ARGS="S2 M4"` over these rules, or over the faults in whose file or
words one of the arguments occurs; `make planted ARGS=missed` over those that no test noticed so far. A fault counts as caught
when a test that carries the rule in its name fails by itself, and passes without the fault; what only breaks an import or a
name does not. Exit code 1 where one was missed.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from shutil import copytree, ignore_patterns

from tests.faults.missed import MISSED
from tests.faults.planted import Fault, faults

ROOT = Path(__file__).parents[2]
WORKERS = int(os.environ.get("FAULT_WORKERS", "2"))
PATIENCE = 120.0  # seconds
PATIENCE_WITHOUT = 900.0
QUIETLY = ("-q", "-rfE", "-p", "no:cacheprovider", "--tb=line")
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

    def run(
        self, rules: Iterable[str], tests: Iterable[str], patience: float, *more: str
    ) -> tuple[int, str]:
        """Exit code and output of these rules' tests among these; -1 where they did not end in time."""
        words = " or ".join(f"_{rule}_" for rule in rules)
        paths = [f"tests/{one}" for one in tests]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *QUIETLY, "-k", words, *more, *paths],
                cwd=self._root,
                capture_output=True,
                text=True,
                timeout=patience,
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
            code, output = self.run([fault.rule], fault.tests, PATIENCE, "-x")
            if code == 1 and not FAILED.search(
                output
            ):  # a busy machine: something did not start in time
                code, output = self.run([fault.rule], fault.tests, PATIENCE, "-x")
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
        copies = [Copy(Path(folder) / str(number)) for number in range(WORKERS)]
        free: Copies = SimpleQueue()
        for copy in copies:
            free.put(copy)
        with ThreadPoolExecutor(WORKERS) as pool:
            red = [one for found in pool.map(_red, copies, _shared_out(chosen)) for one in found]
            outcomes = list(pool.map(lambda fault: _tried(fault, red, free), chosen))
    return _told(outcomes, time.monotonic() - began)


Copies = SimpleQueue[Copy]


def _shared_out(chosen: Sequence[Fault]) -> list[list[Fault]]:
    """The faults in as many parts as there are copies; those of one file of tests stay together."""
    parts: list[list[Fault]] = [[] for _ in range(WORKERS)]
    files = list(dict.fromkeys(fault.tests[0].partition("::")[0] for fault in chosen))
    for fault in chosen:
        parts[files.index(fault.tests[0].partition("::")[0]) % WORKERS].append(fault)
    return parts


def _red(copy: Copy, part: Sequence[Fault]) -> list[str]:
    """The tests that fail without any fault: they prove nothing."""
    if not part:
        return []
    rules = dict.fromkeys(fault.rule for fault in part)
    tests = dict.fromkeys(test for fault in part for test in fault.tests)
    code, output = copy.run(rules, tests, PATIENCE_WITHOUT)
    if code not in (0, 1):
        sys.exit(f"The tests do not run without a fault (exit code {code}):\n{output[-2000:]}")
    return [found.partition(" - ")[0] for found in FAILED.findall(output)]


def _tried(fault: Fault, red: Iterable[str], free: Copies) -> Outcome:
    files = [f"tests/{test.partition('::')[0]}" for test in fault.tests]
    mine = [one for one in red if one.partition("::")[0] in files and f"_{fault.rule}_" in one]
    copy = free.get()
    try:
        told = f"red without the fault: {mine[0]}" if mine else ""
        outcome = Outcome(fault, False, told) if mine else copy.try_one(fault)
    finally:
        free.put(copy)
    told = f"{'caught by ' if outcome.caught else ''}{outcome.told}"
    print(f"{fault.rule:3} {outcome.seconds:5.1f} s  {fault.what}: {told}", flush=True)
    return outcome


def _told(outcomes: Sequence[Outcome], seconds: float) -> int:
    missed = [one for one in outcomes if not one.caught]
    rules = len({one.fault.rule for one in outcomes})
    print(f"{len(outcomes)} faults of {rules} rules, {len(missed)} missed, {seconds:.0f} s")
    for one in missed:
        print(f"  missed: {one.fault.rule}: {one.fault.what} ({one.fault.file}): {one.told}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
