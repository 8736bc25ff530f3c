"""For every test: what both sandboxes answer and what the agent sends them is as the vendors describe; nothing is timed."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.contract.watch import Watch, watch_sandboxes

WATCH: Watch = watch_sandboxes()

# A busy machine is no reason for a test to fail.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def within_the_descriptions() -> Iterator[None]:
    """Fails the test during which a request or an answer was not as described."""
    WATCH.take()
    yield
    assert WATCH.take() == []
