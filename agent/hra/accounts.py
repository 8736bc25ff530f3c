"""Which HRA accounts a sign-in can see, and who signed in (L1, L3)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agent.errors import AccessLost, UnreadableAnswer
from agent.hra.listing import everything
from agent.hra.wire import Json, OddShape, Transport, rows, words

SIDE = "hra"


def accounts(transport: Transport) -> tuple[tuple[str, str], ...]:
    """The accounts behind the sign-in as (id, name); the name is "" where none can be read.

    The ids come from `/accounts/self`, several separated by commas (contract's example); where it
    names none, from the person who signed in. Raises SideError.
    """
    try:
        named = user_accounts(user(transport))
        ids = _ids(_object(transport.get("/accounts/self").body).get("accountIds")) or tuple(named)
        unnamed = [id for id in ids if not named.get(id)]
        named |= _names(transport, unnamed) if unnamed else {}
    except OddShape as odd:
        raise UnreadableAnswer(SIDE, str(odd)) from None
    return tuple((id, named.get(id, "")) for id in ids)


def user(transport: Transport) -> Json:
    """The person who signed in, as HRA describes them."""
    return _object(transport.get("/users/self").body)


def user_name(user: Json) -> str:
    """First and last name, else the user name."""
    full = f"{words(user, 'firstName') or ''} {words(user, 'lastName') or ''}".strip()
    return full or words(user, "username") or ""


def signed_in(user: Json) -> tuple[str, str]:
    """Full name and e-mail of the person who signed in, "" where HRA does not tell (T2).

    The employee of a sign-in is known by these alone (assumption A19); a user name that is an e-mail
    address, as in the contract's example, counts as theirs.
    """
    first, last = words(user, "firstName"), words(user, "lastName")
    username = words(user, "username") or ""
    email = words(user, "email") or (username if "@" in username else "")
    return f"{first} {last}" if first and last else "", email


def user_accounts(user: Json) -> dict[str, str]:
    """The accounts of the person who signed in, id -> trading name."""
    return {id: _name(row) for row in rows(user, "accounts") for id in _ids(row.get("id"))}


def _names(transport: Transport, ids: Iterable[str]) -> dict[str, str]:
    """Names from the list of accounts, whose filter is mandatory (contract); none without its
    scope.
    """
    only = {"filter": " OR ".join(f"id:{id}" for id in ids)}
    try:
        listed = everything(transport, "/accounts", only)
    except AccessLost as lost:
        if lost.status == 401:
            raise
        return {}
    return {id: _name(row) for row in listed for id in _ids(row.get("id"))}


def _name(row: Json) -> str:
    return words(row, "tradingName") or words(row, "legalName") or ""


def _ids(value: Any) -> tuple[str, ...]:
    if value is not None and not isinstance(value, str):
        raise OddShape("accountIds is not a text")
    return tuple(dict.fromkeys(re.findall(r"[^,;\s]+", value or "")))


def _object(body: Any) -> Json:
    if not isinstance(body, Mapping):
        raise UnreadableAnswer(SIDE, "not an object")
    return body
