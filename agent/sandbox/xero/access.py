"""What stands before every payroll call: the token, the scope, the tenant, the limits, the idempotency key.

Decides who gets in, in the order a gateway would: limits, planned faults, token, tenant, scope, replay. Every answer then
carries the correlation id and, where the tenant is known, what is left of the limits.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

from flask import Flask, Response, g, request

from agent.sandbox.faults import Faults
from agent.sandbox.oauth import OAuthServer
from agent.sandbox.xero import answers
from agent.sandbox.xero.catalogue import made_id
from agent.sandbox.xero.idempotency import Keys, Misuse, Stored
from agent.sandbox.xero.limits import CROWDED, Gate
from agent.sandbox.xero.store import Organisation, Store

PAYROLL = "/payroll.xro/1.0"
ACCOUNTING = "/api.xro/2.0"
KEPT = frozenset({200, 400, 404, 500})  # answers that an idempotency key replays; errors too
SCOPES = {  # first part of the path below the API's base -> scope; a read takes the `.read` variant as well
    "Employees": "payroll.employees",
    "LeaveApplications": "payroll.employees",
    "Superfunds": "payroll.settings",
    "SuperfundProducts": "payroll.settings",
    "PayItems": "payroll.settings",
    "PayrollCalendars": "payroll.settings",
    "Settings": "payroll.settings",
    "PayRuns": "payroll.payruns",
    "TrackingCategories": "accounting.settings",
}


class Access:
    """The checks of one sandbox, installed on its app in the order they apply."""

    def __init__(
        self, store: Store, oauth: OAuthServer, gate: Gate, clock: Callable[[], datetime]
    ) -> None:
        self._store, self._oauth, self._gate = store, oauth, gate
        self._keys = Keys(clock)
        self._answers = count(1)

    def install(self, app: Flask, faults: Faults, skip: tuple[str, ...]) -> None:
        """Put the checks into `app`, with the planned faults between the limits and the token."""
        app.after_request(self._mark)
        app.before_request(self._limit)
        faults.install(
            app,
            base=PAYROLL,
            shapes=answers.SHAPES,
            expire_tokens=self._oauth.expire_access,
            lose_refresh=self._oauth.forget_refresh,
            skip=skip,
        )
        app.before_request(self._admit)
        app.before_request(self._replay)
        app.after_request(self._settle)

    def _limit(self) -> Response | None:
        if not _is_api() or self._tenant() not in self._store.organisations:
            return None
        refusal = self._gate.enter(self._tenant(), bool(request.environ.get(CROWDED)))
        return None if refusal is None else answers.too_many(refusal)

    def _admit(self) -> Response | None:
        if not _is_api():
            return None
        bearer = request.headers.get("Authorization")
        grant = self._oauth.check(bearer)
        if grant == "expired":
            when = self._oauth.expiry(bearer)
            assert when is not None
            return answers.expired(when)
        if isinstance(grant, str):
            return answers.problem(401, "AuthenticationUnsuccessful")
        if not self._store.is_connected(self._tenant()):
            return answers.wrong_tenant()
        if not _allowed(grant.scopes):
            return answers.unauthorised()
        g.organisation = self._store.organisations[self._tenant()]
        return None

    def _replay(self) -> Response | None:
        key = _key()
        if key is None:
            return None
        g.looked_up = True
        try:
            stored = self._claim(key)
        except Misuse as error:
            return answers.exception(10, "ValidationException", str(error))
        if stored is None:
            g.claimed = key
            return None
        return Response(stored.body, stored.status, content_type=stored.content_type)

    def _settle(self, answer: Response) -> Response:
        key = g.pop("claimed", None) or self._refused_before_lookup(answer)
        if key is not None:
            keeps = answer.status_code in KEPT
            kind = str(answer.content_type)
            stored = Stored(answer.status_code, kind, answer.get_data()) if keeps else None
            self._keys.settle(key, stored)
        return answer

    def _refused_before_lookup(self, answer: Response) -> str | None:
        """A planned 400 or 500 is an error like any other: its key keeps it (published behaviour)."""
        key = _key()
        if key is None or g.get("looked_up") or answer.status_code not in KEPT:
            return None
        try:
            return key if self._claim(key) is None else None
        except Misuse:
            return None

    def _claim(self, key: str) -> Stored | None:
        return self._keys.claim(key, request.method, request.full_path, request.get_data())

    def _mark(self, answer: Response) -> Response:
        answer.headers["xero-correlation-id"] = made_id("answer", str(next(self._answers)))
        if _is_api() and self._tenant() in self._store.organisations:
            answer.headers.update(self._gate.headers(self._tenant()))
        return answer

    def _tenant(self) -> str:
        return request.headers.get("Xero-Tenant-Id", "")


def here() -> Organisation:
    """The organisation that this call speaks of."""
    found = g.organisation
    assert isinstance(found, Organisation)
    return found


def _is_api() -> bool:
    return request.path.startswith((PAYROLL + "/", ACCOUNTING + "/"))


def _key() -> str | None:
    """The idempotency key of a post; on other methods it is ignored."""
    if not _is_api() or request.method != "POST":
        return None
    return request.headers.get("Idempotency-Key")


def _allowed(scopes: frozenset[str]) -> bool:
    below = request.path.removeprefix(PAYROLL).removeprefix(ACCOUNTING).strip("/")
    needed: Any = SCOPES.get(below.split("/")[0])
    if needed is None:
        return True  # no such endpoint: the router says so
    if request.method == "GET" and f"{needed}.read" in scopes:
        return True
    return needed in scopes
