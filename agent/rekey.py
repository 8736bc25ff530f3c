"""Another key for the agent: made, taken into use, and the old one put out of use, whenever that is cut short.

Touches the key file and the sealed sign-ins of a data directory that the caller holds. Three steps, each of them atomic:
the new key stands before the old ones; the sign-ins are sealed anew by it; those in between are dropped. After any
of them everything opens, and the next start ends what was begun (`settle`). Promises: digests and audit log keep the
key that the agent began with, so no record is met for the first time; the place of the old file on disk is written over
as far as the file system lets us; no key is logged or told.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from agent.files import replace_file
from agent.vault import KEY_BYTES, KEY_FILE, KEY_VARIABLE, Key, Vault


def settle(data_dir: Path, key: Key, environ: Mapping[str, str]) -> Key:
    """End a rotation that was begun; the key as it is now. Raises KeyMissing for a key that sealed nothing of this data
    directory, StateDamaged.
    """
    Vault(data_dir, key).settle()
    slim = key.settled()
    if len(slim) < len(key) and not is_given(environ):
        _replace(data_dir / KEY_FILE, slim)
    return slim


def rotate(data_dir: Path, key: Key, urandom: Callable[[int], bytes] = os.urandom) -> Key:
    """A new key in the place of `key`, which is settled and stands in the key file. Raises OSError: nothing has changed,
    or the next start goes on with it.
    """
    fresh = key.newer(urandom(KEY_BYTES))
    _replace(data_dir / KEY_FILE, fresh)
    return settle(data_dir, fresh, {})


def is_given(environ: Mapping[str, str]) -> bool:
    """Whether the key comes from the environment, where nobody but its owner can change it."""
    return bool(environ.get(KEY_VARIABLE))


def _replace(path: Path, key: Key) -> None:
    """The key file with another content; where the old one lay is written over, once the new one is on disk."""
    # Where a link leads: the key may well be kept apart from the data, and stays there.
    path = path.resolve()
    text = key.text().encode() + b"\n"
    if os.name == "nt":  # no file is replaced there while somebody holds it open
        replace_file(path, text)
        return
    with path.open("r+b") as old:
        size = os.fstat(old.fileno()).st_size
        replace_file(path, text)
        with suppress(OSError):  # the name leads to the new file already
            old.write(bytes(size))
            old.flush()
            os.fsync(old.fileno())
