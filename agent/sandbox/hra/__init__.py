"""The HRA Cloud sandbox: the vendor's REST API, its OAuth, and an eSS portal that sends hooks.

`create` builds the Flask application; `agent.sandbox.server.serve` puts it on loopback. It follows
the vendor's contract, not the agent's client, and keeps everything in memory.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from agent.sandbox.controls import Switches, controls
from agent.sandbox.faults import Fault, Faults
from agent.sandbox.hra.access import KNOWN_SCOPES
from agent.sandbox.hra.actions import add_actions
from agent.sandbox.hra.api import add_people
from agent.sandbox.hra.ess import TOO_LARGE, portal
from agent.sandbox.hra.hooks import Hooks
from agent.sandbox.hra.payroll import add_payroll
from agent.sandbox.hra.problems import KINDS, Problem, answer
from agent.sandbox.hra.reference import add_reference
from agent.sandbox.hra.seeds import sow
from agent.sandbox.hra.store import ACCOUNT_ID, Store
from agent.sandbox.hra.switches import SWITCHES
from agent.sandbox.oauth import OAuthServer, Vendor, real_clock
from agent.sandbox.people import Person
from agent.sandbox.server import CallLog

REFRESH_DAYS = 14
OUTSIDE_API = ("/_sandbox", "/static", "/ess", "/oauth")


def create(
    people: Sequence[Person] = (),
    *,
    clock: Callable[[], datetime] = real_clock,
    switches: Mapping[str, str] | None = None,
    client_id: str = "hra-sandbox",
    client_secret: str = "hra-sandbox-secret",
    account_id: str = ACCOUNT_ID,
    granted_scopes: Iterable[str] | None = None,
    hook_url: str | None = None,
    hook_secret: str | None = None,
    base_url: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
    seed: int = 1,
) -> Flask:
    """A new account with *people* in it.

    In `app.config`: STORE, OAUTH, HOOKS, SWITCHES, FAULTS, CALLS, and AUTO_CONSENT to skip the
    consent page. *granted_scopes* limits what any client gets; *base_url* goes into `Location` and
    `actionStatusURL` instead of the request's own host. Raises ValueError for an unknown switch.
    """
    app = Flask("agent.sandbox.hra", static_folder=None)
    turned = Switches(SWITCHES, switches)
    store = Store(account_id, clock, turned, seed)
    sow(store, people)
    limited = None if granted_scopes is None else frozenset(granted_scopes)
    oauth = OAuthServer(_vendor(client_id, client_secret, limited), clock)
    hooks = Hooks(account_id, hook_url, hook_secret, clock, sleep=sleep)
    app.config.update(
        STORE=store, OAUTH=oauth, HOOKS=hooks, SWITCHES=turned, BASE_URL=base_url,
        MAX_CONTENT_LENGTH=TOO_LARGE,
    )  # fmt: skip
    CallLog().install(app, base="", skip=OUTSIDE_API)
    Faults().install(
        app, base="", shapes=_shapes(), expire_tokens=oauth.expire_access,
        lose_refresh=oauth.forget_refresh, skip=OUTSIDE_API,
    )  # fmt: skip
    app.register_error_handler(Problem, answer)
    app.register_error_handler(HTTPException, _plain)
    app.register_blueprint(oauth.blueprint())
    app.register_blueprint(_rest())
    app.register_blueprint(portal())
    desk = controls(turned, store.as_plain)
    _add_hooks(desk, hooks)
    app.register_blueprint(desk)
    return app


def _vendor(client_id: str, secret: str, granted: frozenset[str] | None) -> Vendor:
    return Vendor(
        name="HRA Cloud",
        client_id=client_id,
        client_secret=secret,
        known_scopes=KNOWN_SCOPES,
        authorize_path="/oauth/authorize",
        token_path="/oauth/token",
        granted_scopes=granted,
        refresh_days=REFRESH_DAYS,
        plain_http_hosts=frozenset({"localhost", "127.0.0.1"}),
        client_failure_status=401,
    )


def _rest() -> Blueprint:
    api = Blueprint("hra_api", __name__)
    add_reference(api)
    add_people(api)
    add_payroll(api)
    add_actions(api)
    return api


def _add_hooks(desk: Blueprint, hooks: Hooks) -> None:
    def deliveries() -> Response:
        return jsonify(hooks.as_plain())

    def aim() -> Response:
        told = request.get_json()
        hooks.url, hooks.secret = told["url"], told["secret"]
        return Response(status=204)

    desk.add_url_rule("/hooks", "hooks", deliveries)
    desk.add_url_rule("/hook-target", "aim", aim, methods=["POST"])


def _shapes() -> dict[str, Callable[[Fault], Response]]:
    def shape(status: int, *details: str) -> Callable[[Fault], Response]:
        def made(fault: Fault) -> Response:
            response = answer(Problem(status, *details))
            if fault.retry_after is not None:
                response.headers["Retry-After"] = str(fault.retry_after)
            return response

        return made

    return {
        "refuse": shape(400, "The request was refused as planned."),
        "429": shape(429, "Too many requests."),
        "lose_access": shape(403, "The user has no access to the requested resource."),
    }


def _plain(error: HTTPException) -> Response | HTTPException:
    """Unknown addresses and methods of the API as problems; pages keep their own errors."""
    if error.code not in KINDS or request.path.startswith(OUTSIDE_API):
        return error
    return answer(Problem(error.code, error.name))
