"""What every Side keeps, be it a double in memory or a client over HTTP: one suite for all of them.

A `Stage` sets a side up; the tests below are inherited by a class with a `stage` fixture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from agent.employee import Employee, Status, Value
from agent.errors import NotFound, Refused
from agent.fields import FIELDS, GROUPS, names, same
from agent.side import Side
from tests.unit.canonical_values import THREE, account

DETAILS = frozenset({"details"})
TWO_REMAINDERS = (account("111111"), account("222222"))
OPTIONAL = ("middle_names", "job_title", "mobile", "phone", "email", "title")


@dataclass
class Stage:
    """A side with somebody on it. `tick` lets the side's clock go on; `unknown` is nobody's id."""

    side: Side
    id: str
    newcomer: dict[str, Value]
    unknown: str = "00000000-0000-0000-0000-000000000000"
    tick: Callable[[], None] = lambda: None


class SideContract:
    """The tests. Every one runs on every side."""

    def test_D8_a_whole_listing_has_everybody_once_and_says_so(self, stage: Stage) -> None:
        found = stage.side.listing()
        ids = [person.id for person in found.people]
        assert found.complete and stage.id in ids
        assert len(ids) == len(set(ids))
        assert {person.side for person in found.people} == {stage.side.name}
        assert all(person.first_name and person.last_name for person in found.people)

    def test_X2_a_changed_person_is_listed_since_the_marker_with_another_time(
        self, stage: Stage
    ) -> None:
        before = stage.side.listing()
        was = {person.id: person.updated for person in before.people}
        stage.tick()
        self.write(stage, mobile="0491 570 157")
        now = {p.id: p.updated for p in stage.side.listing(before.marker or None).people}
        assert now[stage.id] != was[stage.id]

    def test_one_record_has_every_field_of_the_groups_asked_for(self, stage: Stage) -> None:
        whole = stage.side.fetch(stage.id)
        assert (whole.side, whole.id) == (stage.side.name, stage.id)
        assert whole.groups == frozenset(GROUPS)
        assert set(whole.values) == set(FIELDS)
        part = stage.side.fetch(stage.id, DETAILS)
        assert part.groups == DETAILS
        assert set(part.values) == set(names("details"))

    def test_a_listed_person_is_the_one_that_is_fetched(self, stage: Stage) -> None:
        listed = stage.side.person(stage.id)
        fetched = stage.side.fetch(stage.id, DETAILS)
        assert (listed.first_name, listed.last_name, listed.date_of_birth) == tuple(
            fetched.get(name) for name in ("first_name", "last_name", "date_of_birth")
        )

    def test_an_unknown_id_is_not_found(self, stage: Stage) -> None:
        with pytest.raises(NotFound):
            stage.side.fetch(stage.unknown)

    def test_X3_a_write_changes_what_it_names_and_nothing_else(self, stage: Stage) -> None:
        before = stage.side.fetch(stage.id)
        self.write(stage, mobile="0491 570 157", job_title="Baker")
        after = stage.side.fetch(stage.id)
        assert (after.get("mobile"), after.get("job_title")) == ("0491 570 157", "Baker")
        unequal = {name for name in FIELDS if not alike(before, after, name)}
        assert unequal <= {"mobile", "job_title"}

    @pytest.mark.parametrize("name", ["mobile", "job_title", "home_address", "bank_accounts"])
    def test_D4_what_is_read_back_is_what_is_there(self, stage: Stage, name: str) -> None:
        for value in THREE[name]:
            stage.tick()
            shown = self.write(stage, **{name: value})
            assert same(name, shown.get(name), value)
            assert alike(shown, stage.side.fetch(stage.id), name)

    def test_D4_the_same_write_twice_changes_nothing_more(self, stage: Stage) -> None:
        once = self.write(stage, mobile="0491 570 157")
        twice = self.write(stage, mobile="0491 570 157")
        assert all(alike(once, twice, name) for name in FIELDS)

    def test_X3_a_refused_section_does_not_hold_back_another(self, stage: Stage) -> None:
        before = stage.side.fetch(stage.id)
        changes = {"mobile": "0491 570 158", "bank_accounts": TWO_REMAINDERS}
        written = stage.side.update(before, changes)
        assert written.employee.get("mobile") == "0491 570 158"
        assert set(written.refused) & {"bank", "bank_accounts"}
        assert alike(before, stage.side.fetch(stage.id), "bank_accounts")

    def test_X3_a_write_of_which_nothing_is_taken_is_refused(self, stage: Stage) -> None:
        before = stage.side.fetch(stage.id)
        with pytest.raises(Refused):
            stage.side.update(before, {"bank_accounts": TWO_REMAINDERS})
        assert alike(before, stage.side.fetch(stage.id), "bank_accounts")

    @pytest.mark.parametrize("name", OPTIONAL)
    def test_D8_an_emptied_optional_field_is_cleared_or_said_to_stay(
        self, stage: Stage, name: str
    ) -> None:
        self.write(stage, **{name: THREE[name][0]})
        before = stage.side.fetch(stage.id)
        try:
            written = stage.side.update(before, {name: None})
        except Refused as refused:
            assert refused.reasons
            written = None
        now = stage.side.fetch(stage.id).get(name)
        if written is None or name in written.refused or "details" in written.refused:
            assert now == THREE[name][0]
        else:
            assert written.employee.get(name) is now is None

    def test_M2_a_created_person_is_there_and_listed(self, stage: Stage) -> None:
        known = {person.id for person in stage.side.listing().people}
        stage.tick()
        made = stage.side.create(stage.newcomer)
        assert made.employee.id not in known
        found = stage.side.fetch(made.employee.id)
        assert found.status is Status.CURRENT
        for name, value in stage.newcomer.items():
            assert same(name, found.get(name), value), name
        assert {p.id for p in stage.side.listing().people} == known | {made.employee.id}

    def test_L3_the_probe_names_who_is_connected(self, stage: Stage) -> None:
        found = stage.side.probe()
        assert found.name and found.id and not found.missing_scopes

    def write(self, stage: Stage, **changes: Any) -> Employee:
        """One write that must be taken."""
        written = stage.side.update(stage.side.fetch(stage.id), changes)
        assert not written.refused and not written.gone
        return written.employee


def alike(one: Employee, other: Employee, name: str) -> bool:
    """Equal as far as both can be read."""
    mine, theirs = one.get(name), other.get(name)
    return mine == theirs or same(name, mine, theirs)
