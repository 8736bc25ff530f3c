"""Work on the two systems side by side, with tools that are made anew, or let go of, only between two pieces of work.

Promises: tools stay as they are under a piece of work; the lock is free while tools are made, for that reads HRA Cloud
and may take long; what was under way when a side is let go of is asked to stop, and stays asked.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from agent.errors import SIDE_NAMES, NotConnected, NotPossible

PATIENCE = 60.0  # seconds for the work in hand to end before a side is let go of
STILL_BUSY = (
    "What is at work did not end within a minute. It was asked to stop, and ends after the record in hand. "
    "Nothing was disconnected; try again when it has ended."
)

Made = TypeVar("Made")


class Turns(Generic[Made]):
    """`make` gives the tools, and whether they are good until `renew`; it may raise."""

    def __init__(
        self,
        make: Callable[[], tuple[Made, bool]],
        patience: Callable[[], float] = lambda: PATIENCE,
    ) -> None:
        self._make = make
        self._patience = patience
        self._turn = threading.Condition()
        self._busy = 0
        self._making = False
        self._changes = 0  # what the tools are made from was changed so many times
        self._left = 0
        self._tools: Made | None = None
        self._good = False
        self.leaving = ""

    @contextmanager
    def using(self) -> Iterator[Made]:
        """The tools, which stay as they are meanwhile. Raises NotConnected while a side is let go of, and what `make`
        raises.
        """
        tools = self._begin()
        try:
            yield tools
        finally:
            with self._turn:
                self._busy -= 1
                self._turn.notify_all()

    def renew(self) -> None:
        """The next piece of work has its tools made anew, once nothing else is under way."""
        with self._turn:
            self._changes += 1
            self._good = False

    @contextmanager
    def let_go(self, side: str) -> Iterator[None]:
        """Nothing begins meanwhile, and what was under way has come to its end. Raises NotPossible."""
        with self._turn:
            if self.leaving:
                raise NotPossible(f"{SIDE_NAMES[self.leaving]} is being disconnected already.")
            self.leaving = side
            self._left += 1
        self.renew()
        try:
            with self._turn:
                if not self._turn.wait_for(lambda: self._busy == 0, self._patience()):
                    raise NotPossible(STILL_BUSY)
                self._tools = None
            yield
        finally:
            with self._turn:
                self.leaving = ""

    def or_leaving(self, stop: Callable[[], bool]) -> Callable[[], bool]:
        """`stop`, or that a side was to be let go of since: also where that was given up meanwhile."""
        before = self._left
        return lambda: bool(self.leaving) or self._left != before or stop()

    def _begin(self) -> Made:
        tools: Made | None = None
        while tools is None:
            with self._turn:
                self._turn.wait_for(lambda: not self._making)
                if self.leaving:
                    raise NotConnected(self.leaving)
                if self._good or self._busy:
                    tools = self._tools
                if tools is not None:
                    self._busy += 1
                else:
                    self._making, changes = True, self._changes
            if tools is None:
                tools = self._made(changes)
        return tools

    def _made(self, changes: int) -> Made | None:
        """Fresh tools; None where what they are made from was changed meanwhile."""
        made, good = None, False
        try:
            made, good = self._make()
        finally:
            with self._turn:
                self._making = False
                self._turn.notify_all()
                if made is not None and self._changes == changes:
                    self._tools, self._good = made, good
                    self._busy += 1
                else:
                    made = None
        return made
