"""What every command starts from: its arguments, the settings, real clocks, and who holds the data directory."""

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from agent.config import Settings, load
from agent.control import Control
from agent.errors import DataDirBusy
from agent.pair import Pair
from agent.vault import Key
from agent.wiring import real_times

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
# What these say of their own doings quotes addresses and bodies, or is of no use here.
QUIET = ("waitress", "werkzeug", "apscheduler", "tzlocal")


@dataclass(frozen=True)
class Context:
    """One command's surroundings."""

    asked: argparse.Namespace
    environ: Mapping[str, str]

    @property
    def config(self) -> Path:
        """Where the settings stand."""
        return Path(self.asked.config)

    @property
    def quiet(self) -> bool:
        """Whether only results and faults are wanted."""
        return bool(self.asked.quiet)

    @property
    def plain(self) -> bool:
        """Whether the result is wanted as JSON."""
        return bool(getattr(self.asked, "json", False))

    def settings(self) -> Settings:
        """The settings. Raises Misconfigured."""
        return load(self.config, self.environ)

    def say(self, text: str = "") -> None:
        """A line for a person, unless --quiet."""
        if not self.quiet:
            print(text, flush=True)


@contextmanager
def pair_or_control(context: Context, settings: Settings) -> Iterator[Pair | Control]:
    """The pair, held by this command; or the way to the process that holds it."""
    try:
        pair = Pair(settings, context.environ, real_times())
    except DataDirBusy:
        yield Control(settings, Key.open(settings.agent.data_dir, context.environ))
        return
    try:
        yield pair
    finally:
        pair.close()


def log_to_stderr(level: str) -> None:
    """The log goes to stderr; the libraries below keep to warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KindOnly(LOG_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.ERROR)


class KindOnly(logging.Formatter):
    """Names the kind of an exception only: its text and its trace may quote a value (S4)."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record carries."""
        kind = record.exc_info[0] if record.exc_info else None
        line = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        return super().format(line) + (f": {kind.__name__}" if kind else "")


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, so that a service can end in good order."""
    event = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        event.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
