"""What the agent remembers: durable, one commit at a time, of the bound pair only."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import RLock, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import DataDirBusy, NotStored, StateDamaged
from agent.records import (
    Agreed,
    Approval,
    Attention,
    Binding,
    Change,
    Connection,
    Link,
    Partner,
    Pending,
    Run,
    Save,
    User,
)
from agent.store import DataDir, Store
from agent.store.rows import from_row, to_row
from agent.store.storage import AtomicStorage, Shelf

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAIR = Binding("acc-1", "Acme HR", "ten-1", "Acme Pty Ltd")
OTHER = Binding("acc-2", "Other HR", "ten-2", "Other Pty Ltd")

APPROVAL = {"way": "to_xero", "mark": "m", "asked": START.isoformat(), "asked_by": "eSS"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    found = Store(data_dir, Clock())
    found.bind(PAIR)
    yield found
    found.close()


@contextmanager
def reopened(data_dir: Path) -> Iterator[Store]:
    found = Store(data_dir, Clock())
    yield found
    found.close()


@pytest.fixture
def busy_switching() -> Iterator[None]:
    """Let threads take turns far more often than usual, so that a missing lock shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def in_threads(work: Callable[[int], None], count: int = 8) -> None:
    threads = [Thread(target=work, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def row(text: str, scope: str = "link:1", kind: str = "conflict") -> Attention:
    return Attention(scope=scope, kind=kind, text=text, fields=("phone",))


# --- everything comes back ---


def test_everything_stored_is_there_after_a_restart(store: Store, data_dir: Path) -> None:
    link = store.add_link("h1", "x1", "E1")
    full = replace(
        link,
        agreed={"phone": Agreed("1:v:aa", "1:v:bb")},
        kept={"title": Agreed("1:v:cc", "1:v:dd")},
        open={"email": "waits"},
        verified=START,
        hra_seen="2026-03-02 09:00:00",
        xero_seen="/Date(1)/",
        sending="xero",
        sent={"xero:email": "ee"},
        created="xero",
        held={"email": Agreed("1:v:ff", "1:v:00")},
        approvals={
            "bank": Approval("to_xero", "1:v:11", START, "eSS"),
            "tfn": Approval("to_hra", "1:v:22", START, "page:a", "approved", "page:b", START),
        },
    )
    connection = Connection("xero", True, "Acme Pty Ltd", START, "", ("payroll.payruns.read",))
    pending = Pending("xero", "h9", START)
    change = Change(START, "h1", "x1", "E1", ("phone",), "to_xero", "eSS")
    store.save_link(full)
    store.set_connection(connection)
    store.set_marker("hra", "2026-03-02 09:00:00")
    store.park("xero", START)
    store.stop_writes("tax", "a mask is gone")
    store.ignore("xero", "x7")
    store.add_pending(pending)
    store.add_change(change)
    store.replace_attention("link:1", [row("phone differs")])
    store.accept(Save("w1", "h1", (), START))
    run = replace(store.open_run("import", "admin"), counts={"records": 3}, outcome="done")
    store.save_run(run)

    with reopened(data_dir) as again:
        assert again.binding() == PAIR
        assert again.links() == (full,)
        assert again.connection("xero") == connection
        assert again.connection("hra") == Connection("hra")
        assert (again.marker("hra"), again.marker("xero")) == ("2026-03-02 09:00:00", None)
        assert (again.parked("xero"), again.parked("hra")) == (START, None)
        assert again.stopped() == {"tax": "a mask is gone"}
        assert (again.ignored("xero"), again.ignored("hra")) == (frozenset({"x7"}), frozenset())
        assert again.pending() == (pending,)
        assert again.changes(10) == (change,)
        assert [one.text for one in again.attention()] == ["phone differs"]
        assert again.runs(10) == (run,)
        assert again.waiting() == store.waiting()


def test_what_ended_is_gone_after_a_restart(store: Store, data_dir: Path) -> None:
    store.park("xero", START)
    store.park("xero", None)
    store.stop_writes("tax", "a mask is gone")
    store.allow_writes("tax")
    store.add_pending(Pending("xero", "h9", START))
    store.clear_pending("xero", "h9")
    store.clear_pending("xero", "never there")
    with reopened(data_dir) as again:
        assert again.parked("xero") is None
        assert again.stopped() == {}
        assert again.pending() == ()


def test_S4_folder_and_files_are_the_owners_alone(store: Store, data_dir: Path) -> None:
    store.add_link("h1", "x1")
    store.open_run("import", "admin")
    store.keep_plan("h", "{}")
    store.put_user(User("anna", "hashed"))
    assert data_dir.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in data_dir.iterdir()}
    names = "audit-head.json audit.jsonl inbox.jsonl links.json plans.json runs.json state.json users.json"
    assert modes == dict.fromkeys(names.split(), 0o600)


# --- links ---


def test_a_link_is_found_by_its_id_and_from_either_side(store: Store) -> None:
    link = store.add_link("h1", "x1")
    assert store.link(link.id) == store.link_of("hra", "h1") == store.link_of("xero", "x1") == link
    assert store.link("nothing") is None
    assert store.link_of("xero", "h1") is None


def test_nobody_is_linked_twice(store: Store) -> None:
    first = store.add_link("h1", "x1")
    second = store.add_link("h2", "x2")
    with pytest.raises(ValueError, match="hra record h1 is linked already"):
        store.add_link("h1", "x3")
    with pytest.raises(ValueError, match="xero record x1 is linked already"):
        store.add_link("h3", "x1")
    with pytest.raises(ValueError, match="linked already"):
        store.save_link(replace(second, hra_id="h1"))
    assert store.links() == (first, second)


def test_two_links_never_get_the_same_id(data_dir: Path) -> None:
    ids = iter(["a", "a", "a", "b"])
    store = Store(data_dir, Clock(), lambda: next(ids))
    assert store.add_link("h1", "x1").id == "a"
    assert store.add_link("h2", "x2").id == "b"
    store.close()


def test_M5_a_link_follows_the_new_id_of_a_transfer(store: Store, data_dir: Path) -> None:
    link = store.add_link("h1", "x1")
    store.save_link(replace(link, hra_id="h1-new"))
    for found in (store, Store(data_dir, Clock())):
        assert found.link_of("hra", "h1") is None
        assert found.link_of("hra", "h1-new") == replace(link, hra_id="h1-new")
    assert store.add_link("h1", "x2").hra_id == "h1"


def test_M6_a_link_that_was_removed_is_gone_and_both_records_are_free(
    store: Store, data_dir: Path
) -> None:
    link, other = store.add_link("h1", "x1"), store.add_link("h2", "x2")
    store.remove_link(link.id)
    with reopened(data_dir) as again:
        for found in (store, again):
            assert found.links() == (other,)
            assert found.link(link.id) is None
            assert found.link_of("hra", "h1") is None
            assert found.link_of("xero", "x1") is None
    store.add_link("h1", "x3")
    store.add_link("h3", "x1")


def test_M6_a_link_that_is_not_there_cannot_be_removed_or_saved(store: Store) -> None:
    link = store.add_link("h1", "x1")
    store.remove_link(link.id)
    with pytest.raises(ValueError, match=f"no link {link.id}"):
        store.remove_link(link.id)
    with pytest.raises(ValueError, match=f"no link {link.id}"):
        store.save_link(link)
    store.add_link("h1", "x1")
    store.bind(OTHER)
    with pytest.raises(ValueError, match="no link"):
        store.remove_link(link.id)


def test_M6_what_a_person_said_of_records_stays_until_they_say_otherwise(
    store: Store, data_dir: Path
) -> None:
    store.part("h1", "x1")
    store.part("h:1", "x:1")  # ids are the vendors' own texts
    store.part("h1", "x1")
    store.say_alone("hra:h2")
    store.say_alone("xero:x2")
    store.ignore("hra", "h3")
    store.ignore("xero", "h3")
    with reopened(data_dir) as again:
        assert again.parted() == {("h1", "x1"), ("h:1", "x:1")}
        assert again.alone() == {"hra:h2", "xero:x2"}
        assert again.ignored("hra") == again.ignored("xero") == {"h3"}
    store.unpart("h1", "x1")
    store.unpart("x1", "h1")
    store.clear_alone("hra:h2")
    store.clear_alone("hra:never")
    store.unignore("hra", "h3")
    store.unignore("hra", "never")
    with reopened(data_dir) as again:
        assert again.parted() == {("h:1", "x:1")}
        assert again.alone() == {"xero:x2"}
        assert again.ignored("hra") == frozenset()
        assert again.ignored("xero") == {"h3"}


def test_L1_another_pair_sees_none_of_what_belongs_to_this_one(store: Store) -> None:
    link = store.add_link("h1", "x1")
    store.set_marker("hra", "then")
    store.stop_writes("tax", "a mask is gone")
    store.replace_attention("link:1", [row("phone differs")])
    store.add_pending(Pending("xero", "h9", START))
    store.ignore("hra", "h5")
    store.part("h1", "x9")
    store.say_alone("hra:h8")
    store.keep_plan("0123456789ab", "{}")
    store.add_change(Change(START, "h1", "x1", "E1", ("phone",), "to_xero", "eSS"))
    store.accept(Save("w1", "h1", (), START))
    seen = what_belongs_to_the_pair(store)

    store.bind(replace(OTHER, account_id=PAIR.account_id))
    assert store.links() == ()
    store.bind(OTHER)
    nobody: frozenset[str] = frozenset()
    seen_now = what_belongs_to_the_pair(store)
    assert seen_now == ((), None, {}, (), (), nobody, nobody, nobody, None, (), ())
    assert store.link_of("hra", "h1") is None
    with pytest.raises(ValueError, match="no link"):
        store.save_link(link)
    store.add_link("h1", "x1")

    store.bind(PAIR)
    assert what_belongs_to_the_pair(store) == seen


def what_belongs_to_the_pair(store: Store) -> tuple[object, ...]:
    return (
        store.links(),
        store.marker("hra"),
        store.stopped(),
        store.attention(),
        store.pending(),
        store.ignored("hra"),
        store.parted(),
        store.alone(),
        store.kept_plan("0123456789ab"),
        store.changes(9),
        store.waiting(),
    )


def test_a_renamed_organisation_is_the_same_pair(store: Store) -> None:
    link = store.add_link("h1", "x1")
    store.bind(replace(PAIR, tenant_name="Acme Group Pty Ltd"))
    assert store.links() == (link,)


def test_what_a_caller_changes_later_does_not_change_the_store(store: Store) -> None:
    link = store.add_link("h1", "x1")
    agreed = {"phone": Agreed("a", "b")}
    store.save_link(replace(link, agreed=agreed))
    agreed["email"] = Agreed("c", "d")
    assert [set(one.agreed) for one in store.links()] == [{"phone"}]


def test_eight_threads_lose_no_link(store: Store, data_dir: Path) -> None:
    def add(thread: int) -> None:
        for n in range(50):
            store.add_link(f"h{thread}-{n}", f"x{thread}-{n}")

    in_threads(add)
    with reopened(data_dir) as again:
        assert len(again.links()) == 400
        assert {one.hra_id for one in again.links()} == {
            f"h{thread}-{n}" for thread in range(8) for n in range(50)
        }


def test_threads_that_write_one_table_leave_memory_and_disc_alike(
    tmp_path: Path, busy_switching: None
) -> None:
    path = tmp_path / "t.json"
    shelf = Shelf(AtomicStorage(path, RLock()), "pending", Pending)

    def write(thread: int) -> None:
        for n in range(40):
            shelf.put(f"{thread}-{n}", Pending("xero", f"h{n}", START))

    in_threads(write)
    assert len(shelf.all()) == 320
    assert shelf.all() == Shelf(AtomicStorage(path, RLock()), "pending", Pending).all()


# --- attention ---


def test_a_row_that_stays_keeps_its_id_and_time_and_one_that_left_is_gone(data_dir: Path) -> None:
    clock = Clock()
    store = Store(data_dir, clock)
    store.replace_attention("link:1", [row("a"), row("b")])
    store.replace_attention("link:2", [row("a", "link:2")])
    first = {(one.scope, one.text): one for one in store.attention()}
    clock.now += timedelta(hours=1)
    store.replace_attention("link:1", [row("c"), replace(row("b"), number="E1")])
    now = {(one.scope, one.text): one for one in store.attention()}

    assert now.keys() == {("link:1", "b"), ("link:1", "c"), ("link:2", "a")}
    assert now["link:1", "b"] == replace(first["link:1", "b"], number="E1")
    assert now["link:1", "c"].since == START + timedelta(hours=1)
    assert now["link:2", "a"] == first["link:2", "a"]
    assert len({one.id for one in [*first.values(), *now.values()]}) == 4
    assert all(len(one.id) == 8 for one in now.values())


def test_rows_that_did_not_change_write_nothing(store: Store, data_dir: Path) -> None:
    store.replace_attention("link:1", [row("a"), row("b")])
    before = (data_dir / "state.json").stat()
    store.replace_attention("link:1", [row("a"), row("b")])
    store.replace_attention("link:2", [])
    after = (data_dir / "state.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_same_matter_twice_is_one_row_and_keeps_its_id_when_it_comes_back(
    store: Store,
) -> None:
    store.replace_attention("link:1", [row("a"), row("a")])
    [first] = store.attention()
    store.replace_attention("link:1", [])
    assert store.attention() == ()
    store.replace_attention("link:1", [row("a")])
    assert [one.id for one in store.attention()] == [first.id]


def test_a_row_of_another_scope_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="link:2 among those of link:1"):
        store.replace_attention("link:1", [row("a", "link:2")])


