"""The linked pair in this process, which commands, page and schedule all work with."""

from agent.pair.pair import Pair

__all__ = ["Pair"]
