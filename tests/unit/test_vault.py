"""The key, the sealed sign-ins, the digests: what opens what, and what they give away."""

import base64
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.errors import KeyMissing, Misconfigured, StateDamaged
from agent.vault import AUDIT, CONTROL, DIGESTS, PLANS, SESSION, TOKENS, Cost, Digests, Key, Vault

CHEAP = Cost(n=2)
SIGN_IN = {"access_token": "an-access-token", "refresh_token": "a-refresh-token", "at": 1.5}
WHERE = ("link", "hra", "tfn_or_exemption", 1)
TFN = {"number": "123456782", "end": "782"}
SLOW = frozenset({"number"})


def counting() -> Callable[[int], bytes]:
    """Random bytes for tests: never the same twice, always the same run."""
    numbers = iter(range(1, 255))
    return lambda size: bytes([next(numbers)]) * size


def digests(key: bytes = b"k" * 32, cost: Cost = CHEAP) -> Digests:
    return Digests(key, cost)


# --- the key ---


def test_the_first_start_makes_a_key_that_later_starts_find(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    made = Key.open(data_dir, {}, counting())
    found = Key.open(data_dir, {}, counting())
    assert made.derive(TOKENS) == found.derive(TOKENS)
    assert base64.b64decode((data_dir / "agent.key").read_text()) == b"\x01" * 32


def test_S4_key_and_sealed_file_are_the_owners_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    Vault(data_dir, Key.open(data_dir, {})).seal("xero", SIGN_IN)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in data_dir.iterdir()}
    assert modes == {"agent.key": 0o600, "tokens.sealed": 0o600}


def test_a_key_from_the_environment_leaves_no_file(tmp_path: Path) -> None:
    given_key = base64.b64encode(b"e" * 32).decode()
    key = Key.open(tmp_path, {"HRA_XERO_KEY": given_key})
    assert key.derive(TOKENS) == Key(b"e" * 32).derive(TOKENS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["short", base64.b64encode(b"s" * 31).decode(), "é" * 44])
def test_a_bad_key_in_the_environment_is_named_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(Misconfigured, match="environment HRA_XERO_KEY: is not a key") as caught:
        Key.open(tmp_path, {"HRA_XERO_KEY": text})
    assert text not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a key", b"\xff\xfe"])
def test_a_damaged_key_file_is_refused_and_untouched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "agent.key").write_bytes(content)
    with pytest.raises(KeyMissing, match=r"agent\.key holds no key"):
        Key.open(tmp_path, {})
    assert (tmp_path / "agent.key").read_bytes() == content


def test_a_lost_key_is_not_replaced_while_sign_ins_are_sealed_with_it(tmp_path: Path) -> None:
    Vault(tmp_path, Key.open(tmp_path, {})).seal("xero", SIGN_IN)
    (tmp_path / "agent.key").unlink()
    with pytest.raises(KeyMissing, match=r"agent\.key is not there"):
        Key.open(tmp_path, {})
    assert not (tmp_path / "agent.key").exists()


