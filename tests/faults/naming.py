"""One name for each function of a module, for the recorder and for those who read what it wrote."""

import ast
from collections.abc import Iterator


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of a module; one inside another goes by the name of the outer one."""
    for node in tree.body:
        yield from _inside(node, "", False)


def _inside(node: ast.AST, name: str, within: bool) -> Iterator[tuple[str, ast.FunctionDef]]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and not within:
        name = f"{name}.{node.name}".strip(".")
    if isinstance(node, ast.FunctionDef):
        yield name, node
    for child in ast.iter_child_nodes(node):
        yield from _inside(child, name, within or isinstance(node, ast.FunctionDef))
