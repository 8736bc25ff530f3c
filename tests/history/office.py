"""Both doubles, the agent over them and the people who answer it: for tests of a person's choices, plans and the brake."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.employee import Address, Person, Status, Value, Values
from agent.errors import ActionFailed, NotFound
from agent.merge import Rules
from agent.records import Attention, Binding, Choice, Event, Link
from agent.side import Probe
from agent.store import Store
from agent.strangers import Matching
from agent.sync import Answer, Opened, Policy, Sync
from agent.vault import Cost, Digests
from tests.fakes import FakeSide
from tests.unit.canonical_values import NUMBER, THREE, account, membership

BINDING = Binding("account", "Account", "tenant", "Organisation")
BRANCH = "b1"
HEX = set("0123456789abcdef")
HOME = Address("1 Alpha St", "", "Newtown", "NSW", "2042", "AUSTRALIA")


class Hra(FakeSide):
    """HRA Cloud, with candidates. `fails` says which conversion ends in Failed."""

    def __init__(self) -> None:
        super().__init__("hra")
        self.waiting_rooms: dict[str, Person] = {}
        self.fails: set[str] = set()
        self.converted: list[tuple[str, date | None]] = []
        self.signed_in = ("", "")

    def probe(self) -> Probe:
        return replace(super().probe(), signed_in=self.signed_in)

    def candidates(self) -> tuple[Person, ...]:
        self._reach()
        return tuple(self.waiting_rooms.values())

    def candidate(self, id: str) -> Person:
        self._reach()
        if id not in self.waiting_rooms:
            raise NotFound(self.name)
        return self.waiting_rooms[id]

    def convert(self, candidate: Person, start: date | None) -> str:
        self._reach()
        if candidate.id in self.fails:
            raise ActionFailed(self.name)
        found = self.waiting_rooms.get(candidate.id)
        if found is None or found.status is Status.GONE:
            raise NotFound(self.name)
        self.waiting_rooms.pop(candidate.id)
        self.converted.append((candidate.id, start))
        id = f"hra-new-{len(self.people) + 1}"
        self.add(id, first_name=candidate.first_name, last_name=candidate.last_name,
                 date_of_birth=candidate.date_of_birth, start_date=start, branch=BRANCH)  # fmt: skip
        return id


class Clock:
    """Each look at it is a second later."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def whole(n: int) -> dict[str, Value]:
    """Somebody with something in every field that both sides hold alike."""
    taken = {name: row[0] for name, row in THREE.items() if name not in ("residency",)}
    return {
        **taken,
        "first_name": f"Anna{chr(97 + n)}",
        "last_name": f"Papas{chr(97 + n)}",
        "date_of_birth": date(1980, 1, 1 + n),
        "email": f"anna{n}@example.com",
        "mobile": f"0491 570 {100 + n}",
        "home_address": HOME,
        "residency": "AUSTRALIAN_RESIDENT",
        "bank_accounts": (account(f"44556677{n}"),),
        "super_memberships": (membership("STA0100AU", f"7788990{n}"),),
        "tfn_or_exemption": NUMBER,
        "branch": BRANCH,
        "annual_leave": Decimal(7),
        "personal_leave": Decimal(8),
        "long_service_leave": Decimal(9),
    }


