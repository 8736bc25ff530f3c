"""How much is tried, and with which seed: 2,000 requests, or 100,000 with HRA_XERO_LONG=1; HRA_XERO_SEED plays one again."""

import os
import random

LONG = os.environ.get("HRA_XERO_LONG") == "1"
REQUESTS = 100_000 if LONG else 2_000
DESCRIBED = REQUESTS * 2 // 5  # made from docs/openapi.yaml
RAW = REQUESTS - DESCRIBED  # bytes on a socket


def seed() -> int:
    """The same one in every short run, another one in each long run; a failure prints it."""
    given = os.environ.get("HRA_XERO_SEED")
    if given:
        return int(given)
    return random.SystemRandom().randrange(2**32) if LONG else 4
