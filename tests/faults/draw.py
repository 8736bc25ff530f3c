"""Draws small mistakes evenly over the areas of the agent: equal seeds draw equal faults from equal code.

In an area every second fault comes from the library's operators, the others from ours; a place in the code is drawn
first, then what goes wrong there, so that a comparison with five ways to be wrong is no likelier than one with one.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from random import Random

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator

from tests.faults.operators import of_ours, of_the_library

AREAS = {
    "merge": "agent/merge/*.py",
    "plan": "agent/plan.py",
    "match": "agent/match.py agent/strangers.py",
    "fields": "agent/fields.py",
    "hra": "agent/hra/mapping*.py",
    "xero": "agent/xero/mapping*.py",
    "sync": "agent/sync/*.py",
    "store": "agent/store/*.py",
    "tokens": "agent/tokens/*.py",
    "hooks": "webhooks/signature.py webhooks/payload.py",
    "limits": "agent/limits/*.py agent/xero/budget.py",
}
_LOG_CALL = re.compile(r"_?log(ger)?", re.IGNORECASE)


@dataclass(frozen=True)
class Drawn:
    """One mistake. `first` and `last` are the lines of its statement, the header only where it has a body."""

    area: str
    file: str
    line: int
    operator: str
    before: str  # the changed lines, stripped
    after: str
    first: int
    last: int
    at_import: bool
    code: str = field(repr=False)  # the whole file with the mistake in it

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.operator}: {self.before}  ->  {self.after}"


@dataclass(frozen=True)
class _Place:
    operator: str
    occurrence: int
    position: tuple[int, int]


def draw(root: Path, area: str, seed: int) -> Iterator[Drawn]:
    """All faults of an area, each place once, in the order that the seed gives."""
    random = Random(f"{seed}:{area}")
    kinds = [
        _places_in_order(_modules(root, area), operators, random)
        for operators in (of_the_library(), of_ours())
    ]
    for module, place in filter(None, chain.from_iterable(zip_longest(*kinds))):
        found = module.with_fault(area, place)
        if found:
            yield found


def at_line(root: Path, area: str, file: str, before: str) -> Iterator[Drawn]:
    """Every fault that could be drawn in lines that read like this."""
    module = _Module.read(root, file)
    lines = [line.strip() for line in module.source.splitlines()]
    for operators in (of_the_library(), of_ours()):
        for place in chain.from_iterable(module.places(operators).values()):
            if lines[place.position[0] - 1] in before.split(" / "):
                found = module.with_fault(area, place)
                if found:
                    yield found


def files_of(root: Path, area: str) -> list[str]:
    """The files of an area, as paths in the project."""
    found = chain.from_iterable(sorted(root.glob(pattern)) for pattern in AREAS[area].split())
    return [path.relative_to(root).as_posix() for path in found]


@dataclass(frozen=True)
class _Module:
    file: str
    source: str

    @staticmethod
    @cache
    def read(root: Path, file: str) -> "_Module":
        return _Module(file, (root / file).read_text("utf-8"))

    def places(self, operators: dict[str, Operator]) -> dict[tuple[int, int], list[_Place]]:
        """Position -> what can go wrong there, without the spans in which nothing is drawn."""
        nodes = list(ast_nodes(get_ast(self.source)))
        taboo = list(_taboo(ast.parse(self.source)))
        found: dict[tuple[int, int], list[_Place]] = {}
        for name, operator in operators.items():
            spans = chain.from_iterable(map(operator.mutation_positions, nodes))
            for occurrence, (start, _) in enumerate(spans):
                if not any(low <= start < high for low, high in taboo):
                    found.setdefault(start, []).append(_Place(name, occurrence, start))
        return found

    def with_fault(self, area: str, place: _Place) -> Drawn | None:
        """The module with that one mistake; None where it reads the same or is no Python any more."""
        operator = (of_the_library() | of_ours())[place.operator]
        try:
            code = mutate_code(self.source, operator, place.occurrence)
        except AttributeError:  # the library knows no `except` with a dotted name
            return None
        if code is None or not _compiles(code) or ast.dump(ast.parse(code)) == self._dump():
            return None
        before, after, line = _difference(self.source, code)
        first, last, at_import = _statement(ast.parse(self.source), place.position[0])
        return Drawn(
            area, self.file, line, place.operator, before, after, first, last, at_import, code
        )

    def _dump(self) -> str:
        return ast.dump(ast.parse(self.source))


def _modules(root: Path, area: str) -> list[_Module]:
    found = [_Module.read(root, file) for file in files_of(root, area)]
    if not found:
        raise SystemExit(f"There is no file in the area {area}: {AREAS[area]}")
    return found


def _places_in_order(
    modules: Sequence[_Module], operators: dict[str, Operator], random: Random
) -> list[tuple[_Module, _Place]]:
    """Each place once, with one of the things that can go wrong there."""
    found = [(module, places) for module in modules for places in module.places(operators).values()]
    random.shuffle(found)
    return [(module, random.choice(places)) for module, places in found]


def _taboo(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The spans in which nothing is drawn (see the operators' module)."""
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as span):
                yield _span(span)
            case ast.FunctionDef(returns=ast.expr() as span):
                yield _span(span)
            case ast.AnnAssign(annotation=span):
                yield _span(span)
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                yield _span(node)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if _LOG_CALL.fullmatch(name):
                yield _span(node)
            case ast.ClassDef():
                yield from map(_decorator, node.decorator_list)
            case ast.Call(func=ast.Name(id="isinstance")):
                yield _span(node)
            case ast.Call(func=ast.Attribute(attr="getLogger")) | ast.keyword(arg="frozen"):
                yield _span(node)
            case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar" | "NewType"))):
                yield _span(node)


def _decorator(node: ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    start, end = _span(node)
    return (start[0], 0), end


def _span(node: ast.expr | ast.stmt | ast.keyword) -> tuple[tuple[int, int], tuple[int, int]]:
    last = (node.end_lineno or node.lineno, node.end_col_offset or 0)
    return (node.lineno, node.col_offset), last


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _difference(before: str, after: str) -> tuple[str, str, int]:
    """The lines that differ, on either side, and the number of the first."""
    old, new = before.splitlines(), after.splitlines()
    head = next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return _said(old[head : len(old) - tail]), _said(new[head : len(new) - tail]), head + 1


def _said(lines: Sequence[str]) -> str:
    return " / ".join(line.strip() for line in lines if line.strip())


def _statement(tree: ast.Module, line: int) -> tuple[int, int, bool]:
    """First and last line of the innermost statement around a line, and whether it runs on import."""
    best, at_import = (line, line), True
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            continue
        first, last = _header(node)
        if first <= line <= last and last - first <= max(
            best[1] - best[0], 10**6 * (best == (line, line))
        ):
            best = first, last
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[0].lineno, node.end_lineno or node.lineno
            at_import = at_import and not body[0] <= line <= body[1]
    return best[0], best[1], at_import


def _header(node: ast.stmt | ast.ExceptHandler | ast.match_case) -> tuple[int, int]:
    """The lines of a statement, without those of its body."""
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, max(node.pattern.lineno, node.body[0].lineno - 1)
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        return first, max(node.lineno, body[0].lineno - 1)
    return first, node.end_lineno or node.lineno
