"""The rows that wait for a person: opened with both sides as they are, and answered by a form."""

import json
import re
from dataclasses import replace

import pytest

from agent import report
from agent.errors import NotPossible, Unreachable
from agent.records import Choice, User
from agent.sync.report import Compared, Opened
from tests.browser.house import PlainDesk, Visitor, inside
from tests.browser.opened import BANK, OPENED, PLANNED
from tests.browser.rows import ATTENTION, EVERYTHING, MATCH, shown

ANNA = User("anna", "scrypt:32768:8:1$salt$anna", "h1042")
TRAVELS, CONFLICT, NOTICE, APPROVAL, PARTNERS, BRAKED, READ = (
    f"/attention/{row.id}" for row in EVERYTHING
)


@pytest.fixture
def desk() -> PlainDesk:
    desk = PlainDesk()
    desk.state = shown(attention=EVERYTHING)
    desk.people = (ANNA,)
    return desk


@pytest.fixture
def anna(desk: PlainDesk) -> Visitor:
    """Anna, signed in; the record h1042 is her own."""
    return inside(desk, "anna")


def press(visitor: Visitor, row: str, button: str) -> tuple[int, str, str]:
    """Press the button of this name on an opened row, with everything that its form carries."""
    form = next(form for form in forms(visitor, row) if f">{button}<" in form)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    del hidden["csrf_token"]
    return visitor.post(row, row, **hidden)


def forms(visitor: Visitor, row: str) -> list[str]:
    """The forms of a page that answer a row."""
    text = visitor.get(row)[1]
    return re.findall(r'<form method="post" action="/attention/.*?</form>', text, re.DOTALL)


def words(visitor: Visitor, path: str) -> list[str]:
    """The names of a page's buttons that answer a row."""
    return [
        re.sub("<.*?>", "|", found).split("|")[0]
        for form in forms(visitor, path)
        for found in re.findall(r"<button[^>]*>(.*?)</button>", form)
    ]


# --- what is shown ------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_opens_no_row_and_answers_none(desk: PlainDesk, method: str) -> None:
    visitor = inside(desk)
    visitor.post("/sign-out", "/")
    desk.asked.clear()
    if method == "get":
        assert visitor.get(APPROVAL)[0] == 303
    else:
        assert visitor.post(APPROVAL, "/sign-in", verb="approve")[2] == "/sign-in"
    assert desk.asked == []


def test_an_opened_row_shows_both_values_side_by_side(anna: Visitor) -> None:
    status, text = anna.get(CONFLICT)
    assert status == 200
    assert "Bank accounts: both sides changed, differently." in text
    line = text.partition("<tbody")[2].partition("</tr>")[0]
    told = [one.strip() for one in re.findall(r"<t[hd] [^>]*>(.*?)<", line, re.DOTALL)]
    assert told == ["Bank accounts", BANK.hra, BANK.xero]
    assert ">differs<" in line


def test_a_field_that_is_empty_on_one_side_says_nothing_is_there(anna: Visitor) -> None:
    text = anna.get(PARTNERS)[1]
    assert "robin@example.com" in text and ">nothing<" in text


