"""What the page asks of the agent: the seam that the service fills in."""

from dataclasses import dataclass
from typing import Protocol

from agent import report


@dataclass(frozen=True)
class Option:
    """One account or organisation to choose from."""

    id: str
    name: str


class Desk(Protocol):
    """Any method may raise AgentError: the person is shown its sentence."""

    def status(self) -> report.Status:
        """Everything that the page shows."""

    def start(self, kind: str, mode: str = "authoritative") -> str:
        """Begin an import or export; "" or a sentence why not."""

    def connect(self, side: str) -> str:
        """The address to send the person to."""

    def connected(self, side: str, state: str, code: str) -> tuple[Option, ...]:
        """The person is back, with the one-time `state`; what to choose from, empty when done."""

    def choose(self, side: str, id: str) -> None:
        """The account or organisation that the person chose."""

    def health(self) -> tuple[bool, str]:
        """Whether all parts are at work, and if not, which is not."""

    def check_password(self, user: str, password: str) -> bool:
        """Whether this person may sign in. Slow by intent."""
