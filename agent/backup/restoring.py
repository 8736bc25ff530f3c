"""Puts a backup into a data directory, so that an agent goes on from there.

Promises: nothing is overwritten (what is there is refused, or moved aside on a person's word);
nothing is changed before the backup was looked through whole; cut short at any moment, the agent
does not start on half of it; the copy starts with schedules and pushes off and with both sides
signed out (L5), reads everybody again, and without the right key meets everybody for the first time
(D2, D3) with links kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import Any

from agent.audit import HEAD_FILE, LOG_FILE
from agent.backup.form import DAMAGED, Opened
from agent.backup.making import UNFIT, read
from agent.errors import NotPossible, StateDamaged
from agent.files import private_folder, replace_file, storing
from agent.store import DataDir
from agent.store.house import COPY
from agent.store.lock import LOCK_FILE
from agent.store.lost import ALL
from agent.store.migrate import INBOX_FILE, RESTORING, inbox_version, tables_of
from agent.store.storage import bytes_of

STATE = "state.json"
ASIDE = "before-restore-"
SIGNED_OUT = "Restored from a backup, which has no sign-ins. Connect it again."
NOT_EMPTY = (
    "The data directory {folder} is not empty. Nothing was changed: name an empty one in agent.ini, or give --replace "
    "to move what is there aside."
)
OTHER_PAIR = (
    "The backup is of {what} {name}, and agent.ini names another one. Nothing was changed: correct agent.ini, or take "
    "the right backup."
)


@dataclass(frozen=True)
class Restored:
    """What came of it. `aside`: the folder that what was there before was moved to."""

    backup: Opened
    aside: Path | None


def restore(
    file: Path,
    data_dir: Path,
    keys: Sequence[bytes],
    *,
    now: Callable[[], datetime],
    keep: Sequence[str] = (),
    wanted: tuple[str, str] = ("", ""),
    replace: bool = False,
) -> Restored:
    """Put the backup into the data directory. `keys`: those at hand that may have made it; `keep`: files that stay (the
    key); `wanted`: account and organisation that the settings name; `replace`: what is there may be moved aside.

    Raises NotPossible, StateNewer, StateDamaged, StateUnreadable, DataDirBusy, NotStored.
    """
    backup = read(file, keys)
    _fits(backup, wanted)
    files = _prepared(backup, file)
    with DataDir.take(data_dir):
        begun = (data_dir / RESTORING).exists()
        stays = {LOCK_FILE, RESTORING, *keep}
        there = [
            one
            for one in sorted(data_dir.iterdir())
            if one.name not in stays
            and not one.name.startswith(ASIDE)
            and one.resolve() != file.resolve()
        ]
        if there and not (replace or begun):
            raise NotPossible(NOT_EMPTY.format(folder=data_dir))
        replace_file(data_dir / RESTORING, b"\n")
        aside = _moved_aside(there, data_dir, now()) if there else None
        for name, data in files.items():
            replace_file(data_dir / name, data)
        with storing(data_dir / RESTORING):
            (data_dir / RESTORING).unlink()
    return Restored(backup, aside)


def _fits(backup: Opened, wanted: tuple[str, str]) -> None:
    """L1: links of another pair are never applied."""
    head = backup.head
    for what, named, id, name in (
        ("account", wanted[0], head.account_id, head.account_name),
        ("organisation", wanted[1], head.tenant_id, head.tenant_name),
    ):
        if named and id and named != id:
            raise NotPossible(OTHER_PAIR.format(what=what, name=name or id))


def _prepared(backup: Opened, file: Path) -> dict[str, bytes]:
    """The files as they are to stand: of this version, switched off and signed out. Raises StateNewer, NotPossible."""
    files = dict(backup.files)
    try:
        if files.keys() != {*ALL, LOG_FILE, HEAD_FILE}:
            raise StateDamaged(STATE)
        inbox_version(files[INBOX_FILE].partition(b"\n")[0])
        for name in ALL:
            if name != INBOX_FILE:
                tables, _ = tables_of(name, files[name])
                files[name] = bytes_of(_switched_off(tables) if name == STATE else tables)
    except StateDamaged:
        raise NotPossible(UNFIT[DAMAGED].format(path=file)) from None
    # The one that says that it is switched off comes first.
    return {STATE: files.pop(STATE), **files}


def _switched_off(tables: dict[str, Any]) -> dict[str, Any]:
    own = tables.setdefault("agent", {})
    own["off"] = {"text": COPY}
    own.pop("here", None)
    for side in tables.get("connections", {}).values():
        side |= {"connected": False, "reason": SIGNED_OUT}
    # Saves that came after the backup are lost with the old agent: everybody is read again.
    return {name: {} if name.startswith("markers/") else rows for name, rows in tables.items()}


def _moved_aside(there: Sequence[Path], data_dir: Path, now: datetime) -> Path:
    name = f"{ASIDE}{now:%Y%m%dT%H%M%S}Z"
    # Never one that is there: what a restore cut short has moved aside stays as it was.
    others = (f"{name}-{number}" for number in count(2))
    folder = next(data_dir / one for one in chain([name], others) if not (data_dir / one).exists())
    private_folder(folder)
    with storing(folder):
        for one in there:
            one.rename(folder / one.name)
    return folder
