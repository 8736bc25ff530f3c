"""One spelling for every value: check digits, phone forms, masks, addresses."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import canonical
from agent.employee import Exemption, MaskedTfn, Tfn
from agent.sandbox.identifiers import make_abn, make_tfn

SEEDS = st.integers(0, 10**6)
NUMBERS = SEEDS.map(lambda seed: make_tfn(Random(seed)))
MASKS = st.sampled_from("#*xX•-.")


@given(NUMBERS, st.integers(0, 8), st.integers(1, 9))
def test_F4_one_wrong_digit_is_no_tfn(number: str, place: int, shift: int) -> None:
    wrong = str((int(number[place]) + shift) % 10)
    assert canonical.is_tfn(number)
    assert not canonical.is_tfn(number[:place] + wrong + number[place + 1 :])


@given(SEEDS, st.integers(0, 10), st.integers(1, 9))
def test_F3_one_wrong_digit_is_no_abn(seed: int, place: int, shift: int) -> None:
    number = make_abn(Random(seed))
    wrong = str((int(number[place]) + shift) % 10)
    assert canonical.is_abn(number)
    assert not canonical.is_abn(number[:place] + wrong + number[place + 1 :])


@pytest.mark.parametrize(
    ("code", "name"),
    [("000000000", "UNQUOTED"), ("111111111", "PENDING"), ("333333333", "UNDER18"),
     ("444444444", "PENSIONER")],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}", "{:.3}-{:.3}-{:.3}"])
def test_F4_the_placeholder_numbers_are_exemptions(code: str, name: str, form: str) -> None:
    assert not canonical.is_tfn(code)
    assert canonical.tax_identity(form.format(code, code, code), None) == Exemption(name)


@given(NUMBERS, st.sampled_from(["{0}{1}{2}", "{0} {1} {2}", "{0}-{1}-{2}", " {0} {1}{2} "]))
def test_F4_a_number_is_read_however_it_is_spaced(number: str, form: str) -> None:
    shown = form.format(number[:3], number[3:6], number[6:])
    assert canonical.tax_identity(shown, "PENDING") == Tfn(number)


@given(NUMBERS, MASKS, st.integers(3, 6), st.sampled_from(["", " ", "-"]))
def test_F4_a_masked_number_is_never_taken_for_a_number(
    number: str, mark: str, hidden: int, between: str
) -> None:
    digits = mark * hidden + number[hidden:]
    shown = between.join((digits[:3], digits[3:6], digits[6:]))
    found = canonical.tax_identity(shown, None)
    assert isinstance(found, MaskedTfn)
    assert found.last3 == number[-3:]


@given(st.text(max_size=15), st.sampled_from([None, "PENDING"]))
def test_F4_only_nine_digits_with_a_good_check_are_ever_a_number(
    shown: str, exemption: str | None
) -> None:
    found = canonical.tax_identity(shown, exemption)
    if isinstance(found, Tfn):
        assert canonical.is_tfn(found.number)
        assert set(shown.strip()) <= set("0123456789 -")


@given(NUMBERS, st.integers(0, 8), st.integers(1, 9))
def test_F4_a_number_that_fails_its_check_never_leaves(number: str, place: int, by: int) -> None:
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    found = canonical.tax_identity(wrong, None)
    assert not isinstance(found, Tfn)
    assert found == MaskedTfn(wrong[-3:], valid=False) or wrong in canonical.TFN_CODES


def test_F4_neither_number_nor_exemption_is_nothing() -> None:
    assert canonical.tax_identity(None, None) is None
    assert canonical.tax_identity(" ", "") is None
    assert canonical.tax_identity("", "UNDER18") == Exemption("UNDER18")


def test_S4_a_number_never_shows_in_full() -> None:
    number = make_tfn(Random(3))
    assert number not in repr(Tfn(number)) and number[-3:] in repr(Tfn(number))


@pytest.mark.parametrize(
    "shown",
    ["0491 570 156", "0491570156", "+61 491 570 156", "+61491570156", "61491570156",
     "+61 (0)491 570 156", "0061 491 570 156", "(0491) 570-156"],
)  # fmt: skip
def test_D5_one_mobile_in_every_spelling(shown: str) -> None:
    assert canonical.phone_key(shown) == "0491570156"


@given(st.text("0123456789", min_size=8, max_size=8), st.sampled_from("23478"))
def test_D5_a_landline_is_one_number_in_every_spelling(rest: str, area: str) -> None:
    forms = (f"0{area}{rest}", f"(0{area}) {rest[:4]} {rest[4:]}", f"+61 {area} {rest}")
    assert {canonical.phone_key(form) for form in forms} == {f"0{area}{rest}"}


def test_D5_different_numbers_stay_different() -> None:
    assert canonical.phone_key("0491 570 156") != canonical.phone_key("0491 570 157")
    assert canonical.phone_key("ask Anna") != canonical.phone_key("ask Ben")


@given(st.text(max_size=30))
def test_D5_a_text_that_was_made_canonical_stays_so(shown: str) -> None:
    once = canonical.text(shown)
    assert canonical.text(once) == once
    assert once is None or once == once.strip() != ""


@given(st.text(max_size=30))
def test_D5_loose_comparison_is_stable(shown: str) -> None:
    assert canonical.loose(canonical.loose(shown)) == canonical.loose(shown)


@pytest.mark.parametrize(("long", "short"), list(canonical.STATES.items()))
def test_D5_a_state_has_one_spelling_and_is_in_australia(long: str, short: str) -> None:
    made = canonical.address("1 A St", None, "Here", long.title(), "2000", None)
    assert made is not None
    assert (made.state, made.country) == (short, "AUSTRALIA")


def test_D5_an_overseas_address_stays_one() -> None:
    made = canonical.address("1 A St", None, "Auckland", "Auckland", "1010", "New Zealand")
    assert made is not None
    assert (made.state, made.country) == ("Auckland", "NEW ZEALAND")


def test_an_address_of_a_country_alone_is_nothing() -> None:
    assert canonical.address(None, " ", "", None, "", "Australia") is None


@given(SEEDS)
def test_F3_the_abn_of_a_long_usi(seed: int) -> None:
    abn = make_abn(Random(seed))
    assert canonical.abn_of_usi(canonical.usi(f" {abn} 001 ")) == abn
    assert canonical.abn_of_usi("STA0100AU") == ""


def test_dates_are_never_shifted() -> None:
    found = canonical.iso_date(" 1974-05-21T23:59:59+10:00 ")
    assert found is not None and found.isoformat() == "1974-05-21"
    assert canonical.iso_date(" ") is None
    with pytest.raises(ValueError, match="month"):
        canonical.iso_date("1974-13-01")
