"""Planned faults over a real port: what a caller sees, and that a fault meets exactly the calls it was planned for."""

import threading
from collections.abc import Iterator

import pytest
import requests
from flask import Flask, Response

from agent.sandbox.controls import Switch, Switches, controls
from agent.sandbox.faults import Fault, Faults, Shape
from agent.sandbox.server import CallLog, Served, serve

SWITCHES = {
    "arrays": Switch("replace", ("replace", "merge"), "A1"),
    "polls": Switch("2", ("#",), "A2"),
}


def _shape(status: int) -> Shape:
    def shape(fault: Fault) -> Response:
        answer = Response(f"vendor says {status}", status)
        if fault.retry_after is not None:
            answer.headers["Retry-After"] = str(fault.retry_after)
        return answer

    return shape


@pytest.fixture
def effects() -> list[str]:
    """What took effect on the far side."""
    return []


@pytest.fixture
def told() -> list[str]:
    """Which token faults were played."""
    return []


@pytest.fixture
def served(effects: list[str], told: list[str]) -> Iterator[Served]:
    app = Flask(__name__)
    switches = Switches(SWITCHES)
    CallLog().install(app, base="/api")
    Faults().install(
        app,
        base="/api",
        shapes={"refuse": _shape(400), "429": _shape(429)},
        expire_tokens=lambda: told.append("expired"),
        lose_refresh=lambda: told.append("lost"),
    )
    app.register_blueprint(controls(switches, lambda: {"effects": effects}))

    @app.route("/api/things/<name>", methods=["GET", "POST"])
    def thing(name: str) -> str:
        effects.append(name)
        return "done"

    @app.post("/token")
    def token() -> str:
        return "token"

    with serve(app) as running:
        yield running


def _faults(served: Served) -> Faults:
    found = served.app.config["FAULTS"]
    assert isinstance(found, Faults)
    return found


def test_a_planned_429_meets_one_call_with_its_retry_after_and_the_next_goes_through(
    served: Served,
) -> None:
    _faults(served).plan("429", retry_after=7)
    first = requests.get(f"{served.url}/api/things/a", timeout=5)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert requests.get(f"{served.url}/api/things/a", timeout=5).status_code == 200


def test_method_path_after_and_times_choose_the_calls(served: Served) -> None:
    _faults(served).plan("refuse", method="post", path="/things/b*", after=1, times=2)
    url = f"{served.url}/api/things"
    assert requests.get(f"{url}/b1", timeout=5).status_code == 200
    assert requests.post(f"{url}/other", timeout=5).status_code == 200
    seen = [requests.post(f"{url}/b1", timeout=5).status_code for _ in range(4)]
    assert seen == [200, 400, 400, 200]


def test_a_connection_dropped_before_the_write_leaves_no_effect(
    served: Served, effects: list[str]
) -> None:
    _faults(served).plan("drop_before", method="POST")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{served.url}/api/things/lost", timeout=5)
    assert effects == []


def test_a_connection_dropped_after_the_write_leaves_the_effect_and_no_answer(
    served: Served, effects: list[str]
) -> None:
    _faults(served).plan("drop_after", method="POST")
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{served.url}/api/things/kept", timeout=5)
    assert effects == ["kept"]
    calls: CallLog = served.app.config["CALLS"]
    assert [(c.template, c.status) for c in calls.calls()] == [("/things/<name>", 0)]


def test_an_outage_is_html_and_a_500_is_a_500(served: Served) -> None:
    _faults(served).plan("503_html")
    _faults(served).plan("500")
    outage = requests.get(f"{served.url}/api/things/a", timeout=5)
    assert outage.status_code == 503
    assert outage.headers["Content-Type"].startswith("text/html")
    assert requests.get(f"{served.url}/api/things/a", timeout=5).status_code == 500


