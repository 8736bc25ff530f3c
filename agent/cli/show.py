"""What a command prints for a person: tables, a plan, a progress bar on a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from agent import pace
from agent.cli.context import Context

WIDE = 150  # where no terminal says how wide it is
COUNTS = {
    "records": "records looked at",
    "resumed": "read already by the stopped run",
    "waiting": "waiting for the next import or export",
    "linked": "linked",
    "created_hra": "created in HRA Cloud",
    "created_xero": "created in Xero",
    "terminated": "terminated in HRA Cloud",
    "to_hra": "fields written to HRA Cloud",
    "to_xero": "fields written to Xero",
    "conflicts": "conflicts",
    "held": "held",
    "refused": "refused",
    "calls_hra": "calls to HRA Cloud",
    "calls_xero": "calls to Xero",
}
ACTIONS = {
    "update": "change",
    "create": "create",
    "convert": "convert",
    "link": "link",
    "hold": "held",
}
SYSTEMS = {"hra": "HRA Cloud", "xero": "Xero", "": ""}
KINDS = {"verify": "Verification"}
PHASES = {"reading": "reading", "writing": "working"}

Tell = Callable[[dict[str, Any]], None]


def console() -> Console:
    """The terminal; elsewhere a wide page, so that lines stay whole."""
    found = Console()
    return found if found.is_terminal else Console(width=WIDE)


@contextmanager
def bar(context: Context, kind: str) -> Iterator[Tell]:
    """A progress bar on a terminal; nothing elsewhere."""
    terminal = Console(stderr=True)
    if context.quiet or context.plain or not terminal.is_terminal:
        yield lambda now: None
        return
    with progress_bar(terminal) as progress:
        task = progress.add_task(kind, total=None, left="")

        def tell(now: dict[str, Any]) -> None:
            told = f"{kind}, {PHASES.get(now['phase'], now['phase'])}"
            progress.update(
                task,
                description=told,
                completed=now["done"],
                total=now["total"] or None,
                left=still(now),
            )

        yield tell


def progress_bar(console: Console) -> Progress:
    """The bar: what is done of how much, and for how long."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}"),
    )
    return Progress(*columns, console=console)


def still(now: Mapping[str, Any]) -> str:
    """What is left: time, and Xero's calls of the day, as far as they are known (R4)."""
    seconds, calls = now.get("seconds_left"), now.get("calls_left")
    told = []
    if seconds is not None:
        told.append(f"{pace.time_left(seconds)} left")
    if calls is not None:
        told.append(f"{calls:,} Xero calls left today")
    return ", ".join(told)


def result(told: Mapping[str, Any], *, dry_run: bool, quiet: bool) -> None:
    """One run: its lines, its counts, and what waits for a person."""
    out = console()
    shown = [
        line for line in told["lines"] if dry_run or line["action"] != "update" or line["note"]
    ]
    if shown and not quiet:
        out.print(lines(shown, dry_run=dry_run))
    counts = ", ".join(
        f"{told['counts'][name]} {word}"
        for name, word in COUNTS.items()
        if told["counts"].get(name)
    )
    name = KINDS.get(told["kind"], told["kind"].capitalize())
    heading = f"{name}: {counts or 'nothing to do'}."
    out.print(heading, soft_wrap=True, highlight=False, markup=False)
    if told.get("sentence"):
        out.print(told["sentence"], soft_wrap=True, highlight=False, markup=False)
    if dry_run and told.get("plan"):
        out.print(f"Plan {told['plan']}.", highlight=False)
    if told.get("braked"):
        line = f"The brake would stop this before its first write: {told['braked']}."
        out.print(line, soft_wrap=True, highlight=False, markup=False)
    if told["needs_person"]:
        number = told["needs_person"]
        words = "One thing needs" if number == 1 else f"{number} things need"
        out.print(f"{words} a person: see the page, or the command attention.", highlight=False)


def lines(rows: Sequence[Mapping[str, Any]], *, dry_run: bool) -> Table:
    """One row a record: what was done, or would be (in a dry run with the values)."""
    table = columns("Who", "What", "Where", "Fields", "Note")
    for line in rows:
        fields = "\n".join(_field(one, dry_run) for one in line["fields"])
        table.add_row(
            *cells(
                who(line),
                ACTIONS.get(line["action"], line["action"]),
                SYSTEMS.get(line["target"], line["target"]),
                fields,
                line["note"],
            )
        )
    return table


def who(line: Mapping[str, Any]) -> str:
    """Name (where it is known) and employee number, then the ids on both sides."""
    name, number = line.get("name", ""), line["number"] or ""
    told = f"{name} ({number})" if name and number else name or number
    ids = [
        f"{SYSTEMS[side]} {line[f'{side}_id']}" for side in ("hra", "xero") if line[f"{side}_id"]
    ]
    return "\n".join(part for part in (told, *ids) if part)


def columns(*headings: str) -> Table:
    """A table that cuts nothing off: an id is there to be copied."""
    whole = (Column(heading, overflow="fold") for heading in headings)
    return Table(*whole, box=None, pad_edge=False)


def cells(*texts: object) -> Iterator[str]:
    """Texts as rich prints them unchanged, their lines kept."""
    return ("\n".join(escape(clean(line)) for line in str(text).split("\n")) for text in texts)


def clean(line: str) -> str:
    """Without the signs that steer a terminal: a name, or a line that somebody forged, may hold any."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)


def _field(one: Mapping[str, Any], dry_run: bool) -> str:
    if not dry_run:
        return str(one["label"])
    return f"{one['label']}: {one['old'] or 'empty'} -> {one['new'] or 'empty'}"


def status(told: Mapping[str, Any]) -> None:
    """What the page shows, in a few lines."""
    out = console()
    _walk(out, told, 0)


def _walk(out: Console, told: Any, depth: int) -> None:
    pad = "  " * depth
    items = told.items() if isinstance(told, Mapping) else enumerate(told, 1)
    for name, value in items:
        if isinstance(value, Mapping | list | tuple):
            if value:
                out.print(f"{pad}{name}:", markup=False, highlight=False)
                _walk(out, value, depth + 1)
        elif value not in (None, ""):
            line = f"{pad}{name}: {value}"
            out.print(line, markup=False, highlight=False, soft_wrap=True)


def table(rows: Mapping[str, object], title: str) -> None:
    """A small table of words and values."""
    made = Table(title=title, show_header=False, title_justify="left")
    for name, value in rows.items():
        made.add_row(escape(name), escape(str(value)))
    console().print(made)
