"""One try: the agent's life cut off at a point, a second life that finishes the work, and what must be true then.

The oracle is the same scenario lived through without a kill. After the second life both sides, the links and the rows
that wait for a person must be the same; no write may have been taken twice; another run writes nothing.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import requests

from tests.crash.sides import MOVED, Row, Write
from tests.crash.stage import AFTERWARDS, REPORT, Broken, Scenario, Stage, with_ids

NOWHERE = "nowhere"  # where a life died that came to its end


@dataclass
class Ended:
    """How everything stood once all was finished."""

    state: Row
    memory: Row
    writes: list[Write] = field(default_factory=list)


class Trial:
    """All tries of one scenario."""

    def __init__(self, stage: Stage, scenario: Scenario) -> None:
        self.stage = stage
        stage.back(stage.begun(scenario.start))
        scenario.before(stage.sides)
        self.scenario = with_ids(scenario, stage.sides)
        if scenario.led_by:
            stage.live(self.scenario, self.scenario.led_by)
        stage.sides.clock.move(minutes=scenario.minutes)
        self._moment = stage.keep()
        first = stage.live(self.scenario, self.scenario.act, traced=True)
        self.points = first.points
        self.wanted = self._finished(first.writes)
        self.first = first

    def named(self, *kinds: str) -> list[str]:
        """The points whose kind begins so."""
        return [one["point"] for one in self.points if one["point"].startswith(kinds)]

    def distinct(self) -> list[str]:
        """One point for each state that a kill can leave."""
        return list({one["state"]: one["point"] for one in reversed(self.points)}.values())[::-1]

    def kill(self, at: str, again: int = 0, late: bool = False) -> str:
        """Cut the life off at this point (and its next life at point number `again`), finish, and compare; the point.

        `late`: the request that was about to leave did leave, and arrives only once the next life has looked. Threads
        may pass a point more or less than the first time: a life that ended before its point is compared all the same.
        Raises Broken.
        """
        try:
            return self._killed(at, again, late)
        except Broken as broken:
            more = (f", again at {again}" if again else "") + (", landing late" if late else "")
            raise Broken(f"{self.scenario.name}, killed at {at}{more}: {broken}") from None

    def _killed(self, at: str, again: int, late: bool) -> str:
        stage, scenario = self.stage, self.scenario
        stage.back(self._moment)
        life = stage.live(scenario, scenario.act, kill=at)
        writes, taken = life.writes, life.taken
        if again:
            stage.sides.clock.move(minutes=1)
            second = stage.live(scenario, scenario.finishing, kill=str(again))
            writes, taken = writes + second.writes, taken | second.taken
        flying = life.died.get("in flight") if late else None
        self._compare(self._finished(writes, taken, flying, cut=True))
        return str(life.died.get("died", NOWHERE))

    def _finished(
        self,
        writes: list[Write],
        taken: set[str] | None = None,
        flying: Row | None = None,
        cut: bool = False,
    ) -> Ended:
        """The next lives: a minute later, when HRA's actions are through, and once more when nothing may be left."""
        stage, scenario = self.stage, self.scenario
        finishing = [
            s for s in scenario.finishing if s[0] != "hook" or s[1]["id"] not in (taken or ())
        ]
        stage.sides.clock.move(minutes=1)
        begun = stage.live(scenario, [*REPORT, *finishing, *AFTERWARDS])
        if cut:
            self._looks_well(begun.step("report"))
        if flying is not None:
            _land(flying)
            stage.sides.take_writes()  # the agent did not send it twice
        stage.sides.clock.move(minutes=40)
        last = stage.live(
            scenario, [*AFTERWARDS * scenario.cycles, *scenario.later, *REPORT, *AFTERWARDS]
        )
        if last.sent_at_last:
            raise Broken(
                f"promise 2: a further run wrote {_told(last.writes[-last.sent_at_last :])}"
            )
        ended = Ended(stage.sides.state(), last.step("report"), writes + begun.writes + last.writes)
        ended.memory["names"] = stage.sides.names()
        return ended

    def _looks_well(self, memory: Row) -> None:
        """What the next life finds, and shows."""
        if memory["audit"]:
            raise Broken(f"S3: the audit log is not whole: {memory['audit']}")
        for kind, outcome, reason in memory["runs"]:
            if outcome == "running" or (outcome == "stopped" and "was stopped" not in reason):
                raise Broken(
                    f"the run row of an {kind} that was cut off says {outcome}: {reason!r}"
                )

    def _compare(self, ended: Ended) -> None:
        wanted = self.wanted
        _same("promise 1: both sides", wanted.state, ended.state)
        if repeated := _repeated(ended.writes) - _repeated(wanted.writes):
            raise Broken(f"X3: written twice: {[part[:3] for part in repeated]}")
        memory, remembered = _memory(ended.memory), _memory(wanted.memory)
        _same("what the agent remembers", remembered, memory)


def _land(flying: Row) -> None:
    """A request that was under way for long arrives."""
    requests.request(
        flying["method"], flying["url"], headers=flying["headers"], timeout=30,
        data=bytes.fromhex(flying["body"]),
    )  # fmt: skip


def _repeated(writes: Sequence[Write]) -> set[tuple[str, str, str, bytes]]:
    """What was taken more than once, word for word."""
    taken = Counter((w.side, w.method, w.path, w.body) for w in writes if w.taken)
    return {content for content, count in taken.items() if count > 1}


def _told(writes: Sequence[Write]) -> list[str]:
    return [f"{w.side} {w.method} {w.path} {w.status}" for w in writes]


def _memory(memory: Row) -> Row:
    """What the agent remembers, people by name, without what differs from life to life."""
    names = memory["names"]

    def name(id: str | None) -> str:
        return str(names.get(id or "", id or ""))

    return {
        "links": sorted(
            json.dumps({
                "hra": name(link["hra_id"]), "xero": name(link["xero_id"]),
                "agreed": sorted(link["agreed"]), "kept": sorted(link["kept"]),
                "held": sorted(link["held"]), "open": link["open"], "sending": link["sending"],
                "approvals": {n: a["state"] for n, a in link["approvals"].items()},
            }, sort_keys=True)
            for link in memory["links"]
        ),
        "logged": sorted({
            f"{name(e['hra_id']).removesuffix(MOVED)}: {field}"
            for e in memory["events"] if e["what"] in ("written", "agreed")
            for field in e["fields"]
        }),
        "attention": sorted(
            f"{row['kind']}: {row['text']} {row['fields']} {name(row['hra_id'])} {name(row['xero_id'])}"
            for row in memory["attention"]
        ),
        **{part: memory[part] for part in
           ("audit", "waiting", "pending", "standing", "stopped", "connected", "binding")},
    }  # fmt: skip


def _same(what: str, wanted: Row, found: Row) -> None:
    for part in wanted:
        if wanted[part] == found[part]:
            continue
        if isinstance(wanted[part], list):
            lost = [one for one in wanted[part] if one not in found[part]]
            more = [one for one in found[part] if one not in wanted[part]]
            if not lost and not more:
                lost = [f"{len(wanted[part])} rows, not {len(found[part])}"]
            raise Broken(f"{what}: {part}: instead of {lost} there is {more}")
        raise Broken(f"{what}: {part}: {wanted[part]!r} became {found[part]!r}")
