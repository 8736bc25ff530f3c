"""Verification by command and by button, and runs that go on, over HTTP: through the running agent and without it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agent import report
from agent.cli import show
from agent.errors import Stopped
from agent.records import Run
from agent.sync import Sync
from agent.transport.urgency import EXPORT, IMPORT, PUSH, VERIFY, Urgency, urgency
from tests.browser.rows import LINKS, NOW, RUNS, ago, settings, shown
from tests.edge.cli_house import AWAY, Terminal, linked
from tests.edge.service_house import House


@pytest.mark.parametrize("running", [True, False], ids=["through the agent", "alone"])
def test_X2_verify_reads_everybody_and_writes_nothing(
    house: House, terminal: Terminal, running: bool
) -> None:
    employees = linked(house, "1001", "1002")
    house.xero_record(employees[0])["Mobile"] = AWAY
    writes = house.writes()
    if not running:
        house.stop()
    told = terminal.json("verify")
    again = terminal.json("verify", "--employee", employees[1])
    assert terminal.types("verify", "--employee", "nobody") == 2
    if not running:
        house.start()
    assert (told["kind"], told["counts"]["records"], told["counts"]["waiting"]) == ("verify", 2, 1)
    assert again["counts"]["records"] == 1
    assert house.writes() == writes
    runs = house.service.pair.store.runs(3)
    assert [run.kind for run in runs] == ["verify"] * 3
    link = house.service.pair.store.link_of("hra", employees[0])
    assert link and link.open["mobile"] == "waiting_hra"


def test_X2_verify_is_told_in_words(house: House, terminal: Terminal) -> None:
    linked(house, "1001")
    terminal.types("verify")
    assert terminal.out.startswith("Verification: 1 records looked at")


def test_R4_a_stopped_import_goes_on_over_http_without_reading_again_what_agrees(
    house: House,
) -> None:
    linked(house, "1001", "1002", "1004", "1010", "1011", "1012")
    pair = house.service.pair
    pair.run("verify", "command")
    settled = [link for link in pair.store.links() if not link.open]
    assert len(settled) > 2
    told: list[int] = []
    with pytest.raises(Stopped):
        pair.run(
            "export", "command", progress=lambda now: told.append(now.done),
            stop=lambda: len(told) > 4,
        )  # fmt: skip
    house.stop()
    house.start()
    pair, told = house.service.pair, []
    run = pair.run("export", "command", progress=lambda now: told.append(now.done)).run
    assert told[0] > 0 and run.counts["resumed"] == told[0]
    writes = house.writes()
    fresh = pair.run("export", "command", fresh=True).run
    assert "resumed" not in fresh.counts and house.writes() == writes


def test_R4_the_gates_numbers_reach_progress_and_the_runs_row(house: House) -> None:
    linked(house, "1001", "1002")
    id = house.service.begin_run("verify", "authoritative", False, None)
    house.service.runs.wait()
    state = house.service.run_state(id)
    assert state and {"phase", "done", "total", "calls_left", "seconds_left"} == {
        *state["progress"]
    }
    assert state["progress"]["calls_left"] == house.service.pair.lines.gate.day_left
    assert house.service.plain_status()["verification"]["last"]["outcome"] in ("done", "attention")


# --- what is told


def test_X2_status_says_how_long_a_full_round_takes() -> None:
    facts = settings()
    sync = replace(facts.sync, automatic_import=True)
    day = shown(settings=replace(facts, sync=sync))
    assert day.verification.told == "Everyone is re-read every 24 hours."
    assert day.verification.round_hours == 24.0
    few = replace(facts, sync=sync, xero=replace(facts.xero, daily_call_limit=1))
    found = shown(settings=few).verification
    assert found.told.startswith("Everyone is re-read every ") and "no shorter round" in found.told
    assert found.round_hours is not None and found.round_hours > 24.0
    assert report.as_json(day)["verification"]["round_hours"] == 24.0


def test_X2_status_says_where_nobody_is_read_by_itself() -> None:
    facts = settings()
    still = replace(facts.sync, automatic_import=False, automatic_export=False)
    found = shown(settings=replace(facts, sync=still)).verification
    assert found.round_hours is None and "neither import nor export is on schedule" in found.told
    on = replace(facts.sync, automatic_export=True)
    off = shown(settings=replace(facts, sync=on), standing="Switched off.").verification
    assert off.round_hours is None and off.told == "Nobody is re-read while schedules are off."


def test_X2_status_says_who_was_read_longest_ago_and_how_many_never() -> None:
    links = [
        replace(link, verified=ago(hours=hours) if hours else None)
        for hours, link in zip((5, 9, 0), LINKS[:3], strict=True)
    ]
    found = shown(links=tuple(links)).verification
    assert found.oldest is not None and found.oldest.at == NOW - timedelta(hours=9)
    assert found.never == 1


def test_X2_a_verification_that_ended_early_says_why() -> None:
    run = Run(
        "v", "verify", "page:anna", ago(hours=1), ago(minutes=50), "paused", "4 of 6 people.",
    )  # fmt: skip
    found = shown(runs=(run, *RUNS)).verification
    assert found.goes_on and found.last is not None
    assert (found.last.label, found.last.told, found.last.halted) == (
        "Verification", "ended early", True,
    )  # fmt: skip


def test_R4_a_run_under_way_says_what_is_left() -> None:
    run = Run(
        "i", "import", "page", ago(minutes=1), done=120, total=500, calls_left=4000,
        seconds_left=380,
    )  # fmt: skip
    found = shown(runs=(run,)).runs[0]
    assert found.result == "120 of 500 people, 6 minutes left"
    assert (found.calls_left, found.seconds_left) == (4000, 380)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"seconds_left": 380, "calls_left": 4012}, "6 minutes left, 4,012 Xero calls left today"),
        ({"seconds_left": None, "calls_left": 12}, "12 Xero calls left today"),
        ({"seconds_left": 60, "calls_left": None}, "a minute left"),
        ({}, ""),
    ],
    ids=str,
)
def test_R4_the_terminal_says_what_is_left(now: dict[str, int | None], told: str) -> None:
    assert show.still(now) == told


@pytest.mark.parametrize(
    ("kind", "level"), [("import", IMPORT), ("export", EXPORT), ("verify", VERIFY)]
)
def test_X1_a_run_s_calls_are_as_urgent_as_its_kind(
    house: House, monkeypatch: pytest.MonkeyPatch, kind: str, level: Urgency
) -> None:
    linked(house, "1001")
    seen: set[Urgency] = set()
    monkeypatch.setattr(Sync, "run", lambda self, *told, **more: seen.add(urgency()))
    house.service.pair.run(kind, "command")
    assert seen == {level} and urgency() is PUSH
