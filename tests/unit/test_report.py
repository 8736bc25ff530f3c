"""What the page says first, what it counts and how it tells times, from plain rows."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agent import report
from agent.records import Binding, Change, Connection, Link, Run, Save
from tests.browser.rows import (
    APPROVAL,
    ASKED,
    ATTENTION,
    LINKS,
    NOW,
    PROVED,
    RUNS,
    WAITING,
    ago,
    link,
    settings,
    shown,
)

LOST = PROVED | {"xero": Connection("xero", False, "H & P", ago(hours=9), "The sign-in has ended.")}


def test_two_things_are_said_in_the_first_sentence() -> None:
    found = shown()
    assert (found.tone, found.hero) == ("warn", "Working. Two things need you.")


def test_one_thing_is_said_as_one() -> None:
    assert shown(attention=ATTENTION[:1]).hero == "Working. One thing needs you."


def test_information_alone_needs_nobody() -> None:
    found = shown(attention=ATTENTION[2:])
    assert (found.tone, found.hero, found.counts.need_you) == ("good", "Working.", 0)
    assert [need.needs_person for need in found.needs] == [False]


def test_many_things_are_a_number() -> None:
    many = [replace(ATTENTION[0], id=str(id)) for id in range(12)]
    assert shown(attention=many).hero == "Working. 12 things need you."


def test_L3_a_side_whose_last_probe_failed_is_not_connected_whatever_it_was_before() -> None:
    found = shown(connections=LOST, attention=())
    assert (found.tone, found.hero) == ("bad", "Not connected to Xero.")
    assert [side.connected for side in found.sides] == [True, False]
    assert found.sides[1].reason == "The sign-in has ended."


def test_before_anything_is_connected_both_sides_are_named() -> None:
    none = {side: Connection(side) for side in ("hra", "xero")}
    found = shown(connections=none, binding=Binding(), attention=(), runs=())
    assert found.hero == "Not connected to HRA Cloud or Xero."


def test_signed_in_but_no_organisation_chosen_is_not_working() -> None:
    assert shown(binding=Binding("acc", "A"), attention=()).hero == "Connected, but not linked yet."


@pytest.mark.parametrize(("hours", "lately"), [(7, True), (7.1, False)])
def test_L3_a_probe_older_than_two_cycles_is_not_lately(hours: float, lately: bool) -> None:
    old = PROVED | {"hra": replace(PROVED["hra"], proved=ago(hours=hours))}
    found = shown(connections=old, attention=())
    assert found.sides[0].lately is lately
    assert (found.hero == "Working.") is lately


def test_a_last_run_that_failed_is_not_working() -> None:
    found = shown(runs=(RUNS[2], RUNS[1]), attention=())
    assert (found.tone, found.hero) == ("bad", "The last export failed.")


@pytest.mark.parametrize("kind", ["import", "import, dry run", "import, as planned"])
@pytest.mark.parametrize("outcome", ["refused", "done", "attention"])
def test_a_run_that_never_began_or_wrote_nothing_says_nothing_of_how_the_last_one_went(
    kind: str, outcome: str
) -> None:
    failed = replace(RUNS[1], outcome="failed")
    later = replace(RUNS[0], id="r9", kind=kind, outcome=outcome)
    found = shown(runs=(later, failed), attention=())
    empty = outcome == "refused" or "dry" in kind
    assert (found.hero == "The last import failed.") is empty
    assert found.turns[0].last is not None
    assert found.turns[0].last.outcome == ("failed" if empty else outcome)


def test_a_dry_run_that_failed_does_not_make_the_agent_fail() -> None:
    dry = replace(RUNS[2], kind="export, dry run")
    assert shown(runs=(dry, *RUNS[:2]), attention=()).hero == "Working."
    refused = replace(RUNS[2], outcome="refused")
    assert shown(runs=(refused,), attention=()).turns[1].last is None


def test_a_failed_run_that_a_later_one_made_good_is_past() -> None:
    assert shown(runs=RUNS, attention=()).hero == "Working."


def test_D3_in_step_are_links_with_nothing_open_that_were_read() -> None:
    links = (
        link(1),
        link(2, open={"email": "conflict"}),
        link(3, agreed={}),
    )
    counts = shown(links=links).counts
    assert (counts.in_step, counts.people) == (1, 3)


def test_M6_people_are_what_is_open_first_then_by_number() -> None:
    links = (link(1012), link(7), link(30, open={"email": "waiting_xero", "phone": "conflict"}))
    found = report.people(links)
    assert [(one.number, one.in_step) for one in found] == [
        ("30", False),
        ("7", True),
        ("1012", True),
    ]
    assert found[0].open == (("e-mail", "waiting"), ("phone", "conflict"))


def test_M6_an_unread_link_is_not_in_step_though_nothing_is_open() -> None:
    found = report.people((link(1, agreed={}),))
    assert (found[0].in_step, found[0].open) == (False, ())


def test_M6_people_are_found_by_number_or_id_in_any_case() -> None:
    links = (link(10), replace(link(20), number=None), link(30, xero_id="ABC-9"))
    assert [one.hra_id for one in report.people(links, "abc")] == ["h30"]
    assert [one.hra_id for one in report.people(links, "h2")] == ["h20"]
    assert report.people(links, "nobody") == ()


@pytest.mark.parametrize(
    ("side", "left", "warned"),
    [
        ("hra", timedelta(days=3), False),
        ("hra", timedelta(days=3) - timedelta(seconds=1), True),
        ("xero", timedelta(days=10), False),
        ("xero", timedelta(days=10) - timedelta(seconds=1), True),
        ("xero", -timedelta(hours=1), True),
        ("hra", None, False),
    ],
)
def test_L3_a_sign_in_is_warned_of_before_it_dies(
    side: str, left: timedelta | None, warned: bool
) -> None:
    found = shown(dies={side: NOW + left if left is not None else None}, attention=())
    told = next(one for one in found.sides if one.side == side)
    assert told.expiring is warned
    assert (told.expires is None) is (left is None)
    assert (found.hero == "Working.") is not warned


def test_L3_a_side_that_is_not_connected_is_not_warned_of_besides() -> None:
    found = shown(connections=LOST, dies={"xero": NOW})
    assert not any(side.expiring for side in found.sides)


def test_L5_a_switched_off_agent_says_so_and_has_no_next_time() -> None:
    found = shown(standing="This is a copy.", attention=())
    assert (found.tone, found.hero, found.switched_off) == (
        "warn",
        "Switched off.",
        "This is a copy.",
    )
    assert [turn.next for turn in found.turns] == [None, None]


def test_S2_an_approval_that_waits_says_who_asked() -> None:
    asked = shown(attention=(APPROVAL,)).needs[0].asked
    assert [(one.field, one.way, one.by, one.since.ago) for one in asked] == [
        ("bank accounts", "HRA Cloud to Xero", "the employee, in eSS", "1 hour ago")
    ]


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        ("page:anna", "anna, on this page"),
        ("command", "Somebody, by a command"),
        ("command:root", "root, by a command"),
        ("schedule", "the schedule"),
    ],
)
def test_S2_whoever_asked_is_told_in_words(actor: str, told: str) -> None:
    links = (link(1042, approvals={"bank_accounts": replace(ASKED, asked_by=actor)}),)
    assert shown(links=links, attention=(APPROVAL,)).needs[0].asked[0].by == told


@pytest.mark.parametrize("state", ["approved", "rejected"])
def test_S2_an_approval_that_was_answered_asks_nobody(state: str) -> None:
    links = (link(1042, approvals={"bank_accounts": replace(ASKED, state=state)}),)
    assert shown(links=links, attention=(APPROVAL,)).needs[0].asked == ()


def test_a_dismissed_row_is_not_counted_and_stands_last() -> None:
    read = replace(ATTENTION[1], dismissed=True, buttons=("use_hra", "dismiss"))
    found = shown(attention=(read, ATTENTION[0], ATTENTION[2]))
    assert (found.counts.need_you, found.counts.conflicts) == (1, 0)
    assert [need.dismissed for need in found.needs] == [False, False, True]
    assert found.needs[2].buttons == ("use_hra",), "it cannot be dismissed twice"


@pytest.mark.parametrize(
    ("started_by", "told"),
    [
        ("page", "from this page"),
        ("page:anna", "from this page by anna"),
        ("command", "by a command"),
        ("command:root", "by a command of root"),
        ("schedule", "on schedule"),
        ("eSS", "eSS"),
    ],
)
def test_R1_a_run_says_who_started_it(started_by: str, told: str) -> None:
    run = replace(RUNS[0], started_by=started_by)
    assert shown(runs=(run,)).runs[0].started_by == told


def test_the_counts_are_of_what_stands_below_them() -> None:
    counts = shown().counts
    assert (counts.waiting_for_xero, counts.need_you, counts.conflicts) == (1, 2, 1)


def test_what_needs_a_person_stands_before_what_is_only_to_know() -> None:
    kinds = [need.kind for need in shown(attention=ATTENTION[::-1]).needs]
    assert kinds == ["cannot travel", "conflict", "notice"]


def test_a_person_is_told_by_employee_number() -> None:
    found = shown()
    assert [need.who for need in found.needs] == ["Employee 1017", "Employee 1029", "Everyone"]
    assert (
        found.waiting[0].who == "Employee 1020"
    )  # the save has the HRA id only; its link has the number


def test_a_person_without_a_number_is_told_by_a_record_that_can_be_looked_up() -> None:
    id = "0198c1aa-1111-7222-8333-944445555666"
    saved = Save("w", id, (), NOW)
    assert shown(waiting=(saved,)).waiting[0].who == "HRA Cloud record 0198c1aa"
    only_xero = replace(ATTENTION[0], number=None, hra_id=None, xero_id="x-9")
    assert shown(attention=(only_xero,)).needs[0].who == "Xero record x-9"


def test_a_change_names_its_fields_in_words_and_which_way() -> None:
    change = Change(NOW, "h1", "x1", None, ("super_memberships", "date_of_birth"), "to_xero", "eSS")
    told = shown(changes=(change,)).changes[0]
    assert told.fields == ("super memberships", "date of birth")
    assert (told.way, told.cause) == ("HRA Cloud to Xero", "eSS")


def test_a_waiting_save_says_what_why_and_when_again() -> None:
    told = shown().waiting[0]
    assert (told.sections, told.tries) == (("bank accounts",), 2)
    assert told.reason.startswith("Xero cannot be reached")
    assert told.next_try is not None and told.next_try.ago == "in 5 minutes"
    assert shown(waiting=(replace(WAITING[0], sections=()),)).waiting[0].sections == ("everything",)


def test_a_missing_permission_says_what_it_costs() -> None:
    assert shown().sides[0].missing == ("reading full tax file numbers (read:clear-tax-details)",)


def test_R1_only_a_run_that_is_switched_on_has_a_next_time() -> None:
    imported, exported = shown().turns
    assert (imported.automatic, imported.next) == (False, None)
    assert exported.next is not None and exported.next.clock == "at 3:00 pm"


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (
            Run("r", "import", "page", NOW, NOW, "done", counts={"records": 1}),
            "1 person, nothing to change",
        ),
        (
            Run(
                "r",
                "import",
                "page",
                NOW,
                NOW,
                "attention",
                counts={"records": 1200, "to_hra": 1, "held": 2},
            ),
            "1,200 people, 1 value to HRA Cloud, 2 held",
        ),
        (Run("r", "export", "page", NOW, done=3, total=40), "3 of 40 people"),
        (Run("r", "export", "page", NOW), "Reading both sides"),
        (Run("r", "export", "page", NOW, NOW, "failed"), ""),
        (
            Run(
                "r",
                "export, dry run",
                "page",
                NOW,
                NOW,
                "attention",
                counts={
                    "records": 17,
                    "linked": 2,
                    "created_xero": 1,
                    "to_xero": 1,
                    "conflicts": 1,
                },
            ),
            "17 people, would link 2, would create 1 in Xero, would write 1 value to Xero, 1 conflict",
        ),
    ],
)
def test_a_run_is_told_by_what_it_did(run: Run, told: str) -> None:
    assert shown(runs=(run,)).runs[0].result == told


@pytest.mark.parametrize(
    ("kind", "outcome", "told"),
    [
        ("import", "braked", ("Import", "stopped by the brake", True)),
        ("import, dry run", "done", ("Import, dry run", "done", False)),
        ("export, as planned", "refused", ("Export, as planned", "refused", True)),
        ("push", "failed", ("eSS push", "failed", True)),
    ],
)
def test_R3_S1_a_run_has_a_label_and_a_word_for_its_end(
    kind: str, outcome: str, told: tuple[str, str, bool]
) -> None:
    seen = shown(runs=(replace(RUNS[0], kind=kind, outcome=outcome),)).runs[0]
    assert (seen.label, seen.told, seen.halted) == told


@pytest.mark.parametrize(
    ("back", "told"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=45), "1 minute ago"),
        (timedelta(minutes=3), "3 minutes ago"),
        (timedelta(minutes=59, seconds=29), "59 minutes ago"),
        (timedelta(minutes=59, seconds=31), "1 hour ago"),
        (timedelta(hours=23, minutes=29), "23 hours ago"),
        (timedelta(hours=23, minutes=31), "1 day ago"),
        (timedelta(days=40), "40 days ago"),
        (timedelta(seconds=-20), "in a moment"),
        (timedelta(hours=-2), "in 2 hours"),
    ],
)
def test_how_long_ago(back: timedelta, told: str) -> None:
    change = Change(NOW - back, "h", "x", "1", (), "to_hra", "import")
    assert shown(changes=(change,)).changes[0].at.ago == told


@pytest.mark.parametrize(
    ("at", "clock", "exact"),
    [
        (
            datetime(2026, 11, 23, 1, 5, 9, tzinfo=UTC),
            "at 12:05 pm",
            "23 Nov 2026, 12:05:09 pm AEDT",
        ),
        (datetime(2026, 11, 22, 13, 0, tzinfo=UTC), "at 12:00 am", "23 Nov 2026, 12:00:00 am AEDT"),
        (
            datetime(2026, 6, 30, 23, 0, tzinfo=UTC),
            "1 Jul at 9:00 am",
            "1 Jul 2026, 9:00:00 am AEST",
        ),
    ],
)
def test_times_are_in_the_configured_zone(at: datetime, clock: str, exact: str) -> None:
    told = shown(changes=(Change(at, "h", "x", "1", (), "to_hra", "import"),)).changes[0].at
    assert (told.clock, told.exact) == (clock, exact)


def test_another_zone_gives_other_times() -> None:
    perth = shown(settings=settings("[agent]\ntimezone = Australia/Perth\n"))
    assert perth.now.clock == "at 9:40 am"


def test_the_json_is_the_same_data_in_plain_types() -> None:
    told = json.loads(json.dumps(report.as_json(shown())))
    assert told["hero"] == "Working. Two things need you."
    assert told["counts"]["need_you"] == 2
    assert told["calls_left_today"] == 4612
    assert told["now"]["at"] == "2026-11-23T12:40:00+11:00"
    assert told["turns"][1]["last"]["counts"]["to_xero"] == 3


def test_S4_no_digest_of_a_link_reaches_the_status() -> None:
    marked = tuple(
        replace(one, agreed={"email": replace(one.agreed["email"], hra="DIGEST")}) for one in LINKS
    )
    assert "DIGEST" not in json.dumps(report.as_json(shown(links=marked)))


def test_nothing_at_all_is_told_too() -> None:
    none: tuple[Link, ...] = ()
    found = shown(
        links=none, attention=(), runs=(), changes=(), waiting=(), next_run=None, day_left=None
    )
    assert (found.hero, found.calls_left_today, found.turns[0].last) == ("Working.", None, None)
    assert found.lead == "No export yet."
