"""The eSS portal: what an employee sees and changes, and the signed hook that a save fires."""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from agent.sandbox.hra.hooks import PAUSES, Hooks, post_bytes
from agent.sandbox.oauth import real_clock
from agent.sandbox.server import serve
from tests.sandbox.hra_house import House

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
HOOK = "http://127.0.0.1:9/hooks/ess"

EMPTY_ROW = {f"bank_0_{part}": "" for part in ("bsb", "number", "name", "amount", "statement")}


class Agent:
    """Answers hooks with the statuses given, then with 202; keeps what came."""

    def __init__(self, *statuses: int | None) -> None:
        self.statuses = list(statuses)
        self.came: list[tuple[bytes, Mapping[str, str]]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.came.append((body, headers))
        status = self.statuses.pop(0) if self.statuses else 202
        if status is None:
            raise ConnectionRefusedError
        return status


def house_with(agent: Agent, naps: list[float] | None = None) -> House:
    house = House(hook_url=HOOK, hook_secret=SECRET)
    slept = [] if naps is None else naps
    house.app.config["HOOKS"] = Hooks(
        house.store.account_id, HOOK, SECRET, house.clock, post=agent, sleep=slept.append
    )
    return house


@pytest.fixture
def agent() -> Agent:
    return Agent()


@pytest.fixture
def house(agent: Agent) -> House:
    return house_with(agent)


FIELD = re.compile(r'<input[^>]*\bname="([^"]+)" type="[a-z]+" value="([^"]*)"')
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
CHOSEN = re.compile(r'<select id="([^"]+)".*?</select>', re.DOTALL)
RADIO = re.compile(r'name="remainder" value="(\d)" checked')


def form_of(page: str) -> dict[str, str]:
    """What a browser would send if nothing were typed."""
    fields = {name: unescape(value) for name, value in FIELD.findall(page) + HIDDEN.findall(page)}
    for select in CHOSEN.finditer(page):
        picked = re.search(r'value="([^"]*)" selected', select.group())
        fields[select.group(1)] = unescape(picked.group(1)) if picked else ""
    fields["remainder"] = "".join(RADIO.findall(page))
    return fields


def form(house: House, key: str = "p000", **typed: str) -> dict[str, str]:
    page = house.client.get(f"/ess/{house.person(key)}")
    assert page.status_code == 200
    return form_of(page.text) | {name.replace("_", "-"): value for name, value in typed.items()}


def save(house: House, sent: dict[str, str], key: str = "p000") -> TestResponse:
    answer = house.client.post(f"/ess/{house.person(key)}", data=sent)
    hooks = house.app.config["HOOKS"]
    for delivery in hooks.as_plain():
        hooks.wait(delivery["id"], 5)
    return answer


def sections(agent: Agent) -> list[list[str]]:
    return [json.loads(body)["data"]["sections"] for body, _ in agent.came]


def test_the_list_offers_the_current_people_only(house: House) -> None:
    page = house.client.get("/ess").text
    assert house.person() in page
    for gone in ("p016", "p017"):
        assert house.person(gone) not in page
        assert house.client.get(f"/ess/{house.person(gone)}").status_code == 404


def test_a_page_shows_one_employees_own_values_and_no_tfn(house: House) -> None:
    page = house.client.get(f"/ess/{house.person()}").text
    own, other = house.record(), house.record("p001")
    assert own.banks[0]["number"] in page
    assert own.tax is not None and own.tax["tfn"] not in page
    assert own.tax["tfn"][-3:] in page
    assert other.details["surname"] not in page and other.banks[0]["number"] not in page


def test_pages_forbid_scripts_framing_and_storing(house: House) -> None:
    page = house.client.get(f"/ess/{house.person()}")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text
    with house.client.get("/ess/static/ess.css") as style:
        assert style.status_code == 200


def test_a_changed_mobile_is_stored_and_only_details_are_told(house: House, agent: Agent) -> None:
    house.clock.move(minutes=5)
    answer = save(house, form(house, mobile="0491 570 999"))
    assert answer.status_code == 303
    record = house.record()
    assert record.details["contacts"]["home"]["mobile"] == "0491 570 999"
    assert record.details["contacts"]["home"]["email"] == "alice.abbott0@example.com"
    assert record.updated == "2026-03-02 01:35:00"
    assert sections(agent) == [["details"]]
    assert "the agent took it: 202" in house.client.get(answer.headers["Location"]).text


def test_the_hook_is_signed_thin_and_names_account_and_employee(house: House, agent: Agent) -> None:
    # The verifying library has no clock to hand in, so this one hook carries the real time.
    house.app.config["HOOKS"] = Hooks(
        house.store.account_id, HOOK, SECRET, real_clock, post=agent, sleep=lambda seconds: None
    )
    save(house, form(house, line1="9 New Street"))
    ((body, headers),) = agent.came
    Webhook(SECRET).verify(body, dict(headers))
    event = json.loads(body)
    assert event["type"] == "employee.saved"
    assert event["data"] == {
        "accountId": house.store.account_id,
        "employeeId": house.person(),
        "sections": ["details"],
    }
    assert b"New Street" not in body


def test_saving_without_a_change_tells_nobody(house: House, agent: Agent) -> None:
    before = house.store.as_plain()
    answer = save(house, form(house))
    assert "Nothing was changed" in house.client.get(answer.headers["Location"]).text
    assert agent.came == []
    assert house.store.as_plain() == before


@pytest.mark.parametrize("key", ["p001", "p003", "p008", "p018", "p019", "p021"])
def test_untouched_forms_of_special_people_change_nothing(
    house: House, agent: Agent, key: str
) -> None:
    before = house.store.as_plain()
    assert save(house, form(house, key), key).status_code == 303
    assert house.store.as_plain() == before and agent.came == []


def test_every_section_can_be_changed_in_one_save(house: House, agent: Agent) -> None:
    sent = form(
        house, phone="02 5550 1234", bank_0_number="999888777", super_0_member="M-1",
        tfn="876 543 210",
    )  # fmt: skip
    assert save(house, sent).status_code == 303
    record = house.record()
    assert record.details["contacts"]["home"]["phone"] == "02 5550 1234"
    assert record.banks[0]["number"] == "999888777"
    assert record.supers[0]["memberNumber"] == "M-1"
    assert record.tax is not None and record.tax["tfn"] == "876543210"
    assert record.tax["employmentBasis"] == "FULL_TIME"
    everything = ["details", "bank-accounts", "retirement-savings", "tax-details"]
    assert sections(agent) == [everything]


def test_a_second_bank_account_gets_a_fixed_amount_and_the_rest_stays_last(
    house: House, agent: Agent
) -> None:
    kept = house.record().banks[0]["id"]
    sent = form(
        house, bank_1_bsb="063111", bank_1_number="012345", bank_1_name="Savings",
        bank_1_amount="$1,250.50",
    )  # fmt: skip
    assert save(house, sent).status_code == 303
    first, last = house.record().banks
    assert (first["bsb"], first["number"], first["amountInCents"]) == ("063-111", "012345", 125050)
    assert (last["id"], last["remainder"], last["accountOrder"]) == (kept, True, 1)
    assert sections(agent) == [["bank-accounts"]]


def test_emptying_a_row_removes_that_account(house: House) -> None:
    assert save(house, form(house, "p001", **EMPTY_ROW), "p001").status_code == 303
    assert len(house.record("p001").banks) == 3


@pytest.mark.parametrize("amount", ["", "abc", "0", "-5", "1.005", "NaN", "1e12"])
def test_a_fixed_amount_is_dollars_and_cents_above_nothing(house: House, amount: str) -> None:
    row = {"bank_1_bsb": "062000", "bank_1_number": "1", "bank_1_name": "B"}
    answer = save(house, form(house, **row, bank_1_amount=amount))
    assert (answer.status_code, len(house.record().banks)) == (422, 1)


def test_a_fund_that_is_not_on_the_list_can_stay(house: House, agent: Agent) -> None:
    own = {"id": "f1", "type": "REGULATED", "name": "Old Fund", "abn": "11000000948"}
    house.record().supers = [house.record().supers[0] | own]
    del house.record().supers[0]["usi"]
    assert "Old Fund" in house.client.get(f"/ess/{house.person()}").text
    assert save(house, form(house, super_0_member="2")).status_code == 303
    (after,) = house.record().supers
    assert after.items() >= (own | {"memberNumber": "2"}).items()


def test_choosing_another_fund_changes_that_membership(house: House) -> None:
    before = house.record().supers[0]
    assert save(house, form(house, super_0_fund="60905115063003")).status_code == 303
    (after,) = house.record().supers
    assert (after["id"], after["abn"]) == (before["id"], "60905115063")
    assert after["memberNumber"] == before["memberNumber"]


def test_a_tfn_takes_the_place_of_an_exemption(house: House) -> None:
    save(house, form(house, "p018", tfn="876543210"), "p018")
    tax = house.record("p018").tax
    assert tax is not None and tax["tfn"] == "876543210" and "exemptType" not in tax


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"mobile": "call me"}, "Write the number with its digits"),
        ({"line1": ""}, "street address is needed"),
        ({"postcode": "215"}, "four digits"),
        ({"country": ""}, "Name the country"),
        ({"state": ""}, "Choose a state"),
        ({"line2": "x" * 129}, "At most 128 characters"),
        ({"bank_0_statement": "x" * 19}, "At most 18 characters"),
        (EMPTY_ROW, "Keep at least one bank account"),
        ({"bank_0_bsb": "06200"}, "six digits"),
        ({"bank_0_number": "12345678901"}, "up to nine digits"),
        ({"bank_0_name": ""}, "Name the account holder"),
        ({"bank_1_bsb": "062000", "bank_1_number": "1", "bank_1_name": "B"}, "amount in dollars"),
        ({"remainder": "3"}, "takes the rest of your pay"),
        ({"super_0_member": ""}, "a fund and your member number"),
        ({"tfn": "876543211"}, "no valid tax file number"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_is_stored(
    house: House, agent: Agent, typed: dict[str, str], sentence: str
) -> None:
    before = house.store.as_plain()
    answer = save(house, form(house, phone="02 5550 9999", **typed))
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert "02 5550 9999" in answer.text
    assert house.store.as_plain() == before
    assert agent.came == []


def test_a_refused_tfn_is_not_written_back_into_the_page(house: House) -> None:
    assert "876543211" not in save(house, form(house, tfn="876543211")).text


def test_typed_text_cannot_become_markup(house: House) -> None:
    save(house, form(house, line1='"><script>alert(1)</script>'))
    assert "<script" not in house.client.get(f"/ess/{house.person()}").text


def test_without_a_hook_address_the_save_still_holds() -> None:
    house = House()
    answer = save(house, form(house, mobile="0491 570 999"))
    assert "next run" in house.client.get(answer.headers["Location"]).text
    assert house.get(f"/employees/{house.person()}").text.count("0491 570 999") == 1


def test_a_hook_that_fails_is_tried_again_and_signed_anew() -> None:
    agent, naps = Agent(None, 503), list[float]()
    house = house_with(agent, naps)
    save(house, form(house, mobile="0491 570 999"))
    assert len(agent.came) == 3
    assert naps == list(PAUSES[:2])
    assert len({headers["webhook-id"] for _, headers in agent.came}) == 1
    (told,) = house.app.config["HOOKS"].as_plain()
    assert (told["state"], told["status"], told["attempts"]) == ("taken", 202, 3)


def test_a_hook_that_nobody_takes_gives_up_and_the_page_says_so() -> None:
    agent = Agent(*[None] * 9)
    house = house_with(agent)
    answer = save(house, form(house, mobile="0491 570 999"))
    assert len(agent.came) == len(PAUSES) + 1
    assert "could not be told (no answer)" in house.client.get(answer.headers["Location"]).text


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_hook_refused_for_good_is_not_sent_again(status: int) -> None:
    agent = Agent(status)
    house = house_with(agent)
    save(house, form(house, mobile="0491 570 999"))
    assert len(agent.came) == 1
    assert house.app.config["HOOKS"].as_plain()[0]["state"] == "failed"


class _Receiver(BaseHTTPRequestHandler):
    statuses: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.statuses.pop(0))
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks/ess"
    server.shutdown()
    thread.join()
    server.server_close()


