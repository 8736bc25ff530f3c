"""An import and an export by the whole agent, between mocks of both vendors' own descriptions.

The sign-ins are the sandboxes', behind the same address as the mock: a description shows no usable token, and
Xero's example of a list of connections is a text. Everything else is the vendors' own examples. HRA Cloud's
lists say for ever that more follows, so a run must end by name (D8). With that edited away, one person stands
in HRA Cloud and two in Xero, of whom Xero shows a third whatever id is asked for.
"""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agent.config import Settings
from agent.demo.browser import Browser
from agent.demo.settings import settings
from agent.errors import RepeatedCursor, TransferLoop, WrongRecord
from agent.results import ATTENTION, NO_CONNECTION
from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.server import Served, serve
from agent.service import Server, Service
from agent.sync import Report
from agent.wiring import SIDES
from tests.conformity.mocks import HRA_ROUTES, LOOPBACK, XERO_ROUTES, Edit, Front
from tests.edge.service_house import quick_times

KINDS = ("import", "export")
# The ids of the descriptions' examples.
ACCOUNT = PERSON = "4eb62cb48c9f429c93bc26664c1a5a4d"
BRANCH = "939983e636e6477a82bad130c33dd12a"
LISTED_IN_XERO = {
    "b34e89ff-770d-4099-b7e5-f968767118bc",
    "7aa04979-ded5-44d9-b09a-793749425844",
}
SHOWN_BY_XERO = "cdfb8371-0b21-4b8a-8903-1024df6c391e"
HRA_SIGN_IN = {"/oauth/": "hra-sign-in"}
XERO_SIGN_IN = dict.fromkeys(("/identity/", "/connect/", "/connections"), "xero-sign-in")
ANOTHER_IN_XERO = WrongRecord("xero", "another employee than the one asked for").sentence()
WRITES = ("POST", "PUT", "DELETE")


class Mocked:
    """The agent, signed in at both sandboxes, with its data from both mocks."""

    def __init__(self, folder: Path, mocks: Mapping[str, str], hra: Served, xero: Served) -> None:
        for served in (hra, xero):
            served.app.config["AUTO_CONSENT"] = True
        self.hra = Front(HRA_ROUTES | HRA_SIGN_IN, {**mocks, "hra-sign-in": hra.url})
        self.xero = Front(XERO_ROUTES | XERO_SIGN_IN, {**mocks, "xero-sign-in": xero.url})
        made = settings(folder, _free_port(), hra, xero, "correct horse battery")
        self.service = Service(self._between(made), {}, quick_times())
        self._server = Server(self.service.app, LOOPBACK, made.agent.port)
        self._connect()

    def run(self, kind: str) -> Report:
        """As a person starts it."""
        return self.service.pair.run(kind, "command")

    def result(self, kind: str) -> Mapping[str, Any]:
        """What a command is told of its run."""
        id = self.service.begin_run(kind, "authoritative", False, None)
        self.service.runs.wait()
        state = self.service.run_state(id)
        assert state is not None
        return dict(state["result"])

    def writes(self) -> list[str]:
        """Every write that reached a vendor."""
        return [
            f"{side} {call}"
            for side, front in (("hra", self.hra), ("xero", self.xero))
            for method in WRITES
            for call in front.sent(method)
        ]

    def violations(self) -> list[str]:
        return [*self.hra.violations(), *self.xero.violations()]

    def touched_nothing(self) -> None:
        """Neither side was written to, nobody is linked."""
        store = self.service.pair.store
        assert self.writes() == []
        assert (store.links(), store.pending(), store.changes(5)) == ((), (), ())

    def readable(self) -> None:
        """Lists end and do not contradict each other, and people may be created in the example's branch."""
        self.choose_branch()
        self.hra.edit, self.xero.edit = _lists_end, _nobody_terminated()

    def choose_branch(self) -> None:
        tools = self.service.pair.tools
        branches = replace(tools.settings.branches, default_branch=BRANCH)
        tools.settings = replace(tools.settings, branches=branches)

    def forget_calls(self) -> None:
        assert self.violations() == []
        for front in (self.hra, self.xero):
            front.exchanges.clear()

    def close(self) -> None:
        self._server.stop()
        self.service.stop()
        self.hra.close()
        self.xero.close()

    def _between(self, made: Settings) -> Settings:
        """The demo's settings, but at the fronts, for the examples' account and branch."""
        hra, xero = self.hra.url, self.xero.url
        return replace(
            made,
            hra=replace(made.hra, api_url=hra, login_url=hra, account_id=ACCOUNT),
            xero=replace(made.xero, api_url=xero, login_url=xero, identity_url=xero),
            branches=replace(made.branches, match_employee_groups=False, default_branch=""),
            branch_map={},
        )

    def _connect(self) -> None:
        for side, front in zip(SIDES, (self.hra, self.xero), strict=True):
            Browser().get(self.service.connect(side))
            assert front.violations() == []
            front.fresh()


