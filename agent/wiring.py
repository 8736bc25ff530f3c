"""Settings -> the parts that speak to the two systems: sign-ins, transports, limits, clients, the branch map.

Builds, decides nothing. Reads HRA's branches once the account is known. What is wrong with the branch
settings comes out as findings in words.
"""

import random
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.branches import BranchMap
from agent.config import Settings
from agent.employee import Employee
from agent.hra.accounts import accounts
from agent.hra.ceiling import ceiling
from agent.hra.client import Branch, HraClient
from agent.limits.gate import Gate
from agent.limits.ledger import Ledger as Limits
from agent.limits.memory import Memory
from agent.merge import Rules
from agent.plan import Brake
from agent.records import Binding
from agent.store import Store
from agent.strangers import Matching
from agent.sync import Policy
from agent.tokens import Tokens
from agent.transport import Call, Transport
from agent.vault import Vault
from agent.xero.budget import Ledger
from agent.xero.client import XeroClient
from agent.xero.connections import connections, disconnect
from agent.xero.consents import take_back

SIDES = ("hra", "xero")
HRA_SCOPES = (
    "read:accounts",
    "read:accounts:referencedata",
    "read:employees",
    "manage:employees",
    "read:employees:payroll",
    "manage:employees:payroll",
    "read:clear-tax-details",
)
CANDIDATE_SCOPES = ("read:candidates", "manage:candidates")
XERO_SCOPES = (
    "offline_access",
    "openid",
    "profile",
    "email",
    "payroll.employees",
    "payroll.settings",
)
GROUP_SCOPES = ("accounting.settings.read",)
LEAVE_SCOPES = ("payroll.payruns.read",)
Found = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Times:
    """Clocks, waits and chance, handed in. `clock` gives aware UTC; `steady` seconds that never go back;
    `jitter` numbers from 0 up to 1; `new_key` random texts; `machine` is this machine's name (L5).
    """

    clock: Callable[[], datetime]
    steady: Callable[[], float]
    sleep: Callable[[float], object]
    pause: Callable[[threading.Condition, float], object]
    jitter: Callable[[], float]
    new_key: Callable[[], str]
    machine: str = ""


def real_times() -> Times:
    """The machine's own clocks and chance: the one place that reads them for a whole process."""
    return Times(
        clock=lambda: datetime.now(UTC),
        steady=_uptime,
        sleep=time.sleep,
        pause=lambda turn, seconds: turn.wait(seconds),
        jitter=random.random,
        new_key=lambda: secrets.token_urlsafe(24),
        machine=socket.gethostname(),
    )


def _uptime() -> float:
    """Seconds since some start that go on while the machine sleeps, where it has such a clock."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Counted:
    """How many calls went to each side since the start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter(dict.fromkeys(SIDES, 0))

    def heard(self, call: Call) -> None:
        """One attempt."""
        with self._lock:
            self._calls[call.side] += 1

    def __call__(self) -> Mapping[str, int]:
        """The counts so far, by side."""
        with self._lock:
            return dict(self._calls)


