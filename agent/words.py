"""Reason codes -> sentences that a payroll officer understands: what happened, to what, what to do.

Pure. `rows` turns the decisions of one record into its attention rows; `notices` turns what concerns the whole
organisation into one row each. No sentence ever holds a value.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agent.fields import FIELDS, names
from agent.records import Attention, Link


@dataclass(frozen=True)
class Reason:
    """How one code is told: the page's word for it, the sentence ({fields}, {detail}), and whether a person is needed."""

    kind: str
    text: str
    needs_person: bool = True
    gathered_again: bool = True


# Told once for the whole organisation, not once for each person.
FOR_ALL = {
    "needs_clear_tfn": Reason(
        "notice",
        "Tax details of {count} people cannot go to HRA Cloud: every change of tax details there needs the full tax "
        "file number, and Xero never shows it. Let these people enter their number in eSS; if HRA Cloud already has "
        "it, ask HR Assured for the permission to read it (scope read:clear-tax-details) and connect again.",
        needs_person=False,
        gathered_again=False,
    ),
    "tfn_masked": Reason(
        "notice",
        "The tax file numbers of {count} people cannot go to Xero: HRA Cloud shows them masked, and a masked number is "
        "never written. Ask HR Assured for the permission to read tax file numbers (scope read:clear-tax-details), "
        "then connect again.",
        needs_person=False,
        gathered_again=False,
    ),
    "stopped": Reason(
        "stopped",
        "Some changes of {count} people wait: this kind of write to Xero has stopped, because one of them removed or "
        "kept something it should not have. The row that names the person says what to check.",
    ),
}

