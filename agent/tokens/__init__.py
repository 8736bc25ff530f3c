"""The sign-in of one side: OAuth 2 authorization code, refresh ahead of time, stored before use
(L2), and taken only once it is known to be for the linked account or organisation (L1).

Touches the token endpoint and the vault. Promises: one refresh at a time; a new token is on disk
before anything uses it; a refresh whose answer was lost is tried again with the same refresh
token, which works for 30 more minutes (published for Xero, assumed for HRA Cloud); one that the disk
did not take is not lost while the process lives; a copy renews and
withdraws nothing, for both would end the sign-in of the agent that it was copied from (L5). No token, code
or secret stands in a log, a `repr` or an error; every exception of the libraries below is
translated here.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.errors import NotConnected
from agent.tokens.endpoint import Dead, Endpoint
from agent.tokens.held import UNUSED_LIFE, Held, consent_of, ends, scopes_of
from agent.tokens.states import NotBegun, States, VaultLike

__all__ = ["Copied", "Grant", "NotBegun", "Tokens", "VaultLike"]

AHEAD = timedelta(minutes=5)
# These only shape the sign-in: nothing is lost when they are not listed as granted.
SIGN_IN_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
DEAD = "the sign-in has ended or was withdrawn"
NO_OFFER = "the sign-in was not finished: start it again"
NOT_LASTING = "it gave no lasting sign-in (refresh token); the scope offline_access may be missing"


class Copied(NotConnected):
    """This is a restored copy: with its sign-ins it would end those of the old agent (L5)."""

    what = "is left alone by this data directory, which is a copy or was moved"
    remedy = (
        "Once the old agent is gone, say so on the page or with the command schedules on; "
        "then try again."
    )


@dataclass(frozen=True)
class Grant:
    """What a person allowed: the scopes granted, and those that were asked for and not
    granted.
    """

    side: str
    scopes: frozenset[str]
    missing: tuple[str, ...]
    obtained: datetime


class Tokens:
    """One side's sign-in. `side` is `hra` or `xero`; `clock` gives aware UTC; `is_copy` says that
    the sign-in is another agent's. For any number of threads.
    """

    def __init__(
        self,
        side: str,
        *,
        authorize_url: str,
        token_url: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        scopes: tuple[str, ...],
        vault: VaultLike,
        clock: Callable[[], datetime],
        new_state: Callable[[], str],
        revocation_url: str | None = None,
        is_copy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._side = side
        self._is_copy = is_copy
        self._scopes = scopes
        self._vault = vault
        self._clock = clock
        self._states = States(side, vault, clock, new_state)
        self._endpoint = Endpoint(
            side, authorize_url, token_url, revocation_url, client_id, client_secret, redirect_uri
        )
        self._lock = threading.RLock()
        self._held: Held | None = None
        self._offer: Held | None = None
        self._unstored: Held | None = None
        self._read = False
        self._dead = ""

    def begin(self) -> str:
        """The address to send the person to. Its one-time state is good for 10 minutes."""
        with self._lock:
            self._not_from_a_copy()
            return self._endpoint.authorize(self._scopes, self._states.give())

    def complete(self, state: str, code: str) -> Grant:
        """Exchange the code that the person came back with. The new sign-in is an offer until
        `accept`: what the agent works with stays the old one (L1).

        Raises NotBegun for a state that is wrong, used or too old, and other SideErrors.
        """
        with self._lock:
            self._not_from_a_copy()
            self._states.take(state)
            now = self._clock()
            told = self._endpoint.exchange(code)
            scopes = scopes_of(told, frozenset(self._scopes))
            refresh = told.get("refresh_token")
            if not isinstance(refresh, str) or not refresh:
                raise NotConnected(self._side, NOT_LASTING)
            self._offer = Held(told["access_token"], refresh, ends(told, now), now, now, scopes)
            return Grant(self._side, scopes, self._without(scopes), now)

    def refused(self, state: str) -> None:
        """The person came back without a sign-in: the state is used up. Raises NotBegun."""
        with self._lock:
            self._states.take(state)

    def offered(self) -> str:
        """The access token of the sign-in on offer, for reading what it is for and nothing else.

        Raises NotConnected where none is on offer, or it was left waiting for too long.
        """
        with self._lock:
            if self._offer is None or self._offer.expires <= self._clock():
                raise NotConnected(self._side, NO_OFFER)
            return self._offer.access

    def consent(self) -> str:
        """The id of the consent behind the sign-in on offer (Xero's authentication event); "" where it tells none."""
        with self._lock:
            return consent_of(self._offer.access) if self._offer else ""

    def accept(self) -> None:
        """The sign-in on offer is the right one: it takes the old one's place, on disk first.

        Raises NotConnected where none is on offer.
        """
        with self._lock:
            if self._offer is None:
                raise NotConnected(self._side, NO_OFFER)
            self._store(self._offer)
            self._offer = None

    def reject(self) -> None:
        """The sign-in on offer is for something else: forgotten, the old one goes on."""
        with self._lock:
            self._offer = None

    def bearer(self, force: bool = False) -> str:
        """An access token good for minutes, refreshed if need be; `force` when it was refused.

        Raises NotConnected where nobody signed in or the sign-in is dead, Unreachable without
        network.
        """
        seen = self._current()
        if not force and self._fresh(seen):
            return seen.access
        with self._lock:
            held = self._current()
            # Somebody else renewed it while this thread waited for its turn.
            if self._fresh(held) and (not force or held is not seen):
                return held.access
            return self._refresh(held).access

    def keep_alive(self) -> None:
        """A refresh even where nothing is read, so that the refresh token does not die. At
        least daily.
        """
        with self._lock:
            if self._stored():
                self._refresh(self._current())

    def granted(self) -> frozenset[str]:
        """The scopes granted; empty where nobody signed in."""
        held = self._stored()
        return held.scopes if held else frozenset()

    def missing(self) -> tuple[str, ...]:
        """The scopes asked for and not granted, in the order of asking. Fewer than asked is
        normal.
        """
        return self._without(self.granted())

    def obtained(self) -> datetime | None:
        """When a person signed in."""
        held = self._stored()
        return held.obtained if held else None

    def refreshed(self) -> datetime | None:
        """When the refresh token in use was given."""
        held = self._stored()
        return held.refreshed if held else None

    def dies(self) -> datetime | None:
        """When the refresh token dies if it is not used until then; None where nobody signed in,
        or where it is known to be dead.
        """
        held = self._stored()
        alive = held is not None and held.refresh != self._dead
        return held.refreshed + UNUSED_LIFE[self._side] if held and alive else None

    def forget(self) -> None:
        """Forget tokens and sign-ins under way, on disk too. Withdraws nothing at the vendor."""
        with self._lock:
            self._vault.forget(self._side)
            self._states.forget()
            self._held, self._offer, self._read, self._dead = None, None, True, ""
            self._unstored = None

    def revoke(self) -> None:
        """Withdraw the sign-in at the vendor, where it offers that, then forget it.

        Xero's revocation ends all connections of this person for the app (published): only when
        none is to be kept.
        """
        with self._lock:
            self._not_from_a_copy()
            held = self._stored()
            if held:
                self._endpoint.revoke(held.refresh)
            self.forget()

    def _without(self, granted: frozenset[str]) -> tuple[str, ...]:
        return tuple(
            scope for scope in self._scopes if scope not in granted and scope not in SIGN_IN_SCOPES
        )

    def _not_from_a_copy(self) -> None:
        if self._is_copy():
            raise Copied(self._side)

    def _refresh(self, held: Held) -> Held:
        self._not_from_a_copy()
        if self._unstored is not None:
            # A refresh that the disk did not take: stored now, or the old token would outlive its half hour.
            held = self._store(self._unstored)
            if self._fresh(held):
                return held
        if held.refresh == self._dead:
            raise NotConnected(self._side, DEAD)
        try:
            told = self._endpoint.refresh(held.refresh)
        except Dead:
            # Not asked again with it: only a person can mend this.
            self._dead = held.refresh
            told = None
        if told is None:
            raise NotConnected(self._side, DEAD)
        return self._store(held.renewed(told, self._clock()))

    def _store(self, held: Held) -> Held:
        # On disk first: a token that is used but not stored would be lost with the process. While the disk takes nothing it
        # waits in memory.
        self._unstored = held
        self._vault.seal(self._side, held.row())
        self._unstored = None
        self._held, self._read, self._dead = held, True, ""
        return held

    def _stored(self) -> Held | None:
        with self._lock:
            if not self._read:
                row = self._vault.unseal(self._side)
                self._held, self._read = Held.from_row(row) if row else None, True
            return self._held

    def _current(self) -> Held:
        held = self._held or self._stored()
        if held is None:
            raise NotConnected(self._side)
        return held

    def _fresh(self, held: Held) -> bool:
        # A vendor's token of only some minutes must not be renewed at every call.
        ahead = min(AHEAD, (held.expires - held.refreshed) / 3)
        return held.expires - self._clock() >= ahead
