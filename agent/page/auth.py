"""Who is signed in to the page: sessions with an end, and a pause after wrong passwords.

The session is a signed cookie; what stands in it is checked here at every request. It ends by its age, by signing
out (also for a copy of the cookie), with the process, whose key of sessions is its own, and when that person's password
changes or the person may not sign in any more.
"""

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, MutableMapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

FREE_TRIES = 5
FREE_TRIES_OF_ADDRESS = 20  # several people may sit behind one
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
MOST_TRIED = 10_000
MOST_ENDED = 1000
NETWORK = 64  # bits

Session = MutableMapping[str, Any]
Clock = Callable[[], datetime]


class Sessions:
    """Begins, checks and ends sessions. `password_hash` gives that of a person by name, "" for nobody's."""

    def __init__(
        self,
        secret_key: bytes,
        password_hash: Callable[[str], str],
        hours: float,
        clock: Clock,
    ) -> None:
        self._secret_key = secret_key
        self._password_hash = password_hash
        self._length = timedelta(hours=hours)
        self._clock = clock
        self._lock = threading.Lock()
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self, session: Session, user: str) -> None:
        """Sign this person in, in a fresh session: nothing from before the sign-in stays."""
        session.clear()
        session["user"] = user
        session["id"] = secrets.token_urlsafe(16)
        session["version"] = self._version(user)
        session["since"] = self._clock().timestamp()

    def user(self, session: Session) -> str | None:
        """Who is signed in; None for nobody."""
        user = session.get("user")
        if not user or session.get("id") in self._ended:
            return None
        version = self._version(user)
        if not version or session.get("version") != version:
            return None
        age = self._clock().timestamp() - float(session.get("since", 0))
        return str(user) if 0 <= age < self._length.total_seconds() else None

    def end(self, session: Session) -> None:
        """Sign out."""
        with self._lock:
            self._ended[str(session.get("id"))] = None
            while len(self._ended) > MOST_ENDED:
                self._ended.popitem(last=False)
        session.clear()

    def _version(self, user: str) -> str:
        """Changes with this person's password; "" for somebody who has none."""
        known = self._password_hash(user)
        if not known:
            return ""
        # Keyed, since a session cookie can be read by whoever holds it.
        return hmac.digest(self._secret_key, known.encode(), "sha256").hex()[:16]


class Throttle:
    """After 5 wrong passwords for one name from one address, or 20 from one address for whatever names: a pause, which
    doubles with each further one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_name = _Tries(FREE_TRIES)
        self._by_address = _Tries(FREE_TRIES_OF_ADDRESS)

    def wait(self, name: str, address: str) -> int:
        """Count a try; how many seconds this person must wait before it, 0 for none.

        Counted before the password is looked at: many tries at once get no more than one after another.
        """
        now, address = self._clock(), source(address)
        with self._lock:
            left = max(
                self._by_name.left((name, address), now), self._by_address.left(address, now)
            )
            if left > timedelta():
                return int(left.total_seconds()) + 1
            self._by_name.count((name, address), now)
            self._by_address.count(address, now)
            return 0

    def passed(self, name: str, address: str) -> None:
        """The password was right: earlier tries for this name from there are forgotten, those for other names are not,
        lest somebody's own sign-in clears the way to another person's."""
        address = source(address)
        with self._lock:
            self._by_name.forget((name, address))
            self._by_address.take_back(address)


class _Tries:
    """How often it was tried lately, by whom or from where; the longest ago are forgotten."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._tries: OrderedDict[Hashable, tuple[int, datetime]] = OrderedDict()

    def left(self, of: Hashable, now: datetime) -> timedelta:
        """How long to wait still."""
        count, last = self._lately(of, now)
        return last + _pause(count - self._free) - now

    def count(self, of: Hashable, now: datetime) -> None:
        """One more."""
        self._tries[of] = (self._lately(of, now)[0] + 1, now)
        self._tries.move_to_end(of)
        while len(self._tries) > MOST_TRIED:
            self._tries.popitem(last=False)

    def take_back(self, of: Hashable) -> None:
        """The last one was none."""
        count, last = self._tries.get(of, (0, None))
        if last and count > 1:
            self._tries[of] = (count - 1, last)
        else:
            self.forget(of)

    def forget(self, of: Hashable) -> None:
        """As if there had been none."""
        self._tries.pop(of, None)

    def _lately(self, of: Hashable, now: datetime) -> tuple[int, datetime]:
        count, last = self._tries.get(of, (0, now))
        return (0, now) if now - last > FORGOTTEN_AFTER else (count, last)


def source(address: str) -> str:
    """What of a caller's address counts as one: of IPv6 the network, since one machine there has as many as it likes."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or IPv6Network((found, NETWORK), strict=False))


def _pause(beyond: int) -> timedelta:
    if beyond < 0:
        return timedelta()
    # The exponent is bounded: a number of days beyond all time would be an error of its own.
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(beyond, 10))
