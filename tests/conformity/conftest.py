"""The mocks, started once, and the clients that speak to them. Everything here skips, with its reason, where it
cannot run.

One import and one export against both mocks end to end, with OAuth from the sandboxes, belong in
test_prism_whole_way.py: `mocks` gives the addresses, and `Front` takes further routes for the sandboxes'
token addresses.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from agent.transport import Transport
from tests.conformity.mocks import HRA_ROUTES, XERO_ROUTES, Front, missing, prism


@pytest.fixture(scope="session")
def mocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Vendor -> the address of its mock."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("prism")
    with ExitStack() as stack:
        yield {
            vendor: stack.enter_context(prism(vendor, folder))
            for vendor in ("hra", "xero", "xero-identity")
        }


@pytest.fixture(scope="session")
def _hra_front(mocks: Mapping[str, str]) -> Iterator[Front]:
    front = Front(HRA_ROUTES, mocks)
    yield front
    front.close()


@pytest.fixture(scope="session")
def _xero_front(mocks: Mapping[str, str]) -> Iterator[Front]:
    front = Front(XERO_ROUTES, mocks)
    yield front
    front.close()


@pytest.fixture
def hra(_hra_front: Front) -> Iterator[Front]:
    """HRA Cloud's mock; fails a test that sent what is not described."""
    _hra_front.fresh()
    yield _hra_front
    assert _hra_front.violations() == []


@pytest.fixture
def xero(_xero_front: Front) -> Iterator[Front]:
    """Xero's mocks (payroll and identity); fails a test that sent what is not described."""
    _xero_front.fresh()
    yield _xero_front
    assert _xero_front.violations() == []


@pytest.fixture
def transports() -> Iterator["Transports"]:
    made = Transports()
    yield made
    made.close()


class Transports:
    """Makes transports and gives their connections back at the end."""

    def __init__(self) -> None:
        self._made: list[Transport] = []

    def to(self, side: str, front: Front, headers: Mapping[str, str] | None = None) -> Transport:
        """A transport that is signed in as far as a mock looks, and waits for nothing."""
        made = Transport(
            side, front.url, lambda force: "of-the-test",
            clock=lambda: datetime.now(UTC), sleep=lambda seconds: None, jitter=lambda: 0.0, headers=headers,
        )  # fmt: skip
        self._made.append(made)
        return made

    def close(self) -> None:
        for transport in self._made:
            transport.close()
