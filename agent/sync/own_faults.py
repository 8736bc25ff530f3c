"""Keeps a fault of the agent's own at one record from ending the work on all the others, and from going unsaid.

Logs the kind of the exception and the place in the code, never what it says: that may quote a value (S4).
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from agent.errors import AgentError, OwnFault

_log = logging.getLogger("agent.sync")

# No fault of one record: what the tree has a sentence for, a full disk, no memory, and a promise found broken.
EVERYBODYS = (AgentError, OSError, MemoryError, AssertionError)


@contextmanager
def of_one_record() -> Iterator[None]:
    """Whatever goes wrong in here that nobody foresaw is OwnFault, which reaches no further than its record."""
    try:
        yield
    except EVERYBODYS:
        raise
    except Exception as error:
        _log.error("a fault at one record: %s in %s", type(error).__name__, _place(error))
        fault = OwnFault()
    else:
        return
    raise fault


def _place(error: Exception) -> str:
    """Function and line of the last step, which hold no value."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.name}:{last.lineno}"
