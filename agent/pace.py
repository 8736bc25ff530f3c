"""How much work fits: how many people a run verifies, how long a full round takes, how long a run still takes (X2, R4).

Pure. One person costs one call at Xero to verify (contract: the employee with all sections is one call); HRA Cloud has no
published limit.
"""

import math
from datetime import datetime
from typing import Protocol

DAY_HOURS = 24.0
A_MINUTE = 60  # Xero's published limit for one organisation
# Verification leaves so many times the reserve: what others need goes first (agent.xero.budget keeps the same).
RESERVES = 2


class Standing(Protocol):
    """How Xero's limits stand (agent.limits.ledger): calls left, None while unknown; `reserve` is kept for eSS saves."""

    @property
    def minute_left(self) -> int | None: ...
    @property
    def day_left(self) -> int | None: ...
    @property
    def day_limit(self) -> int: ...
    @property
    def reserve(self) -> int: ...
    @property
    def parked_until(self) -> datetime | None: ...
    @property
    def day_ends(self) -> datetime | None: ...


def kept(reserve: int) -> int:
    """The calls of a day that verification leaves, where `reserve` are kept for eSS saves alone."""
    return RESERVES * reserve


def part_of_a_run(every_hours: float, verify_every_hours: float, runs_a_cycle: int) -> float:
    """The part of all people that each scheduled run verifies, so that all of them are verified in time."""
    return min(1.0, every_hours / verify_every_hours / max(1, runs_a_cycle))


def runs_left(hours_left: float | None, every_hours: float, runs_a_cycle: int) -> int:
    """The scheduled runs, this one among them, before Xero's day begins anew; `hours_left` None: a whole day's."""
    hours = DAY_HOURS if hours_left is None else max(0.0, hours_left)
    return max(1, math.ceil(hours / every_hours) * max(1, runs_a_cycle))


def spare(calls_left: int | None, kept: int, runs_left: int) -> int | None:
    """The calls that one run may verify with: its part of what is left of the day beyond what is kept; None: not known."""
    if calls_left is None:
        return None
    beyond = calls_left - kept
    return math.ceil(beyond / max(1, runs_left)) if beyond > 0 else 0


def verified_now(people: int, part: float, overdue: int = 0, spare: int | None = None) -> int:
    """How many people this run verifies: its part, or all who would be overdue by the next one, as far as calls allow."""
    wanted = min(people, max(math.ceil(people * part), overdue))
    return wanted if spare is None else min(wanted, spare)


def round_hours(
    people: int, calls_a_day: int, kept: int, verify_every_hours: float
) -> float | None:
    """Hours in which everybody is verified once: as set, or longer where the day's calls do not suffice; None: never."""
    a_day = max(0, calls_a_day - kept)
    if not a_day:
        return None
    return max(verify_every_hours, people / a_day * DAY_HOURS)


def seconds_left(
    done: int,
    total: int,
    elapsed: float,
    *,
    calls_each: int = 1,
    minute_left: int | None = None,
    a_minute: int = A_MINUTE,
) -> int | None:
    """Seconds until `total` records are done: by the pace so far, and never less than the limit of a minute permits.

    `elapsed` seconds since the first one began. None where nothing tells it yet.
    """
    left = max(0, total - done)
    if not left:
        return 0
    so_far = left * elapsed / done if done > 0 and elapsed > 0 else None
    if minute_left is None:
        return None if so_far is None else math.ceil(so_far)
    at_least = max(0, left * calls_each - max(0, minute_left)) * 60 / a_minute
    return math.ceil(max(so_far or 0.0, at_least))


def in_words(hours: float) -> str:
    """Hours or days, rounded up: `24 hours`, `3 days`."""
    if hours <= 48:
        many, unit = math.ceil(hours), "hour"
    else:
        many, unit = math.ceil(hours / DAY_HOURS), "day"
    return f"{many} {unit}{'' if many == 1 else 's'}"


def time_left(seconds: int) -> str:
    """`a minute`, `14 minutes`, `about 3 hours`: what a person wants to know of the time that a run still takes."""
    if seconds < 90:
        return "a minute" if seconds > 45 else "less than a minute"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    hours = round(seconds / 3600)
    return f"about {hours} hours"
