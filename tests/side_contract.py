"""What every Side keeps, be it a double in memory or a client over HTTP: one suite for all of them.

A `Stage` sets a side up; the tests below are inherited by a class with a `stage` fixture. What only
one of the two systems does has a suite of its own below: HRA's actions, Xero's Employee Groups.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from agent.employee import UNKNOWN, Employee, EndDate, Person, Status, Value
from agent.errors import NotFound, OutcomeUnknown, Refused, Unreachable
from agent.fields import FIELDS, GROUPS, names, same
from agent.side import HraSide, Side
from tests.unit.canonical_values import THREE, account

DETAILS = frozenset({"details"})
ONE_ACCOUNT = (account("44445555"),)
TWO_REMAINDERS = (account("111111"), account("222222"))
PAST, FUTURE = EndDate(date(2026, 1, 5)), EndDate(date(2027, 9, 1))
OPTIONAL = ("middle_names", "job_title", "mobile", "phone", "email", "title")


@dataclass
class Stage:
    """A side with somebody on it. `tick` lets the side's clock go on; `unknown` is nobody's id; `away` lets no call reach
    it; `lose_answer` loses the answer of this person's next write, once it is carried out.
    """

    side: Side
    id: str
    newcomer: dict[str, Value]
    unknown: str = "00000000-0000-0000-0000-000000000000"
    tick: Callable[[], None] = lambda: None
    away: Callable[[bool], None] = lambda away: None
    lose_answer: Callable[[str], None] = lambda id: None


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

    def test_X3_a_side_that_is_away_says_so_and_nothing_was_written(self, stage: Stage) -> None:
        before = stage.side.fetch(stage.id)
        stage.away(True)
        for call in (
            lambda: stage.side.listing(),
            lambda: stage.side.fetch(stage.id),
            lambda: stage.side.update(before, {"mobile": "0491 570 158"}),
        ):
            with pytest.raises(Unreachable):
                call()
        stage.away(False)
        assert alike(before, stage.side.fetch(stage.id), "mobile")

    def test_X3_of_a_write_whose_answer_is_lost_no_side_says_that_nothing_happened(
        self, stage: Stage
    ) -> None:
        """Xero is asked once more with the same key and answers as it did; HRA Cloud knows no keys."""
        before = stage.side.fetch(stage.id)
        stage.lose_answer(stage.id)
        with suppress(OutcomeUnknown):
            stage.side.update(before, {"bank_accounts": ONE_ACCOUNT})
        assert stage.side.fetch(stage.id).get("bank_accounts") == ONE_ACCOUNT

    def test_L3_the_probe_names_who_is_connected(self, stage: Stage) -> None:
        found = stage.side.probe()
        assert found.name and found.id and not found.missing_scopes

    def write(self, stage: Stage, **changes: Any) -> Employee:
        """One write that must be taken."""
        written = stage.side.update(stage.side.fetch(stage.id), changes)
        assert not written.refused and not written.gone
        return written.employee


@dataclass
class HraStage(Stage):
    """HRA, with another branch than the one that the person is in, and a way to add a candidate."""

    hra: HraSide | None = None
    elsewhere: str = ""
    hopeful: Callable[[], str] = lambda: ""

    @property
    def actions(self) -> HraSide:
        """The same side, with what only HRA does."""
        assert self.hra is not None
        return self.hra


class HraContract(SideContract):
    """HRA's actions: an end date is a termination, a branch a transfer, a candidate is converted."""

    def test_T2_a_past_end_date_terminates_and_is_read_back(self, stage: HraStage) -> None:
        shown = self.write(stage, end_date=PAST)
        assert (shown.status, shown.get("end_date")) == (Status.TERMINATED, PAST)

    def test_T2_a_future_end_date_makes_terminating(self, stage: HraStage) -> None:
        shown = self.write(stage, end_date=FUTURE)
        assert (shown.status, shown.get("end_date")) == (Status.TERMINATING, FUTURE)

    def test_M5_a_transfer_gives_a_new_id_and_takes_the_sections_along(
        self, stage: HraStage
    ) -> None:
        before = stage.side.fetch(stage.id)
        shown = self.write(stage, branch=stage.elsewhere, mobile="0491 570 157")
        assert shown.id != stage.id and shown.old_id == stage.id
        assert (shown.get("branch"), shown.get("mobile")) == (stage.elsewhere, "0491 570 157")
        moved = {name for name in FIELDS if not alike(before, shown, name)}
        assert moved <= {"branch", "mobile"}

    def test_M5_the_old_id_leads_to_the_new_record_and_is_listed_as_gone(
        self, stage: HraStage
    ) -> None:
        new_id = self.write(stage, branch=stage.elsewhere).id
        assert stage.side.fetch(stage.id).id == new_id
        listed = {person.id: person for person in stage.side.listing().people}
        assert listed[stage.id].status is Status.GONE
        assert listed[new_id].branch == stage.elsewhere
        assert stage.side.person(stage.id).new_id == new_id

    def test_M5_a_termination_and_a_transfer_go_together(self, stage: HraStage) -> None:
        shown = self.write(stage, branch=stage.elsewhere, end_date=PAST)
        assert shown.id != stage.id and shown.status is Status.TERMINATED
        assert (shown.get("branch"), shown.get("end_date")) == (stage.elsewhere, PAST)

    def test_M3_a_candidate_becomes_an_employee_of_the_same_name(self, stage: HraStage) -> None:
        id = stage.hopeful()
        one = self.candidate(stage, id)
        assert one.candidate and one.status is Status.CURRENT
        stage.tick()
        made = stage.side.fetch(stage.actions.convert(one, date(2026, 5, 4)))
        assert (made.get("first_name"), made.get("last_name")) == (one.first_name, one.last_name)
        assert made.status is Status.CURRENT and made.get("start_date") == date(2026, 5, 4)

    def test_M3_a_candidate_is_converted_once(self, stage: HraStage) -> None:
        one = self.candidate(stage, stage.hopeful())
        stage.tick()
        stage.actions.convert(one, None)
        assert self.candidate(stage, one.id).status is Status.GONE
        with pytest.raises(NotFound):
            stage.actions.convert(one, None)

    def candidate(self, stage: HraStage, id: str) -> Person:
        """As listed, with what the list lacks."""
        listed = {person.id: person for person in stage.actions.candidates()}
        assert stage.actions.candidate(id).status is listed[id].status
        return listed[id]


