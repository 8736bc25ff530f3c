"""The text of agent.ini -> sections, keys and values, with every problem of form at once. Pure.

Not configparser: that one stops at the first key given twice, joins an indented line to the value
above it, and cannot take `=` in a name. Here a line is one of: empty; a comment (it starts with #
or ;); `[section]`; `key = value`. The value is the rest of the line as it stands. In the maps a
name may stand in double quotes, and a name may begin with # or ;, so there only `# ` and `; ` make
a comment.
"""

import re
from collections.abc import Container, Iterator

Sections = dict[str, dict[str, str]]

HEADER = re.compile(r"\[\s*([^\[\]]+?)\s*\](\s*[#;].*)?")
ENTRY = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>[^"=][^=]*?))\s*=\s*(?P<value>.*)')


def read(text: str, maps: Container[str]) -> tuple[Sections, list[str]]:
    """Sections by name, and problem lines. `maps` are the sections whose keys are names."""
    sections: Sections = {}
    problems: list[str] = []
    section = ""
    for number, line in _lines(text):
        if header := HEADER.fullmatch(line):
            section = header[1]
            sections.setdefault(section, {})
        elif not _is_comment(line, section in maps):
            problem = _add(sections, section, line)
            if problem:
                problems.append(
                    f"[{section}] line {number}: {problem}"
                    if section
                    else f"line {number}: {problem}"
                )
    return sections, problems


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line.strip()


def _is_comment(line: str, in_map: bool) -> bool:
    if line[0] not in "#;":
        return False
    return not (in_map and line[1:2].strip() and ENTRY.fullmatch(line))


def _add(sections: Sections, section: str, line: str) -> str:
    """Store one entry; what is wrong with it, or nothing."""
    entry = ENTRY.fullmatch(line)
    if not entry:
        return "is no setting; write key = value, or start it with # to comment"
    key = entry["quoted"] or entry["plain"]
    if not section:
        return "stands before the first [section]; move it below one"
    if key in sections[section]:
        return "has a key that is there twice; take one out"
    sections[section][key] = entry["value"]
    return ""
