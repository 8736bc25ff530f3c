"""Checks requests and answers against the vendors' own descriptions, with an OpenAPI library.

`check_request` and `check_response` raise AssertionError naming call and slip, never the whole body. What the
descriptions themselves get wrong is excused in one list, `excused.EXCUSED`, each with its reason, as an edit
of the loaded description; nothing else is. Undocumented properties, wrong types, unknown enum values, missing
required ones and undocumented statuses all fail.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml  # type: ignore[import-untyped]
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue

from tests.contract.excused import EXCUSED, METHODS, Description, resolved

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
FILES = {
    "xero": "xero-payroll-au.yaml",
    "xero-identity": "xero-identity.yaml",
    "hra": "hra-cloud.json",
}
BASES = {"xero": "/payroll.xro/1.0", "xero-identity": "", "hra": ""}
HOST = "http://sandbox.example"
FREE_HEADERS = frozenset(  # what HTTP itself or a library sends, on any request
    {
        "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type",
        "host", "user-agent", "xero-user-id",
    }
)  # fmt: skip


def contracts_dir() -> Path | None:
    """Where the descriptions are, or None on a machine that has none."""
    return CONTRACTS if CONTRACTS.is_dir() else None


needs_contracts = pytest.mark.skipif(
    contracts_dir() is None, reason="the vendors' descriptions are not on this machine"
)


def check_response(
    vendor: str, method: str, path: str, status: int, headers: Mapping[str, str], body: bytes | str
) -> None:
    """Raise AssertionError unless this answer to `method` `path` is one that the vendor describes.

    `path` may hold the API's base and a query; both are taken off. `body` is as it came.
    """
    raw = body.encode() if isinstance(body, str) else body
    kind = _header(headers, "content-type").partition(";")[0].strip() or "application/json"
    asked = MockRequest(HOST, method.lower(), _below(vendor, path))
    answer = MockResponse(raw, status_code=status, content_type=kind)
    call = f"{vendor} {method.upper()} {urlsplit(path).path} -> {status}"
    content = (
        _operation(vendor, method, path, call)["responses"].get(str(status), {}).get("content")
    )
    if content is None and not raw:
        answer = MockResponse(b"", status_code=status, content_type="application/json")
    _judge(call, lambda: _described(vendor).validate_response(asked, answer))


def check_request(
    vendor: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | str | None = None,
) -> None:
    """Raise AssertionError unless the vendor describes this request: parameters, headers, body.

    A query in `path` counts as well. Undescribed query keys and headers fail, and so does a call without a bearer token.
    """
    raw = body.encode() if isinstance(body, str) else body
    call = f"{vendor} {method.upper()} {urlsplit(path).path} (request)"
    asked = _query(path, query)
    operation = _operation(vendor, method, path, call)
    _documented(operation, asked, headers, call)
    kind = _header(headers, "content-type").partition(";")[0].strip() or "application/json"
    request = MockRequest(
        HOST,
        method.lower(),
        _below(vendor, path),
        args=asked,
        headers=dict(headers),
        data=raw or b"",
        content_type=kind,
    )
    if raw and "requestBody" not in operation:
        raise AssertionError(f"{call}: a body where none is described")
    _judge(call, lambda: _described(vendor).validate_request(request))


def _judge(call: str, validate: Callable[[], None]) -> None:
    try:
        validate()
    except OpenAPIError as error:
        raise AssertionError(f"{call}: {_plainly(error)}") from None


def _plainly(error: BaseException) -> str:
    """The slips without the values around them."""
    seen: list[str] = []
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, InvalidSchemaValue):
            return "; ".join(_slip(one) for one in at.schema_errors)
        seen.append(str(at)[:300])
        at = at.__cause__ or at.__context__
    return " <- ".join(seen)


def _slip(error: Any) -> str:
    where = "/".join(str(step) for step in error.absolute_path) or "(whole)"
    return f"{where}: {str(error.message)[:200]}"


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _below(vendor: str, path: str) -> str:
    return urlsplit(path).path.removeprefix(BASES[vendor])


def _query(path: str, query: Mapping[str, str] | Iterable[tuple[str, str]]) -> dict[str, str]:
    from_path = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True))
    return from_path | dict(query)


def _documented(
    operation: Description, query: Mapping[str, str], headers: Mapping[str, str], call: str
) -> None:
    known = {(p["in"], p["name"].lower()) for p in operation["parameters"]}
    strange = [key for key in query if ("query", key.lower()) not in known]
    strange += [
        key
        for key in headers
        if key.lower() not in FREE_HEADERS and ("header", key.lower()) not in known
    ]
    assert not strange, f"{call}: not described: {', '.join(strange)}"
    bearer = _header(headers, "authorization").lower().startswith("bearer ")
    assert bearer, f"{call}: no bearer token"


def _operation(vendor: str, method: str, path: str, call: str) -> Description:
    """The described operation, its parameters resolved; an undescribed call is a slip."""
    below = _below(vendor, path)
    for pattern, _, item in _routes(vendor):
        if pattern.fullmatch(below) and method.lower() in item:
            found: Description = item[method.lower()]
            return found
    raise AssertionError(f"{call}: no such operation is described")


@cache
def _routes(vendor: str) -> list[tuple[re.Pattern[str], str, Description]]:
    """Every path as a pattern, fixed paths before those with parameters."""
    described = _loaded(vendor)
    routes = []
    for path, item in described["paths"].items():
        shared = item.get("parameters", [])
        operations = {
            method: item[method]
            | {
                "parameters": [
                    resolved(described, p) for p in shared + item[method].get("parameters", [])
                ]
            }
            for method in METHODS
            if method in item
        }
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(path))
        routes.append((re.compile(pattern), path, operations))
    return sorted(routes, key=lambda route: route[1].count("{"))


@cache
def _described(vendor: str) -> OpenAPI:
    """The description, excused and compiled once. Properties that it does not name are refused."""
    return OpenAPI.from_dict(
        _loaded(vendor), config=Config(additional_properties_default_policy="forbid")
    )


@cache
def _loaded(vendor: str) -> Description:
    text = (CONTRACTS / FILES[vendor]).read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    described: Description = (
        json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, loader)
    )
    described["servers"] = [{"url": HOST}]
    _drop_security(described)
    _flatten_all_of(described)
    for excuse in EXCUSED:
        if excuse.vendor == vendor:
            excuse.edit(described)
    return described


def _drop_security(described: Description) -> None:
    """The library knows no OAuth 2; `check_request` looks for the bearer token itself."""
    described.pop("security", None)
    for item in described["paths"].values():
        for method in METHODS:
            item.get(method, {}).pop("security", None)


def _flatten_all_of(described: Description) -> None:
    """Join `allOf` parts into one object, so that a property of one part is not strange to the other."""
    for schema in described["components"]["schemas"].values():
        _join(described, schema)


def _join(described: Description, schema: Description) -> None:
    for part in schema.pop("allOf", []):
        part = resolved(described, part)
        _join(described, part)
        schema["properties"] = schema.get("properties", {}) | part.get("properties", {})
        required = {*schema.get("required", []), *part.get("required", [])}
        if required:
            schema["required"] = sorted(required)
