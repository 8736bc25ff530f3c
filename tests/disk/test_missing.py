"""Files that are missing, unreadable or not ours: each in turn and all of them (promise 3), and what a person reads.

A lost file deletes nothing and overwrites nothing: what it held is met as if for the first time.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from agent.cli import main
from agent.files import replace_file
from agent.store import Store
from agent.store.house import LOST_STATE
from agent.store.lost import ALL
from tests.disk.faulty import Disk
from tests.disk.office import BANK, JOB, KEY, MOBILE, Office
from tests.edge.cli_house import FLAGS

COMMANDS = (
    ["status"],
    ["import"],
    ["export", "--dry-run"],
    ["audit", "verify"],
    ["backup", "x"],
    ["run"],
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Everybody in step, then changes on both sides, and the agent stopped."""
    made = Office(tmp_path / "data")
    made.both_runs()
    made.later(hours=1)
    made.people_change()
    made.store.accept(made.save("w1"))
    made.close()
    yield made
    made.close()


@pytest.mark.parametrize("name", [*ALL, "audit.jsonl", "audit-head.json"])
def test_promise3_a_lost_file_deletes_nothing_overwrites_nothing_and_is_told(
    office: Office, name: str
) -> None:
    (office.folder / name).unlink()
    people = office.counts()
    office.open()
    told = [row.text for row in office.store.attention() if row.scope == "files"]
    told += [office.store.standing()] if name == "state.json" else []
    assert len(told) == (name in ALL) and all(name in text for text in told)
    assert (office.store.audit_check() == ()) is (name in ALL)
    office.both_runs()
    assert office.counts() == (people[0], people[1] + 1)  # the newcomer, and nobody twice
    if name == "links.json":
        everything_stands_as_the_people_left_it(office)
    else:
        assert office.xero.value("p1", "mobile") == MOBILE[1]
        assert office.hra.value("p2", "mobile") == MOBILE[2]
    assert [save.id for save in office.store.waiting()] == ([] if name == "inbox.jsonl" else ["w1"])
    writes = office.writes()
    office.later(hours=1)
    office.both_runs()
    assert office.writes() == writes


