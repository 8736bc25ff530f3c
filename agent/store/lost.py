"""Which files of a data directory are missing, and what a person is told of it.

A lost file never deletes or overwrites anything: what it held is met as if for the first time, and
whatever a person had said in it has to be said again.
"""

from collections.abc import Collection
from pathlib import Path

from agent.records import Attention
from agent.store.migrate import INBOX_FILE, TABLE_FILES

SCOPE = "files"
ALL = (*TABLE_FILES, INBOX_FILE)
TOLD = {
    "state.json": "what the agent was linked to, what waited for a person, and whether it may run by itself. Connect "
    "both sides again",
    "links.json": "who is who, what was agreed, and whom a person set apart or left alone. Everybody is matched and "
    "compared as if for the first time: look at the plan (export --dry-run, import --dry-run) before the next run",
    INBOX_FILE: "saves in eSS that had not reached Xero yet. The next export reads everybody and brings them",
    "plans.json": "the plans of runs that the brake stopped. Start such a run again",
    "users.json": "the page's users besides admin. Add them again (users add)",
    "runs.json": "the list of earlier runs. Nothing is to be done",
}


def present(data_dir: Path) -> frozenset[str]:
    """The state files that are there."""
    return frozenset(name for name in ALL if (data_dir / name).exists())


def missing(there: frozenset[str], *, begun: bool) -> frozenset[str]:
    """The state files that were lost. `begun`: the agent is known to have made all of them here.

    The first file that an agent makes is state.json: where it alone is not there, it is lost.
    """
    if "state.json" not in there:
        return frozenset({"state.json"}) if there else frozenset()
    return frozenset(ALL) - there if begun else frozenset()


def lost_row(lost: Collection[str]) -> Attention:
    """What stands on the page."""
    told = " ".join(
        f"{name} was missing when the agent started: lost is {TOLD[name]}."
        for name in ALL
        if name in lost
    )
    return Attention(
        SCOPE, "notice", f"{told} Or stop the agent and restore a backup.", buttons=("dismiss",)
    )