def test_hooks_go_over_real_http_past_any_proxy(
    receiver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    _Receiver.statuses = [202, 401]
    assert post_bytes(receiver, b"{}", {}) == 202
    assert post_bytes(receiver, b"{}", {}) == 401
    with pytest.raises(OSError):
        post_bytes(HOOK, b"{}", {})


def test_controls_aim_the_hook_list_deliveries_and_show_the_state(receiver: str) -> None:
    house = House()
    desk = house.client
    aimed = desk.post("/_sandbox/hook-target", json={"url": receiver, "secret": SECRET})
    assert aimed.status_code == 204
    _Receiver.statuses = [202]
    save(house, form(house, mobile="0491 570 999"))
    (told,) = desk.get("/_sandbox/hooks").json or []
    assert (told["state"], told["status"]) == ("taken", 202)
    state = desk.get("/_sandbox/state").json
    assert state is not None and len(state["employees"]) == len(house.store.employees)
    assert desk.post("/_sandbox/switches", json={"put_bank_ids": "renewed"}).status_code == 200
    assert house.app.config["SWITCHES"]["put_bank_ids"] == "renewed"


def test_the_sandbox_serves_api_and_portal_on_a_real_port() -> None:
    with serve(House().app) as served:
        for path in ("/ping", "/ess"):
            with urllib.request.urlopen(served.url + path, timeout=5) as answer:
                assert answer.status == 200


def test_calls_are_counted_as_reads_and_writes(house: House) -> None:
    house.get("/employees")
    house.put(f"/employees/{house.person()}/retirement-savings", {"au": []})
    save(house, form(house))
    calls = house.app.config["CALLS"]
    assert (calls.reads, calls.writes) == (1, 1)
