"""Runs pytest again and again without loading the libraries again: a process that forks one child for each run.

Reads one JSON line a run (cwd, args, env, out, seconds) and answers with one line, the exit code; -1 where the child did
not end in time. Started with `python -P`, so that its own folder hides no library. Nothing of the project is loaded here,
so each child meets the files as they are then.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
import traceback
from typing import Any

LIBRARIES = """pytest hypothesis hypothesis.strategies flask flask_wtf jsonschema openapi_core requests requests_oauthlib
    tinydb apscheduler.schedulers.background apprise rich.console standardwebhooks waitress werkzeug yaml cryptography.fernet
    schemathesis xero_python""".split()


def main() -> None:
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        print(_run(json.loads(line)), flush=True)


def _run(wanted: dict[str, Any]) -> int:
    child = os.fork()
    if child == 0:
        _be_pytest(wanted)
    ends = time.monotonic() + wanted["seconds"]
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def _be_pytest(wanted: dict[str, Any]) -> None:
    """Never returns."""
    os.setpgid(0, 0)
    code = 99
    try:
        os.chdir(wanted["cwd"])
        os.environ.update(wanted["env"])
        out = os.open(wanted["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for given, number in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(given, number)
        sys.path.insert(0, wanted["cwd"])
        code = int(importlib.import_module("pytest").main(wanted["args"]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
