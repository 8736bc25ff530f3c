"""The pair held by this very command, with the same methods as `agent.control.Control`: nobody above can tell the two apart.

Decides nothing. Results are plain data (`agent.results`).
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Protocol

from agent import plans, report
from agent.backup import made
from agent.control import Sleep, Tell
from agent.errors import NotPossible
from agent.page.control import WRONG_PASSWORD
from agent.pair import Pair
from agent.records import Choice
from agent.results import COMMAND, attention_rows, link_rows
from agent.runs import Work, followed
from agent.service import status_of
from agent.service.passwords import password_fits
from agent.sync import Progress, Report
from agent.vault import BACKUP
from agent.wiring import SIDES


class Held(Protocol):
    """What a command works with: the pair itself, or the way to the process that holds it."""

    def status(self) -> dict[str, Any]: ...

    def run(self, asked: dict[str, Any], tell: Tell, sleep: Sleep) -> dict[str, Any]: ...

    def apply(self, plan_text: str, tell: Tell, sleep: Sleep) -> dict[str, Any]: ...

    def let_through(self, hash: str, tell: Tell, sleep: Sleep) -> dict[str, Any]: ...

    def attention(self) -> list[dict[str, Any]]: ...

    def links(self) -> list[dict[str, Any]]: ...

    def opened(self, id: str) -> dict[str, Any]: ...

    def answer(self, choice: Choice, user: str = "", password: str = "") -> dict[str, Any]: ...

    def disconnect(self, side: str) -> str: ...

    def standing(self) -> str: ...

    def switch(self, on: bool) -> None: ...

    def backup(self) -> str: ...


class Here:
    """The pair in this process. Methods raise AgentError."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair

    def status(self) -> dict[str, Any]:
        """What the page shows."""
        return report.as_json(status_of(self._pair))

    def run(self, asked: dict[str, Any], tell: Tell, sleep: Sleep) -> dict[str, Any]:
        """One run, in a thread, so that Ctrl-C ends it after the record in hand."""

        def work(told: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
            return self._pair.run(
                asked["kind"],
                COMMAND,
                mode=asked["mode"],
                dry_run=asked["dry_run"],
                employee=asked["employee"],
                fresh=asked.get("fresh", False),
                progress=told,
                stop=stop,
            )

        return self._followed(work, tell)

    def apply(self, plan_text: str, tell: Tell, sleep: Sleep) -> dict[str, Any]:
        """A saved plan, exactly."""
        plan = plans.from_text(plan_text, self._pair.seal)

        def work(told: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
            return self._pair.apply(plan, COMMAND, progress=told, stop=stop)

        return self._followed(work, tell)

    def let_through(self, hash: str, tell: Tell, sleep: Sleep) -> dict[str, Any]:
        """The plan that the brake stopped, exactly."""

        def work(told: Callable[[Progress], None], stop: Callable[[], bool]) -> Report:
            return self._pair.let_through(hash, COMMAND, progress=told, stop=stop)

        return self._followed(work, tell)

    def attention(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        return attention_rows(self._pair.store.attention())

    def links(self) -> list[dict[str, Any]]:
        """Every link, and who is left alone."""
        store = self._pair.store
        return link_rows(store.links(), {side: store.ignored(side) for side in SIDES})

    def opened(self, id: str) -> dict[str, Any]:
        """One row of the attention list, with both records as they are now."""
        return asdict(self._pair.opened(id))

    def answer(self, choice: Choice, user: str = "", password: str = "") -> dict[str, Any]:
        """What came of a choice. With `user` it is that page user's, whose password is looked at first."""
        answer = self._pair.answer(self._signed(choice, user, password) if user else choice)
        return {"sentence": answer.sentence, "exit": answer.exit}

    def disconnect(self, side: str) -> str:
        """Give a side up; what was done, in words."""
        return self._pair.disconnect(side, COMMAND)

    def standing(self) -> str:
        """Why schedules and pushes are switched off; "" where they may run."""
        return self._pair.store.standing()

    def switch(self, on: bool) -> None:
        """Switch schedules and pushes on or off."""
        (self._pair.switch_on if on else self._pair.switch_off)(COMMAND)

    def backup(self) -> str:
        """What the agent remembers, as the text of a backup."""
        pair = self._pair
        return made(pair.store, pair.key.derive(BACKUP), pair.times.clock()).decode("ascii")

    def _signed(self, choice: Choice, name: str, password: str) -> Choice:
        """The choice as that page user's own. Raises NotPossible for a wrong password."""
        store = self._pair.store
        if not password_fits(store, self._pair.settings.page.password_hash, name, password):
            raise NotPossible(WRONG_PASSWORD)
        user = store.user(name)
        return replace(choice, actor=f"{COMMAND}:{name}", own=user.employee if user else "")

    def _followed(self, work: Work, tell: Tell) -> dict[str, Any]:
        return followed(work, tell, self._pair.lines.stop_waiting, self._pair.seal)
