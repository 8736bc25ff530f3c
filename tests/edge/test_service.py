"""The running agent as a person, a sender of hooks and a command of this machine meet it, over HTTP."""

import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.security import generate_password_hash

import agent
from agent.control import Control, Elsewhere
from agent.demo.browser import Browser, PageFailed, form_values
from agent.errors import DataDirBusy, NotConnected, NotPossible
from agent.pair.home import former_home, home
from agent.plans import to_text
from agent.records import Attention, Binding, Choice, Run, Save, User
from agent.sandbox.tokens import Grant
from agent.service import Service
from agent.service.shown import news_of
from agent.side import Probe
from agent.store import Store
from agent.vault import Key
from agent.wiring import SIDES, hra_scopes, real_times, xero_scopes
from tests.edge.service_house import OTHER, PASSWORD, House
from tests.unit.local_server import LocalServer, Says

MOBILE = "0491 570 159"
EVENT = "0d1f7f35-6d0a-4b53-9d0e-0f6a4f0c2a55"


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
    assert not house.service.sign_in("hra")["failed"], "whoever waits for a sign-in still waits"


def test_L1_a_stranger_at_the_call_back_takes_no_choice_away(house: House) -> None:
    consent = Grant("payroll.admin@harbourpine.example", frozenset(), (OTHER[1],), EVENT)
    house.xero.app.config["STORE"].connect(consent)
    house.browser.get(house.service.connect("xero"))
    choices = house.service.pair.connect.choices("xero")
    assert len(choices) == 2
    with pytest.raises(PageFailed):
        Browser().get(f"{house.page}/connect/xero/callback?state=forged&code=forged")
    assert house.service.pair.connect.choices("xero") == choices
    house.service.choose("xero", OTHER[1])
    assert house.service.pair.store.binding().tenant_id == OTHER[1]


def test_L2_a_person_who_says_no_at_the_vendor_ends_the_wait_of_the_command(house: House) -> None:
    address = house.service.connect("hra")
    [state] = parse_qs(urlsplit(address).query)["state"]
    back = f"{house.page}/connect/hra/callback?error=access_denied&state="
    with pytest.raises(PageFailed):
        house.browser.get(f"{back}forged")
    assert not house.service.sign_in("hra")["failed"]
    with pytest.raises(PageFailed):
        house.browser.get(f"{back}{state}")
    now = house.service.sign_in("hra")
    assert now["failed"] and "You did not agree to it" in now["reason"]
    house.service.connect("hra")
    assert not house.service.sign_in("hra")["failed"], "another try is not answered by the first"


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
    assert [(run.kind, run.started_by) for run in kinds(house)] == [("import", "page:admin")]
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


def test_L3_a_side_that_is_away_is_no_lost_connection_and_makes_no_lost_one_good(
    house: House,
) -> None:
    house.connect()
    pair, faults = house.service.pair, house.xero.app.config["FAULTS"]
    before = pair.store.connection("xero")
    told: list[bool] = []
    for fault in ("503_html", "lose_access", "503_html", ""):
        faults.clear()
        if fault:
            faults.plan(fault, times=0)
        pair.probe()
        now = pair.store.connection("xero")
        told.append(now.connected)
        assert bool(now.reason) is bool(fault)
        assert (now.proved == before.proved) is bool(fault)
    assert told == [True, False, False, True]


def test_L3_a_sign_in_that_was_withdrawn_is_named_with_the_way_to_mend_it(house: House) -> None:
    house.connect()
    house.hra.app.config["OAUTH"].forget_refresh()
    house.service.pair.keep_alive()
    now = house.service.pair.store.connection("hra")
    # The access token still works, so the reading does; the sign-in is known to be dead.
    assert now.connected
    assert house.service.pair.expiry()["hra"] is None
    house.hra.app.config["OAUTH"].expire_access()
    house.service.pair.probe()
    now = house.service.pair.store.connection("hra")
    assert not now.connected
    assert "has ended or was withdrawn" in now.reason
    assert "Connect it on the page" in now.reason


