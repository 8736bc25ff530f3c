"""The vendor's answers when something is wrong: problem objects, an array of them for a 400.

A problem names fields and rules, never a value that was sent.
"""

from collections.abc import Iterable

from flask import Response, jsonify, request

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}
KINDS = {
    400: "bad-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    429: "too-many-requests",
}


class Problem(Exception):
    """Ends a request with *status*; *details* are the sentences, one problem each."""

    def __init__(self, status: int, *details: str) -> None:
        super().__init__(f"{status}: {len(details)} problem(s)")
        self.status = status
        self.details = details


def answer(problem: Problem) -> Response:
    """The HTTP answer of a problem: an array for a 400, else one object (contract)."""
    found = [_as_object(problem.status, detail) for detail in problem.details or ("",)]
    response = jsonify(found if problem.status == 400 else found[0])
    response.status_code = problem.status
    return response


def refuse_all(details: Iterable[str]) -> None:
    """Raises Problem(400) when there is any detail."""
    sentences = tuple(details)
    if sentences:
        raise Problem(400, *sentences)


def _as_object(status: int, detail: str) -> dict[str, object]:
    return {
        "type": f"{request.host_url}problem/{KINDS[status]}",
        "title": TITLES[status],
        "detail": detail or TITLES[status],
        "status": status,
        "instance": request.path,
    }
