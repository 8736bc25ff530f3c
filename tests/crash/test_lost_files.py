"""Promise 3: a file of the state that is gone, or cut short, never makes the agent delete or overwrite anything."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.crash.scenarios import LINKED, B, both_ways, conflict
from tests.crash.sides import Sides, sides
from tests.crash.stage import AFTERWARDS, REPORT, Broken, Scenario, Stage

FILES = (
    "agent.key",
    "audit-head.json",
    "audit.jsonl",
    "inbox.jsonl",
    "links.json",
    "plans.json",
    "runs.json",
    "state.json",
    "tokens.sealed",
    "users.json",
)
PLAIN = Scenario("lost file", ())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with sides(LINKED) as two:
        made = Stage(two, tmp_path_factory.mktemp("lost") / "data")
        yield made
        made.close()


def both_differ(two: Sides) -> None:
    """Both people changed on both sides, in every way that could tempt an agent without memory to overwrite."""
    both_ways(two)
    conflict(two)
    two.edit_xero(B, Mobile=None)
    two.payroll_in_hra(B, bank={"number": "99887766"}, super={"memberNumber": "5544"})


def values(row: Any, path: str = "") -> dict[str, Any]:
    """Every value with its place."""
    if isinstance(row, dict):
        return {
            k: v for name, part in row.items() for k, v in values(part, f"{path}/{name}").items()
        }
    if isinstance(row, list):
        return {k: v for n, part in enumerate(row) for k, v in values(part, f"{path}/{n}").items()}
    return {path: row}


def test_promise3_the_files_are_those_of_the_state(stage: Stage) -> None:
    stage.back(stage.begun("linked"))
    there = {path.name for path in stage.folder.iterdir()} - {"lock", "notices.json"}
    assert there <= set(FILES), "a new file: add it here"


@pytest.mark.parametrize("how", ["lost", "cut short"])
@pytest.mark.parametrize("name", FILES)
def test_promise3_without_it_nothing_is_deleted_overwritten_or_created_twice(
    stage: Stage, name: str, how: str
) -> None:
    stage.back(stage.begun("linked"))
    both_differ(stage.sides)
    stage.sides.clock.move(minutes=5)
    file = stage.folder / name
    if how == "lost":
        file.unlink(missing_ok=True)
    elif file.exists():
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    before = stage.sides.state()
    kept = name in ("agent.key", "links.json", "state.json", "tokens.sealed")
    try:
        stage.live(PLAIN, [*AFTERWARDS, *REPORT])
    except Broken as refused:
        assert "AgentError" in str(refused) or "State" in str(refused) or "Key" in str(refused)
    after = stage.sides.state()
    lost = {
        part: [place for place, value in values(before[part]).items() if value not in (None, "")
               and values(after[part]).get(place) != value]
        for part in before
    }  # fmt: skip
    if kept:
        assert not any(lost.values()), f"overwritten: {lost}"
    for part in ("hra employees", "xero employees"):
        assert len(after[part]) == len(before[part])
