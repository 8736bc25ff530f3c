"""The door for commands of this machine while `run` holds the data directory.

Only for callers of this machine that prove to hold the agent's key (`agent.page.proving`), as whoever may read the
data directory does. Not part of the page: no cookie opens it. A command speaks as `command`, or as `command:NAME` with
that page user's password: nobody becomes a second person by saying so (S2).
"""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Protocol

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from agent.config import Settings
from agent.errors import AgentError, NotPossible
from agent.page.proving import NONCE_LENGTH, Proofs, local_address, near
from agent.pair import Pair
from agent.records import Choice
from agent.results import COMMAND, attention_rows, choice_of, failed, link_rows
from agent.sync import Answer, Opened

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
KINDS = ("import", "export", "verify")
VERIFY = "verify"  # writes nothing anyway, and takes no mode
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

    def begin_run(
        self, kind: str, mode: str, dry_run: bool, employee: str | None, fresh: bool = False
    ) -> str: ...

    def apply(self, plan_text: str, actor: str) -> str: ...

    def let_through(self, hash: str, actor: str) -> str: ...

    def run_state(self, id: str) -> dict[str, Any] | None: ...

    def stop_run(self, id: str) -> None: ...

    def backup(self) -> str: ...

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
    _guard(desk, room.pair.settings, token)
    _runs(desk, room)
    _sides(desk, room)
    _choices(desk, room)
    return desk


def _guard(desk: Blueprint, settings: Settings, token: str) -> None:
    proofs = Proofs(token, local_address(settings))
    callers = near(settings.agent.host)

    @desk.before_request
    def only_this_machine() -> None:
        from_here = request.remote_addr in callers and not any(
            name in request.headers for name in FORWARDED
        )
        given = request.headers.get("Authorization", "")
        greets = request.endpoint == f"{desk.name}.hello"
        if not from_here or not (greets or proofs.holds(given, request.method, request.path)):
            abort(404)  # a stranger is not told that there is a door
        if not greets:
            request.max_content_length = LARGEST_PLAN

    @desk.post("/hello")
    def hello() -> Response:
        callers = _text("nonce")
        return _json(proofs.hello(callers)) if len(callers) == NONCE_LENGTH else abort(400)

    @desk.errorhandler(AgentError)
    def told(error: AgentError) -> ResponseReturnValue:
        return _json(failed(error)), 409


def _runs(desk: Blueprint, room: Room) -> None:
    @desk.get("/status")
    def status() -> Response:
        return _json(room.plain_status())

    @desk.post("/run")
    def begin() -> Response:
        asked = _asked()
        kind, mode = asked.get("kind"), asked.get("mode", "authoritative")
        if kind not in KINDS or mode not in MODES:
            abort(400)
        # Everybody only where nobody is named: an empty id is a slip, and not a run of all.
        employee = None if asked.get("employee") is None else _text("employee")
        dry_run, fresh = bool(asked.get("dry_run")), bool(asked.get("fresh"))
        if kind == VERIFY and (dry_run or mode != MODES[0]):
            abort(400)
        return _json({"id": room.begin_run(kind, mode, dry_run, employee, fresh)})

    @desk.post("/apply")
    def apply() -> Response:
        return _json({"id": room.apply(_text("plan"), COMMAND)})

    @desk.post("/let-through")
    def let_through() -> Response:
        return _json({"id": room.let_through(_text("hash"), COMMAND)})

    @desk.get("/run/<id>")
    def state(id: str) -> Response:
        found = room.run_state(id)
        return _json(found) if found is not None else abort(404)

    @desk.post("/backup")
    def backup() -> Response:
        return _json({"backup": room.backup()})

    @desk.post("/run/<id>/stop")
    def stop(id: str) -> ResponseReturnValue:
        room.stop_run(id)
        return "", 204


def _sides(desk: Blueprint, room: Room) -> None:
    @desk.route(f"/connect/{_SIDE}", methods=["GET", "POST"])
    def connect(side: str) -> Response:
        if request.method == "POST":
            return _json({"address": room.connect(side, COMMAND)})
        return _json(room.sign_in(side))

    @desk.post(f"/disconnect/{_SIDE}")
    def disconnect(side: str) -> Response:
        return _json({"sentence": room.disconnect(side, COMMAND)})

    @desk.route("/switch", methods=["GET", "POST"])
    def switch() -> Response:
        if request.method == "POST":
            turn: Callable[[str], None] = room.switch_on if _asked().get("on") else room.switch_off
            turn(COMMAND)
        return _json({"standing": room.pair.store.standing()})


def _choices(desk: Blueprint, room: Room) -> None:
    @desk.get("/attention")
    def attention() -> Response:
        return _json(attention_rows(room.pair.store.attention()))

    @desk.get("/links")
    def links() -> Response:
        store = room.pair.store
        ignored = {side: store.ignored(side) for side in SIDES}
        return _json(link_rows(store.links(), ignored))

    @desk.get("/opened")
    def opened() -> Response:
        return _json(asdict(room.opened(request.args.get("id", ""))))

    @desk.post("/answer")
    def answer() -> Response:
        try:
            choice = choice_of(_asked(), *_actor(room))
        except ValueError:
            abort(400)
        answered = room.answer(choice)
        return _json({"sentence": answered.sentence, "exit": answered.exit})


def _actor(room: Room) -> tuple[str, str]:
    """Who speaks, and the HRA id of their own record. Raises NotPossible for a wrong password."""
    asked = _asked()
    name = asked.get("user", "")
    if not name:
        return COMMAND, ""
    if not room.check_password(str(name), str(asked.get("password", ""))):
        raise NotPossible(WRONG_PASSWORD)
    user = room.pair.store.user(name)
    return f"{COMMAND}:{name}", user.employee if user else ""


def _asked() -> dict[str, Any]:
    asked = request.get_json()
    return asked if isinstance(asked, dict) else abort(400)


def _text(name: str) -> str:
    found = _asked().get(name)
    return found if isinstance(found, str) and found.strip() else abort(400)


def _json(told: Any) -> Response:
    """As it stands: Flask's own would sort the names, and a command would print another order than without the door."""
    return Response(json.dumps(told), mimetype="application/json")
