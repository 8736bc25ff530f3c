"""One HTTP exchange, with requests: time-outs always, no redirects, no cookies, one pool of
connections a side.

Promises: `exchange` returns a reply or raises `Again`, and says whether the request can have
left. Nothing of an address, a header or a body stands in what it raises or logs.
"""

import ipaddress
import logging
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import exceptions as low

from agent import __version__, replies
from agent.errors import Unreachable, UnreadableAnswer
from agent.transport.calls import Again, Call, Gate, Headers, Reply, Request

POOL = 16
# A connection that rested longer may be dead without anybody having said so (firewalls, idle
# limits): a write over it would end in "unknown" for nothing.
LONGEST_REST = timedelta(seconds=15)

_log = logging.getLogger("agent.transport")


class Wire:
    """The connections to one base address. May be used by several threads at once."""

    def __init__(
        self,
        side: str,
        base_url: str,
        gate: Gate,
        timeouts: tuple[float, float],
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._used = clock()
        self._side = side
        self._base = base_url.rstrip("/")
        self._gate = gate
        self._timeouts = timeouts
        self._session = _session(base_url)

    def exchange(self, request: Request, headers: Headers, token: str) -> Reply:
        """Send once and read the whole reply, within a place of the gate. Raises Again, or
        what the gate raises.
        """
        prepared = self._prepared(request, headers, token)
        fault = None
        with self._gate.call() as slot:
            self._drop_rested()
            try:
                response = self._send(prepared)
            except (requests.RequestException, low.HTTPError) as error:
                fault = _loss(self._side, error)
                if fault.kind == "unsent":
                    slot.nothing_sent()
            else:
                slot.answered(response.status_code, response.headers)
        if fault:
            _log.info("%s %s %s %s", *self._name(request), fault.error.detail)
            raise fault
        reply = _reply(response)
        told = (reply.status, replies.correlation(reply.headers) or "-", reply.milliseconds)
        _log.info("%s %s %s %s %s %d ms", *self._name(request), *told)
        return reply

    def call(self, request: Request, headers: Headers, reply: Reply | None) -> Call:
        """What a listener may see of an exchange."""
        path = urlsplit(self._base + request.path).path
        seen = (self._side, request.method, path, request.params, headers, request.data)
        if reply is None:
            return Call(*seen, None, {}, b"")
        return Call(*seen, reply.status, reply.headers, reply.content)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def _drop_rested(self) -> None:
        now, before = self._clock(), self._used
        self._used = now
        if now - before > LONGEST_REST:
            self._session.close()

    def _prepared(self, request: Request, headers: Headers, token: str) -> requests.PreparedRequest:
        query = urlencode(request.params, quote_via=quote)
        url = self._base + self._checked(request.path) + (f"?{query}" if query else "")
        asked = requests.Request(
            request.method, url, headers=dict(headers), data=request.data, auth=_Bearer(token)
        )
        return self._session.prepare_request(asked)

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response:
        around = self._session.merge_environment_settings(prepared.url or "", {}, False, None, None)
        return self._session.send(
            prepared,
            timeout=self._timeouts,
            allow_redirects=False,
            proxies=around["proxies"],
            verify=around["verify"],
            cert=around["cert"],
        )

    def _checked(self, path: str) -> str:
        # An id that a vendor named becomes part of a path: it must not lead anywhere else.
        if not path.startswith("/") or ".." in path or any(mark in path for mark in "?#\\ "):
            raise UnreadableAnswer(self._side, "an id that cannot be part of an address")
        return path

    def _name(self, request: Request) -> tuple[str, str, str]:
        path = urlsplit(self._base + request.path).path
        return self._side, request.method, replies.blank_ids(path)


def quiet_loggers() -> None:
    """Keep the libraries below from writing queries, headers, bodies and tokens into any log."""
    for name in ("requests", "oauthlib", "requests_oauthlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its warnings quote whole addresses, queries included.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine: localhost, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Bearer(AuthBase):
    """As `auth`, not as a header: else an entry in the machine's .netrc would take its place."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _session(base_url: str) -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = f"hra-xero-agent/{__version__}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # A proxy named in the environment is for the way out, not for this machine.
    session.trust_env = not is_loopback(base_url)
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_connections=2, pool_maxsize=POOL))
    return session


def _reply(response: requests.Response) -> Reply:
    took = round(response.elapsed.total_seconds() * 1000)
    return Reply(response.status_code, response.headers, response.content, took)


def _loss(side: str, error: Exception) -> Again:
    """Why no answer came, and whether the request can have reached the side."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Again("unsent", Unreachable(side, "its certificate is not trusted here"))
    if any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        return Again("unsent", Unreachable(side, "the proxy did not let the call through"))
    unsent = (requests.ConnectTimeout, low.NewConnectionError, low.ConnectTimeoutError)
    if any(isinstance(cause, unsent) for cause in causes):
        return Again("unsent", Unreachable(side, "no connection"))
    detail = "no answer in time" if isinstance(error, requests.Timeout) else "the connection broke"
    return Again("lost", Unreachable(side, detail), maybe_done=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps, as requests and urllib3 wrap: in `reason` and in their
    arguments.
    """
    waiting: list[object] = [error]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, BaseException):
            yield thing
            waiting.extend([getattr(thing, "reason", None), *thing.args])
