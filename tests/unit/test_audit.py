"""The audit log: whatever is done to it from outside is found and named, and it goes on all the same."""

import hmac
import json
import re
import resource
import shutil
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.audit import Audit
from agent.audit.check import FINDINGS_TOLD
from agent.audit.line import mac_of, mark_of
from agent.files import BLOCK, replace_file
from agent.records import Event

KEY = b"k" * 32
OTHER_KEY = b"o" * 32
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COUNT = 9
SOME = settings(max_examples=30, deadline=None)  # every example syncs to disc several times
LOG, HEAD = "audit.jsonl", "audit-head.json"
GONE = f"The file {HEAD}, which says how many lines there are"


class Clock:
    """A minute passes with every look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(minutes=1)
        return self.now


def event(n: int) -> Event:
    return Event("written", f"h{n}", f"x{n}", f"E{n}", ("phone",), "to_xero", "in eSS", "eSS")


@contextmanager
def opened(folder: Path, key: bytes = KEY, begun: bool = True) -> Iterator[Audit]:
    with closing(Audit(folder, key, Clock(), begun=begun)) as audit:
        yield audit


def written(folder: Path, count: int = COUNT) -> Path:
    with opened(folder, begun=False) as audit:
        for n in range(1, count + 1):
            audit.note(event(n))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("log"))


def rows_of(folder: Path) -> list[bytes]:
    return (folder / LOG).read_bytes().splitlines(keepends=True)


@contextmanager
def changed(model: Path, log: bytes | Sequence[bytes], head: bytes | None = None) -> Iterator[Path]:
    """A copy of the log with other bytes in it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(model / HEAD, folder)
        (folder / LOG).write_bytes(log if isinstance(log, bytes) else b"".join(log))
        if head is not None:
            (folder / HEAD).write_bytes(head)
        yield folder


def found_and_findable(folder: Path, key: bytes = KEY) -> tuple[str, ...]:
    """What a check finds; a later line and a later start must leave it to be found."""
    with opened(folder, key) as audit:
        found = audit.check()
        audit.note(event(99))
        later = audit.check()
        assert bool(later) == bool(found)
        assert audit.lines()[-1].event == event(99)
    with opened(folder, key) as audit:
        assert audit.check() == later
    return found


def named(findings: Sequence[str]) -> set[int]:
    """The numbers of the lines that the findings name."""
    heads = [re.match(r"Lines? ((\d+( to \d+)?(, )?)+)", finding) for finding in findings]
    ranges = [part.split(" to ") for head in heads if head for part in head[1].split(", ")]
    return {n for ends in ranges for n in range(int(ends[0]), int(ends[-1]) + 1)}


# --- what stands in it ---


def test_S3_a_line_carries_the_mac_of_the_one_before_and_a_keyed_one_of_its_own(
    folder: Path,
) -> None:
    before = ""
    for n, row in enumerate(rows_of(folder), 1):
        line = json.loads(row)
        body = row[: row.index(b',"mac":')]
        assert (line["n"], line["at"]) == (n, (START + timedelta(minutes=n)).isoformat())
        assert (line["hra_id"], line["fields"], line["actor"]) == (f"h{n}", ["phone"], "eSS")
        assert line["prev"] == before
        assert line["mac"] == hmac.new(KEY, body, "sha256").hexdigest()
        before = line["mac"]


def test_S4_the_log_and_its_head_are_the_owners_alone(folder: Path) -> None:
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        LOG: 0o600,
        HEAD: 0o600,
    }


texts = st.text(max_size=4)
events = st.builds(
    Event, texts, texts, texts, st.none() | texts, st.lists(texts, max_size=2).map(tuple), texts
)


