"""The key, the sealed sign-ins and the keyed digests.

One random key stands in the file `agent.key` (mode 0600), or comes from HRA_XERO_KEY. Every purpose
has a key of its own derived from it, so the key of the digests opens no token. Sign-ins rest only
sealed (AES-256-GCM) in `tokens.sealed`. A digest says whether a value is the one last agreed and
nothing else about it (D3).

After a rotation (`agent.rekey`) several keys stand there, apart by a space, the newest first. The first
seals sign-ins, sessions, plans and the door of the commands. The last is the one that the agent
began with: digests and the audit log keep it, for with another one every record would be met for the
first time. One in between only opens what it had sealed.
"""

import base64
import binascii
import hmac
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from agent.errors import KeyMissing, Misconfigured, StateDamaged, StateNewer
from agent.files import private_folder, read_file, replace_file

KEY_FILE = "agent.key"
KEY_VARIABLE = "HRA_XERO_KEY"
SEALED_FILE = "tokens.sealed"
KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = 1
SIGN_IN_AGAIN = "Move it away and connect both sides again; links and settings stay."
SLOWED_KEPT = 20_000

TOKENS, DIGESTS, SESSION, CONTROL = "tokens", "digests", "session", "control"
AUDIT, PLANS, BACKUP = "audit", "plans", "backup"
LASTING = frozenset({DIGESTS, AUDIT, BACKUP})  # what no rotation may make unreadable
MOST_KEYS = 8
OTHERS = 0o007
MARK = "mark"
OTHER_KEY = f"another key sealed them; to start afresh, move {SEALED_FILE} away"
OPEN_TO_ALL = (
    "{path}: everybody on this machine may read the key. Let its owner alone read it (chmod 600), then change it with the "
    "command key rotate"
)