def test_a_dismissed_row_stays_away_until_its_matter_went_and_came_back(
    store: Store, data_dir: Path
) -> None:
    def dismissed() -> dict[str, bool]:
        with reopened(data_dir) as again:
            assert again.attention() == store.attention()
        return {one.text: one.dismissed for one in store.attention()}

    store.replace_attention("link:1", [row("a"), row("b")])
    store.dismiss(store.attention()[0].id)
    assert dismissed() == {"a": True, "b": False}
    store.replace_attention("link:1", [row("b"), replace(row("a"), number="E1")])
    assert dismissed() == {"a": True, "b": False}
    store.replace_attention("link:1", [row("b")])
    store.replace_attention("link:1", [row("b"), replace(row("a"), dismissed=True)])
    assert dismissed() == {"a": False, "b": False}


def test_a_row_that_is_not_there_cannot_be_dismissed(store: Store) -> None:
    store.replace_attention("link:1", [row("a")])
    [gone] = store.attention()
    store.replace_attention("link:1", [])
    with pytest.raises(ValueError, match=f"no attention row {gone.id}"):
        store.dismiss(gone.id)


def test_M6_other_possible_partners_are_another_matter_their_order_is_not(store: Store) -> None:
    one, two = Partner("xero", "x1", "E1", ("same name",)), Partner("xero", "x2")

    def stand(*partners: Partner) -> Attention:
        store.replace_attention("link:1", [replace(row("who?"), partners=partners)])
        [found] = store.attention()
        assert found.partners == partners
        return found

    first = stand(one, two)
    store.dismiss(first.id)
    again = stand(two, replace(one, why=("same name", "same birth date")))
    assert (again.id, again.dismissed) == (first.id, True)
    fewer = stand(two)
    assert (fewer.id != first.id, fewer.dismissed) == (True, False)