@pytest.fixture
def mocked(tmp_path: Path, mocks: Mapping[str, str]) -> Iterator[Mocked]:
    with serve(hra_sandbox.create([])) as hra, serve(xero_sandbox.create([])) as xero:
        made = Mocked(tmp_path, mocks, hra, xero)
        yield made
        made.close()
    assert made.violations() == []


@pytest.mark.parametrize("kind", KINDS)
def test_D8_a_list_without_an_end_ends_the_run_by_name(mocked: Mocked, kind: str) -> None:
    with pytest.raises(RepeatedCursor) as raised:
        mocked.run(kind)
    (row,) = mocked.service.pair.store.runs(5)
    assert (row.kind, row.outcome, row.reason) == (kind, "failed", raised.value.sentence())
    assert row.ended is not None
    assert mocked.result(kind) == {"exit": NO_CONNECTION, "sentence": row.reason}
    assert mocked.hra.sent().count("GET branches") == 4  # two of each run, and no third
    mocked.touched_nothing()


@pytest.mark.parametrize("kind", KINDS)
def test_D8_a_list_of_branches_without_an_end_ends_it_before_the_run(
    mocked: Mocked, kind: str
) -> None:
    """With a default branch the branches are read before the run is."""
    mocked.choose_branch()
    with pytest.raises(RepeatedCursor) as raised:
        mocked.run(kind)
    assert mocked.result(kind) == {"exit": NO_CONNECTION, "sentence": raised.value.sentence()}
    mocked.touched_nothing()


@pytest.mark.parametrize("kind", KINDS)
def test_D8_nobody_is_linked_or_created_while_xero_lists_the_same_people_as_active_and_terminated(
    mocked: Mocked, kind: str
) -> None:
    mocked.hra.edit = _lists_end
    report = mocked.run(kind)
    assert report.run.outcome == "done"
    assert "GET employees" in mocked.hra.sent()
    assert mocked.xero.sent().count("GET Employees") == 2
    assert report.lines == ()
    mocked.touched_nothing()


def test_D8_an_import_leaves_out_each_person_of_whom_xero_shows_another(mocked: Mocked) -> None:
    mocked.readable()
    result = mocked.result("import")
    assert result["exit"] == ATTENTION
    assert {(line["xero_id"], line["action"]) for line in result["lines"]} == {
        (id, "hold") for id in LISTED_IN_XERO
    }
    assert {line["note"] for line in result["lines"]} == {ANOTHER_IN_XERO}
    assert {row.xero_id for row in mocked.service.pair.store.attention()} == LISTED_IN_XERO
    mocked.touched_nothing()


def test_X3_an_import_does_not_take_for_made_of_whom_hra_shows_another(mocked: Mocked) -> None:
    mocked.readable()
    mocked.xero.edit = _lists_whom_it_shows()
    result = mocked.result("import")
    assert result["exit"] == ATTENTION
    assert [line["action"] for line in result["lines"]] == ["hold"]
    assert mocked.writes() == ["hra POST employees"]
    (pending,) = mocked.service.pair.store.pending()
    assert (pending.side, pending.source_id) == ("hra", SHOWN_BY_XERO)
    assert mocked.service.pair.store.links() == ()


