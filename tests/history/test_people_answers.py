"""Links made, broken and set aside, people created: on a person's word, and by nobody else after that (M2, M3, M6)."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agent.employee import Person, Status, Value
from agent.errors import AccessLost, AgentError, NotPossible, OutcomeUnknown, Unreachable
from agent.records import Attention
from agent.side import Listing
from agent.strangers import Matching
from tests.history.office import HOME, Office, secrets, whole

Opened = Callable[..., Office]
KINDS = ("import", "export")
BOTH_SIDES = pytest.mark.parametrize(("side", "other"), [("hra", "xero"), ("xero", "hra")])


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """Offices with so many linked people."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    offices: list[Office] = []

    def make(people: int = 0, **matching: Any) -> Office:
        office = Office(tmp_path / str(len(offices)), {}, {"matching": Matching(**matching)})
        offices.append(office)
        office.linked(people)
        return office

    yield make
    for office in offices:
        office.store.close()


def zoe(office: Office, side: str, id: str, **values: Value) -> None:
    """One more Zoe Young on this side."""
    office.side(side).add(id, **{
        "first_name": "Zoe", "last_name": "Young", "date_of_birth": date(1970, 1, 2), "home_address": HOME, **values
    })  # fmt: skip


def both_runs(office: Office) -> None:
    for kind in KINDS:
        office.sync.run(kind, "schedule")


def scope(side: str, id: str) -> str:
    """The id of somebody in a choice."""
    return id if side == "hra" else f"xero:{id}"


def namesakes(opened: Opened) -> Office:
    """A Zoe in HRA and two in Xero: on the match desk."""
    office = opened()
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1")
    zoe(office, "xero", "x2")
    both_runs(office)
    assert (office.store.links(), office.writes()) == ((), [])
    return office


def partners(row: Attention) -> tuple[str, ...]:
    return tuple(partner.id for partner in row.partners)


# --- the match desk


def test_M2_the_match_desk_lists_the_possible_partners(opened: Opened) -> None:
    office = namesakes(opened)
    row = office.row(id="h1")
    assert (row.kind, partners(row), row.buttons) == (
        "possible-partner", ("x1", "x2"), ("link", "create", "ignore")
    )  # fmt: skip
    assert partners(office.row(id="x1", side="xero")) == ("h1",)


def test_M2_an_opened_row_shows_both_records_side_by_side(opened: Opened) -> None:
    office = namesakes(opened)
    office.xero.edit("x2", job_title="Lighthouse Keeper")
    shown = office.sync.opened(office.row(id="h1").id)
    assert [partner.id for partner in shown.partners] == ["x1", "x2"]
    second = {one.name: (one.hra, one.xero) for one in shown.partners[1].compared}
    assert second["last_name"] == ("Young", "Young")
    assert second["job_title"] == ("(empty)", "Lighthouse Keeper")
    assert second["home_address"][0] == second["home_address"][1] != ""
    held = office.kept_on_disc()
    for value in secrets([office.hra.people["h1"].values, {"job_title": "Lighthouse Keeper"}]):
        assert value not in held, value


def test_M2_an_opened_row_from_xero_keeps_hra_left_and_xero_right(opened: Opened) -> None:
    office = namesakes(opened)
    office.hra.edit("h1", job_title="Cook")
    (partner,) = office.sync.opened(office.row(id="x1", side="xero").id).partners
    (job,) = [one for one in partner.compared if one.name == "job_title"]
    assert (job.hra, job.xero) == ("Cook", "(empty)")


def test_M2_an_opened_candidate_shows_what_is_known(opened: Opened) -> None:
    office = opened(candidates="postcode")
    waiting(office)
    zoe(office, "xero", "x1")
    both_runs(office)
    (partner,) = office.sync.opened(office.row(id="x1", side="xero").id).partners
    told = {one.name: one.hra for one in partner.compared}
    assert (told["first_name"], told["last_name"]) == ("Zoe", "Young")


# --- link


