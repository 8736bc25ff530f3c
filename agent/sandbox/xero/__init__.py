"""The Xero Payroll AU sandbox: `create` puts its parts together and gives the Flask app.

Follows the vendor's published description and what is known of the live API, never our own client. Real OAuth, real
limits, real refusals; the people in it are invented. `app.config` holds STORE, OAUTH, FAULTS, CALLS, SWITCHES and GATE.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from flask import Flask

from agent.sandbox.controls import Switches, controls
from agent.sandbox.faults import Faults
from agent.sandbox.oauth import OAuthServer, Vendor, real_clock
from agent.sandbox.people import Person
from agent.sandbox.server import CallLog
from agent.sandbox.xero.access import PAYROLL, Access
from agent.sandbox.xero.api import Api
from agent.sandbox.xero.limits import OFF, Gate, Limits
from agent.sandbox.xero.officer import officer
from agent.sandbox.xero.store import Store
from agent.sandbox.xero.switches import SWITCHES
from agent.sandbox.xero.view import view

__all__ = ["OFF", "SWITCHES", "Limits", "create"]

TENANT = "5f7a1e0c-3f0b-4b53-9d0e-0f6a4f0c2a11"
ORGANISATION = ("Harbour & Pine Pty Ltd", TENANT)
SCOPES = frozenset(
    {"offline_access", "openid", "profile", "email"}
    | {
        f"{scope}{variant}"
        for scope in (
            "payroll.employees", "payroll.settings", "payroll.payruns", "payroll.payslip",
            "payroll.timesheets", "accounting.settings",
        )
        for variant in ("", ".read")
    }
)  # fmt: skip
OUTSIDE = ("/_sandbox", "/static", "/payroll/", "/identity", "/connect/", "/connections")


def create(
    people: Sequence[Person] = (),
    *,
    clock: Callable[[], datetime] = real_clock,
    switches: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    client_id: str = "xero-sandbox",
    client_secret: str = "xero-sandbox-secret",
    organisations: Sequence[tuple[str, str]] = (ORGANISATION,),
    granted_scopes: frozenset[str] | None = None,
) -> Flask:
    """A Xero sandbox with these people in its first organisation.

    `limits` None means none; `Limits()` are the vendor's real ones. `granted_scopes` limits what consent gives whatever was
    asked. Raises ValueError for an unknown switch.
    """
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # keys in the contract's order
    turned = Switches(SWITCHES, switches)
    store = Store(people, organisations, clock)
    gate = Gate(OFF if limits is None else limits, clock)
    vendor = Vendor(
        name="Xero",
        client_id=client_id,
        client_secret=client_secret,
        known_scopes=SCOPES,
        authorize_path="/identity/connect/authorize",
        token_path="/connect/token",
        revocation_path="/connect/revocation",
        organisations=tuple(organisations),
        granted_scopes=granted_scopes,
        offline_scope="offline_access",
        secret_in_form=True,
        jwt_tokens=True,
        refresh_days=60,
    )
    oauth = OAuthServer(
        vendor, clock, on_consent=store.connect, on_revoke=lambda grant: store.disconnect_all()
    )
    faults, calls = Faults(), CallLog()
    calls.install(app, base=PAYROLL, skip=OUTSIDE)
    Access(store, oauth, gate, clock).install(app, faults, OUTSIDE)
    app.register_blueprint(oauth.blueprint())
    app.register_blueprint(Api(store, oauth, turned, clock).blueprint())
    app.register_blueprint(view(store, turned))
    app.register_blueprint(controls(turned, store.state))
    app.register_blueprint(officer(store))
    app.config.update(STORE=store, OAUTH=oauth, SWITCHES=turned, GATE=gate.wrap, LIMITS=gate)
    return app
