"""What HRA does not do at once: terminate, transfer, convert. It answers with a status address that
is polled.

Of that address only the id is used, never the host (M3). An action that was sent and of which
nothing more is heard ends in OutcomeUnknown, whatever kept its status from being read: an action is
never repeated by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from agent.errors import ActionFailed, OutcomeUnknown, SideError, UnreadableAnswer, WrongRecord
from agent.hra.listing import account_path
from agent.hra.wire import Json, Transport, last_segment

SIDE = "hra"
METHODS = ("By_Consent", "By_Notice", "Summarily", "By_Other_Means")
# B3: a transfer moves; a copy is never made.
TRANSFER = "Move_Everything"
# assumption A18: how long actions take is not documented; 30 polls, 2 seconds apart, are a minute.
POLLS = 30
SECONDS_BETWEEN = 2.0


@dataclass(frozen=True)
class Actions:
    """The actions of one account. `sleep` takes seconds; `polls` is how often a status is looked
    at.

    Each says whether HRA completed it while it was looked at: False means that it may still end
    either way. Raises Refused, ActionFailed (HRA said Failed), OutcomeUnknown, or the error that
    kept it from being sent.
    """

    transport: Transport
    account_id: str
    sleep: Callable[[float], object]
    polls: int = POLLS

    def terminate(self, id: str, end: date, method: str) -> bool:
        """End an employment on a day (past: terminated, future: terminating)."""
        if method not in METHODS:
            raise ValueError("no such termination method")
        body = {"endDate": end.isoformat(), "terminationMethod": method}
        return self._run(body, "employees", id, "actions", "terminate")

    def transfer(self, id: str, branch_id: str) -> bool:
        """Move an employee to another branch: the old record then names the new one's id (M5)."""
        body = {"toBranchId": branch_id, "transferType": TRANSFER}
        return self._run(body, "employees", id, "actions", "transfer")

    def convert(self, candidate_id: str, start: date | None = None) -> bool:
        """Make an employee of a candidate. The answer does not name the new employee: it has to be
        looked for.
        """
        body = {"commencementDate": start.isoformat()} if start else {}
        return self._run(body, "candidates", candidate_id, "actions", "convert")

    def _run(self, body: Json, *parts: str) -> bool:
        path = account_path(self.account_id, *parts)
        answer = self.transport.send("POST", path, body, repeatable=False)
        address = answer.body.get("actionStatusURL") if isinstance(answer.body, Mapping) else None
        status_id = last_segment(address) if isinstance(address, str) else ""
        if not status_id:
            raise OutcomeUnknown(SIDE, "the answer to an action names no status")
        try:
            return self._poll(status_id)
        except ActionFailed:
            raise
        except SideError as error:
            raise OutcomeUnknown(
                SIDE, error.detail, status=error.status, correlation=error.correlation
            ) from error

    def _poll(self, status_id: str) -> bool:
        path = account_path(self.account_id, "action-status", status_id)
        for turn in range(self.polls):
            if turn:
                self.sleep(SECONDS_BETWEEN)
            if _completed(self.transport.get(path).body, status_id):
                return True
        return False


def _completed(body: Any, status_id: str) -> bool:
    if not isinstance(body, Mapping) or not isinstance(body.get("actionStatus"), str):
        raise UnreadableAnswer(SIDE, "an action without a status")
    if body.get("id") != status_id:
        raise WrongRecord(SIDE, "the status of another action")
    if body["actionStatus"] == "Failed":
        raise ActionFailed(SIDE)
    return bool(body["actionStatus"] == "Completed")
