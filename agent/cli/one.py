"""One command, from its words to its exit code: every failure becomes a sentence on stderr; results go to stdout."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence

from agent.cli.context import Context
from agent.cli.parser import parser
from agent.control import Elsewhere
from agent.errors import AgentError, Misconfigured
from agent.results import ATTENTION, FAULT, WRONG_USE, exit_for

_log = logging.getLogger("agent")


def run(argv: Sequence[str] | None, environ: Mapping[str, str]) -> int:
    """Run one command. 0 done, 1 something needs attention, 2 wrong use, 3 no connection."""
    try:
        asked = parser().parse_args(argv)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG_USE
    try:
        return int(asked.command(Context(asked, environ)))
    except Misconfigured as wrong:
        return _told("\n".join(wrong.problems), WRONG_USE)
    except Elsewhere as told:
        return _told(told.sentence(), told.exit)
    except AgentError as error:
        return _told(error.sentence(), exit_for(error))
    except BrokenPipeError:  # the reader of our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ATTENTION
    except Exception as error:
        _log.error("command ended: %s", type(error).__name__)
        return _told(FAULT, ATTENTION)


def _told(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code
