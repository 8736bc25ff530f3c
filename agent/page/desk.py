"""What the page asks of the agent: the seam that the service fills in.

`actor` is who did it: `page:NAME` for whoever is signed in as NAME.
"""

from dataclasses import dataclass
from typing import Protocol

from agent import report
from agent.records import Choice, Link, User
from agent.sync.report import Opened


@dataclass(frozen=True)
class Option:
    """One account or organisation to choose from."""

    id: str
    name: str


class Desk(Protocol):
    """Any method may raise AgentError: the person is shown its sentence."""

    def status(self) -> report.Status:
        """Everything that the status page shows."""

    def start(
        self, kind: str, mode: str = "authoritative", actor: str = "page", fresh: bool = False
    ) -> str:
        """Begin an import, export or verification, `fresh` without going on with a stopped one; "" or a sentence why not."""

    def opened(self, attention_id: str) -> Opened:
        """A row of the attention list with both records as they are now: for the eyes, kept nowhere."""

    def answer(self, choice: Choice) -> str:
        """Do what a person decided; what came of it, in a sentence. Raises NotPossible, Braked, SideError."""

    def links(self) -> tuple[Link, ...]:
        """Every link of the bound pair."""

    def ignored(self) -> tuple[str, ...]:
        """Who is left alone because a person said so, as `hra:ID` or `xero:ID`."""

    def connect(self, side: str, actor: str = "page") -> str:
        """The address to send the person to."""

    def connected(self, side: str, state: str, code: str) -> tuple[Option, ...]:
        """The person is back, with the one-time `state`; what to choose from, empty when done."""

    def refused(self, side: str, state: str, told: str) -> None:
        """The person is back without a sign-in; `told` says so in a sentence. Of a strange state nothing comes."""

    def choose(self, side: str, id: str) -> None:
        """The account or organisation that the person chose."""

    def disconnect(self, side: str, actor: str) -> str:
        """Forget this side's sign-in (L4); what was done and what is left to do, in a sentence."""

    def switch_on(self, actor: str) -> None:
        """Schedules and pushes may run again (L4, L5)."""

    def health(self) -> tuple[bool, str]:
        """Whether all parts are at work, and if not, which is not."""

    def check_password(self, user: str, password: str) -> bool:
        """Whether this person may sign in. Slow by intent."""

    def users(self) -> tuple[User, ...]:
        """The people who may sign in besides admin, whose password stands in agent.ini."""
