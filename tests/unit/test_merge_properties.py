"""What holds of every decision, whoever the person is and whatever is set: many people drawn by lot.

A failure names the number of the draw: `drawn(Random(number))` is that person again.
"""

from collections import Counter
from collections.abc import Callable

from agent.employee import UNKNOWN, Employee, Exemption, MaskedTfn, Status
from agent.fields import FIELD_GROUPS, FIELDS, names, problem, same
from agent.merge import APPROVED_AS, SENDS, Decision, Kind, Since, whole_choice
from tests.unit.decisions import Case, every, people, travelling

Claim = Callable[[Case, Decision], bool]


def breaking(claim: Claim) -> list[str]:
    """The first few values that travel although they break a claim."""
    found = (
        f"draw {number}: {made.name} {made.kind.value} {made.why}"
        for number, case, made in travelling()
        if not claim(case, made)
    )
    return [one for _, one in zip(range(5), found, strict=False)]


def sides(case: Case, made: Decision) -> tuple[Employee, Employee]:
    """Where a value comes from and where it goes."""
    return (case.hra, case.xero) if made.kind is Kind.TO_XERO else (case.xero, case.hra)


def test_the_people_drawn_by_lot_are_worth_looking_at() -> None:
    """Rules that no example meets are not proved by any."""
    met: Counter[str] = Counter()
    for _, _, made in every():
        met.update([made.kind.value, made.why, made.reason.partition("_")[0]])
        met["conflict"] += made.conflict
    needed = ("to_xero", "to_hra", "agree", "hold", "conflict", "chosen", "approval", "one_way")
    assert {name: met[name] for name in needed if met[name] < 50} == {}


def test_D1_every_field_gets_one_decision_and_the_same_one_each_time() -> None:
    for number, case, decided in people()[:300]:
        assert list(decided) == list(FIELDS), number
        assert case.decided() == decided, number


def test_D1_what_travels_is_what_its_side_holds_and_differs_from_the_other() -> None:
    def claim(case: Case, made: Decision) -> bool:
        source, target = sides(case, made)
        mine, theirs = source.get(made.name), target.get(made.name)
        alike = (
            made.name == "tfn_or_exemption" and made.kind is Kind.TO_XERO
        )  # a mask shows the end only
        if UNKNOWN in (mine, theirs) or (same(made.name, made.value, theirs) and not alike):
            return False
        return made.value == mine or (
            made.name == "super_memberships" and set(made.value) > set(mine)
        )

    assert breaking(claim) == []


def test_F3_a_list_of_memberships_that_travels_leaves_out_none_of_the_target() -> None:
    def claim(case: Case, made: Decision) -> bool:
        if made.name != "super_memberships":
            return True
        source, target = (side.get(made.name) or () for side in sides(case, made))
        lost = {row.usi for row in (*source, *target)} - {row.usi for row in made.value}
        return not lost and not any(row.smsf for row in (*source, *target))

    assert breaking(claim) == []


def test_D6_nothing_travels_that_the_target_cannot_hold() -> None:
    assert breaking(lambda _, made: not problem(made.name, made.value, SENDS[made.kind])) == []


def test_D6_nothing_replaces_what_the_other_side_could_not_hold() -> None:
    def claim(case: Case, made: Decision) -> bool:
        standing = sides(case, made)[1].get(made.name)
        source = "hra" if made.kind is Kind.TO_XERO else "xero"
        return made.name == "tfn_or_exemption" or not problem(made.name, standing, source)

    assert breaking(claim) == []


def test_D8_no_required_field_and_no_list_is_emptied() -> None:
    assert breaking(lambda _, made: made.value is not None or not FIELDS[made.name].required) == []


def test_D7_nothing_travels_against_its_direction_unless_a_person_chose_it() -> None:
    def claim(case: Case, made: Decision) -> bool:
        way, name = made.kind.value, made.name
        allowed = case.rules.direction_of(name) in ("both", way) or made.why == "chosen"
        return way in FIELDS[name].ways and allowed

    assert breaking(claim) == []


def test_D7_nothing_travels_against_a_person_s_choice() -> None:
    def claim(case: Case, made: Decision) -> bool:
        chosen = whole_choice(case.rules.chosen).get(made.name)
        return chosen is None or chosen != SENDS[made.kind] or not _can_stand(made.name, chosen)

    assert breaking(claim) == []


def _can_stand(name: str, side: str) -> bool:
    return ("to_xero" if side == "hra" else "to_hra") in FIELDS[name].ways


def test_T1_only_current_people_are_exported_and_no_merged_record_is_written() -> None:
    def claim(case: Case, made: Decision) -> bool:
        if made.kind is Kind.TO_XERO:
            return case.hra.status is Status.CURRENT
        return case.hra.status is not Status.GONE

    assert breaking(claim) == []


