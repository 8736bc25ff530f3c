"""The command users: who may sign in to the page besides admin. Passwords are made here, shown once and kept as hashes."""

import re
import secrets
import sys

from werkzeug.security import generate_password_hash

from agent.cli.context import Context, alone, log_to_stderr
from agent.errors import NotPossible
from agent.pair import Pair
from agent.records import Event, User
from agent.results import COMMAND, DONE
from agent.service import ADMIN

PASSWORD_BYTES = 12
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
IN_THE_SETTINGS = f"{ADMIN} is the user of agent.ini: its password is [page] password_hash there."
BAD_NAME = "A name is made of letters, digits, dot, hyphen, underscore and @, 64 at most, and begins with a letter or digit."
THERE = "{name} is there already. For another password: users remove {name}, then users add {name}."
NOT_THERE = "There is no page user named {name}. The command users list shows who there is."
NOBODY = (
    "Note: nobody is linked under HRA Cloud's id {id}. If it is mistyped, {name} could approve their own record: "
    "look at it with users list."
)


def users(context: Context) -> int:
    """Add, remove or list page users."""
    settings = context.settings()
    log_to_stderr("error")
    with alone(context, settings) as pair:
        if context.asked.verb == "add":
            return _add(context, pair)
        if context.asked.verb == "remove":
            return _remove(context, pair)
        return _list(context, pair)


def _add(context: Context, pair: Pair) -> int:
    name, employee = context.asked.name, context.asked.employee or ""
    if name.lower() == ADMIN:
        raise NotPossible(IN_THE_SETTINGS)
    if not NAME.fullmatch(name):
        raise NotPossible(BAD_NAME)
    # Two names that differ in case only would be taken for one person, or one for two.
    if name.lower() in {user.name.lower() for user in pair.store.users()}:
        raise NotPossible(THERE.format(name=name))
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    _noted(pair, f"added {name}", employee)
    pair.store.put_user(User(name, generate_password_hash(password), employee))
    if context.plain:
        context.told({"user": name, "password": password, "employee": employee})
    else:
        print(f"The page's user is {name}. It is shown this once:\npassword {password}", flush=True)
    if employee and pair.store.link_of("hra", employee) is None:
        print(NOBODY.format(id=employee, name=name), file=sys.stderr)
    return DONE


def _remove(context: Context, pair: Pair) -> int:
    name = context.asked.name
    if name.lower() == ADMIN:
        raise NotPossible(IN_THE_SETTINGS)
    user = pair.store.user(name)
    if user is None:
        raise NotPossible(NOT_THERE.format(name=name))
    _noted(pair, f"removed {name}", user.employee)
    pair.store.remove_user(name)
    if context.plain:
        context.told({"user": name, "removed": True})
    else:
        context.say(f"{name} may sign in no longer.")
    return DONE


def _noted(pair: Pair, what: str, employee: str) -> None:
    """A line of the audit log, before it is done: nobody was ever a second person without a trace (S2, S3)."""
    pair.store.note(Event("user", hra_id=employee, why=what, actor=COMMAND))


def _list(context: Context, pair: Pair) -> int:
    rows = [{"name": user.name, "employee": user.employee} for user in pair.store.users()]
    if pair.settings.page.password_hash:
        rows.insert(0, {"name": ADMIN, "employee": ""})
    if context.plain:
        context.told(rows)
        return DONE
    for row in rows:
        tied = f"  (HRA Cloud {row['employee']})" if row["employee"] else ""
        print(f"{row['name']}{tied}", flush=True)
    if not rows:
        context.say("Nobody may sign in to the page.")
    return DONE
