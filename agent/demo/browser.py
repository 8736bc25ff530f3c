"""A very small browser for the demo: cookies, redirects, and the forms of a page. Loopback only.

It stands where a person would sit, so that the demo goes through the same pages and addresses.
"""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any

from agent.errors import AgentError

TIMEOUT = 60.0


class PageFailed(AgentError):
    """A page answered with an error, or not at all."""


class Browser:
    """One person's browser."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def get(self, url: str) -> str:
        """The page at the end of all redirects. Raises PageFailed."""
        return self._open(url, None)

    def submit(self, url: str, values: Mapping[str, str]) -> str:
        """Send a form. Raises PageFailed."""
        return self._open(url, urllib.parse.urlencode(values).encode())

    def _open(self, url: str, data: bytes | None) -> str:
        where = urllib.parse.urlsplit(url).path
        try:
            with self._opener.open(url, data, timeout=TIMEOUT) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                raise PageFailed(f"The page {where} answered with {error.code}.") from None
        except OSError:
            raise PageFailed(f"The page {where} did not answer.") from None


def form_values(page: str) -> dict[str, str]:
    """What a browser would send for the page's only form, if nobody touched it."""
    reader = _FormReader()
    reader.feed(page)
    return reader.values


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        found = dict(attrs)
        name, value = found.get("name") or "", found.get("value") or ""
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in found):
            self.values[self._select] = value
        elif tag == "option" and self._select:
            self.values.setdefault(self._select, value)
        elif tag == "input" and name:
            chosen = found.get("type") not in ("radio", "checkbox") or "checked" in found
            if chosen:
                self.values[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
