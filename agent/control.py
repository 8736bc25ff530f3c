"""Asks the process that holds the data directory (the other end is `agent.page.control`).

Nothing is sent before the other end has proved that it has the agent's key: another program may listen on its port.
"""

import hmac
import json
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote

from agent.config import Settings
from agent.errors import AgentError
from agent.page.proving import SCHEME, agents_proof, callers_proof, local_address, new_nonce
from agent.records import Choice
from agent.results import choice_plain
from agent.vault import CONTROL, Key

TIMEOUT = 30.0
# A choice may be the approval of a whole plan, and it waits for the record that a run is on.
PATIENCE = 3600.0
GLANCE = 0.3
LARGEST_HELLO = 4096
JSON = {"Content-Type": "application/json"}
NO_ANSWER = (
    "Another process holds the data directory but does not answer on {address}. If it is a command that just "
    "runs, wait for its end; if host or port were changed, restart the agent."
)
STRANGER = (
    "What answers on {address} is not this data directory's agent, or has another key. Nothing was sent to it. "
    "If host, port or HRA_XERO_KEY were changed, restart the agent."
)
LEFT = "Stopped waiting. The running agent may have begun the run; if so, it goes on: see the page or the command status."
FAILED = "The running agent could not answer that. Its log names the kind of error."
UNDER_WAY = "An import, export or verification is under way already. Wait for its end."

Tell = Callable[[dict[str, Any]], None]
Sleep = Callable[[float], object]


class Elsewhere(AgentError):
    """What the other process answered instead of a result: its sentence, and its exit code."""

    def __init__(self, sentence: str, exit: int) -> None:
        super().__init__(sentence)
        self.exit = exit


