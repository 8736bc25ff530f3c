"""Strangers at an agent that is at work: with every right id in hand they see nobody's values, and change nothing (S4)."""

import re
from pathlib import Path

from tests.edge.cli_house import AWAY, HOME, linked, move_on_both_sides
from tests.edge.service_house import STAFF, House

WORD = re.compile(r"<(?:[^:>]*:)?(\w+)>")
# Words of one of the invented people that may well stand on a page for another reason.
SHORTEST = 4


def test_S4_H1_with_every_right_id_a_stranger_sees_nobody_and_changes_nothing(
    tmp_path: Path,
) -> None:
    house = House(tmp_path / "data")
    house.stop()
    house.set("sync", conflicts="hold")
    house.start()
    house.connect()
    (employee,) = linked(house, "1001")
    move_on_both_sides(house, employee)
    store = house.service.pair.store
    house.service.pair.run("export", "command", employee=employee)
    rows, link = store.attention(), store.link_of("hra", employee)
    assert rows and link is not None
    words = {
        "id": rows[0].id,
        "kind": "export",
        "verb": "unlink",
        "side": "hra",
        "filename": "page.css",
    }
    form = {
        "hra_id": employee,
        "xero_id": link.xero_id,
        "who": employee,
        "mark": rows[0].id,
        "verb": "dismiss",
    }
    client, before = house.service.app.test_client(), (store.links(), rows, house.calls())
    answered = 0
    for rule in house.service.app.url_map.iter_rules():
        path = WORD.sub(lambda part: words[part[1]], rule.rule)
        for method in ("GET", "POST", "PUT"):
            for asked in ({}, {"find": employee}, {"id": rows[0].id}):
                with client.open(
                    path,
                    method=method,
                    base_url=house.page,
                    query_string=asked,
                    data=form if method == "POST" else None,
                ) as answer:
                    text = answer.get_data(as_text=True)
                answered += 1
                assert answer.status_code < 500
                for held in (*values(), employee, link.xero_id, rows[0].id):
                    assert held not in text.replace(path, ""), (path, method, held)
    assert answered > 200
    assert (store.links(), store.attention(), house.calls()) == before
    house.close()


def values() -> set[str]:
    """What is somebody's own: names, phones, numbers."""
    people = [(one.first, one.last, one.mobile, one.phone, one.email) for one in STAFF]
    found = {text for one in people for text in one if text and len(text) >= SHORTEST}
    return found | {HOME, AWAY}
