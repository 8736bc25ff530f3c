"""The status page with its buttons, the sign-in, health, and the status as JSON.

Every page but the sign-in and the health answer needs a session. The buttons answer 303, so that going back or
reloading starts nothing twice.
"""

from flask import (
    Blueprint,
    abort,
    flash,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue

from agent import report
from agent.errors import AgentError
from agent.page.answering import SEEN_ONLY
from agent.page.auth import Sessions, Throttle
from agent.page.desk import Desk
from agent.page.inside import actor, signed_in

RUNS = {"import": "Import", "export": "Export", "verify": "Verification"}
LONGEST_NAME = 100
LONGEST_PASSWORD = 1000
WRONG = "That name or password is not right."
ADMIN = "admin"
# What an import may be asked for besides (R2); an export has one way only.
IMPORT_MODES = ("authoritative", "changed", "all")
ON_AGAIN = "Switched on: schedules and eSS saves go on."


def pages(desk: Desk, sessions: Sessions, throttle: Throttle) -> Blueprint:
    """The blueprint of the status page, the doors, and what machines ask."""
    page = Blueprint(
        "page",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    inside = signed_in(sessions)

    @page.get("/")
    @inside
    def home() -> ResponseReturnValue:
        return render_template("status.html", status=desk.status(), seen_only=SEEN_ONLY)

    @page.post("/run/<any(import, export, verify):kind>")
    @inside
    def run(kind: str) -> ResponseReturnValue:
        mode = request.form.get("mode", IMPORT_MODES[0]) if kind == "import" else IMPORT_MODES[0]
        if mode not in IMPORT_MODES:
            abort(400)
        why_not = desk.start(kind, mode, actor(), fresh=request.form.get("fresh") == "yes")
        flash(why_not or f"{RUNS[kind]} started.", "warn" if why_not else "good")
        return redirect(url_for(".home"), 303)

    @page.post("/switch-on")
    @inside
    def switch_on() -> ResponseReturnValue:
        desk.switch_on(actor())
        flash(ON_AGAIN, "good")
        return redirect(url_for(".home"), 303)

    @page.get("/api/status")
    def api_status() -> ResponseReturnValue:
        if sessions.user(session) is None:
            return jsonify(error="Sign in first."), 401
        try:
            return jsonify(report.as_json(desk.status()))
        except AgentError as error:
            return jsonify(error=error.sentence()), 503

    @page.get("/healthz")
    def health() -> ResponseReturnValue:
        well, what = desk.health()
        return jsonify(status="ok") if well else (jsonify(status=what), 503)

    _doors(page, desk, sessions, throttle)
    return page


def _doors(page: Blueprint, desk: Desk, sessions: Sessions, throttle: Throttle) -> None:
    @page.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        if sessions.user(session) is not None:
            return redirect(url_for(".home"), 303)
        return render_template("sign_in.html", problem="", name="" if desk.users() else ADMIN)

    @page.post("/sign-in")
    def enter() -> ResponseReturnValue:
        address = request.remote_addr or ""
        user = request.form.get("user", "")[:LONGEST_NAME].strip()
        seconds = throttle.wait(user, address)
        if seconds:
            return _paused(seconds, user)
        password = request.form.get("password", "")[:LONGEST_PASSWORD]
        if not desk.check_password(user, password):
            return render_template("sign_in.html", problem=WRONG, name=user), 403
        throttle.passed(user, address)
        sessions.begin(session, user)
        session.permanent = True
        return redirect(url_for(".home"), 303)

    @page.post("/sign-out")
    def sign_out() -> ResponseReturnValue:
        sessions.end(session)
        return redirect(url_for(".sign_in"), 303)


def _paused(seconds: int, user: str) -> ResponseReturnValue:
    told = f"{seconds} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    problem = f"Too many wrong passwords. Wait {told}, then try again."
    answer = make_response(render_template("sign_in.html", problem=problem, name=user), 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