@dataclass
class Office:
    """The agent for one test. `rules` and `policy` are its settings; `start` starts it anew over what it remembers."""

    folder: Path
    rules: dict[str, Any] = field(default_factory=dict)
    policy: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hra, self.xero = Hra(), FakeSide("xero", masked=True)
        self.clock = Clock()
        self.store = Store(self.folder, self.clock, audit_key=b"a" * 32)
        self.store.bind(BINDING)
        self.start()

    def start(self) -> None:
        """The agent, with the settings as they are now."""
        rules = Rules(**{"authority": "hra", "branches": True, **self.rules})
        policy = Policy(rules, branch_for=lambda employee: BRANCH, verify_every_hours=3.0)
        policy = replace(policy, **{"matching": Matching(), **self.policy})
        digests = Digests(b"k" * 32, Cost(2, 1, 1))
        self.sync = Sync(self.hra, self.xero, self.store, digests, policy, self.clock)

    def set(self, **rules: Any) -> None:
        """Other settings from now on."""
        self.rules |= rules
        self.start()

    # --- people

    def linked(self, count: int = 1, **values: Value) -> None:
        """So many people `p0`, `p1`, ... on both sides, linked and agreed in everything."""
        for n in range(count):
            for side in (self.hra, self.xero):
                side.add(f"p{n}", **{**whole(n), **values})
        self.sync.run("import", "schedule")
        assert len(self.store.links()) == count and self.store.attention() == ()
        assert self.writes() == []

    def side(self, name: str) -> FakeSide:
        return {"hra": self.hra, "xero": self.xero}[name]

    def both(self, id: str, name: str) -> tuple[Value, Value]:
        """What HRA and Xero really hold."""
        return self.hra.value(id, name), self.xero.value(id, name)

    def differ(self, name: str, one: Value, other: Value, id: str = "p0") -> None:
        """Both sides changed one field."""
        self.hra.edit(id, **{name: one})
        self.xero.edit(id, **{name: other})

    def link(self, id: str = "p0") -> Link:
        found = self.store.link_of("hra", id)
        assert found is not None
        return found

    def writes(self) -> list[tuple[str, frozenset[str]]]:
        """What was written to either side, creates and conversions included."""
        made = [(id, frozenset({"create"})) for id in (*self.hra.created, *self.xero.created)]
        converted = [(id, frozenset({"convert"})) for id, _ in self.hra.converted]
        return [*self.hra.writes, *self.xero.writes, *made, *converted]

    # --- what waits, and answers

    def rows(self, id: str = "p0", side: str = "hra") -> list[Attention]:
        return [row for row in self.store.attention() if getattr(row, f"{side}_id") == id]

    def row(self, name: str = "", id: str = "p0", side: str = "hra") -> Attention:
        """The one row about this person (and field)."""
        (found,) = [row for row in self.rows(id, side) if not name or name in row.fields]
        return found

    def shown(self, name: str = "", id: str = "p0") -> Opened:
        """A row opened on the page."""
        return self.sync.opened(self.row(name, id).id)

    def answer(self, verb: str, id: str, actor: str = "page:anna", **more: str) -> Answer:
        return self.sync.answer(Choice(verb, id, actor, **more))

    def resolve(self, name: str, use: str, id: str = "p0", **more: str) -> Answer:
        """Opens the field's row and chooses a side for what is shown."""
        opened = self.shown(name, id)
        return self.answer("resolve", opened.id, use=use, mark=opened.mark, **more)

    def events(self, *what: str) -> list[Event]:
        """Lines of the audit log."""
        return [line.event for line in self.store.audit_lines() if line.event.what in what]

    def kept_on_disc(self) -> str:
        """All that the store's files hold, as text."""
        return "\n".join(
            path.read_bytes().decode("latin-1")
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        )


def secrets(values: Iterable[Values]) -> set[str]:
    """Every text by which a value of these people could be known again."""
    found: set[str] = set()
    for row in values:
        for value in row.values():
            found |= _texts(value)
    # A short number may stand in a digest by chance.
    return {text for text in found if len(text) > 3 and (set(text) - HEX or len(text) > 6)}


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value, "".join(value.split())} - {BRANCH}
    if isinstance(value, date):
        return {value.isoformat()}
    if isinstance(value, tuple | frozenset):
        return set().union(*(_texts(item) for item in value))
    if is_dataclass(value):
        return set().union(*(_texts(getattr(value, part.name)) for part in fields(value)))
    return set()


def at_writing(what: Callable[[], object]) -> Callable[[Any], None]:
    """Does something once everything is read and decided, right before the first write."""
    left = [what]

    def tell(progress: Any) -> None:
        if progress.phase == "writing" and left:
            left.pop()()

    return tell
