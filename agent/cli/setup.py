"""The commands init (writes agent.ini) and check (one line a finding)."""

import base64
import getpass
import re
import secrets
import sys
from collections.abc import Callable, Generator, Iterator, Mapping

from werkzeug.security import generate_password_hash

from agent.cli.context import TAKEN, Context, alone, log_to_stderr, write_new
from agent.cli.exposed import exposures, refuse_open_house
from agent.config import PLACEHOLDERS, Settings, example, parse
from agent.errors import SIDE_NAMES, AgentError, Misconfigured
from agent.pair import Pair
from agent.wiring import SIDES, callback

ASKED = {
    "sync.authoritative_system": ("authoritative_system", "Authoritative System (hra or xero)"),
    "hra.client_id": ("hra_client_id", "HRA Cloud client id"),
    "hra.client_secret": ("hra_client_secret", "HRA Cloud client secret"),
    "xero.client_id": ("xero_client_id", "Xero client id"),
    "xero.client_secret": ("xero_client_secret", "Xero client secret"),
}
NEEDED = "sync.authoritative_system"
APPROVALS, APPROVABLE, RECOMMENDED = "safety.approve", ("bank", "super", "tfn"), "bank"
QUESTION = (
    "Changes that a second person must approve on the page: bank, super, tfn or none "
    "(recommended, since a stolen eSS password is used to redirect pay: bank) [bank]"
)
SECRET_BYTES, PASSWORD_BYTES = 32, 12
Finding = tuple[str, str, int]
NO_PERSON = "init: say which system wins a conflict: --authoritative-system hra or xero"


def init(context: Context) -> int:
    """Write agent.ini with a fresh hook secret and a password, shown once."""
    if context.config.exists():
        raise Misconfigured([TAKEN.format(path=context.config)])
    values = _given(context)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    values |= {
        "hooks.secret": hook_secret(secrets.token_bytes),
        "page.password_hash": generate_password_hash(password),
    }
    write_new(context.config, _text(context, values))
    context.say(f"Wrote {context.config}.")
    print(f"The page's user is admin. It is shown this once:\npassword {password}", flush=True)
    for line in _next(context, values):
        context.say(line)
    return 0


def _text(context: Context, values: Mapping[str, str]) -> str:
    """What to write. Raises Misconfigured for what could not be read afterwards; what is still to be filled in may lack."""
    # Nobody's wish, and it would stay behind when the port is changed later: left out, it follows the port.
    written = {"agent.public_url": "", **values}
    try:
        filled = {**PLACEHOLDERS, **{name: value for name, value in written.items() if value}}
        parse(example(filled), {}, str(context.config))
        return example(written)
    except ValueError as wrong:
        raise Misconfigured([f"--set: {wrong}"]) from wrong


def hook_secret(random_bytes: Callable[[int], bytes]) -> str:
    """A fresh secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(random_bytes(SECRET_BYTES)).decode()


def _given(context: Context) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in context.asked.set:
        name, sign, value = pair.partition("=")
        if not sign or "." not in name:
            raise Misconfigured([f"--set {name}: write SECTION.KEY=VALUE"])
        values[name.strip()] = value.strip()
    for name, (flag, question) in ASKED.items():
        answer = getattr(context.asked, flag) or values.get(name) or _ask(question, name)
        if answer:
            values[name] = answer
    if values.get(NEEDED) not in SIDES:
        raise Misconfigured([NO_PERSON])
    return values | _approvals(context, values)


def _approvals(context: Context, values: Mapping[str, str]) -> dict[str, str]:
    """Which changes a second person approves (S2): recommended to a person, never decided for nobody."""
    given = context.asked.approve
    if given is None:
        if APPROVALS in values:
            return {}
        given = _ask(QUESTION, APPROVALS)
        if not given:
            given = RECOMMENDED if sys.stdin.isatty() else ""
    words = [word for word in re.split(r"[\s,]+", given.lower()) if word]
    if words == ["none"]:
        words = []
    if not set(words) <= set(APPROVABLE):
        raise Misconfigured([f"--approve {given}: takes bank, super and tfn, with commas, or none"])
    return {APPROVALS: ", ".join(dict.fromkeys(words))}


def _ask(question: str, name: str) -> str:
    """A person's answer; nothing where no person is there."""
    if not sys.stdin.isatty():
        return ""
    if name.endswith("secret"):
        return getpass.getpass(f"{question}: ").strip()
    return input(f"{question}: ").strip()


def _next(context: Context, values: dict[str, str]) -> Iterator[str]:
    missing = [name for name in ASKED if name not in values]
    if missing:
        yield f"Fill in {', '.join(missing)} there."
    config = "" if context.asked.config == "agent.ini" else f" --config {context.config}"
    yield f"Next: hra-xero-agent check{config}, then hra-xero-agent run{config}"


def check(context: Context) -> int:
    """Read the configuration and both connections; 1 with a finding, 3 with a side not connected."""
    settings = context.settings()
    log_to_stderr("error")
    with alone(context, settings) as pair:
        refuse_open_house(settings, pair.store.users())
        exposed = [("exposed", text, 1) for text in exposures(settings, context.config)]
        found = [*_findings(pair, settings), *exposed]
    if context.plain:
        context.told([{"finding": name, "text": text} for name, text, _ in found])
    else:
        for name, text, code in found:
            if code or not context.quiet:
                print(f"{name:<10} {text}")
    return max(code for _, _, code in found)


def _findings(pair: Pair, settings: Settings) -> Iterator[Finding]:
    """What was found: a word, a sentence, and what it makes of the exit code."""
    yield "settings", "readable and complete", 0
    yield "key", "opens the stored sign-ins", 0
    if not settings.page.password_hash:
        yield "page", "nobody can sign in: [page] password_hash is empty", 1
    if not settings.hooks.secret:
        yield "hooks", "every hook is refused: [hooks] secret is empty", 1
    hra = yield from _side(pair, "hra")
    xero = yield from _side(pair, "xero")
    if hra and xero:
        yield from _branches(pair, settings)
    if reason := pair.store.standing():
        yield "schedules", f"{reason} To switch them on: schedules on", 1
    for scope in pair.store.stopped():
        yield "stopped", f"no {scope} is written to Xero any more; see the page", 1


def _side(pair: Pair, side: str) -> Generator[Finding, None, bool]:
    now = pair.prove(side)
    if not now.connected or now.reason:
        yield side, f"{now.reason} (call-back: {callback(pair.settings, side)})", 3
        return False
    yield side, f"connected to {SIDE_NAMES[side]} as {now.name}", 0
    if now.missing_scopes:
        yield side, f"permissions not granted: {', '.join(now.missing_scopes)}", 1
    return True


def _branches(pair: Pair, settings: Settings) -> Iterator[Finding]:
    try:
        findings = pair.check_branches()
    except AgentError as error:
        yield "branches", error.sentence(), 3
        return
    for finding in findings:
        yield "branches", finding, 1
    if not settings.branches.default_branch and not settings.branches.match_employee_groups:
        text = "nobody from Xero can be created in HRA Cloud: [branches] default_branch is empty"
        yield "branches", text, 1
    elif not findings:
        yield "branches", "every branch of the settings is there", 0
