"""The command line: `main` runs one command and gives its exit code.

Promises: never a traceback, from the first moment on. The commands are loaded on first use, for loading them takes
a while in which somebody may press Ctrl-C.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

STOPPED = "Stopped. What was finished is recorded; the next run goes on from there."


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command. 0 done, 1 something needs attention, 2 wrong use, 3 no connection, 4 stopped by the brake."""
    try:
        return int(import_module("agent.cli.one").run(argv, environ))
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        return 1
