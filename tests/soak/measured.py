"""What a long-lived process holds: memory, open files, bytes in its folder."""

import gc
import os
from dataclasses import dataclass
from pathlib import Path

STATM, OPEN = Path("/proc/self/statm"), Path("/proc/self/fd")


@dataclass(frozen=True)
class Held:
    """One measurement. `resident` is what the system says that the process occupies, in bytes; 0 where it cannot be told.
    `files` by name, in bytes. Python's own count of its objects is left out: keeping it makes the process grow."""

    resident: int
    open_files: int
    files: dict[str, int]

    @property
    def state(self) -> int:
        """Bytes of everything but the audit log, which is kept for years and only ever grows."""
        return sum(size for name, size in self.files.items() if not name.startswith("audit"))


def held(folder: Path) -> Held:
    """Now, after everything that nobody holds any more is gone."""
    for _ in range(3):
        gc.collect()
    pages = int(STATM.read_text().split()[1]) if STATM.exists() else 0
    files = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    opened = len(os.listdir(OPEN)) if OPEN.exists() else 0
    size = os.sysconf("SC_PAGE_SIZE") if pages else 0
    return Held(pages * size, opened, files)
