"""A plan that is kept: exactly what a run would do, without any value (R3, S1).

Pure. Each field of an item has three keyed digests: what HRA held, what Xero held, and what is to be written. So a plan can
be applied exactly, and a record that moved since is known; nobody can read a value out of it. As a file it is sealed: an
edited or foreign one is refused.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from agent.errors import NotPossible

VERSION = 1
UNREADABLE = (
    "This is no plan of this agent, or it was damaged. Make a new one with --dry-run --plan."
)
EDITED = (
    "This plan was changed after it was made, or it was made by another agent, so nothing of it was applied. Make a new one "
    "with --dry-run --plan."
)

Seal = Callable[[bytes], str]


@dataclass(frozen=True)
class Mark:
    """Keyed digests of one field: as HRA held it, as Xero held it, and as it is to be written."""

    hra: str
    xero: str
    new: str


@dataclass(frozen=True)
class Item:
    """One record of a plan. `action`: update, create, convert or link. `target`: hra or xero, the side that is written.

    For a create the id on the target is "", for a convert `hra_id` is the candidate's. `record` is a keyed digest of all
    that both sides held of this person.
    """

    action: str
    hra_id: str
    xero_id: str
    target: str = ""
    fields: Mapping[str, Mark] = field(default_factory=dict)
    alone: bool = False
    record: str = ""


@dataclass(frozen=True)
class Plan:
    """What one run would do, in order. `overrule`: the person's own yes was given for its one record (R2). `by_person`: a
    person had it made, so that first contact was decided (D2)."""

    kind: str
    mode: str
    account_id: str
    tenant_id: str
    items: tuple[Item, ...]
    overrule: bool = False
    by_person: bool = True

    @property
    def hash(self) -> str:
        """Twelve digits that name exactly this plan."""
        return hashlib.sha256(_plain(self)).hexdigest()[:12]


def to_text(plan: Plan, seal: Seal) -> str:
    """The plan as a file, sealed. `seal` makes a keyed digest of bytes."""
    body = _plain(plan)
    made = {"version": VERSION, "hash": plan.hash, "seal": seal(body), "plan": json.loads(body)}
    return json.dumps(made, indent=1) + "\n"


def from_text(text: str, seal: Seal) -> Plan:
    """The plan of a file. Raises NotPossible for one that is damaged, edited or foreign."""
    try:
        made = json.loads(text)
        plan, mark = _record(made["plan"]), str(made["seal"]).encode()
        known = repr(made["version"]) == repr(VERSION)
        whole = known and _plain(plan) == _canonical(made["plan"])
        named = made["hash"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotPossible(UNREADABLE) from None
    if not whole:
        raise NotPossible(UNREADABLE)
    if not hmac.compare_digest(seal(_plain(plan)).encode(), mark) or named != plan.hash:
        raise NotPossible(EDITED)
    return plan


def kept(plan: Plan) -> str:
    """The plan as the agent's own store holds it."""
    return _plain(plan).decode()


def from_kept(text: str) -> Plan:
    """The plan that the store held."""
    return _record(json.loads(text))


def _plain(plan: Plan) -> bytes:
    return _canonical(asdict(plan))


def _canonical(plain: Any) -> bytes:
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


def _record(plain: Mapping[str, Any]) -> Plan:
    items = tuple(_item(item) for item in plain["items"])
    return Plan(**{**plain, "items": items})


def _item(plain: Mapping[str, Any]) -> Item:
    marks = {name: Mark(**mark) for name, mark in plain["fields"].items()}
    return Item(**{**plain, "fields": marks})
