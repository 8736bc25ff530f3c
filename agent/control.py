"""Asks the process that holds the data directory, over loopback (the other end is `agent.page.control`)."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from agent.config import Settings
from agent.errors import AgentError
from agent.vault import CONTROL, Key

TIMEOUT = 30.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
NO_ANSWER = (
    "Another process holds the data directory but does not answer on {address}. If it is a command that just "
    "runs, wait for its end; if host or port were changed, restart the agent."
)
FAILED = "The running agent could not answer that. Its log names the kind of error."


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
        return self._ask("GET", "/status")

    def run(
        self,
        asked: dict[str, Any],
        tell: Callable[[dict[str, Any]], None],
        sleep: Callable[[float], object],
    ) -> dict[str, Any]:
        """Start a run, follow it, and give its result. Interrupted, it is asked to stop."""
        id = self._ask("POST", "/run", asked)["id"]
        if not id:
            raise Elsewhere("An import or export is under way already. Wait for its end.", 1)
        try:
            while True:
                state = self._ask("GET", f"/run/{id}")
                if state["result"] is not None:
                    return dict(state["result"])
                if state["progress"]:
                    tell(state["progress"])
                sleep(0.3)
        except KeyboardInterrupt:
            self._ask("POST", f"/run/{id}/stop", {})
            raise

    def begin_connect(self, side: str) -> str:
        """The address to send the person to."""
        return str(self._ask("POST", f"/connect/{side}", {})["address"])

    def sign_in(self, side: str) -> dict[str, Any]:
        """How far the sign-in of a side is: when obtained, and as what it was proved."""
        return self._ask("GET", f"/connect/{side}")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._address}/control{path}"
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(error.read()) from None
        except OSError:
            raise Elsewhere(NO_ANSWER.format(address=self._address), 1) from None
        return dict(json.loads(text)) if text else {}

    def _refusal(self, text: bytes) -> Elsewhere:
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
