"""Durable private files: what is written here survives a power cut, whole or not at all.

A file is either replaced (a new one beside it, synced, renamed over it, its folder synced) or
appended to line by line, each line synced; a line that a crash tore is cut off before the next one.
Files get mode 0600, folders 0700. Errors are the system's own (OSError); after one, the file stands
as before the call.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

FILE_MODE = 0o600
FOLDER_MODE = 0o700
BLOCK = 64 * 1024  # bytes
_BINARY = getattr(os, "O_BINARY", 0)


def private_folder(path: Path) -> None:
    """Make the folder if it is not there, and keep other users of the machine out of it."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with suppress(
        PermissionError
    ):  # a mounted volume may belong to somebody else; its files are 0600 all the same
        path.chmod(FOLDER_MODE)


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file, in one step that is on disk when this returns."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # left by a crash
    try:
        with os.fdopen(_create(fresh), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


class Lines:
    """An append-only file of lines. Not thread-safe: its owner holds a lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._open()

    @property
    def size(self) -> int:
        """Bytes of whole lines."""
        return self._size

    def read(self) -> list[bytes]:
        """All whole lines, without their line ends; a torn last one is left out."""
        return self._path.read_bytes()[: self._size].split(b"\n")[:-1]

    def cut(self) -> None:
        """Take away a torn last line, where there is one."""
        size = os.fstat(self._handle).st_size
        if size < self._size:  # somebody else cut the file: what is left of it stands
            self._size = _whole_lines(self._handle)
        if size != self._size:
            os.ftruncate(self._handle, self._size)
            os.fsync(self._handle)

    def append(self, line: bytes) -> None:
        """Add one line, on disk when this returns; a failed write leaves no part of it."""
        self.cut()
        try:
            os.lseek(self._handle, self._size, os.SEEK_SET)
            _write_all(self._handle, line + b"\n")
            os.fsync(self._handle)
        except BaseException:
            with suppress(OSError):  # if even this fails, the next append cuts first
                self.cut()
            raise
        self._size += len(line) + 1

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Replace the whole file in one step."""
        replace_file(self._path, b"".join(line + b"\n" for line in lines))
        self.close()
        self._open()

    def close(self) -> None:
        """Give the file back to the system."""
        os.close(self._handle)

    def _open(self) -> None:
        self._handle = os.open(self._path, os.O_RDWR | _BINARY)
        self._size = _whole_lines(self._handle)


def _whole_lines(handle: int) -> int:
    """Bytes up to the last line end, looked for from the end: the file may be long."""
    end = os.fstat(handle).st_size
    while end > 0:
        start = max(0, end - BLOCK)
        os.lseek(handle, start, os.SEEK_SET)
        found = os.read(handle, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, FILE_MODE)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows has no such thing as syncing a folder
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
