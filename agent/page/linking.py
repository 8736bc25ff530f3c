"""The links page: who is linked to whom, and making, breaking and ignoring by hand (M6)."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from agent import report
from agent.errors import SIDE_NAMES
from agent.page.auth import Sessions
from agent.page.desk import Desk
from agent.page.inside import actor, signed_in
from agent.records import Choice

MOST_SHOWN = 200
LONGEST_ID = 100


def linking(desk: Desk, sessions: Sessions) -> Blueprint:
    """The blueprint, below /links."""
    page = Blueprint("linking", __name__, url_prefix="/links", template_folder="templates")
    inside = signed_in(sessions)

    @page.get("")
    @inside
    def everybody() -> ResponseReturnValue:
        links, wanted = desk.links(), request.args.get("find", "")[:LONGEST_ID]
        found = report.people(links, wanted)
        return render_template(
            "links.html",
            people=found[:MOST_SHOWN],
            found=len(found),
            total=len(links),
            wanted=wanted,
            ignored=[_ignored(scope) for scope in desk.ignored()],
        )

    @page.post("/<any(link, unlink, ignore, unignore):verb>")
    @inside
    def change(verb: str) -> ResponseReturnValue:
        flash(desk.answer(CHOICES[verb]()), "good")
        return redirect(url_for(".everybody"), 303)

    return page


def _link() -> Choice:
    return Choice("link", _id("hra_id"), actor(), other=_id("xero_id"))


def _unlink() -> Choice:
    return Choice("unlink", _id("hra_id"), actor())


def _ignore() -> Choice:
    side, id = request.form.get("side", ""), _id("id")
    if side not in SIDE_NAMES:
        abort(400)
    return Choice("ignore", id if side == "hra" else f"xero:{id}", actor())


def _unignore() -> Choice:
    return Choice("unignore", _id("who").removeprefix("hra:"), actor())


CHOICES: dict[str, Callable[[], Choice]] = {
    "link": _link,
    "unlink": _unlink,
    "ignore": _ignore,
    "unignore": _unignore,
}


def _id(name: str) -> str:
    given = request.form.get(name, "").strip()
    if not given or len(given) > LONGEST_ID:
        abort(400)
    return given


def _ignored(scope: str) -> tuple[str, str, str]:
    """An ignored person as (scope, side in words, id)."""
    side, _, id = scope.partition(":")
    return scope, SIDE_NAMES.get(side, side), id
