"""S4: after everything has run, no sensitive value stands in the data directory, in a log, on a page or in a report."""

import base64
import json
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from agent.sandbox.people import Person, xero_twin
from agent.service import Server, Service
from agent.wiring import real_times
from tests.edge.service_house import PASSWORD, STAFF, House

NEW_TFN = "123456782"
NEW_MOBILE = "0491 570 157"
NEW_NUMBER = "918273645"
SHORTEST = 6
PRIVACY = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")


class QuickHouse(House):
    """Waiting for Xero's minute takes no time here: its steady clock leaps instead."""

    def start(self, machine: str = "") -> None:
        leaps = [0.0]

        def pause(condition: object, seconds: float) -> None:
            leaps[0] += seconds

        times = real_times()
        times = replace(
            times,
            machine=machine or times.machine,
            steady=lambda: time.monotonic() + leaps[0],
            pause=pause,
        )
        self.service = Service(self.settings, {}, times)
        self.server = Server(self.service.app, "127.0.0.1", self.settings.agent.port)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = QuickHouse(tmp_path / "data")
    yield found
    found.close()


def sensitive(person: Person) -> set[str]:
    """Every value of a person that must never rest anywhere."""
    found = {person.phone, person.mobile, person.address.line1}
    if person.born:
        found |= {person.born.isoformat(), person.born.strftime("%d/%m/%Y")}
    found |= {bank.number for bank in person.banks}
    found |= {row.member_number for row in person.supers}
    if person.tax and person.tax.tfn:
        found.add(person.tax.tfn)
    return {value for value in found if len(value) >= SHORTEST}


def spellings(value: str) -> set[bytes]:
    """Plain, bare, spaced, hyphenated, JSON-, URL- and base64-encoded (at each of the three offsets)."""
    bare = re.sub(r"[ \-()]", "", value)
    plain = {value, bare}
    if bare.isdigit() and len(bare) == 9:
        plain |= {f"{bare[:3]} {bare[3:6]} {bare[6:]}", f"{bare[:3]}-{bare[3:6]}-{bare[6:]}"}
    plain |= {json.dumps(text)[1:-1] for text in plain} | {quote(text) for text in plain}
    plain |= {quote_plus(text) for text in plain}
    encoded = {text.encode() for text in plain}
    for text in tuple(encoded):
        for lead in range(3):
            coded = base64.b64encode(b"\0" * lead + text)
            encoded.add(coded[-(-lead * 8 // 6) : len(coded) - len(coded) % 4 - 4] or coded)
    return {text for text in encoded if len(text) >= SHORTEST}


def find(haystacks: dict[str, bytes], values: set[str]) -> list[str]:
    """Where a value stands, without printing it."""
    needles = {text: value for value in values for text in spellings(value)}
    return sorted(
        f"{name}: a value of {len(value)} characters"
        for name, hay in haystacks.items()
        for text, value in needles.items()
        if text in hay
    )


def secrets_of(house: House) -> set[str]:
    """Tokens of both sides as the agent holds them, client and hook secrets, and the page's password."""
    settings, found = house.settings, {PASSWORD}
    for side in ("hra", "xero"):
        found.add(house.service.pair.lines.tokens[side].bearer())
    vault = house.service.pair.lines.tokens["hra"]._vault
    for side in ("hra", "xero"):
        held = vault.unseal(side) or {}
        found |= {
            v for v in json.loads(json.dumps(held)).values() if isinstance(v, str) and len(v) > 20
        }
        held_token = held.get("token", {})
        found |= {v for k, v in held_token.items() if k.endswith("_token") and isinstance(v, str)}
    return found | {settings.hra.client_secret, settings.xero.client_secret, *settings.hooks.secret}


def test_S4_no_sensitive_value_rests_in_any_file_log_or_page(
    house: House, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    house.connect()
    dry = house.service.pair.run("export", "command", dry_run=True)
    house.both_runs()
    person = house.hra_id("1001")
    house.save_in_ess(person, mobile=NEW_MOBILE, tfn=NEW_TFN, **{"bank-0-number": NEW_NUMBER})
    house.service.worker.drain()
    # A refusal: the sandbox answers with the values that were posted.
    house.xero.app.config["FAULTS"].plan("refuse", method="POST", path="/Employees/*", times=3)
    house.save_in_ess(person, mobile="0491 570 156")
    house.service.worker.drain()
    house.both_runs()

    values = {v for p in STAFF for twin in (p, xero_twin(p)) for v in sensitive(twin)}
    values |= {NEW_TFN, NEW_MOBILE, NEW_NUMBER}
    page, token = signed_in_pages(house)
    reports = json.dumps([vars(row) for row in house.service.pair.store.attention()], default=str)
    folder = house.settings.agent.data_dir
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert len(files) >= 4
    # What is kept where is told, file by file.
    assert {name for name in files if f"`{name}`" not in PRIVACY} <= {"lock"}
    haystacks = {
        **files,
        "log": caplog.text.encode(),
        "page": page.encode(),
        "status JSON": token.encode(),
        "attention": reports.encode(),
        "backup": house.service.backup().encode(),
        "dry run": repr([line.fields for line in dry.lines if line.name]).encode(),
    }
    personal = {k: v for k, v in haystacks.items() if k != "dry run"}
    assert find(personal, values) == []
    tfns_and_banks = {
        v
        for p in STAFF
        for v in ({b.number for b in p.banks} | ({p.tax.tfn} if p.tax and p.tax.tfn else set()))
    }
    assert find(haystacks, tfns_and_banks) == []
    secrets = {k: v for k, v in haystacks.items() if k != "agent.key"}
    assert find(secrets, secrets_of(house)) == []


def test_S4_the_search_itself_finds_what_is_hidden() -> None:
    """The search is worth something: it sees a number in each form that it claims to see."""
    for form in (b"123456782", b"123 456 782", b"123-456-782", base64.b64encode(b"tfn=123456782;")):
        assert find({"file": b"xx" + form + b"yy"}, {NEW_TFN}), form
    assert find({"file": quote("12 Kōwhai St/3").encode()}, {"12 Kōwhai St/3"})
    assert find({"file": json.dumps("12 Kōwhai St").encode()}, {"12 Kōwhai St"})
    assert not find({"file": b"nothing here 123456783"}, {NEW_TFN})


def signed_in_pages(house: House) -> tuple[str, str]:
    """The status page and its JSON as a signed-in person sees them."""
    client = house.service.app.test_client()
    base = house.page
    form = client.get("/sign-in", base_url=base).get_data(as_text=True)
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert found
    answer = client.post(
        "/sign-in",
        base_url=base,
        data={"user": "admin", "password": PASSWORD, "csrf_token": found.group(1)},
    )
    assert answer.status_code == 303
    page = client.get("/", base_url=base)
    assert page.status_code == 200 and "Recent changes" in page.get_data(as_text=True)
    return page.get_data(as_text=True), client.get("/api/status", base_url=base).get_data(
        as_text=True
    )
