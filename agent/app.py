"""The web application: pages, connecting and the eSS hook under one roof, mountable under any prefix.

Promises for every answer: a foreign Host is refused, the security headers are there, an AgentError is its sentence,
and any other error is a plain page without a trace.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Flask, Response, abort, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from agent.config import Settings
from agent.errors import AgentError
from agent.page.answering import answering
from agent.page.auth import Sessions, Throttle
from agent.page.connecting import Choices, connecting
from agent.page.desk import Desk
from agent.page.guard import allowed_hosts, headers, plain_host
from agent.page.linking import linking
from agent.page.views import ADMIN, pages

MISDIRECTED = 421
LARGEST_REQUEST = 128 * 1024  # twice a hook; the pages' forms are far smaller
TOO_OLD = "This page was open for too long, or in another window. Go back to the status page and try again."
NO_PAGE = "There is no such page."
NOT_TAKEN = "This request cannot be taken as it is."
OUR_FAULT = "Something went wrong in the agent. Nothing more can be said here; its log names the kind of error."

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    desk: Desk,
    settings: Settings,
    *,
    secret_key: bytes,
    hooks: Blueprint,
    clock: Callable[[], datetime] = _utc_now,
) -> Flask:
    """The WSGI application. `secret_key` signs the sessions; `hooks` is the receiver, which takes no cookie."""
    app = Flask(__name__, static_folder=None)
    _configure(app, settings, secret_key)
    _guard(app, settings)
    _tell_errors(app)
    csrf = CSRFProtect(app)
    csrf.exempt(hooks)
    sessions = Sessions(
        secret_key, _password_hashes(desk, settings), settings.page.session_hours, clock
    )
    app.register_blueprint(pages(desk, sessions, Throttle(clock)))
    app.register_blueprint(answering(desk, sessions))
    app.register_blueprint(linking(desk, sessions))
    app.register_blueprint(connecting(desk, sessions, Choices(clock)))
    app.register_blueprint(hooks)

    @app.context_processor
    def signed_in() -> dict[str, str | None]:
        return {"user": sessions.user(session)}

    return app


def _password_hashes(desk: Desk, settings: Settings) -> Callable[[str], str]:
    """Everybody's password hash by name: admin's from agent.ini, the others' from the desk; "" for nobody's."""

    def of(name: str) -> str:
        if name == ADMIN:
            return settings.page.password_hash
        return next((user.password_hash for user in desk.users() if user.name == name), "")

    return of


def _configure(app: Flask, settings: Settings, secret_key: bytes) -> None:
    app.config.update(
        SECRET_KEY=secret_key,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        SESSION_COOKIE_NAME="hra_xero_page",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.agent.public_url.startswith("https:"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.page.session_hours),
        # A page that refreshes itself must not keep its session alive for ever.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, and no page sends one
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _guard(app: Flask, settings: Settings) -> None:
    agent = settings.agent
    hosts = allowed_hosts(agent.public_url, agent.host, agent.port)
    always = headers()

    @app.before_request
    def only_own_name() -> None:
        if plain_host(request.environ.get("HTTP_HOST", ""), request.scheme) not in hosts:
            abort(
                Response(
                    "This is not the host you asked for.\n", MISDIRECTED, mimetype="text/plain"
                )
            )

    @app.after_request
    def shut(answer: Response) -> Response:
        answer.headers.update(always)
        return answer


def _tell_errors(app: Flask) -> None:
    @app.errorhandler(AgentError)
    def told(error: AgentError) -> ResponseReturnValue:
        return _message("That did not work", error.sentence()), 409

    @app.errorhandler(CSRFError)
    def too_old(_: CSRFError) -> ResponseReturnValue:
        return _message("Try again", TOO_OLD), 400

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        if error.response is not None or (error.code or 500) < 400:
            return error  # made on purpose, or a redirect
        text = NO_PAGE if error.code == 404 else NOT_TAKEN
        return _message("Not found" if error.code == 404 else "Not taken", text), error.code or 500

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> ResponseReturnValue:
        _log.error("page: %s", type(error).__name__)  # its text may hold anything
        return _message("Something went wrong", OUR_FAULT), 500


def _message(title: str, text: str) -> str:
    return render_template("message.html", title=title, text=text)