def test_M2_an_export_creates_once_and_a_third_one_writes_nothing(mocked: Mocked) -> None:
    """Xero shows other values than were sent, for it shows its example: told, not sent for ever (D4)."""
    mocked.readable()
    (created,) = mocked.run("export").lines
    assert (created.action, created.hra_id, created.target) == ("create", PERSON, "xero")
    assert mocked.writes() == ["xero POST Employees", f"xero POST {SHOWN_BY_XERO}"]
    mocked.forget_calls()
    mocked.run("export")
    assert "xero POST Employees" not in mocked.writes()
    (link,) = mocked.service.pair.store.links()
    assert link.open["last_name"] == "kept"
    mocked.forget_calls()
    mocked.run("export")
    assert f"GET {SHOWN_BY_XERO}" in mocked.xero.sent()
    assert mocked.writes() == []


def test_D8_a_linked_record_that_xero_answers_with_another_is_held_alone(mocked: Mocked) -> None:
    held = _held_beside_the_strangers(mocked, "xero", _another_than_asked)
    assert held["note"] == ANOTHER_IN_XERO


def test_M5_a_linked_record_whose_transfers_never_end_is_held_alone(mocked: Mocked) -> None:
    held = _held_beside_the_strangers(mocked, "hra", _transferred_to_itself)
    assert held["note"] == TransferLoop("hra").sentence()


def _held_beside_the_strangers(mocked: Mocked, side: str, edit: Edit) -> Mapping[str, Any]:
    """The line of the linked record in an import that then goes on to the two strangers in Xero."""
    mocked.readable()
    mocked.run("export")
    mocked.forget_calls()
    front = mocked.hra if side == "hra" else mocked.xero
    before = front.edit
    assert before is not None
    front.edit = lambda method, path, answer: edit(method, path, before(method, path, answer))
    result = mocked.result("import")
    assert result["exit"] == ATTENTION
    lines = {line["xero_id"]: line for line in result["lines"]}
    assert lines.keys() == {SHOWN_BY_XERO, *LISTED_IN_XERO}
    assert {line["action"] for line in lines.values()} == {"hold"}
    assert mocked.writes() == []
    (link,) = mocked.service.pair.store.links()
    assert link.open["record"].startswith("unreadable_record")
    return dict(lines[SHOWN_BY_XERO])


def _lists_end(method: str, path: str, answer: Any) -> Any:
    if isinstance(answer, dict) and "pageInfo" in answer:
        answer["pageInfo"]["hasNextPage"] = False
    return answer


def _nobody_terminated() -> Edit:
    """Active people are asked for first, terminated ones second: the example is for the first only."""
    asked = count()

    def edit(method: str, path: str, answer: Any) -> Any:
        second = method == "GET" and path.endswith("/Employees") and next(asked) % 2
        return answer | {"Employees": []} if second else answer

    return edit


def _lists_whom_it_shows() -> Edit:
    nobody_terminated = _nobody_terminated()

    def edit(method: str, path: str, answer: Any) -> Any:
        answer = nobody_terminated(method, path, answer)
        if path.endswith("/Employees"):
            answer["Employees"] = answer["Employees"][:1]
            for row in answer["Employees"]:
                row["EmployeeID"] = SHOWN_BY_XERO
        return answer

    return edit


def _another_than_asked(method: str, path: str, answer: Any) -> Any:
    if path.endswith(SHOWN_BY_XERO):
        answer["Employees"][0]["EmployeeID"] = next(iter(LISTED_IN_XERO))
    return answer


def _transferred_to_itself(method: str, path: str, answer: Any) -> Any:
    if path.endswith(f"/employees/{PERSON}"):
        return answer | {"employmentStatus": "Terminated", "newEmployeeId": PERSON}
    return answer


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as found:
        return int(found.getsockname()[1])
