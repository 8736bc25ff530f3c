"""How everybody is read again, as the page tells it: how long a full round takes, and who was read longest ago (X2)."""

from collections.abc import Sequence

from agent import pace
from agent.records import Link, Run
from agent.report import ran
from agent.report.shape import Facts, Verification
from agent.report.times import Clock

ROUND = "Everyone is re-read every {time}."
LONGER = " The day's Xero calls permit no shorter round."
NEVER = "Nobody is re-read: all of the day's Xero calls are kept for other work."
NOT_BY_ITSELF = "Nobody is re-read by itself, because neither import nor export is on schedule."
OFF = "Nobody is re-read while schedules are off."


def verification(
    say: Clock,
    facts: Facts,
    links: Sequence[Link],
    runs: Sequence[Run],
    limits: pace.Standing | None,
    *,
    off: bool = False,
) -> Verification:
    """`runs` newest first; `limits` None: not known, so the settings' allowance counts. `off`: nothing runs by itself."""
    hours = _round(facts, len(links), limits)
    automatic = facts.sync.automatic_import or facts.sync.automatic_export
    if off or not automatic:
        told, known = OFF if off else NOT_BY_ITSELF, None
    else:
        told, known = _told(hours, facts.sync.verify_every_hours), hours
    read = [link.verified for link in links if link.verified is not None]
    last = ran.last_of(runs, ran.VERIFY)
    return Verification(
        told=told,
        round_hours=known,
        oldest=say.maybe(min(read, default=None)),
        never=len(links) - len(read),
        last=ran.run_status(say, last) if last else None,
        goes_on=last is not None and last.outcome in ("stopped", "failed", "paused"),
    )


def _round(facts: Facts, people: int, limits: pace.Standing | None) -> float | None:
    a_day = (limits.day_limit if limits else 0) or facts.xero.daily_call_limit
    kept = pace.kept(limits.reserve) if limits else 0
    return pace.round_hours(people, a_day, kept, facts.sync.verify_every_hours)


def _told(hours: float | None, wanted: float) -> str:
    if hours is None:
        return NEVER
    return ROUND.format(time=pace.in_words(hours)) + (LONGER if hours > wanted else "")