@BOTH_SIDES
def test_M6_a_person_links_two_and_what_differs_goes_with_the_next_runs(
    opened: Opened, side: str, other: str
) -> None:
    office = namesakes(opened)
    office.side(side).edit({"hra": "h1", "xero": "x2"}[side], phone="02 5550 1111")
    told = office.answer("link", "h1", other="x2")
    assert told.exit == 0
    assert office.link("h1").xero_id == "x2"
    assert office.writes() == []
    both_runs(office)
    assert office.side(other).value({"hra": "h1", "xero": "x2"}[other], "phone") == "02 5550 1111"
    (event,) = office.events("linked")
    assert (event.hra_id, event.xero_id, event.actor) == ("h1", "x2", "page:anna")


def test_M6_a_link_takes_the_rows_of_both_away(opened: Opened) -> None:
    office = namesakes(opened)
    office.store.replace_attention(
        "hook:h1", (Attention("hook:h1", "push", "A save waits.", hra_id="h1"),)
    )
    office.answer("link", "h1", other="x2")
    both_runs(office)
    assert [row.scope for row in office.store.attention()] == ["xero:x1"]


def test_M6_a_link_that_leaves_something_to_choose_says_so(opened: Opened) -> None:
    office = namesakes(opened)
    office.xero.edit("x2", bank_accounts=whole(1)["bank_accounts"])
    office.hra.edit("h1", bank_accounts=whole(2)["bank_accounts"])
    told = office.answer("link", "h1", other="x2")
    assert (told.exit, "ank accounts" in told.sentence) == (1, True)
    both_runs(office)
    assert office.hra.value("h1", "bank_accounts") == whole(2)["bank_accounts"]


@pytest.mark.parametrize(
    ("hra_id", "xero_id"), [("p0", "x9"), ("h9", "p0"), ("p0", "p0"), ("p0", "p1")]
)
def test_M6_whoever_is_linked_is_not_linked_again(
    opened: Opened, hra_id: str, xero_id: str
) -> None:
    office = opened(2)
    zoe(office, "hra", "h9")
    zoe(office, "xero", "x9")
    links = office.store.links()
    with pytest.raises(NotPossible, match="linked already"):
        office.answer("link", hra_id, other=xero_id)
    assert office.store.links() == links


@pytest.mark.parametrize(("hra_id", "xero_id"), [("nobody", "x1"), ("h1", "nobody"), ("h1", "")])
def test_M6_a_link_to_nobody_is_refused_in_words(opened: Opened, hra_id: str, xero_id: str) -> None:
    office = namesakes(opened)
    with pytest.raises(NotPossible, match="no record with the id"):
        office.answer("link", hra_id, other=xero_id)
    assert office.store.links() == ()


def test_M5_M6_a_record_that_was_transferred_away_is_not_linked(opened: Opened) -> None:
    office = namesakes(opened)
    office.hra.people["h1"].status = Status.GONE
    with pytest.raises(NotPossible, match="successor"):
        office.answer("link", "h1", other="x1")
    assert office.store.links() == ()


# --- unlink


def test_M6_a_broken_link_is_not_made_again_by_any_run_or_push(opened: Opened) -> None:
    office = opened(1)
    assert office.answer("unlink", "p0").exit == 0
    assert office.store.links() == ()
    office.start()
    for _ in range(2):
        both_runs(office)
        office.sync.run("import", "page:anna")
        assert office.sync.push("p0", ()).outcome == "held"
    assert (office.store.links(), office.writes()) == ((), [])
    assert "the link was broken by a person" in office.row().partners[0].why
    (event,) = office.events("unlinked")
    assert (event.hra_id, event.xero_id, event.actor) == ("p0", "p0", "page:anna")


def test_M6_a_broken_link_takes_its_rows_with_it(opened: Opened) -> None:
    office = opened(1)
    office.xero.keeps_as = lambda name, value: f"{value}!" if name == "job_title" else value
    office.hra.edit("p0", job_title="Chef")
    both_runs(office)
    assert office.rows() != []
    office.answer("unlink", "p0")
    assert office.store.attention() == ()


