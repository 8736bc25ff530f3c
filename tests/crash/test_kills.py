"""Promises 1, 2 and 4: each scenario cut off by SIGKILL at points drawn by chance, or at every one with HRA_XERO_LONG=1.

A failure names the point and the seed; HRA_XERO_SEED draws the same points again.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from random import Random, SystemRandom

import pytest

from tests.crash.scenarios import LINKED, SCENARIOS
from tests.crash.sides import sides
from tests.crash.stage import Scenario, Stage
from tests.crash.trial import NOWHERE, Trial

LONG = bool(os.environ.get("HRA_XERO_LONG"))
SEED = os.environ.get("HRA_XERO_SEED") or str(SystemRandom().randrange(1_000_000))
AT_A_SIDE = ("side", "token")
# What the second kill of a scenario is in the midst of, in turn.
AT_THE_DISK = (("torn",), ("rename",), ("create", "write", "sync", "cut", "remove"))
DRAWS = 4
AGAIN_UP_TO = 60  # points of the next life among which a second kill is drawn


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Both sides and the process that forks lives of the agent, for all scenarios."""
    with sides(LINKED) as two:
        made = Stage(two, tmp_path_factory.mktemp("crash") / "data")
        yield made
        made.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name.replace(" ", "_"))
def test_promise1_promise2_promise4_killed_anywhere_it_ends_as_if_it_had_never_been_killed(
    stage: Stage, scenario: Scenario
) -> None:
    print(f"HRA_XERO_SEED={SEED}")
    began = time.monotonic()
    random = Random(f"{SEED} {scenario.name}")
    place = SCENARIOS.index(scenario)
    trial = Trial(stage, scenario)
    at_sides, at_disk = trial.named(*AT_A_SIDE), trial.named(*AT_THE_DISK[place % 3])
    assert at_disk, "no such point at the disk"
    assert at_sides or not trial.first.writes, "no point at a side"
    met: Counter[str] = Counter()
    if LONG:
        for number, at in enumerate(trial.distinct()):
            met[_killed(trial, [at], random, twice=number % 3 == 2)] += 1
        assert met[NOWHERE] * 10 <= met.total(), "threads pass other points each time"
    else:
        drawn = [
            _killed(trial, points, random, place % 2 == 0)
            for points in (at_sides, at_disk)
            if points
        ]
        met.update(drawn)
        assert not met[NOWHERE], "no point that was drawn was met again"
    sent = trial.named("side before")
    for at in sent if LONG else random.sample(sent, min(1, len(sent), (place + 1) % 2)):
        trial.kill(at, late=True)
        met["late"] += 1
    print(
        f"{scenario.name}: {len(trial.points)} points, {len(trial.distinct())} states, tries "
        f"{dict(met)}, {time.monotonic() - began:.0f} s"
    )


def _killed(trial: Trial, points: list[str], random: Random, twice: bool) -> str:
    """The kind of point at which the agent was killed. Threads may pass one point less than the first time: then another
    one is drawn."""
    for _ in range(DRAWS):
        again = random.randint(1, AGAIN_UP_TO) if twice else 0
        died = trial.kill(random.choice(points), again)
        if died != NOWHERE or len(points) == 1:
            break
    return died.split()[0]
