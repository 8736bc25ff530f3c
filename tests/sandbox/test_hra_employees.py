"""Employees, candidates and lists of the HRA sandbox, as the contract describes them."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.hra_house import STAFF, House, at, details


@pytest.fixture
def house() -> House:
    return House()


def body(house: House, **more: Any) -> dict[str, Any]:
    named = {"branchId": house.branch(), "firstName": "Ada", "surname": "Byron"}
    return named | more


def surnames(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return [row["node"]["surname"] for row in answer.json["data"]]


# detail, create, replace


def test_a_detail_shows_what_was_seeded_and_times_in_the_described_form(house: House) -> None:
    shown = house.get(f"/employees/{house.person()}").json
    assert shown is not None
    assert (shown["firstName"], shown["employmentStatus"]) == (STAFF[0].first, "Current")
    assert shown["ownerBranch"]["path"] == "/Harbour & Pine/Head Office"
    assert shown["dateUpdatedUTC"] == "2026-03-02 01:30:00"
    assert "title" not in shown and "endDate" not in shown and "newEmployeeId" not in shown


def test_a_created_employee_is_at_its_location_and_current(house: House) -> None:
    answer = house.post("/employees", body(house, dateOfBirth="1990-02-28"))
    assert (answer.status_code, answer.data) == (201, b"")
    where = answer.headers["Location"]
    assert where.startswith("http://localhost" + at("/employees/"))
    shown = house.client.get(where, headers=house.headers).json
    assert shown is not None
    assert (shown["surname"], shown["employmentStatus"]) == ("Byron", "Current")


def test_base_url_goes_into_the_location() -> None:
    house = House((), base_url="https://rest.example/")
    where = house.post("/employees", body(house)).headers["Location"]
    assert where.startswith("https://rest.example/accounts/")


def test_a_put_replaces_all_and_what_is_left_out_is_gone(house: House) -> None:
    path = f"/employees/{house.person()}"
    assert "mobile" in house.get(path).text
    house.clock.move(minutes=5)
    answer = house.put(path, body(house, firstName="Alicia"))
    assert (answer.status_code, answer.data) == (204, b"")
    shown = house.get(path).json
    assert shown is not None
    assert shown["firstName"] == "Alicia"
    assert not shown.keys() & {"contacts", "personalAddress", "dateOfBirth", "employeeNumber"}
    assert shown["dateUpdatedUTC"] == "2026-03-02 01:35:00"
    assert shown["dateCreatedUTC"] == "2026-03-02 01:30:00"


def test_a_put_ignores_a_changed_status_and_branch(house: House) -> None:
    path = f"/employees/{house.person()}"
    moved = body(house, branchId=house.branch("Field Crew"), employmentStatus="Terminated")
    assert house.put(path, moved).status_code == 204
    shown = house.get(path).json
    assert shown is not None
    assert shown["employmentStatus"] == "Current"
    assert shown["ownerBranch"]["name"] == "Head Office"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"title": "Sir"}, "title"),
        ({"title": None}, "title"),
        ({"firstName": ""}, "firstName"),
        ({"firstName": "x" * 129}, "firstName"),
        ({"surname": None}, "surname"),
        ({"middleName": "x" * 256}, "middleName"),
        ({"gender": "male"}, "gender"),
        ({"employmentType": "Full"}, "employmentType"),
        ({"dateOfBirth": "1899-12-31"}, "dateOfBirth"),
        ({"dateOfBirth": "2051-01-01"}, "dateOfBirth"),
        ({"dateOfBirth": "1990-02-30"}, "dateOfBirth"),
        ({"commencementDate": "1990-1-3"}, "commencementDate"),
        ({"personalAddress": {"country": ""}}, "personalAddress.country"),
        ({"personalAddress": {"line1": None}}, "personalAddress.line1"),
        ({"contacts": {"home": {"email": "x" * 129}}}, "contacts.home.email"),
        ({"employeeNumber": 1017}, "employeeNumber"),
        ({"branchId": "nowhere"}, "branchId"),
    ],
)
def test_what_the_contract_forbids_is_refused_and_named(
    house: House, wrong: dict[str, Any], named: str
) -> None:
    before = len(house.store.employees)
    assert named in details(house.post("/employees", body(house, **wrong)))
    assert len(house.store.employees) == before


def test_all_faults_are_told_at_once_and_no_value_is_repeated(house: House) -> None:
    answer = house.post("/employees", {"gender": "secret-value"})
    assert answer.json is not None and len(answer.json) == 4
    assert "secret-value" not in answer.text


@pytest.mark.parametrize(
    "sent", [b"", b"{", b"[]", b"null", b'{"firstName": NaN}', b"\xff", b"[" * 9000]
)
def test_a_body_that_is_no_json_object_is_a_400(house: House, sent: bytes) -> None:
    answer = house.client.post(at("/employees"), data=sent, headers=house.headers)
    assert details(answer)


def test_a_nullable_contact_may_be_null(house: House) -> None:
    contacts = {"home": {"phone": None, "email": "ada@example.com"}}
    path = f"/employees/{house.person()}"
    assert house.put(path, body(house, contacts=contacts)).status_code == 204
    shown = house.get(path).json
    assert shown is not None and shown["contacts"] == {"home": {"email": "ada@example.com"}}


@pytest.mark.parametrize(("variant", "status"), [("accepted", 201), ("refused", 400)])
def test_a_second_record_with_one_employee_number(variant: str, status: int) -> None:
    house = House(switches={"duplicate_employee_number": variant})
    sent = body(house, employeeNumber=STAFF[0].number)
    assert house.post("/employees", sent).status_code == status


def test_an_unknown_employee_is_a_404(house: House) -> None:
    for path in ("", "/bank-accounts", "/tax-details"):
        assert house.get(f"/employees/nobody{path}").status_code == 404
    assert house.put("/employees/nobody", body(house)).status_code == 404


def test_an_unknown_address_or_method_is_a_problem_too(house: House) -> None:
    assert house.get("/nothing").json["status"] == 404  # type: ignore[index]
    wrong = house.client.delete(at(f"/employees/{house.person()}"), headers=house.headers)
    assert (wrong.status_code, wrong.json["title"]) == (405, "Method Not Allowed")  # type: ignore[index]


# lists


def test_a_list_shows_summaries_with_links_and_no_payroll(house: House) -> None:
    listed = house.get("/employees").json
    assert listed is not None and len(listed["data"]) == len(STAFF)
    row = listed["data"][0]
    assert row["retrieveLink"] == at(f"/employees/{row['node']['id']}")
    assert not row["node"].keys() & {"contacts", "personalAddress", "title", "positionTitle"}


def walk(house: House, **query: Any) -> list[str]:
    """Every id, page by page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        listed = house.get("/employees", **query, **cursor).json
        assert listed is not None
        found += [row["node"]["id"] for row in listed["data"]]
        if not listed["pageInfo"]["hasNextPage"]:
            return found
        cursor = {"after": listed["pageInfo"]["endCursor"]}


