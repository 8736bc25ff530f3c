"""Through the true commands: `import`, and `run` with a hook, killed when a side has taken a write, and started again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.demo.browser import form_values
from agent.sandbox.tokens import real_clock
from agent.store.house import LEFT_RUNNING
from tests.crash.commands import LONGEST, Agent, Deadly, end, waited_for
from tests.crash.scenarios import BEN, LINKED, MOBILE, OTHER_MOBILE, A, save, strangers
from tests.crash.sides import Sides, sides
from tests.crash.stage import CONNECTING, Scenario, Stage

PLAIN = Scenario("commands", ())


class House:
    """Both sides in real time, who can kill, and the agent's commands; both sign-ins made."""

    def __init__(self, two: Sides, folder: Path) -> None:
        self.sides = two
        self.deadly = Deadly(two)
        stage = Stage(two, folder / "data")
        stage.live(PLAIN, CONNECTING)
        self.agent = Agent(stage, PLAIN, folder / "agent.ini")
        stage.close()

    def kill_at_a_write(self, *command: str) -> None:
        """Start a command; its first write at a side is its last."""
        self.deadly.arm()
        process = self.agent.start(*command)
        self.deadly.process = process
        process.communicate(timeout=LONGEST)
        assert process.returncode == -9, "it was not killed"

    def mobile(self) -> str:
        return str(self.sides.xero_record(A)["Mobile"]).replace(" ", "")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with sides(LINKED, clock=real_clock) as two:
        yield House(two, tmp_path)


def test_promise1_import_and_export_killed_at_their_first_write_create_nobody_twice(
    house: House,
) -> None:
    strangers(house.sides)
    for command in ("import", "export"):
        house.kill_at_a_write(command)
        code, said = house.agent.done(command, "--json")
        assert code in (0, 1), said
    state = house.sides.state()
    assert len(state["hra employees"]) == len(state["xero employees"]) == 4
    taken = [write.body for write in house.sides.take_writes() if write.taken]
    assert len(set(taken)) == len(taken), "a write was repeated"
    runs = house.agent.told("status")["runs"]
    assert sum(run["reason"] == LEFT_RUNNING for run in runs) == 2, runs
    assert house.agent.done("audit", "verify")[0] == 0


def test_promise4_a_hook_that_run_accepted_reaches_xero_though_run_is_killed_at_once(
    house: House,
) -> None:
    assert house.agent.done("import")[0] == 0 and house.agent.done("export")[0] == 0
    save(house.sides)
    data = {"accountId": house.sides.account.account_id,
            "employeeId": house.sides.hra_record(A).id, "sections": ["details"]}  # fmt: skip
    first = house.agent.serving()
    house.deadly.arm(first)
    assert house.agent.hook("msg_1", data, real_clock()) == 202
    assert house.deadly.struck.wait(LONGEST), "the push did not begin"
    first.communicate()
    house.sides.edit_xero(BEN.first, Mobile=OTHER_MOBILE)  # something for the next run
    second = house.agent.serving()
    waited_for(lambda: house.mobile() == MOBILE.replace(" ", ""))
    assert house.agent.hook("msg_1", data, real_clock()) == 202, "the same again"
    browser = house.agent.signed_in()
    house.deadly.arm(second)
    token = form_values(browser.get(house.agent.page))["csrf_token"]
    browser.submit(f"{house.agent.page}/run/import", {"csrf_token": token})
    assert house.deadly.struck.wait(LONGEST), "the import wrote nothing"
    second.communicate()
    third = house.agent.serving()
    page = house.agent.signed_in().get(house.agent.page)
    assert LEFT_RUNNING in page
    end(third)
    taken = [write for write in house.sides.take_writes() if write.taken]
    assert len({write.body for write in taken}) == len(taken), "a write was repeated"
