"""The vendor's words when it refuses: problem bodies for 401, 403, 404, 500, and the exceptions of a 400.

Bodies as seen live (401 and 403 by a client's tests, 400 by the contract); the 429's body is not relied on by anybody.
"""

from datetime import datetime
from typing import Any

from flask import Response

from agent.sandbox.faults import Fault
from agent.sandbox.xero import wire
from agent.sandbox.xero.limits import Refusal

TITLES = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 500: "An error occurred"}
OUTAGE = "An error occurred in Xero. Check the API Status page for current service status."
INSTANCE = "00000000-0000-4000-8000-000000000000"


def problem(status: int, detail: str) -> Response:
    """A refusal outside the resource: `Detail` is what tells the cases apart."""
    body: dict[str, Any] = {
        "Type": None,
        "Title": TITLES[status],
        "Status": status,
        "Detail": detail,
        "Instance": INSTANCE,
        "Extensions": {},
    }
    return wire.answer(body, status, "Problem")


def expired(when: datetime) -> Response:
    return problem(401, f"TokenExpired: token expired at {when:%m/%d/%Y %H:%M:%S}")


def unauthorised() -> Response:
    """The token is good, the permission is not: a scope or the payroll administrator role is missing."""
    return problem(401, "AuthorizationUnsuccessful")


def wrong_tenant() -> Response:
    return problem(403, "AuthenticationUnsuccessful")


def not_found() -> Response:
    return problem(404, "The resource you're looking for cannot be found")


def broken() -> Response:
    return problem(500, OUTAGE)


def exception(number: int, kind: str, message: str) -> Response:
    body = {"ErrorNumber": number, "Type": kind, "Message": message}
    return wire.answer(body, 400, "ApiException")


def too_many(refusal: Refusal) -> Response:
    """A 429; concurrency refusals carry no Retry-After (published limits)."""
    answer = Response("Rate limit exceeded", 429, content_type="text/plain; charset=utf-8")
    answer.headers["X-Rate-Limit-Problem"] = refusal.problem
    if refusal.retry_after is not None:
        answer.headers["Retry-After"] = str(refusal.retry_after)
    return answer


SHAPES = {  # the planned faults in this vendor's words
    "refuse": lambda fault: exception(10, "ValidationException", "A validation exception occurred"),
    "429": lambda fault: too_many(Refusal("minute", _seconds(fault))),
    "500": lambda fault: broken(),
    "lose_access": lambda fault: unauthorised(),
}


def _seconds(fault: Fault) -> int:
    return 1 if fault.retry_after is None else fault.retry_after
