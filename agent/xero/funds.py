"""The organisation's super funds: read once, read again on a miss, looked up and created where that
is allowed (F3).

Xero's list may lack a fund's ABN, which HRA needs: it comes from the USI's first 11 digits or from
SuperfundProducts. A nine-character USI can move to another fund, so those answers live only until
`refresh`.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from agent import canonical
from agent.employee import SuperMembership
from agent.errors import Refused, WrongRecord
from agent.xero import wire
from agent.xero.calls import Calls
from agent.xero.mapping_super import Fund, fund
from agent.xero.wire import SIDE, Json

PATH, KEY, ID_KEY = "Superfunds", "SuperFunds", "SuperFundID"
PRODUCTS, PRODUCTS_KEY = "SuperfundProducts", "SuperFundProducts"
# For a process that only ever pushes: older than this the list is read again at its next use.
FRESH_FOR = timedelta(hours=12)

NOT_HERE = (
    "Xero does not have the fund {name}. Add it in Xero (Payroll settings, Superannuation), or set "
    "create_super_funds = yes in the section [sync]"
)
SEVERAL = "several funds in Xero fit {name}; a person chooses the fund in Xero"
NO_PRODUCT = (
    "Xero's catalogue does not have exactly one product with the USI of {name}; check the USI in "
    "HRA Cloud"
)
NO_USI = (
    "Xero does not have the fund {name}, and without a USI it cannot be added; set its USI in "
    "HRA Cloud"
)


class NoFund(Exception):
    """A wanted membership's fund cannot be named to Xero; the text says why, without any number."""


class Funds:
    """The book of funds, shared by all threads. `may_create`: the setting create_super_funds."""

    def __init__(self, calls: Calls, clock: Callable[[], datetime], may_create: bool) -> None:
        self._calls = calls
        self._clock = clock
        self._may_create = may_create
        self._lock = threading.RLock()
        self._book: Mapping[str, Fund] = {}
        self._read: datetime | None = None
        self._abns: dict[str, str] = {}
        self._absent: set[str] = set()

    def refresh(self) -> None:
        """Read the whole list, and again the ABN of every fund that was looked up before."""
        with self._lock:
            asked = set(self._abns)
            self._absent.clear()
            self._reload()
            held = {row.usi for row in self._book.values()}
            self._abns = {usi: self._looked_up(usi) for usi in asked & held}

    def view(self) -> "View":
        """The book for one operation, which reads the list again at most once."""
        return View(self)

    def fund(self, id: str) -> Fund | None:
        """A fund by its id, with the best ABN known; None where the list does not have it."""
        with self._lock:
            found = self._present().get(id.casefold())
            if found is None or found.abn or found.smsf or not found.usi:
                return found
            if found.usi not in self._abns:
                self._abns[found.usi] = self._looked_up(found.usi)
            return replace(found, abn=self._abns[found.usi])

    def fitting(self, wanted: SuperMembership) -> list[Fund]:
        """The regulated funds with the membership's USI, or where it has none, with its ABN."""
        usi = canonical.usi(wanted.usi)
        with self._lock:
            held = [row for row in self._present().values() if not row.smsf]
        if usi:
            return [row for row in held if row.usi == usi]
        return [row for row in held if wanted.abn and row.abn == wanted.abn]

    def is_absent(self, id: str) -> bool:
        """Whether the list, read for this very id, did not have it: not asked again before
        `refresh`.
        """
        return id.casefold() in self._absent

    def note_absent(self, id: str) -> None:
        """Remember that even a fresh list does not have this fund."""
        self._absent.add(id.casefold())

    def reload(self) -> None:
        """Read the list again, because something was not in it."""
        with self._lock:
            self._reload()

    def create(self, wanted: SuperMembership) -> str:
        """Add a regulated fund by its USI; its id. Raises NoFund where that is not allowed or not
        clear.

        Raises OutcomeUnknown where the answer is lost: the next look at the list tells.
        """
        with self._lock:
            already = self.fitting(wanted)
            if already:
                return already[0].id
            return self._created(self._product(wanted), wanted)

    def _created(self, product: Json, wanted: SuperMembership) -> str:
        name = wire.text(product.get("ProductName")) or wanted.fund_name
        row = {"Type": "REGULATED", "USI": wire.text(product.get("USI")), "Name": name}
        abn = canonical.digits(wire.text(product.get("ABN")))
        try:
            body = self._calls.post(PATH, row={**row, "ABN": abn} if abn else row)
        except Refused as refusal:
            raise NoFund("; ".join(refusal.reasons) or "Xero refused to add the fund") from None
        made = fund(wire.only(body, KEY))
        if made.usi != canonical.usi(wanted.usi):
            raise WrongRecord(SIDE, "another fund than the one that was to be added")
        self._book = {**self._book, made.id.casefold(): made}
        return made.id

    def _product(self, wanted: SuperMembership) -> Json:
        usi = canonical.usi(wanted.usi)
        if not self._may_create:
            raise NoFund(NOT_HERE.format(name=_name(wanted)))
        if not usi:
            raise NoFund(NO_USI.format(name=_name(wanted)))
        found = self._products(usi)
        if len(found) != 1:
            raise NoFund(NO_PRODUCT.format(name=_name(wanted)))
        return found[0]

    def _products(self, usi: str) -> list[Json]:
        try:
            body = self._calls.get(PRODUCTS, params={"USI": usi})
        except Refused:
            return []
        return [
            row
            for row in wire.rows(body, PRODUCTS_KEY)
            if canonical.usi(wire.text(row.get("USI"))) == usi
        ]

    def _looked_up(self, usi: str) -> str:
        abns = {canonical.digits(wire.text(row.get("ABN"))) for row in self._products(usi)} - {""}
        return abns.pop() if len(abns) == 1 else ""

    def _present(self) -> Mapping[str, Fund]:
        if self._read is None or self._clock() - self._read > FRESH_FOR:
            self._reload()
        return self._book

    def _reload(self) -> None:
        found = self._calls.listing(PATH, KEY, ID_KEY)
        self._book = {id: fund(row) for id, row in found.rows.items()}
        self._read = self._clock()


class View:
    """The funds as one operation sees them: a miss reads the list again, once."""

    def __init__(self, funds: Funds) -> None:
        self._funds = funds
        self._looked = False

    def fund(self, id: str) -> Fund | None:
        """A fund by its id; None where Xero's list does not have it even when read afresh."""
        found = self._funds.fund(id)
        if found is None and not self._funds.is_absent(id) and self._look_again():
            found = self._funds.fund(id)
        if found is None and self._looked:
            self._funds.note_absent(id)
        return found

    def id_for(self, wanted: SuperMembership) -> str:
        """The SuperFundID for a membership to add. Raises NoFund, and SideErrors of a lookup or a
        create.
        """
        found = self._funds.fitting(wanted)
        if not found and self._look_again():
            found = self._funds.fitting(wanted)
        if len(found) > 1:
            raise NoFund(SEVERAL.format(name=_name(wanted)))
        return found[0].id if found else self._funds.create(wanted)

    def _look_again(self) -> bool:
        if self._looked:
            return False
        self._looked = True
        self._funds.reload()
        return True


def _name(wanted: SuperMembership) -> str:
    return wanted.fund_name or "of this membership"
