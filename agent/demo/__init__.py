"""The demo: two sandboxes and the agent on this machine, for a person to try, or to prove itself (`once`)."""

from agent.demo.play import DemoFailed, Wishes, addresses, first_runs, once, playing

__all__ = ["DemoFailed", "Wishes", "addresses", "first_runs", "once", "playing"]
