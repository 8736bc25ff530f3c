"""The running agent as a person, a sender of hooks and a command of this machine meet it, over HTTP."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import agent
from agent.control import Control, Elsewhere
from agent.demo.browser import Browser, PageFailed, form_values
from agent.errors import DataDirBusy, NotConnected
from agent.records import Run
from agent.service import Service
from agent.vault import Key
from agent.wiring import SIDES, real_times
from tests.edge.service_house import PASSWORD, House

MOBILE = "0491 570 159"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    yield made
    made.close()


def kinds(house: House) -> list[Run]:
    return [run for run in reversed(house.service.pair.store.runs(50)) if run.kind != "push"]


def test_L2_both_sides_are_connected_through_the_vendors_pages_and_proved(house: House) -> None:
    assert not any(one.connected for one in house.service.status().sides)
    house.connect()
    sides = {one.side: one for one in house.service.status().sides}
    assert all(one.connected and one.proved for one in sides.values())
    assert house.service.pair.store.binding().tenant_name == "Harbour & Pine Pty Ltd"


def test_L2_a_call_back_that_nobody_began_connects_nothing(house: House) -> None:
    with pytest.raises(PageFailed):
        house.browser.get(f"{house.page}/connect/hra/callback?state=forged&code=forged")
    assert house.service.pair.store.binding().account_id == ""
    assert house.service.sign_in("hra")["failed"]


def test_a_run_before_connecting_says_which_side_is_missing(house: House) -> None:
    with pytest.raises(NotConnected) as told:
        house.service.pair.run("import", "command")
    assert "HRA Cloud is not connected" in told.value.sentence()


def test_R1_a_person_signs_in_to_the_page_and_starts_an_import(house: House) -> None:
    house.connect()
    home = f"{house.page}/"
    token = form_values(house.browser.get(f"{house.page}/sign-in"))
    signed_in = {**token, "user": "admin", "password": PASSWORD}
    assert "Harbour" in house.browser.submit(f"{house.page}/sign-in", signed_in)
    house.browser.submit(f"{house.page}/run/import", form_values(house.browser.get(home)))
    house.service.runs.wait()
    assert [(run.kind, run.started_by) for run in kinds(house)] == [("import", "page")]
    assert len(house.service.pair.store.links()) > 0


def test_a_run_from_the_page_before_connecting_is_a_sentence(house: House) -> None:
    with pytest.raises(NotConnected):
        house.service.start_run("import")


def test_R1_import_and_export_a_second_time_write_nothing(house: House) -> None:
    house.connect()
    house.both_runs()
    first = house.writes()
    assert first > 0
    house.both_runs()
    assert house.writes() == first


def test_H2_a_save_on_the_employees_page_is_in_xero_after_its_push(house: House) -> None:
    house.connect()
    house.both_runs()
    employee = house.hra_id("1001")
    house.save_in_ess(employee, mobile=MOBILE)
    assert house.service.status().counts.waiting_for_xero == 1
    house.service.worker.drain()
    assert house.xero_record(employee)["Mobile"].replace(" ", "") == MOBILE.replace(" ", "")
    assert house.service.status().counts.waiting_for_xero == 0


def test_H2_a_save_accepted_before_a_restart_reaches_xero_after_it(house: House) -> None:
    house.connect()
    house.both_runs()
    employee = house.hra_id("1001")
    house.save_in_ess(employee, mobile=MOBILE)
    house.stop()
    house.start()
    assert house.service.worker.drain() is None
    assert house.xero_record(employee)["Mobile"].replace(" ", "") == MOBILE.replace(" ", "")


def test_H2_a_save_of_nobody_who_is_linked_stands_on_the_page(house: House) -> None:
    house.connect()
    house.save_in_ess(house.hra_id("1015"), mobile=MOBILE)  # no birth date: Xero cannot take them
    house.service.worker.drain()
    rows = [row for row in house.service.pair.store.attention() if row.scope.startswith("hook:")]
    assert len(rows) == 1
    assert rows[0].needs_person


def test_R1_the_schedule_does_the_import_before_the_export(house: House) -> None:
    house.connect()
    house.service.cycle()
    assert [(run.kind, run.started_by) for run in kinds(house)] == [
        ("import", "schedule"),
        ("export", "schedule"),
    ]


def test_L3_a_cycle_with_both_switches_off_proves_the_connections(house: House) -> None:
    house.connect()
    house.stop()
    house.set("sync", automatic_import=False, automatic_export=False)
    house.start()
    before = house.service.pair.store.connection("hra").proved
    house.hra.app.config["FAULTS"].plan("lose_access", times=9)
    house.service.cycle()
    assert kinds(house) == []
    now = {side: house.service.pair.store.connection(side) for side in SIDES}
    assert (now["hra"].connected, now["xero"].connected) == (False, True)
    assert now["hra"].proved == before
    assert "permission" in now["hra"].reason


def test_L2_both_sign_ins_are_renewed_though_nothing_syncs(house: House) -> None:
    house.connect()
    tokens = house.service.pair.lines.tokens
    before = {side: tokens[side].refreshed() for side in SIDES}
    house.service.pair.keep_alive()
    assert all(tokens[side].refreshed() != before[side] for side in SIDES)


def test_the_schedule_starts_and_the_agent_ends_in_good_order(house: House) -> None:
    house.service.start()
    assert house.service.health() == (True, "ok")
    assert json.loads(Browser().get(f"{house.page}/healthz")) == {"status": "ok"}
    assert house.service.jobs.next("cycle") is not None
    house.service.worker.stop()
    assert house.service.health() == (False, "the worker for eSS saves has stopped")
    with pytest.raises(PageFailed, match="503"):
        Browser().get(f"{house.page}/healthz")


def test_only_the_admin_with_the_password_may_sign_in(house: House) -> None:
    service = house.service
    assert service.check_password("admin", PASSWORD)
    assert not service.check_password("admin", "wrong")
    assert not service.check_password("root", PASSWORD)
    service.settings = replace(
        service.settings, page=replace(service.settings.page, password_hash="")
    )
    assert not service.check_password("admin", "")


def test_one_data_directory_is_held_by_one_process(house: House) -> None:
    with pytest.raises(DataDirBusy):
        Service(house.settings, {}, real_times())


def test_B2_a_branch_of_the_settings_that_is_none_is_found(house: House) -> None:
    house.connect()
    assert house.service.pair.check_branches() == ()
    house.stop()
    house.set("branches", default_branch="Nowhere")
    house.start()
    findings = house.service.pair.check_branches()
    assert len(findings) == 1
    assert "Nowhere" in findings[0]


def test_a_command_of_this_machine_works_through_the_running_agent(house: House) -> None:
    house.connect()
    door = Control(house.settings, _key(house))
    assert door.status()["sides"][0]["connected"] is True
    seen: list[dict[str, object]] = []
    order = {"kind": "import", "mode": "authoritative", "dry_run": True, "employee": None}
    result = door.run(order, seen.append, lambda seconds: None)
    assert result["kind"] == "import, dry run"
    assert result["lines"]
    assert house.writes() == 0


def test_a_command_with_another_key_finds_no_door(house: House) -> None:
    with pytest.raises(Elsewhere):
        Control(house.settings, Key(b"x" * 32)).status()
    request = urllib.request.Request(f"{house.page}/control/status")
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request)
    with answer.value:
        assert answer.value.code == 404


def test_a_run_that_cannot_go_on_is_told_with_its_exit_code(house: House) -> None:
    door = Control(house.settings, _key(house))
    order = {"kind": "export", "mode": "authoritative", "dry_run": False, "employee": None}
    result = door.run(order, lambda now: None, lambda seconds: None)
    assert result["exit"] == 3
    assert "not connected" in result["sentence"]


def test_the_same_application_comes_from_create_app(house: House) -> None:
    house.stop()
    app = agent.create_app(house.settings, {})
    try:
        page = app.test_client().get("/healthz", base_url=house.page)
        assert (page.status_code, page.json) == (200, {"status": "ok"})
    finally:
        app.extensions["agent"].stop()
        house.start()


def _key(house: House) -> Key:
    return Key.open(house.settings.agent.data_dir, {})
