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
    page.click("text=Compare and decide")
    card = page.locator("section", has=page.locator("code", has_text="x-lee-2"))
    assert "same postcode" in card.inner_text() and "lee@example.com" in card.inner_text()
    served.desk.says = "Linked. The next run reads both."
    card.locator("button").click()
    page.wait_for_selector("text=Linked. The next run reads both.")
    page.click("a[href$='/attention/a4']")
    assert "ending 118" in page.locator("main").inner_text()
    served.desk.says = "Approved, and written to Xero."
    page.click("text=Approve >> nth=-1")
    page.wait_for_selector("text=Approved, and written to Xero.")
    assert served.desk.choices == [
        Choice("link", "h2001", "page:admin", other="x-lee-2", mark="mark-a5"),
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


def test_a_refresh_keeps_the_right_fold_open_though_rows_came_and_went(
    signed_in: Any, served: Served
) -> None:
    served.desk.state = shown(attention=EVERYTHING, day_left=4000)
    signed_in.goto(served.address)
    signed_in.evaluate("document.querySelector('#dismissed').open = true")
    served.desk.state = shown(
        attention=tuple(row for row in EVERYTHING if row.id != "a3"), day_left=3999
    )
    signed_in.evaluate("refresh()")
    signed_in.wait_for_selector("text=3,999", timeout=5000)
    assert signed_in.evaluate("document.querySelector('#dismissed').open")
    assert not signed_in.evaluate("document.querySelector('#disconnect-hra').open")