def test_F4_a_kind_of_write_that_has_stopped_stands_still() -> None:
    def claim(case: Case, made: Decision) -> bool:
        return made.kind is Kind.TO_HRA or FIELD_GROUPS[made.name] not in case.rules.stopped

    assert breaking(claim) == []


def test_D1_a_declaration_in_conflict_travels_whole_or_not_at_all() -> None:
    for number, _, decided in people():
        tax = [decided[name] for name in names("tax")]
        if not any(made.conflict for made in tax):
            continue
        ways = {made.kind for made in tax if made.kind in SENDS}
        held = any(made.conflict and made.kind is Kind.HOLD for made in tax)
        assert len(ways) <= 1 and not (ways and held), number


def test_F4_tax_goes_to_hra_only_beside_a_number_or_exemption_that_hra_showed() -> None:
    def claim(case: Case, made: Decision) -> bool:
        if FIELD_GROUPS[made.name] != "tax" or made.kind is Kind.TO_XERO:
            return True
        shown = case.hra.get("tfn_or_exemption")
        return shown is not None and not isinstance(shown, MaskedTfn)

    assert breaking(claim) == []


def test_F4_no_mask_travels_and_no_exemption_replaces_a_number() -> None:
    def claim(case: Case, made: Decision) -> bool:
        standing = sides(case, made)[1].get(made.name)
        over = isinstance(made.value, Exemption) and not isinstance(standing, Exemption | None)
        return not isinstance(made.value, MaskedTfn) and not over

    assert breaking(claim) == []


def test_S2_what_needs_a_second_person_travels_with_a_yes_only() -> None:
    def claim(case: Case, made: Decision) -> bool:
        return APPROVED_AS.get(made.name) not in case.rules.approve or case.answer == "approved"

    assert breaking(claim) == []


def test_D2_first_contact_fills_and_overwrites_only_details_in_a_person_s_run() -> None:
    def claim(case: Case, made: Decision) -> bool:
        if not case.bases[made.name].first or made.why == "chosen":
            return True
        group = FIELD_GROUPS[made.name]
        empty = sides(case, made)[1].get(made.name) is None
        may = group == "leave" or (group == "details" and case.rules.by_person)
        return made.value is not None and (empty or may)

    assert breaking(claim) == []


def test_T2_an_end_date_travels_only_if_xero_came_to_know_it_or_a_person_chose_it() -> None:
    def claim(case: Case, made: Decision) -> bool:
        base = case.bases[made.name]
        known = base.xero is Since.CHANGED and not base.first
        return made.name != "end_date" or (made.kind is Kind.TO_HRA and (known or _chosen(made)))

    assert breaking(claim) == []


def test_B3_a_branch_moves_nobody_while_transfers_are_off_unless_a_person_chose_it() -> None:
    def claim(case: Case, made: Decision) -> bool:
        if made.name != "branch" or made.kind is Kind.TO_XERO:
            return True
        return case.rules.branches and (case.rules.transfers or _chosen(made))

    assert breaking(claim) == []


def test_R2_a_record_with_a_waiting_save_gives_nothing_up_without_its_own_yes() -> None:
    def claim(case: Case, made: Decision) -> bool:
        free = case.rules.mode == "authoritative" or case.rules.overrule
        return made.kind is Kind.TO_XERO or free or not case.waiting

    assert breaking(claim) == []


def test_D4_what_a_side_kept_is_not_sent_again_by_itself() -> None:
    assert breaking(lambda case, made: not case.bases[made.name].kept or _chosen(made)) == []


def _chosen(made: Decision) -> bool:
    return made.why == "chosen"


def test_S3_why_a_value_travels_is_told_as_it_was() -> None:
    assert breaking(_true) == []


def _true(case: Case, made: Decision) -> bool:
    """Whether the reason that a decision gives for its value travelling is what happened."""
    base, rules, to_xero = case.bases[made.name], case.rules, made.kind is Kind.TO_XERO
    moved = (base.hra is Since.CHANGED, base.xero is Since.CHANGED)
    tax = FIELD_GROUPS[made.name] == "tax"
    winners = {rules.authority_of(name) for name in (names("tax") if tax else (made.name,))}
    return {
        "hra_changed": to_xero and moved == (True, False),
        "xero_changed": not to_xero and moved == (False, True),
        "filled": sides(case, made)[1].get(made.name) is None,
        "authority": made.conflict and ("hra" if to_xero else "xero") in winners,
        "xero_wins": not to_xero and rules.mode != "authoritative",
        "one_way": rules.direction_of(made.name) == made.kind.value,
        "chosen": any(rules.choice(name) for name in ((*names("tax"),) if tax else (made.name,))),
    }[made.why]
