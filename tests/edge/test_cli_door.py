"""The door for commands of this machine: who may speak there, as whom, and what it takes."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from agent.control import Control, Elsewhere, token_of
from agent.page.proving import agents_proof, callers_proof, local_address
from agent.records import Choice
from agent.results import choice_of, choice_plain
from agent.service import Service
from agent.sync import Answer
from agent.vault import Key
from tests.edge.cli_house import Terminal
from tests.edge.service_house import PASSWORD, House, quick_times

NONCE = "a" * 64
PATHS = [
    ("GET", "/attention"), ("GET", "/links"), ("GET", "/opened"), ("GET", "/switch"), ("POST", "/answer"),
    ("POST", "/apply"), ("POST", "/let-through"), ("POST", "/disconnect/hra"), ("POST", "/switch"),
    ("POST", "/backup"),
]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all: nothing here changes a record."""
    made = House(tmp_path_factory.mktemp("door") / "data")
    made.connect()
    yield made
    made.close()


@pytest.fixture
def key(house: House) -> Key:
    return Key.open(house.settings.agent.data_dir, {})


@pytest.fixture
def answered(house: House, monkeypatch: pytest.MonkeyPatch) -> list[Choice]:
    """The choices that reach the service, which here only listens."""
    choices: list[Choice] = []

    def heard(choice: Choice) -> Answer:
        choices.append(choice)
        return Answer("Heard.")

    monkeypatch.setattr(house.service, "answer", heard)
    return choices


def sent(
    house: House, method: str, path: str, body: object = None, header: str = ""
) -> tuple[int, bytes]:
    """The agent's answer to a request as anybody could make it."""
    line = HTTPConnection(local_address(house.settings))
    headers = {"Content-Type": "application/json", "Authorization": header}
    data = None if method == "GET" else json.dumps(body)
    line.request(method, f"/control{path}", data, headers)
    answer = line.getresponse()
    text = answer.read()
    line.close()
    return answer.status, text


def proof(house: House, key: Key, path: str, method: str = "POST", address: str = "") -> str:
    """What somebody with this key sends with a request."""
    nonce = json.loads(sent(house, "POST", "/hello", {"nonce": NONCE})[1])["nonce"]
    address = address or local_address(house.settings)
    return (
        f"Proof {nonce}:{callers_proof(token_of(key), address, nonce, method, f'/control{path}')}"
    )


def asked(
    house: House, key: Key, path: str, body: object = None, method: str = "POST"
) -> tuple[int, bytes]:
    """The door's answer to somebody with this key."""
    return sent(house, method, path, body, proof(house, key, path, method))


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_finds_the_door_without_the_key_or_from_afar(
    house: House, key: Key, method: str, path: str
) -> None:
    assert asked(house, Key(b"x" * 32), path, {}, method)[0] == 404
    assert sent(house, method, path, {}, f"Bearer {token_of(key)}")[0] == 404
    client = house.service.app.test_client()
    for told, where in (({"X-Forwarded-For": "10.0.0.7"}, "127.0.0.1"), ({}, "10.0.0.7")):
        answer = client.open(
            f"/control{path}",
            method=method,
            base_url=house.page,
            headers={"Authorization": proof(house, key, path, method), **told},
            environ_base={"REMOTE_ADDR": where},
        )
        assert answer.status_code == 404


def test_the_door_answers_no_hello_from_afar_and_none_that_is_no_random_number(
    house: House,
) -> None:
    client = house.service.app.test_client()
    for where, nonce, status in (
        ("10.0.0.7", NONCE, 404), ("127.0.0.1", NONCE, 200), ("127.0.0.1", "", 400), ("127.0.0.1", "a", 400),
    ):  # fmt: skip
        answer = client.post(
            "/control/hello",
            base_url=house.page,
            json={"nonce": nonce},
            environ_base={"REMOTE_ADDR": where},
        )
        assert answer.status_code == status, (where, nonce)


def test_S4_a_proof_opens_the_door_once_and_for_one_request_at_one_address(
    house: House, key: Key
) -> None:
    header = proof(house, key, "/links", "GET")
    assert sent(house, "GET", "/links", header=header)[0] == 200
    assert sent(house, "GET", "/links", header=header)[0] == 404
    assert sent(house, "GET", "/links", header=proof(house, key, "/attention", "GET"))[0] == 404
    assert sent(house, "POST", "/switch", {}, proof(house, key, "/switch", "GET"))[0] == 404
    passed_on = proof(house, key, "/links", "GET", "127.0.0.1:1")
    assert sent(house, "GET", "/links", header=passed_on)[0] == 404


