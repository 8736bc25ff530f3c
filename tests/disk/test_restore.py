"""What restore refuses, what it leaves alone, and that it can be cut short at any moment; what backup never writes over."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent import backup as backups
from agent.backup.form import Head, Unfit, mark_of, packed, unpacked
from agent.errors import AgentError, DataDirBusy, NotPossible, NotStored, StateNewer
from agent.records import Event, User
from agent.store import DataDir, Store
from agent.store.house import COPY
from tests.disk.faulty import Disk
from tests.disk.office import KEY, Office

MADE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEAL, OTHER_SEAL = b"s" * 32, b"t" * 32


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "old")
    made.both_runs()
    made.store.note(Event("linked", "p1", "p1"))
    made.store.put_user(User("anna", "hash", "p1"))
    made.store.accept(made.save("w1"))
    yield made
    made.close()


@pytest.fixture
def file(office: Office, tmp_path: Path) -> Path:
    path = tmp_path / "monday.backup"
    backups.write(path, backups.made(office.store, SEAL, MADE))
    return path


def restored(file: Path, folder: Path, *keys: bytes, **more: object) -> backups.Restored:
    return backups.restore(file, folder, keys, now=lambda: MADE, keep=("agent.key",), **more)  # type: ignore[arg-type]


def opened(folder: Path) -> Store:
    return Store(folder, lambda: MADE, audit_key=KEY)


def test_L5_what_was_backed_up_is_there_again_switched_off_and_signed_out(
    office: Office, file: Path, tmp_path: Path
) -> None:
    assert restored(file, tmp_path / "new", SEAL).backup.proved
    store, old = opened(tmp_path / "new"), office.store
    try:
        assert store.links() == old.links() and len(store.links()) == 3
        assert store.waiting() == old.waiting()
        assert store.audit_lines() == old.audit_lines()
        assert store.runs(9) == old.runs(9)
        assert store.binding() == old.binding()
        assert store.users() == (User("anna", "", "p1"),)
        assert (store.standing(), store.is_copy()) == (COPY, True)
        assert not store.connection("hra").connected
        assert (store.marker("hra"), store.marker("xero")) == (None, None)
        assert store.audit_check() == ()
    finally:
        store.close()
    modes = {one.stat().st_mode & 0o777 for one in (tmp_path / "new").iterdir()}
    assert modes == {0o600}


def test_any_byte_of_a_backup_that_was_changed_or_cut_is_refused_and_nothing_is_touched(
    file: Path, tmp_path: Path
) -> None:
    data, folder = file.read_bytes(), tmp_path / "new"
    folder.mkdir()
    for at in range(0, len(data), max(1, len(data) // 400)):
        for spoilt in (
            data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
            data[:at] + data[at + 1 :],
            data[:at],
        ):
            file.write_bytes(spoilt)
            for keys in ((), (SEAL,)):
                with pytest.raises(AgentError) as refused:
                    restored(file, folder, *keys)
                assert "Nothing was changed" in refused.value.sentence()
    assert list(folder.iterdir()) == []


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=50)
def test_bytes_that_are_no_backup_are_unfit_and_no_fault(rest: bytes, begun: bool) -> None:
    start = b'{"format": "hra-xero-agent backup", ' if begun else b""
    with pytest.raises(Unfit):
        unpacked(start + rest, ())


def swapped(file: Path, key: bytes) -> bytes:
    """The backup with the links of two people exchanged, and every checksum right again."""
    found = unpacked(file.read_bytes(), ())
    links = json.loads(found.files["links.json"])
    table = next(name for name in links if name.startswith("links/"))
    one, two = list(links[table].values())[:2]
    one["xero_id"], two["xero_id"] = two["xero_id"], one["xero_id"]
    del links["sum"]
    files = {**found.files, "links.json": json.dumps(links | {"version": 1}).encode()}
    return packed(found.head, files, key)


def test_a_swapped_link_is_found_where_the_key_is_at_hand(
    office: Office, file: Path, tmp_path: Path
) -> None:
    """Somebody without the key exchanges two people's links, which would misdirect wages."""
    file.write_bytes(swapped(file, OTHER_SEAL))
    with pytest.raises(NotPossible, match="its seal does not hold"):
        restored(file, tmp_path / "new", SEAL)
    assert not (tmp_path / "new" / "links.json").exists()
    assert restored(file, tmp_path / "new").backup.proved is False  # the command says so


def test_a_backup_of_another_key_is_refused_and_one_of_an_older_key_is_taken(
    file: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotPossible, match="made with another key"):
        restored(file, tmp_path / "new", OTHER_SEAL)
    assert restored(file, tmp_path / "new", OTHER_SEAL, SEAL).backup.proved


