"""The rows that wait for a person: one opened, with both records as they are now, and the person's answer.

Values are read when a row is opened and go to the eyes only: the answer carries `mark`, which stands for what was shown.
What decides about values, people or a plan is taken from the opened row alone: nobody decides unseen.
"""

from contextlib import suppress

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from agent.errors import AgentError, NotPossible
from agent.page.auth import Sessions
from agent.page.desk import Desk
from agent.page.inside import actor, name, signed_in
from agent.page.planned import intentions
from agent.records import Choice
from agent.report import Need

GONE = (
    "This row has left the list: its cause is gone, somebody has answered it, or a value changed. What still waits stands "
    "on the list anew."
)
NOT_SHOWN = (
    "This was not answered, since what it decides about was not shown, or has changed since. Open the row and decide by "
    "what stands there."
)
NOT_ONE = "These two cannot be linked from this row."
# A choice of the button's own name, or a resolution that uses one side.
PLAIN = frozenset({"retry", "approve", "reject", "dismiss"})
USES = {"use_hra": "hra", "use_xero": "xero"}
OF_PERSON = frozenset({"create", "ignore"})
# Answers to what both sides hold, or to a plan: given where that is seen, and to nothing else.
SEEN_ONLY = frozenset({"approve", "reject", "use_hra", "use_xero", "create", "link"})


def answering(desk: Desk, sessions: Sessions) -> Blueprint:
    """The blueprint, below /attention."""
    page = Blueprint("answering", __name__, url_prefix="/attention", template_folder="templates")
    inside = signed_in(sessions)

    @page.get("/<id>")
    @inside
    def row(id: str) -> ResponseReturnValue:
        need, opened, problem = _need(desk, id), None, ""
        if need is None:
            return _left()
        try:
            opened = desk.opened(id)
            problem = opened.problem
        except AgentError as error:
            problem = error.sentence()
        # Reading may have found other values: then another row stands for the same matter.
        need = _need(desk, opened.id if opened else id)
        if need is None:
            return _left()
        plan = intentions(opened.planned) if opened else None
        return render_template("row.html", need=need, opened=opened, problem=problem, plan=plan)

    @page.post("/<id>")
    @inside
    def answer(id: str) -> ResponseReturnValue:
        need = _need(desk, id)
        if need is None:
            raise NotPossible(GONE)
        flash(desk.answer(_choice(need, _own(desk))), "good")
        return redirect(url_for("page.home"), 303)

    @page.errorhandler(AgentError)
    def told(error: AgentError) -> ResponseReturnValue:
        return render_template(
            "message.html",
            title="That did not work",
            text=error.sentence(),
            back=_back(desk, str((request.view_args or {}).get("id", ""))),
        ), 409

    return page


def _need(desk: Desk, id: str) -> Need | None:
    return next((need for need in desk.status().needs if need.id == id), None)


def _left() -> ResponseReturnValue:
    return render_template("message.html", title="Not on the list", text=GONE), 404


def _back(desk: Desk, id: str) -> str | None:
    """Where the row stands, if it still does."""
    with suppress(AgentError):
        return url_for(".row", id=id) if _need(desk, id) else None
    return None


def _own(desk: Desk) -> str:
    """The HRA id of the signed-in person's own record, "" where it is not known."""
    return next((user.employee for user in desk.users() if user.name == name()), "")


def _choice(need: Need, own: str) -> Choice:
    verb = request.form.get("verb", "")
    mark = request.form.get("mark", "")
    if verb in SEEN_ONLY and mark != need.mark:
        raise NotPossible(NOT_SHOWN, moved=True)
    if verb in PLAIN:
        return Choice(verb, need.id, actor(), mark=mark, own=own)
    if verb in USES:
        return Choice("resolve", need.id, actor(), use=USES[verb], mark=mark, own=own)
    if verb in OF_PERSON:
        return Choice(verb, _person(need), actor(), mark=mark, own=own)
    if verb == "link":
        hra_id, xero_id = _two(need, request.form.get("partner", ""))
        return Choice("link", hra_id, actor(), other=xero_id, mark=mark, own=own)
    abort(400)


def _person(need: Need) -> str:
    """Who a row of the match desk is about, as a Choice names them."""
    return need.hra_id or f"xero:{need.xero_id}"


def _two(need: Need, partner: str) -> tuple[str, str]:
    """HRA id and Xero id of a row and the partner that was pressed (`side:id`)."""
    side, _, id = partner.partition(":")
    if side == "xero" and id and need.hra_id and not need.xero_id:
        return need.hra_id, id
    if side == "hra" and id and need.xero_id and not need.hra_id:
        return id, need.xero_id
    raise NotPossible(NOT_ONE)
