"""A disk that is full, read-only, not ours or broken, at every single write of a run: nothing is lost, nothing is
written twice, and the agent goes on once the disk is well again.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.errors import NotStored
from agent.files import replace_file
from agent.records import Event
from agent.store import Store
from tests.disk.faulty import Disk
from tests.disk.office import KEY, Office

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KINDS = {
    errno.ENOSPC: "the disk is full. Make room",
    errno.EROFS: "the disk is read-only. Mount it",
    errno.EACCES: "may not do that. Give that user",
    errno.EIO: "Look whether the disk is broken",
}
EVERY = 1 if os.environ.get("HRA_XERO_LONG") else 10


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk of every office here. Nobody waits for the real one."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    return Disk(tmp_path, monkeypatch)


@pytest.fixture
def office(tmp_path: Path, disk: Disk) -> Iterator[Office]:
    """Everybody in step, and changes on both sides that wait to be carried."""
    made = in_step(tmp_path / "one")
    yield made
    made.close()


def in_step(folder: Path) -> Office:
    made = Office(folder)
    made.both_runs()
    made.later(hours=1)
    made.people_change()
    return made


def test_promise1_a_disk_that_is_full_from_any_write_on_loses_nothing_and_repeats_nothing(
    tmp_path: Path, disk: Disk
) -> None:
    """From the n-th step on the disk takes nothing more, until somebody makes room; the same process goes on."""
    whole = in_step(tmp_path / "whole")
    first = disk.count
    whole.both_runs()
    steps, wanted = disk.count - first, whole.sides()
    whole.close()
    assert steps > 60
    met = 0
    for step in range(1, steps + 1, EVERY):
        office = in_step(tmp_path / str(step))
        before, start = office.counts(), disk.count
        disk.refuse = lambda number, at=start + step: number >= at  # type: ignore[misc]
        error = office.tries(office.both_runs)
        met += isinstance(error, NotStored)
        assert error is None or isinstance(error, NotStored), (step, error)
        disk.well()
        for _ in range(2):  # what was sent without being noted may come to light late
            office.later(hours=1)
            office.both_runs()
        assert office.sides() == wanted, step
        assert office.counts() == (before[0], before[1] + 1), step
        writes = office.writes()
        office.later(hours=1)
        office.both_runs()
        assert office.writes() == writes, step
        assert office.store.disk_trouble() == ""
        assert office.store.audit_check() == ()
        assert all(run.outcome != "running" for run in office.store.runs(99))
        office.close()
    assert met > steps / EVERY * 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_says_what_the_disk_has_and_what_to_do_as_long_as_it_lasts(
    office: Office, disk: Disk, kind: int
) -> None:
    with disk.failing(kind):
        error = office.tries(lambda: office.sync.run("import", "page"))
        assert isinstance(error, NotStored) and KINDS[kind] in error.sentence()
        [row] = [row for row in office.store.attention() if row.scope == "disk"]
        assert KINDS[kind] in row.text and "goes on by itself" in row.text
        office.store.try_disk()
        assert office.store.disk_trouble()
    office.store.try_disk()
    assert [row for row in office.store.attention() if row.scope == "disk"] == []


def test_room_for_a_few_bytes_does_not_end_the_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = 2_000

    def nearly_full(path: Path, data: bytes) -> None:
        if len(data) > room:
            raise NotStored(path.name, "the disk is full.")
        really(path, data)

    really = replace_file
    with closing(Store(tmp_path / "data", lambda: NOW, audit_key=KEY)) as store:
        for n in range(40):
            store.say_alone(f"hra:{n:0100}")
        for home in ("storage", "disk"):
            monkeypatch.setattr(f"agent.store.{home}.replace_file", nearly_full)
        with pytest.raises(NotStored):
            store.say_alone("hra:one-more")
        store.try_disk()
        assert store.disk_trouble()
        room = 2_000_000
        store.try_disk()
        assert not store.disk_trouble()


def test_H2_a_save_that_cannot_be_stored_is_refused_and_taken_when_it_is_sent_again(
    office: Office, disk: Disk
) -> None:
    with disk.failing():
        with pytest.raises(NotStored):
            office.store.accept(office.save("w1"))
        assert office.store.waiting() == ()
    assert office.store.accept(office.save("w1")) is True
    with disk.failing():
        assert office.store.accept(office.save("w1")) is False  # had before: nothing to store
        with pytest.raises(OSError):
            office.store.close_saves(["w1"], "done")
    assert [save.id for save in office.store.waiting()] == ["w1"]


def test_S3_an_event_that_cannot_be_noted_is_no_line_and_the_next_one_follows(
    office: Office, disk: Disk
) -> None:
    lines = len(office.store.audit_lines())
    with disk.failing(), pytest.raises(NotStored):
        office.store.note(Event("switched", why="off"))
    office.store.note(Event("switched", why="on"))
    assert len(office.store.audit_lines()) == lines + 1
    assert office.store.audit_check() == ()


def test_promise1_what_a_full_disk_refused_is_not_remembered_after_a_restart_either(
    office: Office, disk: Disk
) -> None:
    start = disk.count
    disk.refuse = lambda number: number >= start + 25
    assert isinstance(office.tries(office.both_runs), NotStored)
    links, attention = office.store.links(), office.store._attention.all()
    office.close()
    disk.well()
    office.open()
    assert office.store.links() == links
    assert office.store._attention.all() == attention
