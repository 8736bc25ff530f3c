"""Any single byte of any file of the data directory changed or cut: refused clearly, or harmless (promise 3)."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.errors import AgentError, StateDamaged, StateNewer
from agent.records import Event, User
from agent.store import Store
from agent.store.lost import ALL
from agent.vault import SEALED_FILE, Key, Vault
from tests.disk.office import KEY, Office

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# Enough to meet every kind of place; all of them in the long profile.
PLACES = 100_000 if os.environ.get("HRA_XERO_LONG") else 80


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory that has something in every file."""
    folder = tmp_path_factory.mktemp("bytes") / "data"
    office = Office(folder)
    office.both_runs()
    office.people_change()
    office.both_runs()
    store = office.store
    store.note(Event("linked", "p1", "p1"))
    store.note(Event("linked", "p2", "p2"))
    store.put_user(User("anna", "hash", "p1"))
    store.keep_plan("abc", "{}")
    store.accept(office.save("w1"))
    store.accept(office.save("w2"))
    store.close_saves(["w1"], "done")
    office.close()
    Vault(folder, Key(b"v" * 32)).seal("hra", {"token": "t"})
    yield folder


def opened(folder: Path) -> Store:
    return Store(folder, lambda: NOW, audit_key=KEY)


def memory(store: Store) -> tuple[Any, ...]:
    """All that the store remembers, save for the audit log."""
    return (
        store.links(), store.waiting(), store.runs(99), store.users(), store.attention(),
        store.binding(), store.marker("hra"), store.marker("xero"), store.pending(),
        store.ignored("hra"), store.parted(), store.kept_plan("abc"), store.changes(99),
        store.instance(), store.standing(),
    )  # fmt: skip


def spoilt(data: bytes) -> Iterator[bytes]:
    """The file with one byte changed, or taken out, at many places, the first and the last ones among them."""
    step = max(1, len(data) // PLACES)
    places = {
        *range(0, len(data), step),
        *range(min(48, len(data))),
        *range(max(0, len(data) - 6), len(data)),
    }
    for at in sorted(places):
        for byte in {data[at] ^ 1, data[at] ^ 0x80, 0x20, 0x0A, 0x39} - {data[at]}:
            yield data[:at] + bytes([byte]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]


@pytest.mark.parametrize("name", ALL)
def test_promise3_a_byte_changed_or_cut_in_a_state_file_is_refused_or_changes_nothing(
    kept: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(kept, folder)
    with closing(opened(folder)) as store:
        whole = memory(store)
    path = folder / name
    data = path.read_bytes()
    refused = 0
    for bytes_ in spoilt(data):
        path.write_bytes(bytes_)
        try:
            store = opened(folder)
        except (StateDamaged, StateNewer) as error:
            assert name in error.sentence()
            assert path.read_bytes() == bytes_  # left as it was
            refused += 1
            continue
        with closing(store):
            assert memory(store) == whole
        path.write_bytes(data)
    assert refused > 100


def test_S3_a_byte_changed_or_cut_in_the_audit_log_is_told_and_stops_nothing(
    kept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(kept, folder)
    log, head = (folder / name for name in ("audit.jsonl", "audit-head.json"))
    data, sealed = log.read_bytes(), head.read_bytes()
    for path, whole in ((log, data), (head, sealed)):
        for bytes_ in list(spoilt(whole))[::6]:
            log.write_bytes(data)
            head.write_bytes(sealed)
            path.write_bytes(bytes_)
            with closing(opened(folder)) as store:
                assert store.audit_check(), path.name
                assert len(store.links()) >= 3


def test_a_byte_changed_or_cut_in_the_sealed_sign_ins_or_the_key_signs_nobody_in_as_somebody_else(
    kept: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(kept, folder)
    path = folder / SEALED_FILE
    for bytes_ in spoilt(path.read_bytes()):
        path.write_bytes(bytes_)
        vault = Vault(folder, Key(b"v" * 32))
        try:
            found = vault.unseal("hra")
        except AgentError as error:
            assert "away" in error.sentence() or "newer version" in error.sentence()
            continue
        assert found in (None, {"token": "t"})
