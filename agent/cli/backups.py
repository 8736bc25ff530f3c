"""The commands backup and restore: what the agent remembers as one file, and back again (L5)."""

from pathlib import Path
from typing import Any

from agent import backup as backups
from agent.cli.context import Context, alone, held, log_to_stderr
from agent.config import Settings
from agent.errors import KeyMissing
from agent.records import Event
from agent.results import ATTENTION, COMMAND, DONE
from agent.vault import BACKUP, KEY_FILE, Key
from agent.wiring import real_times

WRITTEN = (
    "{path} holds what the agent remembers, without sign-ins, passwords and key. Keep the key ({key} in the data "
    "directory, or HRA_XERO_KEY) somewhere else: with both, a new machine goes on where this one was."
)
RESTORED = "Restored {folder} from the backup of {made:%Y-%m-%d %H:%M} UTC ({name})."
ASIDE = "What was there before is in {aside}."
NEXT = (
    "Schedules and pushes are off. Once the old agent is gone: start the agent (run), switch schedules on (schedules on), "
    "and connect both sides. Page users need new passwords (users remove, then users add)."
)
NO_KEY = (
    "The key of the agent that made this backup is not here, so nobody can tell whether it was changed, and what was agreed "
    "counts for nothing: everybody is met as if for the first time, with links kept. If you have the key, restore again "
    "with it ({key} in the data directory, or HRA_XERO_KEY, and --replace)."
)
LOG = "The audit log in the backup is not whole: {found}"


def backup(context: Context) -> int:
    """Write a backup, through the running agent where there is one."""
    settings, path = context.settings(), Path(context.asked.file)
    log_to_stderr("error")
    with held(context, settings) as agent:
        data = agent.backup().encode("ascii")
    backups.write(path, data)
    if context.plain:
        context.told({"file": str(path), "bytes": len(data)})
    else:
        context.say(WRITTEN.format(path=path, key=KEY_FILE))
    return DONE


def restore(context: Context) -> int:
    """Put a backup into the data directory of agent.ini."""
    settings, path = context.settings(), Path(context.asked.file)
    log_to_stderr("error")
    folder = settings.agent.data_dir
    keys = _keys(context, settings)
    done = backups.restore(
        path,
        folder,
        keys,
        now=real_times().clock,
        keep=(KEY_FILE, *_settings_in(folder, context.config)),
        wanted=(settings.hra.account_id or "", settings.xero.tenant_id or ""),
        replace=context.asked.replace,
    )
    findings = _noted(context, settings, done) if keys else ()
    _tell(context, done, findings)
    return DONE if keys and not findings else ATTENTION


def _settings_in(folder: Path, config: Path) -> tuple[str, ...]:
    """The settings file where it stands among the agent's own files: it is nobody's to move aside."""
    return (config.name,) if config.resolve().parent == folder.resolve() else ()


def _keys(context: Context, settings: Settings) -> tuple[bytes, ...]:
    try:
        return Key.find(settings.agent.data_dir, context.environ).each(BACKUP)
    except KeyMissing:
        return ()


def _noted(context: Context, settings: Settings, done: backups.Restored) -> tuple[str, ...]:
    """A line of the audit log on it; what is wrong with the log as it came out of the backup."""
    with alone(context, settings) as pair:
        head, store = done.backup.head, pair.store
        findings = store.audit_check()
        other = store.audit_differs(head.audit_count, head.audit_mac)
        why = f"from the backup of {head.made:%Y-%m-%d %H:%M} UTC"
        store.note(Event("restored", why=why, actor=COMMAND))
    return (*findings, *((other,) if other else ()))


def _tell(context: Context, done: backups.Restored, findings: tuple[str, ...]) -> None:
    head = done.backup.head
    if context.plain:
        told: dict[str, Any] = {
            "made": head.made.isoformat(),
            "proved": done.backup.proved,
            "aside": str(done.aside) if done.aside else None,
            "findings": list(findings),
        }
        context.told(told)
        return
    name = head.account_name or "nobody linked yet"
    context.say(
        RESTORED.format(folder=context.settings().agent.data_dir, made=head.made, name=name)
    )
    if done.aside:
        context.say(ASIDE.format(aside=done.aside))
    context.say(NEXT)
    for one in findings:
        print(LOG.format(found=one), flush=True)
    if not done.backup.proved:
        print(NO_KEY.format(key=KEY_FILE), flush=True)
