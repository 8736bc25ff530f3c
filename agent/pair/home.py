"""Where an agent is at home: a mark of machine and folder, by which a restored copy is known (L5).

Reads the system's own numbers of the folder. Promises: the mark is the same over restarts in the same place, and never
fails for want of a number; a folder that was put back from a copy, in whatever place, has another.
"""

import hashlib
import os
from pathlib import Path

from agent.wiring import Times

MACHINE_ID = Path("/etc/machine-id")
COPIED = (
    "This data directory is a copy, or was moved. It leaves HRA Cloud and Xero alone, so that the old agent keeps its "
    "sign-ins. Once the old agent is gone, say so: on the page, or with the command schedules on."
)
LEFT_TO_THE_OLD = (
    "The sign-in to {name} is forgotten in this copy alone. The vendor was told nothing: the old agent's sign-in and "
    "connection stay as they are."
)


def home(folder: Path, times: Times, machine_id: Path = MACHINE_ID) -> str:
    """The mark: machine, path, and the folder's own place on the disc, which no copy of it has."""
    inode, volume = _place(folder)
    return _mark(f"{times.machine}:{_text(machine_id)}:{folder.resolve()}:{inode}:{volume}")


def former_home(folder: Path, times: Times) -> str:
    """The mark that version 0.2.0 made of the same place: its folders are no copies after the update."""
    return _mark(f"{times.machine}:{folder.resolve()}")


def _place(folder: Path) -> tuple[int, int]:
    """Inode and file system, 0 where the system tells none."""
    try:
        if hasattr(os, "statvfs"):
            # Not the device's number: after a restart of the machine the same disc may have another.
            return folder.stat().st_ino, os.statvfs(folder).f_fsid
        return folder.stat().st_ino, folder.stat().st_dev
    except OSError:
        return 0, 0


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _mark(where: str) -> str:
    return hashlib.sha256(where.encode()).hexdigest()[:16]
