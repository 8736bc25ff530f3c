"""The door for commands of this machine while `run` holds the data directory.

Loopback only, and only with the bearer derived from the agent's key, which whoever may read the data directory
has. Not part of the page: no cookie opens it. A command speaks as `command`, or as a page user whose password it
brings: nobody becomes a second person by saying so (S2).
"""

import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from agent.errors import AgentError, NotPossible
from agent.pair import Pair
from agent.records import Choice
from agent.results import COMMAND, attention_rows, choice_of, failed, link_rows
from agent.sync import Answer, Opened

NEAR = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
KINDS = ("import", "export")
MODES = ("authoritative", "changed", "all")
SIDES = ("hra", "xero")
LARGEST_PLAN = 64 * 1024 * 1024  # a plan of 10,000 people has some 20 MB
WRONG_PASSWORD = "The name or the password is not right. Nothing was done."

_SIDE = "<any(hra, xero):side>"


class Room(Protocol):
    """What stands behind the door. What begins a run gives its id, "" while another one is under way."""

    @property
    def pair(self) -> Pair: ...

    def plain_status(self) -> dict[str, Any]: ...

    def begin_run(self, kind: str, mode: str, dry_run: bool, employee: str | None) -> str: ...

    def apply(self, plan_text: str, actor: str) -> str: ...

    def let_through(self, hash: str, actor: str) -> str: ...

    def run_state(self, id: str) -> dict[str, Any] | None: ...

    def stop_run(self, id: str) -> None: ...

    def connect(self, side: str, actor: str) -> str: ...

    def sign_in(self, side: str) -> dict[str, Any]: ...

    def disconnect(self, side: str, actor: str) -> str: ...

    def switch_on(self, actor: str) -> None: ...

    def switch_off(self, actor: str) -> None: ...

    def opened(self, attention_id: str) -> Opened: ...

    def answer(self, choice: Choice) -> Answer: ...

    def check_password(self, user: str, password: str) -> bool: ...


def control(room: Room, token: str) -> Blueprint:
    """The blueprint, below /control."""
    desk = Blueprint("control", __name__, url_prefix="/control")

    @desk.before_request
    def only_this_machine() -> None:
        given = request.headers.get("Authorization", "")
        near = request.remote_addr in NEAR and not any(
            name in request.headers for name in FORWARDED
        )
        if not near or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            abort(404)  # a stranger is not told that there is a door
        request.max_content_length = LARGEST_PLAN

    @desk.errorhandler(AgentError)
    def told(error: AgentError) -> ResponseReturnValue:
        return jsonify(failed(error)), 409

    _runs(desk, room)
    _sides(desk, room)
    _choices(desk, room)
    return desk


def _runs(desk: Blueprint, room: Room) -> None:
    @desk.get("/status")
    def status() -> Response:
        return jsonify(room.plain_status())

    @desk.post("/run")
    def begin() -> Response:
        asked = _asked()
        kind, mode = asked.get("kind"), asked.get("mode", "authoritative")
        if kind not in KINDS or mode not in MODES:
            abort(400)
        id = room.begin_run(kind, mode, bool(asked.get("dry_run")), asked.get("employee") or None)
        return jsonify(id=id)

    @desk.post("/apply")
    def apply() -> Response:
        return jsonify(id=room.apply(_text("plan"), COMMAND))

    @desk.post("/let-through")
    def let_through() -> Response:
        return jsonify(id=room.let_through(_text("hash"), COMMAND))

    @desk.get("/run/<id>")
    def state(id: str) -> Response:
        found = room.run_state(id)
        return jsonify(found) if found is not None else abort(404)

    @desk.post("/run/<id>/stop")
    def stop(id: str) -> ResponseReturnValue:
        room.stop_run(id)
        return "", 204


def _sides(desk: Blueprint, room: Room) -> None:
    @desk.route(f"/connect/{_SIDE}", methods=["GET", "POST"])
    def connect(side: str) -> Response:
        if request.method == "POST":
            return jsonify(address=room.connect(side, COMMAND))
        return jsonify(room.sign_in(side))

    @desk.post(f"/disconnect/{_SIDE}")
    def disconnect(side: str) -> Response:
        return jsonify(sentence=room.disconnect(side, COMMAND))

    @desk.route("/switch", methods=["GET", "POST"])
    def switch() -> Response:
        if request.method == "POST":
            turn: Callable[[str], None] = room.switch_on if _asked().get("on") else room.switch_off
            turn(COMMAND)
        return jsonify(standing=room.pair.store.standing())


def _choices(desk: Blueprint, room: Room) -> None:
    @desk.get("/attention")
    def attention() -> Response:
        return jsonify(attention_rows(room.pair.store.attention()))

    @desk.get("/links")
    def links() -> Response:
        store = room.pair.store
        ignored = {side: store.ignored(side) for side in SIDES}
        return jsonify(link_rows(store.links(), ignored))

    @desk.get("/opened/<id>")
    def opened(id: str) -> Response:
        return jsonify(asdict(room.opened(id)))

    @desk.post("/answer")
    def answer() -> Response:
        try:
            choice = choice_of(_asked(), *_actor(room))
        except ValueError:
            abort(400)
        answered = room.answer(choice)
        return jsonify(sentence=answered.sentence, exit=answered.exit)


def _actor(room: Room) -> tuple[str, str]:
    """Who speaks, and the HRA id of their own record. Raises NotPossible for a wrong password."""
    asked = _asked()
    name = asked.get("user", "")
    if not name:
        return COMMAND, ""
    if not room.check_password(str(name), str(asked.get("password", ""))):
        raise NotPossible(WRONG_PASSWORD)
    user = room.pair.store.user(name)
    return f"page:{name}", user.employee if user else ""


def _asked() -> dict[str, Any]:
    asked = request.get_json()
    return asked if isinstance(asked, dict) else abort(400)


def _text(name: str) -> str:
    found = _asked().get(name)
    return found if isinstance(found, str) and found else abort(400)