@SOME
@given(st.lists(events, max_size=4))
def test_S3_every_event_comes_back_and_an_untouched_log_has_no_findings(told: list[Event]) -> None:
    with TemporaryDirectory() as name:
        with opened(Path(name), begun=False) as audit:
            for one in told:
                audit.note(one)
            assert audit.check() == ()
        with opened(Path(name)) as audit:
            assert [line.event for line in audit.lines()] == told
            assert all(line.whole for line in audit.lines())
            assert audit.check() == ()


def test_S3_a_line_of_a_later_version_is_whole_and_read_as_far_as_known(tmp_path: Path) -> None:
    row = {"n": 1, "at": START.isoformat(), "what": "run", "unheard_of": 5}
    body = json.dumps(row | {"key": mark_of(KEY), "prev": ""}, separators=(",", ":"))[:-1]
    mac = mac_of(KEY, body.encode())
    written(tmp_path, 0)
    (tmp_path / LOG).write_text(f'{body},"mac":"{mac}"}}\n')
    with opened(tmp_path) as audit:
        assert [(line.event, line.whole) for line in audit.lines()] == [(Event("run"), True)]
        assert found_and_findable(tmp_path) == ()


def test_M5_lines_of_a_person_come_under_whichever_hra_id_a_transfer_left(tmp_path: Path) -> None:
    told = [
        Event("linked", "old", "x1"),
        Event("written", "other", "x2"),
        Event("converted", "new", "x1"),
        Event("ignored", "new"),
        Event("ignored", "old"),
        Event("run"),
    ]
    with opened(tmp_path, begun=False) as audit:
        for one in told:
            audit.note(one)
        assert [line.event for line in audit.lines("new")] == [told[0], told[2], told[3]]
        assert [line.event for line in audit.lines("other")] == [told[1]]
        assert audit.lines("nobody") == ()
        assert [line.event for line in audit.lines()] == told


# --- any one change is found and named ---


@SOME
@given(st.data())
def test_S3_a_changed_byte_is_found_and_its_line_named(model: Path, data: st.DataObject) -> None:
    log = bytearray((model / LOG).read_bytes())
    at = data.draw(st.integers(0, len(log) - 1))
    line = bytes(log[:at]).count(b"\n") + 1
    log[at] ^= data.draw(st.integers(1, 255))
    with changed(model, bytes(log)) as folder:
        found = found_and_findable(folder)
        assert len(found) == 1
        assert line in named(found)
        assert named(found) <= {line, line + 1}  # a lost line end makes two lines one


@SOME
@given(st.integers(0, COUNT - 1), st.integers(1, COUNT))
def test_S3_missing_lines_are_found_and_named(model: Path, at: int, count: int) -> None:
    rows = rows_of(model)
    gone = set(range(at + 1, min(at + count, COUNT) + 1))
    with changed(model, rows[:at] + rows[at + count :]) as folder:
        found = found_and_findable(folder)
        assert named(found) == gone
        assert len(found) == 1
        assert "missing" in found[0]


@SOME
@given(st.lists(st.integers(0, COUNT - 1), min_size=2, max_size=2, unique=True))
def test_S3_two_lines_that_changed_places_are_found_and_named(model: Path, two: list[int]) -> None:
    rows = rows_of(model)
    a, b = sorted(two)
    rows[a], rows[b] = rows[b], rows[a]
    with changed(model, rows) as folder:
        found = found_and_findable(folder)
        assert 1 <= len(found) <= 2
        assert named(found) <= ({a + 1, b + 1} if b - a != 2 else {a + 1, a + 2, b + 1})
        assert all("out of order" in one for one in found)


@SOME
@given(st.integers(0, COUNT - 1), st.integers(1, 3), st.integers(0, COUNT))
def test_S3_lines_put_in_again_are_found_and_named(
    model: Path, at: int, count: int, to: int
) -> None:
    rows = rows_of(model)
    again = rows[at : at + count]
    with changed(model, rows[:to] + again + rows[to:]) as folder:
        found = found_and_findable(folder)
        assert named(found) == set(range(at + 1, at + len(again) + 1))
        assert all("repeated" in one for one in found)


