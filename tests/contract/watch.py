"""Checks, in the whole suite, every answer of both sandboxes and every request that the agent sends them.

Touches `CallLog.install`, which every sandbox calls, so that it checks as well as it counts. A slip is kept for the
test that is running, for an exception inside a server would only look like a 500. What a test itself sends is no
claim of ours and may be as wrong as it likes: a request counts as the agent's by its User-Agent. Left out are answers
that are not the vendor's own: XML for who did not ask for JSON, and addresses that no description has; and the 400 to
a query that a test made wrong on purpose, for which HRA's description has no answer at all (the agent's own queries
must never meet it).
"""

import threading
from collections.abc import Iterable

from flask import Flask, Response, request

from agent.sandbox.faults import DROP_FLAG, SPOIL_FLAG, below
from agent.sandbox.server import CallLog
from tests.contract.openapi import check_request, check_response, contracts_dir

AGENT = "hra-xero-agent/"
CONNECTIONS = "/connections"
XERO_BASE = "/payroll.xro/1.0"


class Watch:
    """The slips since they were last taken. `checked` counts answers, `asked` the agent's requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slips: list[str] = []
        self.checked = 0
        self.asked = 0

    def take(self) -> list[str]:
        """What slipped since the last time, each once."""
        with self._lock:
            found, self._slips = self._slips, []
        return list(dict.fromkeys(found))

    def note(self, vendor: str, answer: Response) -> None:
        """Check one exchange of a sandbox."""
        try:
            if _from_the_agent():
                self.asked += 1
                self._check_request(vendor)
            if _by_the_vendor(answer):
                self.checked += 1
                self._check_answer(vendor, answer)
        except AssertionError as slip:
            with self._lock:
                self._slips.append(str(slip))

    def _check_request(self, vendor: str) -> None:
        sent = {
            key: value
            for key, value in request.headers.items()
            if not (vendor == "xero-identity" and key.lower() == "xero-tenant-id")
        }
        query = list(request.args.items(multi=True))
        check_request(vendor, request.method, request.path, sent, query, request.get_data())

    def _check_answer(self, vendor: str, answer: Response) -> None:
        headers, body = dict(answer.headers), answer.get_data()
        check_response(vendor, request.method, request.path, answer.status_code, headers, body)


def watch_sandboxes() -> Watch:
    """Let every sandbox made from now on be watched. Without the descriptions nothing is checked."""
    watch = Watch()
    if contracts_dir() is None:
        return watch
    install = CallLog.install

    def installed(
        self: CallLog, app: Flask, *, base: str, skip: Iterable[str] = ("/_sandbox", "/static")
    ) -> None:
        outside = tuple(skip)

        def check(answer: Response) -> Response:
            vendor = _vendor(base, outside)
            if vendor and app.import_name.startswith("agent.sandbox"):
                watch.note(vendor, answer)
            return answer

        app.after_request(check)
        install(self, app, base=base, skip=outside)

    CallLog.install = installed  # type: ignore[method-assign]
    return watch


def _vendor(base: str, outside: tuple[str, ...]) -> str:
    """Whose description the called address is in; "" for pages, tokens and controls."""
    if base == XERO_BASE and request.path.startswith(CONNECTIONS):
        return "xero-identity"
    if not below(base, request.path, outside)[1]:
        return ""
    return "xero" if base == XERO_BASE else "hra"


def _from_the_agent() -> bool:
    return request.headers.get("User-Agent", "").startswith(AGENT)


def _by_the_vendor(answer: Response) -> bool:
    if request.method == "GET" and answer.status_code == 400 and not _from_the_agent():
        return False
    asks_json = "json" in request.headers.get("Accept", "")
    is_xml = "xml" in (answer.content_type or "")
    dropped = request.environ.get(DROP_FLAG) or request.environ.get(SPOIL_FLAG)
    return request.url_rule is not None and not dropped and (asks_json or not is_xml)