def test_M6_a_person_may_link_again_what_was_broken(opened: Opened) -> None:
    office = opened(1)
    office.answer("unlink", "p0")
    office.answer("link", "p0", other="p0")
    assert office.link().xero_id == "p0"
    assert office.store.parted() == frozenset()
    both_runs(office)
    assert (office.store.attention(), office.writes()) == ((), [])


def test_D2_M6_a_link_made_anew_is_first_contact(opened: Opened) -> None:
    office = opened(1)
    office.answer("unlink", "p0")
    office.hra.edit("p0", bank_accounts=whole(5)["bank_accounts"])
    office.answer("link", "p0", other="p0")
    both_runs(office)
    assert (office.row("bank_accounts").kind, office.writes()) == ("conflict", [])


def test_M6_a_link_that_is_not_there_cannot_be_broken(opened: Opened) -> None:
    with pytest.raises(NotPossible, match="No link"):
        opened(1).answer("unlink", "nobody")


# --- ignore


@BOTH_SIDES
def test_M6_whoever_is_set_aside_is_left_alone_until_looked_at_again(
    opened: Opened, side: str, other: str
) -> None:
    office = opened()
    zoe(office, side, "z1")
    assert office.answer("ignore", scope(side, "z1")).exit == 0
    both_runs(office)
    if side == "hra":
        assert office.sync.push("z1", ()).outcome == "held"
    assert (office.writes(), office.store.attention()) == ([], ())
    assert office.answer("unignore", scope(side, "z1")).exit == 0
    both_runs(office)
    assert len(office.side(other).created) == 1
    told = [(event.what, event.actor) for event in office.events("ignored", "unignored")]
    assert told == [("ignored", "page:anna"), ("unignored", "page:anna")]


def test_M6_whoever_is_set_aside_takes_their_row_along_and_is_nobody_s_partner(
    opened: Opened,
) -> None:
    office = namesakes(opened)
    office.answer("ignore", "xero:x2")
    assert office.rows("x2", "xero") == []
    both_runs(office)
    assert office.link("h1").xero_id == "x1"


def test_M6_only_who_is_there_and_not_linked_is_set_aside(opened: Opened) -> None:
    office = opened(1)
    with pytest.raises(NotPossible, match="linked"):
        office.answer("ignore", "p0")
    with pytest.raises(NotPossible, match="no record"):
        office.answer("ignore", "xero:nobody")
    with pytest.raises(NotPossible, match="not among the ignored"):
        office.answer("unignore", "p0")


def test_M6_a_link_brings_back_whom_it_names(opened: Opened) -> None:
    office = namesakes(opened)
    office.answer("ignore", "h1")
    office.answer("link", "h1", other="x1")
    assert office.store.ignored("hra") == frozenset()
    assert office.link("h1").xero_id == "x1"


# --- create


@BOTH_SIDES
def test_M2_a_person_says_that_somebody_has_no_partner_and_they_are_created_at_once(
    opened: Opened, side: str, other: str
) -> None:
    office = namesakes(opened)
    who = {"hra": "h1", "xero": "x1"}[side]
    told = office.answer("create", scope(side, who))
    assert "Created in" in told.sentence
    (new,) = office.side(other).created
    link = office.store.link_of(side, who)
    assert link is not None and new in (link.hra_id, link.xero_id)
    assert office.rows(who, side) == [] or office.rows(who, side)[0].scope.startswith("link:")
    both_runs(office)
    assert len(office.side(other).created) == 1
    assert [event.actor for event in office.events("alone")] == ["page:anna"]
    assert [event.actor for event in office.events("created")] == ["page:anna"]


