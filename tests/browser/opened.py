"""The rows that wait for a person, opened: both sides as they are, sensitive values masked."""

from collections.abc import Mapping
from dataclasses import replace

from agent.records import Attention
from agent.sync.report import Compared, FieldLine, Line, Opened, OpenedPartner
from tests.browser.rows import APPROVAL, ATTENTION, BRAKED, MATCH


def opened(row: Attention, *compared: Compared, partners: tuple[OpenedPartner, ...] = ()) -> Opened:
    """A row as it is when it is opened."""
    who = f"Employee {row.number}" if row.number else "Everyone"
    return Opened(row.id, row.kind, who, row.text, row.mark, row.buttons, compared, partners)


BANK = Compared(
    "bank_accounts",
    "bank accounts",
    "BSB 062..., account ending 118, the remainder",
    "BSB 733..., account ending 904, $250.00\nBSB 062..., account ending 118, the remainder",
)
JOB = Compared("job_title", "job title", "Baker", "Baker", same=True)
LEES = (
    OpenedPartner(
        "xero", "x-lee-1", None, ("same name", "same birth date"),
        (
            Compared("first_name", "first name", "Robin", "Robin", same=True),
            Compared("last_name", "last name", "Lee", "Lee", same=True),
            Compared("date_of_birth", "date of birth", "(day hidden) 1990", "(day hidden) 1990", same=True),
            Compared("home_address", "home address", "(street hidden) Fremantle WA 6160", "(street hidden) Perth WA 6000"),
            Compared("email", "e-mail", "robin@example.com", "(empty)"),
        ),
    ),
    OpenedPartner(
        "xero", "x-lee-2", None, ("same name", "same postcode"),
        (
            Compared("first_name", "first name", "Robin", "Robin", same=True),
            Compared("last_name", "last name", "Lee", "Lee", same=True),
            Compared("date_of_birth", "date of birth", "(day hidden) 1990", "(empty)"),
            Compared(
                "home_address", "home address", "(street hidden) Perth WA 6000", "(street hidden) Perth WA 6000",
                same=True,
            ),
            Compared("email", "e-mail", "robin@example.com", "lee@example.com"),
        ),
    ),
)  # fmt: skip
MOBILE, BANKS, END = (
    FieldLine("mobile", "mobile"),
    FieldLine("bank_accounts", "bank accounts"),
    FieldLine("end_date", "end date"),
)
PLANNED = (
    *(Line(f"h{n}", f"x{n}", str(n), "", "update", "xero", (MOBILE,)) for n in range(1001, 1061)),
    Line("h1061", "x1061", "1061", "", "update", "xero", (MOBILE, BANKS)),
    Line("h1062", "x1062", "1062", "", "update", "hra", (END,)),
    Line("h2001", "", None, "", "create", "xero", ()),
)
OPENED: Mapping[str, Opened] = {
    seen.id: seen
    for seen in (
        opened(ATTENTION[0], JOB),
        opened(ATTENTION[1], BANK),
        opened(APPROVAL, BANK),
        opened(MATCH, partners=LEES),
        replace(opened(BRAKED), plan=BRAKED.plan, planned=PLANNED),
    )
}