REASONS: Mapping[str, Reason] = {
    **FOR_ALL,
    "waiting_xero": Reason(
        "waiting", "{Fields} waits for the next export to Xero.", needs_person=False
    ),
    "waiting_hra": Reason(
        "waiting", "{Fields} waits for the next import to HRA Cloud.", needs_person=False
    ),
    "conflict": Reason(
        "conflict",
        "{Fields}: both sides changed, differently. Choose which one stands.",
    ),
    "first_contact": Reason(
        "conflict",
        "{Fields}: the two sides differ and never agreed before, so nothing was overwritten. Choose which one stands.",
    ),
    "tax_conflict": Reason(
        "conflict",
        "{Fields}: part of the tax declaration is in conflict, so the whole declaration waits; a mixture would be one "
        "that nobody signed.",
    ),
    "state_wrong": Reason(
        "conflict",
        "{Fields}: neither side changed since they agreed, yet they differ. Choose which one stands.",
    ),
    "late_write": Reason(
        "conflict",
        "{Fields}: one side shows a value that the agent had sent there before, when no answer came and the value was not "
        "there. Either that write arrived late, or somebody typed the same again. Choose which side stands.",
    ),
    "kept": Reason(
        "kept",
        "{Fields}: written, but the other side shows it differently than it was sent. It is not sent again until "
        "either side changes or you try again.",
        gathered_again=False,
    ),
    "refused": Reason(
        "refused", "{Fields} was refused: {detail}. The rest of the record travelled."
    ),
    "cannot_travel": Reason(
        "cannot-travel", "{Fields} {detail}. Everything else of this record still travels."
    ),
    "tfn_invalid": Reason(
        "cannot-travel",
        "The tax file number in HRA Cloud is not a valid one. Ask the employee, and correct it in eSS.",
    ),
    "tfn_differs": Reason(
        "conflict",
        "The tax file numbers end differently on the two sides. Ask the employee which is right, then correct it: a "
        "correction in HRA Cloud goes to Xero by itself.",
    ),
    "exemption_over_number": Reason(
        "conflict",
        "HRA Cloud holds an exemption, Xero a tax file number. An exemption never replaces a number: check with the "
        "employee and correct one side by hand.",
    ),
    "foreign_threshold": Reason(
        "cannot-travel",
        "Tax details: a foreign resident cannot claim the tax-free threshold, so Xero would refuse them. Correct one "
        "of the two.",
    ),
    "smsf": Reason(
        "not synchronised",
        "Super is not synchronised for this person, because a self-managed fund is among the memberships. Keep it by "
        "hand on both sides.",
        needs_person=False,
        gathered_again=False,
    ),
    "membership_left": Reason(
        "membership",
        "A super membership stands on one side only. Memberships are never removed by the agent: remove it there "
        "yourself if it is no longer used, and set the super line in the pay template.",
        gathered_again=False,
    ),
    "not_current": Reason(
        "not current",
        "{Fields}: not sent to Xero, because this person is not Current in HRA Cloud.",
        needs_person=False,
        gathered_again=False,
    ),
    "gone": Reason(
        "gone",
        "{Fields}: this record was merged or transferred in HRA Cloud; look for its successor.",
    ),
    "transfer_off": Reason(
        "branch",
        "The Employee Group in Xero changed, and the branch in HRA Cloud did not follow: transfers are off "
        "([branches] allow_transfers). Choose which of the two is right.",
    ),
    "unmapped_group": Reason(
        "branch",
        "The Employee Group '{detail}' is mapped to no branch, so the branch stays as it is. Add it to [branch_map], "
        "or choose another group in Xero.",
    ),
    "unmapped_branch": Reason(
        "branch",
        "The branch in HRA Cloud has no Employee Group in [branch_map], so it is not replaced from Xero. Map it, or move "
        "the person in HRA Cloud.",
    ),
    "one_sided": Reason(
        "drift",
        "{Fields} stands only on the side that receives it ([directions]); the source holds nothing, so nothing was sent.",
        needs_person=False,
        gathered_again=False,
    ),
    "drift": Reason(
        "drift",
        "{Fields} was changed on the side that only receives it ([directions]). It was left alone; the next change of "
        "the source replaces it.",
        gathered_again=False,
    ),
    "end_in_hra": Reason(
        "end date",
        "This person's employment has an end date in HRA Cloud that Xero does not have. An end date never travels to "
        "Xero: end the employment there by hand.",
        needs_person=False,
        gathered_again=False,
    ),
    "end_first_contact": Reason(
        "conflict",
        "Xero has an end date that is not HRA Cloud's, and the two never agreed on one. Nobody is terminated at first "
        "contact: choose.",
    ),
    "end_taken_back": Reason(
        "end date",
        "The end date was taken back in HRA Cloud and still stands in Xero. It never travels to Xero: take it back there, "
        "or let Xero's date stand.",
    ),
    "end_removed": Reason(
        "end date",
        "The end date was removed in Xero and still stands in HRA Cloud. Taking it back is for a person in HRA Cloud.",
        gathered_again=False,
    ),
    "end_differs": Reason(
        "conflict",
        "The end date was changed on both sides, differently. It never travels to Xero: correct it there, or let Xero's "
        "date stand.",
    ),
    "rehire": Reason(
        "end date",
        "Xero's end date is before the start date in HRA Cloud: a rehire, perhaps. Nobody was terminated: choose.",
    ),
    "own_sign_in": Reason(
        "end date",
        "Xero ends the employment of the person whose sign-in the agent uses. Terminating that record in HRA Cloud would "
        "cut the agent off: connect with somebody else's sign-in first, then let Xero's date stand.",
    ),
    "earlier_end": Reason(
        "end date",
        "Xero's end date is earlier than the one in HRA Cloud. Taking it over would close an open off-boarding checklist: "
        "choose.",
    ),
    "approval_xero": Reason(
        "approval",
        "{Fields} is to change in Xero ({detail}). A second person has to approve it first.",
    ),
    "approval_hra": Reason(
        "approval",
        "{Fields} is to change in HRA Cloud ({detail}). A second person has to approve it first.",
    ),
    "rejected_xero": Reason(
        "rejected",
        "{Fields}: the change was rejected by {detail} and did not go to Xero. HRA Cloud still holds it. It is asked "
        "again only when the value changes.",
        needs_person=False,
    ),
    "rejected_hra": Reason(
        "rejected",
        "{Fields}: the change was rejected by {detail} and did not go to HRA Cloud. Xero still holds it. It is asked "
        "again only when the value changes.",
        needs_person=False,
    ),
    "emptied": Reason(
        "emptied",
        "{Fields} was emptied on one side. An emptied required value never travels: fill it in again, or empty it on "
        "the other side yourself.",
    ),
    "taken_away": Reason(
        "by hand",
        "{Fields} was taken away in HRA Cloud. Taking it away changes the tax withheld: do it in Xero yourself.",
    ),
    "own_yes": Reason(
        "own yes",
        "{Fields}: HRA Cloud has a change that Xero does not have yet, so this import left the record alone. Export "
        "first; or let Xero win for this person alone with the same command and --employee {detail}.",
    ),
    "unreadable_record": Reason("failed", "This record could not be read or written: {detail}."),
    "not_payable": Reason(
        "not payable",
        "Created in Xero, but not yet payable. Finish in Xero: {detail}.",
        gathered_again=True,
    ),
    "unused_membership": Reason(
        "membership",
        "A super membership in Xero is used by no super line: set the super line in the pay template.",
        gathered_again=False,
    ),
    "leave_unreadable": Reason(
        "leave",
        "{Fields} cannot be read from Xero in hours, so HRA Cloud keeps its present balance.",
        needs_person=False,
        gathered_again=False,
    ),
    "tax_write_harm": Reason(
        "stopped",
        "Writing tax details to Xero made something disappear for this person ({detail}). Check the tax declaration "
        "in Xero. No tax details are written to Xero any more until you try again.",
    ),
    "hra_write_harm": Reason(
        "check",
        "After a write to HRA Cloud something that the agent does not manage was gone for this person ({detail}). Check "
        "the record in HRA Cloud.",
        gathered_again=False,
    ),
    "bank_write_harm": Reason(
        "stopped",
        "Xero kept a bank account that was removed ({detail}). Check this person's bank accounts in Xero before the "
        "next pay run. No bank accounts are written to Xero any more until you try again.",
    ),
    "super_write_harm": Reason(
        "stopped",
        "Writing super to Xero made a membership disappear for this person ({detail}). Check it in Xero. No super is "
        "written to Xero any more until you try again.",
    ),
}


