"""Notices to e-mail or chat: a connection lost or about to end, failures, the brake, approvals that wait (S5).

`news` and `to_tell` decide, `Notices` sends through Apprise in the background. Promises: a notice has counts and the
page's address and nothing else; each matter is told once, and again only after it went away and came back, restarts
included; after a notice it is quiet for a while, and the next one sums up what came meanwhile; an address of a notice
is a secret and stands in no log, file or error; nothing here waits or raises.
"""

import json
import logging
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import apprise

from agent.files import replace_file
from agent.records import Attention, Connection, Link, Run
from agent.report.told import WARNED

TOLD_FILE = "notices.json"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
QUIET = timedelta(minutes=30)  # after a notice: a bad day is some notices, not hundreds
PATIENCE = 30.0  # seconds for one service
KINDS: Mapping[str, tuple[str, str]] = {
    "lost": ("{n} connection lost", "{n} connections lost"),
    "ending": ("{n} sign-in about to end", "{n} sign-ins about to end"),
    "failed": ("{n} failure", "{n} failures"),
    "braked": ("{n} run stopped by the brake", "{n} runs stopped by the brake"),
    "approvals": ("{n} approval waiting", "{n} approvals waiting"),
}
TITLE = "HRA Cloud and Xero"

News = Mapping[str, frozenset[str]]
"""Kind of news -> marks of the matters that stand now. Marks are ids and field names, never a value."""

Send = Callable[[str, str], bool]

_log = logging.getLogger("agent.notices")


def news(
    connections: Sequence[Connection],
    dies: Mapping[str, datetime | None],
    runs: Sequence[Run],
    attention: Sequence[Attention],
    links: Sequence[Link],
    now: datetime,
) -> News:
    """What stands now that somebody should hear of. `connections` are those of the linked sides; `runs` newest first."""
    last = {kind: next((r for r in runs if r.kind == kind), None) for kind in ("import", "export")}
    failed = {f"run:{kind}" for kind, run in last.items() if run and run.outcome == "failed"}
    open_rows = [row for row in attention if row.needs_person and not row.dismissed]
    return {
        "lost": frozenset(one.side for one in connections if not one.connected),
        "ending": frozenset(side for side, at in dies.items() if at and at - now < WARNED[side]),
        "failed": frozenset(
            failed | {f"save:{row.hra_id}" for row in open_rows if row.kind == "push"}
        ),
        "braked": frozenset(f"{r.scope}:{r.plan}" for r in open_rows if r.kind == "brake"),
        "approvals": frozenset(
            f"{link.id}:{name}:{approval.mark}"
            for link in links
            for name, approval in link.approvals.items()
            if approval.state == "waiting"
        ),
    }


def to_tell(before: News, now: News, url: str) -> str:
    """The text of one notice about all kinds that have something new; "" where nothing is new.

    What stood before is counted along, so that the number is the one on the page.
    """
    fresh = [kind for kind in KINDS if now.get(kind, frozenset()) - before.get(kind, frozenset())]
    if not fresh:
        return ""
    told = [_counted(kind, len(now[kind])) for kind in fresh]
    return f"{', '.join(told)}.\n{url}"


def _counted(kind: str, count: int) -> str:
    one, many = KINDS[kind]
    return (one if count == 1 else many).format(n=count)


class Notices:
    """Tells what is new. `send(title, text)` says whether anybody took it; None: through the addresses of `urls`.

    `look` gives the news of this moment. What was told is kept in the data directory.
    """

    def __init__(
        self,
        data_dir: Path,
        urls: Sequence[str],
        page: str,
        look: Callable[[], News],
        clock: Callable[[], datetime],
        send: Send | None = None,
    ) -> None:
        self.on = bool(urls)
        self._path = data_dir / TOLD_FILE
        self._page = page
        self._look = look
        self._clock = clock
        self._send = send or (_sender(urls) if urls else _nobody)
        self._told = _read(self._path)
        self._wait = FIRST_WAIT
        self._not_before: datetime | None = None
        self._thread: threading.Thread | None = None

    def turn(self) -> None:
        """Look, and send what is new in a thread of its own; nothing while an earlier notice is on its way, or soon after."""
        now = self._clock()
        busy = self._thread is not None and self._thread.is_alive()
        quiet = self._not_before is not None and now < self._not_before <= now + LONGEST_WAIT
        if not self.on or busy or quiet:  # later than any wait reaches: the clock was set back
            return
        found = self._look()
        text = to_tell(self._told, found, self._page)
        if not text:
            self._remember(found)
            return
        self._thread = threading.Thread(
            target=self._deliver, args=(text, found, now), name="notice", daemon=True
        )
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Until the notice on its way has come to its end, or so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _deliver(self, text: str, found: News, now: datetime) -> None:
        try:
            taken = self._send(TITLE, text)
        except Exception as error:  # its text may quote the address
            _log.warning("notice not sent: %s", type(error).__name__)
            taken = False
        if taken:
            self._wait, self._not_before = FIRST_WAIT, now + QUIET
            self._remember(found)
            return
        self._not_before = now + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT)

    def _remember(self, found: News) -> None:
        if found == self._told:
            return
        self._told = found
        told = {kind: sorted(marks) for kind, marks in found.items()}
        try:
            replace_file(self._path, json.dumps(told).encode() + b"\n")
        except OSError as error:  # told again after a restart, at worst
            _log.warning("notices not remembered: %s", type(error).__name__)


def _read(path: Path) -> News:
    try:
        told = json.loads(path.read_bytes())
        return {str(kind): frozenset(map(str, marks)) for kind, marks in told.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _nobody(title: str, text: str) -> bool:
    return True


def unknown(urls: Sequence[str]) -> tuple[int, ...]:
    """Which of the addresses, counted from 1, are none that Apprise knows."""
    return tuple(number for number, service in _services(urls).items() if service is None)


def _sender(urls: Sequence[str]) -> Send:
    """Apprise for these addresses. One that does not work is told in the log by its number alone."""
    services = _services(urls)
    for number, service in services.items():
        if service is None:
            _log.warning("[notify] urls: address %d is none that Apprise knows", number)

    def send(title: str, text: str) -> bool:
        taken = {
            number: bool(service.notify(body=text, title=title))
            for number, service in services.items()
            if service is not None
        }
        for number in (number for number, took in taken.items() if not took):
            _log.warning("[notify] urls: address %d did not take a notice", number)
        # Sent again to all only where nobody has it: those who do must not hear it twice.
        return any(taken.values()) or not taken

    return send


def _services(urls: Sequence[str]) -> dict[int, apprise.Apprise | None]:
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it quotes addresses
    asset = apprise.AppriseAsset(
        app_id="hra-xero-agent",
        app_desc="HRA Cloud-Xero agent",
        async_mode=False,
        secure_logging=True,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        allow_templates=False,
        service_timeout=PATIENCE,
        pgp_autogen=False,
        pem_autogen=False,
    )
    found: dict[int, apprise.Apprise | None] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the libraries below its plugins
        for number, url in enumerate(urls, 1):
            service = apprise.Apprise(asset=asset)
            found[number] = service if service.add(url) else None
    return found
