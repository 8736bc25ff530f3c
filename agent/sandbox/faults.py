"""Faults that a test or a person plans for a sandbox: what the next calls shall meet instead of a good answer.

Decides, per request, whether a planned fault applies, and plays it. Touches the Flask app it is installed on (one
before-request, one after-request and a thin WSGI layer that can end a connection without an answer). It promises that a
fault planned for N calls meets exactly N matching calls, whichever threads serve them, and that nothing of a request is logged.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ANSWERS = ("refuse", "429", "500", "503_html", "lose_access")
DROPS = ("drop_before", "drop_after", "late")
# The call is carried out, and its answer spoilt: cut off in its body, no JSON, or an internal error.
SPOILS = ("cut", "garbage", "500_after")
TOKEN_FAULTS = ("expire_tokens", "lose_refresh")
KINDS = (*ANSWERS, *DROPS, *SPOILS, *TOKEN_FAULTS, "hang")
FOREVER = 0  # as `times`: until cleared

DROP_FLAG = "sandbox.drop"
DROP_AFTER_FLAG = "sandbox.drop_after"
SPOIL_FLAG = "sandbox.spoil"
CUT_FLAG = "sandbox.cut"
GARBAGE = "<!doctype html><title>Gateway</title><p>Something came between."
OUTAGE_PAGE = "<!doctype html><title>503</title><h1>Service Unavailable</h1><p>Back soon.</p>"

Shape = Callable[["Fault"], Response]


class ConnectionDropped(ConnectionError):
    """Raised below Flask to end the connection without an answer; the server swallows it."""


@dataclass
class Fault:
    """One planned fault. `after` counts down the calls to let through, `times` the calls still to meet it."""

    kind: str
    method: str = "*"
    path: str = "*"
    times: int = 1
    after: int = 0
    retry_after: int | None = None
    seconds: float = 30.0
    met: int = field(default=0, compare=False)

    def fits(self, method: str, path: str, in_api: bool) -> bool:
        if self.path == "*" and not in_api:
            return False  # a bare star means API calls; token and page addresses must be named
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)

    @property
    def spent(self) -> bool:
        return self.times != FOREVER and self.met >= self.times


class Faults:
    """The plan of one sandbox. Thread-safe. `app.config["FAULTS"]` after `install`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Fault] = []
        self._released = threading.Event()
        self._token_faults: Mapping[str, Callable[[], None]] = {}
        self._on_the_way: list[dict[str, Any]] = []
        self._replay: Callable[[dict[str, Any]], int] = lambda call: 0

    def plan(
        self,
        kind: str,
        *,
        method: str = "*",
        path: str = "*",
        times: int = 1,
        after: int = 0,
        retry_after: int | None = None,
        seconds: float = 30.0,
    ) -> None:
        """Plan `kind` for `times` matching calls (0: until cleared), after letting `after` of them through.

        `path` is a shell pattern on the path below the API's base (`/Employees*`), or on the whole path for token and
        page addresses. `seconds` is how long a `hang` lasts at most. Raises ValueError for an unknown kind.
        Token faults act at once unless `after` or a path says when.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}: one of {', '.join(KINDS)}")
        if kind in TOKEN_FAULTS and after == 0 and path == "*":
            self._token_faults[kind]()
            return
        fault = Fault(kind, method.upper(), path, times, after, retry_after, seconds)
        with self._lock:
            self._released.clear()
            self._planned.append(fault)

    def clear(self) -> None:
        """Forget every plan and let hanging calls go on."""
        with self._lock:
            self._planned.clear()
        self.release()

    def release(self) -> None:
        """Let hanging calls go on."""
        self._released.set()

    def land(self) -> list[int]:
        """Let every call that met `late` arrive now, in its order, with the very key and body; the statuses nobody hears."""
        with self._lock:
            arriving, self._on_the_way = self._on_the_way, []
        return [self._replay(call) for call in arriving]

    def planned(self) -> list[dict[str, Any]]:
        """What is still waiting for its call, as plain data."""
        with self._lock:
            return [
                {"kind": f.kind, "method": f.method, "path": f.path, "times": f.times, "met": f.met}
                for f in self._planned
            ]

    def take(self, method: str, path: str, in_api: bool = True) -> Fault | None:
        """The fault that this call meets, if any; counts it."""
        with self._lock:
            for fault in self._planned:
                if not fault.fits(method, path, in_api):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.met += 1
                if fault.spent:
                    self._planned.remove(fault)
                return fault
        return None

    def install(
        self,
        app: Flask,
        *,
        base: str,
        shapes: Mapping[str, Shape],
        expire_tokens: Callable[[], None],
        lose_refresh: Callable[[], None],
        skip: Iterable[str] = ("/_sandbox", "/static"),
    ) -> None:
        """Put the faults into `app`.

        `base` is the API's base path ("" for the root). `shapes` gives the vendor's own answer for "refuse", "429",
        "500" and "lose_access" (a function of the Fault); what is missing is a bare status. Paths that start with one of
        `skip` are no API calls. Call it before other before-request hooks whose work a fault shall forestall.
        """
        self._token_faults = {"expire_tokens": expire_tokens, "lose_refresh": lose_refresh}
        self._replay = lambda call: app.test_client().open(**call).status_code
        app.config["FAULTS"] = self
        app.wsgi_app = _Dropping(app.wsgi_app)  # type: ignore[assignment, method-assign]
        outside = tuple(skip)

        def meet() -> Response | None:
            path, in_api = below(base, request.path, outside)
            fault = self.take(request.method, path, in_api)
            return None if fault is None else self._play(fault, shapes)

        def spoilt(answer: Response) -> Response:
            return _spoilt(answer, request.environ.get(SPOIL_FLAG, ""), shapes)

        app.before_request(meet)
        app.after_request(_drop_when_told)
        app.after_request(spoilt)

    def _play(self, fault: Fault, shapes: Mapping[str, Shape]) -> Response | None:
        if fault.kind in TOKEN_FAULTS:
            self._token_faults[fault.kind]()
            return None
        if fault.kind == "hang":
            self._released.wait(fault.seconds)
            return None
        if fault.kind in SPOILS:
            request.environ[SPOIL_FLAG] = fault.kind
            return None
        if fault.kind == "late":
            with self._lock:
                self._on_the_way.append(_as_sent())
        if fault.kind in DROPS:
            done = fault.kind == "drop_after"
            request.environ[DROP_AFTER_FLAG if done else DROP_FLAG] = True
            return None if done else Response(status=503)
        return _answer(fault, shapes)


def _as_sent() -> dict[str, Any]:
    """The present request, to be made once more."""
    return {
        "method": request.method,
        "path": request.full_path,
        "headers": [(name, value) for name, value in request.headers if name != "Content-Length"],
        "data": request.get_data(),
        "environ_base": {"REMOTE_ADDR": request.remote_addr},
    }


def _spoilt(answer: Response, how: str, shapes: Mapping[str, Shape]) -> Response:
    if how == "cut":
        request.environ[CUT_FLAG] = True
    if how == "garbage":
        return Response(GARBAGE, answer.status_code, content_type="text/html; charset=utf-8")
    if how == "500_after":
        return _answer(Fault("500"), shapes)
    return answer


def below(base: str, path: str, outside: tuple[str, ...] = ()) -> tuple[str, bool]:
    """The path below the API's base, and whether it is an API call at all."""
    if any(path.startswith(prefix) for prefix in outside):
        return path, False
    if base and not path.startswith(base + "/"):
        return path, False
    return path[len(base) :], True


