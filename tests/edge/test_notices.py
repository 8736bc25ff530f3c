"""Notices: what is told, how often, and that no address of theirs and nobody's name is ever shown."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.notices import News, Notices, news, to_tell, unknown
from agent.records import Approval, Attention, Connection, Link, Run
from tests.unit.local_server import LocalServer, Says, Seen

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAGE = "http://localhost:8710"
FINE = (Connection("hra", True), Connection("xero", True))


def found(
    connections: tuple[Connection, ...] = FINE,
    dies: dict[str, datetime | None] | None = None,
    runs: tuple[Run, ...] = (),
    attention: tuple[Attention, ...] = (),
    links: tuple[Link, ...] = (),
) -> News:
    return news(connections, dies or {}, runs, attention, links, NOW)


def run(kind: str, outcome: str) -> Run:
    return Run("r1", kind, "schedule", NOW, NOW, outcome)


def waiting(*states: str) -> Link:
    approvals = {
        f"field{n}": Approval("to_xero", f"m{n}", NOW, "eSS", state)
        for n, state in enumerate(states)
    }
    return Link("l1", "h1", "x1", approvals=approvals)


def test_S5_nothing_is_told_while_all_is_well() -> None:
    assert to_tell({}, found(runs=(run("import", "done"),)), PAGE) == ""


def test_S5_lost_connections_failures_the_brake_and_approvals_make_one_notice_of_counts() -> None:
    rows = (
        Attention("run:import", "brake", "Would change 9 of 10 people.", plan="0123456789ab"),
        Attention("hook:h7", "push", "A save of somebody.", hra_id="h7"),
        Attention("hook:h8", "push", "A save of somebody.", hra_id="h8"),
    )
    now = found(
        connections=(Connection("hra", False), Connection("xero", True)),
        dies={"hra": None, "xero": NOW + timedelta(days=6)},
        runs=(run("import", "done"), run("export", "failed"), run("import", "failed")),
        attention=rows,
        links=(waiting("waiting", "approved", "waiting"),),
    )
    assert to_tell({}, now, PAGE) == (
        "1 connection lost, 1 sign-in about to end, 3 failures, 1 run stopped by the brake, "
        f"2 approvals waiting.\n{PAGE}"
    )


def test_L3_a_sign_in_is_told_of_before_it_dies() -> None:
    far, near = NOW + timedelta(days=13), NOW + timedelta(days=2, hours=23)
    assert to_tell({}, found(dies={"hra": far}), PAGE) == ""
    assert "sign-in about to end" in to_tell({}, found(dies={"hra": near}), PAGE)


def test_S5_a_matter_is_told_once_and_again_only_when_it_came_back() -> None:
    lost = found(connections=(Connection("hra", False), FINE[1]))
    assert to_tell({}, lost, PAGE)
    assert to_tell(lost, lost, PAGE) == ""
    assert to_tell(lost, found(), PAGE) == ""
    assert to_tell(found(), lost, PAGE)


def test_S5_only_kinds_with_something_new_are_told() -> None:
    before = found(links=(waiting("waiting", "waiting"),), runs=(run("import", "failed"),))
    fewer = found(links=(waiting("waiting", "approved"),), runs=(run("import", "failed"),))
    more = found(links=(waiting("waiting", "waiting", "waiting"),), runs=(run("import", "failed"),))
    assert to_tell(before, fewer, PAGE) == ""
    assert to_tell(before, more, PAGE) == f"3 approvals waiting.\n{PAGE}"


def test_S5_what_a_person_dismissed_is_no_news() -> None:
    row = Attention("hook:h7", "push", "A save.", hra_id="h7", dismissed=True)
    assert to_tell({}, found(attention=(row,)), PAGE) == ""


class Chat:
    """A service that takes notices as JSON, or does not."""

    def __init__(self) -> None:
        self.status = 200
        self.told: list[str] = []
        self.server = LocalServer(self)

    def __call__(self, seen: Seen) -> Says:
        if self.status == 200:
            self.told.append(json.loads(seen.body)["message"])
        return Says(self.status, "")


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()
    with made.server:
        yield made


class Desk:
    """Notices over news that a test sets, with a clock that it moves."""

    def __init__(self, folder: Path, *urls: str) -> None:
        self.folder = folder
        self.urls = urls
        self.now = NOW
        self.news: News = {}
        self.notices = self.fresh()

    def fresh(self) -> Notices:
        """As after a start."""
        return Notices(self.folder, self.urls, PAGE, lambda: self.news, lambda: self.now)

    def turn(self, notices: Notices | None = None) -> None:
        """One look, and its notice."""
        one = notices or self.notices
        one.turn()
        one.wait(10.0)


LOST: News = {"lost": frozenset({"xero"})}


def address(chat: Chat) -> str:
    return chat.server.url.replace("http://", "json://user:hunter2@")


def test_S5_a_notice_goes_out_once_and_not_again_after_a_restart(
    tmp_path: Path, chat: Chat
) -> None:
    desk = Desk(tmp_path, address(chat))
    desk.turn()
    desk.news = LOST
    desk.turn()
    desk.turn()
    desk.turn(desk.fresh())
    assert chat.told == [f"1 connection lost.\n{PAGE}"]
    desk.now += timedelta(minutes=30)
    desk.news = {}
    desk.turn()
    desk.news = LOST
    desk.turn()
    assert len(chat.told) == 2


def test_S5_a_bad_hour_is_a_few_notices_and_each_sums_up_what_came_meanwhile(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    now, saves = [NOW], [0]

    def send(title: str, text: str) -> bool:
        told.append(text)
        return True

    def look() -> News:
        return {"failed": frozenset(f"save:{number}" for number in range(saves[0]))}

    notices = Notices(tmp_path, ("json://x",), PAGE, look, lambda: now[0], send)
    for _ in range(120):  # each minute one more employee's save ends on the page
        saves[0] += 1
        notices.turn()
        notices.wait(10.0)
        now[0] += timedelta(minutes=1)
    assert [text.split("\n")[0] for text in told] == [
        "1 failure.", "31 failures.", "61 failures.", "91 failures.",
    ]  # fmt: skip


def test_S5_a_notice_that_nobody_took_is_sent_again_with_growing_waits(
    tmp_path: Path, chat: Chat
) -> None:
    desk = Desk(tmp_path, address(chat))
    chat.status, desk.news = 503, LOST
    desk.turn()
    asked = len(chat.server.seen)
    desk.turn()
    assert len(chat.server.seen) == asked
    desk.now += timedelta(minutes=1)
    desk.turn()
    asked = len(chat.server.seen)
    desk.now += timedelta(minutes=1)
    desk.turn()
    assert len(chat.server.seen) == asked
    chat.status = 200
    desk.now += timedelta(minutes=1)
    desk.turn()
    assert chat.told == [f"1 connection lost.\n{PAGE}"]


def test_S5_one_address_that_fails_does_not_make_another_hear_it_twice(
    tmp_path: Path, chat: Chat
) -> None:
    desk = Desk(tmp_path, "json://127.0.0.1:9/", address(chat))
    desk.news = LOST
    desk.turn()
    desk.now += timedelta(hours=2)
    desk.turn()
    assert len(chat.told) == 1


def test_S4_an_address_of_a_notice_is_in_no_log_and_no_file(
    tmp_path: Path, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        desk = Desk(tmp_path, address(chat), "nonsense://user:hunter2@nowhere")
        chat.status, desk.news = 500, LOST
        desk.turn()
        chat.status = 200
        desk.now += timedelta(hours=1)
        desk.turn()
    assert len(chat.told) == 1
    assert "address 2 is none that Apprise knows" in caplog.text
    assert "address 1 did not take a notice" in caplog.text
    kept = "".join(path.read_text("utf-8") for path in tmp_path.iterdir())
    assert "hunter2" not in caplog.text + kept


def test_S5_a_service_that_breaks_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(title: str, text: str) -> bool:
        raise ValueError("hunter2")

    notices = Notices(tmp_path, ("json://x",), PAGE, lambda: LOST, lambda: NOW, broken)
    notices.turn()
    notices.wait(10.0)
    assert "ValueError" in caplog.text
    assert "hunter2" not in caplog.text


def test_S5_without_an_address_nothing_is_looked_at(tmp_path: Path) -> None:
    def never() -> News:
        raise AssertionError("looked")

    Notices(tmp_path, (), PAGE, never, lambda: NOW).turn()


def test_S5_the_addresses_that_no_service_has_are_known_by_their_number() -> None:
    assert unknown(("json://localhost/x", "nonsense://x", "mailtos://u:p@example.com")) == (2,)
