"""The door for commands of this machine: who may speak there, as whom, and what it takes."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from agent.control import Control, Elsewhere, token_of
from agent.records import Choice
from agent.results import choice_of, choice_plain
from agent.sync import Answer
from agent.vault import Key
from tests.edge.service_house import PASSWORD, House

PATHS = [
    ("GET", "/attention"), ("GET", "/links"), ("GET", "/opened/1"), ("GET", "/switch"), ("POST", "/answer"),
    ("POST", "/apply"), ("POST", "/let-through"), ("POST", "/disconnect/hra"), ("POST", "/switch"),
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


def asked(
    house: House, key: Key, path: str, body: object = None, method: str = "POST"
) -> tuple[int, bytes]:
    """The door's answer to a request as anybody could make it."""
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {token_of(key)}"}
    request = urllib.request.Request(
        f"{house.page}/control{path}",
        data=None if method == "GET" else json.dumps(body).encode(),
        headers=sent,
        method=method,
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_finds_the_door_without_the_key_or_from_afar(
    house: House, key: Key, method: str, path: str
) -> None:
    assert asked(house, Key(b"x" * 32), path, {}, method)[0] == 404
    client = house.service.app.test_client()
    bearer = {"Authorization": f"Bearer {token_of(key)}"}
    for told, where in (({"X-Forwarded-For": "10.0.0.7"}, "127.0.0.1"), ({}, "10.0.0.7")):
        answer = client.open(
            f"/control{path}",
            method=method,
            base_url=house.page,
            headers=bearer | told,
            environ_base={"REMOTE_ADDR": where},
        )
        assert answer.status_code == 404


def test_S2_the_door_never_takes_somebodys_word_for_who_they_are(
    house: House, key: Key, answered: list[Choice]
) -> None:
    body = {"verb": "ignore", "id": "1", "actor": "page:anna", "own": "2", "mark": ""}
    assert asked(house, key, "/answer", body)[0] == 200
    assert [(one.actor, one.own) for one in answered] == [("command", "")]
    assert asked(house, key, "/answer", {**body, "user": "admin", "password": "guess"})[0] == 409
    assert len(answered) == 1
    assert asked(house, key, "/answer", {**body, "user": "admin", "password": PASSWORD})[0] == 200
    assert answered[-1].actor == "page:admin"


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


def test_a_plan_larger_than_a_page_may_send_is_read(house: House, key: Key) -> None:
    told = json.loads(asked(house, key, "/apply", {"plan": "x" * 1_000_000})[1])
    assert told["exit"] == 2


def test_an_unknown_side_is_not_there(house: House, key: Key) -> None:
    assert asked(house, key, "/disconnect/sap", {})[0] == 404
    assert asked(house, key, "/connect/sap", None, "GET")[0] == 404


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
