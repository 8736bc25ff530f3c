"""H0: without a sender of hooks, HRA's list is looked at for saves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.employee import Person, Status
from agent.errors import Unreachable
from agent.records import Binding, Save
from agent.side import Listing
from agent.store import Store
from agent.watch import Watch

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EARLY, LATE = "2026-03-02T08:00:00Z", "2026-03-02T08:59:00Z"
BETWEEN = "2026-03-02T08:30:00Z"


def person(id: str, updated: str, status: Status = Status.CURRENT) -> Person:
    return Person("hra", id, "Ada", "Nguyen", status, updated=updated)


class Desk:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.people: tuple[Person, ...] = ()
        self.asked: list[str | None] = []
        self.down = False
        self.watch = Watch(store, self._listing, lambda: NOW)

    def link(self, id: str, seen: str) -> None:
        link = self.store.add_link(id, f"x-{id}")
        self.store.save_link(replace(link, hra_seen=seen))

    def _listing(self, since: str | None) -> Listing:
        self.asked.append(since)
        if self.down:
            raise Unreachable("hra")
        people = tuple(p for p in self.people if p.updated >= (since or ""))
        return Listing(people, max((p.updated for p in people), default=""), False)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    store = Store(tmp_path, lambda: NOW)
    store.bind(Binding("account", "", "tenant", ""))
    yield Desk(store)
    store.close()


def test_H0_who_moved_since_the_last_read_is_pushed_in_all_sections_and_once(desk: Desk) -> None:
    desk.link("e1", EARLY)
    desk.people = (person("e1", LATE),)
    assert desk.watch.look() == 1
    assert [(row.employee_id, row.sections) for row in desk.store.waiting()] == [("e1", ())]
    assert desk.watch.look() == 0


@pytest.mark.parametrize(
    "someone",
    [person("e1", EARLY), person("e1", LATE, Status.GONE), person("stranger", LATE)],
    ids=["not moved", "not Current", "not linked"],
)
def test_H0_nobody_else_is(desk: Desk, someone: Person) -> None:
    desk.link("e1", EARLY)
    desk.people = (someone,)
    assert desk.watch.look() == 0
    assert desk.store.waiting() == ()


def test_H0_a_look_that_failed_is_made_again_from_where_it_was(desk: Desk) -> None:
    desk.store.set_marker("hra", EARLY)
    desk.down = True
    with pytest.raises(Unreachable):
        desk.watch.look()
    desk.down, desk.people = False, (person("e1", LATE),)
    desk.watch.look()
    desk.watch.look()
    assert desk.asked == [EARLY, EARLY, LATE]


def test_H0_a_look_that_could_not_store_every_save_is_made_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.store.set_marker("hra", EARLY)
    for id in ("e1", "e2"):
        desk.link(id, EARLY)
    desk.people = (person("e1", LATE), person("e2", BETWEEN))
    accept = desk.store.accept

    def full_after_the_first(save: Save) -> bool:
        if desk.store.waiting():
            raise OSError("no space left")
        return accept(save)

    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "accept", full_after_the_first)
        with pytest.raises(OSError, match="space"):
            desk.watch.look()
    assert desk.watch.look() == 1
    assert {row.employee_id for row in desk.store.waiting()} == {"e1", "e2"}
