"""Somebody who follows docs/recipes.md: two sandboxes, a folder, and what the page says to type or to do by hand."""

import io
import json
import os
import re
import shlex
import signal
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.security import check_password_hash

from agent.cli import main
from agent.cli.context import Context
from agent.config import Settings, load
from agent.demo.browser import Browser, PageFailed
from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.people import Person
from agent.sandbox.server import serve
from tests.edge.service_house import _free_port

DOCS = Path(__file__).parents[2] / "docs"
PATIENCE = 30.0
EXIT = re.compile(r"\s+# exit (\d(?: or \d)*)$")


class Terminal(io.StringIO):
    """Somebody sits before it."""

    def isatty(self) -> bool:
        return True


class Office:
    """Both sandboxes, one folder with an agent.ini, and somebody who types what the page says."""

    def __init__(
        self,
        folder: Path,
        here: tuple[Person, ...],
        there: tuple[Person, ...],
        patch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder, self.patch, self.capsys = folder, patch, capsys
        self.hra = serve(hra_sandbox.create(here))
        self.xero = serve(xero_sandbox.create(there))
        for served in (self.hra, self.xero):
            served.app.config["AUTO_CONSENT"] = True
        port = str(_free_port())
        self.page = f"http://localhost:{port}"
        self.environ = {
            "HRA_XERO_AGENT_PORT": port,
            "HRA_XERO_AGENT_PUBLIC_URL": self.page,
            **{f"HRA_XERO_HRA_{key}_URL": self.hra.url for key in ("API", "LOGIN")},
            **{f"HRA_XERO_XERO_{key}_URL": self.xero.url for key in ("API", "LOGIN", "IDENTITY")},
        }
        self.passwords: dict[str, str] = {}
        self.out = self.err = ""

    def close(self) -> None:
        self.hra.stop()
        self.xero.stop()

    @property
    def settings(self) -> Settings:
        return load(self.folder / "agent.ini", self.environ)

    # --- what both systems hold

    @property
    def in_hra(self) -> dict[str, Any]:
        found: dict[str, Any] = self.hra.app.config["STORE"].employees
        return found

    @property
    def in_xero(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.xero.app.config["STORE"].organisation.employees
        return found

    def writes(self) -> list[int]:
        return [served.app.config["CALLS"].writes for served in (self.hra, self.xero)]

    def json(self, *words: str) -> Any:
        """What a command tells as JSON."""
        self.type([*words, "--json"])
        return json.loads(self.out)

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [row for row in self.json("attention") if row["kind"] == kind]

    # --- typing

    def type(self, words: list[str], stdin: io.StringIO | None = None) -> int:
        """One command; its exit code, its output in `out`."""
        config = [] if "--config" in words else ["--config", "agent.ini"]
        words = [
            str(self.folder / w) if re.search(r"\.(ini|plan)$", w) else w for w in (*words, *config)
        ]
        self.patch.setattr("sys.stdin", stdin or io.StringIO())
        self.capsys.readouterr()
        code = main(words, self.environ)
        self.out, self.err = self.capsys.readouterr()
        assert "Traceback" not in self.out + self.err
        return code

    def connects(self, side: str) -> int:
        """The command connect, and the person's browser beside it."""
        told: list[str] = []
        codes: list[int] = []
        words = ["connect", side, "--config", str(self.folder / "agent.ini")]
        with self.patch.context() as patch:
            patch.setattr("builtins.print", lambda text, **how: told.append(text))
            patch.setattr(Context, "say", lambda context, text="": None)
            command = threading.Thread(
                target=lambda: codes.append(main(words, self.environ)), daemon=True
            )
            command.start()
            patiently(lambda: bool(told))
            Browser().get(told[0].splitlines()[1])
            command.join(PATIENCE)
        return codes[0]

    def runs(self) -> int:
        """The command run, until it serves and tells of both connections and schedules."""
        seen: list[dict[str, Any]] = []

        def look() -> None:
            try:
                patiently(self._serves)
                page = Browser().get(f"{self.page}/healthz")
                seen.append(json.loads(page))
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        code = self.type(["run"])
        looking.join(PATIENCE)
        assert seen == [{"status": "ok"}]
        return code

    def _serves(self) -> bool:
        try:
            return "ok" in Browser().get(f"{self.page}/healthz")
        except PageFailed:
            return False

    def says(self, rows: list[dict[str, Any]], words: str) -> int:
        """One command for each of these rows; the highest exit code."""
        assert rows
        codes = [0]
        for row in rows:
            whom = row["hra_id"] or f"xero:{row['xero_id']}"
            known = {"ID": whom if words.startswith("links") else row["id"], **ids_of(row)}
            known["HASH"] = row["plan"]
            typed = [known.get(word, word) for word in words.split()]
            who = typed[typed.index("--as") + 1] if "--as" in typed else ""
            codes.append(self.type(typed, io.StringIO(self.passwords.get(who, ""))))
        return max(codes)


def ids_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Both ids of a match desk row with one possible partner."""
    partners = {f"{one['side'].upper()}_ID": one["id"] for one in row["partners"]}
    return {"HRA_ID": row["hra_id"], "XERO_ID": row["xero_id"], **partners}


def patiently(done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < until
        time.sleep(0.05)


# --- what is done by hand --------------------------------------------------------------------------------------------


def fill_in(office: Office) -> None:
    """The six lines that init wrote."""
    fresh = load(office.folder / "fresh.ini", office.environ)
    path = office.folder / "agent.ini"
    text = path.read_text(encoding="utf-8")
    for before, after in {
        "client-id-from-hr-assured": fresh.hra.client_id,
        "client-secret-from-hr-assured": fresh.hra.client_secret,
        "client-id-from-xero": fresh.xero.client_id,
        "client-secret-from-xero": fresh.xero.client_secret,
        "\nsecret =\n": f"\nsecret = {fresh.hooks.secret[0]}\n",
        "\npassword_hash =\n": f"\npassword_hash = {fresh.page.password_hash}\n",
    }.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    assert check_password_hash(office.settings.page.password_hash, office.passwords["admin"])


def make_groups(office: Office) -> None:
    for name in office.settings.branch_map:
        requests.post(f"{office.xero.url}/_sandbox/groups", json={"add": name}, timeout=10)


def make_payable(office: Office) -> None:
    """The payroll officer finishes everybody who has no calendar yet."""
    organisation = office.xero.app.config["STORE"].organisation
    calendar = organisation.calendars[0]["PayrollCalendarID"]
    rate = organisation.pay_items["EarningsRates"][0]["EarningsRateID"]
    for id, row in list(office.in_xero.items()):
        if row.get("PayrollCalendarID"):
            continue
        lines = [
            {"ContributionType": "SGC", "CalculationType": "STATUTORY", "SuperMembershipID": one["SuperMembershipID"]}
            for one in row.get("SuperMemberships", ())
        ]  # fmt: skip
        typed = {
            "PayrollCalendarID": calendar,
            "OrdinaryEarningsRateID": rate,
        } | ({"PayTemplate": {"SuperLines": lines}} if lines else {})
        answer = requests.post(f"{office.xero.url}/_sandbox/employees/{id}", json=typed, timeout=10)
        assert answer.status_code == 204, answer.text


def type_numbers(office: Office) -> None:
    """Everybody types into eSS the number that stands in Xero."""
    for link in office.json("links"):
        tax = office.in_xero[link["xero_id"]].get("TaxDeclaration") or {}
        if "TaxFileNumber" in tax:
            address = f"{office.hra.url}/ess/{link['hra_id']}"
            answer = requests.post(
                address, data={"tfn": tax["TaxFileNumber"]}, allow_redirects=False, timeout=10
            )
            assert answer.status_code == 303, answer.text


def switch_on(office: Office) -> None:
    path = office.folder / "agent.ini"
    text = path.read_text(encoding="utf-8")
    for key in ("automatic_import", "automatic_export"):
        assert f"\n{key} = no\n" in text
        text = text.replace(f"\n{key} = no\n", f"\n{key} = yes\n")
    path.write_text(re.sub(r"\napprove =.*\n", "\napprove = bank\n", text), encoding="utf-8")
    chosen = office.settings
    assert chosen.sync.automatic_import and chosen.sync.automatic_export
    assert chosen.safety.approve == ("bank",)


HANDS: Mapping[str, Callable[[Office], None]] = {
    "In agent.ini: the ids, secrets and password hash from fresh.ini, which is then deleted; your branches in "
    "[branch_map].": fill_in,
    "In Xero: one Employee Group for each line of [branch_map].": make_groups,
    "In Xero: calendar, earnings rate and super line for everybody new.": make_payable,
    "In eSS: everybody types the tax file number.": type_numbers,
    "In agent.ini: automatic_import = yes, automatic_export = yes, approve = bank": switch_on,
}
"""The comment lines of the page's commands."""


# --- commands ----------------------------------------------------------------------------------------------------------


def init(office: Office, words: str) -> int:
    """A person at a terminal answers what init asks."""
    answers = {"HRA Cloud client id": "hra-sandbox", "Xero client id": "xero-sandbox"}
    secrets = {
        "HRA Cloud client secret": "hra-sandbox-secret",
        "Xero client secret": "xero-sandbox-secret",
    }
    with office.patch.context() as patch:
        patch.setattr("builtins.input", lambda asked: answers.get(asked.rstrip(": "), "none"))
        patch.setattr("getpass.getpass", lambda asked: secrets[asked.rstrip(": ")])
        code = office.type(shlex.split(words), Terminal())
    office.passwords["admin"] = password_in(office.out)
    return code


def add_user(office: Office, words: str) -> int:
    code = office.type(shlex.split(words))
    office.passwords[words.split()[-1]] = password_in(office.out)
    return code


def password_in(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("password ")).split()[1]


def desk(choose: Callable[[dict[str, Any]], bool]) -> Callable[[Office, str], int]:
    """A command that is typed for each row of the match desk that is meant."""
    return lambda office, words: office.says(
        [row for row in office.rows("possible-partner") if choose(row)], words
    )


def conflicts(button: str) -> Callable[[Office, str], int]:
    """A choice for every conflict for which it is the first one offered; one choice may settle several rows."""

    def choose(office: Office, words: str) -> int:
        codes = []
        while rows := [row for row in office.rows("conflict") if _offered(office, row) == button]:
            codes.append(office.says([*{row["hra_id"]: row for row in rows}.values()], words))
            assert len(codes) < 5
        return max(codes)

    return choose


def _offered(office: Office, row: Mapping[str, Any]) -> str:
    """The authoritative system's value where it may stand, else the other's."""
    wanted = f"use_{office.settings.sync.authoritative_system}"
    return wanted if wanted in row["buttons"] else str(row["buttons"][0])


SPECIAL: Mapping[str, Callable[[Office, str], int]] = {
    "init": init,
    "users add": add_user,
    "connect hra": lambda office, words: office.connects("hra"),
    "connect xero": lambda office, words: office.connects("xero"),
    "run": lambda office, words: office.runs(),
    "attention show ID": lambda office, words: office.says(office.json("attention"), words),
    "links add": desk(lambda row: "same name" in row["partners"][0]["why"]),
    "links create": desk(lambda row: True),
    "attention resolve ID --use hra": conflicts("use_hra"),
    "attention resolve ID --use xero": conflicts("use_xero"),
    "import --yes-to HASH": lambda office, words: office.says(office.rows("brake"), words),
    "attention approve": lambda office, words: office.says(office.rows("approval"), words),
}
"""Commands that need more than typing, by how they begin."""


def follow(office: Office, number: int) -> list[tuple[str, int]]:
    """Do everything that one story says; each command with its exit code."""
    done = []
    for line in story(number):
        if line.startswith("# "):
            HANDS[line[2:]](office)
        elif line.startswith("install "):
            _, _, mode, source, target = line.split()
            made = office.folder / target
            made.write_bytes((DOCS.parent / source).read_bytes())
            made.chmod(int(mode, 8))
        else:
            done.append(_typed(office, line))
    return done


def _typed(office: Office, line: str) -> tuple[str, int]:
    expected = EXIT.search(line)
    assert expected, line
    program, _, words = EXIT.sub("", line).partition(" ")
    assert program == "hra-xero-agent"
    special = next(
        (does for start, does in SPECIAL.items() if f"{words} ".startswith(f"{start} ")), None
    )
    code = special(office, words) if special else office.type(shlex.split(words))
    assert str(code) in expected[1].split(" or "), f"{line}\n{office.out}{office.err}"
    return words, code


def story(number: int) -> list[str]:
    """The lines of the fenced blocks of one story."""
    text = (DOCS / "recipes.md").read_text(encoding="utf-8")
    told = re.split(r"^## ", text, flags=re.MULTILINE)
    (found,) = (part for part in told if part.startswith(f"{number}. "))
    blocks = re.findall(r"^```sh\n(.*?)^```", found, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]
