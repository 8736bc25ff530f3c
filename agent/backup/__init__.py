"""Backup and restore of what the agent remembers, without its secrets (L5, S3, S4).

In a backup: links with their digests, the inbox, runs, what waits, plans, page users without their
passwords, the audit log with its head. Not in it: the key, sign-ins, password hashes, agent.ini.
"""

from agent.backup.form import Head, Opened
from agent.backup.making import made, read, write
from agent.backup.restoring import Restored, restore

__all__ = ["Head", "Opened", "Restored", "made", "read", "restore", "write"]