def test_M2_what_differs_between_two_people_is_marked_and_what_cannot_be_read_is_not(
    anna: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = re.sub(r"\s+", " ", re.sub("<.*?>", " ", anna.get(PARTNERS)[1]))
    assert "Home address differs (street hidden) Fremantle" in told and "Last name Lee Lee" in told
    unread = replace(
        OPENED["a5"].partners[0],
        compared=(Compared("email", "e-mail", "a@example.com", "(not readable)"),),
    )
    monkeypatch.setitem(OPENED, "a5", replace(OPENED["a5"], partners=(unread,)))
    text = anna.get(PARTNERS)[1]
    assert "(not readable)" in text and "differs" not in text


@pytest.mark.parametrize(("same", "marked"), [(False, True), (True, False)])
def test_S2_masks_that_look_alike_are_marked_where_what_they_hide_differs(
    anna: Visitor, monkeypatch: pytest.MonkeyPatch, same: bool, marked: bool
) -> None:
    """An account number of the same last digits and BSB: else whoever approves sees no change at all."""
    alike = replace(OPENED["a4"].compared[0], xero=OPENED["a4"].compared[0].hra, same=same)
    monkeypatch.setitem(OPENED, "a4", replace(OPENED["a4"], compared=(alike,)))
    assert ("differs where it is hidden" in anna.get(APPROVAL)[1]) is marked


def test_S2_a_conflict_marks_which_of_its_fields_differ(
    anna: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = OPENED["a1"].compared[0]
    monkeypatch.setitem(OPENED, "a2", replace(OPENED["a2"], compared=(BANK, job)))
    told = re.sub(r"\s+", " ", re.sub("<.*?>", " ", anna.get(CONFLICT)[1]))
    assert "Bank accounts differs BSB" in told and "Job title Baker Baker" in told


def test_S4_values_are_read_when_a_row_is_opened_and_never_for_the_list(
    anna: Visitor, desk: PlainDesk
) -> None:
    desk.asked.clear()
    assert "ending 118" not in anna.get("/")[1] + json.dumps(report.as_json(desk.state))
    assert ("opened", "a2") not in desk.asked
    answer = anna.client.get(CONFLICT, base_url=anna.base)
    assert "ending 118" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_M2_possible_partners_stand_side_by_side_with_why_they_match(anna: Visitor) -> None:
    text = anna.get(PARTNERS)[1]
    for told in ("x-lee-1", "same birth date", "x-lee-2", "same postcode", "Perth WA 6000"):
        assert told in text
    assert words(anna, PARTNERS) == ["Link these two"] * 2 + ["Create in Xero", "Ignore"]


def test_M2_somebody_of_xero_is_created_in_hra(anna: Visitor, desk: PlainDesk) -> None:
    only_xero = replace(MATCH, hra_id=None, xero_id="x9")
    desk.state = shown(attention=(only_xero,))
    assert "Create in HRA Cloud" in words(anna, PARTNERS)


def test_M2_a_rival_on_the_same_side_cannot_be_linked(anna: Visitor, desk: PlainDesk) -> None:
    desk.state = shown(attention=(replace(MATCH, hra_id=None, xero_id="x9"),))
    assert "Link these two" not in words(anna, PARTNERS)  # all partners of this row are of Xero
    assert "On the same side as this row" in anna.get(PARTNERS)[1]
    status, text, _ = anna.post(PARTNERS, PARTNERS, verb="link", partner="xero:x-lee-1")
    assert (status, desk.choices) == (409, [])
    assert "These two cannot be linked" in text


def test_S2_an_approval_says_who_asked_since_when_which_way_and_which_field(anna: Visitor) -> None:
    for path in ("/", APPROVAL):
        text = re.sub("<.*?>", "", anna.get(path)[1])
        assert (
            "Bank accounts, HRA Cloud to Xero. Asked by the employee, in eSS, 1 hour ago." in text
        )
    assert words(anna, APPROVAL) == ["Approve", "Reject"]


def test_S1_a_braked_run_shows_its_counts_its_hash_and_its_two_answers(anna: Visitor) -> None:
    for path in ("/", BRAKED):
        text = anna.get(path)[1]
        assert "it would change 31 of 43 people" in text and "3f9a0c51d2e7" in text
    assert words(anna, BRAKED) == ["Apply exactly this plan", "Reject"]


def test_S1_a_stopped_plan_shows_whom_it_would_change_and_in_which_fields(anna: Visitor) -> None:
    """Whoever lets it through answers for it: nobody of it is left out, however long it is."""
    text = anna.get(BRAKED)[1]
    told = re.sub(r"\s+", " ", re.sub("<.*?>", " ", text.partition("What it would do")[2]))
    assert "61 to change in Xero, 1 to change in HRA Cloud, 1 to create in Xero." in told
    assert "Mobile of 61, bank accounts of 1, end date of 1." in told
    for row in (
        "Employee 1001 Change in Xero mobile",
        "Employee 1061 Change in Xero mobile, bank accounts",
        "Employee 1062 Change in HRA Cloud end date",
        "HRA Cloud record h2001 Create in Xero",
    ):
        assert row in told
    assert text.count('<tr role="row"><td') == len(PLANNED)


def test_S1_a_plan_that_cannot_be_shown_is_not_let_through(
    anna: Visitor, desk: PlainDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OPENED, "a6", replace(OPENED["a6"], planned=()))
    assert words(anna, BRAKED) == ["Reject"]
    assert "not kept any more" in anna.get(BRAKED)[1]


def test_a_row_whose_records_cannot_be_read_still_shows(anna: Visitor, desk: PlainDesk) -> None:
    desk.refuses = Unreachable("xero")
    status, text = anna.get(CONFLICT)
    assert status == 200
    assert "Bank accounts: both sides changed, differently." in text
    assert "Xero cannot be reached at the moment" in text
    assert words(anna, CONFLICT) == [], "what decides about values needs them to be seen"
    assert words(anna, TRAVELS) == ["Try again", "Dismiss"]
    assert words(anna, APPROVAL) == []
    assert words(anna, PARTNERS) == ["Ignore"]
    assert words(anna, BRAKED) == ["Reject"]


def test_what_could_not_be_read_of_a_row_is_told_beside_what_could(
    anna: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = OPENED["a5"].partners
    halved = (first, replace(second, compared=()))
    half = replace(
        OPENED["a5"], partners=halved, problem="Xero does not know this record any more."
    )
    monkeypatch.setitem(OPENED, "a5", half)
    text = anna.get(PARTNERS)[1]
    assert "Xero does not know this record any more." in text and "Perth WA 6000" in text
    assert words(anna, PARTNERS) == ["Link these two", "Create in Xero", "Ignore"]


def test_S2_a_row_whose_values_moved_while_it_was_opened_is_answered_as_it_stands_now(
    anna: Visitor, desk: PlainDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading found another value: the same matter is another row now, with its own id and mark."""
    moved = replace(EVERYTHING[3], id="b4", mark="mark-b4")
    seen = replace(OPENED["a4"], id="b4", mark="mark-b4")

    def opened(id: str) -> Opened:
        desk.state = shown(attention=(moved,))
        return seen

    monkeypatch.setattr(desk, "opened", opened)
    assert 'action="/attention/b4"' in forms(anna, APPROVAL)[0]
    desk.state = shown(attention=EVERYTHING)
    assert 'name="mark" value="mark-b4"' in forms(anna, APPROVAL)[0]


def test_a_row_whose_cause_is_gone_when_it_is_opened_says_so(
    anna: Visitor, desk: PlainDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(id: str) -> Opened:
        desk.state = shown(attention=())
        raise NotPossible("There is no such row any more.")

    monkeypatch.setattr(desk, "opened", opened)
    status, text = anna.get(CONFLICT)
    assert (status, "This row has left the list" in text) == (404, True)


def test_a_row_that_has_left_says_so(anna: Visitor, desk: PlainDesk) -> None:
    status, text = anna.get("/attention/gone")
    assert (status, "This row has left the list" in text) == (404, True)
    status, text, _ = anna.post("/attention/gone", "/", verb="dismiss")
    assert (status, "This row has left the list" in text, desk.choices) == (409, True, [])


def test_what_a_record_holds_is_text_and_never_markup(
    anna: Visitor, desk: PlainDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = replace(OPENED["a2"].compared[0], hra="<script>x</script>")
    monkeypatch.setitem(OPENED, "a2", replace(OPENED["a2"], compared=(seen,)))
    assert "<script>x" not in anna.get(CONFLICT)[1]


# --- the list on the status page ----------------------------------------------------------------


def test_every_row_of_the_list_opens_and_has_its_buttons(anna: Visitor) -> None:
    text = anna.get("/")[1]
    for row in EVERYTHING:
        assert f'href="/attention/{row.id}"' in text
    assert words(anna, "/") == ["Try again", "Dismiss", "Ignore"]


@pytest.mark.parametrize("verb", ["use_hra", "use_xero", "approve", "reject", "link", "create"])
def test_S2_D7_nothing_is_decided_by_value_from_the_list(
    anna: Visitor, desk: PlainDesk, verb: str
) -> None:
    """Two people and their values are not seen there: the button leads to where they are."""
    desk.state = shown(attention=(replace(EVERYTHING[1], buttons=(verb, "dismiss")),))
    assert words(anna, "/") == ["Dismiss"]
    assert "Compare and decide" in anna.get("/")[1]


@pytest.mark.parametrize("mark", ["", "mark-of-before"])
@pytest.mark.parametrize("verb", ["use_hra", "use_xero", "approve", "reject"])
def test_S2_D7_an_answer_to_what_was_not_shown_is_not_taken(
    anna: Visitor, desk: PlainDesk, verb: str, mark: str
) -> None:
    for row in (CONFLICT, APPROVAL):
        status, text, _ = anna.post(row, row, verb=verb, mark=mark)
        assert (status, desk.choices) == (409, [])
        assert "was not shown, or has changed since" in text and f'href="{row}"' in text


def test_a_dismissed_row_is_folded_away_and_not_counted(desk: PlainDesk, anna: Visitor) -> None:
    assert desk.state.counts.need_you == 5
    text = anna.get("/")[1]
    before, _, folded = text.partition('id="dismissed"')
    assert "A super membership in Xero" in folded.partition("</details>")[0]
    assert "A super membership in Xero" not in before
    assert words(anna, "/")[-1] == "Ignore", "the last button is of a row before it"


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "button", "choice"),
    [
        (TRAVELS, "Try again", Choice("retry", "a1", "page:anna", own="h1042")),
        (TRAVELS, "Dismiss", Choice("dismiss", "a1", "page:anna", own="h1042")),
        (
            CONFLICT,
            "Use HRA Cloud",
            Choice("resolve", "a2", "page:anna", use="hra", mark="mark-a2", own="h1042"),
        ),
        (
            CONFLICT,
            "Use Xero",
            Choice("resolve", "a2", "page:anna", use="xero", mark="mark-a2", own="h1042"),
        ),
        (APPROVAL, "Approve", Choice("approve", "a4", "page:anna", mark="mark-a4", own="h1042")),
        (APPROVAL, "Reject", Choice("reject", "a4", "page:anna", mark="mark-a4", own="h1042")),
        (
            BRAKED,
            "Apply exactly this plan",
            Choice("approve", "a6", "page:anna", own="h1042"),
        ),
        (
            PARTNERS,
            "Create in Xero",
            Choice("create", "h2001", "page:anna", own="h1042"),
        ),
        (PARTNERS, "Ignore", Choice("ignore", "h2001", "page:anna", own="h1042")),
        (
            PARTNERS,
            "Link these two",
            Choice("link", "h2001", "page:anna", other="x-lee-1", own="h1042"),
        ),
    ],
)
def test_S2_each_answer_says_who_gave_it_to_what_was_shown_and_whose_record_is_their_own(
    anna: Visitor, desk: PlainDesk, row: str, button: str, choice: Choice
) -> None:
    desk.says = "That is done."
    status, _, leads = press(anna, row, button)
    assert (status, leads, desk.choices) == (303, "/", [choice])
    assert "That is done." in anna.get("/")[1]


def test_S2_admin_is_tied_to_no_record(desk: PlainDesk) -> None:
    press(inside(desk), APPROVAL, "Approve")
    assert desk.choices[0] == Choice("approve", "a4", "page:admin", mark="mark-a4")


def test_M2_somebody_of_xero_is_named_by_the_xero_id(anna: Visitor, desk: PlainDesk) -> None:
    desk.state = shown(attention=(replace(MATCH, hra_id=None, xero_id="x9"),))
    press(anna, PARTNERS, "Ignore")
    anna.post(PARTNERS, PARTNERS, verb="link", partner="hra:h7")
    assert [(one.verb, one.id, one.other) for one in desk.choices] == [
        ("ignore", "xero:x9", ""),
        ("link", "h7", "x9"),
    ]


def test_S2_a_refusal_is_told_and_leads_back_to_the_row(anna: Visitor, desk: PlainDesk) -> None:
    desk.refuses = NotPossible(
        "You asked for this change yourself: somebody else has to approve it."
    )
    status, text, _ = anna.post(APPROVAL, APPROVAL, verb="approve", mark="mark-a4")
    assert (status, desk.choices) == (409, [])
    assert "You asked for this change yourself" in text
    assert f'href="{APPROVAL}"' in text


@pytest.mark.parametrize("partner", ["xero:x9", "hra:h9", "xero:", "myob:1", ""])
def test_M6_a_row_of_two_linked_records_links_nobody(
    anna: Visitor, desk: PlainDesk, partner: str
) -> None:
    assert anna.post(CONFLICT, CONFLICT, verb="link", partner=partner)[0] == 409
    assert desk.choices == []


@pytest.mark.parametrize("verb", ["", "unlink", "delete", "use_myob"])
def test_an_answer_that_there_is_not_is_not_taken(
    anna: Visitor, desk: PlainDesk, verb: str
) -> None:
    assert anna.post(CONFLICT, CONFLICT, verb=verb)[0] == 400
    assert desk.choices == []


def test_a_form_of_another_site_answers_nothing(anna: Visitor, desk: PlainDesk) -> None:
    answer = anna.client.post(APPROVAL, base_url=anna.base, data={"verb": "approve"})
    assert (answer.status_code, desk.choices) == (400, [])


def test_the_rows_of_the_double_are_those_that_the_page_opens() -> None:
    assert OPENED.keys() == {row.id for row in EVERYTHING} - {ATTENTION[2].id, "a7"}
