"""What every command starts from: its arguments, the settings, real clocks, and who holds the data directory."""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from agent.cli.here import Held, Here
from agent.config import Settings, load
from agent.control import Control
from agent.errors import DataDirBusy, Misconfigured
from agent.files import FILE_MODE, made_mine
from agent.pair import Pair
from agent.vault import Key
from agent.wiring import real_times

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
TAKEN = "{path}: is there already; move it away first"
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

    def note(self, text: str) -> None:
        """A line for a person beside a result that may be JSON, unless --quiet."""
        if not self.quiet:
            print(text, file=sys.stderr if self.plain else sys.stdout, flush=True)

    def told(self, result: Any) -> None:
        """The result as JSON."""
        print(json.dumps(result, indent=2), flush=True)


@contextmanager
def held(context: Context, settings: Settings) -> Iterator[Held]:
    """The pair, held by this command; or the way to the process that holds it."""
    try:
        pair = Pair(settings, context.environ, real_times())
    except DataDirBusy:
        yield Control(settings, Key.find(settings.agent.data_dir, context.environ))
        return
    try:
        yield Here(pair)
    finally:
        pair.close()


@contextmanager
def alone(context: Context, settings: Settings) -> Iterator[Pair]:
    """The pair, for what no command may do beside a running agent. Raises DataDirBusy."""
    pair = Pair(settings, context.environ, real_times())
    try:
        yield pair
    finally:
        pair.close()


def write_new(path: Path, text: str) -> None:
    """A new file that only its owner may read. Raises Misconfigured where there is one, or none can be."""
    try:
        handle = made_mine(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE))
    except FileExistsError as error:
        raise Misconfigured([TAKEN.format(path=path)]) from error
    except OSError as error:
        raise Misconfigured([f"{path}: cannot be written"]) from error
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


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