def labels(fields: Iterable[str]) -> str:
    """Field names in words, in the order of the table."""
    wanted = set(fields)
    found = [row.label for row in FIELDS.values() if row.name in wanted]
    return ", ".join(found) or "the record"


def sentence(code: str, fields: Iterable[str] = (), detail: str = "", count: int = 0) -> str:
    """The sentence of one reason code for these fields."""
    told = labels(fields)
    text = REASONS[code].text.format(
        fields=told,
        Fields=told[:1].upper() + told[1:],
        detail=detail.removesuffix("."),  # it may be a sentence of its own
        count=count,
    )
    return text


def split(open_reason: str) -> tuple[str, str]:
    """A stored reason (`code` or `code|detail`) in its two parts."""
    code, _, detail = open_reason.partition("|")
    return code, detail


def join(code: str, detail: str = "") -> str:
    """The stored form of a reason."""
    return f"{code}|{detail}" if detail else code


def rows(link: Link) -> tuple[Attention, ...]:
    """The attention rows of one linked record, from what it has open: one row a reason."""
    together: dict[str, list[str]] = {}
    for name, reason in link.open.items():
        together.setdefault(reason, []).append(name)
    return tuple(
        _row(link, reason, fields)
        for reason, fields in together.items()
        if split(reason)[0] not in FOR_ALL and REASONS[split(reason)[0]].kind != "waiting"
    )


def _row(link: Link, reason: str, fields: Sequence[str]) -> Attention:
    code, detail = split(reason)
    known = tuple(name for name in FIELDS if name in fields)
    return Attention(
        scope=f"link:{link.id}",
        kind=REASONS[code].kind,
        text=sentence(code, known, detail),
        fields=known,
        hra_id=link.hra_id,
        xero_id=link.xero_id,
        number=link.number,
        needs_person=REASONS[code].needs_person,
        buttons=_possible(_BUTTONS.get(code, ()), known),
        mark=mark_of(link, known),
    )