class Control:
    """The running agent, as a command sees it. Every method raises Elsewhere."""

    def __init__(self, settings: Settings, key: Key) -> None:
        self._address = local_address(settings)
        self._token = token_of(key)

    def status(self) -> dict[str, Any]:
        """What the page shows."""
        return self._dict("GET", "/status")

    def run(self, asked: dict[str, Any], tell: Tell, sleep: Sleep) -> dict[str, Any]:
        """Start a run, follow it, and give its result. Interrupted, it is asked to stop."""
        return self._follow("/run", asked, tell, sleep)

    def apply(self, plan_text: str, tell: Tell, sleep: Sleep) -> dict[str, Any]:
        """Apply a saved plan, and give its result."""
        return self._follow("/apply", {"plan": plan_text}, tell, sleep)

    def let_through(self, hash: str, tell: Tell, sleep: Sleep) -> dict[str, Any]:
        """Apply the plan that the brake stopped, and give its result."""
        return self._follow("/let-through", {"hash": hash}, tell, sleep)

    def attention(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        return list(self._ask("GET", "/attention"))

    def links(self) -> list[dict[str, Any]]:
        """Every link, and who is left alone."""
        return list(self._ask("GET", "/links"))

    def opened(self, id: str) -> dict[str, Any]:
        """One row of the attention list, with both records as they are now."""
        return self._dict("GET", f"/opened?id={quote(id, safe='')}", wait=PATIENCE)

    def answer(self, choice: Choice, user: str = "", password: str = "") -> dict[str, Any]:
        """What came of a choice: a sentence and an exit code. The other process says who made it."""
        told = {**choice_plain(choice), "user": user, "password": password}
        return self._dict("POST", "/answer", told, PATIENCE)

    def begin_connect(self, side: str) -> str:
        """The address to send the person to."""
        return str(self._dict("POST", f"/connect/{side}", {})["address"])

    def sign_in(self, side: str) -> dict[str, Any]:
        """How far the sign-in of a side is: when obtained, and as what it was proved."""
        return self._dict("GET", f"/connect/{side}")

    def disconnect(self, side: str) -> str:
        """Give a side up; what was done, in words."""
        return str(self._dict("POST", f"/disconnect/{side}", {}, PATIENCE)["sentence"])

    def standing(self) -> str:
        """Why schedules and pushes are switched off; "" where they may run."""
        return str(self._dict("GET", "/switch")["standing"])

    def switch(self, on: bool) -> None:
        """Switch schedules and pushes on or off."""
        self._dict("POST", "/switch", {"on": on})

    def backup(self) -> str:
        """What the agent remembers, as the text of a backup."""
        return str(self._dict("POST", "/backup", {}, PATIENCE)["backup"])

    def _follow(self, path: str, asked: dict[str, Any], tell: Tell, sleep: Sleep) -> dict[str, Any]:
        id = self._begun(path, asked)
        if not id:
            raise Elsewhere(UNDER_WAY, 1)
        try:
            while True:
                state = self._dict("GET", f"/run/{id}")
                if state["result"] is not None:
                    return dict(state["result"])
                if state["progress"]:
                    tell(state["progress"])
                sleep(GLANCE)
        except KeyboardInterrupt:
            self._ask("POST", f"/run/{id}/stop", {})
            raise

    def _begun(self, path: str, asked: dict[str, Any]) -> str:
        try:
            return str(self._dict("POST", path, asked)["id"])
        except KeyboardInterrupt:
            raise Elsewhere(LEFT, 1) from None

    def _dict(
        self, method: str, path: str, body: dict[str, Any] | None = None, wait: float = TIMEOUT
    ) -> dict[str, Any]:
        return dict(self._ask(method, path, body, wait))

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, wait: float = TIMEOUT
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        # Straight there: the other process is on this machine, whatever the environment says of proxies.
        line = HTTPConnection(self._address, timeout=TIMEOUT)
        try:
            status, text = self._spoken(line, method, f"/control{path}", data, wait)
        except (OSError, HTTPException):
            raise Elsewhere(NO_ANSWER.format(address=self._address), 1) from None
        finally:
            line.close()
        if status >= 400:
            raise _refusal(text)
        return json.loads(text) if text else {}

    def _spoken(
        self, line: HTTPConnection, method: str, path: str, data: bytes | None, wait: float
    ) -> tuple[int, bytes]:
        """The answer's status and text, over the very connection on which the other end proved itself."""
        agents = self._proved(line)
        proof = callers_proof(self._token, self._address, agents, method, path.partition("?")[0])
        headers = {**JSON, "Authorization": f"{SCHEME} {agents}:{proof}"}
        if line.sock is not None:  # None: the agent, proven by now, serves one request a connection
            line.sock.settimeout(wait)
        line.timeout = wait
        line.request(method, path, data, headers)
        answer = line.getresponse()
        return answer.status, answer.read()

    def _proved(self, line: HTTPConnection) -> str:
        """The agent's number for one request. Raises Elsewhere where the other end has not this key."""
        mine = new_nonce()
        line.request("POST", "/control/hello", json.dumps({"nonce": mine}), JSON)
        answer = line.getresponse()
        told = _hello(answer.read(LARGEST_HELLO))
        wanted = agents_proof(self._token, self._address, mine, told.get("nonce", ""))
        if not hmac.compare_digest(told.get("proof", "").encode(), wanted.encode()):
            raise Elsewhere(STRANGER.format(address=self._address), 1)
        return told["nonce"]


def _hello(text: bytes) -> dict[str, str]:
    try:
        told = json.loads(text)
        parts = {name: str(told[name]) for name in ("nonce", "proof")}
        return parts if all(part.isascii() for part in parts.values()) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _refusal(text: bytes) -> Elsewhere:
    try:
        told = json.loads(text)
        return Elsewhere(str(told["sentence"]), int(told["exit"]))
    except (ValueError, KeyError, TypeError):
        return Elsewhere(FAILED, 1)


def token_of(key: Key) -> str:
    """What both ends of the door prove with, from the agent's key; it never travels."""
    return key.derive(CONTROL).hex()
