"""What runs tell and remember, in whole: drawn mistakes there (`make faults`) went unnoticed."""

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from agent.errors import Unreachable
from agent.strangers import Matching
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
    names = {"first_name": "Zoe", "last_name": "Tran", "branch": BRANCH}
    office.xero.add("new", **names, date_of_birth=date(1990, 1, 1))
    office.hra.add("other", **names, date_of_birth=None)
    office.sync.run("import", "schedule")
    run = office.store.runs(1)[0]
    assert run.counts.get("created_hra", 0) == 0
    assert run.counts["held"] >= 1
    assert office.rows("new", "xero")


def test_state_of_this_version_is_found_by_the_names_of_its_tables(office: Office) -> None:
    """A table under another name would be lost to every later version."""
    office.linked()
    store = office.store
    store.mark_alone("xero:x1", "page:anna")
    found = set(json.loads((office.folder / "links.json").read_bytes()))
    assert {"links", "alone"} <= found