def declared(fields: Sequence[str]) -> tuple[str, ...]:
    """The fields that a choice about these is about: of the tax declaration all, for a mixture is signed by nobody (D1)."""
    tax = names("tax") if set(fields) & set(names("tax")) else ()
    return tuple(dict.fromkeys((*fields, *tax)))


def mark_of(link: Link, fields: Sequence[str]) -> str:
    """A short name of the very values that a row about these fields is shown with; "" where none are remembered."""
    wanted = declared(fields)
    held = [
        f"{name}={link.held[name].hra}/{link.held[name].xero}"
        for name in wanted
        if name in link.held
    ]
    asked = [f"{name}>{link.approvals[name].mark}" for name in wanted if name in link.approvals]
    together = "|".join((*held, *asked))
    return hashlib.sha256(together.encode()).hexdigest()[:16] if together else ""


def _possible(buttons: tuple[str, ...], fields: Sequence[str]) -> tuple[str, ...]:
    """Without the side that could not stand: an end date or leave never goes to Xero, Xero's number is never readable."""
    one_way = any("to_xero" not in FIELDS[name].ways for name in fields)
    number = tuple(fields) == ("tfn_or_exemption",)
    barred = ({"use_hra"} if one_way else set()) | ({"use_xero"} if number else set())
    return tuple(button for button in buttons if button not in barred)


def notices(links: Iterable[Link]) -> tuple[Attention, ...]:
    """One row for each thing that concerns the whole organisation."""
    counts = dict.fromkeys(FOR_ALL, 0)
    for link in links:
        for code in {split(reason)[0] for reason in link.open.values()} & counts.keys():
            counts[code] += 1
    return tuple(
        Attention(
            "org",
            FOR_ALL[code].kind,
            sentence(code, count=count),
            needs_person=FOR_ALL[code].needs_person,
        )
        for code, count in counts.items()
        if count
    )


# What a person can answer to a reason, besides mending its cause.
_EITHER = ("use_hra", "use_xero")
_BUTTONS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        "conflict first_contact tax_conflict state_wrong late_write drift one_sided emptied transfer_off "
        "tfn_differs".split(),
        _EITHER,
    ),
    "kept": ("retry", *_EITHER, "dismiss"),
    **dict.fromkeys(
        "end_first_contact end_differs end_taken_back rehire earlier_end own_sign_in".split(),
        ("use_xero", "dismiss"),
    ),
    "own_yes": ("use_xero",),
    **dict.fromkeys("approval_xero approval_hra".split(), ("approve", "reject")),
    **dict.fromkeys("refused unreadable_record".split(), ("retry",)),
    **dict.fromkeys("tax_write_harm bank_write_harm super_write_harm".split(), ("retry",)),
    **dict.fromkeys(
        "membership_left unused_membership end_removed end_in_hra hra_write_harm".split(),
        ("dismiss",),
    ),
}
CHOOSABLE = frozenset(code for code, told in _BUTTONS.items() if {*_EITHER} & {*told})
"""Reasons that a person settles by choosing a side."""
REMEMBERED = CHOOSABLE | {"membership_left", "end_removed", "end_in_hra"}
"""Reasons whose rows stand for the very values that they were told about: other values make another row."""


def buttons(row: Attention) -> tuple[str, ...]:
    """What a person can answer to a row."""
    return row.buttons


WHYS = {
    "hra_changed": "it changed in HRA Cloud and not in Xero",
    "xero_changed": "it changed in Xero and not in HRA Cloud",
    "filled": "the other side held nothing",
    "authority": "both sides had changed it, and the authoritative system decides",
    "xero_wins": "the import was told that Xero wins",
    "one_way": "it travels one way only, from this side",
    "chosen": "a person chose it",
}
"""What made a value travel, for the audit log (S3)."""


def is_open(link: Link) -> bool:
    """Whether every run gathers this record again (D9)."""
    return any(gathered_again(reason) for reason in link.open.values())


def gathered_again(open_reason: str) -> bool:
    """Whether a record with this stored reason is gathered by every run (D9)."""
    return REASONS[split(open_reason)[0]].gathered_again