def test_S1_another_plan_is_another_matter(store: Store) -> None:
    ids = set()
    for plan in ("aaaaaaaaaaaa", "bbbbbbbbbbbb"):
        store.replace_attention("run", [replace(row("too much", "run", "stopped"), plan=plan)])
        ids |= {one.id for one in store.attention()}
    assert len(ids) == 2


# --- kept plans ---


def test_S1_the_newest_five_plans_are_kept_for_a_yes(store: Store, data_dir: Path) -> None:
    for n in range(5):
        store.keep_plan(f"plan{n}", f"text {n}")
    store.keep_plan("plan0", "text 0 anew")  # kept again, so the newest
    store.keep_plan("plan5", "text 5")
    store.drop_plan("plan4")
    store.drop_plan("never kept")
    with reopened(data_dir) as again:
        for found in (store, again):
            kept = [found.kept_plan(f"plan{n}") for n in range(6)]
            assert kept == ["text 0 anew", None, "text 2", "text 3", None, "text 5"]
    for n in range(6, 11):
        store.keep_plan(f"plan{n}", "")
    assert [store.kept_plan(f"plan{n}") for n in (0, 5, 6)] == [None, None, ""]


# --- runs and changes ---


def test_runs_come_newest_first_and_the_last_200_are_kept(store: Store, data_dir: Path) -> None:
    ids = []
    for n in range(203):
        run = store.open_run("import", f"person {n}")
        store.save_run(replace(run, outcome="done", ended=START))
        ids.append(run.id)
    assert [run.id for run in store.runs(3)] == ids[:-4:-1]
    with reopened(data_dir) as again:
        assert [run.id for run in again.runs(999)] == ids[:2:-1]


