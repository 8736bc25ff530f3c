"""The vendor's OAuth addresses, spoken to with requests-oauthlib; the client signs itself in by
Basic.

Promises: time-outs always, no redirects; every exception of the libraries becomes one of ours,
without the request that it holds; http only to this machine.
"""

from collections.abc import Callable, Mapping
from typing import Any

import requests
from oauthlib.oauth2 import OAuth2Error
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from agent.errors import (
    AccessLost,
    Misconfigured,
    NotConnected,
    SideError,
    Unreachable,
    UnreadableAnswer,
)
from agent.transport import is_loopback

TIMEOUTS = (10.0, 60.0)
WRONG_CLIENT = frozenset({"invalid_client", "unauthorized_client"})
BAD_CLIENT = "it does not accept client_id and client_secret of agent.ini"


class Dead(Exception):
    """The token endpoint answered invalid_grant."""


class Endpoint:
    """The vendor's OAuth addresses, spoken to with requests-oauthlib; the client by Basic."""

    def __init__(
        self,
        side: str,
        authorize_url: str,
        token_url: str,
        revocation_url: str | None,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
    ) -> None:
        for url in filter(None, (authorize_url, token_url, revocation_url)):
            if not url.startswith("https://") and not is_loopback(url):
                raise Misconfigured(
                    [f"[{side}] an address for signing in must begin with https://"]
                )
        self._side = side
        self._authorize_url = authorize_url
        self._token_url = token_url
        self._revocation_url = revocation_url
        self._client_id = client_id
        self._auth = HTTPBasicAuth(client_id.encode(), client_secret.encode())
        self._redirect_uri = redirect_uri

    def authorize(self, scopes: tuple[str, ...], state: str) -> str:
        """The address where a person allows this."""
        with OAuth2Session(
            self._client_id, scope=list(scopes), redirect_uri=self._redirect_uri
        ) as session:
            url, _ = session.authorization_url(_as_https(self._authorize_url), state=state)
        return self._authorize_url.split("://")[0] + "://" + str(url).split("://", 1)[1]

    def exchange(self, code: str) -> dict[str, Any]:
        """The tokens for a code. A code that is not taken any more is NotConnected."""
        try:
            return self._ask(
                lambda session: session.fetch_token(
                    _as_https(self._token_url), code=code, auth=self._auth, timeout=TIMEOUTS
                )
            )
        except Dead:
            detail = "the sign-in was not finished in time: start it again"
        raise NotConnected(self._side, detail)

    def refresh(self, token: str) -> dict[str, Any]:
        """New tokens for a refresh token. Raises Dead for one that is not taken any more."""
        return self._ask(
            lambda session: session.refresh_token(
                _as_https(self._token_url), refresh_token=token, auth=self._auth, timeout=TIMEOUTS
            )
        )

    def revoke(self, token: str) -> None:
        """Withdraw a refresh token, where the vendor offers that; one that is dead already is
        no error.
        """
        url = self._revocation_url
        if not url:
            return
        form = {"token": token}
        answer = self._ask(
            lambda session: _status(
                session.post(_as_https(url), data=form, auth=self._auth, timeout=TIMEOUTS)
            )
        )
        if answer["status"] == 401:
            raise NotConnected(self._side, BAD_CLIENT, status=401)
        if answer["status"] >= 500:
            raise Unreachable(self._side, "signing out", status=answer["status"])

    def _ask(self, question: Callable[[OAuth2Session], Any]) -> dict[str, Any]:
        """Ask in a session of its own; whatever goes wrong becomes an error without its cause.

        The libraries' exceptions hold the request, tokens and all: they are let go before ours is
        raised.
        """
        session = self._session()
        try:
            answer = question(session)
            return dict(answer) if isinstance(answer, Mapping) else {}
        except requests.TooManyRedirects:
            error: SideError = UnreadableAnswer(self._side, "a redirect where tokens were expected")
        except requests.RequestException:
            error = Unreachable(self._side, "signing in")
        except (OAuth2Error, Warning, ValueError, TypeError, AttributeError):
            error = UnreadableAnswer(self._side, "no tokens in the answer")
        finally:
            session.close()
        raise error

    def _session(self) -> OAuth2Session:
        # No scope and no auto_refresh_url: the first would be sent, and compared, at every
        # refresh; the second passes the arguments of the original call to the token endpoint.
        session = OAuth2Session(self._client_id, redirect_uri=self._redirect_uri)
        session.max_redirects = 0
        for kind in ("access_token_response", "refresh_token_response"):
            session.register_compliance_hook(kind, self._checked)
        for url in filter(None, (self._token_url, self._revocation_url)):
            if url.startswith("http://"):
                session.trust_env = False
                session.mount(_as_https(url), _PlainOnLoopback())
        return session

    def _checked(self, response: requests.Response) -> requests.Response:
        """Only a 200 with an access token reaches the library; all else is one of our errors."""
        told = _json(response)
        error = told.get("error")
        if error == "invalid_grant":
            raise Dead
        if error in WRONG_CLIENT or response.status_code == 401:
            raise NotConnected(self._side, BAD_CLIENT, status=response.status_code)
        if error == "invalid_scope":
            raise AccessLost(self._side, "a scope that was asked for is not known to it")
        if response.status_code == 429 or response.status_code >= 500:
            raise Unreachable(self._side, "signing in", status=response.status_code)
        if response.status_code != 200 or not isinstance(told.get("access_token"), str):
            raise UnreadableAnswer(
                self._side, "no tokens in the answer", status=response.status_code
            )
        return response


class _PlainOnLoopback(HTTPAdapter):
    """Carries an https address of this machine over plain http.

    oauthlib refuses http addresses unless an environment variable switches its check off for the
    whole process. So it is shown https, and only addresses that were found to be on loopback, and
    for which this adapter was mounted, go out as http; for any other address its check stands.
    """

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


def _as_https(url: str) -> str:
    return url.replace("http://", "https://", 1)


def _status(response: requests.Response) -> dict[str, Any]:
    return {"status": response.status_code}


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        told = response.json()
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
