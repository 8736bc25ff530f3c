"""Whether a hook is from who it says (Standard Webhooks 1.0). Pure: raw bytes, headers, secrets,
now.

The order of checks: headers present, id and time of the right form, time within 5 minutes, then
HMAC-SHA256 over `id.timestamp.body`, compared in constant time. Promises: returns the id or
raises HookRefused, and nothing else, whatever it is given; the reason names no part of a secret
or a body.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agent.errors import HookRefused

TOLERANCE = 300
SECRET_PREFIX = "whsec_"
VERSION = "v1"
LONGEST_SIGNATURES = 4096
# No full stop: it parts the id from the time in what is signed.
_ID = re.compile(r"[!-\-/-~]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> str:
    """The `webhook-id` of a hook signed with any of the secrets. `now` is aware. Raises
    HookRefused.
    """
    found = {name.lower(): value for name, value in headers.items()}
    id = found.get("webhook-id", "")
    timestamp = found.get("webhook-timestamp", "")
    signatures = found.get("webhook-signature", "")
    if not (id and timestamp and signatures):
        raise HookRefused("a header of the signature is missing")
    if not _ID.fullmatch(id):
        raise HookRefused("webhook-id has a form that is not taken")
    _check_time(timestamp, now)
    _check_signatures(f"{id}.{timestamp}.".encode() + body, signatures, secrets)
    return id


def _check_time(timestamp: str, now: datetime) -> None:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise HookRefused("webhook-timestamp is not a number of seconds")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE:
        raise HookRefused("webhook-timestamp is more than 5 minutes away; check both clocks")


def _check_signatures(signed: bytes, signatures: str, secrets: Sequence[str]) -> None:
    if len(signatures) > LONGEST_SIGNATURES:
        raise HookRefused("webhook-signature is too long")
    given = list(_given(signatures))
    expected = [hmac.digest(key, signed, "sha256") for key in _keys(secrets)]
    # All are compared, so that the time taken does not tell which one came close.
    fits = [hmac.compare_digest(one, other) for one in given for other in expected]
    if not any(fits):
        raise HookRefused("no signature fits")


def _given(signatures: str) -> Iterator[bytes]:
    for part in signatures.split(" "):
        version, _, text = part.partition(",")
        decoded = _decoded(text)
        if version == VERSION and decoded:
            yield decoded


def _keys(secrets: Sequence[str]) -> Iterator[bytes]:
    for secret in secrets:
        key = _decoded(secret.removeprefix(SECRET_PREFIX))
        if key:
            yield key


def _decoded(text: str) -> bytes | None:
    # Senders leave out the padding now and then; the scheme's own libraries take that.
    padded = text + "=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, validate=True)
    except (binascii.Error, ValueError):
        return None
