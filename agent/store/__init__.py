"""The data directory: what the agent remembers (`Store`), and the only right to it (`DataDir`)."""

from agent.store.lock import DataDir
from agent.store.store import Store

__all__ = ["DataDir", "Store"]
