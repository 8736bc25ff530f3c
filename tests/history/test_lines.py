"""What people and runs decide about the whole, or about somebody, is a line of the audit log that says who (S3)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.errors import Braked
from agent.plan import Brake
from agent.records import Event
from tests.history.office import Office, whole


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """One person who agrees in everything; no schedule may create anybody."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    made = Office(tmp_path / "data", policy={"brake": Brake(creates=0)})
    made.linked()
    yield made
    made.store.close()


def only(office: Office, what: str) -> Event:
    (event,) = office.events(what)
    return event


def test_S3_a_stopped_run_and_the_yes_that_let_it_through_are_lines(office: Office) -> None:
    office.xero.add("new", **whole(5))
    with pytest.raises(Braked) as braked:
        office.sync.run("import", "schedule")
    stopped = only(office, "braked")
    assert stopped.actor == "schedule" and "create 1" in stopped.why
    office.sync.let_through(braked.value.hash, "page:anna")
    yes = only(office, "approved")
    assert yes.actor == "page:anna" and braked.value.hash in yes.why


def test_S3_what_waits_for_a_choice_is_one_line_however_many_runs_meet_it(office: Office) -> None:
    office.set(conflicts="hold")
    office.differ("mobile", "0491 570 111", "0491 570 112")
    for kind in ("import", "export", "import"):
        office.sync.run(kind, "schedule")
    held = only(office, "held")
    assert (held.hra_id, held.fields, held.actor) == ("p0", ("mobile",), "schedule")
    assert "both sides changed" in held.why


def test_S3_what_a_second_person_is_asked_is_one_line_however_many_runs_meet_it(
    office: Office,
) -> None:
    office.set(approve=frozenset({"bank"}))
    office.hra.edit("p0", bank_accounts=whole(7)["bank_accounts"])
    for kind in ("import", "export", "import"):
        office.sync.run(kind, "schedule")
    asked = only(office, "asked")
    assert (asked.hra_id, asked.fields, asked.way) == ("p0", ("bank_accounts",), "to_xero")