def test_pages_of_three_hold_everybody_once(house: House) -> None:
    everybody = walk(house, first=3)
    assert sorted(everybody) == sorted(house.store.employees)
    assert walk(house, first=3, sort="surname:desc") != everybody


def test_the_default_page_has_100(house: House) -> None:
    for number in range(101):
        house.post("/employees", body(house, employeeNumber=f"x{number}"))
    listed = house.get("/employees").json
    assert listed is not None and len(listed["data"]) == 100
    assert listed["pageInfo"]["hasNextPage"] is True
    assert len(walk(house)) == len(STAFF) + 101


def test_pages_also_go_backwards(house: House) -> None:
    last = house.get("/employees", last=2).json
    assert last is not None and last["pageInfo"]["hasPreviousPage"]
    earlier = house.get("/employees", last=2, before=last["pageInfo"]["startCursor"]).json
    assert earlier is not None
    ids = [row["node"]["id"] for row in earlier["data"] + last["data"]]
    assert ids == list(house.store.employees)[-4:]


@pytest.mark.parametrize("other", [{"filter": "surname:Abbott"}, {"sort": "surname:asc"}])
def test_a_cursor_used_with_another_filter_or_sort_is_invalidated(
    house: House, other: dict[str, str]
) -> None:
    listed = house.get("/employees", first=1).json
    assert listed is not None
    cursor = listed["pageInfo"]["endCursor"]
    assert "invalidated" in details(house.get("/employees", after=cursor, **other))


@pytest.mark.parametrize("query", [
    {"after": "nonsense"}, {"after": "bnVsbA=="}, {"first": 0}, {"first": -1}, {"first": "x"},
    {"first": 1, "last": 1}, {"sort": "surname"}, {"sort": "mobile:asc"}, {"sort": "surname:up"},
])  # fmt: skip
def test_a_page_that_cannot_be_is_refused(house: House, query: dict[str, Any]) -> None:
    assert house.get("/employees", **query).status_code == 400


