"""What the agent is at when it is killed."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from agent.sandbox.names import GROUPS
from agent.sandbox.people import people
from tests.crash.sides import START, Sides
from tests.crash.stage import CONNECTING, CYCLE, DRAIN, Scenario, Step

STAFF = people(26)
ANNA, BEN, CARL, DORA = (replace(STAFF[n], xero_differs=frozenset()) for n in (0, 9, 24, 25))
LINKED = (ANNA, BEN)
A, B = ANNA.first, BEN.first
MOBILE, OTHER_MOBILE = "0491 570 158", "0491 570 159"
IMPORT: tuple[Step, ...] = (("run", {"kind": "import"}),)
EXPORT: tuple[Step, ...] = (("run", {"kind": "export"}),)


def saved(number: int, first: str, *sections: str) -> Step:
    """A save in eSS, of which the agent is told."""
    return ("hook", {"id": f"msg_{number}", "employee": f"hra@{first}", "sections": list(sections)})


def strangers(sides: Sides) -> None:
    """One who is only in HRA, and one who is only in Xero."""
    sides.hired("hra", CARL)
    sides.hired("xero", DORA)


def every_group_in_hra(sides: Sides) -> None:
    record = sides.hra_record(A)
    home = {**record.details["contacts"]["home"], "mobile": MOBILE}
    sides.edit_hra(A, contacts={**record.details["contacts"], "home": home}, positionTitle="Buyer")
    sides.payroll_in_hra(
        A, bank={"number": "11223344"}, super={"memberNumber": "9988"}, tax={"hecsSupported": True}
    )


def every_group_in_xero(sides: Sides) -> None:
    sides.edit_xero(A, Mobile=OTHER_MOBILE, JobTitle="Team Leader")
    sides.payroll_in_xero(
        A,
        BankAccounts={"AccountNumber": "55667788"},
        SuperMemberships={"EmployeeNumber": "7766"},
        TaxDeclaration={"HasHELPDebt": True},
    )
    sides.organisation.set_leave(
        sides.xero_record(A)["EmployeeID"], "Annual Leave", Decimal("99.5")
    )


def both_ways(sides: Sides) -> None:
    save(sides)
    sides.payroll_in_xero(A, BankAccounts={"AccountNumber": "55667788"})
    sides.edit_xero(B, JobTitle="Team Leader")


def save(sides: Sides) -> None:
    home = {**sides.hra_record(A).details["contacts"]["home"], "mobile": MOBILE}
    sides.edit_hra(A, contacts={**sides.hra_record(A).details["contacts"], "home": home})


def conflict(sides: Sides) -> None:
    save(sides)
    sides.edit_xero(A, Mobile=OTHER_MOBILE)


def bank(sides: Sides) -> None:
    sides.payroll_in_hra(A, bank={"number": "11223344"})


def saves(sides: Sides) -> None:
    save(sides)
    bank(sides)


def ended(sides: Sides) -> None:
    sides.edit_xero(B, TerminationDate=START.date() - timedelta(days=3), TerminationReason="V")


def regrouped(sides: Sides) -> None:
    group = sides.xero_record(B)["EmployeeGroupName"]
    sides.edit_xero(
        B, EmployeeGroupName=next(one for one in GROUPS if one != group), Mobile=OTHER_MOBILE
    )


def candidate(sides: Sides) -> None:
    sides.applied(CARL)
    sides.hired("xero", CARL)


def newcomer(sides: Sides) -> None:
    sides.hired("hra", CARL)


def one_group_each(sides: Sides) -> None:
    """A change of each kind for somebody else, so that a run is cut between people too."""
    every_group_in_hra(sides)
    sides.edit_xero(B, Mobile=OTHER_MOBILE)
    sides.payroll_in_xero(B, TaxDeclaration={"HasHELPDebt": True})


SCENARIOS = (
    Scenario("connect", CONNECTING, start="new"),
    Scenario("first import and export", CYCLE, strangers, start="connected"),
    Scenario("every group to Xero", EXPORT, every_group_in_hra),
    Scenario("every group to HRA", IMPORT, every_group_in_xero),
    Scenario("both ways", CYCLE, both_ways),
    Scenario("several people", CYCLE, one_group_each),
    Scenario("termination", IMPORT, ended),
    Scenario("transfer", IMPORT, regrouped),
    Scenario("candidate converted", IMPORT, candidate, cycles=2),
    Scenario("a save pushed", (saved(1, A, "details", "bank-accounts"), *DRAIN), saves),
    Scenario(
        "two saves of one person",
        (saved(1, A, "details"), saved(2, A, "bank-accounts"), *DRAIN),
        saves,
    ),
    Scenario("a save of somebody new", (saved(1, CARL.first), *DRAIN), newcomer),
    Scenario("a save without a difference", (saved(1, A, "details"), *DRAIN)),
    Scenario(
        "approved",
        (("answer", {"verb": "approve"}),),
        bank,
        CYCLE,
        safety="approve = bank, super, tfn",
    ),
    Scenario(
        "rejected",
        (("answer", {"verb": "reject"}),),
        bank,
        CYCLE,
        safety="approve = bank, super, tfn",
    ),
    Scenario(
        "a conflict decided for Xero",
        (("resolve", {"field": "mobile", "use": "xero"}),),
        conflict,
        CYCLE,
        sync="conflicts = hold",
    ),
    Scenario(
        "a conflict decided for HRA",
        (("resolve", {"field": "mobile", "use": "hra"}),),
        conflict,
        CYCLE,
        sync="conflicts = hold",
    ),
    Scenario(
        "a braked run let through",
        (*CYCLE, ("let_through", {})),
        strangers,
        finish=(*CYCLE, ("let_through", {}), ("let_through", {})),
        later=(*CYCLE, ("let_through", {}), *CYCLE, ("let_through", {}), *CYCLE),
        safety="max_creates = 0",
    ),
    Scenario("a link broken", (("say", {"verb": "unlink", "id": f"hra@{A}"}),), save),
    Scenario(
        "somebody left alone",
        (("say", {"verb": "ignore", "id": f"hra@{CARL.first}"}), *CYCLE),
        newcomer,
    ),
    Scenario(
        "linked by a person",
        (("say", {"verb": "link", "id": f"hra@{A}", "other": f"xero@{A}"}), *CYCLE),
        save,
        (("say", {"verb": "unlink", "id": f"hra@{A}"}),),
    ),
    Scenario("everybody verified", (("run", {"kind": "verify"}),), both_ways),
    Scenario("a backup made", (("backup", {}), *EXPORT, ("backup", {})), save),
    Scenario("another key", (("rotate", {}),), save, finish=CYCLE),
    Scenario("sign-ins renewed", (("keep_alive", {}),)),
    Scenario("a run after the tokens ran out", CYCLE, both_ways, minutes=45),
    Scenario(
        "disconnected and connected again",
        (("disconnect", {"side": "xero"}), *CONNECTING, ("switch_on", {})),
        save,
    ),
    Scenario(
        "the inbox tidied",
        (("tidy", {}), saved(2, A, "bank-accounts"), *DRAIN),
        saves,
        (saved(1, A, "details"), *DRAIN),
        minutes=9 * 24 * 60,
    ),
)  # fmt: skip
