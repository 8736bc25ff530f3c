"""Both sandboxes over HTTP with one person who agrees in everything, and hands that edit either side: for lost answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from agent.employee import Employee, Value
from agent.records import Link
from agent.sandbox.people import Person
from agent.sync import Sync
from tests.unit.canonical_values import account
from tests.world import HRA_SCOPES, XERO_SCOPES, World

RUNS = {"xero": "export", "hra": "import"}
OTHER = {"xero": "hra", "hra": "xero"}
# Where each group of a person is written; by HRA Cloud section by section, by Xero in one POST.
WRITES: Mapping[str, Mapping[str, str]] = {
    "xero": dict.fromkeys(("details", "bank", "super", "tax"), "POST /Employees/*"),
    "hra": {
        "details": "PUT /accounts/*/employees/*",
        "bank": "PUT /accounts/*/bank-accounts",
        "super": "PUT /accounts/*/retirement-savings",
        "tax": "PUT /accounts/*/tax-details",
        "leave": "PUT /accounts/*/leave-balances",
    },
}
NAMES = {
    "details": "mobile",
    "bank": "bank_accounts",
    "super": "super_memberships",
    "tax": "upward_variation",
    "leave": "annual_leave",
}


def ordinary(people: tuple[Person, ...]) -> Person:
    """Somebody who stands alike on both sides, with one membership of a fund and a full number."""
    return next(
        p
        for p in people
        if p.in_hra and p.in_xero and not p.xero_differs and p.hra_status == "Current"
        and len(p.supers) == 1 and p.supers[0].type == "REGULATED"
        and p.tax is not None and p.tax.tfn and p.banks
    )  # fmt: skip


@dataclass
class Unknown:
    """The agent over one world. `turn` counts the values that people typed, so that each is another one."""

    world: World
    turn: int = 0
    sync: Sync = field(init=False)

    def __post_init__(self) -> None:
        self.sync = self.world.sync()
        self.person = ordinary(self.world.people)
        self.id = self.world.hra_id(self.person)

    @classmethod
    def unlinked(cls, world: World) -> "Unknown":
        """Nobody has met yet."""
        return cls(world)

    @classmethod
    def in_step(cls, world: World) -> "Unknown":
        """Everybody is linked."""
        made = cls(world)
        for target in ("hra", "xero"):
            made.everybody(target)
        return made

    def everybody(self, target: str, started_by: str = "command") -> None:
        """One run towards this side."""
        self.sync.run(RUNS[target], started_by)

    def start(self) -> None:
        """The agent, started anew over what it remembers."""
        self.sync = self.world.sync()

    def link(self) -> Link:
        store = self.world.store
        assert store is not None
        found = store.link_of("hra", self.id)
        assert found is not None
        return found

    def run(self, target: str, started_by: str = "command") -> None:
        """One run towards this side, for this one person."""
        self.sync.run(RUNS[target], started_by, employee=self.id)

    def both(self) -> None:
        for target in ("hra", "xero"):
            self.run(target)

    def held(self, side: str) -> Employee:
        link = self.link()
        id = link.hra_id if side == "hra" else link.xero_id
        return self.sync._sides[side].fetch(id)

    def value(self, side: str, group: str) -> Value:
        return self.held(side).get(NAMES[group])

    def types(self, side: str, group: str, value: Value = None) -> Value:
        """Somebody at this side types another value there; that value."""
        now = self.held(side)
        self.turn += 1
        typed = value if value is not None else self._another(now, group)
        if group == "leave":
            organisation = self.world.xero.app.config["STORE"].organisation
            rows = organisation.employees[self.link().xero_id]["LeaveBalances"]
            changed = [
                {**row, "NumberOfUnits": typed} if "Annual" in row["LeaveName"] else row
                for row in rows
            ]
            organisation.person_edits(self.link().xero_id, LeaveBalances=changed)
        else:
            self.sync._sides[side].update(now, {NAMES[group]: typed})
        self.world.clock.move(seconds=1)
        return typed

    def _another(self, now: Employee, group: str) -> Value:
        held = now.get(NAMES[group])
        if group == "details":
            return f"0491 570 {100 + self.turn}"
        if group == "bank":
            return (account(f"4455{1000 + self.turn}"),)
        if group == "super":
            return (replace(held[0], member_number=f"88{1000 + self.turn}"), *held[1:])
        return Decimal(40 + self.turn)

    # --- faults

    def faults(self, side: str) -> Any:
        return {"hra": self.world.hra, "xero": self.world.xero}[side].app.config["FAULTS"]

    def fault(self, kind: str, target: str, group: str, times: int = 5) -> None:
        """What the next writes of this group meet there, the repeats of one write included."""
        method, path = WRITES[target][group].split()
        self.faults(target).plan(kind, method=method, path=path, times=times)

    def over(self) -> None:
        """No more faults."""
        for side in ("hra", "xero"):
            self.faults(side).clear()

    def later(self, **by: float) -> None:
        """Time passes; both sign-ins are renewed."""
        world = self.world
        world.clock.move(**by)
        tenant = world.xero.app.config["STORE"].organisation.tenant
        hra, xero = world.hra.app.config["OAUTH"], world.xero.app.config["OAUTH"]
        world.tokens["hra"] = hra.issue(HRA_SCOPES)["access_token"]
        world.tokens["xero"] = xero.issue(XERO_SCOPES, (tenant,))["access_token"]

    def writes(self) -> tuple[int, int]:
        return self.world.writes()
