"""agent.ini and the environment -> Settings, or Misconfigured with every problem, each in one line.

The environment wins over the file; an empty value, in either, counts as not written. No problem
line repeats a secret.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from agent.config import ini, settings
from agent.config.maps import MAPS, NamedMap
from agent.config.settings import Settings
from agent.config.table import OPTIONS, SECTIONS, Option
from agent.errors import Misconfigured
from agent.vault import KEY_VARIABLE

PREFIX = "HRA_XERO_"
NOT_SETTINGS = frozenset({KEY_VARIABLE})
PLAIN = re.compile(r"[A-Za-z][A-Za-z _-]{0,40}")
SHOWN = 60  # characters of a wrong value

_CLASSES: Mapping[str, type[Any]] = {
    "agent": settings.Agent,
    "hra": settings.Hra,
    "xero": settings.Xero,
    "sync": settings.Sync,
    "matching": settings.Matching,
    "branches": settings.Branches,
    "hooks": settings.Hooks,
    "page": settings.Page,
    "safety": settings.Safety,
    "notify": settings.Notify,
}
_VARIABLES = {option.variable: option for option in OPTIONS}
_PUBLIC_URL = _VARIABLES["HRA_XERO_AGENT_PUBLIC_URL"]
_KEYS = {(option.section, option.key) for option in OPTIONS}
_MAP_NAMES = frozenset(one.section for one in MAPS)


def load(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """The settings of a file (None: of the environment alone). Raises Misconfigured.

    A relative data_dir starts at the file's folder.
    """
    if path is None:
        return parse("", environ)
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise Misconfigured(
            [f"{path}: there is no such file; the command init writes one"]
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured([f"{path}: cannot be read; it must be a text file in UTF-8"]) from error
    found = parse(text, environ, str(path))
    return replace(found, agent=replace(found.agent, data_dir=path.parent / found.agent.data_dir))


def parse(text: str, environ: Mapping[str, str], where: str = "agent.ini") -> Settings:
    """The settings of a text; `where` names its file in the problem lines. Raises Misconfigured."""
    sections, problems = ini.read(text, _MAP_NAMES)
    problems += _unknown(sections)
    values: dict[str, dict[str, Any]] = {name: {} for name in _CLASSES}
    for option in OPTIONS:
        try:
            values[option.section][option.key] = _value(option, sections, environ)
        except ValueError as problem:
            problems.append(f"[{option.section}] {option.key}: {problem}")
    maps = {one.section: _entries(one, sections.get(one.section, {}), problems) for one in MAPS}
    lines = [*(f"{where} {problem}" for problem in problems), *_unknown_variables(environ)]
    if lines:
        raise Misconfigured([_one_line(line) for line in lines])
    if not any(_written(_PUBLIC_URL, sections, environ)):  # whoever moves the port alone means both
        values["agent"]["public_url"] = f"http://localhost:{values['agent']['port']}"
    parts: dict[str, Any] = {name: kind(**values[name]) for name, kind in _CLASSES.items()}
    return Settings(**(parts | maps))


def _written(option: Option, sections: ini.Sections, environ: Mapping[str, str]) -> tuple[str, str]:
    """What the environment says, and what the file says; "" where nothing is written."""
    in_file = sections.get(option.section, {}).get(option.key, "")
    return environ.get(option.variable, "").strip(), in_file


def _value(option: Option, sections: ini.Sections, environ: Mapping[str, str]) -> Any:
    """The value of one key. Raises ValueError with the rest of its problem line."""
    given, in_file = _written(option, sections, environ)
    source = f" (from the environment, {option.variable})" if given else ""
    text = given or in_file or option.default
    if text is None:
        raise ValueError(f"is missing. {option.about}")
    try:
        return option.convert(text)
    except ValueError as problem:
        raise ValueError(f"{_shown(option, text)} {problem}{source}") from problem


def _entries(one: NamedMap, entries: Mapping[str, str], problems: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, text in entries.items():
        try:
            found[name] = one.entry(name, text)
        except ValueError as problem:
            problems.append(f'[{one.section}] {name}: "{_short(text)}" {problem}')
    return found


def _unknown(sections: ini.Sections) -> Iterator[str]:
    for section, entries in sections.items():
        if section not in SECTIONS:
            yield f"[{section}]: there is no such section{_meant(section, SECTIONS)}"
            continue
        known = [key for name, key in _KEYS if name == section]
        for key in entries:
            if section not in _MAP_NAMES and key not in known:
                # A stray line may be half a secret.
                shown = key if PLAIN.fullmatch(key) else "a key"
                yield f"[{section}] {shown}: there is no such key{_meant(key, known)}"


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in _VARIABLES or name in NOT_SETTINGS:
            continue
        of_map = any(name.startswith(f"{PREFIX}{section}_".upper()) for section in _MAP_NAMES)
        reason = "; the maps stand in agent.ini only" if of_map else _meant(name, _VARIABLES)
        yield f"environment {name}: there is no such setting{reason}"


def _meant(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _shown(option: Option, text: str) -> str:
    hidden = option.secret or "@" in text  # an address may carry a password
    return "the value" if hidden else f'"{_short(text)}"'


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
