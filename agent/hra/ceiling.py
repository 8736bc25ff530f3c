"""The agent's own ceiling at HRA Cloud, which publishes no limits and whose contract knows no 429 (assumption A45).

The numbers stand here alone. One record is read in one round trip: its detail and four sections, 5 calls; three more are
for a push beside a run. Xero's 60 calls a minute set the pace of both sides, and the busiest step, a change carried to HRA
Cloud, costs up to 15 calls there for each one at Xero: 20 a second are never in its way, and no more than a few people at
their browsers make. What HRA Cloud asks for by 429 or 503 with Retry-After is obeyed besides, by the gate.
"""

from agent.limits.ceiling import Ceiling
from agent.limits.places import Places

AT_ONCE = 8
A_MINUTE = 1200
KEPT_AT_ONCE = 3
KEPT_A_MINUTE = 60


def ceiling() -> Ceiling:
    """The ledger of HRA Cloud's gate."""
    return Ceiling(
        Places(AT_ONCE, A_MINUTE, kept_at_once=KEPT_AT_ONCE, kept_a_minute=KEPT_A_MINUTE)
    )
