"""Reads the imports of the code and judges them: which arrow between two parts is allowed, which library lives where.

Pure apart from `sources`, which reads the tree. The tables are the map of the house; `findings` gives one sentence for
each arrow that goes the wrong way.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
Sources = Mapping[str, str]  # module name -> its text; a package's own name stands for its __init__

# From the ground up: a part imports parts of lower rows only.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(row.split())
    for row in (
        "errors",
        "employee replies branches records files pace",
        "canonical",
        "fields",
        "merge match side words",
        "plan strangers plans",
        "report vault audit transport",
        "limits",
        "store tokens hra xero config rekey",
        "sync",
        "connect saves watch results notices backup",
        "runs wiring",
        "pair",
        "jobs",
        "page",
        "app",
        "control",
        "service",
        "embedded",
        "sandbox",
        "demo",
        "cli",
        "__main__",
    )
)
RANK = {part: rank for rank, row in enumerate(LAYERS) for part in row}

# Standard library, no clock, no files, no network, no log; and only each other.
PURE_PARTS = frozenset(
    "errors employee canonical fields merge match plan strangers plans records words side branches replies report pace".split()
)
PURE_MODULES = tuple(
    "agent.hra.mapping agent.hra.wire agent.hra.changes agent.xero.mapping agent.xero.wire "
    "webhooks.signature webhooks.payload".split()
)
PURE_LIBRARY = frozenset(
    "__future__ base64 binascii collections dataclasses datetime decimal difflib email enum functools graphlib "
    "hashlib hmac html itertools json math operator re textwrap types typing unicodedata urllib zoneinfo".split()
)
PURE_EXCEPTIONS = {("agent.canonical", "anyascii")}  # a table of letters, nothing more
IMPURE_CALLS = frozenset({"open", "print", "input", "now", "utcnow", "today", "urlopen"})

# Every library that is not Python's own, and the parts that may import it.
HOMES: Mapping[str, frozenset[str]] = {
    library: frozenset(parts.split())
    for library, parts in {
        "anyascii": "canonical",
        "apprise": "notices",
        "apscheduler": "jobs",
        "cryptography": "vault",
        "flask": "page app webhooks sandbox",
        "flask_wtf": "page app",
        "oauthlib": "tokens",
        "requests": "transport tokens demo",  # the demo plays the person at the browser
        "requests_oauthlib": "tokens",
        "rich": "cli demo",
        "standardwebhooks": "sandbox",
        "tinydb": "store",
        "urllib3": "transport",
        "waitress": "service sandbox",
        "werkzeug": "page app webhooks sandbox service cli demo",  # cli and demo: password hashes
        "wtforms": "page",
        "_typeshed": "sandbox app",  # types only
    }.items()
}


@dataclass(frozen=True)
class Import:
    """One imported module or name, as written, and whether it stands inside a function."""

    name: str
    inside: bool


def sources() -> Sources:
    """The code as it stands, without tests."""
    return {_module(path): path.read_text(encoding="utf-8") for path in _files()}


def findings(code: Sources) -> list[str]:
    """What is wrong with the arrows, one sentence each."""
    found: list[str] = []
    for module, text in sorted(code.items()):
        tree = ast.parse(text)
        imports = list(_imports(tree, False))
        found += [f"{module}: imports {i.name} inside a function" for i in imports if i.inside]
        for name in sorted({_target(i.name, code) for i in imports}):
            found += _judge(module, name)
        if is_pure(module):
            found += _impure_calls(module, tree)
    return found + _cycle(code)


def is_pure(module: str) -> bool:
    """Whether a module decides without touching anything."""
    part = part_of(module)
    in_mapping = any(module == name or module.startswith(f"{name}_") for name in PURE_MODULES)
    return in_mapping or (module.startswith("agent.") and part in PURE_PARTS)


def part_of(module: str) -> str:
    """`errors` for agent.errors, `hra` for agent.hra.client, `webhooks` for webhooks.receiver."""
    steps = module.split(".")
    return steps[1] if steps[0] == "agent" and len(steps) > 1 else steps[0]


def _judge(module: str, name: str) -> Iterator[str]:
    top = name.split(".")[0]
    if top in ("agent", "webhooks"):
        yield from _own(module, name)
    elif top in sys.stdlib_module_names:
        if is_pure(module) and (top not in PURE_LIBRARY or name.startswith("urllib.request")):
            yield f"{module}: pure, and imports {name}"
    else:
        yield from _foreign(module, top)


def _own(module: str, target: str) -> Iterator[str]:
    here, there = part_of(module), part_of(target)
    if here == there:
        return
    if target == "agent":
        return  # the version
    if is_pure(module) and not is_pure(target):
        yield f"{module}: pure, and imports {target}"
    if here == "webhooks":
        if there != "errors":
            yield f"{module}: webhooks knows of the agent only its errors, not {target}"
    elif here == "sandbox":
        yield f"{module}: the sandbox knows nothing of the agent, and imports {target}"
    elif there == "webhooks":
        if here not in ("app", "service", "demo"):
            yield f"{module}: imports {target}, which only app and service put in place"
    elif here == "agent":
        yield f"{module}: the package itself imports {target}"
    else:
        yield from _upward(module, target, here, there)


def _upward(module: str, target: str, here: str, there: str) -> Iterator[str]:
    unknown = [part for part in (here, there) if part not in RANK]
    if unknown:
        yield f"{module}: {unknown[0]} has no place in the table of layers"
    elif {here, there} == {"hra", "xero"}:
        yield f"{module}: the two sides never meet, and it imports {target}"
    elif there == "sandbox" and here not in ("demo", "cli"):
        yield f"{module}: only demo and cli know the sandbox, not {target}"
    elif RANK[there] >= RANK[here]:
        yield f"{module}: an arrow upwards, or sideways, to {target}"


def _foreign(module: str, library: str) -> Iterator[str]:
    if library not in HOMES:
        yield f"{module}: the library {library} has no home"
    elif part_of(module) not in HOMES[library]:
        yield f"{module}: {library} lives in {', '.join(sorted(HOMES[library]))}"
    elif is_pure(module) and (module, library) not in PURE_EXCEPTIONS:
        yield f"{module}: pure, and imports {library}"


def _impure_calls(module: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if name in IMPURE_CALLS:
                yield f"{module}: pure, and calls {name}() on line {node.lineno}"


def _cycle(code: Sources) -> list[str]:
    graph = {
        module: {
            _target(i.name, code)
            for i in _imports(ast.parse(text), False)
            if i.name.split(".")[0] in ("agent", "webhooks")
        }
        - {module}
        for module, text in code.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return ["a cycle: " + " <- ".join(error.args[1])]
    return []


def _imports(node: ast.AST, inside: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are written in full"
            yield from (Import(f"{child.module}.{alias.name}", inside) for alias in child.names)
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, inside or function)


def _target(name: str, code: Sources) -> str:
    """The module behind an import: `agent.errors.Refused` is agent.errors."""
    if name in code or name.split(".")[0] not in ("agent", "webhooks"):
        return name
    return name.rpartition(".")[0]


def _files() -> Iterator[Path]:
    for top in ("agent", "webhooks"):
        yield from sorted((ROOT / top).rglob("*.py"))


def _module(path: Path) -> str:
    steps = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(steps[:-1] if steps[-1] == "__init__" else steps)
