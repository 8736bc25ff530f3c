"""What the disk of the data directory refused last, so that a person can see it while it lasts.

In memory only: a disk that is full takes no note of its being full.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Lock

from agent.errors import NotStored
from agent.files import replace_file, storing
from agent.records import Attention

SCOPE = "disk"
TRIED = "disk-tried"
TOLD = (
    "{why} Until then saves in eSS are not taken (their sender tries again), and no run goes on. The agent goes on by "
    "itself once the disk takes writes again."
)


class Disk:
    """The disk as the store meets it, for any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._trouble = ""
        self._since: datetime | None = None

    @property
    def trouble(self) -> str:
        """What the last write met, in a sentence; "" where it was taken."""
        return self._trouble

    @contextmanager
    def step(self) -> Iterator[None]:
        """One write: remembers whether it was taken. Raises what it raises."""
        try:
            yield
        except NotStored as error:
            with self._lock:
                self._trouble = error.sentence()
            raise
        with self._lock:
            self._trouble, self._since = "", None

    def try_again(self, data_dir: Path) -> None:
        """See whether a disk in trouble takes a file again, one as large as the largest there. Never raises NotStored."""
        if not self._trouble:
            return
        file = data_dir / TRIED
        with suppress(NotStored), self.step(), storing(file):
            # Room for a few bytes says nothing about room for the next commit.
            largest = max((one.stat().st_size for one in data_dir.glob("*.json")), default=1)
            replace_file(file, b"\n" * largest)
        with suppress(OSError):
            file.unlink(missing_ok=True)

    def row(self, now: datetime) -> tuple[Attention, ...]:
        """What stands on the page while the disk is in trouble."""
        with self._lock:
            if not self._trouble:
                return ()
            self._since = self._since or now
            text = TOLD.format(why=self._trouble)
            return (Attention(SCOPE, "notice", text, id=SCOPE, since=self._since),)