def test_L3_the_page_is_told_when_each_sign_in_would_die(house: House) -> None:
    assert house.service.pair.expiry() == {"hra": None, "xero": None}
    house.connect()
    now = house.service.pair.times.clock()
    dies = house.service.pair.expiry()
    for side, days in (("hra", 14), ("xero", 60)):
        at = dies[side]
        assert at is not None
        assert timedelta(days=days) - timedelta(minutes=1) < at - now <= timedelta(days=days)
    assert all(one.expires and not one.expiring for one in house.service.status().sides)


def test_L1_a_sign_in_to_another_account_is_refused_and_the_old_one_still_works(
    house: House,
) -> None:
    house.connect()
    pair = house.service.pair
    before = pair.lines.tokens["hra"].obtained()
    linked = pair.store.binding()
    pair.store.bind(replace(linked, account_id="another-account"))
    with pytest.raises(PageFailed):
        house.browser.get(house.service.connect("hra"))
    assert "Disconnect first" in house.service.sign_in("hra")["reason"]
    assert pair.store.binding().account_id == "another-account"
    assert pair.lines.tokens["hra"].obtained() == before
    pair.store.bind(linked)
    assert pair.prove("hra").connected


def test_L1_a_refused_sign_in_leaves_no_connection_at_xero_that_was_not_there(house: House) -> None:
    pair = house.service.pair
    pair.store.bind(Binding(tenant_id="t-right", tenant_name="The right one"))
    with pytest.raises(PageFailed):
        house.browser.get(house.service.connect("xero"))
    assert "Disconnect first" in house.service.sign_in("xero")["reason"]
    assert house.connected() == set()


def test_L4_disconnecting_xero_deletes_its_connection_and_keeps_links_and_settings(
    house: House,
) -> None:
    house.connect()
    house.both_runs()
    store = house.service.pair.store
    links = store.links()
    told = house.service.disconnect("xero", "page:admin")
    assert house.connected() == set()
    assert "deleted" in told and "withdrawn" in told and "links are kept" in told
    assert house.service.pair.lines.tokens["xero"].obtained() is None
    assert (store.binding().tenant_id, bool(store.binding().account_id)) == ("", True)
    assert not store.connection("xero").connected and store.connection("hra").connected
    with pytest.raises(NotConnected):
        house.service.pair.run("export", "command")
    writes = house.writes()
    house.connect()
    house.both_runs()
    assert [(link.hra_id, link.xero_id) for link in store.links()] == [
        (link.hra_id, link.xero_id) for link in links
    ]
    assert house.writes() == writes, "nobody was created or written a second time"


def test_L4_a_sign_in_with_another_connection_left_is_not_withdrawn(house: House) -> None:
    house.connect()
    other = Grant("payroll.admin@harbourpine.example", frozenset(), (OTHER[1],), EVENT)
    house.xero.app.config["STORE"].connect(other)
    told = house.service.disconnect("xero", "page:admin")
    assert house.connected() == {OTHER[1]}  # a revocation ends all of them
    assert "withdrawn" not in told
    assert house.service.pair.lines.tokens["xero"].obtained() is None


def test_L4_a_disconnection_cut_short_is_shown_and_can_be_done_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.connect()
    pair = house.service.pair

    def killed(side: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pair.connect, "part", killed)
        with pytest.raises(KeyboardInterrupt):
            pair.disconnect("xero", "page:admin")
    assert not pair.store.connection("xero").connected
    pair.disconnect("xero", "page:admin")
    assert pair.store.binding().tenant_id == ""


def test_L4_X4_another_organisation_does_not_wait_for_the_pause_of_the_one_before(
    house: House,
) -> None:
    house.connect()
    pair = house.service.pair
    house.xero.app.config["FAULTS"].plan("429", path="/Settings", retry_after=86000)
    pair.prove("xero")
    parked = pair.lines.gate.parked_until
    assert parked is not None
    consent = Grant("payroll.admin@harbourpine.example", frozenset(), (OTHER[1],), EVENT)
    house.xero.app.config["STORE"].connect(consent)
    house.service.disconnect("xero", "page:admin")
    house.xero.app.config["STORE"].connect(consent)
    house.browser.get(house.service.connect("xero"))
    house.service.choose("xero", OTHER[1])
    assert pair.lines.gate.parked_until is None
    assert pair.store.parked("xero") is None
    assert pair.store.connection("xero").connected


