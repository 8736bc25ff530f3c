"""Losing and giving up access to Xero: each loss in plain words with its remedy, disconnecting (L3, L4)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from agent.errors import AccessLost, NotConnected, NotFound, NotSetUp, SideError, UnreadableAnswer
from agent.replies import STRUCK
from agent.sandbox.xero import TENANT
from agent.xero.client import XeroClient
from agent.xero.connections import connections, disconnect
from tests.edge.xero_house import MONDAY, House, opening

Open = Callable[..., House]
NAME = "Harbour & Pine Pty Ltd"
MEND = "Connect it on the page, or with the command connect."
ASK = "(in Xero the person needs payroll administrator access), then connect again."


@pytest.fixture
def opened() -> Iterator[Open]:
    with opening() as make:
        yield make


def lost(client: XeroClient) -> SideError:
    """What the probe raises."""
    with pytest.raises(SideError) as found:
        client.probe()
    return found.value


# --- L3: what happened, and what to do


def test_L3_a_connection_removed_inside_xero_is_named_and_says_to_connect(opened: Open) -> None:
    house = opened()
    house.officer("disconnect")
    error = lost(house.client)
    assert isinstance(error, NotConnected)
    assert error.sentence() == (
        f"Xero is not connected (the connection to {NAME} was removed in Xero). {MEND}"
    )
    assert (error.status, error.try_again) == (403, False)
    assert error.correlation


def test_L3_a_removed_connection_that_is_made_again_works_again(opened: Open) -> None:
    house = opened()
    house.officer("disconnect")
    lost(house.client)
    house.sign_in()
    assert house.client.probe().name == NAME


def test_L3_a_lost_payroll_role_names_the_role_to_ask_for(opened: Open) -> None:
    house = opened()
    house.plan("lose_access", times=0)
    error = lost(house.client)
    assert isinstance(error, AccessLost)
    assert "a permission is missing" in error.sentence()
    assert ASK in error.sentence()
    assert len(house.calls) == 1


def test_L3_a_missing_scope_is_named_before_any_call(opened: Open) -> None:
    house = opened(scopes=frozenset({"payroll.settings"}))
    error = lost(house.client)
    assert isinstance(error, AccessLost)
    assert "the permission payroll.employees was not granted" in error.sentence()
    assert "then connect again" in error.sentence()
    assert house.calls == []


def test_L3_an_organisation_without_payroll_says_where_to_finish_it() -> None:
    error = lost(client(Wire(lambda path: {"Settings": None})))
    assert isinstance(error, NotSetUp)
    assert "finish Payroll settings in Xero" in error.sentence()


class Wire:
    """A transport that answers by a function of the path, which may raise."""

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self._answer = answer
        self.deleted: list[str] = []
        self.body: Any = None

    def get(self, path: str, params: Any = None, headers: Any = None) -> "Wire":
        self.body = self._answer(path)
        return self

    def send(
        self, method: str, path: str, json: Any, headers: Any = None, *, repeatable: bool
    ) -> "Wire":
        assert (method, json, repeatable) == ("DELETE", None, True)
        self.deleted.append(path)
        self._answer(f"DELETE {path}")
        return self


def client(wire: Wire, tenant_id: str = TENANT, organisation: str = NAME) -> XeroClient:
    return XeroClient(
        wire,
        leave_map={},
        groups_of=None,
        create_super_funds=False,
        new_key=lambda: "key",
        scopes=frozenset(),
        clock=lambda: MONDAY,
        organisation=organisation,
        tenant_id=tenant_id,
    )


def forbidden(listed: Any) -> Callable[[str], Any]:
    """Payroll answers 403, the list of connections with `listed`, or by raising it."""

    def answer(path: str) -> Any:
        if path != "/connections":
            raise AccessLost("xero", "as the transport says it", status=403, correlation="c-1")
        if isinstance(listed, Exception):
            raise listed
        return listed

    return answer


def row(tenant: str, id: str = "c1", type: str = "ORGANISATION") -> dict[str, str]:
    return {"id": id, "tenantId": tenant, "tenantName": "A", "tenantType": type}


def test_L3_a_403_of_an_organisation_that_is_still_connected_is_about_payroll() -> None:
    error = lost(client(Wire(forbidden([row(TENANT.upper())]))))
    assert isinstance(error, AccessLost)
    assert f"in {NAME} the person who signed in may not use payroll any more" in error.sentence()
    assert ASK in error.sentence()
    assert (error.status, error.correlation) == (403, "c-1")


@pytest.mark.parametrize(
    "listed", [AccessLost("xero", status=403), UnreadableAnswer("xero"), {"no": "list"}]
)
def test_L3_where_the_connections_cannot_be_read_the_403_is_told_as_it_came(listed: Any) -> None:
    error = lost(client(Wire(forbidden(listed))))
    assert isinstance(error, AccessLost)
    assert "as the transport says it" in error.sentence()


def test_L3_a_probe_before_any_organisation_was_chosen_asks_no_further() -> None:
    error = lost(client(Wire(forbidden(AssertionError("asked"))), tenant_id=""))
    assert isinstance(error, AccessLost)


def test_L3_a_removed_connection_without_a_known_name_is_still_a_sentence() -> None:
    error = lost(client(Wire(forbidden([])), organisation=""))
    assert "the connection to the linked organisation was removed in Xero" in error.sentence()


def test_S4_no_loss_of_access_shows_an_id(opened: Open) -> None:
    house = opened()
    house.officer("disconnect")
    sentence = lost(house.client).sentence()
    assert TENANT not in sentence
    assert STRUCK not in sentence


# --- L4: disconnecting


def test_L4_disconnecting_deletes_the_connection_and_leaves_none(opened: Open) -> None:
    house = opened()
    (held,) = connections(house.transport)
    assert disconnect(house.transport, TENANT) == 0
    (deleted,) = house.made("DELETE")
    assert deleted.path == f"/connections/{held.id}"
    assert connections(house.transport) == ()
    assert isinstance(lost(house.client), NotConnected)


def test_L4_disconnecting_twice_is_done_twice(opened: Open) -> None:
    house = opened()
    assert [disconnect(house.transport, TENANT) for _ in range(2)] == [0, 0]
    assert len(house.made("DELETE")) == 1


def test_L4_a_connection_that_a_person_removed_in_xero_is_done_already(opened: Open) -> None:
    house = opened()
    house.officer("disconnect")
    assert disconnect(house.transport, TENANT) == 0
    assert house.made("DELETE") == []


def test_L4_the_sign_in_outlives_the_connection(opened: Open) -> None:
    house = opened()
    disconnect(house.transport, TENANT)
    answer = requests.get(
        f"{house.served.url}/connections",
        headers={"Authorization": f"Bearer {house.token}"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()) == (200, [])


def test_L4_other_connections_stay_and_are_counted_practices_too() -> None:
    shown = [row("t1", "c1"), row("t2", "c2"), row("t3", "c3", "PRACTICE")]
    wire = Wire(lambda path: shown)
    assert disconnect(wire, "T2") == 2
    assert wire.deleted == ["/connections/c2"]


def test_L4_a_connection_that_went_away_meanwhile_is_done() -> None:
    def answer(path: str) -> Any:
        if path.startswith("DELETE"):
            raise NotFound("xero")
        return [row("t1"), row("t2", "c2")]

    assert disconnect(Wire(answer), "t1") == 1


def test_L4_a_disconnect_that_did_not_happen_is_not_called_done() -> None:
    def answer(path: str) -> Any:
        if path.startswith("DELETE"):
            raise AccessLost("xero", status=401)
        return [row("t1")]

    with pytest.raises(AccessLost):
        disconnect(Wire(answer), "t1")
    with pytest.raises(UnreadableAnswer):
        disconnect(Wire(lambda path: {}), "t1")


def test_L4_an_id_that_leads_elsewhere_stays_one_part_of_the_path() -> None:
    wire = Wire(lambda path: [row("t1", "../Employees")])
    disconnect(wire, "t1")
    assert wire.deleted == ["/connections/..%2FEmployees"]


def test_L4_a_lost_answer_is_asked_again_and_counts_as_done(opened: Open) -> None:
    house = opened()
    house.plan("drop_after", path="/connections/*", method="DELETE")
    assert disconnect(house.transport, TENANT) == 0
    assert [call.status for call in house.made("DELETE")] == [None, 404]
    assert connections(house.transport) == ()
