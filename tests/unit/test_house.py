"""What stays whichever pair is linked: who the agent is and may run, page users, the audit log, old files."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from agent.records import (
    Agreed,
    Attention,
    Binding,
    Change,
    Connection,
    Event,
    Link,
    Pending,
    Run,
    Save,
    User,
)
from agent.store import Store
from agent.store.house import COPY

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAIR = Binding("acc-1", "Acme HR", "ten-1", "Acme Pty Ltd")
OTHER = Binding("acc-2", "Other HR", "ten-2", "Other Pty Ltd")
KEY = b"k" * 32
TOLD = Event("linked", "h1", "x1", why="same name and birth date", actor="schedule")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextmanager
def opened(data_dir: Path, key: bytes = KEY) -> Iterator[Store]:
    with closing(Store(data_dir, lambda: START, audit_key=key)) as store:
        yield store


# --- who the agent is, and whether it may run ---


def test_L5_an_agent_keeps_the_random_id_of_its_first_start(data_dir: Path, tmp_path: Path) -> None:
    with opened(data_dir) as store, opened(tmp_path / "other") as other:
        first = store.instance()
        assert len(first) == 12
        assert other.instance() != first
    with opened(data_dir) as store:
        assert store.instance() == first


def test_L5_a_restored_copy_is_switched_off_until_a_person_says_that_the_old_one_is_gone(
    data_dir: Path,
) -> None:
    with opened(data_dir) as store:
        store.settle_in("here")
        assert store.standing() == ""
    for _ in range(2):  # a second start makes no home of it
        with opened(data_dir) as store:
            store.settle_in("there")
            assert store.standing() == COPY
    with opened(data_dir) as store:
        store.switch_on()  # another process than the one that settled in, as the command is
        assert store.standing() == ""
    with opened(data_dir) as store:
        store.settle_in("there")
        assert store.standing() == ""
        store.settle_in("here")
        assert store.standing() == COPY


def test_L5_a_copy_that_goes_back_home_still_waits_for_a_person(data_dir: Path) -> None:
    with opened(data_dir) as store:
        store.settle_in("here")
        store.settle_in("there")
        store.settle_in("here")
        assert store.standing() == COPY
        store.switch_on()
        store.settle_in("here")
        assert store.standing() == ""


def test_L5_the_mark_of_the_version_before_is_taken_for_home_and_replaced(data_dir: Path) -> None:
    with opened(data_dir) as store:
        store.settle_in("old mark of here")
        store.settle_in("here", "old mark of here")
        assert (store.standing(), store.is_copy()) == ("", False)
        store.settle_in("there", "old mark of here")
        assert store.is_copy()


def test_L4_schedules_and_pushes_stay_off_over_restarts_for_the_reason_given(
    data_dir: Path,
) -> None:
    with opened(data_dir) as store:
        store.settle_in("here")
        store.switch_off("Xero was disconnected.")
    with opened(data_dir) as store:
        store.settle_in("here")
        assert store.standing() == "Xero was disconnected."
        store.bind(OTHER)
        assert store.standing() == "Xero was disconnected."
        with pytest.raises(ValueError, match="for a reason"):
            store.switch_off("")
        store.switch_on()
        assert store.standing() == ""


def test_L5_settling_in_at_home_writes_nothing(data_dir: Path) -> None:
    with opened(data_dir) as store:
        store.settle_in("here")
        before = (data_dir / "state.json").stat()
        store.settle_in("here")
        after = (data_dir / "state.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


# --- page users ---


def test_S2_page_users_are_kept_replaced_and_removed(data_dir: Path) -> None:
    anna, ben = User("anna", "hash-a", "h1"), User("ben", "hash-b")
    with opened(data_dir) as store:
        store.put_user(anna)
        store.put_user(ben)
        store.put_user(User("anna", "hash-c", "h1"))
        store.bind(OTHER)
    with opened(data_dir) as store:
        assert store.users() == (User("anna", "hash-c", "h1"), ben)
        assert store.user("ben") == ben
        assert store.user("Ben") is None
        store.remove_user("anna")
        store.remove_user("nobody")
    with opened(data_dir) as store:
        assert store.users() == (ben,)


def test_S4_a_password_hash_rests_in_one_private_file_and_shows_nowhere(data_dir: Path) -> None:
    user = User("anna", "scrypt-of-the-password")
    with opened(data_dir) as store:
        store.put_user(user)
    assert "scrypt" not in repr(user)
    holding = [file.name for file in data_dir.iterdir() if b"scrypt" in file.read_bytes()]
    assert holding == ["users.json"]
    assert (data_dir / "users.json").stat().st_mode & 0o777 == 0o600


# --- the audit log ---


def test_S3_the_log_is_one_for_every_pair_and_whole_over_restarts(data_dir: Path) -> None:
    with opened(data_dir) as store:
        store.bind(PAIR)
        store.note(TOLD)
        store.bind(OTHER)
        store.note(Event("run", actor="schedule"))
    with opened(data_dir) as store:
        assert [(line.n, line.at) for line in store.audit_lines()] == [(1, START), (2, START)]
        assert [line.event for line in store.audit_lines("h1")] == [TOLD]
        assert store.audit_check() == ()


def test_S3_a_line_cut_from_the_log_is_told(data_dir: Path) -> None:
    with opened(data_dir) as store:
        for _ in range(3):
            store.note(TOLD)
    rows = (data_dir / "audit.jsonl").read_bytes().splitlines(keepends=True)
    (data_dir / "audit.jsonl").write_bytes(rows[0] + rows[2])
    with opened(data_dir) as store:
        [found] = store.audit_check()
        assert found.startswith("Line 2 is missing")


def test_S3_a_log_that_is_taken_away_whole_is_told(data_dir: Path) -> None:
    with opened(data_dir) as store:
        store.note(TOLD)
    for name in ("audit.jsonl", "audit-head.json"):
        (data_dir / name).unlink()
    with opened(data_dir) as store:
        assert store.audit_check()


def test_S3_a_data_directory_of_before_the_log_begins_one(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "state.json").write_text(STATE)
    with opened(data_dir) as store:
        assert store.audit_check() == ()
        store.note(TOLD)
        assert store.audit_check() == ()


def test_S3_events_noted_beside_other_commits_are_all_there(data_dir: Path) -> None:
    with opened(data_dir) as store:

        def work(thread: int) -> None:
            for n in range(10):
                store.note(Event("linked", f"h{thread}-{n}"))
                store.add_link(f"h{thread}-{n}", f"x{thread}-{n}")

        threads = [Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.audit_check() == ()
        noted = {line.event.hra_id for line in store.audit_lines()}
        assert noted == {link.hra_id for link in store.links()}
        assert len(noted) == 40


# --- files as the first version wrote them ---

STATE = """{"version":1,
"binding":{"":{"account_id":"acc-1","account_name":"Acme HR","tenant_id":"ten-1","tenant_name":"Acme Pty Ltd"}},
"connections":{"xero":{"side":"xero","connected":true,"name":"Acme Pty Ltd","proved":"2026-03-02T09:00:00+00:00","reason":"","missing_scopes":["payroll.payruns.read"]}},
"markers/acc-1/ten-1":{"hra":{"text":"2026-03-02 09:00:00"}},
"stopped/acc-1/ten-1":{"tax":{"text":"a mask is gone"}},
"pending/acc-1/ten-1":{"xero:h9":{"side":"xero","source_id":"h9","since":"2026-03-02T09:00:00+00:00"}},
"changes/acc-1/ten-1":{"1":{"at":"2026-03-02T09:00:00+00:00","hra_id":"h1","xero_id":"x1","number":"E1","fields":["phone"],"way":"to_xero","cause":"eSS"}},
"attention/acc-1/ten-1":{"4ad9e9ca":{"scope":"link:l1","kind":"conflict","text":"Phone differs.","fields":["phone"],"hra_id":"h1","xero_id":"x1","number":"E1","needs_person":true,"since":"2026-03-02T09:00:00+00:00","id":"4ad9e9ca"}}}
"""  # noqa: E501
LINKS = """{"version":1,
"links/acc-1/ten-1":{"l1":{"id":"l1","hra_id":"h1","xero_id":"x1","number":"E1","agreed":{"phone":{"hra":"1.ab:v:aa","xero":"1.ab:v:bb"}},"kept":{"title":{"hra":"c","xero":"d"}},"open":{"email":"waits"},"verified":"2026-03-02T09:00:00+00:00","hra_seen":"2026-03-02 09:00:00","xero_seen":"/Date(1)/","sending":"","sent":{},"created":""}},
"ignored/acc-1/ten-1":{"xero:x7":{"text":"x7"}}}
"""  # noqa: E501
RUNS = """{"version":1,
"runs":{"r1":{"id":"r1","kind":"import","started_by":"admin","started":"2026-03-02T09:00:00+00:00","ended":"2026-03-02T09:00:00+00:00","outcome":"done","reason":"","done":0,"total":0,"counts":{"records":3}}}}
"""
INBOX = """{"version":1}
[{"save":{"id":"w1","employee_id":"h1","sections":["details"],"received":"2026-03-02T09:00:00+00:00","tries":0,"looks":0,"next_try":null,"reason":"","closed":""},"account":"acc-1","closed_at":null}]
"""


@pytest.fixture
def first_version(data_dir: Path) -> Path:
    data_dir.mkdir()
    files = {"state.json": STATE, "links.json": LINKS, "runs.json": RUNS, "inbox.jsonl": INBOX}
    for name, text in files.items():
        (data_dir / name).write_text(text)
    return data_dir


def test_files_of_the_first_version_are_read_and_nothing_of_them_is_lost(
    first_version: Path,
) -> None:
    with opened(first_version) as store:
        assert store.binding() == PAIR
        assert store.links() == (
            Link(
                "l1",
                "h1",
                "x1",
                "E1",
                agreed={"phone": Agreed("1.ab:v:aa", "1.ab:v:bb")},
                kept={"title": Agreed("c", "d")},
                open={"email": "waits"},
                verified=START,
                hra_seen="2026-03-02 09:00:00",
                xero_seen="/Date(1)/",
            ),
        )
        assert store.ignored("xero") == {"x7"}
        connection = Connection(
            "xero", True, PAIR.tenant_name, START, "", ("payroll.payruns.read",)
        )
        assert store.connection("xero") == connection
        assert store.marker("hra") == "2026-03-02 09:00:00"
        assert store.stopped() == {"tax": "a mask is gone"}
        assert store.pending() == (Pending("xero", "h9", START),)
        assert store.changes(9) == (Change(START, "h1", "x1", "E1", ("phone",), "to_xero", "eSS"),)
        assert store.waiting() == (Save("w1", "h1", ("details",), START),)
        ended = Run("r1", "import", "admin", START, START, "done", counts={"records": 3})
        assert store.runs(9) == (ended,)


def test_a_row_of_the_first_version_stands_under_its_id_and_time(first_version: Path) -> None:
    row = Attention("link:l1", "conflict", "Phone differs.", ("phone",), "h1", "x1", "E1")
    with opened(first_version) as store:
        before = store.attention()
        store.replace_attention("link:l1", [row])
        assert store.attention() == before
        [found] = before
        assert (found.id, found.since, found.dismissed) == ("4ad9e9ca", START, False)


def test_what_a_new_version_wrote_it_reads_again(first_version: Path) -> None:
    with opened(first_version) as store:
        store.dismiss("4ad9e9ca")
        store.part("h1", "x2")
    assert json.loads((first_version / "state.json").read_bytes())["version"] == 2
    with opened(first_version) as store:
        [row] = store.attention()
        assert row.dismissed
        assert store.parted() == {("h1", "x2")}
        assert [link.id for link in store.links()] == ["l1"]