def test_L4_disconnecting_works_though_xero_does_not_answer(house: House) -> None:
    house.connect()
    house.xero.app.config["FAULTS"].plan("lose_access", path="/connections", times=9)
    told = house.service.disconnect("xero", "command")
    assert "could not be told" in told and "Connected apps" in told
    assert house.service.pair.lines.tokens["xero"].obtained() is None
    assert house.service.pair.store.binding().tenant_id == ""


def test_L4_disconnecting_hra_cloud_says_where_to_withdraw_the_consent(house: House) -> None:
    house.connect()
    told = house.service.disconnect("hra", "page:admin")
    assert house.settings.hra.login_url in told
    assert house.service.pair.lines.tokens["hra"].obtained() is None
    assert house.service.pair.store.binding().account_id == ""
    assert house.service.disconnect("hra", "page:admin") == "HRA Cloud was not connected."


def test_L4_schedules_and_pushes_stay_off_after_a_reconnect_until_they_are_switched_on(
    house: House,
) -> None:
    house.connect()
    house.both_runs()
    house.service.disconnect("xero", "page:admin")
    house.connect()
    runs = len(kinds(house))
    assert "off" in house.service.status().switched_off
    house.service.cycle()
    assert len(kinds(house)) == runs
    employee = house.hra_id("1001")
    house.save_in_ess(employee, mobile=MOBILE)
    assert house.service.worker.drain() is None
    assert house.service.status().counts.waiting_for_xero == 1
    house.service.switch_on("page:admin")
    house.service.worker.drain()
    assert house.xero_record(employee)["Mobile"].replace(" ", "") == MOBILE.replace(" ", "")
    house.service.cycle()
    assert len(kinds(house)) == runs + 2
    what = [line.event.what for line in house.service.pair.store.audit_lines()]
    assert [one for one in what if one in ("connected", "disconnected", "switched")] == [
        "connected", "connected", "disconnected", "connected", "connected", "switched",
    ]  # fmt: skip


def test_L4_disconnecting_waits_for_the_record_in_hand_and_lets_nothing_new_begin(
    house: House,
) -> None:
    house.connect()
    pair = house.service.pair
    told: list[str] = []
    leaving = threading.Thread(target=lambda: told.append(pair.disconnect("xero", "command")))
    with pair.using():
        leaving.start()
        while not pair._turns.leaving:
            pass
        with pytest.raises(NotConnected):
            pair.run("import", "command")
        assert pair.lines.tokens["xero"].obtained() is not None
    leaving.join(30)
    assert told and pair.lines.tokens["xero"].obtained() is None


