"""The OAuth server as an app meets it: consent, codes, rotation, grace, and every refusal."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask

from agent.sandbox.oauth import Grant, OAuthServer, Vendor
from agent.sandbox.server import Served, serve
from tests.sandbox.xero_desk import (
    ALL_SCOPES,
    CALLBACK,
    CLIENT,
    Clock,
    consent,
    redeem,
    refresh,
    sandbox,
    token,
)

TWO = (
    ("Harbour & Pine Pty Ltd", "5f7a1e0c-3f0b-4b53-9d0e-0f6a4f0c2a11"),
    ("Second Pty Ltd", "0b9d6a52-6b5c-4a55-8c37-1f2f3b4c5d6e"),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def served(clock: Clock) -> Iterator[Served]:
    with serve(sandbox(clock, seeded=(), organisations=TWO)) as running:
        yield running


def _asked(**changes: str) -> dict[str, str]:
    asked = {
        "client_id": CLIENT[0],
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": ALL_SCOPES,
        "state": "s&1 =",
    }
    return asked | changes


def _ask(url: str, **changes: str) -> requests.Response:
    page = f"{url}/identity/connect/authorize"
    return requests.get(page, params=_asked(**changes), allow_redirects=False, timeout=5)


def _came_back(answer: requests.Response) -> dict[str, list[str]]:
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(CALLBACK)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def _works(url: str, access: str) -> int:
    headers = {"Authorization": f"Bearer {access}"}
    return requests.get(f"{url}/connections", headers=headers, timeout=5).status_code


def test_a_consent_comes_back_with_a_code_and_the_state_as_it_was_sent(served: Served) -> None:
    assert _came_back(_ask(served.url))["state"] == ["s&1 ="]


def test_tokens_are_a_bearer_pair_with_the_granted_scopes(served: Served) -> None:
    tokens = redeem(served.url, consent(served.url))
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 1800
    assert set(tokens["scope"].split()) == set(ALL_SCOPES.split())
    claims = tokens["access_token"].split(".")[1]
    read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert {"authentication_event_id", "xero_userid", "scope", "exp"} <= read.keys()
    assert tokens["id_token"].count(".") == 2


def test_without_offline_access_there_is_no_refresh_token(served: Served) -> None:
    tokens = redeem(served.url, consent(served.url, "openid payroll.employees"))
    assert "refresh_token" not in tokens


def test_a_code_is_good_once(served: Served) -> None:
    code = consent(served.url)
    assert "access_token" in redeem(served.url, code)
    assert redeem(served.url, code) == {"error": "invalid_grant"}


def test_a_code_is_good_for_five_minutes(served: Served, clock: Clock) -> None:
    code = consent(served.url)
    clock.move(minutes=5)
    assert redeem(served.url, code) == {"error": "invalid_grant"}


def test_a_code_is_good_for_its_own_redirect_address_only(served: Served) -> None:
    answer = token(
        served.url,
        grant_type="authorization_code",
        code=consent(served.url),
        redirect_uri="http://localhost/other",
    )
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_an_access_token_ends_after_thirty_minutes_and_refreshing_gives_another(
    served: Served, clock: Clock
) -> None:
    tokens = redeem(served.url, consent(served.url))
    clock.move(minutes=29)
    assert _works(served.url, tokens["access_token"]) == 200
    clock.move(minutes=1)
    assert _works(served.url, tokens["access_token"]) == 401
    fresh = refresh(served.url, tokens["refresh_token"]).json()
    assert fresh["refresh_token"] != tokens["refresh_token"]
    assert _works(served.url, fresh["access_token"]) == 200


def test_the_previous_refresh_token_works_for_thirty_more_minutes(
    served: Served, clock: Clock
) -> None:
    first = redeem(served.url, consent(served.url))["refresh_token"]
    assert refresh(served.url, first).status_code == 200
    clock.move(minutes=29)
    assert refresh(served.url, first).status_code == 200
    clock.move(minutes=1)
    answer = refresh(served.url, first)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


def test_a_refresh_token_dies_after_sixty_days(served: Served, clock: Clock) -> None:
    tokens = redeem(served.url, consent(served.url))
    clock.move(days=60)
    assert refresh(served.url, tokens["refresh_token"]).status_code == 400


def test_the_client_may_send_its_secret_in_the_form(served: Served) -> None:
    form = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}
    refresh_token = redeem(served.url, consent(served.url))["refresh_token"]
    answer = token(
        served.url, None, grant_type="refresh_token", refresh_token=refresh_token, **form
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("client", [("xero-sandbox", "wrong"), ("someone", CLIENT[1]), None])
def test_a_wrong_client_gets_no_token(served: Served, client: tuple[str, str] | None) -> None:
    answer = token(served.url, client, grant_type="refresh_token", refresh_token="x")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_a_broken_basic_header_is_a_wrong_client(served: Served) -> None:
    answer = requests.post(
        f"{served.url}/connect/token", headers={"Authorization": "Basic %%%"}, timeout=5
    )
    assert answer.json() == {"error": "invalid_client"}


def test_an_unknown_grant_type_is_refused(served: Served) -> None:
    assert token(served.url, grant_type="password").json() == {"error": "unsupported_grant_type"}


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8710/cb", "http://example.com/cb", "ftp://localhost/", "", "localhost"],
)
def test_an_untrusted_redirect_address_is_never_gone_back_to(served: Served, address: str) -> None:
    answer = _ask(served.url, redirect_uri=address)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_an_unknown_client_is_told_on_the_page(served: Served) -> None:
    answer = _ask(served.url, client_id="nobody")
    assert answer.status_code == 400
    assert "unauthorized_client" in answer.text


def test_an_unknown_scope_and_a_wrong_response_type_come_back_as_errors(served: Served) -> None:
    assert _came_back(_ask(served.url, scope="payroll.everything"))["error"] == ["invalid_scope"]
    back = _came_back(_ask(served.url, response_type="token"))
    assert back["error"] == ["unsupported_response_type"]
    assert back["state"] == ["s&1 ="]


def test_a_person_chooses_the_organisations_on_the_consent_page(served: Served) -> None:
    served.app.config["AUTO_CONSENT"] = False
    page = _ask(served.url)
    assert page.status_code == 200
    assert "Harbour &amp; Pine Pty Ltd" in page.text
    assert "Second Pty Ltd" in page.text
    form = [
        *_asked().items(),
        ("decision", "allow"),
        ("organisation", TWO[0][1]),
        ("organisation", TWO[1][1]),
    ]
    answer = requests.post(
        f"{served.url}/identity/connect/authorize", data=form, allow_redirects=False, timeout=5
    )
    tokens = redeem(served.url, _came_back(answer)["code"][0])
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    rows = requests.get(f"{served.url}/connections", headers=headers, timeout=5).json()
    assert [row["tenantId"] for row in rows] == [TWO[0][1], TWO[1][1]]


@pytest.mark.parametrize("decision", [{"decision": "deny"}, {"decision": "allow"}])
def test_saying_no_or_choosing_no_organisation_is_access_denied(
    served: Served, decision: dict[str, str]
) -> None:
    answer = requests.post(
        f"{served.url}/identity/connect/authorize",
        data=_asked() | decision,
        allow_redirects=False,
        timeout=5,
    )
    assert _came_back(answer)["error"] == ["access_denied"]


def test_sandbox_auto_in_the_address_says_yes_at_once(served: Served) -> None:
    served.app.config["AUTO_CONSENT"] = False
    assert "code" in _came_back(_ask(served.url, sandbox_auto="1"))


def test_fewer_scopes_may_be_granted_than_asked(clock: Clock) -> None:
    granted = frozenset({"openid", "payroll.employees.read", "payroll.employees"})
    with serve(sandbox(clock, seeded=(), granted_scopes=granted)) as running:
        tokens = redeem(running.url, consent(running.url))
    assert set(tokens["scope"].split()) == {"openid", "payroll.employees"}


def test_revoking_ends_the_tokens_and_the_connections(served: Served) -> None:
    tokens = redeem(served.url, consent(served.url))
    revoke = f"{served.url}/connect/revocation"
    wrong = requests.post(revoke, data={"token": tokens["refresh_token"]}, timeout=5)
    assert wrong.status_code == 400
    gone = requests.post(revoke, data={"token": tokens["refresh_token"]}, auth=CLIENT, timeout=5)
    assert (gone.status_code, gone.content) == (200, b"")
    assert _works(served.url, tokens["access_token"]) == 401
    assert refresh(served.url, tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert served.app.config["STORE"].connections() == []
    again = requests.post(revoke, data={"token": "unknown"}, auth=CLIENT, timeout=5)
    assert again.status_code == 200


def test_lost_refresh_tokens_need_a_new_consent(served: Served) -> None:
    tokens = redeem(served.url, consent(served.url))
    served.app.config["FAULTS"].plan("lose_refresh")
    assert refresh(served.url, tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert _works(served.url, tokens["access_token"]) == 200


def test_expired_access_tokens_are_mended_by_a_refresh(served: Served) -> None:
    tokens = redeem(served.url, consent(served.url))
    served.app.config["FAULTS"].plan("expire_tokens")
    assert _works(served.url, tokens["access_token"]) == 401
    fresh = refresh(served.url, tokens["refresh_token"]).json()
    assert _works(served.url, fresh["access_token"]) == 200


def test_another_vendor_takes_basic_only_and_gives_opaque_tokens(clock: Clock) -> None:
    vendor = Vendor(
        name="Other",
        client_id="c",
        client_secret="s",
        known_scopes=frozenset({"read"}),
        authorize_path="/oauth/authorize",
        token_path="/oauth/token",
        refresh_days=14,
        client_failure_status=401,
    )
    seen: list[Grant] = []
    oauth = OAuthServer(vendor, clock, on_consent=seen.append)
    app = Flask(__name__)
    app.register_blueprint(oauth.blueprint())
    tokens = oauth.issue(frozenset({"read"}))
    with serve(app) as running:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        url = f"{running.url}/oauth/token"
        in_form = requests.post(
            url, data=form | {"client_id": "c", "client_secret": "s"}, timeout=5
        )
        basic = requests.post(url, data=form, auth=("c", "s"), timeout=5)
    assert (in_form.status_code, in_form.json()) == (401, {"error": "invalid_client"})
    assert "." not in basic.json()["access_token"]
    grant = oauth.check(f"Bearer {basic.json()['access_token']}")
    assert isinstance(grant, Grant)
    assert grant.scopes == {"read"}
    assert [oauth.check(None), oauth.check("Basic abc"), oauth.check("Bearer x")] == [
        "missing",
        "missing",
        "unknown",
    ]
    assert len(seen) == 1
