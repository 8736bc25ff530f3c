"""The served agent on a disk that fails: the hook's sender hears 503, the page says what to do, and it goes on by itself."""

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from agent.errors import NotStored
from tests.disk.faulty import Disk
from tests.edge.cli_house import linked
from tests.edge.service_house import House

MOBILE = "0491 570 157"
TOP = Path(__file__).parents[2]
# A store on a file system of 96 KiB, filled to the brim; runs where mounting is not allowed, too, in a name space of its own.
REAL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from agent.errors import NotStored
from agent.records import Save
from agent.store import Store
folder = Path(sys.argv[1])
store = Store(folder / "data", lambda: datetime.now(UTC))
taken = 0
try:
    for n in range(100_000):
        store.accept(Save(f"w{n}", "h1", (), datetime.now(UTC)))
        taken += 1
except NotStored as error:
    print(error.sentence())
ballast = folder / "ballast"
try:
    store.add_link("h1", "x1")
    print("a link was stored")
except NotStored:
    pass
assert len(store.waiting()) == taken, taken
store.close()
for name in list(folder.iterdir()):
    if name == ballast:
        name.unlink()
store = Store(folder / "data", lambda: datetime.now(UTC))
assert [save.id for save in store.waiting()] == [f"w{n}" for n in range(taken)]
assert store.accept(Save("after", "h1", (), datetime.now(UTC)))
print("whole", taken > 10)
"""
# No file may grow beyond 24 KiB; the limit ends where the other script makes room.
LIMITED = """
import resource, sys
kind, (_, most) = resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(kind, (24 * 1024, most))
script, sys.argv = sys.argv[1], sys.argv[1:]
text = open(script).read().replace("store.close()", "store.close(); resource.setrlimit(kind, (most, most))")
exec(compile(text, script, "exec"))
"""


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk of the agent's data directory; there before the agent opens a file."""
    return Disk(tmp_path / "data", monkeypatch)


@pytest.fixture
def house(tmp_path: Path, disk: Disk) -> Iterator[House]:
    made = House(tmp_path / "data")
    made.connect()
    yield made
    made.close()


def test_H2_the_hook_is_503_while_the_disk_is_full_and_the_next_delivery_reaches_xero(
    house: House, disk: Disk
) -> None:
    [employee] = linked(house, "1001")
    store = house.service.pair.store
    with disk.failing(errno.ENOSPC):
        house.save_in_ess(employee, mobile=MOBILE)
        [*_, delivery] = house.hooks.as_plain()
        assert delivery["status"] == 503
        assert store.waiting() == ()
        [row] = [row for row in store.attention() if row.scope == "disk"]
        assert "disk is full. Make room on it" in row.text
        assert "disk is full" in json.dumps(house.service.plain_status())
        health = requests.get(f"{house.page}/healthz", timeout=10)
        assert (health.status_code, "takes no writes" in health.text) == (503, True)
        with pytest.raises(NotStored):
            house.service.pair.run("import", "page")
    house.service.pair.store.try_disk()
    assert [row for row in store.attention() if row.scope == "disk"] == []
    house.save_in_ess(employee, mobile=MOBILE, phone="02 5550 1111")
    assert len(store.waiting()) == 1
    house.service.worker.drain()
    assert str(house.xero_record(employee)["Mobile"]).replace(" ", "") == MOBILE.replace(" ", "")
    assert requests.get(f"{house.page}/healthz", timeout=10).status_code == 200


def test_H2_a_real_file_system_that_is_full_loses_no_accepted_save(tmp_path: Path) -> None:
    """On a file system of the kernel's own where one can be mounted, else below a limit on a file's size."""
    folder = tmp_path / "small"
    folder.mkdir()
    script = tmp_path / "real.py"
    script.write_text(REAL)
    space = ["unshare", "-Urm"]
    if subprocess.run([*space, "true"], capture_output=True, check=False).returncode:
        done = limited(script, folder)
        assert "whole True" in done.stdout, done
        assert "cannot be stored" in done.stdout
        return
    mounted = (
        f"mount -t tmpfs -o size=96k tmpfs {folder} && dd if=/dev/zero of={folder}/ballast bs=1k count=48 2>/dev/null "
        f"&& exec {sys.executable} {script} {folder}"
    )
    done = subprocess.run(
        [*space, "sh", "-c", mounted],
        cwd=TOP, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(TOP)},
    )  # fmt: skip
    assert "whole True" in done.stdout, done
    assert "is full" in done.stdout


def limited(script: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """The same where nothing can be mounted: no file may grow beyond 24 KiB."""

    return subprocess.run(
        [sys.executable, "-c", LIMITED, str(script), str(folder)],
        cwd=TOP, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(TOP)},
    )  # fmt: skip


def test_H2_a_file_that_may_not_grow_loses_no_accepted_save(tmp_path: Path) -> None:
    script = tmp_path / "real.py"
    script.write_text(REAL)
    (tmp_path / "small").mkdir()
    done = limited(script, tmp_path / "small")
    assert "whole True" in done.stdout, done
    assert "cannot be stored" in done.stdout
