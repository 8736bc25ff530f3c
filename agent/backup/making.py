"""Makes a backup of a store and writes it to a file, and reads one again.

Promises: the backup is of one moment, even while the agent works; no secret is in it; the file is
there whole or not at all, readable by its owner alone, and was read back before anybody is told that
it stands; a file that is no backup is never written over.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from agent import __version__
from agent.backup.form import (
    DAMAGED,
    FOREIGN,
    NEWER,
    TAMPERED,
    Head,
    Opened,
    Unfit,
    is_backup,
    mark_of,
    packed,
    unpacked,
)
from agent.errors import NotPossible, StateNewer
from agent.files import read_file, replace_file
from agent.store import Store
from agent.store.migrate import tables_of
from agent.store.storage import bytes_of

BEGINNING = 64  # bytes by which a backup is known
USERS = "users.json"
TAKEN = "{path} is there already and is no backup of this agent. Nothing was written: name another file."
NO_FILE = "{path}: there is no such file."
UNFIT = {
    DAMAGED: "{path} is no backup of this agent, or is damaged. Nothing was changed: take another backup.",
    TAMPERED: "{path} was changed after it was made: its seal does not hold. Nothing was changed: take another backup.",
    FOREIGN: "{path} was made with another key than the one here. Nothing was changed: bring the key of the agent that "
    "made it (agent.key or HRA_XERO_KEY), or take the present key away to restore without one.",
}


def made(store: Store, key: bytes, now: datetime) -> bytes:
    """A backup of this moment. `key`: derived for backups."""
    # Before the files: a line that is added meanwhile may be in them, but never one in the head that they lack.
    count, mac = store.audit_head()
    files = dict(store.snapshot())
    files[USERS] = _without_hashes(files[USERS])
    pair = store.binding()
    head = Head(
        __version__,
        now,
        store.instance(),
        pair.account_id,
        pair.account_name,
        pair.tenant_id,
        pair.tenant_name,
        count,
        mac,
        mark_of(key),
    )
    return packed(head, files, key)


def write(path: Path, data: bytes) -> None:
    """The backup as a file; an older backup of that name is replaced. Raises NotPossible, NotStored, StateUnreadable."""
    if path.exists() and (path.is_dir() or not is_backup(_beginning(path))):
        raise NotPossible(TAKEN.format(path=path))
    replace_file(path, data)
    if read_file(path) != data:
        raise NotPossible(UNFIT[DAMAGED].format(path=path))


def read(path: Path, keys: Sequence[bytes]) -> Opened:
    """A backup, looked through. Raises NotPossible for a file that is none, was changed or is of another key;
    StateNewer, StateUnreadable.
    """
    if not path.exists():
        raise NotPossible(NO_FILE.format(path=path))
    try:
        return unpacked(read_file(path), keys)
    except Unfit as error:
        if error.why == NEWER:
            raise StateNewer(str(path)) from None
        raise NotPossible(UNFIT[error.why].format(path=path)) from None


def _beginning(path: Path) -> bytes:
    return read_file(path)[:BEGINNING]


def _without_hashes(data: bytes) -> bytes:
    """Page users with their names and own records, which say whom they may not approve; nobody signs in with that."""
    tables, _ = tables_of(USERS, data)
    for user in tables.get("users", {}).values():
        user["password_hash"] = ""
    return bytes_of(tables)
