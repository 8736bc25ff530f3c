"""Who may call what: the token, the scope that the contract names, the account. Then the lock.

A missing scope is a 403, a token that is missing, unknown or too old a 401, another account a 404
("not found or inaccessible", contract).
"""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from agent.sandbox.hra.problems import Problem
from agent.sandbox.hra.store import Record, Store
from agent.sandbox.oauth import OAuthServer

KNOWN_SCOPES = frozenset({
    "read:accounts", "read:accounts:referencedata", "manage:accounts:referencedata",
    "read:employees", "manage:employees", "read:employees:payroll", "manage:employees:payroll",
    "read:candidates", "manage:candidates", "read:clear-tax-details",
})  # fmt: skip

View = Callable[..., ResponseReturnValue]


def store() -> Store:
    """The data of the sandbox that serves this request."""
    found = current_app.config["STORE"]
    assert isinstance(found, Store)
    return found


def granted() -> frozenset[str]:
    """The scopes of the token that came with this request."""
    scopes: frozenset[str] = g.scopes
    return scopes


def base_url() -> str:
    """The address before paths in `Location` and `actionStatusURL`; no slash at the end."""
    return str(current_app.config["BASE_URL"] or request.host_url).rstrip("/")


def operation(
    api: Blueprint, method: str, rule: str, scope: str | None, *, token: bool = True
) -> Callable[[View], View]:
    """Registers a view for *method* and *rule*, behind *scope* (None: any token will do)."""

    def register(view: View) -> View:
        @wraps(view)
        def guarded(**ids: str) -> ResponseReturnValue:
            if token:
                _admit(scope)
            if ids.pop("account", store().account_id) != store().account_id:
                raise Problem(404, "The account was not found.")
            with store().lock:
                store().settle()
                return view(**ids)

        api.add_url_rule(rule, f"{method} {view.__name__}", guarded, methods=[method])
        return view

    return register


def sent() -> Any:
    """The JSON body, with exact decimals. Raises Problem(400) when it is none."""
    try:
        return json.loads(request.get_data(), parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "The body is not JSON.") from error


def employee(key: str) -> Record:
    """The employee with that id. Raises Problem(404)."""
    found = store().employees.get(key)
    if found is None:
        raise Problem(404, "The employee was not found.")
    return found


def candidate(key: str) -> Record:
    """The candidate with that id. Raises Problem(404)."""
    found = store().candidates.get(key)
    if found is None:
        raise Problem(404, "The candidate was not found.")
    return found


def created(path: str) -> Response:
    """201 with its Location and no body."""
    answer = Response(status=201)
    answer.headers["Location"] = f"{base_url()}{path}"
    del answer.headers["Content-Type"]
    return answer


def shown(body: Any) -> Response:
    """200 with JSON."""
    return jsonify(body)


def done() -> Response:
    """204."""
    return Response(status=204)


def _admit(scope: str | None) -> None:
    server = current_app.config["OAUTH"]
    assert isinstance(server, OAuthServer)
    grant = server.check(request.headers.get("Authorization"))
    if isinstance(grant, str):
        raise Problem(401, f"The access token is {grant}.")
    if scope is not None and scope not in grant.scopes:
        raise Problem(403, f"The access token lacks the scope {scope}.")
    g.scopes = grant.scopes


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