def test_L4_a_list_of_branches_that_hangs_does_not_hold_up_a_disconnect(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.connect()
    pair = house.service.pair
    reading, answered = threading.Event(), threading.Event()
    make = pair.tools.make

    def hangs() -> Any:
        reading.set()
        made = make()
        assert answered.wait(60)
        return made

    monkeypatch.setattr(pair._turns, "_make", hangs)
    ended: list[str] = []

    def push() -> None:
        try:
            pair.push("e1", ())
        except NotConnected as error:
            ended.append(error.sentence())

    pushing = threading.Thread(target=push)
    pushing.start()
    assert reading.wait(60)
    told = pair.disconnect("xero", "page:admin")
    assert "is disconnected" in told and not ended, "HRA has still not answered"
    answered.set()
    pushing.join(60)
    assert ended and "Xero is not connected" in ended[0], (
        "what was read for the old link is not used"
    )


def test_L4_work_that_does_not_end_in_time_is_told_to_have_been_stopped_and_stops(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.connect()
    pair = house.service.pair
    monkeypatch.setattr("agent.pair.turns.PATIENCE", 0.05)
    with pair.using():
        stop = pair._turns.or_leaving(lambda: False)
        assert not stop()
        with pytest.raises(NotPossible, match="asked to stop"):
            pair.disconnect("xero", "page:admin")
        assert stop(), "though the disconnect was given up"
        assert not pair._turns.or_leaving(lambda: False)(), "what begins later goes on"
    assert pair.lines.tokens["xero"].obtained() is not None


def test_L4_a_probe_under_way_does_not_call_a_side_connected_that_was_let_go_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.connect()
    pair = house.service.pair
    client = pair._client("xero")
    answered = client.probe()

    def probe() -> Probe:
        pair.disconnect("xero", "page:admin")
        return answered

    monkeypatch.setattr(client, "probe", probe)
    monkeypatch.setattr(pair, "_client", lambda side: client)
    assert not pair.prove("xero").connected
    assert not pair.store.connection("xero").connected


def test_L5_a_restored_copy_leaves_both_systems_alone_until_a_person_says_so(
    house: House,
) -> None:
    house.connect()
    house.both_runs()
    employee = house.hra_id("1001")
    house.stop()
    house.start(machine="another machine")
    calls, runs = house.calls(), len(kinds(house))
    house.service.cycle()
    house.service.pair.keep_alive()  # a refresh would end the old agent's sign-in
    assert (house.calls(), len(kinds(house))) == (calls, runs)
    pair = house.service.pair
    lost = replace(pair.store.connection("xero"), connected=False)
    pair.store.set_connection(lost)
    assert news_of(pair) == {}, "the old agent tells that"
    house.save_in_ess(employee, mobile=MOBILE)
    house.service.worker.drain()
    assert house.service.status().counts.waiting_for_xero == 1
    assert [row.kind for row in house.service.pair.store.attention() if row.scope == "standing"]
    house.service.switch_on("page:admin")
    house.service.worker.drain()
    assert house.service.status().counts.waiting_for_xero == 0
    assert not [r for r in house.service.pair.store.attention() if r.scope == "standing"]
    house.stop()
    house.start(machine="another machine")
    assert house.service.status().switched_off == ""


def test_L5_a_copy_asks_neither_system_for_anything_and_says_why(house: House) -> None:
    house.connect()
    employee = house.hra_id("1001")
    house.stop()
    house.start(machine="another machine")
    pair, calls = house.service.pair, house.calls()
    for tried in (
        lambda: pair.run("export", "command"),
        lambda: pair.run("import", "command", dry_run=True),
        lambda: pair.answer(Choice("link", employee, "command", other="x")),
        lambda: house.service.start_run("export"),
        pair.check_branches,
    ):
        with pytest.raises(NotPossible, match="schedules on"):
            tried()
    assert not pair.prove("xero").connected and "schedules on" in pair.prove("xero").reason
    assert pair.store.connection("xero").connected, "what was proved at home is not overwritten"
    for side in SIDES:
        for way in (pair.lines.tokens[side].revoke, lambda s=side: house.service.connect(s)):
            with pytest.raises(NotConnected, match="copy"):
                way()
        with pytest.raises(NotConnected, match="copy"):
            pair.lines.tokens[side].bearer(force=True)
    assert house.calls() == calls


def test_L5_disconnecting_in_a_copy_leaves_the_old_agent_its_connection(house: House) -> None:
    house.connect()
    house.stop()
    house.start(machine="another machine")
    calls = house.calls()
    told = house.service.disconnect("xero", "command")
    assert "in this copy alone" in told
    assert (house.calls(), len(house.connected())) == (calls, 1)
    assert house.service.pair.lines.tokens["xero"].obtained() is None
    assert house.service.pair.store.binding().tenant_id == ""
    assert house.service.pair.is_copy, "giving a side up makes no home of it"


def test_L5_a_folder_put_back_from_a_copy_is_a_copy_on_the_same_machine_too(house: House) -> None:
    house.stop()
    folder = house.settings.agent.data_dir
    shutil.copytree(folder, folder.parent / "backup")
    folder.rename(folder.parent / "old")
    (folder.parent / "backup").rename(folder)
    house.start()
    assert house.service.pair.is_copy


def test_L5_a_folder_of_the_version_before_is_no_copy_after_the_update(house: House) -> None:
    house.stop()
    folder, times = house.settings.agent.data_dir, real_times()
    with closing(Store(folder, times.clock)) as store:
        store.switch_off("as one did")
        store.settle_in(former_home(folder, times))
        store.switch_on()
    for _ in range(2):
        house.start()
        assert not house.service.pair.store.standing()
        house.stop()
    house.start()


def test_L5_without_a_machine_id_the_mark_is_still_one_place_s(tmp_path: Path) -> None:
    here, there, times = tmp_path / "here", tmp_path / "there", real_times()
    here.mkdir()
    there.mkdir()
    odd, none = tmp_path / "odd", tmp_path / "none"
    odd.write_bytes(b"\xff\xfe")
    marks = {home(here, times, odd), home(here, times, none)}
    (here / "state.json").write_text("{}")  # files are replaced all the time
    marks.add(home(here, times, none))
    assert len(marks) == 1
    own = tmp_path / "own"
    own.write_text("0123456789abcdef0123456789abcdef")
    assert len(marks | {home(there, times, none), home(here, times, own)}) == 3


def test_L5_the_same_machine_and_folder_is_no_copy(house: House) -> None:
    house.stop()
    house.start()
    assert house.service.status().switched_off == ""


def test_R1_an_import_that_meets_a_fault_does_not_take_the_exports_turn(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns: list[str] = []

    def run(kind: str, started_by: str, **more: object) -> None:
        turns.append(kind)
        if kind == "import":
            raise ValueError("0491 570 006")

    monkeypatch.setattr(house.service.pair, "run", run)
    house.service.cycle()
    assert turns == ["import", "export"]
    assert "import ended: ValueError" in caplog.text
    assert "0491" not in caplog.text


def given_up(house: House, employee: str) -> Attention:
    """The row of a save whose tries are used up."""
    store = house.service.pair.store
    house.save_in_ess(employee, mobile=MOBILE)
    [save] = store.waiting()
    house.service.worker._give_up(employee, [save], "Xero cannot be reached at the moment.")
    assert store.waiting() == ()
    return next(row for row in store.attention() if row.scope == f"hook:{employee}")


def test_H3_try_again_brings_a_save_that_had_failed_for_good_to_xero(house: House) -> None:
    house.connect()
    house.both_runs()
    employee = house.hra_id("1001")
    row = given_up(house, employee)
    assert "retry" in row.buttons
    answer = house.service.answer(Choice("retry", row.id, "page:admin"))
    assert answer.exit == 0
    assert house.xero_record(employee)["Mobile"].replace(" ", "") == MOBILE.replace(" ", "")
    assert row.id not in [r.id for r in house.service.pair.store.attention()]


def test_H3_try_again_while_xero_is_away_goes_on_by_itself(house: House) -> None:
    house.connect()
    house.both_runs()
    employee = house.hra_id("1001")
    row = given_up(house, employee)
    house.xero.app.config["FAULTS"].plan("429", times=9)
    answer = house.service.answer(Choice("retry", row.id, "page:admin"))
    assert "tried again by itself" in answer.sentence
    assert [save.sections for save in house.service.pair.store.waiting()] == [()]


def test_L5_try_again_while_switched_off_waits(house: House) -> None:
    house.connect()
    house.both_runs()
    row = given_up(house, house.hra_id("1001"))
    house.service.switch_off("page:admin")
    writes = house.writes()
    answer = house.service.answer(Choice("retry", row.id, "page:admin"))
    house.service.worker.drain()
    assert "once they are switched on" in answer.sentence
    assert (house.writes(), len(house.service.pair.store.waiting())) == (writes, 1)


def test_L4_a_command_without_the_service_pushes_nothing_while_switched_off(house: House) -> None:
    house.connect()
    house.both_runs()
    row = given_up(house, house.hra_id("1001"))
    pair = house.service.pair
    pair.switch_off("command")
    writes = house.writes()
    answer = pair.answer(Choice("retry", row.id, "command"))
    assert "once they are switched on" in answer.sentence
    assert house.writes() == writes
    assert [save.sections for save in pair.store.waiting()] == [()]
    pair.switch_on("command")
    house.service.worker.drain()
    assert house.writes() == writes + 1


def test_H3_what_waited_goes_out_at_once_when_a_person_connects_or_switches_on(
    house: House,
) -> None:
    house.connect()
    pair = house.service.pair
    store, later = pair.store, pair.times.clock() + timedelta(hours=9)

    def wait() -> None:
        store.accept(Save(f"w-{pair.times.new_key()}", "e1", (), pair.times.clock()))
        ids = [save.id for save in store.waiting()]
        store.postpone(ids, later, "Xero cannot be reached.", looked=False)
        assert all(save.next_try for save in store.waiting())

    wait()
    house.browser.get(house.service.connect("xero"))
    assert [save.next_try for save in store.waiting()] == [None]
    wait()
    house.service.switch_on("page:admin")
    assert [save.next_try for save in store.waiting()] == [None, None]


def test_R3_a_plan_is_applied_through_the_running_agent_exactly(house: House) -> None:
    house.connect()
    house.both_runs()
    employee = house.hra_id("1001")
    house.save_in_ess(employee, mobile=MOBILE)
    house.service.runs.wait()
    report = house.service.pair.run("export", "command", dry_run=True)
    assert report.plan is not None
    text = to_text(report.plan, house.service.pair.seal)
    writes = house.writes()
    id = house.service.apply(text, "page:admin")
    house.service.runs.wait()
    state = house.service.run_state(id)
    assert state is not None and state["result"]["kind"] == "export, as planned"
    assert house.writes() == writes + 1
    with pytest.raises(NotPossible):
        house.service.apply(text.replace("export", "import"), "page:admin")


def test_S1_approving_a_braked_run_applies_its_plan(house: House) -> None:
    house.stop()
    house.set("safety", max_creates=0)
    house.start()
    house.connect()
    house.service.cycle()
    store = house.service.pair.store
    [row] = [r for r in store.attention() if r.kind == "brake" and r.scope == "run:export"]
    assert news_of(house.service.pair)["braked"]
    writes = house.writes()
    answer = house.service.answer(Choice("approve", row.id, "page:admin"))
    assert answer.sentence.startswith("Applied exactly that plan.")
    assert house.writes() > writes
    assert row.id not in [r.id for r in store.attention()]


def test_S5_a_lost_connection_is_news_and_a_side_that_nobody_linked_is_none(house: House) -> None:
    pair = house.service.pair
    assert not any(news_of(pair).values())
    house.connect()
    assert not any(news_of(pair).values())
    house.hra.app.config["FAULTS"].plan("lose_access", times=9)
    pair.probe()
    assert news_of(pair)["lost"] == {"hra"}


def test_S5_a_lost_connection_is_told_to_the_address_of_the_settings(house: House) -> None:
    house.connect()
    with LocalServer(lambda seen: Says(200, "")) as chat:
        house.stop()
        house.set("notify", urls=(chat.url.replace("http://", "json://"),))
        house.start()
        house.service.start()
        assert house.service.jobs.next("notices") is not None
        house.hra.app.config["FAULTS"].plan("lose_access", times=9)
        house.service.pair.probe()
        notices = house.service.schedule.notices
        notices.turn()
        notices.wait(10.0)
        [told] = [json.loads(seen.body)["message"] for seen in chat.seen]
    assert told == f"1 connection lost.\n{house.settings.agent.public_url}"


def test_what_the_vendors_are_asked_to_allow_follows_the_settings(house: House) -> None:
    plain = replace(
        house.settings,
        branches=replace(house.settings.branches, match_employee_groups=False),
        matching=replace(house.settings.matching, candidates="off"),
    )
    assert "read:candidates" not in hra_scopes(plain)
    assert "accounting.settings.read" not in xero_scopes(plain)
    more = replace(
        plain,
        branches=replace(plain.branches, match_employee_groups=True),
        matching=replace(plain.matching, candidates="either"),
    )
    assert {"read:candidates", "manage:candidates"} <= set(hra_scopes(more))
    assert "accounting.settings.read" in xero_scopes(more)


def test_S2_another_page_user_signs_in_with_a_password_of_their_own(house: House) -> None:
    service = house.service
    service.pair.store.put_user(User("anna", generate_password_hash("annas words")))
    assert service.check_password("anna", "annas words")
    assert not service.check_password("anna", PASSWORD)
    assert not service.check_password("admin", "annas words")
    assert not service.check_password("nobody", "annas words")


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
    right = house.settings.branches.default_branch
    house.stop()
    house.set("branches", default_branch="Nowhere")
    house.start()
    findings = house.service.pair.check_branches()
    assert len(findings) == 1
    assert "Nowhere" in findings[0]
    [row] = [r for r in house.service.pair.store.attention() if r.scope == "settings"]
    assert "'Nowhere'. Whoever belongs there is held." in row.text
    house.stop()
    house.set("branches", default_branch=right)
    house.start()
    house.service.pair.check_branches()
    assert not [r for r in house.service.pair.store.attention() if r.scope == "settings"]


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