class Lines:
    """The lines to both systems: sign-ins, transports, and the gate before each that keeps its limits.

    `gate` is Xero's. `close` gives all back.
    """

    def __init__(self, settings: Settings, vault: Vault, store: Store, times: Times) -> None:
        self._settings = settings
        self._store = store
        self.calls = Counted()
        self.tokens = {
            "hra": _hra_tokens(settings, vault, times, store.is_copy),
            "xero": _xero_tokens(settings, vault, times, store.is_copy),
        }
        ledger = Ledger(settings.xero.daily_call_limit)
        memory = Memory(
            ledger,
            clock=times.clock,
            steady=times.steady,
            store=lambda spent: store.spend("xero", spent),
            spent=store.spent("xero"),
        )
        self.gate = _gate("xero", ledger, store, times, memory)
        self.gates = {"hra": _gate("hra", ceiling(), store, times), "xero": self.gate}
        self._bound = {"hra": store.binding().account_id, "xero": store.binding().tenant_id}
        self.hra = self._transport("hra", settings.hra.api_url, times)
        self.xero = self._transport("xero", settings.xero.api_url, times, tenant=True)
        # The list of connections takes no tenant and counts towards none of its limits (contract).
        self._sign_in = self._transport("xero", settings.xero.api_url, times)
        self._offered = {
            "hra": self._transport("hra", settings.hra.api_url, times, offered=True),
            "xero": self._transport("xero", settings.xero.api_url, times, offered=True),
        }

    def accounts(self) -> Found:
        """The HRA accounts that the sign-in on offer sees, as (id, name)."""
        return accounts(self._offered["hra"])

    def organisations(self) -> Found:
        """The Xero organisations that the sign-in on offer is connected to, as (tenant id, name)."""
        return tuple((one.tenant_id, one.name) for one in connections(self._offered["xero"]))

    def bound(self, side: str, id: str) -> None:
        """A side is linked to this account or organisation. Another one than before has limits of its own (X1, X4)."""
        if self._bound[side] not in ("", id):
            self.gates[side].anew()
        self._bound[side] = id or self._bound[side]

    def take_back(self) -> None:
        """Delete the connections that the consent behind Xero's sign-in on offer added (L1). Raises SideError."""
        take_back(self._offered["xero"], self.tokens["xero"].consent())

    def leave_xero(self, tenant_id: str) -> bool:
        """Delete Xero's connection to this organisation (L4), and withdraw the sign-in where it has no other left;
        whether it was withdrawn. Raises SideError: then it may still stand.
        """
        if disconnect(self._sign_in, tenant_id):
            return False
        self.tokens["xero"].revoke()
        return True

    def stop_waiting(self) -> None:
        """Let nobody wait for a place at either system any longer: who does gets Stopped."""
        for gate in self.gates.values():
            gate.close()

    def close(self) -> None:
        """Let nobody wait any longer, and give the connections back."""
        self.stop_waiting()
        for transport in (self.hra, self.xero, self._sign_in, *self._offered.values()):
            transport.close()

    def _transport(
        self, side: str, url: str, times: Times, tenant: bool = False, offered: bool = False
    ) -> Transport:
        tokens = self.tokens[side]
        return Transport(
            side,
            url,
            (lambda force: tokens.offered()) if offered else tokens.bearer,
            clock=times.clock,
            sleep=times.sleep,
            jitter=times.jitter,
            headers=self._tenant if tenant else None,
            # At Xero only what names the organisation counts towards its limits.
            gate=self.gates[side] if tenant or side == "hra" else None,
            listener=self.calls.heard,
        )

    def _tenant(self) -> Mapping[str, str]:
        return {"Xero-Tenant-Id": self._store.binding().tenant_id}


def _gate(
    side: str, ledger: Limits, store: Store, times: Times, memory: Memory | None = None
) -> Gate:
    return Gate(
        side,
        ledger,
        clock=times.clock,
        steady=times.steady,
        pause=times.pause,
        park=lambda until: store.park(side, until),
        parked_until=store.parked(side),
        memory=memory,
    )


def hra_client(
    lines: Lines, settings: Settings, binding: Binding, times: Times, pool: Executor
) -> HraClient:
    """HRA Cloud for the linked account."""
    return HraClient(
        lines.hra,
        binding.account_id,
        sleep=times.sleep,
        email=settings.sync.email,
        scopes=lines.tokens["hra"].granted(),
        pool=pool,
    )


def xero_client(
    lines: Lines, settings: Settings, binding: Binding, times: Times, branches: BranchMap
) -> XeroClient:
    """Xero for the linked organisation."""
    return XeroClient(
        lines.xero,
        leave_map=settings.leave_map,
        groups_of=branches if branches.match else None,
        create_super_funds=settings.sync.create_super_funds,
        new_key=times.new_key,
        scopes=lines.tokens["xero"].granted(),
        clock=times.clock,
        organisation=binding.tenant_name,
        tenant_id=binding.tenant_id,
    )


def policy(settings: Settings, branches: BranchMap) -> Policy:
    """What the settings say about deciding."""
    rules = Rules(
        authority=settings.sync.authoritative_system,
        conflicts=settings.sync.conflicts,
        authorities=settings.authority,
        directions=settings.directions,
        branches=branches.match,
        transfers=settings.branches.allow_transfers,
        approve=frozenset(settings.safety.approve),
        earlier_end=settings.safety.earlier_end_date,
        grouped=frozenset({*branches.groups.values(), branches.default or ""}),
    )

    def branch_for(employee: Employee) -> str | None:
        # With matching on, the client has put the group's branch (or the default) there already.
        found = employee.get("branch") if branches.match else branches.default
        return found if isinstance(found, str) else None

    return Policy(
        rules,
        branch_for,
        Matching(
            employees=settings.matching.employees,
            candidates=settings.matching.candidates,
            across=settings.matching.employee_numbers_across_branches,
            branches=branches.match,
        ),
        settings.sync.every_hours,
        settings.sync.verify_every_hours,
        Brake(
            settings.safety.max_changed_share,
            settings.safety.max_terminations,
            settings.safety.max_creates,
        ),
        runs_a_cycle=max(1, settings.sync.automatic_import + settings.sync.automatic_export),
    )


