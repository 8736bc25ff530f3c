"""A disk that fails on purpose, below everything that the agent writes with: full, read-only, not ours, broken.

`Disk.install` puts itself below `os` and `pathlib` for one folder: whatever opens for writing, writes, syncs,
renames, cuts or makes there passes it, and is refused where the test says so. Nothing else of the machine is touched.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Disk:
    """Counts what is asked of it, and refuses by `refuse(number)` with the error of `kind`."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = str(folder)
        self.count = 0
        self.kind = errno.ENOSPC
        self.refuse: Callable[[int], bool] = lambda number: False
        self.refused = 0
        self._handles: set[int] = set()
        self._install(patch)

    def full(self, kind: int = errno.ENOSPC) -> None:
        """From now on nothing is taken."""
        self.kind, self.refuse = kind, lambda number: True

    def well(self) -> None:
        """From now on everything is taken."""
        self.refuse = lambda number: False

    @contextmanager
    def failing(self, kind: int = errno.ENOSPC) -> Iterator[None]:
        """Nothing is taken inside."""
        self.full(kind)
        try:
            yield
        finally:
            self.well()

    def _step(self) -> None:
        self.count += 1
        if self.refuse(self.count):
            self.refused += 1
            raise OSError(self.kind, os.strerror(self.kind))

    def _here(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and str(os.fspath(path)).startswith(self.folder)

    def _install(self, patch: pytest.MonkeyPatch) -> None:
        really_open, really_close = os.open, os.close

        def opened(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            if self._here(path) and flags & WRITING and not flags & os.O_DIRECTORY:
                made = flags & os.O_CREAT and not os.path.exists(path)
                if made or self.kind in (errno.EROFS, errno.EACCES):
                    self._step()
            handle = really_open(path, flags, *rest, **more)
            if self._here(path):
                self._handles.add(handle)
            return handle

        def closed(handle: int) -> None:
            self._handles.discard(handle)
            really_close(handle)

        patch.setattr(os, "open", opened)
        patch.setattr(os, "close", closed)
        for name in ("write", "fsync", "ftruncate"):
            self._by_handle(patch, name)
        for name in ("rename", "replace", "mkdir"):
            self._by_path(patch, name)
        really_fdopen = os.fdopen

        def fdopen(handle: int, *rest: Any, **more: Any) -> Any:
            file = really_fdopen(handle, *rest, **more)
            return _File(file, self) if handle in self._handles else file

        patch.setattr(os, "fdopen", fdopen)

    def _by_handle(self, patch: pytest.MonkeyPatch, name: str) -> None:
        really = getattr(os, name)

        def asked(handle: Any, *rest: Any) -> Any:
            if handle in self._handles:
                self._step()
            return really(handle, *rest)

        patch.setattr(os, name, asked)

    def _by_path(self, patch: pytest.MonkeyPatch, name: str) -> None:
        really = getattr(os, name)

        def asked(path: Any, *rest: Any, **more: Any) -> Any:
            there = name == "mkdir" and os.path.isdir(path)
            if self._here(path) and not there:
                self._step()
            return really(path, *rest, **more)

        patch.setattr(os, name, asked)


class _File:
    """A file whose every write passes the disk; half of what is refused is on it all the same, as a full disk leaves it."""

    def __init__(self, file: Any, disk: Disk) -> None:
        self._file = file
        self._disk = disk

    def write(self, data: bytes) -> int:
        try:
            self._disk._step()
        except OSError:
            self._file.write(data[: len(data) // 2])
            raise
        return int(self._file.write(data))

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        return int(self._file.fileno())

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *rest: object) -> None:
        handle = self._file.fileno()
        self._file.close()
        self._disk._handles.discard(handle)