def test_a_run_that_a_crash_cut_short_is_closed_as_stopped_at_the_next_start(
    store: Store, data_dir: Path
) -> None:
    done = replace(store.open_run("import", "admin"), outcome="done", ended=START)
    store.save_run(done)
    cut = store.open_run("export", "schedule")
    with reopened(data_dir) as again:
        newest, oldest = again.runs(9)
        assert oldest == done
        assert (newest.id, newest.outcome, newest.ended) == (cut.id, "stopped", START)
        assert "stopped before this run came to its end" in newest.reason


def test_changes_come_newest_first_and_the_last_500_are_kept(store: Store) -> None:
    for n in range(503):
        store.add_change(Change(START, f"h{n}", "x", None, ("phone",), "to_xero", "eSS"))
    assert [change.hra_id for change in store.changes(2)] == ["h502", "h501"]
    assert [change.hra_id for change in store.changes(999)][-1] == "h3"


# --- the inbox, as the store gives it out ---


def test_H2_saves_are_accepted_postponed_and_closed_through_the_store(
    store: Store, data_dir: Path
) -> None:
    first, second = Save("w1", "h1", ("bank",), START), Save("w2", "h1", (), START)
    assert [store.accept(first), store.accept(second), store.accept(first)] == [True, True, False]
    store.close_saves(["w1"], "pushed")
    store.postpone(["w2"], START, "no answer", looked=False)
    store.tidy()
    expected = replace(second, tries=1, next_try=START, reason="no answer")
    with reopened(data_dir) as again:
        assert again.waiting() == store.waiting() == (expected,)


