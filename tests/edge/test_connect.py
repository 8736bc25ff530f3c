"""L1: one account and one organisation, chosen once; L2: nothing is left of a sign-in to another one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.connect import Connect, Found
from agent.errors import NotConnected, NotSetUp, WrongTarget
from agent.records import Binding
from agent.store import Store

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ONE: Found = (("t1", "Harbour & Pine"),)
TWO: Found = (*ONE, ("t2", "Other Pty Ltd"))


class SignIn:
    """Tokens without a vendor: signed in or not."""

    def __init__(self) -> None:
        self.held = False

    def begin(self) -> str:
        return "https://login.example/authorize"

    def complete(self, state: str, code: str) -> object:
        if state != "good":
            raise NotConnected("xero")
        self.held = True
        return None

    def forget(self) -> None:
        self.held = False


class Desk:
    def __init__(self, store: Store, wanted: str = "") -> None:
        self.store = store
        self.sees: Found = ONE
        self.tokens = SignIn()
        self.bound: list[str] = []
        self.flow = Connect(
            store, {"xero": self.tokens}, {"xero": lambda: self.sees}, {"xero": wanted},
            self.bound.append,
        )  # fmt: skip

    def back(self) -> Found:
        return self.flow.complete("xero", "good", "code")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path, lambda: NOW)
    yield made
    made.close()


def test_L1_the_only_organisation_is_linked_at_once(store: Store) -> None:
    desk = Desk(store)
    assert desk.back() == ()
    assert store.binding() == Binding(tenant_id="t1", tenant_name="Harbour & Pine")
    assert desk.bound == ["xero"]


def test_L1_of_several_the_person_picks_one_and_it_stays(store: Store) -> None:
    desk = Desk(store)
    desk.sees = TWO
    assert desk.back() == TWO
    assert (store.binding(), desk.bound) == (Binding(), [])
    desk.flow.choose("xero", "t2")
    assert store.binding().tenant_id == "t2"
    assert desk.back() == ()  # the choice is stored: not asked again
    assert store.binding().tenant_id == "t2"
    assert desk.bound == ["xero", "xero"]


def test_L1_nothing_can_be_chosen_that_was_not_offered(store: Store) -> None:
    desk = Desk(store)
    with pytest.raises(NotConnected):
        desk.flow.choose("xero", "t1")
    desk.sees = TWO
    desk.back()
    with pytest.raises(NotConnected):
        desk.flow.choose("xero", "t3")
    assert store.binding() == Binding()


def test_L1_another_organisation_is_refused_and_its_sign_in_forgotten(store: Store) -> None:
    desk = Desk(store)
    desk.back()
    desk.sees = (("t2", "Other Pty Ltd"),)
    with pytest.raises(WrongTarget) as told:
        desk.back()
    assert "Disconnect first" in told.value.sentence()
    assert store.binding().tenant_id == "t1"
    assert not desk.tokens.held


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
