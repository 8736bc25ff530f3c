"""The command key: another key for sign-ins, sessions, plans and the door of the commands."""

import base64
import os

from agent.cli.context import Context, alone, log_to_stderr
from agent.records import Event
from agent.rekey import is_given, rotate
from agent.results import COMMAND, DONE
from agent.vault import KEY_BYTES, KEY_VARIABLE

DONE_TEXT = (
    "The agent has a new key. Everybody signs in to the page anew, and plans saved before are refused. Put the new {file} "
    "where you keep the old one: the old one opens nothing of this data directory any more."
)
IF_KNOWN = (
    "If somebody may have read the old key together with the data directory, also connect both sides again: that ends the "
    "sign-ins that it opens."
)
IN_THE_ENVIRONMENT = (
    "The key comes from {variable}, which only you can change. Put this before what stands there now, with a space between, "
    "and start the agent; it is shown this once:"
)


def key(context: Context) -> int:
    """Change the key, or make one where only its owner can change it."""
    settings = context.settings()
    log_to_stderr("error")
    with alone(context, settings) as pair:
        if is_given(context.environ):
            return _made(context)
        # Before it is done, as all that changes who may do what (S3).
        pair.store.note(Event("key", why="changed", actor=COMMAND))
        rotate(settings.agent.data_dir, pair.key)
    if context.plain:
        context.told({"rotated": True})
    else:
        context.say(DONE_TEXT.format(file="agent.key"))
        context.say(IF_KNOWN)
    return DONE


def _made(context: Context) -> int:
    fresh = base64.b64encode(os.urandom(KEY_BYTES)).decode("ascii")
    if context.plain:
        context.told({"rotated": False, "key": fresh})
    else:
        context.say(IN_THE_ENVIRONMENT.format(variable=KEY_VARIABLE))
        print(f"key {fresh}", flush=True)
        context.say(IF_KNOWN)
    return DONE
