"""Whatever the agent's user has set for new files, those of the agent are its owner's alone, from the first moment (S4)."""

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.cli.context import write_new
from agent.files import replace_file
from agent.records import Save
from agent.store import DataDir, Store
from agent.vault import Key, Vault

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_S4_folder_and_files_are_the_owners_alone_under_any_umask(
    umask: int, tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    with DataDir.hold(data_dir):
        key = Key.open(data_dir, {})
        Vault(data_dir, key).seal("xero", {"refresh_token": "r"})
        store = Store(data_dir, lambda: NOW, audit_key=key.derive("audit"))
        store.accept(Save("msg_1", "emp7", (), NOW))
        store.close()
    write_new(tmp_path / "agent.ini", "[agent]\n")
    files = [file for file in (*data_dir.rglob("*"), tmp_path / "agent.ini") if file.is_file()]
    assert {"agent.key", "tokens.sealed", "lock", "audit.jsonl"} <= {file.name for file in files}
    modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}
    assert modes == dict.fromkeys(modes, "0o600")
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_S4_a_file_is_never_open_to_others_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def synced(handle: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))

    monkeypatch.setattr("agent.files.os.fsync", synced)
    before = os.umask(0)
    replace_file(tmp_path / "agent.key", b"secret")
    os.umask(before)
    assert seen[0] == 0o600