def hra_scopes(settings: Settings) -> tuple[str, ...]:
    """What HRA Cloud is asked to allow: candidates only where they are matched."""
    more = CANDIDATE_SCOPES if settings.matching.candidates != "off" else ()
    return (*HRA_SCOPES, *more)


def xero_scopes(settings: Settings) -> tuple[str, ...]:
    """What Xero is asked to allow: pay runs only where leave travels, the list of Employee Groups only where they are
    matched."""
    rules = Rules(settings.sync.authoritative_system, directions=settings.directions)
    pay_runs = LEAVE_SCOPES if rules.takes("leave") else ()
    groups = GROUP_SCOPES if settings.branches.match_employee_groups else ()
    return (*XERO_SCOPES, *pay_runs, *groups)


def names_branches(settings: Settings) -> bool:
    """Whether the settings name any branch at all."""
    named = settings.branch_map if settings.branches.match_employee_groups else ()
    return bool(named or settings.branches.default_branch)


def branch_map(settings: Settings, branches: Sequence[Branch]) -> tuple[BranchMap, tuple[str, ...]]:
    """The map with branch ids, and a finding for each name that is no branch of the account.

    A name is taken as an id, else as a path, else as a name that only one branch has (B1). What is not found
    is left out, so its people are held (B2).
    """
    findings: list[str] = []

    def found(named: str, where: str) -> str | None:
        id = _branch_id(named, branches)
        if id is None:
            findings.append(f"{where}: HRA Cloud has no branch (or several) named {named!r}")
        return id

    default = settings.branches.default_branch
    default_id = found(default, "[branches] default_branch") if default else None
    groups: dict[str, str] = {}
    if settings.branches.match_employee_groups:
        for group, named in settings.branch_map.items():
            if id := found(named, f"[branch_map] {group}"):
                groups[group] = id
    made = BranchMap(settings.branches.match_employee_groups, default_id, groups)
    return made, tuple(findings)


def _branch_id(named: str, branches: Sequence[Branch]) -> str | None:
    for fits in (
        [branch.id for branch in branches if branch.id == named],
        [branch.id for branch in branches if branch.path == named],
        [branch.id for branch in branches if branch.name == named],
    ):
        if fits:
            return fits[0] if len(fits) == 1 else None
    return None


def _hra_tokens(
    settings: Settings, vault: Vault, times: Times, is_copy: Callable[[], bool]
) -> Tokens:
    login = settings.hra.login_url.rstrip("/")
    return Tokens(
        "hra",
        authorize_url=f"{login}/oauth/authorize",
        token_url=f"{login}/oauth/token",
        client_id=settings.hra.client_id,
        client_secret=settings.hra.client_secret,
        redirect_uri=callback(settings, "hra"),
        scopes=hra_scopes(settings),
        vault=vault,
        clock=times.clock,
        new_state=times.new_key,
        is_copy=is_copy,
    )


def _xero_tokens(
    settings: Settings, vault: Vault, times: Times, is_copy: Callable[[], bool]
) -> Tokens:
    login = settings.xero.login_url.rstrip("/")
    identity = settings.xero.identity_url.rstrip("/")
    return Tokens(
        "xero",
        authorize_url=f"{login}/identity/connect/authorize",
        token_url=f"{identity}/connect/token",
        revocation_url=f"{identity}/connect/revocation",
        client_id=settings.xero.client_id,
        client_secret=settings.xero.client_secret,
        redirect_uri=callback(settings, "xero"),
        scopes=xero_scopes(settings),
        vault=vault,
        clock=times.clock,
        new_state=times.new_key,
        is_copy=is_copy,
    )


def callback(settings: Settings, side: str) -> str:
    """The address that the vendor sends the person back to."""
    return f"{settings.agent.public_url.rstrip('/')}/connect/{side}/callback"
