"""Employee Group to branch and back: exact names, nothing guessed (B1, B2)."""

from agent.branches import BranchMap

HOBART, SYDNEY = "b-hobart", "b-sydney"
MAP = BranchMap(
    match=True,
    groups={"Hobart": HOBART, " hobart ": SYDNEY, "Sydney A": SYDNEY, "Perth": "b-perth"},
)


def test_B1_a_group_name_is_compared_with_its_case_and_spaces() -> None:
    assert MAP.branch_of("Hobart") == HOBART
    assert MAP.branch_of(" hobart ") == SYDNEY
    assert MAP.branch_of("HOBART") is None
    assert MAP.branch_of("Hobart ") is None


def test_B2_a_group_that_is_not_in_the_map_has_no_branch_even_with_a_default() -> None:
    assert BranchMap(True, HOBART, {"Sydney": SYDNEY}).branch_of("Perth") is None


def test_B1_somebody_without_a_group_is_in_the_default_branch() -> None:
    assert BranchMap(True, HOBART).branch_of(None) == HOBART
    assert MAP.branch_of(None) is None


def test_B2_the_present_group_stays_where_it_is_among_the_branch_s_groups() -> None:
    assert MAP.group_of(SYDNEY, "Sydney A") == "Sydney A"
    assert MAP.group_of(SYDNEY, " hobart ") == " hobart "


def test_B2_several_groups_and_none_present_is_for_a_person() -> None:
    assert MAP.group_of(SYDNEY, "Hobart") is None
    assert MAP.group_of(SYDNEY, None) is None


def test_B2_one_group_is_written_and_none_is_not_invented() -> None:
    assert MAP.group_of(HOBART, "Perth") == "Hobart"
    assert MAP.group_of("b-elsewhere", "Perth") is None


def test_B1_a_new_person_goes_to_the_default_branch_only_while_matching_is_off() -> None:
    assert BranchMap(False, HOBART, {"Sydney": SYDNEY}).branch_for_new("Sydney") == HOBART
    assert BranchMap(True, HOBART, {"Sydney": SYDNEY}).branch_for_new("Sydney") == SYDNEY
    assert BranchMap(True, HOBART, {"Sydney": SYDNEY}).branch_for_new("Perth") is None
