"""The commands and their options: runs, plans, links, what waits for a person, page users, the audit log, the switches."""

from agent.cli import audit, backups, choices, keys, runs, switches, users
from agent.cli.command import Commands, Verbs, add, as_json, one_id

MODES = """\
authoritative: the Authoritative System decides; changed: Xero's changes since the last import win;
all: every value that Xero has wins"""
FRESH = "read everybody, also whom a stopped run has read already"
TIED = "HRA Cloud's id of their own record, which they then never approve"
STANDS_FOR = (
    "An item's id stands for the very values that it shows: once one of them moves, the item has another id, and an "
    "answer to the old one changes nothing."
)
AS = "as this page user; the password is asked for, or read from the first line of the input"


def fill(commands: Commands) -> None:
    """Add them."""
    _runs(commands)
    _links(commands)
    _attention(commands)
    _users(commands)
    _audit(commands)
    _key(commands)
    _backups(commands)
    _switches(commands)


def _runs(commands: Commands) -> None:
    about = "bring what changed in Xero to HRA Cloud"
    taken = add(commands, "import", runs.import_, about, "import --dry-run")
    taken.add_argument(
        "--mode", choices=("authoritative", "changed", "all"), default="authoritative", help=MODES
    )
    about = "bring what changed in HRA Cloud to Xero"
    given = add(commands, "export", runs.export, about, "export --employee 4711")
    for one in (taken, given):
        one.add_argument(
            "--employee", metavar="ID", type=one_id, help="only this one (HRA Cloud's id)"
        )
        one.add_argument("--fresh", action="store_true", help=FRESH)
        one.add_argument(
            "--dry-run", action="store_true", help="show the whole plan, write nothing"
        )
        one.add_argument("--plan", metavar="FILE", help="the same, and save the plan for apply")
        one.add_argument(
            "--yes-to",
            metavar="HASH",
            help="let exactly this plan through, which the brake stopped",
        )
        as_json(one)
    about = "read everybody again now, longest ago first, and write nothing"
    look = add(commands, "verify", runs.verify, about, "verify --employee 4711")
    look.add_argument(
        "--employee", metavar="ID", type=one_id, help="only this one (HRA Cloud's id)"
    )
    look.add_argument("--fresh", action="store_true", help=FRESH)
    as_json(look)
    about = "do exactly what a saved plan says, save for records that moved since"
    apply = add(commands, "apply", runs.apply, about, "apply monday.plan")
    apply.add_argument("plan", metavar="PLAN", help="a file that --plan saved")
    as_json(apply)


def _links(commands: Commands) -> None:
    about = "list, make and break links"
    verbs = Verbs(add(commands, "links", choices.links, about, "links add 4711 5ab3-..."), "list")
    verbs.add("list", "show every link, and who is left alone (without a verb: the same)")
    verbs.add("add", "say that two records are one person", "HRA_ID", "XERO_ID")
    verbs.add("remove", "part a pair; it is not joined again by itself", "ID")
    verbs.add("ignore", "leave somebody alone (HRA Cloud's id, or xero:ID)", "ID")
    verbs.add("unignore", "look at them again", "ID")
    verbs.add("create", "say that somebody who is held has no partner", "ID")


def _attention(commands: Commands) -> None:
    about = "what waits for a person, and what to do about it"
    example = "attention resolve 1f2e3d4c --use xero"
    waits = add(commands, "attention", choices.attention, about, example)
    waits.description = f"{waits.description} {STANDS_FOR}"
    verbs = Verbs(waits, "list")
    verbs.add("list", "show everything that waits (without a verb: the same)")
    show = verbs.add("show", "show both sides' values as they are now", "ID")
    again = verbs.add("retry", "try again", "ID")
    resolve = verbs.add("resolve", "choose which side's value stands", "ID")
    resolve.add_argument("--use", choices=("hra", "xero"), required=True, help="whose value stands")
    approve = verbs.add("approve", "approve a change, or exactly the plan of a braked run", "ID")
    reject = verbs.add("reject", "reject a change; it is asked again when the value changes", "ID")
    dismiss = verbs.add("dismiss", "put it away until the matter changes", "ID")
    for one in (show, resolve, approve, reject):
        one.description = f"{one.description} {STANDS_FOR}"
    for one in (again, resolve, approve, reject, dismiss):
        one.add_argument("--as", dest="user", metavar="NAME", type=one_id, help=AS)


def _users(commands: Commands) -> None:
    about = "people who may sign in to the page besides admin"
    verbs = Verbs(add(commands, "users", users.users, about, "users add anna"))
    made = verbs.add("add", "let somebody sign in; prints a password once", "NAME")
    made.add_argument("--employee", metavar="HRA_ID", type=one_id, help=TIED)
    verbs.add("remove", "let somebody sign in no longer", "NAME")
    verbs.add("list", "show them")


def _audit(commands: Commands) -> None:
    about = "the log of everything that was decided and done"
    verbs = Verbs(add(commands, "audit", audit.audit, about, "audit show --employee 4711"))
    verify = verbs.add("verify", "look whether a line was changed, cut or moved")
    verify.add_argument(
        "--backup",
        metavar="FILE",
        help="also look whether this is the log that the backup knows, and no older copy of it",
    )
    show = verbs.add("show", "show it in words, the oldest first")
    show.add_argument(
        "--employee", metavar="ID", type=one_id, help="only this one (HRA Cloud's id)"
    )


def _key(commands: Commands) -> None:
    about = "the key that seals sign-ins, sessions and plans"
    verbs = Verbs(add(commands, "key", keys.key, about, "key rotate"))
    verbs.add("rotate", "put a new one in its place; links, digests and the audit log stay")


def _backups(commands: Commands) -> None:
    about = "write what the agent remembers to one file, without its secrets"
    make = add(commands, "backup", backups.backup, about, "backup monday.backup")
    about = "put a backup into the data directory; schedules and pushes stay off until they are switched on"
    back = add(commands, "restore", backups.restore, about, "restore monday.backup")
    back.add_argument(
        "--replace", action="store_true", help="move aside what is in the data directory now"
    )
    for one in (make, back):
        one.add_argument("file", metavar="FILE")
        as_json(one)


def _switches(commands: Commands) -> None:
    about = "give one side up, and switch schedules and pushes off"
    side = add(commands, "disconnect", switches.disconnect, about, "disconnect xero")
    side.add_argument("side", choices=("hra", "xero"))
    as_json(side)
    about = "whether imports, exports and pushes happen by themselves"
    verbs = Verbs(add(commands, "schedules", switches.schedules, about, "schedules on"), "status")
    verbs.add("status", "show it (without a verb: the same)")
    verbs.add("on", "switch them on again")
    verbs.add("off", "switch them off until they are switched on")
