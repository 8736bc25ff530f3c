"""Where lives of the agent are lived: both sides, one folder, one agent.ini, and the process that forks each life.

A moment of all of it can be kept, and come back to. Steps name people by their first name; the agent is told ids.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agent.sandbox.people import BRANCHES, GROUPS
from tests.crash.sides import Row, Sides, Write

ROOT = Path(__file__).resolve().parents[2]
KILLED = 9
HOOK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SETTINGS = """\
[agent]
data_dir = {folder}
port = 8799
public_url = http://localhost:8799
[hra]
api_url = {hra}
login_url = {hra}
client_id = hra-sandbox
client_secret = hra-sandbox-secret
[xero]
api_url = {xero}
login_url = {xero}
identity_url = {xero}
client_id = xero-sandbox
client_secret = xero-sandbox-secret
[sync]
authoritative_system = hra
automatic_import = yes
automatic_export = yes
verify_every_hours = 3
{sync}
[matching]
employees = date_of_birth
candidates = date_of_birth
[branches]
match_employee_groups = yes
allow_transfers = yes
default_branch = {default}
[branch_map]
{groups}
[hooks]
secret = {secret}
[safety]
max_changed_share = 100%
{safety}
"""

Step = tuple[str, dict[str, Any]]
CYCLE: tuple[Step, ...] = (("cycle", {}),)
CONNECTING: tuple[Step, ...] = (("connect", {"side": "hra"}), ("connect", {"side": "xero"}))
DRAIN: tuple[Step, ...] = (("drain", {}),)
STARTS = {"connected": CONNECTING, "linked": CYCLE}
AFTERWARDS: tuple[Step, ...] = (*DRAIN, *CYCLE, *DRAIN)
REPORT: tuple[Step, ...] = (("report", {}),)


@dataclass(frozen=True)
class Scenario:
    """`before` happens at the sides, then `led_by` in a life that is not cut off, and `minutes` later `act` in the life
    that is; `finish` (empty: `act` again) is what the next life does, a minute later, and `later` what a person does in
    the last one, for what had to wait until then. `start`: what the agent had
    before all that: "new" nothing, "connected" both sign-ins, "linked" an import and an export too.
    """

    name: str
    act: Sequence[Step]
    before: Callable[[Sides], object] = lambda sides: None
    led_by: Sequence[Step] = ()
    finish: Sequence[Step] = ()
    start: str = "linked"
    minutes: float = 5
    cycles: int = 1
    later: Sequence[Step] = ()
    safety: str = ""
    sync: str = ""

    @property
    def finishing(self) -> Sequence[Step]:
        return self.finish or self.act


@dataclass
class Life:
    """What came of one life of the agent."""

    killed: bool
    told: list[Row]
    writes: list[Write]

    @property
    def faults(self) -> list[str]:
        return [
            str(one.get("fault") or one.get("gap"))
            for one in self.told
            if "fault" in one or "gap" in one
        ]

    @property
    def died(self) -> Row:
        """Where it was cut off, and the request that was about to leave; empty for a life that came to its end."""
        return next((one for one in self.told if "died" in one), {})

    @property
    def points(self) -> list[Row]:
        return [one for one in self.told if "point" in one]

    @property
    def taken(self) -> set[str]:
        """Hooks that were answered with 202."""
        return {one["taken"] for one in self.told if "taken" in one}

    @property
    def sent_at_last(self) -> int:
        """Writes after the last report."""
        steps = [one for one in self.told if "step" in one]
        reported = max(n for n, one in enumerate(steps) if one["step"] == "report")
        return int(sum(one["sent"] for one in steps[reported:]))

    def step(self, name: str) -> Any:
        """What the last step of this name told."""
        return [one["told"] for one in self.told if one.get("step") == name][-1]


class Broken(AssertionError):
    """A promise did not hold; the text says which, where, and how it is met again."""


class Stage:
    """One set of sides and one folder, on which lives are lived."""

    def __init__(self, sides: Sides, folder: Path) -> None:
        self.sides = sides
        self.folder = folder
        folder.mkdir()
        self._lives = 0
        self._kept = 0
        self._begun: dict[str, Row] = {}
        self._forker = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        assert self._forker.stdin and self._forker.stdout
        self._forker.stdin.close()
        self._forker.wait(10)
        self._forker.stdout.close()

    def settings(self, scenario: Scenario) -> str:
        """The agent.ini of a scenario."""
        groups = "\n".join(f'"{g}" = {b}' for g, b in zip(GROUPS, BRANCHES, strict=True))
        return SETTINGS.format(
            folder=self.folder, hra=self.sides.hra.url, xero=self.sides.xero.url, groups=groups,
            default=BRANCHES[0], secret=HOOK_SECRET, safety=scenario.safety, sync=scenario.sync,
        )  # fmt: skip

    def live(
        self,
        scenario: Scenario,
        steps: Sequence[Step],
        kill: str = "",
        traced: bool = False,
    ) -> Life:
        """One life of the agent."""
        self._lives += 1
        order = {
            "settings": self.settings(scenario),
            "folder": str(self.folder),
            "now": self.sides.clock().isoformat(),
            "name": f"life{self._lives}",
            "steps": list(steps),
            "kill": kill,
            "traced": traced,
        }
        assert self._forker.stdin and self._forker.stdout
        self._forker.stdin.write(json.dumps(order) + "\n")
        self._forker.stdin.flush()
        answer = json.loads(self._forker.stdout.readline())
        life = Life(answer["signal"] == KILLED, answer["told"], self.sides.take_writes())
        if life.faults:
            raise Broken(f"{scenario.name}: {life.faults[0]}")
        return life

    # --- a moment to come back to, the folder with it

    def begun(self, start: str) -> Row:
        """The moment from which a scenario starts; the first time it is lived up to."""
        if start not in self._begun:
            if start == "new":
                self._begun[start] = self.keep()
            else:
                self.back(self.begun("new" if start == "connected" else "connected"))
                self.live(Scenario(start, ()), STARTS[start])
                self.sides.clock.move(minutes=5)
                self._begun[start] = self.keep()
        return self._begun[start]

    def keep(self) -> Row:
        """Remember how everything stands."""
        self._kept += 1
        kept = self.folder.with_name(f"{self.folder.name}-{self._kept}")
        shutil.copytree(self.folder, kept)
        return {**self.sides.moment(), "folder": kept}

    def back(self, moment: Row) -> None:
        """Everything as it was; the folder itself stays, for another one in its place would be a copy (L5)."""
        for path in self.folder.iterdir():
            path.unlink()
        for path in moment["folder"].iterdir():
            shutil.copy2(path, self.folder / path.name)
        self.sides.put_back(moment)


def with_ids(scenario: Scenario, sides: Sides) -> Scenario:
    """Steps name people by their first name; the agent is told ids."""

    def told(steps: Sequence[Step]) -> list[Step]:
        return [(n, {k: _id(sides, v) for k, v in words.items()}) for n, words in steps]

    return replace(
        scenario, act=told(scenario.act), led_by=told(scenario.led_by), finish=told(scenario.finish)
    )


def _id(sides: Sides, word: Any) -> Any:
    side, _, first = word.partition("@") if isinstance(word, str) else ("", "", "")
    if not first:
        return word
    return sides.hra_record(first).id if side == "hra" else sides.xero_record(first)["EmployeeID"]
