"""Durable private files: what is written here survives a power cut, whole or not at all.

A file is either replaced (a new one beside it, synced, renamed over it, its folder synced) or
appended to line by line, each line synced; a line that a crash tore is cut off before the next one.
Files get mode 0600, folders 0700. A disk that does not take something (full, read-only, not ours,
broken) is NotStored, which is an OSError too: the file then stands as before the call (or, where only
the folder could not be synced, as asked, and nobody may count on it).
"""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agent.errors import NotStored, StateUnreadable

FILE_MODE = 0o600
FOLDER_MODE = 0o700
BLOCK = 64 * 1024  # bytes
AGAIN = -2  # in the place of a handle: the file has to be opened again
_BINARY = getattr(os, "O_BINARY", 0)
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_NOT_OURS = (errno.EACCES, errno.EPERM)


def private_folder(path: Path) -> None:
    """Make the folder if it is not there, and keep other users of the machine out of it. Raises NotStored."""
    with storing(path):
        path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    with suppress(OSError):
        # A mounted volume may belong to somebody else, or be read-only; its files are 0600 all the same.
        path.chmod(FOLDER_MODE)


def made_mine(handle: int) -> int:
    """The handle of a file just made; its mode is 0600 even where a umask took the owner's own rights away."""
    if os.name != "nt":
        os.fchmod(handle, FILE_MODE)
    return handle


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` in the place of the file, in one step that is on disk when this returns. Raises NotStored."""
    fresh = path.with_name(f".{path.name}.new")
    with storing(path):
        fresh.unlink(missing_ok=True)  # left by a crash
        try:
            with os.fdopen(_create(fresh), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        except BaseException:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def read_file(path: Path) -> bytes:
    """What stands in the file, nothing where there is none. Raises StateUnreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StateUnreadable(path.name, why(error)) from error


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Raises NotStored, which names `path`, for what the system refuses inside."""
    try:
        yield
    except NotStored:
        raise
    except OSError as error:
        raise NotStored(str(path), why(error)) from error


def why(error: OSError) -> str:
    """What the disk has, and what to do, in words."""
    if error.errno in _FULL:
        return "the disk is full. Make room on it."
    if error.errno == errno.EROFS:
        return "the disk is read-only. Mount it so that it can be written to, and look whether it is broken."
    if error.errno in _NOT_OURS:
        return "the agent's user may not do that. Give that user the data directory and all files in it."
    if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY):
        return "a file or folder that is not the agent's stands in its place. Move that away."
    return f"the system says {os.strerror(error.errno or errno.EIO)!r}. Look whether the disk is broken."


class Lines:
    """An append-only file of lines. Not thread-safe: its owner holds a lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._handle = -1
        self._open()

    @property
    def size(self) -> int:
        """Bytes of whole lines."""
        return self._size

    def read(self) -> list[bytes]:
        """All whole lines, without their line ends; a torn last one is left out. Raises StateUnreadable."""
        return read_file(self._path)[: self._size].split(b"\n")[:-1]

    def tail(self) -> bytes:
        """What stands behind the last line end: a torn line, or one whose end was lost; b"" for nothing."""
        return read_file(self._path)[self._size :]

    def cut(self) -> None:
        """Take away a torn last line, where there is one. Raises NotStored."""
        with storing(self._path):
            self._cut()

    def append(self, line: bytes) -> None:
        """Add one line, on disk when this returns; a failed write leaves no part of it. Raises NotStored."""
        with storing(self._path):
            if self._handle == AGAIN:
                self._turn()
            self._cut()
            try:
                os.lseek(self._handle, self._size, os.SEEK_SET)
                _write_all(self._handle, line + b"\n")
                os.fsync(self._handle)
            except BaseException:
                with suppress(OSError):  # if even this fails, the next append cuts first
                    self._cut()
                raise
        self._size += len(line) + 1

    def rewrite(self, lines: Iterable[bytes]) -> None:
        """Replace the whole file in one step. Raises NotStored."""
        try:
            replace_file(self._path, b"".join(line + b"\n" for line in lines))
        finally:
            # Also where only the folder could not be synced: the old file has no name any more, and what is appended
            # to it would be gone with this process.
            self._turn()

    def close(self) -> None:
        """Give the file back to the system. Twice is fine: the number may be another file's by then."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _turn(self) -> None:
        """To the file that surely has the name now. Raises NotStored: nothing is appended until that can be done."""
        self.close()
        self._handle = AGAIN
        with storing(self._path):
            _sync_folder(self._path.parent)
        try:
            self._open()
        except StateUnreadable as error:
            raise NotStored(str(self._path), "it cannot be opened again.") from error

    def _cut(self) -> None:
        size = os.fstat(self._handle).st_size
        if size < self._size:  # somebody else cut the file: what is left of it stands
            self._size = _whole_lines(self._handle)
        if size != self._size:
            os.ftruncate(self._handle, self._size)
            os.fsync(self._handle)

    def _open(self) -> None:
        try:
            self._handle = os.open(self._path, os.O_RDWR | _BINARY)
        except OSError as error:
            raise StateUnreadable(self._path.name, why(error)) from error
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
    return made_mine(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, FILE_MODE))


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
