"""Asks the process that holds the data directory, over loopback (the other end is `agent.page.control`)."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from agent.config import Settings
from agent.errors import AgentError
from agent.records import Choice
from agent.results import choice_plain
from agent.vault import CONTROL, Key

TIMEOUT = 30.0
# A choice may be the approval of a whole plan, and it waits for the record that a run is on.
PATIENCE = 3600.0
GLANCE = 0.3
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
NO_ANSWER = (
    "Another process holds the data directory but does not answer on {address}. If it is a command that just "
    "runs, wait for its end; if host or port were changed, restart the agent."
)
FAILED = "The running agent could not answer that. Its log names the kind of error."
UNDER_WAY = "An import or export is under way already. Wait for its end."

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
        # No proxy: the other process is on this machine, whatever the environment says.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

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
        return self._dict("GET", f"/opened/{quote(id, safe='')}", wait=PATIENCE)

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

    def _follow(self, path: str, asked: dict[str, Any], tell: Tell, sleep: Sleep) -> dict[str, Any]:
        id = self._dict("POST", path, asked)["id"]
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

    def _dict(
        self, method: str, path: str, body: dict[str, Any] | None = None, wait: float = TIMEOUT
    ) -> dict[str, Any]:
        return dict(self._ask(method, path, body, wait))

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, wait: float = TIMEOUT
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._address}/control{path}"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=wait) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.read()) from None
        except OSError:
            raise Elsewhere(NO_ANSWER.format(address=self._address), 1) from None
        return json.loads(text) if text else {}


def _refusal(text: bytes) -> Elsewhere:
    try:
        told = json.loads(text)
        return Elsewhere(str(told["sentence"]), int(told["exit"]))
    except (ValueError, KeyError, TypeError):
        return Elsewhere(FAILED, 1)


def token_of(key: Key) -> str:
    """The bearer of the door, from the agent's key."""
    return key.derive(CONTROL).hex()


def local_address(settings: Settings) -> str:
    """Where this machine finds the agent."""
    host = settings.agent.host
    named = EVERYWHERE.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{named}:{settings.agent.port}"
