"""How urgent the work in hand is at the two systems: who goes first where calls have to wait (X1).

A push, and whatever a person waits for, goes before an export, that before an import, that before
verification. The urgency belongs to the thread (a context variable); what nobody named is a
person's. Work that a thread hands to a pool keeps its urgency with `Carrying`.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from enum import IntEnum
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Urgency(IntEnum):
    """The right of way: a lower number goes first."""

    PUSH = 0
    EXPORT = 1
    IMPORT = 2
    VERIFY = 3


PUSH, EXPORT, IMPORT, VERIFY = Urgency

_present: ContextVar[Urgency] = ContextVar("urgency", default=PUSH)


def urgency() -> Urgency:
    """How urgent the calls of this thread are now."""
    return _present.get()


@contextmanager
def working(level: Urgency) -> Iterator[None]:
    """Every call made inside is of this urgency."""
    before = _present.set(level)
    try:
        yield
    finally:
        _present.reset(before)


class Carrying(ThreadPoolExecutor):
    """A pool whose work is as urgent as the thread that handed it in."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As in any pool."""
        here = copy_context()
        return super().submit(lambda: here.run(fn, *args, **kwargs))
