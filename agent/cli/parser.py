"""The commands and their options, each with an example."""

import argparse
from collections.abc import Callable, Sequence

from agent import __version__
from agent.cli import runs, sandboxes, serve, setup
from agent.cli.context import Context

Command = Callable[[Context], int]

ABOUT = "Keeps one HRA Cloud account and one Xero organisation (Payroll, Australia) in step."
CODES = """\
exit codes: 0 done, 1 done but something needs attention, 2 wrong use or configuration, 3 no connection
start with: hra-xero-agent demo        everything on this machine, with invented people
            hra-xero-agent init        writes agent.ini"""
MODES = """\
authoritative: the Authoritative System decides; changed: Xero's changes since the last import win;
all: every value that Xero has wins"""


def parser() -> argparse.ArgumentParser:
    """The parser; the chosen command stands in `command`."""
    top = argparse.ArgumentParser(
        prog="hra-xero-agent",
        description=ABOUT,
        epilog=CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"hra-xero-agent {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _demo(commands)
    _sandbox(commands)
    _init(commands)
    _add(commands, "run", serve.run, "serve page and hooks and run the schedules", "run")
    connect = _add(commands, "connect", serve.connect, "sign in to one side", "connect hra")
    connect.add_argument("side", choices=("hra", "xero"))
    _runs(commands)
    status = _add(commands, "status", runs.status, "what the page shows", "status --json")
    _json(status)
    check = _add(commands, "check", setup.check, "read settings and both connections", "check")
    _json(check)
    return top


def _demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "two sandboxes and the agent on this machine, linked, with invented people"
    demo = _add(commands, "demo", sandboxes.demo, about, "demo --once")
    demo.add_argument("--employees", type=_positive, default=40, metavar="N", help="default 40")
    demo.add_argument("--port", type=_port, metavar="P", help="of the page; default 8710")
    demo.add_argument("--data-dir", metavar="D", help="keep the files there; else they are removed")
    demo.add_argument("--once", action="store_true", help="prove an eSS save, print a table, end")
    demo.add_argument(
        "--latency", type=_whole, default=0, metavar="MS", help="make both systems as slow as that"
    )


def _sandbox(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    example = "sandbox xero --port 8802"
    one = _add(commands, "sandbox", sandboxes.sandbox, "one sandbox alone", example)
    one.add_argument("side", choices=("hra", "xero"))
    one.add_argument("--port", type=_port, required=True, metavar="P")
    one.add_argument("--seed-employees", type=_whole, default=40, metavar="N", help="default 40")
    one.add_argument("--latency", type=_whole, default=0, metavar="MS")
    one.add_argument("--hook-url", metavar="URL", help="hra: where a save in eSS is told")
    one.add_argument("--hook-secret", metavar="WHSEC", help="hra: the secret of the hook")
    one.add_argument(
        "--auto-consent", action="store_true", help="skip the page that asks the person"
    )


def _init(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    example = "init --authoritative-system hra"
    init = _add(commands, "init", setup.init, "write agent.ini, with secret and password", example)
    init.add_argument("--authoritative-system", choices=("hra", "xero"))
    for name in ("hra-client-id", "hra-client-secret", "xero-client-id", "xero-client-secret"):
        init.add_argument(f"--{name}", metavar="TEXT")
    init.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="any other setting, such as agent.port=8711; may come several times",
    )


def _runs(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    about = "bring what changed in Xero to HRA Cloud"
    taken = _add(commands, "import", runs.import_, about, "import --dry-run")
    taken.add_argument(
        "--mode", choices=("authoritative", "changed", "all"), default="authoritative", help=MODES
    )
    about = "bring what changed in HRA Cloud to Xero"
    for one in (taken, _add(commands, "export", runs.export, about, "export --employee 4711")):
        one.add_argument(
            "--dry-run", action="store_true", help="show the whole plan, write nothing"
        )
        one.add_argument("--employee", metavar="ID", help="only this one (HRA Cloud's id)")
        _json(one)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Command,
    about: str,
    example: str,
) -> argparse.ArgumentParser:
    made = commands.add_parser(
        name,
        help=about,
        description=f"{about[:1].upper()}{about[1:]}.",
        epilog=f"example: hra-xero-agent {example}",
    )
    made.add_argument("--config", default="agent.ini", metavar="FILE", help="default agent.ini")
    made.add_argument("--quiet", action="store_true", help="only results and faults")
    made.set_defaults(command=command)
    return made


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print the result as JSON")


def _whole(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError("a whole number is needed")
    return int(text)


def _positive(text: str) -> int:
    if _whole(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def _port(text: str) -> int:
    if not 0 < _whole(text) < 65536:
        raise argparse.ArgumentTypeError("a port is between 1 and 65535")
    return int(text)


def names(top: argparse.ArgumentParser) -> Sequence[str]:
    """The commands that there are."""
    actions = (a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return tuple(next(actions).choices)
