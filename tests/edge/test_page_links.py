"""The links page: who is linked to whom, and making, breaking and ignoring by hand."""

import re

import pytest

from agent.errors import NotPossible
from agent.page.linking import MOST_SHOWN
from agent.records import Choice, Link
from tests.browser.house import PlainDesk, Visitor, inside
from tests.browser.rows import LINKS, link


@pytest.fixture
def desk() -> PlainDesk:
    return PlainDesk()


@pytest.fixture
def visitor(desk: PlainDesk) -> Visitor:
    return inside(desk)


def rows(visitor: Visitor, find: str = "") -> list[str]:
    """The lines of the list, as words."""
    text = visitor.get(f"/links?find={find}")[1]
    found = re.findall(r'<tr role="row">(.*?)</tr>', text, re.DOTALL)[1:]
    return [" ".join(re.sub("<.*?>", " ", one).split()) for one in found]


def test_M6_every_link_stands_there_with_its_ids_what_is_open_first(visitor: Visitor) -> None:
    found = rows(visitor)
    assert len(found) == len(LINKS)
    assert found[0].startswith("1017 open home address: cannot travel HRA Cloud h1017 Xero x1017")
    assert found[2].startswith("1001 in step HRA Cloud h1001 Xero x1001")


@pytest.mark.parametrize("find", ["1029", "h1029", "X1029", " 1029 "])
def test_M6_a_link_is_found_by_its_number_or_an_id(visitor: Visitor, find: str) -> None:
    assert [one.split()[0] for one in rows(visitor, find)] == ["1029"]


def test_who_is_not_found_is_said(visitor: Visitor) -> None:
    assert "Nobody with “4711”" in visitor.get("/links?find=4711")[1]


class Many(PlainDesk):
    """The desk of an organisation with many people."""

    def links(self) -> tuple[Link, ...]:
        return tuple(link(number) for number in range(MOST_SHOWN + 1))


def test_a_long_list_says_that_it_goes_on() -> None:
    visitor = inside(Many())
    assert len(rows(visitor)) == MOST_SHOWN
    assert f"The first {MOST_SHOWN} of {MOST_SHOWN + 1}" in visitor.get("/links")[1]


@pytest.mark.parametrize(
    ("path", "form", "choice"),
    [
        (
            "/links/link",
            {"hra_id": " h7 ", "xero_id": "x7"},
            Choice("link", "h7", "page:admin", other="x7"),
        ),
        ("/links/unlink", {"hra_id": "h1001"}, Choice("unlink", "h1001", "page:admin")),
        ("/links/ignore", {"side": "hra", "id": "h7"}, Choice("ignore", "h7", "page:admin")),
        ("/links/ignore", {"side": "xero", "id": "x7"}, Choice("ignore", "xero:x7", "page:admin")),
        ("/links/unignore", {"who": "hra:h7"}, Choice("unignore", "h7", "page:admin")),
        ("/links/unignore", {"who": "xero:x7"}, Choice("unignore", "xero:x7", "page:admin")),
    ],
)
def test_M6_links_are_made_broken_ignored_and_looked_at_again(
    visitor: Visitor, desk: PlainDesk, path: str, form: dict[str, str], choice: Choice
) -> None:
    desk.says = "That is done."
    status, _, leads = visitor.post(path, "/links", **form)
    assert (status, leads, desk.choices) == (303, "/links", [choice])
    assert "That is done." in visitor.get("/links")[1]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/links/link", {"hra_id": "h7"}),
        ("/links/link", {"hra_id": "  ", "xero_id": "x7"}),
        ("/links/link", {"hra_id": "h" * 101, "xero_id": "x7"}),
        ("/links/unlink", {}),
        ("/links/ignore", {"side": "myob", "id": "x7"}),
        ("/links/unignore", {}),
    ],
)
def test_what_is_not_filled_in_is_not_taken(
    visitor: Visitor, desk: PlainDesk, path: str, form: dict[str, str]
) -> None:
    assert visitor.post(path, "/links", **form)[0] == 400
    assert desk.choices == []


def test_M6_breaking_a_link_is_confirmed_first(visitor: Visitor) -> None:
    text = visitor.get("/links?find=1029")[1]
    unfolded = text.partition("<summary>Break this link")[2]
    assert "The agent does not link them again by itself." in unfolded
    assert 'action="/links/unlink"' in unfolded
    assert text.count('action="/links/unlink"') == unfolded.count('action="/links/unlink"')


def test_M6_ignored_people_stand_there_with_a_way_back(visitor: Visitor, desk: PlainDesk) -> None:
    desk.alone = ("hra:h1900", "xero:x77")
    text = visitor.get("/links")[1]
    assert 'name="who" value="hra:h1900"' in text and 'name="who" value="xero:x77"' in text
    assert "Look at again" in text


def test_why_a_link_cannot_be_made_is_told(visitor: Visitor, desk: PlainDesk) -> None:
    desk.refuses = NotPossible("This Xero record is linked to somebody else.")
    status, text, _ = visitor.post("/links/link", "/links", hra_id="h7", xero_id="x7")
    assert (status, "linked to somebody else" in text) == (409, True)


@pytest.mark.parametrize("path", ["/links/link", "/links/unlink", "/links/ignore"])
def test_a_stranger_changes_no_link(visitor: Visitor, desk: PlainDesk, path: str) -> None:
    visitor.post("/sign-out", "/")
    assert visitor.get("/links")[0] == 303
    assert visitor.post(path, "/sign-in", hra_id="h7", xero_id="x7")[2] == "/sign-in"
    assert desk.choices == []


def test_nobody_linked_yet_is_said(desk: PlainDesk) -> None:
    class Empty(PlainDesk):
        def links(self) -> tuple[Link, ...]:
            return ()

    assert "Nobody yet." in inside(Empty()).get("/links")[1]
