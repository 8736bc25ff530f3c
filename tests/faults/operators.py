"""Which small mistakes are drawn: the mutation library's own operators, and three more in its interface.

Left out, because they say nothing about a suite of tests:
- replacements that can only break the program (a `|` of two sets as `**`, `is` as `<`), or that nobody would write (`^` for the
  `|` of two sets): each place has its plausible ones;
- `==` for `is` and the other way round: for the members of an enum they are the same;
- what the type checker answers for: annotations, the second argument of `isinstance`, `frozen=True` of a dataclass;
- a dataclass without its decorator, which nothing survives;
- docstrings, `__all__`, whatever is written to a log, and the wording of sentences (texts with a space in them).
"""

import re
from collections.abc import Iterator
from typing import Any

from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import ExprStmt, Keyword, ReturnStmt, String

Span = tuple[tuple[int, int], tuple[int, int]]

_ORDER = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
_PLAUSIBLE = {
    "Add": "Sub", "Sub": "Add", "Mul": "FloorDiv", "Div": "Mul", "FloorDiv": "Mul", "Mod": "FloorDiv",
    "Pow": "Mul", "BitOr": "BitAnd", "BitAnd": "BitOr",
}  # fmt: skip
_NOTHING = ("None", "False", '""', "()", "True")  # True is for the library's own operator
_LOG_CALL = re.compile(r"_?log(ger)?\.", re.IGNORECASE)
_TEXT = re.compile(r"""(['"])[^\s\\]*\1""")


class ReturnNothing(Operator):  # type: ignore[misc]
    """Lets a function return None where it returned something."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if isinstance(node, ReturnStmt) and node.children[1].get_code().strip() not in _NOTHING:
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.children[1] = Keyword("None", node.children[1].start_pos, " ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("def f(): return 1", "def f(): return None"),)


class DropStatement(Operator):  # type: ignore[misc]
    """Leaves out a statement that acts: a call whose result nobody takes, a value put into an object or a table."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        if node.type == "simple_stmt" and self._acts(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        dropped = node.children[0]
        prefix = dropped.get_first_leaf().prefix
        node.children[0] = Keyword("pass", dropped.start_pos, prefix)
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("f(x)\n", "pass\n"), Example("a.b = 1\n", "pass\n"))

    @staticmethod
    def _acts(statement: Any) -> bool:
        if isinstance(statement, ExprStmt):
            return bool(statement.children[0].type == "atom_expr")
        called = statement.type == "atom_expr" and statement.get_code().rstrip().endswith(")")
        return bool(called) and not _LOG_CALL.match(statement.get_code().lstrip())


class ChangeText(Operator):  # type: ignore[misc]
    """Another key, name or code in the place of this one."""

    def mutation_positions(self, node: Any) -> Iterator[Span]:
        is_text = isinstance(node, String) and _TEXT.fullmatch(node.value)
        if is_text and node.parent.type != "simple_stmt":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.value = f"{node.value[:-1]}_{node.value[-1]}"
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example("x = 'a'", "x = 'a_'"),)


def of_the_library() -> dict[str, Operator]:
    """Name -> operator, for those of the library that make a plausible mistake."""
    names = [name for name in operator_names() if _plausible(name.partition("/")[2])]
    return {name.partition("/")[2]: get_operator(name)() for name in names}


def of_ours() -> dict[str, Operator]:
    return {kind.__name__: kind() for kind in (ReturnNothing, DropStatement, ChangeText)}


def _plausible(name: str) -> bool:
    family, _, change = name.partition("_")
    old, _, new = change.partition("_")
    if family == "ReplaceBinaryOperator":
        return new in _PLAUSIBLE.get(old, "").split()
    if family == "ReplaceComparisonOperator":
        return (old in _ORDER and new in _ORDER) or {old, new} == {"Is", "IsNot"}
    if family == "ReplaceUnaryOperator":
        return old == "Delete"
    return not get_operator(f"core/{name}").arguments()
