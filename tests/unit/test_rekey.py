"""Another key for the agent: what it opens, what stays, and what is left wherever it is cut short (S4, S3, D2)."""

import base64
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import rekey
from agent.audit import Audit
from agent.errors import KeyMissing, Misconfigured, StateDamaged
from agent.files import replace_file
from agent.records import Event
from agent.rekey import rotate, settle
from agent.vault import AUDIT, CONTROL, DIGESTS, PLANS, SESSION, TOKENS, Digests, Key, Vault

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SIGN_INS = {"hra": {"refresh_token": "h-refresh"}, "xero": {"refresh_token": "x-refresh"}}
WHERE = ("link", "hra", "phone", 1)


def bytes_from(*firsts: int) -> Callable[[int], bytes]:
    """Random bytes for a test, one value after another."""
    numbers = iter(firsts)
    return lambda size: bytes([next(numbers)]) * size


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a key and both sign-ins."""
    folder = tmp_path / "data"
    vault = Vault(folder, Key.open(folder, {}, bytes_from(1)))
    for side, sign_in in SIGN_INS.items():
        vault.seal(side, sign_in)
    return folder


def opened(data_dir: Path) -> dict[str, object]:
    """The sign-ins as the next start finds them, settled as it does."""
    key = settle(data_dir, Key.open(data_dir, {}), {})
    vault = Vault(data_dir, key)
    return {side: vault.unseal(side) for side in SIGN_INS}


def test_S4_a_rotation_keeps_the_sign_ins_and_replaces_every_key_but_the_lasting(
    data_dir: Path,
) -> None:
    before = Key.open(data_dir, {})
    after = rotate(data_dir, before, bytes_from(2))
    assert opened(data_dir) == SIGN_INS
    for purpose in (TOKENS, SESSION, CONTROL, PLANS):
        assert after.derive(purpose) != before.derive(purpose)
    for purpose in (DIGESTS, AUDIT):
        assert after.derive(purpose) == before.derive(purpose)
    assert Key.find(data_dir, {}).derive(SESSION) == after.derive(SESSION)


def test_S4_the_old_key_put_back_is_refused_and_changes_nothing(data_dir: Path) -> None:
    old = (data_dir / "agent.key").read_bytes()
    rotate(data_dir, Key.open(data_dir, {}), bytes_from(2))
    replace_file(data_dir / "agent.key", old)
    sealed = (data_dir / "tokens.sealed").read_bytes()
    with pytest.raises(KeyMissing, match="another key sealed them"):
        opened(data_dir)
    assert (data_dir / "tokens.sealed").read_bytes() == sealed


def test_S4_the_old_key_is_refused_though_nobody_had_signed_in(tmp_path: Path) -> None:
    old = Key.open(tmp_path, {}, bytes_from(1))
    text = (tmp_path / "agent.key").read_bytes()
    rotate(tmp_path, old, bytes_from(2))
    replace_file(tmp_path / "agent.key", text)
    with pytest.raises(KeyMissing):
        opened(tmp_path)


def test_S4_a_key_of_before_opens_no_sign_in_that_was_sealed_later(data_dir: Path) -> None:
    old = Key.open(data_dir, {})
    rotate(data_dir, old, bytes_from(2))
    with pytest.raises(KeyMissing):
        Vault(data_dir, old).unseal("xero")


def test_S4_after_three_rotations_two_keys_are_kept_the_newest_and_the_first(
    data_dir: Path,
) -> None:
    for n in (2, 3, 4):
        rotate(data_dir, Key.open(data_dir, {}), bytes_from(n))
    kept = [base64.b64decode(part)[0] for part in (data_dir / "agent.key").read_text().split()]
    assert kept == [4, 1]
    assert opened(data_dir) == SIGN_INS


def test_D2_what_was_agreed_stays_agreed_after_a_rotation(data_dir: Path) -> None:
    before = Key.open(data_dir, {})
    stored = Digests(before.derive(DIGESTS)).digest(*WHERE, {"v": "x"})
    after = rotate(data_dir, before, bytes_from(2))
    assert Digests(after.derive(DIGESTS)).same(stored, *WHERE, {"v": "x"}) is True
    assert Digests(after.derive(DIGESTS)).same(stored, *WHERE, {"v": "y"}) is False


def test_S3_the_audit_log_is_whole_over_a_rotation(data_dir: Path) -> None:
    before = Key.open(data_dir, {})
    log = Audit(data_dir, before.derive(AUDIT), lambda: NOW)
    log.note(Event("key", why="changed", actor="command"))
    log.close()
    after = rotate(data_dir, before, bytes_from(2))
    log = Audit(data_dir, after.derive(AUDIT), lambda: NOW)
    log.note(Event("switched", why="on", actor="command"))
    assert (log.check(), len(log.lines())) == ((), 2)
    log.close()


class PowerCut(BaseException):
    """The machine is gone."""


@pytest.mark.parametrize("writes", [0, 1, 2])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_S4_a_rotation_cut_short_anywhere_opens_everything_at_the_next_start(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, writes: int, moment: str
) -> None:
    rotate(data_dir, Key.open(data_dir, {}), bytes_from(2))
    done: list[str] = []

    def cut(path: Path, data: bytes) -> None:
        if len(done) == writes and moment == "before":
            raise PowerCut
        replace_file(path, data)
        done.append(path.name)
        if len(done) == writes + 1:
            raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("agent.rekey.replace_file", cut)
        patch.setattr("agent.vault.replace_file", cut)
        with pytest.raises(PowerCut):
            rotate(data_dir, Key.open(data_dir, {}), bytes_from(3))
    assert done == ["agent.key", "tokens.sealed", "agent.key"][: writes + (moment == "after")]
    assert opened(data_dir) == SIGN_INS
    kept = [base64.b64decode(part)[0] for part in (data_dir / "agent.key").read_text().split()]
    assert kept == ([3, 1] if done else [2, 1]), "the next start ended what was begun"


def test_S4_the_place_of_the_old_key_file_is_written_over(data_dir: Path, tmp_path: Path) -> None:
    seen = tmp_path / "the same place on disk"
    seen.hardlink_to(data_dir / "agent.key")
    rotate(data_dir, Key.open(data_dir, {}), bytes_from(2))
    assert set(seen.read_bytes()) == {0}
    assert stat.S_IMODE((data_dir / "agent.key").stat().st_mode) == 0o600


def test_S4_a_key_file_that_is_kept_elsewhere_behind_a_link_stays_there(
    data_dir: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.key"
    (data_dir / "agent.key").rename(elsewhere)
    (data_dir / "agent.key").symlink_to(elsewhere)
    rotate(data_dir, Key.open(data_dir, {}), bytes_from(2))
    assert (data_dir / "agent.key").is_symlink() and opened(data_dir) == SIGN_INS
    assert len(elsewhere.read_bytes().split()) == 2


def test_S4_a_key_of_the_environment_is_changed_by_putting_a_new_one_before_it(
    tmp_path: Path,
) -> None:
    first, second, third = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))
    Vault(tmp_path, Key.open(tmp_path, {"HRA_XERO_KEY": first})).seal("xero", SIGN_INS["xero"])
    for given in (f"{second} {first}", f"{third} {second} {first}", f"{third} {first}"):
        environ = {"HRA_XERO_KEY": given}
        key = settle(tmp_path, Key.open(tmp_path, environ), environ)
        assert Vault(tmp_path, key).unseal("xero") == SIGN_INS["xero"]
        assert key.derive(DIGESTS) == Key(bytes([1]) * 32).derive(DIGESTS)
    with pytest.raises(KeyMissing):
        settle(tmp_path, Key.open(tmp_path, {"HRA_XERO_KEY": first}), {"HRA_XERO_KEY": first})
    assert [file.name for file in tmp_path.iterdir()] == ["tokens.sealed"]


def test_a_start_with_one_key_writes_nothing(tmp_path: Path) -> None:
    settle(tmp_path, Key.open(tmp_path, {}), {})
    assert [file.name for file in tmp_path.iterdir()] == ["agent.key"]


def test_a_damaged_sealed_file_is_refused_at_the_start_and_untouched(data_dir: Path) -> None:
    file = data_dir / "tokens.sealed"
    told = json.loads(file.read_text())
    for content in (b"{", json.dumps({**told, "key": 5}).encode()):
        file.write_bytes(content)
        with pytest.raises(StateDamaged):
            opened(data_dir)
        assert file.read_bytes() == content


@pytest.mark.parametrize("count", [0, 9])
def test_no_key_and_too_many_are_no_key(tmp_path: Path, count: int) -> None:
    text = " ".join(base64.b64encode(bytes([n]) * 32).decode() for n in range(count))
    with pytest.raises(Misconfigured):
        Key.open(tmp_path, {"HRA_XERO_KEY": text or " "})


def test_S4_a_key_that_everybody_may_read_is_refused_with_the_way_to_mend_it(
    data_dir: Path,
) -> None:
    file = data_dir / "agent.key"
    for mode in (0o604, 0o644, 0o602):
        file.chmod(mode)
        for ask in (Key.open, Key.find):
            with pytest.raises(Misconfigured, match="chmod 600") as caught:
                ask(data_dir, {})
            assert file.read_text().strip() not in str(caught.value)
    file.chmod(0o600)
    assert opened(data_dir) == SIGN_INS


def test_rekey_says_whose_key_it_is() -> None:
    assert rekey.is_given({"HRA_XERO_KEY": "x"}) and not rekey.is_given({"HRA_XERO_KEY": ""})
