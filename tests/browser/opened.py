"""The rows that wait for a person, opened: both sides as they are, sensitive values masked."""

from collections.abc import Mapping

from agent.records import Attention
from agent.sync.report import Compared, Opened, OpenedPartner
from tests.browser.rows import APPROVAL, ATTENTION, BRAKED, MATCH


def opened(row: Attention, *compared: Compared, partners: tuple[OpenedPartner, ...] = ()) -> Opened:
    """A row as it is when it is opened; the mark is made of its id."""
    who = f"Employee {row.number}" if row.number else "Everyone"
    return Opened(
        row.id, row.kind, who, row.text, f"mark-{row.id}", row.buttons, compared, partners
    )


BANK = Compared("bank_accounts", "bank accounts", "NAB •••118, the rest", "ANZ •••904, the rest")
JOB = Compared("job_title", "job title", "Baker", "Baker")
LEES = (
    OpenedPartner(
        "xero", "x-lee-1", None, ("same name", "same birth date"),
        (
            Compared("name", "name", "Robin Lee", "Robin Lee"),
            Compared("date_of_birth", "date of birth", "12 Mar 1990", "12 Mar 1990"),
            Compared("home_address", "home address", "4 Pier St\nFremantle WA 6160", "9 Sand Rd\nPerth WA 6000"),
            Compared("email", "e-mail", "robin@example.com", "(empty)"),
        ),
    ),
    OpenedPartner(
        "xero", "x-lee-2", None, ("same name", "same postcode"),
        (
            Compared("name", "name", "Robin Lee", "Robin Lee"),
            Compared("date_of_birth", "date of birth", "12 Mar 1990", ""),
            Compared("home_address", "home address", "4 Pier St\nFremantle WA 6160", "4 Pier St\nFremantle WA 6160"),
            Compared("email", "e-mail", "robin@example.com", "lee@example.com"),
        ),
    ),
)  # fmt: skip
OPENED: Mapping[str, Opened] = {
    seen.id: seen
    for seen in (
        opened(ATTENTION[0], JOB),
        opened(ATTENTION[1], BANK),
        opened(APPROVAL, BANK),
        opened(MATCH, partners=LEES),
        opened(BRAKED),
    )
}