def test_an_empty_page_has_no_cursors(house: House) -> None:
    listed = house.get("/employees", filter="surname:Nobody").json
    info = {"hasNextPage": False, "hasPreviousPage": False}
    assert listed == {"data": [], "pageInfo": info}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("surname:Abbott", ["Abbott"]),
        ("surname:abbott OR surname:Baker", ["Abbott", "Baker"]),
        ("surname:Ab*", ["Abbott"]),
        ("surname:Berg", ["van der Berg"]),
        ("employeeNumber:1001 AND surname:Baker", []),
        ("surname:Baker OR surname:Abbott AND employeeNumber:9", ["Baker"]),
        ("(surname:Baker OR surname:Abbott) AND employeeNumber:1001", ["Abbott"]),
        ("name:Head AND surname:Abb*", ["Abbott"]),
        ("employmentStatus:Terminated", ["Quigley"]),
        ("surname:O'Brien-Smith AND firstName:Rhys", ["O'Brien-Smith"]),
    ],
)
def test_the_filter_language(house: House, wanted: str, found: list[str]) -> None:
    assert surnames(house.get("/employees", filter=wanted, sort="surname:asc")) == found


@pytest.mark.parametrize("wrong", [
    "surname", "surname:", "surname:*", "surname:*ott", "surname:A*t", "mobile:04", "surname:A B",
    "(surname:A", "surname:A)", "surname:A AND", "AND", "surname:A and surname:B", 'surname:"A"',
])  # fmt: skip
def test_a_filter_that_cannot_be_read_is_refused(house: House, wrong: str) -> None:
    assert house.get("/employees", filter=wrong).status_code == 400


def test_a_filter_of_endless_parentheses_is_refused(house: House) -> None:
    assert house.get("/employees", filter="(" * 5000).status_code == 400


def test_sorting_takes_several_fields(house: House) -> None:
    answer = house.get("/employees", sort=["surname:desc", "firstName:asc"], first=100)
    names = surnames(answer)
    assert names == sorted(names, key=str.casefold, reverse=True)


@pytest.mark.parametrize(("variant", "first"), [("works", "p004"), ("ignored", "p000")])
def test_sorting_by_update_time(variant: str, first: str) -> None:
    house = House(switches={"sort_by_updated": variant})
    house.clock.move(minutes=5)
    house.put(f"/employees/{house.person('p004')}", body(house))
    listed = house.get("/employees", sort="dateUpdatedUTC:desc", first=1).json
    assert listed is not None and listed["data"][0]["node"]["id"] == house.person(first)


@pytest.mark.parametrize(("variant", "listed"), [("no", True), ("yes", False)])
def test_terminated_people_in_the_list(variant: str, listed: bool) -> None:
    house = House(switches={"list_hides_terminated": variant})
    ended = house.person("p016")
    assert (ended in house.get("/employees").text) is listed
    assert house.get(f"/employees/{ended}").json["employmentStatus"] == "Terminated"  # type: ignore[index]


def test_reference_lists_name_what_the_account_takes(house: House) -> None:
    def names(path: str, key: str = "name") -> list[str]:
        listed = house.get(path).json
        assert listed is not None
        return [row["node"][key] for row in listed["data"]]

    assert "Mx" in names("/honorifics")
    assert names("/genders", "key") == ["Male", "Female", "Non_Binary", "Not_Stated"]
    assert "Terminating" in names("/employment-statuses")
    assert "Permanent_FullTime" in names("/employment-types")


def test_branches_form_a_tree_and_do_not_tell_their_employee_group(house: House) -> None:
    root = house.get(f"/branches/{house.branch('Harbour & Pine')}").json
    assert root is not None and len(root["children"]) == 5
    leaf = house.get(f"/branches/{house.branch('Field Crew')}")
    assert leaf.json is not None and leaf.json["parent"]["id"] == root["id"]
    assert "#1 Field Crew" not in leaf.text
    assert house.get("/branches/none").status_code == 404


# candidates


def test_a_candidate_is_created_listed_and_replaced(house: House) -> None:
    made = house.post("/candidates", body(house, candidateNumber="C1"))
    where = made.headers["Location"].removeprefix("http://localhost" + at(""))
    assert surnames(house.get("/candidates", filter="candidateNumber:C1")) == ["Byron"]
    closed = body(house, surname="King", candidateStatusInput="NotCurrent")
    assert house.put(where, closed).status_code == 204
    shown = house.get(where).json
    assert shown is not None
    assert (shown["surname"], shown["candidateStatus"]) == ("King", "NotCurrent")
    assert "candidateNumber" not in shown
