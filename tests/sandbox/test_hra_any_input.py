"""Whatever JSON comes, the HRA sandbox takes it whole, or answers 400 and stores nothing."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.sandbox.hra.validate import BANK_ROW, EMPLOYEE, LEAVE, SUPER_ROW, TAX, TRANSFER
from tests.sandbox.hra_house import STAFF, House, at

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
    | st.sampled_from(["Ada", "2020-02-29", "Casual", "REGULATED", "876543210", "PENDING", "12"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=4,
)  # fmt: skip


def keyed(rules: Any) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(sorted(rules)), VALUES, max_size=len(rules)) | VALUES


BODIES: dict[str, st.SearchStrategy[Any]] = {
    "": keyed(EMPLOYEE),
    "/bank-accounts": st.fixed_dictionaries({"au": st.lists(keyed(BANK_ROW), max_size=5)}) | VALUES,
    "/retirement-savings": st.fixed_dictionaries({"au": st.lists(keyed(SUPER_ROW), max_size=3)}),
    "/tax-details": st.fixed_dictionaries({"au": keyed(TAX)}),
    "/leave-balances": st.fixed_dictionaries({"au": keyed(LEAVE)}),
    "/actions/transfer": keyed(TRANSFER),
}
CALLS = st.sampled_from(sorted(BODIES)).flatmap(lambda path: st.tuples(st.just(path), BODIES[path]))
WORDS = ["surname:A*", "surname:", "(", ")", "AND", "OR", "name:Head", "x:y", "*", '"']
HOUSE = House(STAFF[:2])


@settings(
    max_examples=300, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(CALLS)
def test_any_body_is_taken_or_refused_without_a_trace(call: tuple[str, Any]) -> None:
    path, body = call
    before = HOUSE.store.as_plain()
    whole = at(f"/employees/{HOUSE.person()}{path}")
    method = "POST" if "actions" in path else "PUT"
    answer = HOUSE.client.open(whole, method=method, data=json.dumps(body), headers=HOUSE.headers)
    assert answer.status_code in (202, 204, 400)
    if answer.status_code == 400:
        assert HOUSE.store.as_plain() == before


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(WORDS), max_size=8))
def test_any_filter_is_answered_or_refused(words: list[str]) -> None:
    assert HOUSE.get("/employees", filter=" ".join(words)).status_code in (200, 400)
