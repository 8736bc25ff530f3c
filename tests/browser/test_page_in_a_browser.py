"""What only a browser can tell: the refresh, the content security policy at work, widths, contrast and the keyboard."""

from dataclasses import replace
from typing import Any

import pytest

from agent.page.desk import Option
from tests.browser.conftest import Served, keep
from tests.browser.contrast import LEAST_CONTRAST
from tests.browser.rows import PROVED, RUNS, shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1180])
def test_the_page_fits_and_can_be_read(
    signed_in: Any, served: Served, scheme: str, width: int
) -> None:
    lost = PROVED | {
        "xero": replace(PROVED["xero"], connected=False, reason="The sign-in has ended.")
    }
    signed_in.emulate_media(color_scheme=scheme)
    signed_in.set_viewport_size({"width": width, "height": 800})
    for name, state in (
        ("status", shown()),
        ("lost", shown(connections=lost)),
        ("calm", shown(attention=())),
    ):
        served.desk.state = state
        signed_in.reload()
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= width
        ratio, where = signed_in.evaluate(LEAST_CONTRAST)
        assert ratio >= 4.5, where
        keep(signed_in, f"{name}-{scheme}-{width}")


def test_the_page_refreshes_itself_and_keeps_folded_what_a_person_folded(
    signed_in: Any, served: Served
) -> None:
    lost = PROVED | {"hra": replace(PROVED["hra"], connected=False)}
    running = replace(RUNS[0], outcome="running", done=5, ended=None)
    served.desk.state = shown(runs=(running,), connections=lost)
    signed_in.reload()
    assert signed_in.evaluate("document.querySelector('#missing-hra').open")
    signed_in.evaluate("document.querySelector('#missing-hra').open = false")
    served.desk.state = shown(runs=(replace(running, done=31),), connections=lost)
    signed_in.wait_for_selector("text=31 of 43 people", timeout=5000)
    assert not signed_in.evaluate("document.querySelector('#missing-hra').open")


def test_the_page_waits_while_a_control_is_focused(signed_in: Any, served: Served) -> None:
    running = replace(RUNS[0], outcome="running", done=5, ended=None)
    served.desk.state = shown(runs=(running,))
    signed_in.reload()
    signed_in.focus("text=Import now")
    asked = len(served.desk.asked)
    signed_in.wait_for_timeout(2300)  # a refresh of this page comes every 2 seconds
    assert len(served.desk.asked) == asked
    signed_in.evaluate("document.activeElement.blur()")
    served.desk.state = shown(runs=(replace(running, done=6),))
    signed_in.wait_for_selector("text=6 of 43 people", timeout=5000)


def test_a_page_whose_session_has_ended_goes_to_the_sign_in(signed_in: Any, served: Served) -> None:
    served.desk.state = shown(runs=(replace(RUNS[0], outcome="running", done=5, ended=None),))
    signed_in.reload()
    signed_in.context.clear_cookies()
    signed_in.wait_for_url("**/sign-in", timeout=5000)


def test_a_button_pressed_after_a_refresh_still_works(signed_in: Any, served: Served) -> None:
    served.desk.state = shown(runs=(replace(RUNS[1], outcome="running", done=5, ended=None),))
    signed_in.reload()
    served.desk.state = shown(runs=RUNS)
    signed_in.wait_for_selector("text=Last 12 minutes ago", timeout=5000)
    signed_in.click("text=Export now")
    signed_in.wait_for_selector("text=Export started.")
    assert ("start", "export", "authoritative", "page:admin") in served.desk.asked


@pytest.mark.parametrize("browser", ["signed_in", "without_scripts"])
def test_L2_connecting_leads_over_other_origins_to_the_vendor_and_back_to_a_choice(
    request: pytest.FixtureRequest, served: Served, browser: str
) -> None:
    """Only a browser tells whether the content security policy, which keeps forms to this agent, lets a person out."""
    page = request.getfixturevalue(browser)
    served.desk.options = (
        Option("t1", "Harbour & Pine Pty Ltd"),
        Option("t2", "Harbour & Pine Trading"),
    )
    page.click("section[aria-labelledby=side-xero] button >> nth=0")
    page.wait_for_selector("text=Which organisation?", timeout=5000)
    keep(page, "choice")
    page.check("text=Harbour & Pine Trading")
    page.click("text=Link this organisation")
    page.wait_for_selector("text=Xero is connected.")
    assert ("choose", "xero", "t2") in served.desk.asked


def test_going_back_from_the_vendor_leads_to_the_status_page(
    signed_in: Any, served: Served
) -> None:
    served.desk.goes_to = served.address.replace("localhost", "127.0.0.1") + "/sign-in"
    signed_in.click("section[aria-labelledby=side-xero] button >> nth=0")
    signed_in.wait_for_url("**/sign-in", timeout=5000)
    signed_in.go_back()
    signed_in.wait_for_selector("#hero", timeout=5000)


def test_the_keyboard_comes_to_the_content_first_and_can_be_seen(signed_in: Any) -> None:
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("document.activeElement.textContent") == "Skip to the content"
    signed_in.keyboard.press("Enter")
    assert signed_in.evaluate("document.activeElement.id") == "main"
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_every_control_has_a_name_and_every_section_a_heading(signed_in: Any) -> None:
    signed_in.evaluate("document.querySelector('#modes').open = true")
    tree = signed_in.locator("body").aria_snapshot()
    for name in (
        "Connect again HRA Cloud",
        "Connect again Xero",
        "Import now",
        "Export now",
        "Sign out",
        "Try again Employee 1017",
        "Import what changed",
    ):
        assert f'button "{name}"' in tree
    for name in ("Needs you", "Recent changes", "Runs", "eSS saves waiting for Xero"):
        assert f'region "{name}"' in tree
    assert "banner" in tree and "main" in tree and "table" in tree