@SOME
@given(st.integers(0, COUNT), st.binary().map(lambda junk: junk.replace(b"\n", b"") + b"\n"))
def test_S3_a_line_of_somebody_else_is_found(model: Path, at: int, junk: bytes) -> None:
    rows = rows_of(model)
    with changed(model, [*rows[:at], junk, *rows[at:]]) as folder:
        [found] = found_and_findable(folder)
        assert found.startswith("1 line put in by somebody else")


@SOME
@given(st.data())
def test_S3_a_log_cut_anywhere_opens_goes_on_and_the_cut_is_named(
    model: Path, data: st.DataObject
) -> None:
    log = (model / LOG).read_bytes()
    left = log[: data.draw(st.integers(0, len(log) - 1))]
    with changed(model, left) as folder:
        found = found_and_findable(folder)
        assert len(found) == 1
        assert named(found) == set(range(left.count(b"\n") + 1, COUNT + 1))


def test_S3_a_finding_says_when_and_the_lines_after_a_break_are_not_found_too(model: Path) -> None:
    rows = rows_of(model)
    rows[2] = rows[2].replace(b"phone", b"email")
    rows[6] = b"{}\n"
    del rows[4]
    with changed(model, rows) as folder:
        assert found_and_findable(folder) == (
            "Line 3 was changed (between 2026-03-02 09:02:00 UTC and 2026-03-02 09:04:00 UTC).",
            "Line 5 is missing (between 2026-03-02 09:04:00 UTC and 2026-03-02 09:06:00 UTC).",
            "Line 7 cannot be read any more (between 2026-03-02 09:06:00 UTC and 2026-03-02 09:08:00 UTC).",
        )
        with opened(folder) as audit:
            assert [line.whole for line in audit.lines()] == [True, True, False, *[True] * 5]


def test_S3_a_long_list_of_findings_comes_to_an_end(tmp_path: Path) -> None:
    rows = rows_of(written(tmp_path, 2 * FINDINGS_TOLD))
    (tmp_path / LOG).write_bytes(b"".join(rows[::-1]))
    found = found_and_findable(tmp_path)
    assert len(found) == FINDINGS_TOLD + 1
    assert found[-1] == f"There are {FINDINGS_TOLD - 1} more findings."


@SOME
@given(st.binary(), st.none() | st.binary())
def test_S3_no_bytes_in_its_files_keep_the_log_from_going_on(
    model: Path, log: bytes, head: bytes | None
) -> None:
    with changed(model, log, head) as folder:
        assert found_and_findable(folder)


@pytest.mark.parametrize(
    "row",
    [
        b"[" * 100_000,
        b'{"n":1e999}',
        b'{"n":true,"at":"2026-03-02T09:00:00+00:00"}',
        b'{"n":1,"at":"2026-03-02T09:00:00","key":"","prev":"","mac":""}',
        b'{"n":1,"at":"0001-01-01T00:00:00+14:00","key":"","prev":"","mac":""}',
        b'{"n":1,"at":"2026-03-02T09:00:00Z","key":"","prev":"","mac":"\\ud800","what":"\\ud800"}',
        b'{"n":1,"at":"2026-03-02T09:00:00Z","key":"","prev":"","mac":"","what":"run","fields":5}',
        b'{"n":' + b"9" * 5000 + b"}",
        b'"\xed\xa0\x80"',
    ],
)
def test_S3_a_line_made_to_break_the_reader_is_only_a_finding(model: Path, row: bytes) -> None:
    rows = rows_of(model)
    with changed(model, [*rows[:3], row + b"\n", *rows[4:]]) as folder:
        [found] = found_and_findable(folder)
        assert found.startswith("Line 4 ")


# --- the head, and the key ---


