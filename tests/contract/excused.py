"""What the vendors' descriptions get wrong, the only slips that a conformity check excuses: one list, each with its reason.

An excuse is an edit of the loaded description, made before it is compiled. Nothing else is excused anywhere.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "put", "post", "patch", "delete")

Description = dict[str, Any]


@dataclass(frozen=True)
class Excuse:
    """One slip of a description, why it is one, and the edit that takes it out of the check's way."""

    vendor: str
    reason: str
    edit: Callable[[Description], None]


def resolved(described: Description, node: Description) -> Description:
    while "$ref" in node:
        target: Any = described
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _each_operation(described: Description) -> Iterable[Description]:
    for item in described["paths"].values():
        for method in METHODS:
            if method in item:
                yield item[method]


def _faults(*statuses: int) -> Callable[[Description], None]:
    def edit(described: Description) -> None:
        for operation in _each_operation(described):
            for status in statuses:
                operation["responses"].setdefault(str(status), {"description": "excused"})

    return edit


def _envelopes(described: Description) -> None:
    for operation in _each_operation(described):
        for answer in operation["responses"].values():
            for content in answer.get("content", {}).values():
                shown = content.get("example")
                schema = resolved(described, content.get("schema", {}))
                if isinstance(shown, dict) and "properties" in schema:
                    for key in shown.keys() - schema["properties"].keys():
                        schema["properties"][key] = {"type": "string"}


def _partial_update(described: Description) -> None:
    schemas = described["components"]["schemas"]
    schemas["EmployeeUpdate"] = copy.deepcopy(schemas["Employee"])
    del schemas["EmployeeUpdate"]["required"]
    content = described["paths"]["/Employees/{EmployeeID}"]["post"]["requestBody"]["content"]
    content["application/json"]["schema"]["items"] = {"$ref": "#/components/schemas/EmployeeUpdate"}


def _lower_connections(described: Description) -> None:
    described["paths"] = {
        path.replace("/Connections", "/connections"): item
        for path, item in described["paths"].items()
    }


def _zoneless_times(described: Description) -> None:
    connection = described["components"]["schemas"]["Connection"]["properties"]
    for name in ("createdDateUtc", "updatedDateUtc"):
        del connection[name]["format"]


def _esa_in_put(described: Description) -> None:
    schemas = described["components"]["schemas"]
    shown = schemas["RecordSuperFundDetail"]["properties"]
    schemas["RecordSuperFundDetailInput"]["properties"].setdefault("esa", shown["esa"])


EXCUSED: tuple[Excuse, ...] = (
    Excuse("xero", "faults are not listed: 429, 503 and most 4xx; 500", _faults(400, 401, 403, 404, 429, 500, 503)),
    Excuse("xero", "the schemas lack the envelope that every example shows", _envelopes),
    Excuse("xero", "`required` of Employee breaks its own example of a partial update", _partial_update),
    Excuse("xero-identity", "faults are not listed", _faults(401, 403, 429, 500, 503)),
    Excuse("xero-identity", "the path is served as /connections", _lower_connections),
    Excuse("xero-identity", "its own example shows times without a zone", _zoneless_times),
    Excuse("hra", "429 and 503 are not listed", _faults(429, 503)),
    Excuse("hra", "the super PUT input lacks the esa that the output has", _esa_in_put),
)  # fmt: skip
