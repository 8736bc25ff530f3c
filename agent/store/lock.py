"""One process at a time in a data directory.

The lock is the operating system's own on the file `lock`, so it goes with the process however that
ends.
"""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.errors import DataDirBusy
from agent.files import FILE_MODE, made_mine, private_folder, storing
from agent.store.migrate import check

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = "lock"


class DataDir:
    """The data directory while this process holds it."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle: int | None = handle

    @classmethod
    def hold(cls, data_dir: Path) -> Self:
        """Take the directory, making it if needed, for work with what is in it.

        DataDirBusy when another process has it, NotStored where the system refuses it; StateNewer,
        StateDamaged, StateUnreadable or NotPossible where this version must leave it alone.
        """
        held = cls.take(data_dir)
        try:
            check(data_dir)
        except BaseException:
            held.release()
            raise
        return held

    @classmethod
    def take(cls, data_dir: Path) -> Self:
        """The same, whatever is in it. Raises DataDirBusy, NotStored."""
        private_folder(data_dir)
        with storing(data_dir / LOCK_FILE):
            path = data_dir / LOCK_FILE
            handle = made_mine(os.open(path, os.O_RDWR | os.O_CREAT, FILE_MODE))
        try:
            with storing(data_dir / LOCK_FILE):
                _lock(handle)
        except OSError as error:
            os.close(handle)
            if isinstance(error.__cause__, BlockingIOError | PermissionError):
                raise DataDirBusy(str(data_dir)) from error
            raise
        return cls(data_dir, handle)

    def release(self) -> None:
        """Let others in. The file stays: with it gone, two processes could hold two files."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


if sys.platform == "win32":

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
