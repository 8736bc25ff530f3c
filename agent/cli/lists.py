"""What links and attention print for a person: tables, and two records side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from agent.cli.command import PROGRAM
from agent.cli.show import SYSTEMS, cells, columns, console, lines, who
from agent.cli.telling import label

Row = Mapping[str, Any]

# What to type for each button of the page; {item} is the row's id, {whom} the record's.
BUTTONS = {
    "retry": "attention retry {item}",
    "use_hra": "attention resolve {item} --use hra",
    "use_xero": "attention resolve {item} --use xero",
    "approve": "attention approve {item} --as NAME",
    "reject": "attention reject {item} --as NAME",
    "dismiss": "attention dismiss {item}",
    "create": "links create {whom}",
    "ignore": "links ignore {whom}",
}
DIFFER = "differ where they are masked"


def links(rows: Sequence[Row]) -> None:
    """Every link, and who is left alone."""
    table = columns("HRA Cloud", "Xero", "Number", "State", "Open")
    for row in rows:
        open_fields = ", ".join(label(name) for name in row["open"])
        table.add_row(
            *cells(row["hra_id"], row["xero_id"], row["number"] or "", row["state"], open_fields)
        )
    _print(table if rows else "Nobody is linked yet.")


def attention(rows: Sequence[Row]) -> None:
    """What waits for a person, and the buttons that each row has."""
    table = columns("Id", "Who", "What", "Why, and what to do", "With")
    for row in rows:
        buttons = ", ".join(word.replace("_", " ") for word in row["buttons"])
        table.add_row(*cells(row["id"], who(row), row["kind"], row["text"], buttons))
    _print(table if rows else "Nothing waits for a person.")
    if rows:
        _print(f"Both sides' values, and what to type: {PROGRAM} attention show ID")


def opened(told: Row) -> None:
    """One row of the list with the values of both sides, its possible partners, and what to type."""
    _print("  ".join(part for part in (told["id"], told["kind"], told["who"]) if part))
    _print(told["text"])
    if told["compared"]:
        console().print(_compared(told["compared"]))
    if told["planned"]:
        console().print(lines(told["planned"], dry_run=False))
    for partner in told["partners"]:
        _print(f"\nPossible partner: {_partner(partner)}")
        if partner["compared"]:
            console().print(_compared(partner["compared"]))
    if told["problem"]:
        _print(f"\n{told['problem']}")
    ways = list(_ways(told))
    if ways:
        _print("\nWhat to type:")
    for way in ways:
        _print(f"  {PROGRAM} {way}")


def _compared(rows: Sequence[Row]) -> Table:
    table = columns("Field", "HRA Cloud", "Xero", "")
    for one in rows:
        alike = one["hra"] == one["xero"] and not one["same"]
        told = DIFFER if alike else ""
        table.add_row(*cells(one["label"], one["hra"] or "empty", one["xero"] or "empty", told))
    return table


def _partner(partner: Row) -> str:
    number = f" ({partner['number']})" if partner["number"] else ""
    why = f": {', '.join(partner['why'])}" if partner["why"] else ""
    return f"{SYSTEMS[partner['side']]} {partner['id']}{number}{why}"


def _ways(told: Row) -> Iterator[str]:
    hra_id, xero_id = told["hra_id"], told["xero_id"]
    whom = hra_id or (f"xero:{xero_id}" if xero_id else "")
    for button in told["buttons"]:
        if button == "link":
            for partner in told["partners"]:
                ids = {"hra": hra_id, "xero": xero_id, partner["side"]: partner["id"]}
                yield f"links add {ids['hra']} {ids['xero']}"
        elif button in ("approve", "reject") and told["plan"]:
            yield f"attention {button} {told['id']}"
        elif button in BUTTONS:
            yield BUTTONS[button].format(item=told["id"], whom=whom)


def _print(what: Table | str) -> None:
    if isinstance(what, str):
        console().print(*cells(what), soft_wrap=True, highlight=False)
    else:
        console().print(what)
