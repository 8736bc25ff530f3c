"""The field table as the product promises it, row by row: drawn mistakes in it (`make faults`) went unnoticed."""

import pytest

from agent.employee import BankAccount
from agent.fields import FIELDS, GROUPS, same

# Sensitive ones marked *; > goes to HRA only; ! is never emptied on either side.
TABLE = {
    "details": (
        "title first_name! middle_names last_name! date_of_birth*! gender* home_address*! email phone* mobile* job_title "
        "start_date! branch! end_date*>!"
    ),
    "bank": "bank_accounts*!",
    "super": "super_memberships*!",
    "tax": (
        "tfn_or_exemption*! employment_basis! residency*! resident_for_tax*! tax_free_threshold*! loans*! tax_offset* "
        "upward_variation* withholding_variation* leave_loading!"
    ),
    "leave": "annual_leave>! personal_leave>! long_service_leave>!",
}
ROWS = [
    (group, word.rstrip("*>!"), word.removeprefix(word.rstrip("*>!")))
    for group, words in TABLE.items()
    for word in words.split()
]
OTHER_WORDS = {
    "email": "e-mail",
    "tfn_or_exemption": "TFN or exemption",
    "tax_free_threshold": "tax-free threshold",
    "loans": "study and training loans",
}


def test_the_table_has_these_fields_in_this_order() -> None:
    assert tuple(TABLE) == GROUPS
    assert [name for _, name, _ in ROWS] == list(FIELDS)


@pytest.mark.parametrize(("group", "name", "marks"), ROWS, ids=[row[1] for row in ROWS])
def test_S4_D4_a_field_is_masked_travels_and_may_be_emptied_as_the_map_says(
    group: str, name: str, marks: str
) -> None:
    field = FIELDS[name]
    assert (field.name, field.group) == (name, group)
    assert field.sensitive is ("*" in marks)
    assert field.ways == ({"to_hra"} if ">" in marks else {"to_hra", "to_xero"})
    assert field.required == ({"hra", "xero"} if "!" in marks else set())
    assert field.label == OTHER_WORDS.get(name, name.replace("_", " "))


def test_F2_a_fixed_row_of_nothing_is_not_the_row_that_takes_the_remainder() -> None:
    remainder = BankAccount("062000", "111111", "A Papas", 0, True)
    nothing = BankAccount("062000", "111111", "A Papas", 0, False)
    assert not same("bank_accounts", (remainder,), (nothing,))
