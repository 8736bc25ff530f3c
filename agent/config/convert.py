"""Text of one setting -> its value. Pure.

Each converter raises ValueError with the end of a sentence that starts with the value: what is
wrong; what is right. The value itself is never in it, for it may be a secret.
"""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Convert = Callable[[str], Any]

SECRET_BYTES = range(24, 65)  # Standard Webhooks 1.0
PASSWORD_HASH = re.compile(r"(scrypt(:\d+){3}|pbkdf2:\w+:\d+)\$[^$\s]+\$[0-9a-f]+")
NOTICE_URL = re.compile(r"[A-Za-z][A-Za-z0-9]*://\S+")
DURATION = re.compile(r"(\d+)\s*([smh])")
SECONDS = {"s": 1, "m": 60, "h": 3600}
YES, NO = ("yes", "true", "on", "1"), ("no", "false", "off", "0")


def text(value: str) -> str:
    """Any text."""
    return value


def one_word(value: str) -> str:
    """Any text without spaces inside."""
    if value.split() != [value]:
        raise ValueError("has a space in it; take it out")
    return value


def folder(value: str) -> Path:
    """A folder; `~` is the home of the user that runs the agent."""
    try:
        return Path(value).expanduser()
    except RuntimeError as error:
        raise ValueError(
            "names a home folder that there is none of; write the whole path"
        ) from error


def yes_no(value: str) -> bool:
    """yes or no."""
    if value.casefold() in YES:
        return True
    if value.casefold() in NO:
        return False
    raise ValueError("is not yes or no")


def choice(*words: str) -> Convert:
    """One of a few words, in any case."""

    def convert(value: str) -> str:
        if value.casefold() not in words:
            raise ValueError(f"is not one of: {', '.join(words)}")
        return value.casefold()

    return convert


def words(*allowed: str) -> Convert:
    """A list of words, separated by commas or spaces; empty is none."""
    one = choice(*allowed)
    return lambda value: tuple(one(word) for word in re.split(r"[\s,]+", value) if word)


def whole(least: int, most: int) -> Convert:
    """A whole number within limits."""

    def convert(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"is not a whole number from {least} to {most}")
        return int(value)

    return convert


def hours(most: int) -> Convert:
    """A number of hours above 0; parts of an hour as 0.5."""

    def convert(value: str) -> float:
        number = _decimal(value)
        if number is None or not 0 < number <= most:
            raise ValueError(f"is not a number of hours above 0 and up to {most}, such as 3 or 0.5")
        return float(number)

    return convert


def duration_or_off(least: timedelta) -> Convert:
    """A time such as 30s, 5m or 1h, or off."""

    def convert(value: str) -> timedelta | None:
        if value.casefold() == "off":
            return None
        found = DURATION.fullmatch(value.casefold())
        time = timedelta(seconds=int(found[1]) * SECONDS[found[2]]) if found else timedelta()
        if not least <= time <= timedelta(days=1):
            raise ValueError(
                f"is not off or a time such as 30s or 5m, from {least.seconds}s to 24h"
            )
        return time

    return convert


def percentage(value: str) -> Decimal:
    """A percentage such as 50%, as a share: 0.5."""
    number = _decimal(value.removesuffix("%").rstrip())
    if not value.endswith("%") or number is None or not 0 <= number <= 100:
        raise ValueError("is not a percentage from 0% to 100%, such as 50%")
    return number / 100


def timezone(value: str) -> ZoneInfo:
    """A time zone of the tz database."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a time zone; write for example Australia/Sydney") from error


def address(value: str) -> str:
    """An http(s) address without user, query and last slash."""
    parts = _parts(value)
    if parts is None or parts.scheme not in ("http", "https"):
        raise ValueError("is not an address such as https://example.com")
    return value.rstrip("/")


def system_address(value: str) -> str:
    """The address of one of the two systems: https, or http on this machine only."""
    plain = address(value)
    parts = urlsplit(plain)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise ValueError("would send everything unencrypted; use https (http only for localhost)")
    return plain


def notice_urls(value: str) -> tuple[str, ...]:
    """Addresses of notices in any scheme, separated by spaces; empty is none."""
    urls = tuple(value.split())
    if not all(NOTICE_URL.fullmatch(url) for url in urls):
        raise ValueError(
            "is not a list of addresses such as mailtos://user:password@example.com or slack://... "
            "(separated by spaces)"
        )
    return urls


def hook_secrets(value: str) -> tuple[str, ...]:
    """Hook secrets in the form of Standard Webhooks 1.0, separated by spaces; empty is none."""
    secrets = tuple(value.split())
    if not all(_is_hook_secret(secret) for secret in secrets):
        raise ValueError(
            "is not a hook secret; use whsec_ and the base64 form of 24 to 64 random bytes "
            "(several separated by spaces)"
        )
    return secrets


def password_hash(value: str) -> str:
    """A password hash as werkzeug.security writes it; empty is none."""
    if value and not PASSWORD_HASH.fullmatch(value):
        raise ValueError("is not a password hash; the command init writes one")
    return value


def ip_or_none(value: str) -> str:
    """An address of the internet, as numbers; empty is none."""
    try:
        return str(ip_address(value)) if value else ""
    except ValueError as error:
        raise ValueError("is not an address such as 127.0.0.1") from error


def _decimal(value: str) -> Decimal | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _parts(value: str) -> SplitResult | None:
    try:
        parts = urlsplit(value)
        usable = parts.port != 0 and parts.hostname
    except ValueError:  # a port or an address in brackets that is none
        return None
    odd = (
        parts.username is not None
        or parts.query
        or parts.fragment
        or any(c.isspace() for c in value)
    )
    return parts if usable and not odd else None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _is_hook_secret(secret: str) -> bool:
    try:
        found = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return secret.startswith("whsec_") and len(found) in SECRET_BYTES
