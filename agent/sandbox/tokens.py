"""Codes and tokens of a sandbox's OAuth 2 server, with rotating refresh tokens and their grace.

Decides who is signed in and for how long. Keeps tokens in memory only and writes them nowhere. Parametrised per vendor by
`Vendor`; the facts behind the numbers: authorization code 5 minutes and single use, access token 30 minutes, the previous
refresh token good for 30 more minutes after a rotation (vendors' published OAuth pages).
"""

import base64
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

CODE_LIFE = timedelta(minutes=5)
GRACE = timedelta(minutes=30)
ID_TOKEN_SECONDS = 300

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Vendor:
    """What differs between the two vendors' OAuth servers.

    `organisations` are the (name, id) pairs a person may choose from at consent; none: no choice is shown.
    `granted_scopes` limits what is granted whatever was asked (None: everything asked). `offline_scope` is the scope
    without which no refresh token is issued (None: always issued). `plain_http_hosts` are the hosts for which an http
    redirect address is taken.
    """

    name: str
    client_id: str
    client_secret: str
    known_scopes: frozenset[str]
    authorize_path: str
    token_path: str
    revocation_path: str | None = None
    organisations: tuple[tuple[str, str], ...] = ()
    granted_scopes: frozenset[str] | None = None
    offline_scope: str | None = None
    secret_in_form: bool = False
    jwt_tokens: bool = False
    user: str = "payroll.admin@harbourpine.example"
    access_seconds: int = 1800
    refresh_days: int = 60
    plain_http_hosts: frozenset[str] = frozenset({"localhost"})
    client_failure_status: int = 400


@dataclass(frozen=True)
class Grant:
    """What one person allowed once. `event` names that consent; `tenants` are the organisations chosen in it."""

    user: str
    scopes: frozenset[str]
    tenants: tuple[str, ...]
    event: str


@dataclass(frozen=True)
class _Code:
    grant: Grant
    redirect_uri: str
    ends: datetime


@dataclass
class _Token:
    grant: Grant
    ends: datetime
    replaced_at: datetime | None = field(default=None)