@dataclass
class GroupStage(Stage):
    """Xero with Employee Groups: `id` is in a mapped one, `stranger` in one that no map knows."""

    branch: str = ""
    elsewhere: str = ""
    nowhere: str = ""
    stranger: str = ""


class GroupContract:
    """Xero's Employee Groups, as branches of the user's map (B1, B2)."""

    def test_B1_the_group_is_shown_as_its_branch(self, stage: GroupStage) -> None:
        shown = stage.side.fetch(stage.id, DETAILS)
        assert (shown.get("branch"), shown.unmapped) == (stage.branch, None)
        assert stage.side.person(stage.id).branch == stage.branch

    def test_B2_a_group_without_a_branch_is_named_and_its_branch_unknown(
        self, stage: GroupStage
    ) -> None:
        shown = stage.side.fetch(stage.stranger, DETAILS)
        assert shown.unmapped and shown.get("branch") is UNKNOWN
        assert stage.side.person(stage.stranger).branch is None

    def test_B1_another_branch_is_written_as_its_group(self, stage: GroupStage) -> None:
        before = stage.side.fetch(stage.id, DETAILS)
        written = stage.side.update(before, {"branch": stage.elsewhere})
        assert written.employee.get("branch") == stage.elsewhere and not written.refused

    def test_B2_a_branch_without_a_group_is_refused_and_the_rest_travels(
        self, stage: GroupStage
    ) -> None:
        before = stage.side.fetch(stage.id, DETAILS)
        changes = {"branch": stage.nowhere, "mobile": "0491 570 157"}
        written = stage.side.update(before, changes)
        assert {*written.refused} == {"branch"}
        shown = written.employee
        assert (shown.get("branch"), shown.get("mobile")) == (stage.branch, "0491 570 157")


def alike(one: Employee, other: Employee, name: str) -> bool:
    """Equal as far as both can be read."""
    mine, theirs = one.get(name), other.get(name)
    return mine == theirs or same(name, mine, theirs)