# --- damage, full discs, values that do not fit ---


@pytest.mark.parametrize(
    "name", ["links.json", "state.json", "runs.json", "users.json", "plans.json"]
)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version":1',
        b"[]",
        b"{}",
        b'{"version":2}',
        b'{"version":1,"t":[1]}',
        b'{"version":1,"t":{"1":"x"}}',
        b"\xff",
    ],
)
def test_a_damaged_file_is_refused_and_left_untouched(
    data_dir: Path, name: str, content: bytes
) -> None:
    data_dir.mkdir()
    (data_dir / name).write_bytes(content)
    with pytest.raises(StateDamaged, match=name):
        Store(data_dir, Clock())
    assert (data_dir / name).read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        {"hra_id": 5},
        {"unheard_of": "of"},
        {"verified": "yesterday"},
        {"verified": 5},
        {"verified": "2026-03-02T09:00:00"},
        {"agreed": {"phone": {"hra": "a"}}},
        {"agreed": []},
        {"open": {"phone": None}},
        {"held": {"phone": {"hra": "a", "xero": 5}}},
        {"approvals": ["bank"]},
        {"approvals": {"bank": "waiting"}},
        {"approvals": {"bank": {"way": "to_xero", "mark": "m", "asked_by": "eSS"}}},
        {"approvals": {"bank": {**APPROVAL, "asked": "2026-03-02T09:00:00"}}},
        {"approvals": {"bank": {**APPROVAL, "at": 5}}},
        {"approvals": {"bank": {**APPROVAL, "unheard_of": "of"}}},
    ],
)
def test_a_row_that_does_not_fit_is_damage_and_not_a_guess(
    store: Store, data_dir: Path, change: dict[str, object]
) -> None:
    link = store.add_link("h1", "x1")
    file = data_dir / "links.json"
    data = json.loads(file.read_bytes())
    data["links/acc-1/ten-1"][link.id] |= change
    data["version"] = 1  # a file without a checksum, which would tell of the change by itself
    del data["sum"]
    file.write_text(json.dumps(data))
    with pytest.raises(StateDamaged, match=r"links\.json"):
        Store(data_dir, Clock())
    assert json.loads(file.read_bytes()) == data