def test_M2_a_created_person_s_failed_save_is_settled(opened: Opened) -> None:
    office = namesakes(opened)
    row = Attention("hook:h1", "push", "A save waits.", hra_id="h1")
    office.store.replace_attention("hook:h1", (row,))
    office.answer("create", "h1")
    both_runs(office)
    assert [row for row in office.store.attention() if row.scope == "hook:h1"] == []


@pytest.mark.parametrize("why", ["linked", "nobody", "not current", "cannot be taken", "refused"])
def test_M2_a_create_that_cannot_be_says_why_in_words(opened: Opened, why: str) -> None:
    office = opened(1)
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1", date_of_birth=date(1999, 9, 9))
    both_runs(office)
    if why == "not current":
        office.hra.people["h1"].status = Status.TERMINATED
    if why == "cannot be taken":
        office.hra.edit("h1", home_address=None)
    if why == "refused":
        office.xero.failing[""] = "refused"
    try:
        told = office.answer("create", {"linked": "p0", "nobody": "nobody"}.get(why, "h1"))
        assert told.exit == 1
        sentence = told.sentence
    except NotPossible as refused:
        sentence = str(refused)
    assert office.xero.created == []
    for broken in ("this person's is", "this person's was", "this person's may", ".."):
        assert broken not in sentence


def test_X3_M2_a_create_whose_answer_was_lost_is_looked_for_and_not_made_twice(
    opened: Opened,
) -> None:
    office = opened()
    zoe(office, "hra", "h1")
    office.xero.failing[""] = "lost_after"
    with pytest.raises(OutcomeUnknown):
        office.answer("create", "h1")
    told = office.answer("create", "h1")
    assert told.exit == 1 and "this person's may" not in told.sentence
    both_runs(office)
    (new,) = office.xero.created
    if office.store.link_of("hra", "h1") is None:  # nobody can tell: so a person is asked
        assert partners(office.row(id="h1")) == (new,)
        office.answer("link", "h1", other=new)
    both_runs(office)
    assert (office.link("h1").xero_id, office.xero.created) == (new, [new])


@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
def test_X3_M2_the_namesake_who_was_ruled_out_is_not_taken_for_the_lost_create(
    opened: Opened, lost: str
) -> None:
    """Zoe in HRA has no partner, said a person. Her create was lost. The Zoe who stood in Xero before is another one."""
    office = opened()
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1")
    office.policy["matching"] = Matching("off")
    office.start()
    office.xero.failing[""] = lost
    with pytest.raises(OutcomeUnknown):
        office.answer("create", "h1")
    both_runs(office)
    both_runs(office)
    assert office.store.link_of("xero", "x1") is None
    assert len(office.xero.created) <= 1


def test_M6_a_parted_pair_is_not_joined_by_a_lost_create(opened: Opened) -> None:
    office = opened(1)
    office.answer("unlink", "p0")
    office.xero.failing[""] = "lost_before"
    with pytest.raises(OutcomeUnknown):
        office.answer("create", "p0")
    both_runs(office)
    found = office.store.link_of("hra", "p0")
    assert found is None or found.xero_id != "p0"


def test_M2_somebody_who_could_not_be_created_is_created_when_they_can(opened: Opened) -> None:
    office = namesakes(opened)
    office.hra.edit("h1", home_address=None)
    assert office.answer("create", "h1").exit == 1
    both_runs(office)
    assert (office.xero.created, [row.kind for row in office.rows("h1")]) == ([], ["cannot-travel"])
    office.hra.edit("h1", home_address=HOME)
    both_runs(office)
    assert len(office.xero.created) == 1


# --- several, incomplete


def test_M2_two_hra_people_who_match_one_xero_person_are_settled_one_by_one(
    opened: Opened,
) -> None:
    office = opened()
    zoe(office, "hra", "h1")
    zoe(office, "hra", "h2")
    zoe(office, "xero", "x1")
    both_runs(office)
    assert (office.store.links(), office.writes()) == ((), [])
    assert partners(office.row(id="x1", side="xero")) == ("h1", "h2")
    office.answer("link", "h2", other="x1")
    both_runs(office)
    assert office.xero.created == []  # h1 is near the linked one
    assert partners(office.row(id="h1")) == ("x1",)
    office.answer("create", "h1")
    assert len(office.xero.created) == 1 and len(office.store.links()) == 2


