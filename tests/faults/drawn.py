"""Draws small mistakes with a mutation-testing library, puts them into copies of the project one at a time, and counts how
many the tests catch. Exit code 1 below 95 %, or where more than 5 % were excused.

`make faults` draws 220 of them, evenly over the areas (ARGS="sync store" for some of these). The seed is printed;
HRA_XERO_SEED or ARGS="--seed 7" gives it, and equal seeds draw equal faults from equal code. ARGS="--count 50" changes how
many.

A fault is tried against every test that runs its function, quickest first, up to the first that fails; code that runs on
import is tried against every test there is. A test that does not end has noticed, too. A test that takes long or runs
servers is asked again without the fault before it is believed. A fault with which its file cannot be imported is no fault
of behaviour: the next of its area is drawn instead. What is not drawn at all, and why: tests/faults/operators.py. What is
excused: tests/faults/excused.py.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from random import Random
from threading import Lock

from tests.faults.copies import HANGS, ROOT, Copy, copies, workers
from tests.faults.draw import AREAS, Drawn, at_line, draw, files_of
from tests.faults.excused import EXCUSED, Excused
from tests.faults.reach import DEFAULT, Reach, function_at

COUNT = 220
WANTED = 0.95
AT_MOST_EXCUSED = 0.05
BATCHES = (2.0, 15.0, 60.0)  # seconds of work of the tests asked at once; then all the others
BELIEVED = 0.3  # seconds: a test that takes longer, or is no unit test, may fail because the machine is busy
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+\.py(?:::.*?)?)(?: - .*)?$", re.MULTILINE)
HUNG = re.compile(r"^HANGS (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """What came of a fault: caught, missed, excused or broken (the file cannot be imported)."""

    fault: Drawn
    result: str
    by: str = ""
    asked: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        by = f" by {self.by.removeprefix('tests/')}" if self.by else ""
        asked = f" (tests asked: {self.asked})" if self.result == "missed" else ""
        return f"{self.seconds:6.1f} s  {self.result}{by}{asked}: {self.fault}"


class Area:
    """The faults of one area, in the order that the seed gives; shared by the threads."""

    def __init__(self, root: Path, name: str, seed: int) -> None:
        self._faults = draw(root, name, seed)
        self._lock = Lock()

    def next(self) -> Drawn | None:
        with self._lock:
            return next(self._faults, None)


class Trials:
    """Tries faults in copies, each copy for one fault at a time."""

    def __init__(self, root: Path, made: Sequence[Copy], reach: Reach) -> None:
        self._root, self._reach = root, reach
        self._free: SimpleQueue[Copy] = SimpleQueue()
        for copy in made:
            self._free.put(copy)

    def of(self, area: Area) -> list[Outcome]:
        """The next fault of an area that does not break the program, and those before it that do."""
        found: list[Outcome] = []
        while not found or found[-1].result == "broken":
            fault = area.next()
            if fault is None:
                return found
            found.append(self.of_one(fault))
            print(found[-1], flush=True)
        return found

    def of_one(self, fault: Drawn) -> Outcome:
        """What the tests say to one fault."""
        if excuse(fault):
            return Outcome(fault, "excused")
        copy = self._free.get()
        try:
            began = time.monotonic()
            result, by, asked = self._judge(copy, fault)
            return Outcome(fault, result, by, asked, time.monotonic() - began)
        finally:
            self._free.put(copy)

    def _judge(self, copy: Copy, fault: Drawn) -> tuple[str, str, int]:
        asked, doubted = 0, set[str]()
        for batch in _batches(self._tests(fault)):
            asked += len(batch)
            while batch := {name: batch[name] for name in batch if name not in doubted}:
                with copy.holding(fault.file, fault.code):
                    code, output = copy.run_chosen(batch)
                    if code in (0, 5):
                        break
                    by = _who(code, output)
                    if "::" not in by and code != -1 and not copy.imports(fault.file):
                        return "broken", "", asked
                if code in (HANGS, -1) or _passes(copy, by, batch):
                    return "caught", by, asked
                doubted.add(by)
        return "missed", "", asked

    def _tests(self, fault: Drawn) -> Iterator[dict[str, float]]:
        source = (self._root / fault.file).read_text("utf-8")
        function = "" if fault.at_import else function_at(source, fault.line)
        yield from self._reach.tests_of(function, fault.file)


def _passes(copy: Copy, name: str, usual: dict[str, float]) -> bool:
    """Whether this test passes without the fault, as far as that is in doubt."""
    if name not in usual or (name.startswith("tests/unit/") and usual[name] < BELIEVED):
        return True
    return copy.run_chosen({name: usual[name]})[0] == 0


def _who(code: int, output: str) -> str:
    """The test that failed or did not end, or the file of tests that could not be read."""
    if code == -1:
        return "the whole run, which did not end"
    found = (HUNG if code == HANGS else FAILED).search(output)
    return found[1] if found else "the start of the tests"


def _batches(files: Iterable[dict[str, float]]) -> Iterator[dict[str, float]]:
    """The tests in few runs, the quick ones in the first, so that most faults cost one short run."""
    limits = iter((*BATCHES, float("inf")))
    limit, batch = next(limits), dict[str, float]()
    for tests in files:
        if batch and sum(batch.values()) + sum(tests.values()) > limit:
            yield batch
            limit, batch = next(limits, float("inf")), {}
        batch |= tests
    if batch:
        yield batch


def excuse(fault: Drawn) -> Excused | None:
    """The row that excuses a fault."""
    for row in EXCUSED:
        if (row.file, row.before, row.after) == (fault.file, fault.before, fault.after):
            return row
    return None


def stale(root: Path) -> list[Excused]:
    """The rows of the table that no fault in the code fits."""
    area = {file: name for name in AREAS for file in files_of(root, name)}
    return [
        row
        for row in EXCUSED
        if row.file not in area
        or not any(
            excuse(fault) is row for fault in at_line(root, area[row.file], row.file, row.before)
        )
    ]


def main(given: Sequence[str]) -> int:
    """Draw, try, tell; the exit code."""
    wanted = _arguments(given)
    began = time.monotonic()
    print(f"seed {wanted.seed} (HRA_XERO_SEED={wanted.seed} make faults)", flush=True)
    for row in (unfit := stale(wanted.root)):
        print(f"tests/faults/excused.py: nothing fits any more: {row.file}: {row.before}")
    if unfit:
        return 1
    with copies(workers(), wanted.root) as made:
        reach = Reach.read(wanted.reach)
        if not wanted.reach_as_it_is:
            watched = [file for name in AREAS for file in files_of(wanted.root, name)]
            reach.bring_up_to_date(wanted.root, watched, made)
        for name in reach.red():
            print(f"red without a fault, so not asked: {name}")
        trials = Trials(wanted.root, made, reach)
        with ThreadPoolExecutor(len(made)) as pool:
            found = list(pool.map(trials.of, _shared_out(wanted)))
    return _told([one for some in found for one in some], time.monotonic() - began, wanted.seed)


def _shared_out(wanted: argparse.Namespace) -> list[Area]:
    """Each area as often as it is its turn."""
    areas = [Area(wanted.root, name, wanted.seed) for name in dict.fromkeys(wanted.areas or AREAS)]
    return [areas[number % len(areas)] for number in range(wanted.count)]


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("areas", nargs="*", choices=[*AREAS, []], metavar="AREA")
    seed = int(os.environ.get("HRA_XERO_SEED") or Random().randrange(10**6))
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--root", type=Path, default=ROOT, help="another copy of the project")
    parser.add_argument(
        "--reach", type=Path, default=DEFAULT, help="where it is kept what tests reach"
    )
    parser.add_argument(
        "--reach-as-it-is", action="store_true", help="do not bring that up to date"
    )
    return parser.parse_args(given)


def _told(outcomes: Sequence[Outcome], seconds: float, seed: int) -> int:
    """Print the figures; the exit code."""
    valid = [one for one in outcomes if one.result != "broken"]
    named = {word: [one for one in valid if one.result == word] for word in ("missed", "excused")}
    tried = len(valid) - len(named["excused"])
    caught = tried - len(named["missed"])
    for area in AREAS:
        mine = [one for one in valid if one.fault.area == area]
        if mine:
            print(f"  {area:7} {sum(one.result == 'caught' for one in mine):3} of {len(mine)}")
    for word, some in named.items():
        for one in some:
            row = excuse(one.fault)
            print(f"{word}: {one.fault}{f'  ({row.reason})' if row else ''}")
    share = caught / tried if tried else 0.0
    print(
        f"{len(valid)} faults drawn with seed {seed}, {caught} caught, {len(named['missed'])} missed, "
        f"{len(named['excused'])} excused: {share:.1%} of {tried}, {seconds:.0f} s"
    )
    excused_ok = len(named["excused"]) <= AT_MOST_EXCUSED * len(valid)
    return 0 if share >= WANTED and excused_ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