@SOME
@given(st.data())
def test_S3_a_head_that_was_changed_is_found(model: Path, data: st.DataObject) -> None:
    head = bytearray((model / HEAD).read_bytes())
    head[data.draw(st.integers(0, len(head) - 1))] ^= data.draw(st.integers(1, 255))
    with changed(model, rows_of(model), bytes(head)) as folder:
        [found] = found_and_findable(folder)
        assert found.startswith(GONE)


def test_S3_a_cut_log_with_a_head_made_to_fit_is_found(model: Path) -> None:
    rows = rows_of(model)[:5]
    last = json.loads(rows[-1])
    head = json.loads((model / HEAD).read_bytes())
    head |= {"count": 5, "mac": last["mac"], "size": sum(map(len, rows))}
    for key in (head["key"], "00000000"):
        with changed(model, rows, json.dumps(head | {"key": key}).encode() + b"\n") as folder:
            assert found_and_findable(folder)[0].startswith(GONE)


@pytest.mark.parametrize("left", [COUNT, 5, 0])
def test_S3_a_head_taken_away_is_found(folder: Path, left: int) -> None:
    (folder / LOG).write_bytes(b"".join(rows_of(folder)[:left]))
    (folder / HEAD).unlink()
    [found] = found_and_findable(folder)
    assert found.startswith(GONE)
    with opened(folder) as audit:
        [later] = audit.check()
        assert later.startswith(f"Line {left + 1} begins a new chain")


def test_S3_lines_changed_at_the_end_without_a_head_are_named_as_changed(folder: Path) -> None:
    rows = rows_of(folder)
    (folder / LOG).write_bytes(b"".join(rows[:-2]) + b"".join(rows[-2:]).replace(b"eSS", b"run"))
    (folder / HEAD).unlink()
    with opened(folder) as audit:
        gone, found = audit.check()
        assert gone.startswith(GONE)
        assert found.startswith(f"Lines {COUNT - 1} to {COUNT} were changed")


def test_S3_a_log_taken_away_with_its_head_is_no_first_start(folder: Path) -> None:
    (folder / LOG).unlink()
    (folder / HEAD).unlink()
    [found] = found_and_findable(folder)
    assert found.startswith(GONE)


def test_S3_an_older_copy_of_the_log_under_the_present_head_is_found(folder: Path) -> None:
    older = (folder / LOG).read_bytes()
    with opened(folder) as audit:
        audit.note(event(10))
    (folder / LOG).write_bytes(older)
    assert named(found_and_findable(folder)) == {COUNT + 1}


def test_S3_two_copies_that_went_their_own_ways_are_not_one_log(folder: Path, model: Path) -> None:
    with opened(folder) as audit:
        audit.note(event(10))
        audit.note(event(11))
    with changed(model, rows_of(model)) as other:
        with opened(other) as audit:
            audit.note(event(20))
        (folder / LOG).write_bytes(b"".join([*rows_of(other), rows_of(folder)[-1]]))
    [found] = found_and_findable(folder)
    assert found.startswith("Line 11 does not follow what stands before it")


@pytest.mark.parametrize("further", [1, 2])
def test_S3_the_log_of_a_copy_that_went_its_own_way_is_not_the_agents(
    folder: Path, model: Path, further: int
) -> None:
    with changed(model, rows_of(model)) as other:
        with opened(other) as audit:
            for n in range(further):
                audit.note(event(20 + n))
        log = (other / LOG).read_bytes()
    with opened(folder) as audit:
        audit.note(event(10))
    (folder / LOG).write_bytes(log)
    [found] = found_and_findable(folder)
    assert found.startswith(f"Line {COUNT + 1} is not the one that this agent wrote")


