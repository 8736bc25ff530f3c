"""For every test: what both sandboxes answer, and what the agent sends them, is as the vendors describe it."""

from collections.abc import Iterator

import pytest

from tests.contract.watch import Watch, watch_sandboxes

WATCH: Watch = watch_sandboxes()


@pytest.fixture(autouse=True)
def within_the_descriptions() -> Iterator[None]:
    """Fails the test during which a request or an answer was not as described."""
    WATCH.take()
    yield
    assert WATCH.take() == []