def test_a_hanging_call_goes_on_once_released(served: Served) -> None:
    _faults(served).plan("hang", seconds=20)
    answers: list[int] = []
    caller = threading.Thread(
        target=lambda: answers.append(
            requests.get(f"{served.url}/api/things/slow", timeout=15).status_code
        )
    )
    caller.start()
    while _faults(served).planned():
        caller.join(0.01)
    assert answers == []
    _faults(served).release()
    caller.join(5)
    assert answers == [200]


def test_a_hanging_call_times_out_at_the_caller(served: Served) -> None:
    _faults(served).plan("hang", seconds=20)
    with pytest.raises(requests.Timeout):
        requests.get(f"{served.url}/api/things/slow", timeout=0.1)


def test_a_bare_star_spares_token_calls_and_a_named_path_meets_them(served: Served) -> None:
    _faults(served).plan("500", times=0)
    assert requests.post(f"{served.url}/token", timeout=5).status_code == 200
    _faults(served).plan("429", path="/token")
    assert requests.post(f"{served.url}/token", timeout=5).status_code == 429


def test_token_faults_act_at_once_or_at_the_call_they_name(served: Served, told: list[str]) -> None:
    _faults(served).plan("lose_refresh")
    assert told == ["lost"]
    _faults(served).plan("expire_tokens", after=1)
    requests.get(f"{served.url}/api/things/a", timeout=5)
    assert told == ["lost"]
    requests.get(f"{served.url}/api/things/a", timeout=5)
    assert told == ["lost", "expired"]


def test_an_unknown_fault_is_refused(served: Served) -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        _faults(served).plan("melt")
    answer = requests.post(f"{served.url}/_sandbox/faults", json={"kind": "melt"}, timeout=5)
    assert answer.status_code == 400


def test_faults_switches_counts_and_state_work_from_another_process(served: Served) -> None:
    desk = f"{served.url}/_sandbox"
    assert (
        requests.post(f"{desk}/faults", json={"kind": "500", "times": 0}, timeout=5).status_code
        == 204
    )
    assert requests.get(f"{served.url}/api/things/a", timeout=5).status_code == 500
    assert requests.delete(f"{desk}/faults", timeout=5).status_code == 204
    assert requests.post(f"{served.url}/api/things/a", timeout=5).status_code == 200
    counts = requests.get(f"{desk}/calls", timeout=5).json()
    assert (counts["reads"], counts["writes"]) == (1, 1)
    assert counts["by_route"] == {"GET /things/<name>": 1, "POST /things/<name>": 1}
    requests.post(f"{desk}/reset-calls", timeout=5)
    assert requests.get(f"{desk}/calls", timeout=5).json()["total"] == 0
    assert requests.get(f"{desk}/state", timeout=5).json() == {"effects": ["a"]}


def test_switches_turn_and_refuse_what_they_do_not_know(served: Served) -> None:
    desk = f"{served.url}/_sandbox/switches"
    turned = requests.post(desk, json={"arrays": "merge", "polls": 5}, timeout=5)
    assert turned.json() == {"arrays": "merge", "polls": "5"}
    assert requests.post(desk, json={"arrays": "perhaps"}, timeout=5).status_code == 400
    assert requests.post(desk, json={"no_such": "x"}, timeout=5).status_code == 400
    assert requests.post(desk, json=["x"], timeout=5).status_code == 400


def test_latency_is_spent_half_before_and_half_after_the_effect() -> None:
    app = Flask(__name__)
    seen: list[str] = []

    @app.get("/x")
    def effect() -> str:
        seen.append("effect")
        return "ok"

    with serve(app, latency_ms=30, sleep=lambda seconds: seen.append(f"{seconds:.3f}")) as running:
        assert requests.get(f"{running.url}/x", timeout=5).status_code == 200
    assert seen == ["0.015", "effect", "0.015"]


def test_a_taken_port_is_an_error_and_a_stopped_port_is_free_again() -> None:
    app = Flask(__name__)
    with serve(app) as running:
        port = running.port
        with pytest.raises(OSError, match="in use"):
            serve(app, port)
    with serve(app, port) as again:
        assert again.port == port
