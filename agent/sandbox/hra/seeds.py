"""Puts invented people into an empty account, in HRA's forms: `012-123`, `YYYY-MM-DD`."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from agent.sandbox.hra.store import Branch, Json, Record, Store
from agent.sandbox.names import BRANCHES, ROOT_BRANCH
from agent.sandbox.people import Address, Person, Super, Tax

HUNDREDTH = Decimal("0.01")


def sow(store: Store, people: Sequence[Person]) -> None:
    """Branches first, then everybody. Branches that only a person names are added."""
    root = _branch(store, ROOT_BRANCH, None)
    extra = sorted({person.branch for person in people} - set(BRANCHES))
    for name in (*BRANCHES, *extra):
        _branch(store, name, root)
    for person in people:
        record = as_record(store, person)
        store.employees[record.id] = record


def branch_id(store: Store, name: str) -> str:
    """The id of the branch called *name*."""
    return store.new_id(f"branch/{name}")


def as_record(store: Store, person: Person) -> Record:
    """The stored record of *person*."""
    stamp = store.stamp()
    ended = person.hra_status in ("Terminated", "Terminating") and person.ended is not None
    return Record(
        id=store.new_id(f"employee/{person.key}"),
        branch=branch_id(store, person.branch),
        status=person.hra_status,
        details=_details(person),
        created=stamp,
        updated=stamp,
        end_date=str(person.ended) if ended else None,
        banks=_banks(store, person),
        supers=[_super(store, person, place) for place in range(len(person.supers))],
        tax=None if person.tax is None else _dated(store, _tax(person.tax)),
        leave=_leave(store, person),
    )


def filled(values: dict[str, Any]) -> Json:
    """Only the keys that have something in them: the vendor leaves the others out."""
    return {key: value for key, value in values.items() if value not in (None, "", {})}


def _branch(store: Store, name: str, root: Branch | None) -> Branch:
    path = f"/{name}" if root is None else f"{root.path}/{name}"
    kind = "LegalEntity" if root is None else "Department"
    parent = None if root is None else root.id
    branch = Branch(branch_id(store, name), name, path, kind, parent, store.stamp())
    store.branches[branch.id] = branch
    return branch


def _details(person: Person) -> Json:
    home = {"phone": person.phone, "mobile": person.mobile, "email": person.email}
    contacts = {"home": filled(home), "work": filled({"email": person.work_email})}
    return filled(
        {
            "title": person.title,
            "firstName": person.first,
            "middleName": person.middle,
            "surname": person.last,
            "preferredName": person.preferred,
            "personalAddress": _address(person.address),
            "postalAddress": _address(person.postal),
            "contacts": filled(contacts),
            "gender": person.gender,
            "dateOfBirth": person.born and str(person.born),
            "positionTitle": person.position,
            "employeeNumber": person.number,
            "employmentType": person.employment_type,
            "commencementDate": str(person.started),
        }
    )


def _address(address: Address | None) -> Json:
    if address is None:
        return {}
    return filled(
        {
            "line1": address.line1,
            "line2": address.line2,
            "suburb": address.suburb,
            "state": address.state,
            "postcode": address.postcode,
            "country": address.country,
        }
    )


def _banks(store: Store, person: Person) -> list[Json]:
    return [
        _dated(store, filled({
            "id": store.new_id(f"bank/{person.key}/{place}"),
            "bsb": f"{bank.bsb[:3]}-{bank.bsb[3:]}",
            "number": bank.number,
            "name": bank.name,
            "amountInCents": bank.cents,
            "statementText": bank.statement,
            "remainder": bank.remainder,
            "accountOrder": place,
        }))
        for place, bank in enumerate(person.banks)
    ]  # fmt: skip


def _super(store: Store, person: Person, place: int) -> Json:
    fund: Super = person.supers[place]
    row = filled(
        {
            "id": store.new_id(f"super/{person.key}/{place}"),
            "memberNumber": fund.member_number,
            "type": fund.type,
            "name": fund.name,
            "abn": fund.abn,
            "usi": fund.usi,
            "esa": fund.esa,
        }
    )
    return _dated(store, row)


def _tax(tax: Tax) -> Json:
    return filled(
        {
            "tfn": tax.tfn,
            "exemptType": tax.exemption,
            "employmentBasis": tax.employment_basis,
            "residencyStatus": tax.residency,
            "australianResidentForTaxPurposes": tax.resident_for_tax,
            "taxFreeThresholdClaimed": tax.threshold,
            "hecsSupported": "hecs" in tax.loans,
            "financialSupplementDebt": "sfss" in tax.loans,
            "tradeLoanSupport": "trade" in tax.loans,
            "studentStartupLoan": "startup" in tax.loans,
            "eligibleToReceiveLeaveLoading": tax.leave_loading,
            "otherTaxOffsetClaimed": tax.offset_dollars is not None,
            "offsetEstimatedAmountInCents": _cents(tax.offset_dollars),
            "upwardVariationRequested": tax.upward_dollars is not None,
            "increasedTaxWithholdingAmountInCents": _cents(tax.upward_dollars),
            "hasApprovedWithholdingVariation": tax.variation_percent is not None,
            "approvedWithholdingVariationPercentage": tax.variation_percent,
        }
    )


def _cents(dollars: int | None) -> int | None:
    return None if dollars is None else dollars * 100


def _leave(store: Store, person: Person) -> Json | None:
    if person.leave is None:
        return None
    hours = {
        "annualLeave": person.leave.annual,
        "personalLeave": person.leave.personal,
        "longServiceLeave": person.leave.long_service,
    }
    return _dated(store, {key: half_up(value) for key, value in hours.items()})


def half_up(hours: Decimal) -> float:
    """Hours rounded half up to two decimals, as the vendor keeps them (contract)."""
    return float(hours.quantize(HUNDREDTH, ROUND_HALF_UP))


def _dated(store: Store, row: Json) -> Json:
    stamp = store.stamp()
    return row | {"dateCreatedUTC": stamp, "dateUpdatedUTC": stamp}
