"""What a test or a person may turn on a running sandbox from outside: faults, switches, counts, state.

Not part of any vendor, reachable from loopback only. `Switches` holds the named variants of behaviour that the vendors
leave undocumented; a name or value that does not exist is refused, so that no test believes to have turned something.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

NEAR = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True)
class Switch:
    """One undocumented behaviour: its variants, the default, and the assumption it plays."""

    default: str
    values: tuple[str, ...]  # ("*",) takes anything, ("#",) a whole number
    plays: str


class Switches:
    """The switches of one sandbox. Thread-safe. `switches["name"]` is the present value."""

    def __init__(self, table: Mapping[str, Switch], given: Mapping[str, str] | None = None) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._now = {name: switch.default for name, switch in table.items()}
        for name, value in (given or {}).items():
            self.set(name, value)

    def __getitem__(self, name: str) -> str:
        with self._lock:
            return self._now[name]

    def set(self, name: str, value: str) -> None:
        """Turn one switch. Raises ValueError for an unknown name or value."""
        switch = self._table.get(name)
        if switch is None:
            raise ValueError(f"unknown switch {name!r}: one of {', '.join(self._table)}")
        if not _takes(switch, value):
            raise ValueError(f"switch {name!r} takes {', '.join(switch.values)}, not {value!r}")
        with self._lock:
            self._now[name] = value

    def as_dict(self) -> dict[str, str]:
        with self._lock:
            return dict(self._now)


def _takes(switch: Switch, value: str) -> bool:
    if switch.values == ("*",):
        return True
    if switch.values == ("#",):
        return value.isdigit()
    return value in switch.values


def controls(switches: Switches, state: Callable[[], Any]) -> Blueprint:
    """The `/_sandbox` addresses. Needs FAULTS and CALLS in the app's config; `state` gives all of it as plain data."""
    desk = Blueprint("sandbox_controls", __name__, url_prefix="/_sandbox")

    @desk.before_request
    def only_near() -> tuple[Response, int] | None:
        if request.remote_addr in NEAR:
            return None
        return jsonify(error="loopback only"), 403

    @desk.errorhandler(ValueError)
    @desk.errorhandler(TypeError)
    def wrong(error: Exception) -> tuple[Response, int]:
        return jsonify(error=str(error)), 400

    desk.add_url_rule("/faults", "plan", _plan, methods=["POST"])
    desk.add_url_rule("/faults", "planned", _planned, methods=["GET"])
    desk.add_url_rule("/faults", "clear", _clear, methods=["DELETE"])
    desk.add_url_rule("/faults/land", "land", _land, methods=["POST"])
    desk.add_url_rule("/calls", "calls", _calls)
    desk.add_url_rule("/reset-calls", "reset", _reset, methods=["POST"])

    @desk.route("/switches", methods=["GET", "POST"])
    def turn() -> Response:
        if request.method == "POST":
            for name, value in _object().items():
                switches.set(str(name), str(value))
        return jsonify(switches.as_dict())

    @desk.get("/state")
    def whole() -> Response:
        return jsonify(state())

    return desk


def _object() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise TypeError("a JSON object is needed")
    return body


def _plan() -> tuple[str, int]:
    current_app.config["FAULTS"].plan(**_object())
    return "", 204


def _planned() -> Response:
    return jsonify(current_app.config["FAULTS"].planned())


def _clear() -> tuple[str, int]:
    current_app.config["FAULTS"].clear()
    return "", 204


def _land() -> Response:
    return jsonify(current_app.config["FAULTS"].land())


def _calls() -> Response:
    return jsonify(current_app.config["CALLS"].counts())


def _reset() -> tuple[str, int]:
    current_app.config["CALLS"].reset()
    return "", 204