def test_a_key_is_found_without_one_being_made(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with pytest.raises(KeyMissing, match=r"agent\.key is not there, and HRA_XERO_KEY is not set"):
        Key.find(data_dir, {})
    assert not data_dir.exists()
    made = Key.open(data_dir, {})
    assert Key.find(data_dir, {}).derive(TOKENS) == made.derive(TOKENS)
    given_key = base64.b64encode(b"e" * 32).decode()
    found = Key.find(data_dir, {"HRA_XERO_KEY": given_key})
    assert found.derive(TOKENS) == Key(b"e" * 32).derive(TOKENS)


def test_D3_every_purpose_has_a_key_of_its_own() -> None:
    key = Key(b"k" * 32)
    purposes = (TOKENS, DIGESTS, SESSION, CONTROL, AUDIT, PLANS)
    keys = {key.derive(purpose) for purpose in purposes}
    assert len(keys) == len(purposes)
    assert {len(one) for one in keys} == {32}
    assert b"k" * 32 not in keys


# --- sealed sign-ins ---


def test_a_sealed_sign_in_comes_back_after_a_restart(tmp_path: Path) -> None:
    Vault(tmp_path, Key(b"k" * 32)).seal("xero", SIGN_IN)
    vault = Vault(tmp_path, Key(b"k" * 32))
    assert vault.unseal("xero") == SIGN_IN
    assert vault.unseal("hra") is None


def test_sealing_one_side_keeps_the_other_and_forgetting_takes_one(tmp_path: Path) -> None:
    vault = Vault(tmp_path, Key(b"k" * 32))
    vault.seal("xero", SIGN_IN)
    vault.seal("hra", {"access_token": "h"})
    vault.seal("xero", {"access_token": "newer"})
    vault.forget("hra")
    vault.forget("never there")
    assert vault.unseal("hra") is None
    assert vault.unseal("xero") == {"access_token": "newer"}


def test_S4_nothing_sealed_stands_in_any_file(tmp_path: Path) -> None:
    Vault(tmp_path, Key.open(tmp_path, {})).seal("xero", SIGN_IN)
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for token in (b"an-access-token", b"a-refresh-token"):
        assert token not in stored
        assert base64.b64encode(token)[:16] not in stored
        assert token.hex().encode() not in stored


def test_the_same_sign_in_sealed_twice_looks_different(tmp_path: Path) -> None:
    vault = Vault(tmp_path, Key(b"k" * 32))
    vault.seal("xero", SIGN_IN)
    first = (tmp_path / "tokens.sealed").read_bytes()
    vault.seal("xero", SIGN_IN)
    assert (tmp_path / "tokens.sealed").read_bytes() != first


def test_another_key_is_told_from_damage_and_overwrites_nothing(tmp_path: Path) -> None:
    Vault(tmp_path, Key(b"k" * 32)).seal("xero", SIGN_IN)
    stored = (tmp_path / "tokens.sealed").read_bytes()
    other = Vault(tmp_path, Key(b"o" * 32))
    with pytest.raises(KeyMissing, match="another key sealed them"):
        other.unseal("xero")
    with pytest.raises(KeyMissing):
        other.seal("hra", SIGN_IN)
    assert (tmp_path / "tokens.sealed").read_bytes() == stored


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"version": "2", "key": "", "sealed": {}}']
)
def test_a_damaged_sealed_file_is_refused_and_untouched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tokens.sealed").write_bytes(content)
    vault = Vault(tmp_path, Key(b"k" * 32))
    with pytest.raises(StateDamaged, match=r"tokens\.sealed"):
        vault.unseal("xero")
    with pytest.raises(StateDamaged):
        vault.seal("xero", SIGN_IN)
    assert (tmp_path / "tokens.sealed").read_bytes() == content


@pytest.mark.parametrize("box", ["5", '""', '"!"', '"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"'])
def test_a_sealed_sign_in_that_was_tampered_with_is_damage(tmp_path: Path, box: str) -> None:
    vault = Vault(tmp_path, Key(b"k" * 32))
    vault.seal("xero", SIGN_IN)
    file = tmp_path / "tokens.sealed"
    file.write_text(re.sub('"xero": "[^"]*"', f'"xero": {box}', file.read_text()))
    with pytest.raises(StateDamaged):
        vault.unseal("xero")


def test_one_sides_sign_in_moved_under_the_others_name_does_not_open(tmp_path: Path) -> None:
    vault = Vault(tmp_path, Key(b"k" * 32))
    vault.seal("xero", SIGN_IN)
    file = tmp_path / "tokens.sealed"
    file.write_bytes(file.read_bytes().replace(b'"xero"', b'"hra"'))
    with pytest.raises(StateDamaged):
        vault.unseal("hra")


# --- digests ---

tokens = st.dictionaries(st.sampled_from(["number", "end", "v"]), st.text(max_size=5), max_size=3)


