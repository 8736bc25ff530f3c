"""Both sandboxes over HTTP, the real clients on them, and the agent: what rounds over HTTP are played in.

Faults are the sandboxes' own, planned for the n-th call from now; the machine may die after any call's answer and at
any step on disk. What people do at either system is done through clients that meet no fault.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from shutil import rmtree
from typing import Any

from agent.employee import Address, Employee, Status, Value
from agent.errors import AgentError
from agent.fields import same
from agent.merge import Rules
from agent.records import Binding, Link, Save
from agent.sandbox.hra.store import ACCOUNT_ID
from agent.sandbox.people import Person, people, xero_twin
from agent.sandbox.xero import TENANT
from agent.saves import Worker
from agent.side import Side
from agent.store import Store
from agent.sync import Policy, Sync
from agent.transport import Call
from agent.vault import Cost, Digests
from agent.xero.client import XeroClient
from tests.edge.hra_desk import HraDesk
from tests.edge.xero_house import SCOPES, House
from tests.history.oracle import OTHER
from tests.history.staff import born, name_of
from tests.history.troubles import DISK, Killed
from tests.unit.canonical_values import THREE, account

SECTION = {
    "mobile": "details", "job_title": "details", "home_address": "details",
    "bank_accounts": "bank-accounts",
}  # fmt: skip
VALUES: dict[str, Sequence[Value]] = {
    **THREE, "bank_accounts": ((account("11112222"),), (account("22223333"),), (account("33334444"),)),
}  # fmt: skip
KINDS = ("import", "export")
FAULTS = (
    "refuse", "429", "500", "503_html", "lose_access", "drop_before", "drop_after", "expire_tokens",
    "cut", "garbage", "500_after",
)  # fmt: skip
STAFFED = 3


def ordinary(person: Person) -> bool:
    """On both sides, Current, and with nothing that cannot travel."""
    tax = person.tax
    return bool(
        person.in_hra and person.in_xero and not person.ended and person.hra_status == "Current"
        and not person.xero_differs
        and tax and tax.tfn and person.banks and len(person.supers) == 1
        and person.supers[0].type == "REGULATED" and tax.residency == "AUSTRALIAN_RESIDENT"
    )  # fmt: skip


class DeadlyHouse(House):
    """The machine may die once a call was answered. Answers are spoilt on purpose here, so none is checked."""

    heard: Callable[[Call], object] = staticmethod(lambda call: None)

    def _listen(self, call: Call) -> None:
        self.heard(call)


class HttpHouse:
    """`hold` is what every field of everybody has to be: HRA, Xero, and what was last agreed."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder, self.random = folder, random
        self.met: Counter[str] = Counter()
        self.came, self.saves, self._keys = 0, 0, count()
        staff = [person for person in people(60, seed=3) if ordinary(person)][:STAFFED]
        assert len(staff) == STAFFED
        self.desk = HraDesk(staff)
        self.house = DeadlyHouse([xero_twin(person) for person in staff])
        self.dies_in = 0
        self.desk.meanwhile = self._heard
        self.house.heard = self._heard
        self.store = Store(folder, self.clock)
        self.store.bind(Binding(ACCOUNT_ID, "Account", TENANT, "Organisation"))
        self.start()
        self.runs()
        assert len(self.store.links()) == STAFFED
        self.truth = {link.xero_id: self._held(link) for link in self.store.links()}

    # --- time and the agent

    def clock(self) -> datetime:
        return self.house.clock()

    def tick(self, **by: float) -> None:
        """Both systems and the agent have one time; sign-ins are renewed as they go."""
        self.house.clock.move(**by)
        self.desk.now = self.house.clock.now

    def start(self) -> None:
        """Fresh sign-ins and clients, over what the disk holds."""
        self.house.sign_in()
        self.hra = self.desk.client()
        self.xero = XeroClient(
            self.house.transport, leave_map={}, groups_of=None, create_super_funds=False,
            new_key=lambda: f"key-{next(self._keys)}", scopes=SCOPES, clock=self.clock,
            organisation="Harbour & Pine Pty Ltd", tenant_id=TENANT,
        )  # fmt: skip
        for side in (self.hra, self.xero):
            side.begin()
        root = self.hra.branches()[0].id

        def branch_for(employee: Employee) -> str:
            return root

        self.root = root
        policy = Policy(Rules("hra"), branch_for, verify_every_hours=3.0)
        digests = Digests(b"k" * 32, Cost(2, 1, 1))
        self.sync = Sync(self.hra, self.xero, self.store, digests, policy, self.clock)
        self.worker = Worker(
            self.store, self.sync.push, retry_for=timedelta(hours=72), clock=self.clock,
            jitter=lambda: 0.5,
        )  # fmt: skip

    def runs(self) -> None:
        for kind in KINDS:
            self.tick(minutes=1)
            self.sync.run(kind, "schedule")

    def close(self) -> None:
        DISK.disarm()
        self.dies_in = 0
        self.store.close()
        rmtree(self.folder)
        self.desk.close()
        self.house.stop()

    # --- what people do

    def moves(self) -> None:
        """Edits at both systems, saves in eSS, sometimes somebody new."""
        for link in self.store.links():
            if link.xero_id not in self.truth:
                continue
            for side in ("hra", "xero"):
                if self.random.random() < 0.5:
                    self.edit(side, link, self.random.choice(list(SECTION)))
        if self.random.random() < 0.6:
            self.hire(self.random.choice(["hra", "hra", "xero"]))

    def edit(self, side: str, link: Link, name: str) -> None:
        """Somebody at this side changes one field; at HRA perhaps the employee, in eSS."""
        self.tick(seconds=7)
        client, id = self.client(side), {"hra": link.hra_id, "xero": link.xero_id}[side]
        value = self.random.choice(VALUES[name])
        client.update(client.fetch(id), {name: value})
        self.truth[link.xero_id][name][side] = value
        self.met[f"edit in {side}"] += 1
        if side == "hra" and self.random.random() < 0.5:
            self.saves += 1
            save = Save(f"msg-{self.saves}", id, (SECTION[name],), self.clock())
            assert self.store.accept(save)
            self.met["save"] += 1

    def hire(self, side: str) -> None:
        """Somebody new, entered by hand."""
        self.tick(seconds=7)
        first, last = name_of(self.came)
        values: dict[str, Value] = {
            "first_name": first, "last_name": last, "date_of_birth": born(self.came),
            "home_address": Address(f"{self.came} Quay St", "", "Newtown", "NSW", "2042", "AUSTRALIA"),
            "mobile": f"0491 571 {self.came:03}", "start_date": date(2026, 2, 2),
        }  # fmt: skip
        self.client(side).create({**values, "branch": self.root} if side == "hra" else values)
        self.came += 1
        self.met[f"came {side}"] += 1

    def client(self, side: str) -> Side:
        return self.hra if side == "hra" else self.xero

    # --- storms

    def storm(self) -> None:
        """One piece of work while calls meet faults, and perhaps the machine dies."""
        work = self.random.choice([*KINDS, *KINDS, "drain"])
        kept = self.folder.with_name(f"{self.folder.name}+")
        self._plan_faults()
        dies = self.random.choice(["", "", "call", "disk"])
        self.dies_in = self.random.randrange(1, 60) if dies == "call" else 0
        DISK.arm(self.folder, kept, self.random.randrange(1, 60) if dies == "disk" else 0)
        try:
            if work == "drain":
                self.worker.drain()
            else:
                self.sync.run(work, "schedule")
        except AgentError as error:
            self.met[f"ended by {type(error).__name__}"] += 1
        except Killed:
            self.met[f"killed at {dies}"] += 1
        self._clear_up(kept)

    def _plan_faults(self) -> None:
        for app in (self.desk.app, self.house.app):
            for _ in range(self.random.choice([0, 1, 2])):
                kind, writes = self.random.choice(FAULTS), self.random.random() < 0.5
                method = ("PUT" if app is self.desk.app else "POST") if writes else "*"
                after = self.random.randrange(0, 2 if writes else 30)
                app.config["FAULTS"].plan(
                    kind, method=method, path="/*", times=self.random.choice([1, 1, 4]), after=after
                )

    def _clear_up(self, kept: Path) -> None:
        self.dies_in = 0
        for app in (self.desk.app, self.house.app):
            app.config["FAULTS"].clear()
            calls = app.config["CALLS"]
            self.met["lost answers"] += sum(c.status == 0 for c in calls.calls())
            for call in calls.calls():
                if call.status in (400, 401, 403, 429, 500, 503):
                    self.met[str(call.status)] += 1
            calls.reset()
        if DISK.dead:
            DISK.disarm()
            self.store.close()
            rmtree(self.folder)
            self.folder = kept
            self.store = Store(self.folder, self.clock)
        DISK.disarm()
        self.start()

    def _heard(self, call: Call) -> None:
        DISK.check()
        if self.dies_in:
            self.dies_in -= 1
            if not self.dies_in:
                DISK.die()

    # --- what has to be

    def calm(self) -> None:
        """Time passes; what waits is drained, and both runs go through, twice as newcomers need it."""
        self.tick(hours=1)
        self.start()
        for _ in range(50):
            again = self.worker.drain()
            if again is None:
                break
            self.tick(seconds=max(1.0, (again - self.clock()).total_seconds()))
            self.start()
        assert self.store.waiting() == ()
        self.runs()

    def decide(self) -> None:
        """What everything has to be once all is done: changed on one side it travels, on both HRA's stands (D1)."""
        for fields in self.truth.values():
            for now in fields.values():
                moved = [side for side in OTHER if not same_values(now[side], now["agreed"])]
                winner = "hra" if len(moved) != 1 else moved[0]
                self.met["conflict"] += len(moved) == 2
                now["hra"] = now["xero"] = now["agreed"] = now[winner]

    def check(self) -> None:
        for link in self.store.links():
            if link.xero_id not in self.truth:
                continue
            for name, now in self._held(link).items():
                wanted = self.truth[link.xero_id][name]
                for side in OTHER:
                    assert same(name, now[side], wanted[side]), (link, name, side)
        self._check_newcomers()

    def _check_newcomers(self) -> None:
        """Everybody is there once on each side, linked to themselves."""
        listed = {side: self.client(side).listing().people for side in OTHER}
        links = {(link.hra_id, link.xero_id) for link in self.store.links()}
        for n in range(self.came):
            ids = [
                [
                    p.id
                    for p in listed[side]
                    if (p.first_name, p.last_name) == name_of(n) and p.status is not Status.GONE
                ]
                for side in ("hra", "xero")
            ]
            assert [len(found) for found in ids] == [1, 1], (n, ids)
            assert (ids[0][0], ids[1][0]) in links, (n, ids)

    def quiet(self) -> None:
        """A second run writes nothing (promise 2)."""
        for app in (self.desk.app, self.house.app):
            app.config["CALLS"].reset()
        self.runs()
        assert [app.config["CALLS"].writes for app in (self.desk.app, self.house.app)] == [0, 0]

    def _held(self, link: Link) -> dict[str, dict[str, Any]]:
        hra, xero = self.hra.fetch(link.hra_id), self.xero.fetch(link.xero_id)
        return {
            name: {"hra": hra.get(name), "xero": xero.get(name), "agreed": hra.get(name)}
            for name in SECTION
        }


def same_values(one: Any, other: Any) -> bool:
    return bool(one == other)
