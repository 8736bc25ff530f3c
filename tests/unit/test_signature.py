"""A hook's signature: the known answer, one test for every reason to refuse, and no other
exception ever.
"""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from agent.errors import HookRefused
from webhooks.signature import verify

# Synthetic.
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER = "whsec_" + base64.b64encode(b"another secret of thirty-two byte").decode()
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = b'{"type": "employee.saved"}'
ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


def signed(
    body: bytes = BODY, *, secret: str = SECRET, at: datetime = NOW, id: str = ID
) -> dict[str, str]:
    """The headers that the scheme's own library gives a hook."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, at, body.decode()),
    }


def test_H1_known_answer() -> None:
    """Pins the wire form; computed once with openssl: HMAC-SHA256 over id.timestamp.body."""
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1772442000",
        "webhook-signature": "v1,Abu8IDLLe8F4xBAW5HODnyYByPoQQrbIdsRq81M/pKM=",
    }
    assert verify(b'{"a":1}', headers, [SECRET], NOW) == "msg_1"


def test_H1_what_the_schemes_own_library_signs_is_taken() -> None:
    assert verify(BODY, signed(), [SECRET], NOW) == ID


def test_header_names_are_taken_in_any_case() -> None:
    headers = {name.title(): value for name, value in signed().items()}
    assert verify(BODY, headers, [SECRET], NOW) == ID


def test_H1_during_rotation_any_of_several_secrets_fits() -> None:
    assert verify(BODY, signed(secret=OTHER), [SECRET, OTHER], NOW) == ID


def test_H1_any_of_several_signatures_fits() -> None:
    headers = signed()
    both = f"v1,{base64.b64encode(bytes(32)).decode()} v2,abc {headers['webhook-signature']}"
    assert verify(BODY, {**headers, "webhook-signature": both}, [SECRET], NOW) == ID


def test_a_secret_without_padding_or_prefix_is_the_same_secret() -> None:
    bare = SECRET.removeprefix("whsec_").rstrip("=")
    assert verify(BODY, signed(), [bare], NOW) == ID


@pytest.mark.parametrize("seconds", [-300, 300])
def test_H1_five_minutes_either_way_are_tolerated(seconds: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    assert verify(BODY, signed(at=at), [SECRET], NOW) == ID


def refused(
    headers: Mapping[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)
) -> str:
    """The reason of the refusal."""
    with pytest.raises(HookRefused) as caught:
        verify(body, headers, secrets, NOW)
    return str(caught.value)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_header_is_refused(name: str, value: str | None) -> None:
    headers = {key: text for key, text in signed().items() if key != name}
    assert "missing" in refused(headers if value is None else {**headers, name: value})


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_H1_a_stale_or_future_hook_is_refused(seconds: int) -> None:
    assert "5 minutes" in refused(signed(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("text", ["soon", "1.7e9", "-5", " 1772442000", "٣", "1" * 13, "nan"])
def test_a_time_that_is_no_number_is_refused(text: str) -> None:
    assert "number" in refused({**signed(), "webhook-timestamp": text})


@pytest.mark.parametrize("id", ["a.b", "a b", "ü", "a\nb", "x" * 256])
def test_an_id_of_another_form_is_refused(id: str) -> None:
    assert "webhook-id" in refused({**signed(), "webhook-id": id})


def test_another_body_is_refused() -> None:
    assert refused(signed(), body=BODY + b" ") == "no signature fits"


def test_another_id_is_refused() -> None:
    assert refused({**signed(), "webhook-id": "msg_other"}) == "no signature fits"


def test_another_secret_is_refused() -> None:
    assert refused(signed(secret=OTHER)) == "no signature fits"


def test_without_any_usable_secret_nothing_is_taken() -> None:
    empty = base64.b64encode(hmac.digest(b"", f"{ID}.1772442000.".encode() + BODY, "sha256"))
    headers = {**signed(), "webhook-signature": "v1," + empty.decode()}
    for secrets in ((), ("",), ("whsec_",), ("whsec_***",)):
        assert refused(headers, secrets=secrets) == "no signature fits"


@pytest.mark.parametrize("text", ["v1", "v1,", "v1,***", ",", "v1a,abc", "v2,{}", "v1 {}", "{}"])
def test_a_malformed_signature_is_refused(text: str) -> None:
    good = signed()["webhook-signature"].removeprefix("v1,")
    assert refused({**signed(), "webhook-signature": text.format(good)}) == "no signature fits"


def test_a_header_of_endless_signatures_is_refused() -> None:
    headers = signed()
    many = "v1,AAAA " * 1000 + headers["webhook-signature"]
    assert "too long" in refused({**headers, "webhook-signature": many})


NAMES = st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "Webhook-Id", "x"])
SIGNATURES = st.lists(st.sampled_from(["v1,", "v1", "v2,AAAA", "v1,AAAA", ",", "v1,Ā"])).map(
    " ".join
)
TEXTS = st.one_of(st.text(), SIGNATURES, st.just("1772442000"), st.just("msg_1"))


@given(st.binary(), st.dictionaries(NAMES, TEXTS), st.lists(TEXTS))
def test_whatever_arrives_unsigned_is_refused_and_raises_nothing_else(
    body: bytes, headers: dict[str, str], secrets: list[str]
) -> None:
    with pytest.raises(HookRefused):
        verify(body, headers, secrets, NOW)


@given(st.binary(), st.binary(min_size=1))
def test_bodies_that_are_no_text_can_be_signed_too(body: bytes, key: bytes) -> None:
    mark = hmac.digest(key, b"m.1772442000." + body, "sha256")
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": "1772442000",
        "webhook-signature": f"v1,{base64.b64encode(mark).decode()}",
    }
    assert verify(body, headers, [base64.b64encode(key).decode()], NOW) == "m"
