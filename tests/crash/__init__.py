"""The agent killed at every point where it writes to disk or to a side, and started again (promises 1 to 4)."""
