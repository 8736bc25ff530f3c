"""The one file that a backup is: what stands in it, and how damage and tampering show. Pure.

A line of JSON (the head: versions, whose backup it is, the audit log's head, each file's length and
checksum), then the bytes of the files, then a line of JSON with a checksum over all that stands
before and, made with the agent's key, a mac over the same. All of it is ASCII.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

FORMAT = "hra-xero-agent backup"
VERSION = 1


class Unfit(Exception):
    """Bytes that are no backup, or not as they were written; `why` is one of the words below."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


FOREIGN, DAMAGED, NEWER, TAMPERED = "foreign", "damaged", "newer", "tampered"


@dataclass(frozen=True)
class Head:
    """What a backup says of itself. `audit_count`, `audit_mac`: the last line of the audit log. `key`: a mark of the key."""

    agent: str
    made: datetime
    instance: str
    account_id: str
    account_name: str
    tenant_id: str
    tenant_name: str
    audit_count: int
    audit_mac: str
    key: str


@dataclass(frozen=True)
class Opened:
    """A backup whose checksums hold. `proved`: the key at hand made it; False where no key is at hand."""

    head: Head
    files: Mapping[str, bytes] = field(repr=False)
    proved: bool = False


def mark_of(key: bytes) -> str:
    """What tells two keys apart and gives neither away."""
    return hmac.digest(key, b"mark", "sha256").hex()[:16]


def packed(head: Head, files: Mapping[str, bytes], key: bytes) -> bytes:
    """The backup's bytes. Raises UnicodeDecodeError for a file that is not ASCII."""
    told = asdict(head) | {"made": head.made.isoformat()}
    listed = [{"name": n, "bytes": len(d), "sum": _sum(d)} for n, d in files.items()]
    top = {"format": FORMAT, "version": VERSION, **told, "files": listed}
    body = json.dumps(top).encode("ascii") + b"\n" + b"".join(files.values())
    body.decode("ascii")
    return body + _end(body, _mac(key, body))


def unpacked(data: bytes, keys: Sequence[bytes]) -> Opened:
    """What stands in a backup. `keys`: those at hand, none where there is none.

    Raises Unfit: nothing in it is to be used.
    """
    top = _top(data)
    try:
        body, mac = _body(data)
        head = _head(top)
        files = _files(top["files"], body[body.index(b"\n") + 1 :])
    except (ValueError, KeyError, TypeError) as error:
        raise Unfit(DAMAGED) from error
    proved = any(hmac.compare_digest(_mac(key, body), mac) for key in keys)
    if keys and not proved:
        raise Unfit(TAMPERED if head.key in map(mark_of, keys) else FOREIGN)
    return Opened(head, files, proved)


def is_backup(data: bytes) -> bool:
    """Whether this is at least the beginning of a backup, of whatever version."""
    return data.startswith(json.dumps({"format": FORMAT})[:-1].encode("ascii"))


def _top(data: bytes) -> dict[str, Any]:
    if not is_backup(data):
        raise Unfit(DAMAGED)
    try:
        top: dict[str, Any] = json.loads(data[: data.index(b"\n")])
    except ValueError as error:
        raise Unfit(DAMAGED) from error
    version = top.get("version")
    if type(version) is not int or version < 1:
        raise Unfit(DAMAGED)
    if version > VERSION:
        raise Unfit(NEWER)
    return top


def _body(data: bytes) -> tuple[bytes, str]:
    """What stands before the last line, and the mac in it. ValueError or KeyError for a last line that is not as written."""
    start = data.rindex(b"{")
    body, mac = data[:start], str(json.loads(data[start:])["mac"])
    if not mac.isascii() or data[start:] != _end(body, mac):
        raise ValueError("not as it was written")
    return body, mac


def _end(body: bytes, mac: str) -> bytes:
    end = {"mac": mac, "sum": _sum(body + mac.encode("ascii"))}
    return json.dumps(end).encode("ascii") + b"\n"


def _head(top: Mapping[str, Any]) -> Head:
    told = {name: top[name] for name in Head.__dataclass_fields__}
    made = datetime.fromisoformat(told.pop("made"))
    if made.tzinfo is None or type(told["audit_count"]) is not int:
        raise ValueError("not a head")
    if not all(isinstance(v, str) for name, v in told.items() if name != "audit_count"):
        raise ValueError("not a head")
    return Head(made=made, **told)


def _files(listed: Sequence[Mapping[str, Any]], data: bytes) -> dict[str, bytes]:
    files = {}
    for one in listed:
        name, length = str(one["name"]), int(one["bytes"])
        files[name], data = data[:length], data[length:]
        if len(files[name]) != length or _sum(files[name]) != one["sum"]:
            raise ValueError("not as it was written")
    if data:
        raise ValueError("more than was written")
    return files


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mac(key: bytes, data: bytes) -> str:
    return hmac.digest(key, data, "sha256").hex()