@pytest.mark.parametrize("name", ["state.json", "inbox.jsonl", "links.json"])
def test_promise3_a_start_that_is_killed_between_any_two_steps_still_tells_what_was_lost(
    office: Office, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As a kill: nothing of the start comes after it."""

    (office.folder / name).unlink()
    for last in range(1, 12):
        folder, steps = tmp_path / f"killed-{last}", iter(range(1, 99))
        shutil.copytree(office.folder, folder)

        def replaced(
            path: Path, data: bytes, last: int = last, steps: Iterator[int] = steps
        ) -> None:
            if next(steps) > last:
                raise Killed
            replace_file(path, data)

        with monkeypatch.context() as killing, suppress(Killed):
            for home in ("agent.audit", "agent.store.storage", "agent.store.inbox"):
                killing.setattr(f"{home}.replace_file", replaced)
            Store(folder, office.clock, audit_key=KEY).close()
        with closing(Store(folder, office.clock, audit_key=KEY)) as store:
            told = [row.text for row in store.attention() if row.scope == "files"]
            assert any(name in text for text in (*told, store.standing()))
            assert store.marker("hra") is None  # everybody is read again


def test_promise3_with_every_file_lost_everybody_is_met_for_the_first_time(office: Office) -> None:
    shutil.rmtree(office.folder)
    office.open()
    assert office.store.attention() == ()  # a new agent, for all that it can know
    people = office.counts()
    office.both_runs()
    everything_stands_as_the_people_left_it(office)
    assert office.counts() == (people[0], people[1] + 1)
    assert len(office.store.links()) == 4


def everything_stands_as_the_people_left_it(office: Office) -> None:
    """What differs waits for a person on both sides; nothing of it was written."""
    for side, person, field, value in (
        (office.hra, "p1", "mobile", MOBILE[1]),
        (office.xero, "p1", "mobile", MOBILE[0]),
        (office.hra, "p1", "bank_accounts", BANK[1]),
        (office.xero, "p1", "bank_accounts", BANK[0]),
        (office.hra, "p2", "mobile", MOBILE[0]),
        (office.xero, "p2", "mobile", MOBILE[2]),
        (office.hra, "p3", "job_title", JOB[1]),
        (office.xero, "p3", "job_title", JOB[2]),
    ):
        assert side.value(person, field) == value, (side.name, person, field)
    waits = {field for row in office.store.attention() for field in row.fields}
    assert {"mobile", "bank_accounts", "job_title"} <= waits


def test_L5_an_agent_that_lost_its_state_does_nothing_by_itself_until_a_person_says_so(
    office: Office,
) -> None:
    (office.folder / "state.json").unlink()
    office.open()
    assert (office.store.standing(), office.store.is_copy()) == (LOST_STATE, True)
    office.store.settle_in("here")
    office.store.switch_on()
    assert not office.store.is_copy()
    office.store.settle_in("here")
    assert not office.store.is_copy()


# --- at the terminal ------------------------------------------------------------------------------


@pytest.fixture
def ini(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "agent.ini"
    folder = f"agent.data_dir={tmp_path / 'data'}"
    assert main(["init", *FLAGS, "--set", folder, "--config", str(path)], {}) == 0
    capsys.readouterr()
    return path


def refusal(words: list[str], ini: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command ends with, exit code 2."""
    code = main([*words, "--config", str(ini)], {})
    told = capsys.readouterr()
    assert code == 2, (words, told)
    assert told.out == "" and "Traceback" not in told.err
    assert len(told.err.splitlines()) == 1, told.err
    return told.err


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_or_unreadable_file_ends_every_command_with_one_clear_line(
    office: Office, ini: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = office.folder / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2].rstrip(b"\n").replace(b'"sum"', b'"som"'))
    torn = path.read_bytes()
    for words in COMMANDS if name == "links.json" else COMMANDS[:1]:
        if name != "inbox.jsonl":  # there a torn end is what a crash leaves
            told = refusal(words, ini, capsys)
            assert f"{name} in the data directory is damaged" in told and "Restore a backup" in told
    assert path.read_bytes() == torn
    path.unlink()
    path.mkdir()  # no user, root neither, reads a folder as a file
    told = refusal(["status"], ini, capsys)
    assert f"{name} in the data directory cannot be read" in told and "Move that away" in told


@pytest.mark.parametrize("kind", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_data_directory_that_takes_no_writes_ends_a_start_with_one_clear_line(
    tmp_path: Path,
    ini: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    kind: int,
) -> None:
    disk = Disk(tmp_path / "data", monkeypatch)
    words = {errno.EROFS: "read-only", errno.ENOSPC: "disk is full", errno.EACCES: "user may not"}
    for command in COMMANDS:
        with disk.failing(kind):
            assert words[kind] in refusal(command, ini, capsys)
    assert main(["status", "--config", str(ini)], {}) == 0


def test_a_file_in_the_place_of_the_data_directory_is_told(
    tmp_path: Path, ini: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").write_bytes(b"")
    assert "stands in its place" in refusal(["status"], ini, capsys)


def test_a_status_on_a_full_disk_still_shows_what_is_known(
    office: Office, ini: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["status", "--config", str(ini)], {}) == 0  # a first start, which settles in
    disk = Disk(office.folder, monkeypatch)
    with disk.failing(errno.ENOSPC):
        assert main(["status", "--json", "--config", str(ini)], {}) == 0, capsys.readouterr()


@pytest.mark.parametrize("missing", ["lock", "notices.json"])
def test_a_file_that_remembers_nothing_is_made_anew(
    office: Office, ini: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    main(["status", "--config", str(ini)], {})
    (office.folder / missing).unlink(missing_ok=True)
    assert main(["status", "--config", str(ini)], {}) == 0