def _answer(fault: Fault, shapes: Mapping[str, Shape]) -> Response:
    if fault.kind == "503_html":
        return _timed(Response(OUTAGE_PAGE, 503, content_type="text/html; charset=utf-8"), fault)
    if fault.kind in shapes:
        return shapes[fault.kind](fault)
    status = {"refuse": 400, "429": 429, "500": 500, "lose_access": 403}[fault.kind]
    return _timed(Response(status=status), fault)


def _timed(answer: Response, fault: Fault) -> Response:
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    return answer


def _drop_when_told(answer: Response) -> Response:
    if request.environ.get(DROP_AFTER_FLAG):
        request.environ[DROP_FLAG] = True
    return answer


class _Dropping:
    """Below Flask: the request was handled (or kept from it); end the connection before a byte of the answer leaves."""

    def __init__(self, inner: "WSGIApplication") -> None:
        self._inner = inner

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        body = self._inner(environ, start)
        if environ.get(CUT_FLAG):
            return _half(body)
        if not environ.get(DROP_FLAG):
            return body
        close = getattr(body, "close", None)
        if close is not None:
            close()
        raise ConnectionDropped("dropped as planned")


def _half(body: Iterable[bytes]) -> Iterator[bytes]:
    """Half of what the headers promised, then no more."""
    whole = b"".join(body)
    yield whole[: len(whole) // 2]
    raise ConnectionDropped("cut as planned")
