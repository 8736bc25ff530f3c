"""Links of one bound pair: who on one side is who on the other, found by either id.

A person is in at most one link. Every change is one durable commit of that one link.
"""

from collections.abc import Callable, Mapping

from agent.records import Late, Link
from agent.store.storage import Shelf


class Links:
    """The links of the present pair. The store's lock is held around every change."""

    def __init__(self, shelf: Shelf[Link], new_id: Callable[[], str]) -> None:
        self._shelf = shelf
        self._new_id = new_id
        self._found = {key: link.id for link in shelf.all().values() for key in _keys(link)}

    def all(self) -> tuple[Link, ...]:
        """Every link, the oldest first."""
        return tuple(self._shelf.all().values())

    def get(self, id: str) -> Link | None:
        """The link of this id."""
        return self._shelf.get(id)

    def of(self, side: str, id: str) -> Link | None:
        """The link that a record of `side` is in."""
        found = self._found.get((side, id))
        return self._shelf.get(found) if found else None

    def add(
        self,
        hra_id: str,
        xero_id: str,
        number: str | None,
        created: str = "",
        late: Mapping[str, Late] | None = None,
    ) -> Link:
        """Link two records; `created` is the side where the agent made one of them, `late` what of that may still arrive.
        Raises ValueError if either is linked already."""
        id = self._new_id()
        while self._shelf.get(id):
            id = self._new_id()
        link = Link(
            id=id, hra_id=hra_id, xero_id=xero_id, number=number, created=created, late=late or {}
        )
        self._put(link)
        return link

    def save(self, link: Link) -> None:
        """Replace a link. ValueError for one not of this pair, or whose ids another link has."""
        before = self._shelf.get(link.id)
        if before is None:
            raise ValueError(f"no link {link.id} between this account and this organisation")
        self._put(link)
        for key in set(_keys(before)) - set(
            _keys(link)
        ):  # a transfer gave the record a new id (M5)
            del self._found[key]

    def remove(self, id: str) -> None:
        """Forget a link; its two records may be linked anew. ValueError for one not of this pair."""
        link = self._shelf.get(id)
        if link is None:
            raise ValueError(f"no link {id} between this account and this organisation")
        self._shelf.drop(id)
        for key in _keys(link):
            del self._found[key]

    def _put(self, link: Link) -> None:
        for side, id in _keys(link):
            if self._found.get((side, id), link.id) != link.id:
                raise ValueError(f"the {side} record {id} is linked already")
        self._shelf.put(link.id, link)
        self._found |= dict.fromkeys(_keys(link), link.id)


def _keys(link: Link) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("hra", link.hra_id), ("xero", link.xero_id)
