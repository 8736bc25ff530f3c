"""What only a browser can tell: the refresh, the content security policy at work, widths, contrast and the keyboard."""

from dataclasses import replace
from typing import Any

import pytest

from agent.page.desk import Option
from tests.browser.conftest import Served, keep
from tests.browser.house import PROVED, RUNS, shown

# The least contrast of all visible texts with what lies behind them, by the rule of WCAG 2.
LEAST_CONTRAST = """() => {
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1);
    return paint.getImageData(0, 0, 1, 1).data;
  };
  const light = (c) => [0.2126, 0.7152, 0.0722].reduce((sum, share, i) => {
    const v = c[i] / 255;
    return sum + share * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  }, 0);
  const behind = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const c = rgba(getComputedStyle(at).backgroundColor);
      if (c[3] > 250) return c;
    }
    return [255, 255, 255, 255];
  };
  let least = [99, ''];
  for (const e of document.querySelectorAll('body *')) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.disabled || !e.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < least[0]) least = [ratio, e.outerHTML.slice(0, 100)];
  }
  return least;
}"""


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


def test_the_page_refreshes_itself_and_keeps_what_is_unfolded(
    signed_in: Any, served: Served
) -> None:
    served.desk.state = shown(runs=(replace(RUNS[0], outcome="running", done=5, ended=None),))
    signed_in.reload()
    signed_in.evaluate("document.querySelector('details.more').open = true")
    served.desk.state = shown(runs=(replace(RUNS[0], outcome="running", done=31, ended=None),))
    signed_in.wait_for_selector("text=31 of 43 people", timeout=5000)
    assert signed_in.evaluate("document.querySelector('details.more').open")


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
    assert ("start", "export", "authoritative") in served.desk.asked


def test_connecting_leads_to_the_vendor_and_back_to_a_choice(
    signed_in: Any, served: Served
) -> None:
    """The way there is a form, whose redirects a content security policy can stop in the browser alone."""
    served.desk.options = (
        Option("t1", "Harbour & Pine Pty Ltd"),
        Option("t2", "Harbour & Pine Trading"),
    )
    signed_in.click("section[aria-labelledby=side-xero] button")
    signed_in.wait_for_selector("text=Which organisation?", timeout=5000)
    keep(signed_in, "choice")
    signed_in.check("text=Harbour & Pine Trading")
    signed_in.click("text=Link this organisation")
    signed_in.wait_for_selector("text=Xero is connected.")
    assert served.desk.asked[-2] == ("choose", "xero", "t2")


def test_the_keyboard_comes_to_the_content_first_and_can_be_seen(signed_in: Any) -> None:
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("document.activeElement.textContent") == "Skip to the content"
    signed_in.keyboard.press("Enter")
    assert signed_in.evaluate("document.activeElement.id") == "main"
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_every_control_has_a_name_and_every_section_a_heading(signed_in: Any) -> None:
    tree = signed_in.locator("body").aria_snapshot()
    for name in (
        "Connect again HRA Cloud",
        "Connect again Xero",
        "Import now",
        "Export now",
        "Sign out",
    ):
        assert f'button "{name}"' in tree
    for name in ("Needs you", "Recent changes", "Runs", "eSS saves waiting for Xero"):
        assert f'region "{name}"' in tree
    assert "banner" in tree and "main" in tree and "table" in tree
