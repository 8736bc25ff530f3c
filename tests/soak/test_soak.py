"""A year of saves in one process. HRA_XERO_LONG=1: 20,000 saves of 500 employees (`make test-long`), else 200 of 20.

The long one also watches the memory: measured after a full collection at save 2,000 and at save 20,000.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.measured import Held, held
from tests.soak.office import Office

LONG = bool(os.environ.get("HRA_XERO_LONG"))
SAVES, PEOPLE = (20_000, 500) if LONG else (200, 20)
WARM = SAVES // 10
MIB = 1024 * 1024
MOST_GROWN = 5 * MIB
# How far the state may grow after the first tenth: the inbox is compacted when it has reached 1 MB.
MOST_STATE = 1.25 * MIB


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """No waiting for the disk; and what is logged is not kept, as the test's own tool would do it."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    logging.disable(logging.CRITICAL)
    made = Office(tmp_path / "data", PEOPLE, SAVES)
    yield made
    made.store.close()
    logging.disable(logging.NOTSET)


def test_H2_H3_a_year_of_saves_arrives_and_leaves_nothing_behind(office: Office) -> None:
    warm = play(office)
    end = held(office.folder)
    office.calm()
    assert office.unequal() == []
    assert office.store.waiting() == ()
    quiet(office)
    tell(office, warm, end)
    assert end.open_files == warm.open_files
    assert end.state - warm.state < MOST_STATE
    for kind in ("unreachable", "parked", "refused", "lost before", "lost after", "wrong record"):
        assert office.met[kind] >= (20 if LONG else 1), kind
    if LONG:
        assert end.resident - warm.resident < MOST_GROWN


def play(office: Office) -> Held:
    """All saves, most of them worked off at once; what was held when a tenth of them had come."""
    warm = held(office.folder)
    for number in range(1, SAVES + 1):
        office.a_save()
        if number % 3 == 0:
            office.work()
        if number % (SAVES // 10) == 0:
            office.a_run("export")
            office.a_run("import")
        if number % 100 == 0:
            office.forget_what_was_seen()
        if number == WARM:
            warm = held(office.folder)
    return warm


def quiet(office: Office) -> None:
    """A second run writes nothing (promise 2)."""
    before = office.writes()
    office.sync.run("import", "schedule")
    office.sync.run("export", "schedule")
    assert office.writes() == before


def tell(office: Office, warm: Held, end: Held) -> None:
    """The figures, for whoever runs this with -s."""
    print(f"\n{SAVES} saves of {PEOPLE} people: {sum(office.met.values())} calls met trouble")
    print(f"resident {warm.resident / MIB:.1f} -> {end.resident / MIB:.1f} MiB")
    print(f"open files {warm.open_files} -> {end.open_files}")
    print(f"state {warm.state / MIB:.2f} -> {end.state / MIB:.2f} MiB, files {end.files}")
    print(dict(sorted(office.met.items())))
