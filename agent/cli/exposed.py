"""What stands more open than it should: the settings file, the key, the page. One sentence a finding; the service refuses
to be reached from other machines where nobody could have to sign in.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.config import Settings
from agent.config.convert import is_loopback
from agent.errors import Misconfigured
from agent.records import User
from agent.vault import KEY_FILE

READ_BY_OTHERS, WRITTEN_BY_OTHERS, READ_BY_GROUP = 0o004, 0o022, 0o040
READABLE = "{path} holds secrets, and everybody on this machine may read it: chmod 600 {path}"
WRITABLE = (
    "{path} decides what the agent does, and others on this machine may write it: chmod 600 {path}"
)
KEY_READABLE = "{path}: other users of its group may read the key: chmod 600 {path}"
UNENCRYPTED = (
    "[agent] host: {host} is reached from other machines, and public_url is http: passwords and pages travel unencrypted. "
    "Put a proxy with https before it, and let the agent listen on 127.0.0.1"
)
NO_PASSWORD = (
    "[agent] host: {host} is reached from other machines, and nobody has a password for the page yet. Set [page] "
    "password_hash (the command init writes one) or add somebody with users add, or listen on 127.0.0.1"
)


def refuse_open_house(settings: Settings, users: Iterable[User]) -> None:
    """Raises Misconfigured where other machines would reach a page that has no password. Page `users` that come out of a
    backup have none.
    """
    host = settings.agent.host
    somebody = settings.page.password_hash or any(user.password_hash for user in users)
    if not somebody and not is_loopback(host):
        raise Misconfigured([NO_PASSWORD.format(host=host)])


def exposures(settings: Settings, config: Path) -> Iterator[str]:
    """What is to be mended, a sentence each. Only file modes and settings are looked at."""
    agent, mode = settings.agent, _mode(config)
    if mode & READ_BY_OTHERS:
        yield READABLE.format(path=config)
    if mode & WRITTEN_BY_OTHERS:
        yield WRITABLE.format(path=config)
    key = agent.data_dir / KEY_FILE
    if _mode(key) & READ_BY_GROUP:
        yield KEY_READABLE.format(path=key)
    if not is_loopback(agent.host) and agent.public_url.startswith("http:"):
        yield UNENCRYPTED.format(host=agent.host)


def _mode(path: Path) -> int:
    """Who may do what with a file; 0 where there is none, and on Windows, whose modes tell nothing."""
    if os.name == "nt":
        return 0
    try:
        return path.stat().st_mode
    except OSError:
        return 0
