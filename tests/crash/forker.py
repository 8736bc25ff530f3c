"""A process with the whole agent imported, that does nothing but fork: each child is one life of the agent.

Reads one order a line from stdin (JSON), answers one line. It has no thread of its own, so a fork is safe; a child takes
some hundredths of a second to start instead of seconds.
"""

import json
import logging
import os
import select
import signal
import socket
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.config import parse
from agent.service import Service
from agent.vault import Cost, Digests
from tests.crash.points import Points
from tests.crash.steps import Clock, Steps, times

LONGEST = 300.0  # on a busy machine
QUICK = Cost(2, 1, 1)


def serve() -> None:
    """Children, one after the other, until stdin ends."""
    # The digests of tax file numbers are slow on purpose, which says nothing about kills.
    Digests.__init__.__defaults__ = (QUICK,)
    for line in sys.stdin:
        print(json.dumps(child(json.loads(line))), flush=True)


def child(order: dict[str, Any]) -> dict[str, Any]:
    """One life: what it told, and how it ended (`signal` 0: by itself)."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reads)
        _live(order, writes)
    os.close(writes)
    told = _heard(reads, pid)
    os.close(reads)
    _, status = os.waitpid(pid, 0)
    return {"told": told, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}


def _heard(pipe: int, pid: int) -> list[dict[str, Any]]:
    """Everything that the child says until its end."""
    parts: list[bytes] = []
    until = time.monotonic() + LONGEST
    while True:
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            os.kill(pid, signal.SIGKILL)
            return [{"fault": "it did not come to its end"}]
        part = os.read(pipe, 1 << 16)
        if not part:
            return [json.loads(line) for line in b"".join(parts).splitlines()]
        parts.append(part)


def _live(order: dict[str, Any], pipe: int) -> None:
    """The child's whole life; it never returns."""
    write = os.write

    def tell(what: dict[str, Any]) -> None:
        data = json.dumps(what).encode() + b"\n"
        while data:
            data = data[write(pipe, data) :]

    try:
        sys.stdin.close()
        logging.getLogger().addHandler(_Faults(tell))
        _work(order, tell)
        tell({"done": True})
    except BaseException:
        tell({"fault": traceback.format_exc()})
    finally:
        os._exit(0)


def _work(order: dict[str, Any], tell: Any) -> None:
    clock = Clock(datetime.fromisoformat(order["now"]))
    settings = parse(order["settings"], {})
    points = Points(Path(order["folder"]), order["kill"], order["traced"], tell)
    points.watch()
    service = Service(settings, {}, times(clock, order["name"], socket.gethostname()))
    steps = Steps(service, settings, clock, lambda: points.written, tell)
    for name, words in order["steps"]:
        steps.take(name, words)
    service.stop()


class _Faults(logging.Handler):
    """What the agent logs as its own fault; a side's refusal is a warning."""

    def __init__(self, tell: Any) -> None:
        super().__init__(logging.ERROR)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        trace = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        self._tell({"fault": f"{record.getMessage()} {trace or traceback.format_exc()}"})


if __name__ == "__main__":
    serve()
