"""A pytest plugin that runs the chosen tests alone, in the order given, and ends a test that does not end by itself.

Loaded with `-p tests.faults.chosen`; FAULTS_CHOSEN names a file: node id -> seconds of work that it was without a fault. The
process leaves by `os._exit`, for a fault may have left threads behind that never end.
"""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.copies import HANGS

_PATIENCE, _TIMES = 20.0, 10.0  # seconds of work beyond so many times the usual
_WAITING, _WAITING_TIMES = 60.0, 30.0  # seconds by the clock: the machine may be busy

CHOSEN: dict[str, float] = json.loads(Path(os.environ["FAULTS_CHOSEN"]).read_text("utf-8"))
HUNG = Path(os.environ["FAULTS_CHOSEN"]).with_suffix(".hung")
_PLACE = {name: place for place, name in enumerate(CHOSEN)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = sorted((i for i in items if i.nodeid in CHOSEN), key=lambda i: _PLACE[i.nodeid])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    usual = CHOSEN[item.nodeid]

    def ended(number: int, frame: object) -> None:
        HUNG.write_text(item.nodeid, "utf-8")  # what is printed now is captured and lost
        os._exit(HANGS)

    for timer, alarm, seconds in (
        (signal.ITIMER_PROF, signal.SIGPROF, _PATIENCE + _TIMES * usual),
        (signal.ITIMER_REAL, signal.SIGALRM, _WAITING + _WAITING_TIMES * usual),
    ):
        signal.signal(alarm, ended)
        signal.setitimer(timer, seconds)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