def test_a_temporary_file_left_by_a_crash_does_no_harm(store: Store, data_dir: Path) -> None:
    (data_dir / ".links.json.new").write_bytes(b"half")
    link = store.add_link("h1", "x1")
    with reopened(data_dir) as again:
        assert again.links() == (link,)
    assert not (data_dir / ".links.json.new").exists()


def test_a_write_that_the_disc_refuses_changes_neither_memory_nor_disc(
    store: Store, data_dir: Path
) -> None:
    link = store.add_link("h1", "x1")
    (data_dir / ".links.json.new").mkdir()  # nothing can be written there, whoever runs the test
    with pytest.raises(OSError, match=r"links\.json cannot be stored"):
        store.save_link(replace(link, number="E1"))
    with pytest.raises(OSError, match=r"links\.json cannot be stored"):
        store.add_link("h2", "x2")
    assert store.links() == (link,)
    assert store.link_of("hra", "h2") is None
    (data_dir / ".links.json.new").rmdir()
    store.add_link("h2", "x2")
    with reopened(data_dir) as again:
        assert again.links() == store.links()


@pytest.mark.parametrize(
    "value", [{1: "a"}, {"a": (1,)}, {"a": {2}}, {"a": float("nan")}, {"a": START}, {"a": b"x"}]
)
def test_a_value_that_json_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, value: dict[object, object]
) -> None:
    storage = AtomicStorage(tmp_path / "t.json", RLock())
    with pytest.raises((TypeError, ValueError)):
        storage.write({"table": {"1": {"value": value}}})
    assert storage.read() == {}
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_becomes_yes_is_a_change_although_they_are_equal(tmp_path: Path) -> None:
    storage = AtomicStorage(tmp_path / "t.json", RLock())
    storage.write({"table": {"1": {"value": 1}}})
    storage.write({"table": {"1": {"value": True}}})
    assert '"value":true' in (tmp_path / "t.json").read_text()


def test_several_changes_of_a_shelf_are_one_step_or_none(tmp_path: Path) -> None:
    storage = AtomicStorage(tmp_path / "t.json", RLock())
    shelf = Shelf(storage, "pending", Pending)
    kept = Pending("xero", "h1", START)
    shelf.put("1", kept)
    naive = Pending("xero", "h2", datetime(2026, 3, 2))
    with pytest.raises(ValueError, match="time without zone"):
        shelf.change({"2": kept, "3": naive}, ["1"])
    (tmp_path / ".t.json.new").mkdir()
    with pytest.raises(OSError, match=r"t\.json cannot be stored"):
        shelf.change({"2": kept}, ["1"])
    assert shelf.all() == {"1": kept}
    assert Shelf(AtomicStorage(tmp_path / "t.json", RLock()), "pending", Pending).all() == {
        "1": kept
    }


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=zones)
texts = st.text(st.characters(codec="utf-8"), max_size=5)
agreed = st.dictionaries(texts, st.builds(Agreed, texts, texts), max_size=2)
approvals = st.builds(
    Approval, texts, texts, times, texts, state=texts, by=texts, at=st.none() | times
)
links = st.builds(
    Link,
    texts,
    texts,
    texts,
    number=st.none() | texts,
    agreed=agreed,
    open=st.dictionaries(texts, texts, max_size=2),
    verified=st.none() | times,
    held=agreed,
    approvals=st.dictionaries(texts, approvals, max_size=2),
)
partners = st.builds(
    Partner, texts, texts, st.none() | texts, st.lists(texts, max_size=2).map(tuple)
)
rows = st.builds(
    Attention,
    texts,
    texts,
    texts,
    since=st.none() | times,
    partners=st.lists(partners, max_size=2).map(tuple),
    plan=texts,
    dismissed=st.booleans(),
)
runs = st.builds(
    Run,
    texts,
    texts,
    texts,
    times,
    counts=st.dictionaries(texts, st.integers(), max_size=2),
)
saves = st.builds(Save, texts, texts, st.lists(texts, max_size=2).map(tuple), times)