@given(tokens, tokens)
def test_D3_same_says_whether_the_first_shared_token_is_equal(
    agreed: dict[str, str], now: dict[str, str]
) -> None:
    stored = digests().digest(*WHERE, agreed, SLOW)
    shared = [name for name in now if name in agreed]
    expected = bool(shared) and agreed[shared[0]] == now[shared[0]]
    assert digests().same(stored, *WHERE, now, SLOW) is expected


def test_F4_going_from_mask_to_number_or_back_is_no_change() -> None:
    masked, other = {"end": "782"}, {"end": "783"}
    number = digests().digest(*WHERE, TFN, SLOW)
    mask = digests().digest(*WHERE, masked, SLOW)
    assert digests().same(number, *WHERE, masked, SLOW) is True
    assert digests().same(mask, *WHERE, TFN, SLOW) is True
    assert digests().same(number, *WHERE, other, SLOW) is False
    assert digests().same(number, *WHERE, {"number": "999999782", "end": "782"}, SLOW) is False


def test_D2_a_digest_of_another_normaliser_key_or_cost_is_no_evidence_of_a_change() -> None:
    stored = digests().digest(*WHERE, TFN, SLOW)
    assert digests().same(stored, *WHERE[:3], 2, TFN, SLOW) is None
    assert digests(b"another key").same(stored, *WHERE, TFN, SLOW) is None
    assert digests(cost=Cost(n=4)).same(stored, *WHERE, TFN, SLOW) is None
    assert digests().same("", *WHERE, TFN, SLOW) is None


@given(st.text())
def test_no_stored_text_makes_same_fail(stored: str) -> None:
    assert digests().same(stored, *WHERE, TFN, SLOW) in (None, False)
    made = digests().digest(*WHERE, {}, SLOW)
    assume("number:" not in stored and "end:" not in stored)
    assert digests().same(made + stored, *WHERE, TFN, SLOW) is False


@pytest.mark.parametrize(
    "other",
    [
        ("lin", "hra", "phone"),
        ("link", "xero", "phone"),
        ("link", "hra", "mobile"),
        ("linkhra", "", "phone"),
    ],
)
def test_D3_the_same_value_of_another_link_side_or_field_has_another_digest(
    other: tuple[str, str, str],
) -> None:
    mine = digests().digest("link", "hra", "phone", 1, {"v": "x"})
    assert digests().digest(*other, 1, {"v": "x"}) != mine
    assert digests().same(mine, *other, 1, {"v": "x"}) is False


def test_S4_a_digest_shows_nothing_of_its_value() -> None:
    stored = digests().digest(*WHERE, TFN, SLOW)
    version, mark = stored.split(":")[0].split(".")
    assert (version, len(mark)) == ("1", 8)
    names = [part.split(":")[0] for part in stored.split(":", 1)[1].split("|")]
    sizes = [len(part.split(":")[1]) for part in stored.split(":", 1)[1].split("|")]
    assert (names, sizes) == (["number", "end"], [32, 32])
    assert "123456782" not in stored


def test_D3_a_tax_file_number_goes_through_the_slow_way_and_its_last_digits_do_not() -> None:
    slow = digests().digest(*WHERE, TFN, SLOW).split(":", 1)[1].split("|")
    fast = digests().digest(*WHERE, TFN).split(":", 1)[1].split("|")
    assert slow[0] != fast[0]
    assert slow[1] == fast[1]
    assert Cost() == Cost(n=2**13, r=8, p=1)


def test_S4_the_process_remembers_no_number_between_two_questions() -> None:
    asked = digests()
    asked.digest(*WHERE, TFN, SLOW)
    assert "123456782" not in repr(vars(asked))


def test_what_the_process_remembers_has_a_limit_and_forgetting_changes_no_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.vault.SLOWED_KEPT", 2)
    asked = digests()
    stored = [asked.digest(*WHERE, {"number": str(n)}, SLOW) for n in range(5)]
    assert stored == [digests().digest(*WHERE, {"number": str(n)}, SLOW) for n in range(5)]
    assert len(asked._slowed) <= 2
