"""The commands disconnect and schedules: giving a side up, and what happens by itself (L4, L5)."""

from agent.cli.context import Context, held, log_to_stderr
from agent.config import Settings
from agent.results import DONE

ON = "Schedules and pushes are switched on."
BY_ITSELF = (
    "By itself, as agent.ini says: import {import_}, export {export}, every {hours:g} hours."
)


def disconnect(context: Context) -> int:
    """Give one side up."""
    settings = context.settings()
    log_to_stderr("error")
    with held(context, settings) as agent:
        sentence = agent.disconnect(context.asked.side)
    if context.plain:
        context.told({"side": context.asked.side, "sentence": sentence})
    else:
        context.say(sentence)
    return DONE


def schedules(context: Context) -> int:
    """On, off, or how it stands."""
    settings, verb = context.settings(), context.asked.verb
    log_to_stderr("error")
    with held(context, settings) as agent:
        if verb != "status":
            agent.switch(verb == "on")
        reason = agent.standing()
    if context.plain:
        context.told({"on": not reason, "reason": reason, **_automatic(settings)})
    elif verb == "status" or not context.quiet:
        print(reason or ON, flush=True)
        print(_by_itself(settings), flush=True)
    return DONE


def _automatic(settings: Settings) -> dict[str, object]:
    sync = settings.sync
    return {
        "automatic_import": sync.automatic_import,
        "automatic_export": sync.automatic_export,
        "every_hours": sync.every_hours,
    }


def _by_itself(settings: Settings) -> str:
    sync = settings.sync
    words = {True: "yes", False: "no"}
    return BY_ITSELF.format(
        import_=words[sync.automatic_import],
        export=words[sync.automatic_export],
        hours=sync.every_hours,
    )
