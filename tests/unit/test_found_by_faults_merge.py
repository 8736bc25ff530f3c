"""Rules of the decision whose breach no test noticed when mistakes were drawn by lot (`make faults`)."""

import pytest

from agent import plan
from agent.employee import Status, Value
from tests.unit.canonical_values import CHANGED, HRA_CHANGED, MASK, OTHER_NUMBER, hra, xero
from tests.unit.decisions import decide_all, held


def test_F4_a_number_corrected_in_hra_is_not_swept_away_by_a_declaration_that_xero_wins() -> None:
    wrong: dict[str, Value] = {"employment_basis": "PART_TIME", "tfn_or_exemption": MASK}
    right: dict[str, Value] = {"employment_basis": "CASUAL", "tfn_or_exemption": OTHER_NUMBER}
    bases = {"employment_basis": CHANGED, "tfn_or_exemption": HRA_CHANGED}
    made = decide_all(hra(**right), xero(**wrong), bases, "xero")
    assert {held(made[name]) for name in bases} == {"tax_conflict"}


@pytest.mark.parametrize("side", ["hra", "xero"])
def test_D6_a_record_that_is_not_there_yet_is_nobody_s_and_holds_nothing(side: str) -> None:
    blank = plan.blank(side)
    assert (blank.side, blank.id, blank.status) == (side, "", Status.CURRENT)
    assert set(blank.values.values()) == {None}