def test_a_backup_of_a_newer_version_is_refused_with_what_to_do(file: Path, tmp_path: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data.replace(b'"version": 1', b'"version": 2', 1))
    with pytest.raises(StateNewer, match="Install that version again"):
        restored(file, tmp_path / "new", SEAL)
    newer = unpacked(data, ())
    state = newer.files["state.json"].replace(b'{"version":2', b'{"version":9', 1)
    file.write_bytes(packed(newer.head, {**newer.files, "state.json": state}, SEAL))
    with pytest.raises(StateNewer, match=r"state\.json was written by a newer version"):
        restored(file, tmp_path / "new", SEAL)


def test_a_backup_names_no_file_outside_of_the_data_directory(file: Path, tmp_path: Path) -> None:
    found = unpacked(file.read_bytes(), ())
    file.write_bytes(packed(found.head, {**found.files, "../evil": b"x"}, SEAL))
    with pytest.raises(NotPossible, match="damaged"):
        restored(file, tmp_path / "new", SEAL)
    assert not (tmp_path / "evil").exists()


def test_nothing_that_is_there_is_overwritten_and_replace_moves_it_aside(
    office: Office, file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "agent.key").write_bytes(b"key")
    (folder / "links.json").write_bytes(b"precious")
    with pytest.raises(NotPossible, match="is not empty"):
        restored(file, folder, SEAL)
    assert (folder / "links.json").read_bytes() == b"precious"
    aside = restored(file, folder, SEAL, replace=True).aside
    assert aside is not None and (aside / "links.json").read_bytes() == b"precious"
    assert (folder / "agent.key").read_bytes() == b"key"
    store = opened(folder)
    assert store.links() == office.store.links()
    store.close()
    with DataDir.hold(folder), pytest.raises(DataDirBusy):
        restored(file, folder, SEAL, replace=True)


def test_a_restore_that_was_cut_short_is_never_started_on_and_can_be_done_again(
    office: Office, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path, monkeypatch)
    stopped = 0
    for step in range(1, 200):
        folder = tmp_path / f"new{step}"
        folder.mkdir()
        (folder / "links.json").write_bytes(b"precious")
        start = disk.count
        disk.refuse = lambda number, at=start + step: number >= at  # type: ignore[misc]
        try:
            restored(file, folder, SEAL, replace=True)
        except NotStored:
            stopped += 1
        else:
            break
        finally:
            disk.well()
        begun = (folder / "restoring").exists()
        if begun:
            with pytest.raises(NotPossible, match="cut short"):
                DataDir.hold(folder)
        restored(file, folder, SEAL, replace=not begun)
        store = opened(folder)
        assert store.links() == office.store.links()
        store.close()
        kept = [one.read_bytes() for one in folder.glob("before-restore-*/links.json")]
        assert b"precious" in kept
    assert stopped > 20


def test_a_backup_is_written_whole_or_not_at_all_and_never_over_another_file(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()
    letter = tmp_path / "letter.txt"
    letter.write_bytes(b"Dear payroll")
    for taken in (letter, tmp_path):
        with pytest.raises(NotPossible, match="no backup of this agent"):
            backups.write(taken, before)
    assert letter.read_bytes() == b"Dear payroll"
    disk = Disk(tmp_path, monkeypatch)
    with disk.failing(errno.ENOSPC), pytest.raises(NotStored, match="disk is full"):
        backups.write(file, before + b"")
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir() if one.name.endswith(".new")] == []
    backups.write(file, before)


def test_S3_a_line_written_while_a_backup_is_made_makes_no_false_alarm(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, real = office.store, office.store.snapshot

    def meanwhile() -> dict[str, bytes]:
        files = real()
        store.note(Event("linked", "p2", "p2"))
        return files

    monkeypatch.setattr(store, "snapshot", meanwhile)
    path = tmp_path / "busy.backup"
    backups.write(path, backups.made(store, SEAL, MADE))
    head = restored(path, tmp_path / "new", SEAL).backup.head
    with closing(opened(tmp_path / "new")) as copy:
        assert copy.audit_check() == ()
        assert copy.audit_differs(head.audit_count, head.audit_mac) == ""


def test_the_head_says_whose_backup_it_is_and_up_to_which_line_the_log_goes(
    office: Office, file: Path
) -> None:
    head: Head = backups.read(file, (SEAL,)).head
    assert (head.account_id, head.tenant_id) == ("account", "tenant")
    assert (head.instance, head.made) == (office.store.instance(), MADE)
    assert (head.audit_count, head.audit_mac) == office.store.audit_head()
    assert head.key == mark_of(SEAL)
    assert office.store.audit_differs(head.audit_count, head.audit_mac) == ""
    office.store.note(Event("linked", "p2", "p2"))
    assert office.store.audit_differs(head.audit_count, head.audit_mac) == ""
    assert "older copy" in office.store.audit_differs(99, head.audit_mac)
    assert "another log" in office.store.audit_differs(head.audit_count, "0" * 64)
