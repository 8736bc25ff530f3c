"""The commands run and connect: the page served until a signal, or until a person has signed in."""

import logging
import time
from collections.abc import Callable
from typing import Any

from agent.cli.context import Context, log_to_stderr, stopping
from agent.cli.exposed import exposures, refuse_open_house
from agent.config import Settings
from agent.control import Control
from agent.errors import SIDE_NAMES, DataDirBusy, Misconfigured
from agent.results import COMMAND, DONE, NO_CONNECTION
from agent.service import Server, Service
from agent.vault import Key
from agent.wiring import real_times

LOOK = 0.5

_log = logging.getLogger(__name__)


def run(context: Context) -> int:
    """Serve page and hooks and run the schedules, until SIGTERM or Ctrl-C."""
    settings = context.settings()
    log_to_stderr(settings.agent.log_level)
    for exposure in exposures(settings, context.config):
        _log.warning("%s", exposure)
    with stopping() as stop:
        service = Service(settings, context.environ, real_times())
        server = served(service, settings)
        service.start()
        context.say(f"The page is at {settings.agent.public_url} (user admin). Ctrl-C ends.")
        stop.wait()
        context.say("Stopping after the record in hand.")
        server.stop()
        service.stop()
    return DONE


def served(service: Service, settings: Settings) -> Server:
    """The page on its address. Raises Misconfigured where the port is taken, or where other machines would reach a page
    that has no password.
    """
    host, port = settings.agent.host, settings.agent.port
    try:
        refuse_open_house(settings, service.users())
        return Server(service.app, host, port, settings.agent.trusted_proxy)
    except Misconfigured:
        service.stop()
        raise
    except OSError as error:
        service.stop()
        raise Misconfigured(
            [f"[agent] port: {host} port {port} cannot be listened on; is it in use?"]
        ) from error


def connect(context: Context) -> int:
    """Sign in to one side: prints the address to open, and waits until the person is back."""
    settings, side = context.settings(), context.asked.side
    log_to_stderr("error")
    try:
        service = Service(settings, context.environ, real_times())
    except DataDirBusy:
        door = Control(settings, Key.find(settings.agent.data_dir, context.environ))
        return _wait(context, side, door.begin_connect, door.sign_in)
    server = served(service, settings)
    try:
        return _wait(context, side, lambda one: service.connect(one, COMMAND), service.sign_in)
    finally:
        server.stop()
        service.stop()


def _wait(
    context: Context,
    side: str,
    begin: Callable[[str], str],
    look: Callable[[str], dict[str, Any]],
) -> int:
    before = look(side)["obtained"]
    print(f"Open this address and sign in to {SIDE_NAMES[side]}:\n{begin(side)}", flush=True)
    while True:
        now = look(side)
        if now["failed"]:
            print(now["reason"], flush=True)
            return NO_CONNECTION
        if now["obtained"] and now["obtained"] != before:
            break
        time.sleep(LOOK)
    if not now["connected"]:
        print(now["reason"], flush=True)
        return NO_CONNECTION
    context.say(f"{SIDE_NAMES[side]} is connected as {now['name']}.")
    return DONE
