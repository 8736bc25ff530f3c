"""L1: one account and one organisation, chosen once; a sign-in to another one takes nothing away from the right one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.connect import Connect, Found
from agent.errors import NotConnected, NotFound, NotSetUp, Unreachable, WrongTarget
from agent.records import Binding
from agent.store import Store
from agent.xero.consents import take_back

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ONE: Found = (("t1", "Harbour & Pine"),)
TWO: Found = (*ONE, ("t2", "Other Pty Ltd"))


class SignIn:
    """Tokens without a vendor: the sign-in in use and the one on offer, by number."""

    def __init__(self) -> None:
        self.given = 0
        self.held = self.offered = 0

    def begin(self) -> str:
        return "https://login.example/authorize"

    def complete(self, state: str, code: str) -> object:
        if state != "good":
            raise NotConnected("xero")
        self.given += 1
        self.offered = self.given
        return None

    def refused(self, state: str) -> None:
        if state != "good":
            raise NotConnected("xero")

    def accept(self) -> None:
        self.held, self.offered = self.offered, 0

    def reject(self) -> None:
        self.offered = 0


class Desk:
    def __init__(self, store: Store, wanted: str = "") -> None:
        self.store = store
        self.sees: Found = ONE
        self.answers: Exception | None = None
        self.tokens = SignIn()
        self.bound: list[tuple[str, str]] = []
        self.taken_back: list[int] = []
        self.cannot: Exception | None = None
        self.flow = Connect(
            store,
            {"hra": SignIn(), "xero": self.tokens},
            {"xero": self._list},
            {"xero": wanted},
            lambda side, actor: self.bound.append((side, actor)),
            {"xero": self._take_back},
        )
        self.flow.begin("xero", "page:anna")

    def back(self) -> Found:
        return self.flow.complete("xero", "good", "code")

    def _take_back(self) -> None:
        self.taken_back.append(self.tokens.offered)
        if self.cannot:
            raise self.cannot

    def _list(self) -> Found:
        if self.answers:
            raise self.answers
        return self.sees


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path, lambda: NOW)
    yield made
    made.close()


def test_L1_the_only_organisation_is_linked_at_once(store: Store) -> None:
    desk = Desk(store)
    assert desk.back() == ()
    assert store.binding() == Binding(tenant_id="t1", tenant_name="Harbour & Pine")
    assert (desk.bound, desk.tokens.held) == ([("xero", "page:anna")], 1)


def test_L1_of_several_the_person_picks_one_and_it_stays(store: Store) -> None:
    desk = Desk(store)
    desk.sees = TWO
    assert desk.back() == TWO
    assert (store.binding(), desk.bound, desk.tokens.held) == (Binding(), [], 0)
    desk.flow.choose("xero", "t2")
    assert (store.binding().tenant_id, desk.tokens.held) == ("t2", 1)
    assert desk.back() == ()  # the choice is stored: not asked again
    assert store.binding().tenant_id == "t2"
    assert len(desk.bound) == 2


def test_L1_nothing_can_be_chosen_that_was_not_offered(store: Store) -> None:
    desk = Desk(store)
    with pytest.raises(NotConnected):
        desk.flow.choose("xero", "t1")
    desk.sees = TWO
    desk.back()
    with pytest.raises(NotConnected):
        desk.flow.choose("xero", "t3")
    assert store.binding() == Binding()


def test_L1_another_organisation_is_refused_and_the_old_sign_in_still_works(store: Store) -> None:
    desk = Desk(store)
    desk.back()
    desk.sees = (("t2", "Other Pty Ltd"),)
    with pytest.raises(WrongTarget) as told:
        desk.back()
    assert "Disconnect first" in told.value.sentence()
    assert store.binding().tenant_id == "t1"
    assert (desk.tokens.held, desk.tokens.offered) == (1, 0)


def test_L1_a_reconnect_that_breaks_off_leaves_the_old_sign_in(store: Store) -> None:
    desk = Desk(store)
    desk.back()
    desk.answers = Unreachable("xero")
    with pytest.raises(Unreachable):
        desk.back()
    assert (desk.tokens.held, desk.tokens.offered) == (1, 0)


def test_L4_after_parting_another_organisation_may_be_chosen(store: Store) -> None:
    store.bind(Binding("a1", "Harbour HR", "t1", "Harbour & Pine"))
    desk = Desk(store)
    desk.flow.part("xero")
    assert store.binding() == Binding("a1", "Harbour HR")
    desk.sees = (("t2", "Other Pty Ltd"),)
    assert desk.back() == ()
    assert store.binding().tenant_id == "t2"


def test_L4_parting_from_hra_leaves_the_organisation_of_xero(store: Store) -> None:
    store.bind(Binding("a1", "Harbour HR", "t1", "Harbour & Pine"))
    Desk(store).flow.part("hra")
    assert store.binding() == Binding(tenant_id="t1", tenant_name="Harbour & Pine")


def test_L4_parting_ends_a_choice_that_waits(store: Store) -> None:
    desk = Desk(store)
    desk.sees = TWO
    desk.back()
    desk.flow.part("xero")
    assert (desk.flow.choices("xero"), desk.tokens.offered) == ((), 0)


def test_L1_the_organisation_that_the_settings_name_is_taken_without_asking(store: Store) -> None:
    desk = Desk(store, wanted="t2")
    desk.sees = TWO
    assert desk.back() == ()
    assert store.binding().tenant_id == "t2"


def test_L1_a_sign_in_that_lacks_the_organisation_of_the_settings_is_refused(store: Store) -> None:
    desk = Desk(store, wanted="t9")
    with pytest.raises(WrongTarget):
        desk.back()
    assert not desk.tokens.held
    assert store.binding() == Binding()


def test_L1_a_sign_in_that_sees_nothing_is_said(store: Store) -> None:
    desk = Desk(store)
    desk.sees = ()
    with pytest.raises(NotSetUp) as told:
        desk.back()
    assert "sees no organisation" in told.value.sentence()


def test_L2_a_call_back_with_a_foreign_state_changes_nothing(store: Store) -> None:
    desk = Desk(store)
    with pytest.raises(NotConnected):
        desk.flow.complete("xero", "forged", "code")
    assert (store.binding(), desk.bound) == (Binding(), [])


def test_L2_a_call_back_with_a_foreign_state_leaves_the_choice_that_waits(store: Store) -> None:
    desk = Desk(store)
    desk.sees = TWO
    desk.back()
    with pytest.raises(NotConnected):
        desk.flow.complete("xero", "forged", "code")
    assert desk.flow.choices("xero") == TWO
    desk.flow.choose("xero", "t2")
    assert store.binding().tenant_id == "t2"


def test_L1_what_a_refused_sign_in_connected_is_taken_back_before_it_is_forgotten(
    store: Store,
) -> None:
    desk = Desk(store)
    desk.back()
    desk.answers = Unreachable("xero")
    with pytest.raises(Unreachable):
        desk.back()
    assert desk.taken_back == [], "nothing is known to be wrong"
    desk.answers, desk.sees = None, (("t2", "Other Pty Ltd"),)
    with pytest.raises(WrongTarget):
        desk.back()
    assert (desk.taken_back, desk.tokens.offered) == ([3], 0)


def test_L1_a_connection_that_could_not_be_taken_back_is_told(store: Store) -> None:
    desk = Desk(store, wanted="t9")
    desk.cannot = Unreachable("xero")
    with pytest.raises(WrongTarget, match="remove the agent there"):
        desk.back()
    assert desk.tokens.offered == 0


class Connections:
    """Xero's list of connections; `deleted` are the ids that were taken away."""

    def __init__(self, *rows: dict[str, str]) -> None:
        self.body = list(rows)
        self.deleted: list[str] = []

    def get(self, path: str, params: object = None, headers: object = None) -> "Connections":
        assert (path, params) == ("/connections", {"authEventId": "e-1"})
        return self

    def send(self, method: str, path: str, json: object, *_: object, repeatable: bool) -> Any:
        assert (method, json, repeatable) == ("DELETE", None, True)
        self.deleted.append(path.rpartition("/")[2])
        if path.endswith("gone"):
            raise NotFound("xero")


def row(id: str, event: str, created: str, updated: str) -> dict[str, str]:
    return {"id": id, "authEventId": event, "createdDateUtc": created, "updatedDateUtc": updated}


def test_L1_only_the_connections_that_this_consent_made_are_taken_back() -> None:
    now, soon = "2026-03-02T09:00:00.5165400", "2026-03-02T09:00:00.5187840"
    xero = Connections(
        row("gone", "E-1", now, soon),
        row("new", "e-1", now, soon),
        row("before", "e-1", "2025-11-01T10:00:00.0000000", now),
        row("another-consents", "e-2", now, soon),
        row("odd", "e-1", "", now),
        {"id": "silent"},
    )
    assert take_back(xero, "e-1") == 2
    assert xero.deleted == ["gone", "new"]
    assert take_back(xero, "") == 0
