"""Settings: what agent.ini says, checked; a frozen class a section, no secret in a repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Agent:
    """Where the agent keeps its files, where it listens and how it is reached."""

    data_dir: Path
    host: str
    port: int
    public_url: str
    log_level: str
    timezone: ZoneInfo
    trusted_proxy: str = ""


@dataclass(frozen=True)
class Hra:
    """HRA Cloud's addresses, the registered app, the chosen account ("" for the only one)."""

    api_url: str
    login_url: str
    client_id: str
    client_secret: str = field(repr=False)
    account_id: str


@dataclass(frozen=True)
class Xero:
    """Xero's addresses, the registered app, the chosen organisation, the calls of a day."""

    api_url: str
    login_url: str
    identity_url: str
    client_id: str
    client_secret: str = field(repr=False)
    tenant_id: str
    daily_call_limit: int


@dataclass(frozen=True)
class Sync:
    """What runs by itself, and which side wins. `watch_hra_every` is None when off."""

    authoritative_system: str
    conflicts: str
    automatic_import: bool
    automatic_export: bool
    every_hours: float
    verify_every_hours: float
    watch_hra_every: timedelta | None
    email: str
    create_super_funds: bool


@dataclass(frozen=True)
class Matching:
    """What, beside the name, makes two unlinked records one person; off: nothing does."""

    employees: str
    candidates: str
    employee_numbers_across_branches: bool


@dataclass(frozen=True)
class Branches:
    """How Employee Groups and branches belong together; `default_branch` is "" for none."""

    match_employee_groups: bool
    allow_transfers: bool
    default_branch: str


@dataclass(frozen=True)
class Hooks:
    """The hook secrets as written (whsec_...), and for how long a push is tried."""

    secret: tuple[str, ...] = field(repr=False)
    retry_for_hours: float


@dataclass(frozen=True)
class Page:
    """The password hash of the user admin ("" for none), and how long a sign-in lasts."""

    password_hash: str = field(repr=False)
    session_hours: float


@dataclass(frozen=True)
class Safety:
    """The brake (a share from 0 to 1, where 1 never brakes) and what waits for a second person."""

    max_changed_share: Decimal
    max_terminations: int
    max_creates: int
    approve: tuple[str, ...]
    earlier_end_date: str


@dataclass(frozen=True)
class Notify:
    """Where notices go: addresses that carry a secret each."""

    urls: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """Everything that agent.ini says."""

    agent: Agent
    hra: Hra
    xero: Xero
    sync: Sync
    matching: Matching
    branches: Branches
    hooks: Hooks
    page: Page
    safety: Safety
    notify: Notify
    branch_map: Mapping[str, str]
    leave_map: Mapping[str, str]
    directions: Mapping[str, str]
    authority: Mapping[str, str]
