"""Copies of the project, in which faults are put and tests are run; the project itself is never touched."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

ROOT = Path(__file__).parents[2]
HANGS = 70  # pytest's exit code here where a test did not end
LEFT_OUT = ignore_patterns(
    ".*", "*cache", "__pycache__", "*.egg-info", "*.png", "node_modules", "build", "dist", "agent-data"
)  # fmt: skip
QUIETLY = (
    "-q", "-rfE", "-p", "no:cacheprovider", "--tb=line", "--hypothesis-seed=0", "-x",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # the libraries are loaded beforehand
)  # fmt: skip


class Copy:
    """One copy, with the process that runs pytest in it. For one thread at a time."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.project = folder / "project"
        self._changes = 0
        self._out, self._list = folder / "out.txt", folder / "chosen.json"
        copytree(root, self.project, ignore=LEFT_OUT)
        beside = root.parent / "shared"  # the vendors' descriptions, where they are
        if beside.is_dir():
            (folder / "shared").symlink_to(beside.resolve())
        self._starter = subprocess.Popen(
            [sys.executable, "-P", str(self.project / "tests" / "faults" / "starter.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process."""
        assert self._starter.stdin
        self._starter.stdin.close()
        self._starter.wait(30)

    def run(self, args: Sequence[str], env: Mapping[str, str], seconds: float) -> tuple[int, str]:
        """Exit code (-1: not ended in so many seconds) and output of pytest here."""
        assert self._starter.stdin and self._starter.stdout
        rmtree(self.project / ".hypothesis", ignore_errors=True)
        own = {"PYTHONPATH": str(self.project), "COLUMNS": "400"}
        wanted = {
            "cwd": str(self.project),
            "args": list(args),
            "env": own | dict(env),
            "out": str(self._out),
            "seconds": seconds,
        }
        print(json.dumps(wanted), file=self._starter.stdin, flush=True)
        code = int(self._starter.stdout.readline())
        return code, self._out.read_text("utf-8", "replace")

    def run_chosen(self, chosen: Mapping[str, float]) -> tuple[int, str]:
        """The same for these tests alone, up to the first that fails: node id -> its usual seconds."""
        self._list.write_text(json.dumps(chosen), "utf-8")
        files = list(dict.fromkeys(name.partition("::")[0] for name in chosen))
        env = {"FAULTS_CHOSEN": str(self._list)}
        patience = 600 + 30 * sum(chosen.values())
        code, output = self.run([*QUIETLY, "-p", "tests.faults.chosen", *files], env, patience)
        hung = self._list.with_suffix(".hung")
        return code, f"HANGS {hung.read_text('utf-8')}" if code == HANGS else output

    def imports(self, file: str) -> bool:
        """Whether a file of the agent can be imported as it is now."""
        name = file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
        told = [sys.executable, "-c", f"import {name}"]
        done = subprocess.run(told, cwd=self.project, capture_output=True, check=False)
        return done.returncode == 0

    @contextmanager
    def holding(self, file: str, code: str) -> Iterator[None]:
        """This file as it is with a fault, for a while."""
        path = self.project / file
        sound, stamp = path.read_text("utf-8"), path.stat().st_mtime
        self._changes += 1
        path.write_text(code, "utf-8")
        # Python tells a compiled file from its source by size and whole seconds.
        os.utime(path, (stamp, stamp + 1000 * self._changes))
        try:
            yield
        finally:
            path.write_text(sound, "utf-8")
            os.utime(path, (stamp, stamp))


@contextmanager
def copies(number: int, root: Path = ROOT) -> Iterator[list[Copy]]:
    """So many copies, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        made = [Copy(_made(Path(folder) / str(one)), root) for one in range(number)]
        try:
            yield made
        finally:
            for copy in made:
                copy.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def workers() -> int:
    return int(os.environ.get("FAULT_WORKERS", "2"))
