"""What a token endpoint's answer says, as the sign-in that is kept. Pure: the time is handed
in.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

# How long a refresh token lives that nobody uses (published by both vendors; L2).
UNUSED_LIFE: Mapping[str, timedelta] = {"hra": timedelta(days=14), "xero": timedelta(days=60)}
TOKEN_LIVES = 1800
LONGEST_LIFE = 10 * 24 * 3600


@dataclass(frozen=True)
class Held:
    """The tokens of one sign-in, and when a person signed in, and when they were last renewed."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires: datetime
    obtained: datetime
    refreshed: datetime
    scopes: frozenset[str]

    def renewed(self, told: Mapping[str, Any], now: datetime) -> "Held":
        """The same sign-in with what a refresh brought."""
        # Without a new refresh token the old one stays (RFC 6749, section 6).
        refresh = told.get("refresh_token")
        return replace(
            self,
            access=told["access_token"],
            refresh=refresh if isinstance(refresh, str) and refresh else self.refresh,
            expires=ends(told, now),
            refreshed=now,
            scopes=scopes_of(told, self.scopes),
        )

    def row(self) -> dict[str, Any]:
        """As JSON can hold it: for the vault only."""
        return {
            "access": self.access,
            "refresh": self.refresh,
            "expires": self.expires.isoformat(),
            "obtained": self.obtained.isoformat(),
            "refreshed": self.refreshed.isoformat(),
            "scopes": sorted(self.scopes),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Held":
        """What `row` made."""
        expires, obtained, refreshed = (
            datetime.fromisoformat(row[name]).astimezone(UTC)
            for name in ("expires", "obtained", "refreshed")
        )
        scopes = frozenset(row["scopes"])
        return cls(row["access"], row["refresh"], expires, obtained, refreshed, scopes)


def ends(told: Mapping[str, Any], now: datetime) -> datetime:
    """When an access token ends; half an hour from now where the answer does not say (both
    vendors').
    """
    seconds = told.get("expires_in")
    known = type(seconds) is int and 0 < seconds <= LONGEST_LIFE
    return now + timedelta(seconds=seconds if known and seconds else TOKEN_LIVES)


def scopes_of(told: Mapping[str, Any], asked: frozenset[str]) -> frozenset[str]:
    """Those that the answer names; where it names none, those asked for (RFC 6749, section
    5.1).
    """
    named = told.get("scope")
    if isinstance(named, str):
        named = named.split()
    return frozenset(str(scope) for scope in named) if isinstance(named, list) else asked


def consent_of(access: str) -> str:
    """The authentication event that Xero writes into an access token (vendor's published form: a JWT with
    `authentication_event_id`); "" for any other token. Not proof of anything: the signature is not looked at.
    """
    try:
        middle = access.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        found = claims.get("authentication_event_id")
    except (IndexError, ValueError, AttributeError, RecursionError):
        return ""
    return found if isinstance(found, str) else ""