@pytest.mark.parametrize("counts", [{"records": {1}}, {1: 1}, {"records": b"1"}])
def test_a_record_that_json_cannot_hold_is_refused(
    store: Store, counts: dict[object, object]
) -> None:
    run = store.open_run("import", "admin")
    with pytest.raises(TypeError, match="cannot be stored"):
        store.save_run(replace(run, counts=counts))  # type: ignore[arg-type]
    assert store.runs(9) == (run,)


@given(links | runs | saves | rows)
def test_any_record_comes_back_the_same_from_its_row(record: Link | Run | Save | Attention) -> None:
    stored = json.loads(json.dumps(to_row(record), allow_nan=False))
    assert from_row(type(record), stored) == record


@pytest.mark.parametrize(
    "change",
    [
        {"partners": ["x1"]},
        {"partners": {"side": "xero", "id": "x1"}},
        {"partners": [{"side": "xero"}]},
        {"partners": [{"side": "xero", "id": "x1", "why": "same name"}]},
        {"dismissed": 1},
        {"plan": None},
    ],
)
def test_an_attention_row_that_does_not_fit_is_refused(change: dict[str, object]) -> None:
    stored = to_row(row("a")) | change
    with pytest.raises(ValueError, match="not a"):
        from_row(Attention, stored)


# --- one process ---


def test_a_second_process_cannot_take_the_data_directory(data_dir: Path) -> None:
    take = (
        "import sys; from pathlib import Path; from agent.errors import DataDirBusy\n"
        "from agent.store import DataDir\n"
        "try: DataDir.hold(Path(sys.argv[1]))\n"
        "except DataDirBusy as error: sys.exit(str(error))\n"
    )
    arguments = [sys.executable, "-c", take, str(data_dir)]
    top = Path(__file__).parents[2]
    with DataDir.hold(data_dir):
        busy = subprocess.run(arguments, cwd=top, capture_output=True, text=True, check=False)
        with pytest.raises(DataDirBusy):
            DataDir.hold(data_dir)
    free = subprocess.run(arguments, cwd=top, capture_output=True, text=True, check=False)
    assert f"already running on {data_dir}" in busy.stderr
    assert (busy.returncode, free.returncode, free.stderr) == (1, 0, "")


def test_the_lock_goes_with_a_process_that_is_killed(data_dir: Path) -> None:
    hold = (
        "import sys; from pathlib import Path; from agent.store import DataDir\n"
        "held = DataDir.hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()\n"
    )
    top = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(data_dir)],
        cwd=top,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(DataDirBusy):
            DataDir.hold(data_dir)
        process.kill()
        process.wait(10)
        DataDir.hold(data_dir).release()


def test_releasing_twice_is_harmless(data_dir: Path) -> None:
    held = DataDir.hold(data_dir)
    held.release()
    held.release()
    DataDir.hold(data_dir).release()


def test_R1_a_store_that_was_closed_writes_over_nobody_elses_state(data_dir: Path) -> None:
    late = Store(data_dir, lambda: START)
    late.close()
    with closing(Store(data_dir, lambda: START)) as store:
        store.switch_off("A person said so.")
        with pytest.raises(NotStored):  # a call that ends after its process has let go
            late.set_marker("xero", "then")
    with closing(Store(data_dir, lambda: START)) as store:
        assert store.standing() == "A person said so."
