"""The commands demo and sandbox: invented people on this machine."""

from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event

from agent import demo as play
from agent.cli import show
from agent.cli.context import Context, log_to_stderr, stopping
from agent.errors import Misconfigured
from agent.results import DONE
from agent.sandbox import hra, xero
from agent.sandbox.people import people, xero_twin
from agent.sandbox.server import Served, serve
from agent.wiring import real_times

SNIPPETS = {
    "hra": """\
[hra]
api_url = {url}
login_url = {url}
client_id = hra-sandbox
client_secret = hra-sandbox-secret""",
    "xero": """\
[xero]
api_url = {url}
login_url = {url}
identity_url = {url}
client_id = xero-sandbox
client_secret = xero-sandbox-secret""",
}
PAGES = {
    "hra": "The employees' own pages: {url}/ess",
    "xero": "How Xero holds everybody: {url}/payroll",
}


def demo(context: Context) -> int:
    """Two sandboxes and the agent, linked; with --once also an eSS save, then the end."""
    log_to_stderr("error")
    asked = context.asked
    folder = Path(asked.data_dir).absolute() if asked.data_dir else None
    wishes = play.Wishes(asked.employees, asked.port, folder, asked.latency)

    def bar(kind: str) -> AbstractContextManager[show.Tell]:
        return show.bar(context, f"first {kind}")

    if asked.once:
        told = play.once(wishes, real_times(), context.say, bar)
        show.table(told, "What the demo did")
        return DONE
    with play.playing(wishes, real_times(), context.say) as running:
        play.first_runs(running, bar)
        show.table(play.addresses(running), "Look around")
        context.say("Change something on the eSS page and watch it arrive. Ctrl-C ends.")
        with stopping() as stop:
            stop.wait()
    return DONE


def sandbox(context: Context) -> int:
    """One sandbox alone, until Ctrl-C."""
    with stopping() as stop:
        served = _served(context)
        try:
            _introduce(context, served, stop)
        finally:
            served.stop()
    return DONE


def _introduce(context: Context, served: Served, stop: Event) -> None:
    side = context.asked.side
    context.say(
        f"{PAGES[side].format(url=served.url)}\nFor agent.ini:\n{SNIPPETS[side].format(url=served.url)}"
    )
    context.say("Ctrl-C ends.")
    stop.wait()


def _served(context: Context) -> Served:
    asked = context.asked
    staff = people(asked.seed_employees)
    if asked.side == "hra":
        here = tuple(person for person in staff if person.in_hra)
        app = hra.create(here, hook_url=asked.hook_url, hook_secret=asked.hook_secret)
    else:
        there = tuple(xero_twin(person) for person in staff if person.in_xero)
        app = xero.create(there, limits=xero.Limits())
    app.config["AUTO_CONSENT"] = asked.auto_consent
    try:
        return serve(app, asked.port, asked.latency)
    except OSError as error:
        raise Misconfigured([f"--port {asked.port}: is in use; name another"]) from error