@pytest.mark.parametrize("side", ["hra", "xero"])
@pytest.mark.parametrize("kind", KINDS)
def test_M2_an_incomplete_listing_links_and_creates_nobody(
    opened: Opened, side: str, kind: str
) -> None:
    office = opened()
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1")
    office.hra.add("h2", **whole(3))
    office.xero.add("x3", **whole(4))
    listing = office.side(side).listing
    partial = lambda since=None: replace(listing(since), complete=False)  # noqa: E731
    office.side(side).listing = partial  # type: ignore[method-assign]
    office.sync.run(kind, "page:anna")
    assert (office.store.links(), office.writes()) == ((), [])


@pytest.mark.parametrize("kind", KINDS)
def test_M1_a_terminated_namesake_in_xero_is_linked_or_holds_and_is_never_created_again(
    opened: Opened, kind: str
) -> None:
    office = opened()
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1")
    office.xero.people["x1"].status = Status.TERMINATED
    office.sync.run(kind, "page:anna")
    assert office.link("h1").xero_id == "x1"
    assert (office.hra.created, office.xero.created) == ([], [])


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_M4_a_branch_that_only_the_whole_record_tells_is_looked_at(
    opened: Opened, across: bool, kind: str
) -> None:
    office = opened(branches=True, across=across)
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1")
    listing, person = office.hra.listing, office.xero.person

    def with_branch(since: str | None = None) -> Listing:
        found = listing(since)
        return replace(found, people=tuple(replace(one, branch="b1") for one in found.people))

    office.hra.listing = with_branch  # type: ignore[method-assign]
    office.xero.person = lambda id: replace(person(id), branch="b2")  # type: ignore[method-assign]
    office.sync.run(kind, "page:anna")
    assert (office.store.link_of("hra", "h1") is not None) is across
    assert (office.hra.created, office.xero.created) == ([], [])
    if not across:
        (row,) = office.store.attention()
        assert "in another branch" in row.partners[0].why


# --- candidates


def waiting(office: Office, id: str = "c1", born: date | None = None) -> None:
    """A candidate of the same name."""
    office.hra.waiting_rooms[id] = replace(
        Person("hra", id, "Zoe", "Young", Status.CURRENT, date_of_birth=born), candidate=True
    )


@pytest.mark.parametrize("by", ["schedule", "page:anna"])
def test_M3_a_matched_candidate_becomes_an_employee_once(opened: Opened, by: str) -> None:
    office = opened(candidates="date_of_birth")
    waiting(office, born=date(1970, 1, 2))
    zoe(office, "xero", "x1", start_date=date(2026, 3, 1))
    for _ in range(2):
        office.sync.run("import", by)
    assert office.hra.converted == [("c1", date(2026, 3, 1))]
    link = office.store.link_of("xero", "x1")
    assert link is not None and link.hra_id in office.hra.people
    assert [event.xero_id for event in office.events("converted")] == ["x1"]
    assert office.hra.created == []


def test_M3_candidates_are_not_looked_at_where_they_are_off(opened: Opened) -> None:
    office = opened()
    waiting(office, born=date(1970, 1, 2))
    zoe(office, "xero", "x1")
    office.sync.run("import", "page:anna")
    assert office.hra.converted == [] and len(office.hra.created) == 1


