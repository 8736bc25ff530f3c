"""Connecting a side: the person's sign-in, then which account or organisation it is for (L1, L2).

Touches the sign-ins, the two lists of accounts and organisations, and the binding in the store. Promises: one
account is linked to one organisation; a new sign-in is taken only once it is known to be for the linked one, so that
another one is refused, and forgotten, and what it had connected at the vendor is taken back, while the old sign-in goes
on; a call back that nobody waits for changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import RLock
from typing import Protocol

from agent.errors import SIDE_NAMES, NotConnected, NotSetUp, SideError, WrongTarget
from agent.records import Binding
from agent.store import Store

Found = tuple[tuple[str, str], ...]
"""Accounts or organisations as (id, name)."""

NOUNS = {"hra": "account", "xero": "organisation"}
LEFT_THERE = (
    "it belongs to another {noun} than the linked one, whose connection could not be taken back: remove "
    "the agent there"
)


class SignIn(Protocol):
    """What connecting needs of one side's tokens."""

    def begin(self) -> str: ...

    def complete(self, state: str, code: str) -> object: ...

    def refused(self, state: str) -> None: ...

    def accept(self) -> None: ...

    def reject(self) -> None: ...


class Connect:
    """The flows of both sides. `listings` say what the sign-in on offer sees; `wanted` are the ids in agent.ini ("" for
    none).

    `bound(side, actor)` is called after each completed connection; the actor is whoever began it last. `take_back` undoes
    at the vendor what the sign-in on offer added there; it may raise SideError.
    """

    def __init__(
        self,
        store: Store,
        tokens: Mapping[str, SignIn],
        listings: Mapping[str, Callable[[], Found]],
        wanted: Mapping[str, str],
        bound: Callable[[str, str], None],
        take_back: Mapping[str, Callable[[], object]] | None = None,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._listings = listings
        self._wanted = wanted
        self._bound = bound
        self._take_back = take_back or {}
        self._lock = RLock()
        self._choices: dict[str, Found] = {}
        self._began: dict[str, str] = {}

    def begin(self, side: str, actor: str = "") -> str:
        """The address to send the person to."""
        with self._lock:
            self._began[side] = actor
        return self._tokens[side].begin()

    def complete(self, side: str, state: str, code: str) -> Found:
        """The person is back. Empty: connected. Else what to choose from, by `choose`.

        Raises NotConnected for a wrong state, WrongTarget, NotSetUp, and what the side raises.
        """
        with self._lock:
            self._tokens[side].complete(state, code)  # a stranger gets no further
            self._choices.pop(side, None)
            found, chosen = self._seen(side)
            if chosen is None:
                self._choices[side] = found
                return found
            self._bind(side, chosen)
        self._bound(side, self._began.get(side, ""))
        return ()

    def refused(self, side: str, state: str) -> None:
        """The person is back without a sign-in. Raises NotConnected for a state that nobody waits for."""
        self._tokens[side].refused(state)

    def choices(self, side: str) -> Found:
        """What waits to be chosen from."""
        with self._lock:
            return self._choices.get(side, ())

    def choose(self, side: str, id: str) -> None:
        """Take one of the choices. Raises NotConnected where there is no such choice."""
        with self._lock:
            named = dict(self._choices.get(side, ()))
            if id not in named:
                raise NotConnected(side, f"no such {NOUNS[side]} to choose: start again")
            self._bind(side, (id, named[id]))
            del self._choices[side]
        self._bound(side, self._began.get(side, ""))

    def part(self, side: str) -> None:
        """This side is linked to nothing any more; what is known of the other stays (L4)."""
        with self._lock:
            self._choices.pop(side, None)
            self._tokens[side].reject()
            now = self._store.binding()
            if side == "hra":
                self._store.bind(replace(now, account_id="", account_name=""))
            else:
                self._store.bind(replace(now, tenant_id="", tenant_name=""))

    def _seen(self, side: str) -> tuple[Found, tuple[str, str] | None]:
        """What the sign-in on offer sees, and the one that is meant. It is forgotten where it is for something else."""
        try:
            found = self._listings[side]()
            return found, self._chosen(side, found)
        except BaseException as error:
            try:
                if isinstance(error, WrongTarget):
                    self._undo(side)
            finally:
                self._tokens[side].reject()
            raise

    def _undo(self, side: str) -> None:
        """Take back at the vendor what this consent added there: nobody meant it, and nothing here would ever use it."""
        undo = self._take_back.get(side)
        try:
            if undo is not None:
                undo()
        except SideError:
            raise WrongTarget(side, LEFT_THERE.format(noun=NOUNS[side])) from None

    def _chosen(self, side: str, found: Found) -> tuple[str, str] | None:
        """The one that is meant; None where only the person can say."""
        if not found:
            raise NotSetUp(side, f"the sign-in sees no {NOUNS[side]}")
        linked, named = bound_id(self._store.binding(), side), dict(found)
        if linked:
            if linked not in named:
                raise WrongTarget(side)
            return linked, named[linked]
        wanted = self._wanted.get(side, "")
        if wanted:
            if wanted not in named:
                detail = f"the {NOUNS[side]} that agent.ini names is not among those it sees"
                raise WrongTarget(side, detail)
            return wanted, named[wanted]
        return found[0] if len(found) == 1 else None

    def _bind(self, side: str, chosen: tuple[str, str]) -> None:
        id, name = chosen
        self._tokens[side].accept()
        now = self._store.binding()
        if side == "hra":
            made = replace(now, account_id=id, account_name=name or now.account_name)
        else:
            made = replace(now, tenant_id=id, tenant_name=name or now.tenant_name)
        if made != now:
            self._store.bind(made)


def bound_id(binding: Binding, side: str) -> str:
    """The linked account (hra) or organisation (xero); "" for none."""
    return binding.account_id if side == "hra" else binding.tenant_id


def bound_name(binding: Binding, side: str) -> str:
    """Its name, or the side's where it has none."""
    name = binding.account_name if side == "hra" else binding.tenant_name
    return name or SIDE_NAMES[side]
