"""The commands and their options, each with an example: those that set up, serve and look."""

import argparse
from collections.abc import Sequence

from agent import __version__
from agent.cli import parser_work, runs, sandboxes, serve, setup
from agent.cli.command import PROGRAM, Commands, add, as_json, port, positive, whole

ABOUT = "Keeps one HRA Cloud account and one Xero organisation (Payroll, Australia) in step."
CODES = """\
exit codes: 0 done, 1 done but something needs attention, 2 wrong use or configuration, 3 no connection,
            4 stopped by the brake
start with: hra-xero-agent demo        everything on this machine, with invented people
            hra-xero-agent init        writes agent.ini"""


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command stands in `command`, its verb in `verb`."""
    top = argparse.ArgumentParser(
        prog=PROGRAM,
        description=ABOUT,
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _demo(commands)
    _sandbox(commands)
    _init(commands)
    add(commands, "run", serve.run, "serve page and hooks and run the schedules", "run")
    connect = add(commands, "connect", serve.connect, "sign in to one side", "connect hra")
    connect.add_argument("side", choices=("hra", "xero"))
    parser_work.fill(commands)
    as_json(add(commands, "status", runs.status, "what the page shows", "status --json"))
    as_json(add(commands, "check", setup.check, "read settings and both connections", "check"))
    return top


def names(top: argparse.ArgumentParser) -> Sequence[str]:
    """The commands that there are."""
    actions = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return tuple(next(actions).choices)


def _demo(commands: Commands) -> None:
    about = "two sandboxes and the agent on this machine, linked, with invented people"
    demo = add(commands, "demo", sandboxes.demo, about, "demo --once")
    demo.add_argument("--employees", type=positive, default=40, metavar="N", help="default 40")
    demo.add_argument("--port", type=port, metavar="P", help="of the page; default 8710")
    demo.add_argument("--data-dir", metavar="D", help="keep the files there; else they are removed")
    demo.add_argument("--once", action="store_true", help="prove an eSS save, print a table, end")
    demo.add_argument(
        "--latency", type=whole, default=0, metavar="MS", help="make both systems as slow as that"
    )


def _sandbox(commands: Commands) -> None:
    example = "sandbox xero --port 8802"
    one = add(commands, "sandbox", sandboxes.sandbox, "one sandbox alone", example)
    one.add_argument("side", choices=("hra", "xero"))
    one.add_argument("--port", type=port, required=True, metavar="P")
    one.add_argument("--seed-employees", type=whole, default=40, metavar="N", help="default 40")
    one.add_argument("--latency", type=whole, default=0, metavar="MS")
    one.add_argument("--hook-url", metavar="URL", help="hra: where a save in eSS is told")
    one.add_argument("--hook-secret", metavar="WHSEC", help="hra: the secret of the hook")
    one.add_argument(
        "--auto-consent", action="store_true", help="skip the page that asks the person"
    )


def _init(commands: Commands) -> None:
    example = "init --authoritative-system hra"
    init = add(commands, "init", setup.init, "write agent.ini, with secret and password", example)
    init.add_argument("--authoritative-system", choices=("hra", "xero"))
    for name in ("hra-client-id", "hra-client-secret", "xero-client-id", "xero-client-secret"):
        init.add_argument(f"--{name}", metavar="TEXT")
    init.add_argument(
        "--approve",
        metavar="LIST",
        help="changes that a second person approves: bank, super, tfn, with commas; recommended: bank",
    )
    init.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="any other setting, such as agent.port=8711; may come several times",
    )
