"""A real browser before a real server; without Chromium or Playwright these tests skip and say so."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask, redirect, request
from werkzeug.serving import make_server

from tests.browser.house import PASSWORD, Clock, PlainDesk, page_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SHOTS = os.environ.get("SCREENSHOTS")


@dataclass
class Served:
    """The page on a port of its own, and the desk behind it."""

    address: str
    desk: PlainDesk


class Doorstep:
    """Puts the application, which must know its port, behind a server that already has one."""

    app: Flask

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        return self.app(environ, start)


@contextmanager
def serving(app: Any) -> Iterator[int]:
    """A server for a while; its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def served() -> Iterator[Served]:
    """The page, and a vendor whose sign-in leads over another origin straight back, as after an earlier consent."""
    door, vendor, desk = Doorstep(), Flask("vendor"), PlainDesk()

    @vendor.get("/authorize")
    def authorize() -> Any:
        elsewhere = request.host_url.replace("127.0.0.1", "localhost")
        return redirect(f"{elsewhere}signed-in?back={quote(request.args['back'])}")

    @vendor.get("/signed-in")
    def already() -> Any:
        return redirect(request.args["back"])

    with serving(door) as port, serving(vendor) as vendors:
        door.app = page_app(desk, Clock(), f"[agent]\nport = {port}\n")
        address = f"http://localhost:{port}"
        back = quote(f"{address}/connect/xero/callback?state=s1&code=c1")
        desk.goes_to = f"http://127.0.0.1:{vendors}/authorize?back={back}"
        yield Served(address, desk)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def signed_in(chromium: Any, served: Served) -> Iterator[Any]:
    """A browser page, signed in; what its console complained of fails the test."""
    yield from _signed_in(chromium, served, True)


@pytest.fixture
def without_scripts(chromium: Any, served: Served) -> Iterator[Any]:
    """The same in a browser that runs no JavaScript."""
    yield from _signed_in(chromium, served, False)


def _signed_in(chromium: Any, served: Served, scripts: bool) -> Iterator[Any]:
    context = chromium.new_context(
        viewport={"width": 1180, "height": 800}, java_script_enabled=scripts
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.address}/sign-in")
    page.fill("#password", PASSWORD)
    page.click("text=Sign in >> nth=-1")
    page.wait_for_selector("#hero")
    yield page
    context.close()
    assert complaints == []


def keep(page: Any, name: str) -> None:
    """A picture of the whole page, where SCREENSHOTS names a folder."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)
