"""One lock a record: whoever reads, decides, writes and records a person does it alone (R1)."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, RLock

from agent.errors import Busy


class Locks:
    """Locks by key, made when first asked for; the same thread may take one again."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locks: dict[str, RLock] = {}

    @contextmanager
    def of(self, key: str, wait: bool = True) -> Iterator[None]:
        """Hold the lock of one record (a link's id, or `side:id` for somebody without a link). Raises Busy where it is held
        elsewhere and this does not `wait`.
        """
        with self._guard:
            lock = self._locks.setdefault(key, RLock())
        if not lock.acquire(blocking=wait):
            raise Busy
        try:
            yield
        finally:
            lock.release()
