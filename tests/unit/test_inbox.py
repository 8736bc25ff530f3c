"""The hook inbox: an accepted save survives what happens to process, file end and disc."""

import errno
import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import NotStored, StateDamaged
from agent.records import Save
from agent.store.inbox import HEADER, LARGE, Inbox

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACCOUNT = "account"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def save(id: str, minutes: int = 0) -> Save:
    received = START + timedelta(minutes=minutes)
    return Save(id, employee_id=f"e-{id}", sections=("details", "bank"), received=received)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "inbox.jsonl"


@contextmanager
def full_disc(path: Path, room: int) -> Iterator[None]:
    """Let the file grow by `room` bytes only: the system itself then refuses the write."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_H2_an_accepted_save_waits_after_a_restart_and_is_accepted_once(path: Path) -> None:
    assert Inbox(path, Clock()).accept(save("w1"), ACCOUNT) is True
    later = Inbox(path, Clock())
    assert later.waiting(ACCOUNT) == (save("w1"),)
    assert later.accept(save("w1"), ACCOUNT) is False
    assert later.waiting(ACCOUNT) == (save("w1"),)


def test_the_oldest_save_comes_first(path: Path) -> None:
    inbox = Inbox(path, Clock())
    for id, minutes in (("b", 2), ("a", 5), ("c", 1)):
        inbox.accept(save(id, minutes), ACCOUNT)
    assert [one.id for one in inbox.waiting(ACCOUNT)] == ["c", "b", "a"]


def test_L1_saves_of_another_account_wait_for_that_account(path: Path) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), "old account")
    assert inbox.waiting(ACCOUNT) == ()
    assert Inbox(path, Clock()).waiting("old account") == (save("w1"),)


def test_H2_a_push_closes_exactly_the_saves_that_it_took(path: Path) -> None:
    inbox = Inbox(path, Clock())
    for id in ("w1", "w2", "w3"):
        inbox.accept(save(id), ACCOUNT)
    inbox.close_saves(["w1", "w3", "unknown", "w1"], "pushed")
    assert [one.id for one in Inbox(path, Clock()).waiting(ACCOUNT)] == ["w2"]
    assert inbox.accept(save("w1"), ACCOUNT) is False


def test_a_save_is_never_closed_without_saying_how_it_ended(path: Path) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), ACCOUNT)
    with pytest.raises(ValueError, match="outcome"):
        inbox.close_saves(["w1"], "")
    assert inbox.waiting(ACCOUNT) == (save("w1"),)


def test_H3_looks_and_tries_are_counted_apart_and_parked_time_is_neither(path: Path) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), ACCOUNT)
    until = START + timedelta(minutes=1)
    inbox.postpone(["w1"], until, "no difference yet", looked=True)
    inbox.postpone(["w1"], until, "Xero did not answer", looked=False)
    inbox.postpone(["w1"], until, "Xero did not answer", looked=False)
    inbox.postpone(["w1", "unknown"], until, "Xero asked for a pause", looked=False, counts=False)
    expected = replace(
        save("w1"), looks=1, tries=2, next_try=until, reason="Xero asked for a pause"
    )
    assert inbox.waiting(ACCOUNT) == (expected,)
    assert Inbox(path, Clock()).waiting(ACCOUNT) == (expected,)


def test_H3_what_waits_for_its_next_try_can_be_made_due(path: Path) -> None:
    clock = Clock()
    with closing(Inbox(path, clock)) as inbox:
        for id, account in (("a", "acc"), ("b", "acc"), ("c", "other")):
            inbox.accept(save(id), account)
        inbox.postpone(["a", "b", "c"], START + timedelta(hours=9), "away", looked=False)
        inbox.close_saves(["b"], "done")
        inbox.make_due("acc")
    with closing(Inbox(path, clock)) as inbox:
        assert [(one.id, one.next_try, one.tries) for one in inbox.waiting("acc")] == [
            ("a", None, 1)
        ]
        assert inbox.waiting("other")[0].next_try is not None
        size = path.stat().st_size
        inbox.make_due("acc")
        assert path.stat().st_size == size


def test_H2_a_closed_save_is_remembered_for_seven_days_and_then_removed(path: Path) -> None:
    clock = Clock()
    inbox = Inbox(path, clock)
    inbox.accept(save("w1"), ACCOUNT)
    inbox.accept(save("w2"), ACCOUNT)
    clock.now += timedelta(days=30)
    inbox.close_saves(["w1"], "pushed")
    clock.now += timedelta(days=7)
    assert Inbox(path, clock).accept(save("w1"), ACCOUNT) is False
    clock.now += timedelta(days=2)
    inbox = Inbox(path, clock)
    assert b"w1" not in path.read_bytes()
    assert inbox.waiting(ACCOUNT) == (save("w2"),)
    assert Inbox(path, clock).waiting(ACCOUNT) == (save("w2"),)


def test_a_process_that_runs_on_removes_what_is_past_its_term_and_goes_on(path: Path) -> None:
    clock = Clock()
    inbox = Inbox(path, clock)
    inbox.accept(save("w1"), ACCOUNT)
    inbox.close_saves(["w1"], "pushed")
    clock.now += timedelta(days=9)
    inbox.tidy()
    inbox.accept(save("w2"), ACCOUNT)
    assert b"w1" not in path.read_bytes()
    assert Inbox(path, clock).waiting(ACCOUNT) == (save("w2"),)


def test_a_large_file_is_written_anew_with_its_present_state(path: Path) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), ACCOUNT)
    line = path.read_bytes().splitlines()[1] + b"\n"
    path.write_bytes(HEADER + b"\n" + line * (LARGE // len(line) + 1))
    assert Inbox(path, Clock()).waiting(ACCOUNT) == (save("w1"),)
    assert path.read_bytes() == HEADER + b"\n" + line


def test_a_save_that_waits_for_days_does_not_fill_the_disk(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.store.inbox.LARGE", 2_000)
    clock = Clock()
    inbox = Inbox(path, clock)
    inbox.accept(save("w1"), ACCOUNT)
    for _ in range(100):
        clock.now += timedelta(minutes=5)
        inbox.postpone(["w1"], clock.now, "Not connected.", looked=False, counts=False)
    assert path.stat().st_size < 3_000
    assert Inbox(path, clock).waiting(ACCOUNT) == inbox.waiting(ACCOUNT)


def test_the_inbox_is_the_owners_alone(path: Path) -> None:
    Inbox(path, Clock()).accept(save("w1"), ACCOUNT)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("tail", [b'[{"save"', b"\0" * 4096, b"[]", b"\xff"])
def test_a_torn_last_line_is_dropped_at_start_and_the_rest_is_kept(path: Path, tail: bytes) -> None:
    Inbox(path, Clock()).accept(save("w1"), ACCOUNT)
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    inbox = Inbox(path, Clock())
    assert path.read_bytes() == whole
    inbox.accept(save("w2"), ACCOUNT)
    assert Inbox(path, Clock()).waiting(ACCOUNT) == (save("w1"), save("w2"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version":1}',
        b'{"version":"2"}\n',
        HEADER + b"\nnot json\n",
        HEADER + b"\n{}\n",
        HEADER + b'\n[{"save":{"id":"w1"}}]\n',
        HEADER + b'\n[{"account":"a","unheard_of":1}]\ntorn',
        HEADER + b"\n\xff\n",
    ],
)
def test_a_damaged_inbox_is_refused_and_left_untouched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StateDamaged, match=r"inbox\.jsonl"):
        Inbox(path, Clock())
    assert path.read_bytes() == content


@pytest.mark.parametrize("room", [0, 1, 40])
def test_on_a_full_disc_a_save_is_not_accepted_and_nothing_else_is_lost(
    path: Path, room: int
) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), ACCOUNT)
    whole = path.read_bytes()
    with full_disc(path, room), pytest.raises(OSError, match="too large"):
        inbox.accept(save("w2"), ACCOUNT)
    assert path.read_bytes() == whole
    assert inbox.waiting(ACCOUNT) == (save("w1"),)
    assert inbox.accept(save("w2"), ACCOUNT) is True
    assert Inbox(path, Clock()).waiting(ACCOUNT) == (save("w1"), save("w2"))


def test_a_line_that_could_not_be_taken_back_spoils_nothing(path: Path) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), ACCOUNT)
    with path.open("ab") as file:
        file.write(b"not synced, then not cut either" * 20 + b"\n")
    inbox.accept(save("w2"), ACCOUNT)
    assert Inbox(path, Clock()).waiting(ACCOUNT) == (save("w1"), save("w2"))


def test_H2_after_a_rewrite_whose_folder_could_not_be_synced_no_accepted_save_is_lost(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    inbox = Inbox(path, clock)
    inbox.accept(save("w1"), ACCOUNT)
    inbox.close_saves(["w1"], "done")
    clock.now += timedelta(days=9)

    def too_many_files(folder: Path) -> None:
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as broken:
        broken.setattr("agent.files._sync_folder", too_many_files)
        with pytest.raises(NotStored):
            inbox.tidy()
        with pytest.raises(NotStored):  # nobody could promise that the file keeps its name
            inbox.accept(save("w2"), ACCOUNT)
    assert inbox.accept(save("w2"), ACCOUNT) is True
    assert Inbox(path, clock).waiting(ACCOUNT) == (save("w2"),)


def test_on_a_full_disc_a_save_is_not_closed(path: Path) -> None:
    inbox = Inbox(path, Clock())
    inbox.accept(save("w1"), ACCOUNT)
    with full_disc(path, 10), pytest.raises(OSError, match="too large"):
        inbox.close_saves(["w1"], "pushed")
    assert inbox.waiting(ACCOUNT) == Inbox(path, Clock()).waiting(ACCOUNT) == (save("w1"),)


def test_eight_threads_lose_no_save_and_accept_each_once(path: Path) -> None:
    inbox = Inbox(path, Clock())
    accepted: list[bool] = []

    def send(first: int) -> None:
        for n in range(50):
            accepted.append(inbox.accept(save(f"w{first + n}"), ACCOUNT))

    threads = [
        Thread(target=send, args=(25 * n,)) for n in range(8)
    ]  # neighbours send half the same
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {f"w{n}" for n in range(225)}
    assert sum(accepted) == len(ids)
    assert {one.id for one in Inbox(path, Clock()).waiting(ACCOUNT)} == ids


few_ids = st.lists(st.sampled_from("abcd"), max_size=3)
steps = st.one_of(
    st.tuples(st.just("accept"), st.sampled_from("abcd")),
    st.tuples(st.just("close"), few_ids),
    st.tuples(st.just("later"), few_ids),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("days pass"), st.none()),
)

last_steps = st.sampled_from([("accept", "e"), ("close", list("abcd")), ("later", list("abcd"))])


def play(inbox: Inbox, clock: Clock, step: tuple[str, object]) -> None:
    match step:
        case "accept", str(id):
            inbox.accept(save(id, "dbcae".index(id)), ACCOUNT)
        case "close", list(ids):
            inbox.close_saves(ids, "pushed")
        case "later", list(ids):
            inbox.postpone(ids, clock() + timedelta(hours=1), "no answer", looked=False)
        case "days pass", _:
            clock.now += timedelta(days=5)


def test_H2_whatever_happened_a_crash_in_the_last_line_takes_back_that_line_only() -> None:
    torn: list[bytes] = []

    @settings(max_examples=80, deadline=None)
    @given(st.lists(steps, max_size=12), last_steps, st.sampled_from(range(100)))
    def story(played: list[tuple[str, object]], last: tuple[str, object], percent: int) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "inbox.jsonl"
            torn.append(crash_after(path, [*played, last], percent / 100))

    story()
    assert sum(bool(tail) for tail in torn) > 20, "too few of the stories ended in a torn line"


def crash_after(path: Path, played: list[tuple[str, object]], torn_at: float) -> bytes:
    """Play the steps, tear the line that was written last, start again; the torn line's rest."""
    clock = Clock()
    inbox = Inbox(path, clock)
    before = after = inbox.waiting(ACCOUNT)
    whole = last = path.stat().st_size
    for step in played:
        if step[0] == "restart":
            inbox.close()
            inbox = Inbox(path, clock)
            assert inbox.waiting(ACCOUNT) == after
        else:
            play(inbox, clock, step)
        if path.stat().st_size > whole:
            before, after, last = after, inbox.waiting(ACCOUNT), whole
        elif (
            path.stat().st_size < whole
        ):  # a start that removed old rows: replaced, so it cannot tear
            before, last = after, path.stat().st_size
        whole = path.stat().st_size
    inbox.close()

    content = path.read_bytes()
    tail = content[last : last + int((whole - last) * torn_at)].removesuffix(b"\n")
    path.write_bytes(content[:last] + tail)
    reopened = Inbox(path, clock)
    assert reopened.waiting(ACCOUNT) == before
    reopened.close()
    return tail
