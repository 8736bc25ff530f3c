"""The OAuth 2 authorization-code server of a sandbox: its consent page, its token and revocation addresses.

Decides what an app's request deserves; who is signed in and for how long is decided in `agent.sandbox.tokens`. Errors come
back to the app's address once that can be trusted, else on a page; token errors are JSON `{"error": ...}` (RFC 6749).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue

from agent.sandbox.tokens import Grant, Refused, Tokens, Vendor, real_clock

__all__ = ["Grant", "OAuthServer", "Refused", "Vendor", "real_clock"]


class OAuthServer(Tokens):
    """The OAuth server of one vendor: `blueprint()` to mount, `check()` to ask who a caller is."""

    def blueprint(self) -> Blueprint:
        """The authorize, token and (where the vendor has it) revocation addresses."""
        desk = Blueprint("oauth", __name__, template_folder="templates")
        vendor = self.vendor
        desk.add_url_rule(vendor.authorize_path, "ask", self._ask, methods=["GET"])
        desk.add_url_rule(vendor.authorize_path, "decide", self._decide, methods=["POST"])
        desk.add_url_rule(vendor.token_path, "token", self._token_answer, methods=["POST"])
        if vendor.revocation_path is not None:
            desk.add_url_rule(
                vendor.revocation_path, "revoke", self._revoke_answer, methods=["POST"]
            )
        return desk

    def _ask(self) -> ResponseReturnValue:
        wrong = self._wrong_client(request.args)
        if wrong is not None:
            return render_template("oauth_refused.html", vendor=self.vendor.name, error=wrong), 400
        fault = self._wrong_request(request.args)
        if fault is not None:
            return _back(request.args, {"error": fault})
        if request.args.get("sandbox_auto") == "1" or current_app.config.get("AUTO_CONSENT"):
            first = tuple(key for _, key in self.vendor.organisations[:1])
            return self._allowed(request.args, first)
        asked = sorted(_scopes(request.args))
        return render_template(
            "oauth_consent.html", vendor=self.vendor, asked=asked, sent=request.args
        )

    def _decide(self) -> ResponseReturnValue:
        wrong = self._wrong_client(request.form)
        if wrong is not None:
            return render_template("oauth_refused.html", vendor=self.vendor.name, error=wrong), 400
        fault = self._wrong_request(request.form)
        if fault is not None:
            return _back(request.form, {"error": fault})
        if request.form.get("decision") != "allow":
            return _back(request.form, {"error": "access_denied"})
        known = {key for _, key in self.vendor.organisations}
        chosen = tuple(key for key in request.form.getlist("organisation") if key in known)
        if known and not chosen:
            return _back(request.form, {"error": "access_denied"})
        return self._allowed(request.form, chosen)

    def _allowed(self, sent: Mapping[str, str], tenants: tuple[str, ...]) -> Response:
        code = self.code_for(_scopes(sent), tenants, sent["redirect_uri"])
        return _back(sent, {"code": code})

    def _wrong_client(self, sent: Mapping[str, str]) -> str | None:
        """Errors after which nobody may be sent back: the address itself cannot be trusted."""
        if sent.get("client_id") != self.vendor.client_id:
            return "unauthorized_client: unknown client or client not enabled"
        address = urlsplit(sent.get("redirect_uri", ""))
        if address.scheme == "https" and address.hostname:
            return None
        if address.scheme == "http" and address.hostname in self.vendor.plain_http_hosts:
            return None
        return "unauthorized_client: invalid redirect_uri"

    def _wrong_request(self, sent: Mapping[str, str]) -> str | None:
        if sent.get("response_type") != "code":
            return "unsupported_response_type"
        asked = _scopes(sent)
        return None if asked and asked <= self.vendor.known_scopes else "invalid_scope"

    def _token_answer(self) -> ResponseReturnValue:
        try:
            self._authenticate()
            answer = self._granted(request.form)
        except Refused as refusal:
            return {"error": refusal.error}, refusal.status, {"Cache-Control": "no-store"}
        return answer, 200, {"Cache-Control": "no-store"}

    def _granted(self, form: Mapping[str, str]) -> dict[str, Any]:
        kind = form.get("grant_type")
        if kind == "authorization_code":
            return self.redeem(form.get("code", ""), form.get("redirect_uri", ""))
        if kind == "refresh_token":
            return self.refresh(form.get("refresh_token", ""))
        raise Refused("unsupported_grant_type")

    def _revoke_answer(self) -> ResponseReturnValue:
        try:
            self._authenticate()
        except Refused as refusal:
            return {"error": refusal.error}, refusal.status
        self.revoke(request.form.get("token", ""))
        return "", 200

    def _authenticate(self) -> None:
        sent = _basic(request.headers.get("Authorization", ""))
        if sent is None and self.vendor.secret_in_form:
            sent = (request.form.get("client_id", ""), request.form.get("client_secret", ""))
        if sent != (self.vendor.client_id, self.vendor.client_secret):
            raise Refused("invalid_client", self.vendor.client_failure_status)


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, coded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return (name, secret)


def _scopes(sent: Mapping[str, str]) -> frozenset[str]:
    return frozenset(sent.get("scope", "").split())


def _back(sent: Mapping[str, str], what: dict[str, str]) -> Response:
    """Back to the app's address with `what`, and the state exactly as it came."""
    if "state" in sent:
        what["state"] = sent["state"]
    address = sent["redirect_uri"]
    glue = "&" if urlsplit(address).query else "?"
    answer = redirect(f"{address}{glue}{urlencode(what)}", 302)
    assert isinstance(answer, Response)
    return answer
