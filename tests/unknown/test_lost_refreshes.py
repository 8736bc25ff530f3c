"""A refresh whose answer is lost, at both vendors' sandboxes, with the real vault on disk (L2)."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.errors import NotConnected, SideError
from agent.sandbox import hra as hra_sandbox
from agent.sandbox import xero as xero_sandbox
from agent.sandbox.server import Served, serve
from agent.tokens import Tokens
from agent.tokens.held import Held
from agent.vault import Key, Vault
from tests.world import HRA_SCOPES, XERO_SCOPES, Clock

SCOPES = {"hra": HRA_SCOPES, "xero": XERO_SCOPES}


@dataclass
class Signed:
    """One side's sandbox, and the sign-in of somebody there."""

    side: str
    served: Served
    clock: Clock
    folder: Path

    def vault(self) -> Vault:
        return Vault(self.folder, Key.open(self.folder, {}))

    def tokens(self) -> Tokens:
        """As after a start of the agent."""
        vendor = self.served.app.config["OAUTH"].vendor
        url = self.served.url
        return Tokens(
            self.side,
            authorize_url=url + vendor.authorize_path,
            token_url=url + vendor.token_path,
            client_id=vendor.client_id,
            client_secret=vendor.client_secret,
            redirect_uri="http://localhost:8710/callback",
            scopes=tuple(sorted(SCOPES[self.side])),
            vault=self.vault(),
            clock=self.clock,
            new_state=lambda: "state",
        )

    def sign_in(self) -> None:
        oauth, now = self.served.app.config["OAUTH"], self.clock()
        tenants = tuple(id for _, id in oauth.vendor.organisations[:1])
        told = oauth.issue(SCOPES[self.side], tenants)
        held = Held(
            told["access_token"], told["refresh_token"], now + timedelta(minutes=30), now, now,
            SCOPES[self.side],
        )  # fmt: skip
        self.vault().seal(self.side, held.row())

    def loses(self, kind: str, times: int = 1) -> None:
        path = self.served.app.config["OAUTH"].vendor.token_path
        self.served.app.config["FAULTS"].plan(kind, method="POST", path=path, times=times)

    def is_good(self, access: str) -> bool:
        """Whether the vendor takes this access token."""
        return not isinstance(self.served.app.config["OAUTH"].check(f"Bearer {access}"), str)


@pytest.fixture(params=["hra", "xero"])
def signed(request: Any, tmp_path: Path) -> Iterator[Signed]:
    clock = Clock()
    if request.param == "hra":
        app = hra_sandbox.create((), clock=clock)
    else:
        app = xero_sandbox.create((), clock=clock)
    with serve(app) as served:
        found = Signed(request.param, served, clock, tmp_path)
        found.sign_in()
        yield found


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "cut", "garbage", "500_after"])
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "restarted"])
def test_X3_L2_a_refresh_whose_answer_is_lost_is_made_up_for_within_the_half_hour(
    signed: Signed, kind: str, restarted: bool
) -> None:
    tokens = signed.tokens()
    signed.clock.move(minutes=28)
    signed.loses(kind)
    with pytest.raises(SideError) as lost:
        tokens.bearer()
    assert not isinstance(lost.value, NotConnected)
    signed.clock.move(minutes=29)
    access = (signed.tokens() if restarted else tokens).bearer()
    assert signed.is_good(access)
    assert signed.tokens().bearer() == access, "it is on disk"


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "restarted"])
def test_X3_L2_after_the_half_hour_a_person_has_to_connect_and_is_told_so(
    signed: Signed, restarted: bool
) -> None:
    tokens = signed.tokens()
    signed.clock.move(minutes=28)
    signed.loses("drop_after")
    with pytest.raises(SideError):
        tokens.bearer()
    signed.clock.move(minutes=31)
    after = signed.tokens() if restarted else tokens
    with pytest.raises(NotConnected, match=r"has ended or was withdrawn.*Connect it on the page"):
        after.bearer()
    assert after.dies() is None
    signed.sign_in()
    assert signed.is_good(signed.tokens().bearer())


def test_X3_L2_a_refresh_that_never_reached_the_vendor_costs_nothing_however_late(
    signed: Signed,
) -> None:
    tokens = signed.tokens()
    signed.clock.move(minutes=28)
    signed.loses("drop_before")
    with pytest.raises(SideError):
        tokens.bearer()
    signed.clock.move(hours=20)
    assert signed.is_good(tokens.bearer())


def test_L2_many_threads_refresh_once_though_the_first_answer_is_lost(signed: Signed) -> None:
    tokens = signed.tokens()
    signed.clock.move(minutes=28)
    signed.loses("drop_after")
    got: list[str] = []

    def read() -> None:
        try:
            got.append(tokens.bearer())
        except SideError as error:
            got.append(type(error).__name__)

    threads = [threading.Thread(target=read) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (access,) = set(got) - {"Unreachable"}
    assert got.count("Unreachable") == 1 and signed.is_good(access)