class Key:
    """The agent's one secret, with `older` ones after a rotation; everything else is derived from it."""

    def __init__(self, secret: bytes, *older: bytes) -> None:
        self._secrets = (secret, *older)

    @classmethod
    def open(
        cls,
        data_dir: Path,
        environ: Mapping[str, str],
        urandom: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """The key of this data directory, made at the first start.

        Raises Misconfigured for a bad HRA_XERO_KEY or a key that everybody may read, KeyMissing for a bad key
        file, or for none where sign-ins are sealed already. The caller holds the data directory.
        """
        path = data_dir / KEY_FILE
        if environ.get(KEY_VARIABLE) or path.exists():
            return cls.find(data_dir, environ)
        if (data_dir / SEALED_FILE).exists():
            raise KeyMissing(f"{KEY_FILE} is not there; to start afresh, move {SEALED_FILE} away")
        private_folder(data_dir)
        secret = urandom(KEY_BYTES)
        replace_file(path, base64.b64encode(secret) + b"\n")
        return cls(secret)

    @classmethod
    def find(cls, data_dir: Path, environ: Mapping[str, str]) -> Self:
        """The key that this data directory has. Writes nothing, so it is for whoever does not hold the directory.

        Raises Misconfigured for a bad HRA_XERO_KEY or a key that everybody may read, KeyMissing for a bad key
        file or none.
        """
        if environ.get(KEY_VARIABLE):
            return cls(*_given(environ[KEY_VARIABLE]))
        path = data_dir / KEY_FILE
        if not path.exists():
            raise KeyMissing(f"{KEY_FILE} is not there, and {KEY_VARIABLE} is not set here")
        return cls(*_stored(path))

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose (TOKENS, DIGESTS, AUDIT, ...)."""
        return self.each(purpose)[-1 if purpose in LASTING else 0]

    def each(self, purpose: str) -> tuple[bytes, ...]:
        """The keys of one purpose from every secret, the newest first."""
        return tuple(_derived(secret, purpose) for secret in self._secrets)

    def newer(self, secret: bytes) -> Self:
        """This key with another secret before the others."""
        return type(self)(secret, *self._secrets)

    def settled(self) -> Self:
        """This key without the secrets that only opened what is sealed anew by now."""
        return type(self)(*dict.fromkeys((self._secrets[0], self._secrets[-1])))

    def text(self) -> str:
        """As it stands in the key file. Secret."""
        return " ".join(base64.b64encode(secret).decode("ascii") for secret in self._secrets)

    def __len__(self) -> int:
        return len(self._secrets)


class Vault:
    """Sign-ins, sealed in one file. Safe to use from several threads."""

    def __init__(
        self, data_dir: Path, key: Key, urandom: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._path = data_dir / SEALED_FILE
        marks = [hmac.digest(one, b"tokens", "sha256").hex()[:16] for one in key.each(MARK)]
        self._ciphers = dict(zip(marks, map(AESGCM, key.each(TOKENS)), strict=True))
        self._mark = marks[0]
        self._urandom = urandom
        self._lock = RLock()

    def settle(self) -> None:
        """Seal anew by the newest key what an older one had sealed, in one step. After a rotation there is always a
        sealed file, so that the key of before is known for another one even where nobody has signed in.

        Raises KeyMissing where none of the keys sealed it, StateDamaged.
        """
        with self._lock:
            if not self._path.exists():
                if len(self._ciphers) > 1:
                    self._write({})
                return
            mark, sealed = self._stored()
            if mark != self._mark:
                self._write(
                    {name: self._box(name, self._open(mark, name, sealed)) for name in sealed}
                )

    def seal(self, name: str, data: Mapping[str, Any]) -> None:
        """Store what JSON can hold under a name; sealed and on disc when this returns."""
        box = self._box(name, json.dumps(dict(data)).encode())
        with self._lock:
            self._write(self._read() | {name: box})

    def unseal(self, name: str) -> dict[str, Any] | None:
        """What was sealed under the name. KeyMissing: by another key; StateDamaged: torn."""
        with self._lock:
            sealed = self._read()
        if name not in sealed:
            return None
        found: dict[str, Any] = json.loads(self._open(self._mark, name, sealed))
        return found

    def forget(self, name: str) -> None:
        """Remove what is sealed under the name."""
        with self._lock:
            sealed = self._read()
            if sealed.pop(name, None) is not None:
                self._write(sealed)

    def _box(self, name: str, data: bytes) -> str:
        nonce = self._urandom(NONCE_BYTES)
        box = self._ciphers[self._mark].encrypt(nonce, data, _label(name))
        return base64.b64encode(nonce + box).decode("ascii")

    def _open(self, mark: str, name: str, sealed: Mapping[str, str]) -> bytes:
        try:
            box = base64.b64decode(sealed[name], validate=True)
            return self._ciphers[mark].decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], _label(name))
        except (InvalidTag, ValueError, TypeError) as error:
            raise StateDamaged(SEALED_FILE, SIGN_IN_AGAIN) from error

    def _read(self) -> dict[str, str]:
        """What is sealed by the newest key."""
        if not self._path.exists():
            return {}
        mark, sealed = self._stored()
        if mark != self._mark:
            raise KeyMissing(OTHER_KEY)
        return sealed

    def _stored(self) -> tuple[str, dict[str, str]]:
        """The mark of the key that sealed, and what it sealed. KeyMissing: none of ours."""
        try:
            data = json.loads(read_file(self._path))
            version, mark, sealed = data["version"], data["key"], dict(data["sealed"])
        except (ValueError, KeyError, TypeError) as error:
            raise StateDamaged(SEALED_FILE, SIGN_IN_AGAIN) from error
        if type(version) is int and version > VERSION:
            raise StateNewer(SEALED_FILE)
        if version != VERSION or not isinstance(mark, str):
            raise StateDamaged(SEALED_FILE, SIGN_IN_AGAIN)
        if mark not in self._ciphers:
            raise KeyMissing(OTHER_KEY)
        return mark, sealed

    def _write(self, sealed: Mapping[str, str]) -> None:
        data = {"version": VERSION, "key": self._mark, "sealed": sealed}
        replace_file(self._path, json.dumps(data).encode() + b"\n")


@dataclass(frozen=True)
class Cost:
    """What one slow token costs (scrypt); the default takes some 25 ms and 8 MiB."""

    n: int = 2**13
    r: int = 8
    p: int = 1


USUAL_COST = Cost()


class Digests:
    """Digests of a field's value on one side, for one link: `VERSION.MARK:name:hex|name:hex`.

    A value comes as named comparison texts (`tokens`), the most precise first. Those named in
    `slow` are guessable (a tax file number) and go through scrypt. The version of the normaliser
    and a mark of key and cost stand in front, so that a digest made in another way is known to be
    no evidence of anything, rather than of a change (D2).
    """

    def __init__(self, key: bytes, cost: Cost = USUAL_COST) -> None:
        self._key = key
        self._cost = cost
        self._mark = self._hex("mark", cost.n, cost.r, cost.p)[:8]
        self._slowed: dict[str, str] = {}

    def digest(
        self,
        link_id: str,
        side: str,
        field: str,
        version: int,
        tokens: Mapping[str, str],
        slow: frozenset[str] = frozenset(),
    ) -> str:
        """What to store for a value as now agreed."""
        where = (link_id, side, field)
        parts = (
            f"{name}:{self._of(where, version, name, text, slow)}" for name, text in tokens.items()
        )
        return f"{version}.{self._mark}:" + "|".join(parts)

    def same(
        self,
        stored: str,
        link_id: str,
        side: str,
        field: str,
        version: int,
        tokens: Mapping[str, str],
        slow: frozenset[str] = frozenset(),
    ) -> bool | None:
        """Whether the value is the one agreed, by the first token that both have; else False.

        None: never agreed, as far as this key and this version of the normaliser can tell.
        """
        made, _, rest = stored.partition(":")
        if made != f"{version}.{self._mark}":
            return None
        agreed = dict(part.split(":", 1) for part in rest.split("|") if ":" in part)
        for name, text in tokens.items():
            if name in agreed:
                now = self._of((link_id, side, field), version, name, text, slow)
                return hmac.compare_digest(agreed[name], now)
        return False

    def _of(
        self, where: tuple[str, str, str], version: int, name: str, text: str, slow: frozenset[str]
    ) -> str:
        told = self._slow(where, name, text) if name in slow else text
        return self._hex("value", *where, version, name, told)

    def _slow(self, where: tuple[str, str, str], name: str, text: str) -> str:
        """scrypt of the text, remembered in memory under a keyed name: a run asks several times."""
        known = self._hex("known", *where, name, text)
        found = self._slowed.get(known)
        if found is None:
            salt = bytes.fromhex(self._hex("salt", *where, name))
            scrypt = Scrypt(salt, 32, self._cost.n, self._cost.r, self._cost.p)
            found = scrypt.derive(text.encode()).hex()
            if len(self._slowed) >= SLOWED_KEPT:
                self._slowed.clear()
            self._slowed[known] = found
        return found

    def _hex(self, *parts: str | int) -> str:
        """HMAC-SHA256, cut to 128 bits, of the parts as a JSON list, where none run together."""
        return hmac.digest(self._key, json.dumps(parts).encode(), "sha256")[:16].hex()


def _derived(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, None, f"hra-xero-agent:{purpose}".encode()).derive(secret)


def _given(text: str) -> tuple[bytes, ...]:
    try:
        return _decoded(text)
    except ValueError as error:
        problem = (
            f"environment {KEY_VARIABLE}: is not a key; use {KEY_BYTES} random bytes in base64"
        )
        raise Misconfigured([problem]) from error


def _stored(path: Path) -> tuple[bytes, ...]:
    try:
        found = _decoded(read_file(path).decode("ascii"))
    except ValueError as error:
        raise KeyMissing(f"{KEY_FILE} holds no key") from error
    if os.name != "nt" and path.stat().st_mode & OTHERS:
        raise Misconfigured([OPEN_TO_ALL.format(path=path)])
    return found


def _decoded(text: str) -> tuple[bytes, ...]:
    secrets = tuple(base64.b64decode(part, validate=True) for part in text.split())
    if not 0 < len(secrets) <= MOST_KEYS or any(len(secret) != KEY_BYTES for secret in secrets):
        raise binascii.Error("wrong length")
    return secrets


def _label(name: str) -> bytes:
    """Bound to what it seals: one side's box moved under the other's name does not open."""
    return f"{SEALED_FILE}:{VERSION}:{name}".encode()
