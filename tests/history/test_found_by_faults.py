"""What runs tell and remember, in whole: drawn mistakes there (`make faults`) went unnoticed."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Person, Status
from agent.errors import Unreachable
from agent.records import Attention, Change, Pending, Spent, User
from agent.strangers import Matching
from agent.sync import Progress
from tests.history.office import BRANCH, Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    made = Office(tmp_path / "data")
    yield made
    made.store.close()


def test_R3_a_run_counts_what_the_two_sides_came_to_agree_on(office: Office) -> None:
    office.linked(2)
    for id in ("p0", "p1"):
        for side in (office.hra, office.xero):
            side.edit(id, job_title="Baker")
    office.sync.run("import", "schedule")
    assert office.store.runs(1)[0].counts["agreed"] == 2
    office.sync.run("import", "schedule")
    assert office.store.runs(1)[0].counts.get("agreed", 0) == 0


@pytest.mark.parametrize(("kind", "source"), [("export", "hra"), ("import", "xero")])
def test_promise1_a_write_that_never_left_leaves_no_mark(
    office: Office, kind: str, source: str
) -> None:
    office.linked()
    office.side(source).edit("p0", job_title="Baker")
    target = office.xero if source == "hra" else office.hra
    target.failing["p0"] = "unreachable"
    with pytest.raises(Unreachable):
        office.sync.run(kind, "schedule")
    left = office.link()
    assert (left.sending, dict(left.sent), dict(left.late)) == ("", {}, {})


def test_M2_whoever_is_held_back_from_being_created_is_counted_and_told(office: Office) -> None:
    office.linked()
    office.policy["matching"] = Matching()
    office.start()
    names: dict[str, Any] = {"first_name": "Zoe", "last_name": "Tran", "branch": BRANCH}
    office.xero.add("new", **names, date_of_birth=date(1990, 1, 1))
    office.hra.add("other", **names, date_of_birth=None)
    office.sync.run("import", "schedule")
    run = office.store.runs(1)[0]
    assert run.counts.get("created_hra", 0) == 0
    assert run.counts["held"] >= 1
    assert office.rows("new", "xero")


def test_M3_a_candidate_whose_employee_record_ended_meanwhile_is_told_in_the_run_and_on_the_desk(
    office: Office,
) -> None:
    office.policy["matching"] = Matching(candidates="date_of_birth")
    office.start()
    born = date(1970, 1, 2)
    waiting = Person("hra", "c1", "Zoe", "Young", Status.CURRENT, date_of_birth=born)
    office.hra.waiting_rooms["c1"] = replace(waiting, candidate=True)
    office.xero.add(
        "new", first_name="Zoe", last_name="Young", date_of_birth=born, start_date=date(2026, 3, 1)
    )

    def leaves(progress: Progress) -> None:
        if progress.phase == "writing":
            office.xero.people["new"].status = Status.TERMINATED

    report = office.sync.run("import", "page:anna", progress=leaves)
    assert office.hra.converted == []
    (line,) = [line for line in report.lines if line.xero_id == "new"]
    assert (line.action, line.target) == ("hold", "hra")
    assert "is not a current employee any more" in line.note
    row = office.row(id="new", side="xero")
    assert "HRA Cloud" in row.text and "is not a current employee any more" in row.text


TABLES = {
    "links.json": {"links", "alone", "parted", "ignored"},
    "plans.json": {"plans"},
    "runs.json": {"runs"},
    "state.json": {
        "agent", "attention", "binding", "changes", "connections", "markers", "parked", "pending", "spent", "stopped",
    },
    "users.json": {"users"},
}  # fmt: skip


def test_promise3_a_later_version_finds_each_table_by_its_name(office: Office) -> None:
    office.linked()
    store, now = office.store, office.clock()
    store.say_alone("xero:x1")
    store.ignore("hra", "h1")
    store.part("h1", "x1")
    store.keep_plan("hash", "text")
    store.put_user(User("anna", "hash"))
    store.stop_writes("super", "asked")
    store.park("hra", now)
    store.spend("xero", Spent(now, 1, 0, None, 0))
    store.add_pending(Pending("hra", "x1", now))
    store.add_change(Change(now, "p0", "p0", None, ("phone",), "to_hra", "import"))
    store.replace_attention("run", (Attention("run", "brake", "A text"),))
    found = {path.name: json.loads(path.read_bytes()) for path in office.folder.glob("*.json")}
    names = {name: {key.partition("/")[0] for key in found[name]} for name in TABLES}
    assert {name: keys - {"version", "sum"} for name, keys in names.items()} == TABLES