def test_S3_another_key_is_one_finding_then_and_later(model: Path) -> None:
    with changed(model, rows_of(model)) as folder:
        [found] = found_and_findable(folder, OTHER_KEY)
        assert found.startswith(f"Lines 1 to {COUNT} were changed, or written with another key")
        with opened(folder, OTHER_KEY) as audit:
            assert [line.whole for line in audit.lines()] == [False] * COUNT + [True]
            [later] = audit.check()
            assert named([later]) == set(range(1, COUNT + 1))
        cut = rows_of(folder)[: COUNT - 2] + rows_of(folder)[COUNT:]
        (folder / LOG).write_bytes(b"".join(cut))
        [found] = found_and_findable(folder, OTHER_KEY)
        assert "2 are missing" in found


# --- crashes, full discs, other hands ---


def test_S3_a_line_torn_by_a_crash_is_dropped_and_its_number_used_again(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head = (folder / HEAD).read_bytes()
    size = (folder / LOG).stat().st_size
    with opened(folder) as audit:
        audit.note(event(10))
    log = (folder / LOG).read_bytes()
    for end in range(size, len(log) + 1):
        (folder / LOG).write_bytes(log[:end])
        (folder / HEAD).write_bytes(head)
        with opened(folder) as audit:
            assert audit.check() == ()
            assert len(audit.lines()) == COUNT + (end == len(log))
    assert found_and_findable(folder) == ()


def test_S3_a_long_torn_line_is_dropped_too(folder: Path) -> None:
    with (folder / LOG).open("ab") as log:
        log.write(b"x" * 3 * BLOCK)
    with opened(folder) as audit:
        assert len(audit.lines()) == COUNT
    assert found_and_findable(folder) == ()


def test_S3_lines_beyond_the_head_that_do_not_follow_it_do_not_move_it(
    folder: Path, model: Path
) -> None:
    with opened(folder) as audit:
        audit.note(event(10))
        audit.note(event(11))
    rows = rows_of(folder)
    with changed(model, [*rows[:COUNT], rows[-1]]) as found:
        assert found_and_findable(found)


def test_S3_an_event_that_the_disc_refuses_is_not_noted(folder: Path) -> None:
    before = (folder / LOG).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with opened(folder) as audit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))
        try:
            with pytest.raises(OSError, match="large"):
                audit.note(event(10))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert (folder / LOG).read_bytes() == before
    assert found_and_findable(folder) == ()


def test_S3_a_head_that_the_disc_refuses_leaves_the_event_noted(folder: Path) -> None:
    hindrance = folder / f".{HEAD}.new"
    with opened(folder) as audit:
        hindrance.mkdir()  # nothing can be written there, whoever runs the test
        audit.note(event(10))
        audit.note(event(11))
        assert audit.check() == ()
    hindrance.rmdir()
    with opened(folder) as audit:
        assert audit.lines()[-1].event == event(11)
    assert found_and_findable(folder) == ()


def test_S3_a_log_cut_while_the_agent_runs_goes_on_with_readable_lines(folder: Path) -> None:
    with opened(folder) as audit:
        (folder / LOG).write_bytes(b"".join(rows_of(folder)[:4])[:-3])
        assert named(audit.check()) == {4, 5, 6, 7, 8, 9}
        audit.note(event(10))
        assert audit.lines()[-1].event == event(10)
        assert named(audit.check()) == {4, 5, 6, 7, 8, 9}


