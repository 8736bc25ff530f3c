"""The door for commands of this machine while `run` holds the data directory.

Loopback only, and only with the bearer derived from the agent's key, which whoever may read the data directory
has. Not part of the page: no cookie opens it.
"""

import hmac
from typing import Any, Protocol

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from agent.errors import AgentError
from agent.results import failed

NEAR = frozenset({"127.0.0.1", "::1"})
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
KINDS = ("import", "export")
MODES = ("authoritative", "changed", "all")
SIDES = ("hra", "xero")


class Room(Protocol):
    """What stands behind the door."""

    def plain_status(self) -> dict[str, Any]: ...

    def begin_run(self, kind: str, mode: str, dry_run: bool, employee: str | None) -> str: ...

    def run_state(self, id: str) -> dict[str, Any] | None: ...

    def stop_run(self, id: str) -> None: ...

    def connect(self, side: str) -> str: ...

    def sign_in(self, side: str) -> dict[str, Any]: ...


def control(room: Room, token: str) -> Blueprint:
    """The blueprint, below /control. `begin_run` gives an id, "" while another run is under way."""
    desk = Blueprint("control", __name__, url_prefix="/control")

    @desk.before_request
    def only_this_machine() -> None:
        given = request.headers.get("Authorization", "")
        near = request.remote_addr in NEAR and not any(
            name in request.headers for name in FORWARDED
        )
        if not near or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            abort(404)  # a stranger is not told that there is a door

    @desk.errorhandler(AgentError)
    def told(error: AgentError) -> ResponseReturnValue:
        return jsonify(failed(error)), 409

    @desk.get("/status")
    def status() -> Response:
        return jsonify(room.plain_status())

    @desk.post("/run")
    def begin() -> Response:
        asked = request.get_json()
        kind, mode = asked.get("kind"), asked.get("mode", "authoritative")
        if kind not in KINDS or mode not in MODES:
            abort(400)
        id = room.begin_run(kind, mode, bool(asked.get("dry_run")), asked.get("employee") or None)
        return jsonify(id=id)

    @desk.get("/run/<id>")
    def state(id: str) -> Response:
        found = room.run_state(id)
        return jsonify(found) if found is not None else abort(404)

    @desk.post("/run/<id>/stop")
    def stop(id: str) -> ResponseReturnValue:
        room.stop_run(id)
        return "", 204

    @desk.route("/connect/<side>", methods=["GET", "POST"])
    def connect(side: str) -> Response:
        if side not in SIDES:
            abort(404)
        if request.method == "POST":
            return jsonify(address=room.connect(side))
        return jsonify(room.sign_in(side))

    return desk
