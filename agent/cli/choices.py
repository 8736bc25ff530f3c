"""The commands links and attention: what stands, what waits for a person, and what a person decides."""

import getpass
import sys

from agent.cli import lists, runs
from agent.cli.context import Context, held, log_to_stderr
from agent.cli.here import Held
from agent.cli.telling import said
from agent.control import Elsewhere
from agent.errors import AgentError, Misconfigured
from agent.records import Choice
from agent.results import COMMAND, DONE, exit_for

LINKING = {
    "add": "link",
    "remove": "unlink",
    "ignore": "ignore",
    "unignore": "unignore",
    "create": "create",
}
NO_PASSWORD = (
    "--as {name}: a password is needed; type it, or give it as the first line of the input"
)


def links(context: Context) -> int:
    """Every link; or link, part, ignore, create."""
    asked = context.asked
    settings = context.settings()
    log_to_stderr("error")
    with held(context, settings) as agent:
        if asked.verb != "list":
            return _answered(context, agent, _linking(context))
        rows = agent.links()
    if context.plain:
        context.told(rows)
    else:
        lists.links(rows)
    return DONE


def attention(context: Context) -> int:
    """What waits for a person; or what a person decides about it."""
    settings, verb = context.settings(), context.asked.verb
    log_to_stderr("error")
    with held(context, settings) as agent:
        if verb == "list":
            return _listed(context, agent)
        if verb == "show":
            return _opened(context, agent)
        if verb == "approve" and not context.asked.user and (plan := _plan(context, agent)):
            return runs.let_through(context, agent, plan)
        return _answered(context, agent, _deciding(context))


def _listed(context: Context, agent: Held) -> int:
    rows = agent.attention()
    if context.plain:
        context.told(rows)
    else:
        lists.attention(rows)
    return DONE


def _opened(context: Context, agent: Held) -> int:
    opened = agent.opened(context.asked.id)
    if context.plain:
        context.told(opened)
    else:
        lists.opened(opened)
    return DONE


def _plan(context: Context, agent: Held) -> str:
    """The hash of the braked run that this row is about; "" for any other row."""
    plans = (row["plan"] for row in agent.attention() if row["id"] == context.asked.id)
    return str(next(plans, ""))


def _linking(context: Context) -> Choice:
    asked = context.asked
    verb = LINKING[asked.verb]
    if verb == "link":
        return Choice(verb, asked.hra_id, COMMAND, other=asked.xero_id)
    return Choice(verb, asked.id, COMMAND)


def _deciding(context: Context) -> Choice:
    asked = context.asked
    return Choice(asked.verb, asked.id, COMMAND, use=getattr(asked, "use", ""))


def _answered(context: Context, agent: Held, choice: Choice) -> int:
    name = getattr(context.asked, "user", None) or ""
    password = _password(name) if name else ""
    try:
        answer = agent.answer(choice, name, password)
    except AgentError as error:
        code = error.exit if isinstance(error, Elsewhere) else exit_for(error)
        raise Elsewhere(f"Not done: {said(choice)}. {error.sentence()}", code) from error
    if context.plain:
        context.told({"choice": said(choice), **answer})
    elif answer["exit"] or not context.quiet:
        print(answer["sentence"], flush=True)
    return int(answer["exit"])


def _password(name: str) -> str:
    """That page user's password, from a person or from whoever feeds this command. Never an argument: others see those."""
    if sys.stdin.isatty():
        given = getpass.getpass(f"Password of {name}: ")
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise Misconfigured([NO_PASSWORD.format(name=name)])
    return given
