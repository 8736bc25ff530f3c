"""A person's whole way through the rows that wait: opened, compared and answered, in a real browser."""

from datetime import timedelta
from typing import Any

import pytest

from agent.records import Choice
from tests.browser.conftest import Served, keep
from tests.browser.contrast import LEAST_CONTRAST
from tests.browser.rows import EVERYTHING, NOW, shown

PAGES = ("attention/a2", "attention/a4", "attention/a5", "attention/a6", "links", "")


@pytest.fixture(autouse=True)
def _everything(served: Served) -> None:
    served.desk.state = shown(
        attention=EVERYTHING,
        standing="The agent was disconnected from Xero.",
        dies={"hra": NOW + timedelta(days=2)},
    )
    served.desk.alone = ("hra:h1900", "xero:0198c1aa-1111-7222-8333-944445555666")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1180])
def test_every_page_fits_and_can_be_read(
    signed_in: Any, served: Served, scheme: str, width: int
) -> None:
    signed_in.emulate_media(color_scheme=scheme)
    signed_in.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        signed_in.goto(f"{served.address}/{path}")
        signed_in.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= width, path
        ratio, where = signed_in.evaluate(LEAST_CONTRAST)
        assert ratio >= 4.5, where
        keep(signed_in, f"{path.replace('/', '-') or 'everything'}-{scheme}-{width}")


@pytest.mark.parametrize("browser", ["signed_in", "without_scripts"])
def test_M2_S2_a_partner_is_compared_and_linked_and_a_change_approved(
    request: pytest.FixtureRequest, served: Served, browser: str
) -> None:
    page = request.getfixturevalue(browser)
    page.goto(served.address)
    page.click("a[href$='/attention/a5']")
    card = page.locator("section", has=page.locator("code", has_text="x-lee-2"))
    assert "same postcode" in card.inner_text() and "lee@example.com" in card.inner_text()
    served.desk.says = "Linked. The next run reads both."
    card.locator("button").click()
    page.wait_for_selector("text=Linked. The next run reads both.")
    page.click("a[href$='/attention/a4']")
    assert "ending 118" in page.locator("main").inner_text()
    served.desk.says = "Approved, and written to Xero."
    page.click("button:has-text('Approve')")
    page.wait_for_selector("text=Approved, and written to Xero.")
    assert served.desk.choices == [
        Choice("link", "h2001", "page:admin", other="x-lee-2"),
        Choice("approve", "a4", "page:admin", mark="mark-a4"),
    ]


def test_L4_disconnecting_is_two_presses_and_switching_on_one(
    signed_in: Any, served: Served
) -> None:
    signed_in.goto(served.address)
    assert not signed_in.is_visible("#disconnect-xero button")
    signed_in.click("#disconnect-xero summary")
    served.desk.says = "Xero is disconnected."
    signed_in.click("#disconnect-xero button")
    signed_in.wait_for_selector("text=Xero is disconnected.")
    signed_in.click("text=Switch on >> nth=-1")
    signed_in.wait_for_selector("text=Switched on")
    asked = served.desk.asked
    assert ("disconnect", "xero", "page:admin") in asked and ("switch_on", "page:admin") in asked


def fresh(page: Any, served: Served, left: int, later: int = 0) -> bool:
    """Whether the page takes what has changed meanwhile, `later` milliseconds on; the first row has left the list."""
    served.desk.state = shown(attention=EVERYTHING[1:], day_left=left)
    page.evaluate(f"moved -= {later}; refresh()")
    page.wait_for_timeout(150)
    return f"{left:,}" in page.locator(".counts").inner_text()


@pytest.fixture
def still(signed_in: Any, served: Served) -> Any:
    """The status page at rest: nobody has touched it for a while."""
    served.desk.state = shown(attention=EVERYTHING, day_left=4000)
    signed_in.goto(served.address)
    signed_in.mouse.move(1175, 5)
    return signed_in


def test_D7_no_row_moves_under_a_pointer_that_rests_on_the_list(still: Any, served: Served) -> None:
    """Else the press that was meant for one person lands on the next one's button."""
    still.locator("li", has_text="Employee 2001").locator("button").hover()
    still.wait_for_timeout(50)
    assert not fresh(still, served, 3990, later=60000)
    assert still.is_visible("li:has-text('Employee 1017')")
    still.mouse.move(1175, 5)
    still.wait_for_timeout(50)
    assert fresh(still, served, 3989, later=60000)
    assert not still.is_visible("li:has-text('Employee 1017')")


def test_D7_nothing_moves_until_the_pointer_has_rested_for_five_seconds(
    still: Any, served: Served
) -> None:
    still.mouse.move(1170, 300)
    assert not fresh(still, served, 3990, later=4500)
    assert fresh(still, served, 3989, later=600)


@pytest.mark.parametrize("what", ["#dismissed", "#disconnect-hra", "#modes", "#notes"])
def test_D7_nothing_moves_while_something_is_unfolded(
    still: Any, served: Served, what: str
) -> None:
    still.evaluate(f"document.querySelector('{what}').open = true")
    assert not fresh(still, served, 3990, later=60000)
    still.evaluate(f"document.querySelector('{what}').open = false")
    assert fresh(still, served, 3989)


def test_L3_a_page_that_stands_still_for_long_says_so(still: Any, served: Served) -> None:
    still.evaluate("document.querySelector('#modes').open = true")
    assert not fresh(still, served, 3990, later=60000)
    assert not still.is_visible("#still")
    still.evaluate("refreshed -= 30000; refresh()")
    assert "As of at 12:40 pm" not in still.inner_text("#still")
    assert "This page stands still" in still.inner_text("#still")
    keep(still, "still")
    still.click("text=Refresh now")
    still.wait_for_selector("text=3,990")
    assert not still.is_visible("#still")
