"""What killing the agent at every point (tests/crash) found, each as a history of its own."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.records import Pending
from agent.store import Store
from tests.history.office import BINDING, Office, whole
from tests.unit.canonical_values import membership


class Killed(BaseException):
    """The process is gone: nobody catches this."""


def dies_at(
    office: Office, monkeypatch: pytest.MonkeyPatch, method: str, when: Callable[..., bool]
) -> None:
    """The store's method is where the agent is killed, for the arguments that fit."""
    does = getattr(office.store, method)

    def or_dies(*args: Any, **more: Any) -> Any:
        if when(*args, **more):
            raise Killed
        return does(*args, **more)

    monkeypatch.setattr(office.store, method, or_dies)


def lives_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start, over what is on disc, an hour later."""
    monkeypatch.undo()
    office.store.close()
    office.clock.now += timedelta(hours=1)
    office.store = Store(office.folder, office.clock, audit_key=b"a" * 32)
    office.start()


def written(office: Office) -> list[tuple[str, ...]]:
    return [event.fields for event in office.events("written")]


def test_M2_promise1_killed_right_after_linking_whom_it_created_they_stay_not_payable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    office.linked()
    office.hra.add("p5", **whole(5))
    dies_at(office, monkeypatch, "save_link", lambda link: link.hra_id == "p5")
    with pytest.raises(Killed):
        office.sync.run("export", "command")
    lives_again(office, monkeypatch)
    assert office.link("p5").created == "xero"
    assert len(office.xero.created) == 1


@pytest.mark.parametrize("method", ["add_change", "note"])
def test_S3_promise1_killed_between_a_write_and_its_line_the_audit_log_tells_it_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    office = Office(tmp_path)
    office.linked()
    office.hra.edit("p0", mobile="0491 570 158")
    dies_at(office, monkeypatch, method, lambda told: "mobile" in told.fields)
    with pytest.raises(Killed):
        office.sync.run("export", "command")
    lives_again(office, monkeypatch)
    assert written(office) == []
    office.sync.run("export", "command")
    assert written(office) == [("mobile",)]
    assert [fields for _, fields in office.xero.writes] == [{"mobile"}], "and is not written again"


def test_S3_what_is_written_is_not_told_as_agreed_too(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.linked()
    office.hra.edit("p0", mobile="0491 570 158")
    agreed = len(office.events("agreed"))
    office.sync.run("export", "command")
    assert written(office) == [("mobile",)]
    assert len(office.events("agreed")) == agreed


def test_S3_promise1_killed_between_an_agreement_and_its_line_the_audit_log_tells_it_after_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(tmp_path)
    for side in (office.hra, office.xero):
        side.add("p0", **whole(0))
    dies_at(office, monkeypatch, "note", lambda event: event.what == "agreed")
    with pytest.raises(Killed):
        office.sync.run("import", "schedule")
    lives_again(office, monkeypatch)
    office.sync.run("import", "schedule")
    assert any("mobile" in event.fields for event in office.events("agreed"))


def test_X3_promise1_killed_between_linking_and_settling_a_create_is_not_waited_for_for_ever(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    office.store.add_pending(Pending("xero", "h1", office.clock()))
    office.store.add_pending(Pending("hra", "x2", office.clock()))
    office.store.add_link("h1", "x1")
    office.store.close()
    store = Store(tmp_path, office.clock, audit_key=b"a" * 32)
    assert store.binding() == BINDING
    assert [one.source_id for one in store.pending()] == ["x2"]
    store.close()


def test_X3_a_membership_is_not_sent_to_hra_again_while_the_lost_one_may_still_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HRA's PUT creates memberships that have no id, and nothing removes them: two PUTs are two memberships."""
    office = Office(tmp_path)
    office.linked()
    office.xero.edit(
        "p0", super_memberships=(membership("HOS0100AU", "5544"),), mobile="0491 570 158"
    )
    monkeypatch.setattr(office.hra, "update", lambda before, changes: _dies())
    with pytest.raises(Killed):
        office.sync.run("import", "command")
    monkeypatch.undo()
    office.start()
    office.sync.run("import", "command")
    assert office.both("p0", "mobile")[0] == "0491 570 158"
    assert [fields for _, fields in office.hra.writes] == [{"mobile"}]
    assert "super_memberships" in office.link().open
    office.clock.now += timedelta(minutes=16)
    office.sync.run("import", "command")
    assert [fields for _, fields in office.hra.writes] == [{"mobile"}, {"super_memberships"}]
    assert membership("HOS0100AU", "5544") in _held(office, "p0")


def test_X3_whom_a_lost_create_made_in_hra_gets_no_second_membership_either(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.linked()
    sent = office.clock()
    office.store.add_pending(Pending("hra", "p5", sent))
    office.xero.add("p5", **whole(5))
    office.hra.add("h5", **{**whole(5), "super_memberships": None, "mobile": None})
    office.sync.run("import", "command")
    assert [fields for _, fields in office.hra.writes] == [{"mobile"}]
    office.clock.now += timedelta(minutes=16)
    office.sync.run("import", "command")
    assert [fields for _, fields in office.hra.writes] == [{"mobile"}, {"super_memberships"}]


def _dies() -> None:
    raise Killed


def _held(office: Office, id: str) -> tuple[Any, ...]:
    found = office.hra.value(id, "super_memberships")
    assert isinstance(found, tuple)
    return found
