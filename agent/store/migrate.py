"""What version the files of a data directory are of, and how an older one becomes the present one.

Every state file names its version. Promises: an older file is read as if it had always been of this
version and is written so at the start; a newer one, or one that cannot be read, is refused before
anything in the directory is changed; `STEPS` has one step from each version to the next, and a step
only ever sees tables of its own version.

    version 1 (0.1.0, 0.2.0)   tables of rows; inbox lines are lists of rows
    version 2 (0.3.0)          the same, each file or line with a checksum
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from agent.errors import NotPossible, StateDamaged, StateNewer
from agent.files import read_file

VERSION = 2
TABLE_FILES = ("state.json", "links.json", "plans.json", "runs.json", "users.json")
INBOX_FILE = "inbox.jsonl"
RESTORING = "restoring"
CUT_SHORT = (
    "A restore into {folder} was cut short, and what is there is not whole. Give the command restore again, "
    "with the same backup."
)

Tables = dict[str, dict[str, dict[str, Any]]]
Step = Callable[[Tables], Tables]

# From which version -> what makes it the next one. Version 2 brought the checksum and changed no row.
STEPS: Mapping[int, Step] = {1: lambda tables: tables}

_HEAD = re.compile(rb'\{"version":(\d{1,6}),"sum":"([0-9a-f]{32})"')
_LINE = re.compile(rb'\["([0-9a-f]{32})",')


def check(data_dir: Path) -> None:
    """Raises StateNewer, StateDamaged, StateUnreadable or NotPossible for a directory that this version must not touch."""
    if (data_dir / RESTORING).exists():
        raise NotPossible(CUT_SHORT.format(folder=data_dir))
    for name in TABLE_FILES:
        path = data_dir / name
        if path.exists():
            tables_of(name, read_file(path))
    if (data_dir / INBOX_FILE).exists():
        header, _, _ = read_file(data_dir / INBOX_FILE).partition(b"\n")
        inbox_version(header)


def tables_of(name: str, data: bytes) -> tuple[Tables, int]:
    """A file's tables as this version has them, and the version that it was written in.

    Raises StateNewer, StateDamaged.
    """
    try:
        tables = json.loads(data)
        version = _version(name, tables.pop("version"))
        if version > 1:
            _proved(data, tables.pop("sum"))
        made = {
            table: {id: dict(row) for id, row in rows.items()} for table, rows in tables.items()
        }
        for step in range(version, VERSION):
            made = STEPS[step](made)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StateDamaged(name) from error
    return made, version


def file_of(body: str) -> bytes:
    """A state file of the present version. `body`: all that follows its head, from `,` or `}` on, in ASCII."""
    data = body.encode("ascii")
    return b'{"version":%d,"sum":"%s"' % (VERSION, sum_of(data)) + data


def inbox_version(header: bytes) -> int:
    """The version that an inbox's first line names. Raises StateNewer, StateDamaged."""
    try:
        told = json.loads(header)
        if told.keys() != {"version"}:
            raise ValueError("not the head of an inbox")
        return _version(INBOX_FILE, told["version"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StateDamaged(INBOX_FILE) from error


def line_of(rows: bytes) -> bytes:
    """A line of the inbox: its rows, after a checksum over them."""
    return b'["%s",' % sum_of(rows) + rows + b"]"


def rows_of(line: bytes, version: int) -> Any:
    """What a line of the inbox holds. Raises ValueError for one that is not as it was written."""
    if version == 1:
        return json.loads(line)
    head = _LINE.match(line)
    rows = line[head.end() : -1] if head else b""
    if not head or head[1] != sum_of(rows) or not line.endswith(b"]"):
        raise ValueError("not a line as it was written")
    return json.loads(rows)


def sum_of(data: bytes) -> bytes:
    """A checksum, in hexadecimal digits: against damage, not against somebody who means it."""
    return hashlib.blake2b(data, digest_size=16).hexdigest().encode("ascii")


def _version(name: str, told: Any) -> int:
    if type(told) is not int or told < 1:
        raise ValueError("not a version")
    if told > VERSION:
        raise StateNewer(name)
    return told


def _proved(data: bytes, told: Any) -> None:
    head = _HEAD.match(data)
    if not head or told != head[2].decode() or sum_of(data[head.end() :]) != head[2]:
        raise ValueError("not the file as it was written")