def test_S3_threads_note_one_after_the_other(tmp_path: Path) -> None:
    with opened(tmp_path, begun=False) as audit:

        def note(thread: int) -> None:
            for n in range(10):
                audit.note(event(100 * thread + n))

        threads = [Thread(target=note, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert audit.check() == ()
        assert [line.n for line in audit.lines()] == list(range(1, 81))
        assert len({line.event for line in audit.lines()}) == 80


def test_S3_noting_an_event_does_not_read_the_log(folder: Path) -> None:
    size = 5_000_000
    with opened(folder) as audit, (folder / LOG).open("ab") as log:
        log.write(b"x" * size + b"\n")
    with opened(folder) as audit:
        tracemalloc.start()
        try:
            audit.note(event(10))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < size / 10


# --- lines whose term is over


class Late(Clock):
    """The clock of a log that was begun eight years ago."""

    def __init__(self, years: float) -> None:
        self.now = START + timedelta(days=365.25 * years)


def old_log(folder: Path, count: int = COUNT, recent: int = 2) -> Path:
    """A log with lines from the start, and some from eight years later."""
    written(folder, count)
    late = Late(7.9)
    with closing(Audit(folder, KEY, late, begun=True)) as audit:
        for n in range(count + 1, count + recent + 1):
            audit.note(event(n))
            late.now = Late(8).now
    return folder


def tidied(folder: Path, years: float = 8) -> tuple[list[int], tuple[str, ...]]:
    with closing(Audit(folder, KEY, Late(years), begun=True)) as audit:
        audit.tidy()
        return [line.n for line in audit.lines()], audit.check()


def test_S4_lines_older_than_seven_years_are_removed_and_the_log_is_whole(tmp_path: Path) -> None:
    numbers, findings = tidied(old_log(tmp_path))
    assert (numbers, findings) == ([10, 11, 12], ())
    assert "lines up to 9" in (tmp_path / LOG).read_text().splitlines()[-1]
    assert tidied(tmp_path) == ([10, 11, 12], ())  # nothing more to remove


def test_S4_no_line_is_removed_before_its_term(tmp_path: Path) -> None:
    written(tmp_path)
    assert tidied(tmp_path, 6.9)[0] == list(range(1, COUNT + 1))


def test_S4_a_clock_set_years_ahead_removes_nothing(tmp_path: Path) -> None:
    written(tmp_path)
    assert tidied(tmp_path, 40) == (list(range(1, COUNT + 1)), ())


def test_S4_a_clock_set_years_ahead_removes_nothing_though_lines_were_written_then(
    tmp_path: Path,
) -> None:
    written(tmp_path)
    with closing(Audit(tmp_path, KEY, Late(40), begun=True)) as audit:
        audit.note(event(COUNT + 1))
        audit.note(event(COUNT + 2))
    assert tidied(tmp_path, 40) == (list(range(1, COUNT + 3)), ())
    assert tidied(tmp_path, 0.1)[0] == list(range(1, COUNT + 3))


def test_S3_a_line_cut_after_the_removal_is_still_found(tmp_path: Path) -> None:
    tidied(old_log(tmp_path))
    rows = (tmp_path / LOG).read_bytes().splitlines(keepends=True)
    for kept, told in ((rows[1:], "Line 10 is missing"), (rows[:-1], "Line 12 is missing")):
        (tmp_path / LOG).write_bytes(b"".join(kept))
        with opened(tmp_path) as audit:
            assert told in audit.check()[0]


def test_S3_a_changed_old_line_stays_with_its_finding(tmp_path: Path) -> None:
    old_log(tmp_path)
    log = tmp_path / LOG
    log.write_bytes(log.read_bytes().replace(b'"h3"', b'"h9"', 1))
    numbers, findings = tidied(tmp_path)
    assert numbers[0] == 3 and "Line 3 was changed" in findings[0]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_S3_a_removal_cut_short_by_a_crash_leaves_a_whole_log(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_log(tmp_path)
    steps = iter(range(1, 9))

    def replaced(path: Path, data: bytes) -> None:
        if next(steps) == step:
            raise KeyboardInterrupt
        real(path, data)

    real = replace_file
    monkeypatch.setattr("agent.audit.replace_file", replaced)
    monkeypatch.setattr("agent.files.replace_file", replaced)
    with (
        closing(Audit(tmp_path, KEY, Late(8), begun=True)) as audit,
        pytest.raises(KeyboardInterrupt),
    ):
        audit.tidy()
    monkeypatch.undo()
    with opened(tmp_path) as audit:
        assert audit.check() == ()
    assert tidied(tmp_path)[1] == ()
