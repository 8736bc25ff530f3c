"""The situations of docs/behaviour.md, row by row: what stands in its first cells, and what merge is asked for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from agent.employee import UNKNOWN, Value
from agent.merge import Base
from tests.unit.canonical_values import (
    CHANGED,
    DAY,
    EARLIER,
    HRA_CHANGED,
    INVALID,
    KEPT,
    LATER,
    MASK,
    NEVER,
    NUMBER,
    OTHER_MASK,
    OTHER_NUMBER,
    PENDING,
    SAME,
    THREE,
    UNQUOTED,
    XERO_CHANGED,
)

Field = tuple[Value, Value, Base]


@dataclass(frozen=True)
class Row:
    """One row of a table: its first cells, and what both sides hold of one field, or of `more` beside it."""

    cells: tuple[str, ...]
    one: Value
    other: Value
    base: Base
    name: str = "job_title"
    rules: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Value] = field(default_factory=dict)
    more: Mapping[str, Field] = field(default_factory=dict)


def three_ways(name: str, states: tuple[str, ...], rules: Mapping[str, Any]) -> Iterator[Row]:
    """Both sides against what they agreed on."""
    value = dict(zip(("same", "changed", "other"), THREE[name], strict=True)) | {"emptied": None}
    for one in states:
        for other in states:
            base = {
                (False, False): SAME,
                (True, False): HRA_CHANGED,
                (False, True): XERO_CHANGED,
                (True, True): CHANGED,
            }[one != "same", other != "same"]
            if one == other == "changed":
                cells = ("changed", "changed, to the same")
                yield Row(cells, value[one], value[one], base, name, rules)
                cells, theirs = ("changed", "changed, differently"), value["other"]
            else:
                cells, theirs = (one, other), value["other" if other == "changed" else other]
            yield Row(cells, value[one], theirs, base, name, rules)


def agreed_before() -> Iterator[Row]:
    yield from three_ways("job_title", ("same", "changed", "emptied"), {})
    one, other = THREE["job_title"][:2]
    yield Row(("differs from Xero", "differs, though neither changed"), one, other, SAME)
    yield Row(("as written or sent", "as read back: not the same (either side)"), one, other, KEPT)
    yield Row(("cannot be read", "anything"), UNKNOWN, other, SAME)
    yield Row(("anything", "cannot be read"), one, UNKNOWN, SAME)


def never_emptied() -> Iterator[Row]:
    kinds = {"a required value (last name)": "last_name", "a list (bank accounts)": "bank_accounts"}
    for what, name in kinds.items():
        for row in three_ways(name, ("same", "changed", "emptied"), {}):
            if "emptied" in row.cells and row.cells != ("emptied", "emptied"):
                yield Row((what, *row.cells), row.one, row.other, row.base, name)


def first_contact() -> Iterator[Row]:
    started = {"a run that you start": True, "a scheduled run or a push": False}
    for what, name in {
        "personal details": "job_title",
        "bank, super, tax": "bank_accounts",
    }.items():
        one, other = THREE[name][:2]
        yield Row((what, "equal on both sides", "any"), one, one, NEVER, name)
        yield Row((what, "only in HRA Cloud", "any"), one, None, NEVER, name)
        yield Row((what, "only in Xero", "any"), None, other, NEVER, name)
        for run, by_person in started.items():
            rules = {"by_person": by_person}
            yield Row((what, "different", run), one, other, NEVER, name, rules)


def one_way() -> Iterator[Row]:
    for way, source in (("to_xero", "HRA Cloud"), ("to_hra", "Xero")):
        rules = {"directions": {"job_title": way}}
        one, other = THREE["job_title"][:2]
        moved = (HRA_CHANGED, XERO_CHANGED) if way == "to_xero" else (XERO_CHANGED, HRA_CHANGED)
        named = (f"`{way}`", f"{source} changed")
        yield Row(named, one, other, moved[0], rules=rules)
        yield Row((named[0], "the other side changed"), one, other, moved[1], rules=rules)
        yield Row((named[0], "both changed, differently"), one, other, CHANGED, rules=rules)
        for run, by in {
            "in a run that you start": True,
            "in a scheduled run or a push": False,
        }.items():
            more = {**rules, "by_person": by}
            yield Row((named[0], f"never agreed, different, {run}"), one, other, NEVER, rules=more)
        ours, theirs = (None, other) if way == "to_xero" else (one, None)
        cells = (named[0], f"never agreed, {source} empty")
        yield Row(cells, ours, theirs, NEVER, rules=rules)
    off = {"directions": {"job_title": "off"}}
    yield Row(("`off`", "anything"), *THREE["job_title"][:2], HRA_CHANGED, rules=off)
    yield Row(("leave", "HRA Cloud changed"), Decimal(7), Decimal(5), HRA_CHANGED, "annual_leave")
    yield Row(("leave", "never agreed, different"), Decimal(7), Decimal(5), NEVER, "annual_leave")


def declarations() -> Iterator[Row]:
    """Employment basis and leave loading of one declaration; HRA Cloud holds a full tax file number."""
    basis, loading = THREE["employment_basis"], (True, False)
    moved = {
        "same on both": (True, True, SAME),
        "changed in HRA Cloud": (*loading, HRA_CHANGED),
        "changed in Xero": (*loading, XERO_CHANGED),
    }
    for what, values in moved.items():
        yield _declared("changed in HRA Cloud", what, basis[1], basis[0], HRA_CHANGED, values)
    for what, values in moved.items():
        yield _declared("changed in both, differently", what, basis[1], basis[2], CHANGED, values)
    for what, values in moved.items():
        yield _declared("never agreed, different", what, basis[1], basis[2], NEVER, values)


def _declared(first: str, second: str, one: Value, other: Value, base: Base, rest: Field) -> Row:
    return Row((first, second), one, other, base, "employment_basis", more={"leave_loading": rest})


def modes() -> Iterator[Row]:
    """HRA Cloud is the authoritative system."""
    yield from three_ways("job_title", ("same", "changed", "emptied"), {})
    one, other = THREE["job_title"][:2]
    yield Row(("never agreed", "different"), one, other, NEVER)
    yield Row(("never agreed", "empty"), one, None, NEVER)


TFN = "tfn_or_exemption"


def numbers() -> Iterator[Row]:
    yield Row(("a full number", "none", "any"), NUMBER, None, NEVER, TFN)
    yield Row(
        ("a full number", "none (taken away there)", "agreed"), NUMBER, None, XERO_CHANGED, TFN
    )
    yield Row(("a full number", "one that ends alike", "any other"), NUMBER, MASK, NEVER, TFN)
    corrected = ("a full number", "one that ends alike", "agreed; changed in HRA Cloud")
    yield Row(corrected, NUMBER, MASK, HRA_CHANGED, TFN)
    cells = ("a full number", "one that ends differently")
    yield Row((*cells, "never agreed"), NUMBER, OTHER_MASK, NEVER, TFN)
    yield Row((*cells, "agreed; changed in HRA Cloud"), OTHER_NUMBER, MASK, HRA_CHANGED, TFN)
    yield Row((*cells, "agreed; changed in Xero"), NUMBER, OTHER_MASK, XERO_CHANGED, TFN)
    yield Row((*cells, "agreed; changed in both"), NUMBER, OTHER_MASK, CHANGED, TFN)
    yield Row(("a full number", "an exemption", "never agreed"), NUMBER, PENDING, NEVER, TFN)
    yield Row(("a masked number", "none", "any"), MASK, None, NEVER, TFN)
    yield Row(("a masked number", "one that ends alike", "any"), MASK, MASK, NEVER, TFN)
    yield Row(("a number that is not valid", "none", "any"), INVALID, None, NEVER, TFN)
    yield Row(("an exemption", "none", "any"), PENDING, None, NEVER, TFN)
    yield Row(("an exemption", "a number", "any"), PENDING, MASK, HRA_CHANGED, TFN)
    yield Row(
        ("an exemption", "another exemption", "agreed; changed in both"),
        PENDING,
        UNQUOTED,
        CHANGED,
        TFN,
    )
    yield Row(("none", "a number", "any"), None, MASK, NEVER, TFN)
    yield Row(("none", "an exemption", "any"), None, PENDING, NEVER, TFN)


def ends() -> Iterator[Row]:
    def row(text: str, one: Value, other: Value, base: Base, **more: Any) -> Row:
        record = more.pop("record", {})
        return Row((text,), one, other, base, "end_date", more, record)

    late = {"start_date": LATER.day}
    yield row("Xero's date became known, HRA Cloud has none", None, DAY, XERO_CHANGED)
    yield row("Xero's date was moved later", DAY, LATER, XERO_CHANGED)
    yield row(
        "Xero's date was moved earlier, `earlier_end_date = warn`", DAY, EARLIER, XERO_CHANGED
    )
    yield row(
        "Xero's date was moved earlier, `earlier_end_date = hold`",
        DAY,
        EARLIER,
        XERO_CHANGED,
        earlier_end="hold",
    )
    yield row(
        "Xero's date is before HRA Cloud's start date (a rehire)",
        None,
        DAY,
        XERO_CHANGED,
        record=late,
    )
    signed = ("", "me@example.com")
    mine = {"email": "me@example.com"}
    yield row(
        "it is the person whose sign-in the agent uses",
        None,
        DAY,
        XERO_CHANGED,
        signed_in=signed,
        record=mine,
    )
    yield row("Xero has a date when the two meet first", None, DAY, NEVER)
    yield row("both changed it, differently", EARLIER, LATER, CHANGED)
    yield row("only HRA Cloud has a date", DAY, None, HRA_CHANGED)
    yield row("taken back in HRA Cloud, still in Xero", None, DAY, HRA_CHANGED)
    yield row("taken back in Xero, still in HRA Cloud", DAY, None, XERO_CHANGED)
    yield row(
        "`end_date = off` in [directions]", None, DAY, XERO_CHANGED, directions={"end_date": "off"}
    )