def test_S4_a_flood_of_hellos_keeps_no_more_numbers_than_it_should(
    house: House, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.page.proving.MOST_OPEN", 2)
    first = proof(house, key, "/links", "GET")
    second = proof(house, key, "/links", "GET")
    proof(house, key, "/links", "GET")
    assert sent(house, "GET", "/links", header=first)[0] == 404
    assert sent(house, "GET", "/links", header=second)[0] == 200


class Squatter:
    """Another program that listens on the agent's port, answers as it likes, and keeps what it was sent."""

    def __init__(self, house: House, answers: dict[str, Any]) -> None:
        self.got: list[bytes] = []
        squatter = self

        class Listening(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                squatter.got += [self.path.encode(), bytes(self.headers), self.rfile.read(length)]
                text = json.dumps(answers).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST

            def log_message(self, *told: Any) -> None:
                pass

        self._served = HTTPServer(("127.0.0.1", house.settings.agent.port), Listening)
        threading.Thread(target=self._served.serve_forever, daemon=True).start()

    def leave(self) -> None:
        self._served.shutdown()
        self._served.server_close()


TOLD = [
    {"sentence": "Approved.", "exit": 0}, {"nonce": NONCE, "proof": "0" * 64}, {"nonce": [], "proof": None},
    {"nonce": NONCE, "proof": "\ud800"}, "of another hello", "of the caller",
]  # fmt: skip


@pytest.mark.parametrize("told", TOLD, ids=str)
def test_S4_whoever_else_listens_on_the_agents_port_is_sent_neither_key_nor_password(
    house: House, key: Key, told: Any
) -> None:
    address, token = local_address(house.settings), token_of(key)
    if told == "of another hello":
        told = json.loads(sent(house, "POST", "/hello", {"nonce": NONCE})[1])
    elif told == "of the caller":
        own = callers_proof(token, address, NONCE, "POST", "/control/answer")
        told = {"nonce": NONCE, "proof": own}
    house.server.stop()  # the agent still holds the data directory
    squatter = Squatter(house, told)
    with pytest.raises(Elsewhere) as refused:
        Control(house.settings, key).answer(Choice("approve", "1", "command"), "admin", PASSWORD)
    squatter.leave()
    house.stop()
    house.start()
    assert "Nothing was sent" in refused.value.sentence() and refused.value.exit == 1
    heard = b" ".join(squatter.got)
    assert heard.startswith(b"/control/hello ") and heard.count(b"/control/") == 1
    for secret in (PASSWORD, token, "approve"):
        assert secret.encode() not in heard


def test_the_agent_that_proves_itself_is_served_whatever_its_number(house: House, key: Key) -> None:
    told = json.loads(sent(house, "POST", "/hello", {"nonce": NONCE})[1])
    wanted = agents_proof(token_of(key), local_address(house.settings), NONCE, told["nonce"])
    assert told["proof"] == wanted
    assert Control(house.settings, key).standing() == ""


def test_the_door_is_there_for_this_machine_where_the_agent_listens_on_its_own_address(
    house: House, key: Key
) -> None:
    house.stop()
    agent = replace(house.settings.agent, host="192.0.2.7")
    settings = replace(house.settings, agent=agent)
    service = Service(settings, {}, quick_times())
    client, page = service.app.test_client(), f"http://192.0.2.7:{agent.port}"
    codes = [
        client.post(
            "/control/hello",
            base_url=page,
            json={"nonce": NONCE},
            environ_base={"REMOTE_ADDR": where},
        ).status_code
        for where in ("192.0.2.7", "127.0.0.1", "192.0.2.8")
    ]
    service.stop()
    house.start()
    assert codes == [200, 200, 404]


def test_S2_the_door_never_takes_somebodys_word_for_who_they_are(
    house: House, key: Key, answered: list[Choice]
) -> None:
    body = {"verb": "ignore", "id": "1", "actor": "page:anna", "own": "2", "mark": ""}
    assert asked(house, key, "/answer", body)[0] == 200
    assert [(one.actor, one.own) for one in answered] == [("command", "")]
    assert asked(house, key, "/answer", {**body, "user": "admin", "password": "guess"})[0] == 409
    assert len(answered) == 1
    assert asked(house, key, "/answer", {**body, "user": "admin", "password": PASSWORD})[0] == 200
    assert answered[-1].actor == "command:admin"


@pytest.mark.parametrize(
    "body",
    [{}, [], "x", None, {"verb": ""}, {"verb": 1, "id": "1"}, {"verb": "ignore", "id": ["1"]}],
)
def test_a_body_that_is_no_choice_is_refused(
    house: House, key: Key, answered: list[Choice], body: object
) -> None:
    assert asked(house, key, "/answer", body)[0] == 400
    assert answered == []


@pytest.mark.parametrize("path", ["/apply", "/let-through"])
@pytest.mark.parametrize("body", [{}, [], {"plan": 1, "hash": 1}, {"plan": "", "hash": ""}])
def test_an_order_without_its_plan_is_refused(
    house: House, key: Key, path: str, body: object
) -> None:
    assert asked(house, key, path, body)[0] == 400


@pytest.mark.parametrize("employee", ["", " ", 4711, ["1"]])
def test_an_order_for_nobody_is_no_order_for_everybody(
    house: House, key: Key, employee: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []

    def begin(*told: object) -> str:
        begun.append(told)
        return "1"

    monkeypatch.setattr(house.service, "begin_run", begin)
    order = {"kind": "export", "mode": "authoritative", "dry_run": True, "employee": employee}
    assert asked(house, key, "/run", order)[0] == 400
    assert begun == []
    assert asked(house, key, "/run", {**order, "employee": None})[0] == 200
    assert begun == [("export", "authoritative", True, None, False)]


@pytest.mark.parametrize("order", [{"dry_run": True}, {"mode": "all"}, {"kind": "drop"}], ids=str)
def test_X2_verify_takes_neither_a_mode_nor_a_plan(
    house: House, key: Key, order: dict[str, object]
) -> None:
    assert asked(house, key, "/run", {"kind": "verify", **order})[0] == 400
    assert house.service.pair.store.runs(1) == ()


def test_a_plan_larger_than_a_page_may_send_is_read(house: House, key: Key) -> None:
    told = json.loads(asked(house, key, "/apply", {"plan": "x" * 1_000_000})[1])
    assert told["exit"] == 2


def test_an_unknown_side_is_not_there(house: House, key: Key) -> None:
    assert asked(house, key, "/disconnect/sap", {})[0] == 404
    assert asked(house, key, "/connect/sap", None, "GET")[0] == 404


@pytest.mark.parametrize("id", ["a/b", "../links", "a?b=c", "", "%2e%2e", "\u00e9"])
def test_an_item_that_there_is_not_is_told_as_that_whatever_its_id(
    house: House, key: Key, id: str
) -> None:
    with pytest.raises(Elsewhere) as told:
        Control(house.settings, key).opened(id)
    assert told.value.exit == 2
    assert "no such row" in told.value.sentence()


def test_a_choice_comes_out_of_the_door_as_it_went_in() -> None:
    choice = Choice("resolve", "1f2e", "page:anna", use="hra", mark="abc", own="7")
    assert choice_of(choice_plain(choice), "page:anna", "7") == choice


def test_where_nobody_answers_the_command_says_so(house: House, key: Key) -> None:
    house.server.stop()
    with pytest.raises(Elsewhere) as told:
        Control(house.settings, key).attention()
    assert "does not answer" in told.value.sentence()
    house.stop()
    house.start()


def test_ctrl_c_before_the_agent_answered_does_not_say_that_the_run_was_stopped(
    house: House, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*told: object) -> str:
        raise KeyboardInterrupt

    door = Control(house.settings, key)
    monkeypatch.setattr(Control, "_dict", interrupted)
    with pytest.raises(Elsewhere) as told:
        door.run({"kind": "import"}, lambda now: None, lambda seconds: None)
    assert "it goes on" in told.value.sentence()


def test_S4_a_command_beside_the_agent_that_lacks_its_key_makes_none(
    house: House, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = house.settings.agent.data_dir / "agent.key"
    kept = file.read_bytes()
    file.unlink()  # as where the agent has its key from HRA_XERO_KEY
    try:
        for words in ("status", "attention", "connect xero"):
            assert terminal.types(*words.split()) == 2, words
            assert "HRA_XERO_KEY is not set here" in terminal.err
        assert not file.exists()
    finally:
        file.write_bytes(kept)
