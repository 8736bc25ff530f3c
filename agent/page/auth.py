"""Who is signed in to the page: sessions with an end, and a pause after wrong passwords.

The session is a signed cookie; what stands in it is checked here at every request. It ends by its age, by signing
out (also for a copy of the cookie, as long as this process lives), and when that person's password changes or the
person may not sign in any more.
"""

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

FREE_TRIES = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
MOST_ADDRESSES = 1000
MOST_ENDED = 1000

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
    """After 5 wrong passwords from one address: a pause, which doubles with each further one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Count a try; how many seconds this address must wait before it, 0 for none.

        Counted before the password is looked at: many tries at once get no more than one after another.
        """
        now = self._clock()
        with self._lock:
            count, last = self._tries.get(address, (0, now))
            if now - last > FORGOTTEN_AFTER:
                count = 0
            left = last + _pause(count) - now
            if left > timedelta():
                return int(left.total_seconds()) + 1
            self._tries[address] = (count + 1, now)
            self._tries.move_to_end(address)
            while len(self._tries) > MOST_ADDRESSES:
                self._tries.popitem(last=False)
            return 0

    def passed(self, address: str) -> None:
        """The password was right: earlier tries are forgotten."""
        with self._lock:
            self._tries.pop(address, None)


def _pause(count: int) -> timedelta:
    if count < FREE_TRIES:
        return timedelta()
    # The exponent is bounded: a number of days beyond all time would be an error of its own.
    doubled = FIRST_PAUSE * 2.0 ** min(count - FREE_TRIES, 10)
    return min(LONGEST_PAUSE, doubled)