@pytest.mark.parametrize("how", ["fails", "by hand"])
def test_M3_a_conversion_that_did_not_happen_is_told_and_tried_again(
    opened: Opened, how: str
) -> None:
    office = opened(candidates="date_of_birth")
    waiting(office, born=date(1970, 1, 2))
    zoe(office, "xero", "x1")
    if how == "fails":
        office.hra.fails.add("c1")
        office.sync.run("import", "schedule")
    else:
        convert = office.hra.convert

        def by_hand(candidate: Person, start: date | None) -> str:
            convert(candidate, start)
            office.hra.converted.clear()
            return convert(candidate, start)

        office.hra.convert = by_hand  # type: ignore[method-assign]
        with_error = office.sync.run("import", "schedule")
        assert any(line.action == "hold" for line in with_error.lines)
        office.hra.convert = convert  # type: ignore[method-assign]
    assert office.store.link_of("xero", "x1") is None
    assert office.rows("x1", "xero") != []
    assert office.store.pending() == ()  # nothing happened, as far as everybody knows
    office.hra.fails.clear()
    office.sync.run("import", "schedule")
    assert office.store.link_of("xero", "x1") is not None
    assert len(office.hra.people) == 1 and office.hra.created == []


def test_M3_linking_somebody_to_a_candidate_makes_them_an_employee_or_says_why_not(
    opened: Opened,
) -> None:
    office = opened(candidates="postcode")
    waiting(office)
    zoe(office, "xero", "x1")
    both_runs(office)
    row = office.row(id="x1", side="xero")
    assert partners(row) == ("c1",)
    try:
        office.answer("link", "c1", other="x1")
    except NotPossible as why:
        assert "candidate" in str(why)
        return
    assert office.hra.converted == [("c1", None)]
    assert office.store.link_of("xero", "x1") is not None


def test_M2_M3_nobody_is_created_while_candidates_may_not_be_read(opened: Opened) -> None:
    office = opened(candidates="date_of_birth")
    waiting(office, born=date(1970, 1, 2))
    zoe(office, "xero", "x1")
    office.xero.add("x5", **whole(5))
    read = office.hra.candidates

    def denied() -> tuple[Person, ...]:
        raise AccessLost("hra", status=403)

    office.hra.candidates = denied  # type: ignore[method-assign]
    office.sync.run("import", "schedule")
    assert (office.hra.created, office.hra.converted) == ([], [])
    assert any("read:candidates" in row.text for row in office.store.attention())
    office.hra.candidates = read  # type: ignore[method-assign]
    office.sync.run("import", "schedule")
    assert (len(office.hra.created), len(office.hra.converted)) == (1, 1)
    assert not any("read:candidates" in row.text for row in office.store.attention())


# --- what else


@pytest.mark.parametrize("verb", ["link", "unlink", "ignore", "unignore", "create"])
def test_M6_while_a_side_is_away_nothing_changes(opened: Opened, verb: str) -> None:
    office = opened(1)
    zoe(office, "hra", "h1")
    zoe(office, "xero", "x1")
    before = (office.store.links(), office.store.ignored("hra"), office.store.alone())
    office.xero.unreachable = office.hra.unreachable = True
    id = "p0" if verb == "unlink" else "h1"
    try:
        office.answer(verb, id, other="x1")
    except AgentError as error:
        assert isinstance(error, Unreachable | NotPossible)
        assert (office.store.links(), office.store.ignored("hra"), office.store.alone()) == before


def test_S3_every_answer_leaves_a_line_with_who_gave_it(opened: Opened) -> None:
    office = namesakes(opened)
    office.answer("link", "h1", "page:ben", other="x1")
    office.answer("unlink", "h1", "page:ben")
    office.answer("ignore", "h1", "command:ben")
    office.answer("unignore", "h1", "command")
    office.answer("create", "h1", "page:cleo")
    told = [
        (event.what, event.actor)
        for event in office.events("linked", "unlinked", "ignored", "unignored", "alone", "created")
    ]
    assert told == [
        ("linked", "page:ben"), ("unlinked", "page:ben"), ("ignored", "command:ben"),
        ("unignored", "command"), ("alone", "page:cleo"), ("created", "page:cleo"),
    ]  # fmt: skip
    assert all(line.whole for line in office.store.audit_lines())
    assert office.store.audit_check() == ()
    text = office.kept_on_disc()
    assert "Zoe" not in text and "1970-01-02" not in text
