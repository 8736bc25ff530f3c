"""Connecting a side: off to the vendor, back with a one-time state, the choice where a sign-in sees several; and
disconnecting.

The way back needs no session: its one-time `state` authorises it, since the command `connect` takes the same way,
and since the vendor may lead back to another name of this machine than the page was opened under. The choice that
follows is authorised by a token of its own, shown to that person once.
"""

import secrets
import threading
from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from agent.errors import SIDE_NAMES
from agent.page.auth import Clock, Sessions
from agent.page.desk import Desk, Option
from agent.page.inside import actor, signed_in

NOUNS = {"hra": "account", "xero": "organisation"}
CHOICE_LASTS = timedelta(minutes=15)
REFUSALS = {
    "access_denied": "You did not agree to it, so {name} stays as it was. Nothing was changed.",
}
REFUSED = "{name} did not complete the sign-in. Nothing was changed; try again."
CONNECTED = "{name} is connected."
SIGNED_IN_ONLY = "{name} is linked, but it does not work yet."
CLOSE = "You can close this window, or sign in to see the status page."
GONE = "This choice was made already, or is too old. Connect again from the status page."
SIDE = "<any(hra, xero):side>"


class Choices:
    """The choices that wait for a person: one a side, each for its token, for a quarter of an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[str, datetime]] = {}

    def offer(self, side: str) -> str:
        """A fresh token; an earlier choice of that side is void."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._waiting[side] = (token, self._clock() + CHOICE_LASTS)
        return token

    def take(self, side: str, token: str) -> bool:
        """Whether this token stands for that side's choice; it does so once."""
        with self._lock:
            known, until = self._waiting.get(side, ("", self._clock()))
            fits = bool(known) and secrets.compare_digest(known.encode(), token.encode())
            if fits:
                del self._waiting[side]
            return fits and self._clock() < until


def connecting(desk: Desk, sessions: Sessions, choices: Choices) -> Blueprint:
    """The blueprint, below /connect."""
    page = Blueprint("connecting", __name__, url_prefix="/connect", template_folder="templates")

    @page.post(f"/{SIDE}")
    @signed_in(sessions)
    def begin(side: str) -> ResponseReturnValue:
        # A page that leads on, not a redirect: browsers hold the redirects of a form to the policy's form-action, and a
        # vendor's sign-in goes where no policy of ours can know.
        return render_template(
            "leaving.html", name=SIDE_NAMES[side], address=desk.connect(side, actor())
        )

    @page.post(f"/{SIDE}/disconnect")
    @signed_in(sessions)
    def disconnect(side: str) -> ResponseReturnValue:
        flash(desk.disconnect(side, actor()), "warn")
        return redirect(url_for("page.home"), 303)

    @page.get(f"/{SIDE}/callback")
    def back(side: str) -> ResponseReturnValue:
        state, code = request.args.get("state", ""), request.args.get("code", "")
        if not (state and code):
            told = REFUSALS.get(request.args.get("error", ""), REFUSED)
            told = told.format(name=SIDE_NAMES[side])
            if state:
                desk.refused(side, state, told)  # whoever waits for this sign-in hears of its end
            return _refused(side, told)
        options = desk.connected(side, state, code)
        return _choice(side, options, choices) if options else _done(desk, side, sessions)

    @page.post(f"/{SIDE}/choose")
    def choose(side: str) -> ResponseReturnValue:
        if not choices.take(side, request.form.get("token", "")):
            return render_template("message.html", title="Not chosen", text=GONE), 400
        desk.choose(side, request.form.get("id", ""))
        return _done(desk, side, sessions)

    return page


def _choice(side: str, options: tuple[Option, ...], choices: Choices) -> ResponseReturnValue:
    return render_template(
        "choose.html",
        side=side,
        name=SIDE_NAMES[side],
        noun=NOUNS[side],
        options=options,
        token=choices.offer(side),
    )


def _refused(side: str, text: str) -> ResponseReturnValue:
    return render_template(
        "message.html", title=f"{SIDE_NAMES[side]} is not connected", text=text
    ), 400


def _done(desk: Desk, side: str, sessions: Sessions) -> ResponseReturnValue:
    """Tells how the side stands now: a sign-in that went well may still not be allowed to do the work (L3)."""
    now = next(one for one in desk.status().sides if one.side == side)
    told = (CONNECTED if now.connected else SIGNED_IN_ONLY).format(name=now.name)
    why = "" if now.connected else now.reason
    if sessions.user(session) is not None:
        flash(f"{told} {why}".rstrip(), "good" if now.connected else "warn")
        return redirect(url_for("page.home"), 303)
    return render_template("message.html", title=told, text=f"{why} {CLOSE}".lstrip())
