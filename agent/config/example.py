"""agent.ini.example, and the agent.ini that `init` writes: the settings table as a file."""

from collections.abc import Iterator, Mapping
from textwrap import wrap

from agent.config.maps import MAPS
from agent.config.table import OPTIONS, SECTIONS, Option

WIDTH = 98
PLACEHOLDERS: Mapping[str, str] = {
    "hra.client_id": "client-id-from-hr-assured",
    "hra.client_secret": "client-secret-from-hr-assured",
    "xero.client_id": "client-id-from-xero",
    "xero.client_secret": "client-secret-from-xero",
    "sync.authoritative_system": "hra",
}
HEAD = """\
Settings of the HRA Cloud-Xero agent.

Every key can come from the environment instead, which wins: HRA_XERO_<SECTION>_<KEY>, for example
HRA_XERO_HRA_CLIENT_SECRET. The maps (branch_map, leave_map, directions, authority) cannot.

An empty value counts as not written. A value is the rest of its line as it stands: no quotes, no
comment behind it. A line that starts with # or ; is a comment.

In the maps a name may stand in double quotes, and must where it holds = or outer spaces. A name may
begin with # or ;, so there only # or ; with a space behind it makes a comment.
"""


def example(values: Mapping[str, str] | None = None) -> str:
    """The text of an agent.ini with all defaults.

    `values` (such as `{"hooks.secret": "whsec_..."}`) stand in place of them; a required key
    without a value is left empty, for its owner to fill in. Raises ValueError for a name that the
    table lacks, or a value of several lines.
    """
    given = dict(values or {})
    lines = [f"# {line}".rstrip() for line in HEAD.splitlines()]
    for section, about in SECTIONS.items():
        lines += ["", "", f"[{section}]", *_comment(about)]
        for option in (one for one in OPTIONS if one.section == section):
            lines += ["", *_option(option, given.pop(f"{section}.{option.key}", None))]
        for one in (one for one in MAPS if one.section == section):
            lines += [*_comment(f"{one.about} Example:"), f"# {one.example}"]
    if given:
        raise ValueError(f"no such setting: {', '.join(given)}")
    return "\n".join(lines) + "\n"


def _option(option: Option, value: str | None) -> Iterator[str]:
    if value is not None and (value != value.strip() or "\n" in value):
        raise ValueError(f"{option.section}.{option.key}: not one line")
    note = " Required." if option.default is None else ""
    yield from _comment(option.about + note)
    written = option.default or "" if value is None else value
    yield f"{option.key} = {written}".rstrip()


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH)]
