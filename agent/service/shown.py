"""The agent as others see it: the page's data, and what notices are made of. Decides nothing; all of it is stored."""

from datetime import datetime

from agent import report
from agent.connect import bound_id
from agent.notices import News, news
from agent.pair import Pair
from agent.wiring import SIDES

RUNS_LOOKED_AT = 50


def status_of(pair: Pair, next_run: datetime | None = None) -> report.Status:
    """Everything that the page shows, from what is stored."""
    store = pair.store
    return report.status(
        settings=pair.settings,
        binding=store.binding(),
        connections={side: store.connection(side) for side in SIDES},
        links=store.links(),
        attention=store.attention(),
        runs=store.runs(RUNS_LOOKED_AT),
        changes=store.changes(50),
        waiting=store.waiting(),
        next_run=next_run,
        day_left=pair.lines.gate.day_left,
        now=pair.times.clock(),
        standing=store.standing(),
        limits=pair.lines.gate.standing(),
        dies=pair.expiry(),
    )


def news_of(pair: Pair) -> News:
    """What somebody should hear of; nothing of a side that nobody linked, and nothing from a copy (L5)."""
    store = pair.store
    if pair.is_copy:
        return {}
    binding, dies = store.binding(), pair.expiry()
    linked = [side for side in SIDES if bound_id(binding, side)]
    return news(
        [store.connection(side) for side in linked],
        {side: dies[side] for side in linked},
        store.runs(RUNS_LOOKED_AT),
        store.attention(),
        store.links(),
        pair.times.clock(),
    )
