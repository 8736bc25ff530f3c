"""What every command's options are made of: adding a command, its verbs, and the kinds of numbers."""

import argparse
from collections.abc import Callable
from typing import Any

from agent.cli.context import Context

Command = Callable[[Context], int]
Commands = Any  # argparse has no public name for what `add_subparsers` gives

PROGRAM = "hra-xero-agent"


def add(
    commands: Commands, name: str, command: Command, about: str, example: str
) -> argparse.ArgumentParser:
    """A command with its help; `example` is what follows the program's name."""
    made: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=f"{about[:1].upper()}{about[1:]}.",
        epilog=f"example: {PROGRAM} {example}",
    )
    made.add_argument("--config", default="agent.ini", metavar="FILE", help="default agent.ini")
    made.add_argument("--quiet", action="store_true", help="only results and faults")
    made.set_defaults(command=command)
    return made


def as_json(command: argparse.ArgumentParser) -> None:
    """The option --json."""
    command.add_argument("--json", action="store_true", help="print the result as JSON")


class Verbs:
    """The verbs of a command that has several; options may stand before the verb or after it."""

    def __init__(self, command: argparse.ArgumentParser, usual: str | None = None) -> None:
        as_json(command)
        command.set_defaults(verb=usual)
        self._verbs = command.add_subparsers(metavar="VERB", required=usual is None)

    def add(self, name: str, about: str, *ids: str) -> argparse.ArgumentParser:
        """A verb that takes these ids."""
        made: argparse.ArgumentParser = self._verbs.add_parser(
            name, help=about, description=f"{about[:1].upper()}{about[1:]}."
        )
        made.set_defaults(verb=name)
        for id in ids:
            made.add_argument(id.lower(), metavar=id, type=one_id)
        # Left out here, what was said before the verb stands.
        left_out = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
        made.add_argument("--config", **left_out)  # type: ignore[arg-type]
        for flag in ("--quiet", "--json"):
            made.add_argument(flag, action="store_true", **left_out)  # type: ignore[arg-type]
        return made


def one_id(text: str) -> str:
    """An id or a name: one word."""
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError("an id is needed")
    return text


def whole(text: str) -> int:
    """A whole number from 0."""
    if not text.isdigit():
        raise argparse.ArgumentTypeError("a whole number is needed")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1."""
    if whole(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def port(text: str) -> int:
    """A port of this machine."""
    if not 0 < whole(text) < 65536:
        raise argparse.ArgumentTypeError("a port is between 1 and 65535")
    return int(text)
