"""Rows as a small company would have them, and the status that is made of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent import report
from agent.config import Settings, parse
from agent.records import (
    Agreed,
    Approval,
    Attention,
    Binding,
    Change,
    Connection,
    Link,
    Partner,
    Run,
    Save,
)

NOW = datetime(2026, 11, 23, 1, 40, tzinfo=UTC)  # 12:40 pm in Sydney
HOOK_SECRET = "whsec_c3ludGhldGljLXNlY3JldC1vZi10aGUtdGVzdHM="

INI = f"""
[hra]
client_id = a
client_secret = b
[xero]
client_id = c
client_secret = d
[sync]
authoritative_system = hra
automatic_export = yes
[hooks]
secret = {HOOK_SECRET}
"""


PAGE = """
[page]
password_hash = scrypt:32768:8:1$pepper$abcd
"""


def settings(extra: str = "") -> Settings:
    """Settings as a small agent.ini gives them; `extra` are more lines, with their sections."""
    return parse(INI + ("" if "[page]" in extra else PAGE) + extra, {})


def ago(**given: float) -> datetime:
    return NOW - timedelta(**given)


BOUND = Binding("acc", "Harbour & Pine", "ten", "Harbour & Pine Pty Ltd")
PROVED = {
    "hra": Connection(
        "hra", True, "m.tran@harbourpine.example", ago(minutes=2), "", ("read:clear-tax-details",)
    ),
    "xero": Connection("xero", True, "Harbour & Pine Pty Ltd", ago(minutes=2)),
}


def link(number: int, **given: object) -> Link:
    made = Link(f"l{number}", f"h{number}", f"x{number}", str(number), {"email": Agreed("a", "b")})
    return replace(made, **given)  # type: ignore[arg-type]


ASKED = Approval("to_xero", "m-bank", ago(hours=1), "eSS")
OPEN: Mapping[int, Mapping[str, object]] = {
    1017: {"open": {"home_address": "cannot_travel"}},
    1042: {"open": {"bank_accounts": "approval_xero"}, "approvals": {"bank_accounts": ASKED}},
}
LINKS = tuple(link(number, **OPEN.get(number, {})) for number in range(1001, 1044))
ATTENTION = (
    Attention(
        "link:l1017",
        "cannot-travel",
        "Home address lies outside Australia; Xero Payroll takes Australian states only. Everything else of this "
        "record still travels.",
        ("home_address",),
        "h1017",
        "x1017",
        "1017",
        since=ago(days=2),
        id="a1",
        buttons=("retry", "dismiss"),
    ),
    Attention(
        "link:l1029",
        "conflict",
        "Bank accounts: both sides changed, differently. Choose which one stands.",
        ("bank_accounts",),
        "h1029",
        "x1029",
        "1029",
        since=ago(hours=5),
        id="a2",
        mark="mark-a2",
        buttons=("use_hra", "use_xero"),
    ),
    Attention(
        "org",
        "notice",
        "The tax file numbers of 3 people cannot go to Xero: HRA Cloud shows them masked.",
        needs_person=False,
        since=ago(days=3),
        id="a3",
    ),
)
APPROVAL = Attention(
    "link:l1042",
    "approval",
    "Bank accounts is to change in Xero. A second person has to approve it first.",
    ("bank_accounts",),
    "h1042",
    "x1042",
    "1042",
    since=ago(hours=1),
    id="a4",
    mark="mark-a4",
    buttons=("approve", "reject"),
)
MATCH = Attention(
    "hra:h2001",
    "possible-partner",
    "Two people in Xero may be this person. Link one of them, or say that none is.",
    hra_id="h2001",
    number="2001",
    since=ago(minutes=40),
    id="a5",
    partners=(
        Partner("xero", "x-lee-1", None, ("same name", "same birth date")),
        Partner("xero", "x-lee-2", None, ("same name", "same postcode")),
    ),
    buttons=("link", "create", "ignore"),
)
BRAKED = Attention(
    "run",
    "stopped",
    "The export of 12:28 pm stopped before its first write: it would change 31 of 43 people, which is more than 50%.",
    since=ago(minutes=12),
    id="a6",
    plan="3f9a0c51d2e7",
    buttons=("approve", "reject"),
)
DISMISSED = Attention(
    "link:l1005",
    "membership",
    "A super membership in Xero is used by no super line: set the super line in the pay template.",
    ("super_memberships",),
    "h1005",
    "x1005",
    "1005",
    since=ago(days=9),
    id="a7",
    dismissed=True,
    buttons=("dismiss",),
)
EVERYTHING = (*ATTENTION, APPROVAL, MATCH, BRAKED, DISMISSED)
RUNS = (
    Run(
        "r3", "export", "schedule", ago(minutes=12), ago(minutes=11), "attention", "", 43, 43,
        {"records": 43, "to_xero": 3, "held": 1, "calls_hra": 9, "calls_xero": 12},
    ),
    Run(
        "r2", "import", "page", ago(hours=3, minutes=5), ago(hours=3), "done", "", 43, 43,
        {"records": 43, "to_hra": 18, "agreed": 800, "calls_hra": 18, "calls_xero": 46},
    ),
    Run(
        "r1", "export", "schedule", ago(hours=27), ago(hours=27), "failed",
        "Xero cannot be reached at the moment. The agent tries again by itself; check the network if it lasts.",
    ),
)  # fmt: skip
CHANGES = (
    Change(ago(minutes=8), "h1042", "x1042", "1042", ("mobile",), "to_xero", "eSS"),
    Change(
        ago(minutes=12), "h1003", "x1003", "1003", ("home_address", "phone"), "to_xero", "export"
    ),
    Change(
        ago(hours=3),
        "h1011",
        "x1011",
        "1011",
        ("annual_leave", "personal_leave"),
        "to_hra",
        "import",
    ),
    Change(ago(days=1, hours=4), "h1029", "x1029", "1029", ("job_title",), "to_xero", "eSS"),
)
WAITING = (
    Save(
        "w1", "h1020", ("bank-accounts",), ago(minutes=6), 2, 0, NOW + timedelta(minutes=5),
        "Xero cannot be reached at the moment. The agent tries again by itself.",
    ),
)  # fmt: skip


def shown(**given: object) -> report.Status:
    """The status of the rows above, but for what is given."""
    rows: dict[str, object] = {
        "settings": settings(),
        "binding": BOUND,
        "connections": PROVED,
        "links": LINKS,
        "attention": ATTENTION,
        "runs": RUNS,
        "changes": CHANGES,
        "waiting": WAITING,
        "next_run": NOW + timedelta(hours=2, minutes=20),
        "day_left": 4612,
        "now": NOW,
    }
    return report.status(**(rows | given))  # type: ignore[arg-type]
