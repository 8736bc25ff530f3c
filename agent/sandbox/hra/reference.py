"""The account and what hangs on it: user, branches, reference lists, subscription; and ping."""

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from agent.sandbox.hra import wire
from agent.sandbox.hra.access import operation, shown, store
from agent.sandbox.hra.api import list_query, with_links
from agent.sandbox.hra.listing import page
from agent.sandbox.hra.problems import Problem
from agent.sandbox.hra.store import Json
from agent.sandbox.hra.validate import GENDERS, HONORIFICS, STATUSES, TYPES
from agent.sandbox.names import ROOT_BRANCH

DATA = "read:accounts:referencedata"
SINCE = "2019-01-08 11:09:45"
USER = {
    "username": "payroll.admin@harbourpine.example",
    "firstName": "Morgan",
    "lastName": "Tran",
    "email": "payroll.admin@harbourpine.example",
    "roles": ["Account Administrator"],
    "permissions": [],
    "hubs": [],
    "partners": [],
    "dateCreatedUTC": SINCE,
    "dateUpdatedUTC": SINCE,
}
LISTS = {
    "employment-types": TYPES,
    "employment-statuses": STATUSES,
    "genders": GENDERS,
    "honorifics": HONORIFICS,
}
LIST_FIELDS = frozenset({
    "id", "key", "name", "description", "dateCreatedUTC", "dateUpdatedUTC",
})  # fmt: skip
BRANCH_FIELDS = frozenset({"id", "name", "path", "type", "dateCreatedUTC", "dateUpdatedUTC"})
ACCOUNT_FIELDS = frozenset({"id", "tradingName", "legalName", "region"})


def add_reference(api: Blueprint) -> None:
    """Registers all of it. Ping asks for no token, user and account for any (contract)."""
    operation(api, "GET", "/ping", None, token=False)(ping)
    operation(api, "GET", "/users/self", None)(current_user)
    operation(api, "GET", "/users/<key>", None)(user)
    operation(api, "GET", "/accounts/self", None)(current_account)
    operation(api, "GET", "/accounts", "read:accounts")(list_accounts)
    operation(api, "GET", "/accounts/<account>/subscriptions", "read:accounts")(subscriptions)
    operation(api, "GET", "/accounts/<account>/branches", DATA)(list_branches)
    operation(api, "GET", "/accounts/<account>/branches/<key>", DATA)(retrieve_branch)
    for name in LISTS:
        operation(api, "GET", f"/accounts/<account>/{name}", DATA)(_lister(name))


def ping() -> ResponseReturnValue:
    """Alive."""
    return shown({"status": "UP"})


def current_user() -> ResponseReturnValue:
    """Who allowed the client in."""
    return shown(USER | {"accounts": [_account(summary=False)]})


def user(key: str) -> ResponseReturnValue:
    """The same by username; nobody else can be asked for."""
    if key != USER["username"]:
        raise Problem(401, "Only the current user can be read.")
    return current_user()


def current_account() -> ResponseReturnValue:
    """The ids of the accounts behind the token, with commas between them."""
    return shown({"accountIds": store().account_id})


def list_accounts() -> ResponseReturnValue:
    """The one account, where the filter fits it. Only here a filter is mandatory (contract)."""
    if not request.args.get("filter"):
        raise Problem(400, "filter is mandatory.")
    found = page([_account(summary=True)], list_query(), ACCOUNT_FIELDS)
    return shown(with_links(found, lambda key: f"/accounts/{key}"))


def subscriptions() -> ResponseReturnValue:
    """What the account pays for."""
    plan = {"planId": "sandbox", "commercialVersion": "V3"}
    times = {"dateCreatedUTC": SINCE, "dateUpdatedUTC": SINCE}
    return shown({"numberOfWorkers": len(store().employees)} | plan | times)


def list_branches() -> ResponseReturnValue:
    """All branches, the root first."""
    held = store()
    rows = [wire.branch_summary(held, branch) for branch in held.branches.values()]
    found = page(rows, list_query(), BRANCH_FIELDS)
    return shown(with_links(found, lambda key: f"/accounts/{held.account_id}/branches/{key}"))


def retrieve_branch(key: str) -> ResponseReturnValue:
    """One branch."""
    branch = store().branches.get(key)
    if branch is None:
        raise Problem(404, "The branch was not found.")
    return shown(wire.branch_detail(store(), branch))


def _lister(name: str) -> Callable[[], ResponseReturnValue]:
    def listed() -> ResponseReturnValue:
        rows = [_entry(name, value) for value in LISTS[name]]
        return shown(page(rows, list_query(), LIST_FIELDS))

    listed.__name__ = f"list_{name}"
    return listed


def _entry(name: str, value: str) -> Json:
    row = {"id": store().new_id(f"{name}/{value}"), "name": value}
    if name == "genders":
        # Only genders have a key that never changes beside a name that the account may change.
        row |= {"key": value, "name": value.replace("_", " ")}
    readable = value.replace("_", " ")
    return row | {"description": readable, "dateCreatedUTC": SINCE, "dateUpdatedUTC": SINCE}


def _account(*, summary: bool) -> Json:
    key = store().account_id
    reference = {
        "id": key,
        "tradingName": ROOT_BRANCH,
        "legalName": f"{ROOT_BRANCH} Pty Ltd",
        "retrieveLink": f"/accounts/{key}",
    }
    return reference | {"region": "AU"} if summary else reference
