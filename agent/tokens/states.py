"""The one-time states of sign-ins under way: given, kept sealed over a restart, taken once, good for 10 minutes.

Touches the vault. Promises: a state that was not given here, was taken already or is too old changes nothing.
"""

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from agent.errors import NotConnected

STATE_LIVES = timedelta(minutes=10)
MOST_STATES = 5
NO_STATE = "this sign-in was not started here, was used already or took too long: start it again"


class VaultLike(Protocol):
    """Where sign-ins rest, sealed. `seal` returns only when the data is on disk."""

    def seal(self, name: str, data: Mapping[str, Any]) -> None: ...

    def unseal(self, name: str) -> dict[str, Any] | None: ...

    def forget(self, name: str) -> None: ...


class NotBegun(NotConnected):
    """Somebody came back with a state that waits for nobody: perhaps a stranger, who must change nothing."""


class States:
    """The states of one side. Its caller holds the lock."""

    def __init__(
        self,
        side: str,
        vault: VaultLike,
        clock: Callable[[], datetime],
        new_state: Callable[[], str],
    ) -> None:
        self._side = side
        self._name = f"{side}-sign-ins"
        self._vault = vault
        self._clock = clock
        self._new_state = new_state

    def give(self) -> str:
        """A fresh one; of those that wait the newest few stay good."""
        state, now = self._new_state(), self._clock()
        waiting = self._waiting(now)
        kept = sorted(waiting.items(), key=lambda item: item[1])[1 - MOST_STATES :]
        self._keep({**dict(kept), state: now + STATE_LIVES})
        return state

    def take(self, state: str) -> None:
        """Use it up. Raises NotBegun."""
        waiting = self._waiting(self._clock())
        given = state.encode()
        found = [known for known in waiting if hmac.compare_digest(known.encode(), given)]
        if not found:
            raise NotBegun(self._side, NO_STATE)
        self._keep({known: end for known, end in waiting.items() if known not in found})

    def forget(self) -> None:
        """None is good any more."""
        self._vault.forget(self._name)

    def _waiting(self, now: datetime) -> dict[str, datetime]:
        row = self._vault.unseal(self._name) or {}
        ends = {state: datetime.fromisoformat(text) for state, text in row.items()}
        return {state: end for state, end in ends.items() if end > now}

    def _keep(self, states: Mapping[str, datetime]) -> None:
        self._vault.seal(self._name, {state: end.isoformat() for state, end in states.items()})