class Refused(Exception):
    """An OAuth error for the caller: `error` is its code, `status` the HTTP status."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class Tokens:
    """Codes, access tokens and refresh tokens of one vendor. Thread-safe; tokens live in memory only."""

    def __init__(
        self,
        vendor: Vendor,
        clock: Clock,
        *,
        token: Callable[[], str] = lambda: secrets.token_urlsafe(32),
        on_consent: Callable[[Grant], None] = lambda grant: None,
        on_revoke: Callable[[Grant], None] = lambda grant: None,
    ) -> None:
        self.vendor = vendor
        self._clock, self._token = clock, token
        self._on_consent, self._on_revoke = on_consent, on_revoke
        self._lock = threading.RLock()
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Token] = {}
        self._refresh: dict[str, _Token] = {}
        self._events = 0

    # what the API asks

    def check(self, bearer: str | None) -> Grant | str:
        """The grant behind an Authorization header, or why there is none: "missing", "unknown" or "expired"."""
        token = _bare(bearer)
        if not token:
            return "missing"
        with self._lock:
            row = self._access.get(token)
            if row is None:
                return "unknown"
            return "expired" if row.ends <= self._clock() else row.grant

    def expiry(self, bearer: str | None) -> datetime | None:
        """When the token behind an Authorization header ended or will end."""
        with self._lock:
            row = self._access.get(_bare(bearer))
            return None if row is None else row.ends

    # what a fault or a test asks

    def expire_access(self) -> None:
        """Every access token is past its end now; refreshing works."""
        with self._lock:
            for row in self._access.values():
                row.ends = min(row.ends, self._clock())

    def forget_refresh(self) -> None:
        """No refresh token issued so far is good any more: `invalid_grant`."""
        with self._lock:
            self._refresh.clear()

    def issue(self, scopes: frozenset[str], tenants: tuple[str, ...] = ()) -> dict[str, Any]:
        """A token answer without a browser, for tests of the API itself."""
        with self._lock:
            return self._tokens(self._consented(scopes, tenants))

    # the three steps

    def code_for(self, scopes: frozenset[str], tenants: tuple[str, ...], redirect_uri: str) -> str:
        """A person said yes: the single-use code, good for 5 minutes."""
        with self._lock:
            code = self._token()
            grant = self._consented(scopes, tenants)
            self._codes[code] = _Code(grant, redirect_uri, self._clock() + CODE_LIFE)
            return code

    def redeem(self, code: str, redirect_uri: str) -> dict[str, Any]:
        """Tokens for a code. Raises Refused("invalid_grant") when used, late, unknown, or for another address."""
        with self._lock:
            row = self._codes.pop(code, None)
            if row is None or row.ends <= self._clock() or row.redirect_uri != redirect_uri:
                raise Refused("invalid_grant")
            return self._tokens(row.grant)

    def refresh(self, token: str) -> dict[str, Any]:
        """New tokens for a refresh token, which then has 30 minutes left. Raises Refused("invalid_grant")."""
        now = self._clock()
        with self._lock:
            row = self._refresh.get(token)
            if row is None or row.ends <= now:
                raise Refused("invalid_grant")
            if row.replaced_at is not None and now - row.replaced_at >= GRACE:
                raise Refused("invalid_grant")
            row.replaced_at = row.replaced_at or now
            return self._tokens(row.grant)

    def revoke(self, token: str) -> None:
        """End everything that came of that consent. An unknown token is no error (RFC 7009)."""
        with self._lock:
            row = self._refresh.get(token)
            if row is None:
                return
            for table in (self._access, self._refresh):
                for key in [k for k, t in table.items() if t.grant.user == row.grant.user]:
                    del table[key]
        self._on_revoke(row.grant)

    # inside

    def _consented(self, asked: frozenset[str], tenants: tuple[str, ...]) -> Grant:
        self._events += 1
        event = str(uuid5(NAMESPACE_URL, f"{self.vendor.name}/consent/{self._events}"))
        limit = self.vendor.granted_scopes
        scopes = asked if limit is None else asked & limit
        grant = Grant(self.vendor.user, scopes, tenants, event)
        self._on_consent(grant)
        return grant

    def _tokens(self, grant: Grant) -> dict[str, Any]:
        now, seconds = self._clock(), self.vendor.access_seconds
        access = self._shaped(grant, now, seconds)
        self._access[access] = _Token(grant, now + timedelta(seconds=seconds))
        answer: dict[str, Any] = {
            "access_token": access,
            "expires_in": seconds,
            "token_type": "Bearer",
            "scope": " ".join(sorted(grant.scopes)),
        }
        if self.vendor.offline_scope is None or self.vendor.offline_scope in grant.scopes:
            answer["refresh_token"] = self._token()
            ends = now + timedelta(days=self.vendor.refresh_days)
            self._refresh[answer["refresh_token"]] = _Token(grant, ends)
        if self.vendor.jwt_tokens and "openid" in grant.scopes:
            answer["id_token"] = self._shaped(grant, now, ID_TOKEN_SECONDS)
        return answer

    def _shaped(self, grant: Grant, now: datetime, seconds: int) -> str:
        if not self.vendor.jwt_tokens:
            return self._token()
        claims = {
            "nbf": int(now.timestamp()),
            "exp": int(now.timestamp()) + seconds,
            "client_id": self.vendor.client_id,
            "xero_userid": str(uuid5(NAMESPACE_URL, grant.user)),
            "authentication_event_id": grant.event,
            "scope": sorted(grant.scopes),
            "jti": self._token(),
        }
        return ".".join((_segment({"alg": "RS256", "typ": "JWT"}), _segment(claims), self._token()))


def real_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def _bare(bearer: str | None) -> str:
    kind, _, token = (bearer or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _segment(claims: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
