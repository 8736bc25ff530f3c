"""Looks at HRA Cloud's list for saves where nothing sends hooks: a cheap hint, not a proof (H0).

Touches the listing and the inbox. Sections that the list's update time does not show are found by the next
export.
"""

from collections.abc import Callable
from datetime import datetime

from agent.employee import Person, Status
from agent.records import Link, Save
from agent.side import Listing
from agent.store import Store


class Watch:
    """`listing(since)` lists who changed at or after HRA's own time. May raise SideError."""

    def __init__(
        self,
        store: Store,
        listing: Callable[[str | None], Listing],
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._listing = listing
        self._clock = clock
        self._since: str | None = None

    def look(self) -> int:
        """Put a save into the inbox for everybody who moved since their link was read; how many are new."""
        since = self._since or self._store.marker("hra")
        listing = self._listing(since)
        new = sum(self._hint(person) for person in listing.people)
        # Only now: a look that failed half way is made again.
        self._since = listing.marker or since
        return new

    def _hint(self, person: Person) -> bool:
        link = self._store.link_of("hra", person.id)
        if person.status is not Status.CURRENT or link is None or not moved(person, link):
            return False
        save = Save(f"watch-{person.id}-{person.updated}", person.id, (), self._clock())
        return self._store.accept(save)


def moved(person: Person, link: Link) -> bool:
    """Whether HRA's update time of this person is another, later one than when the link was last read."""
    try:
        return datetime.fromisoformat(person.updated) > datetime.fromisoformat(link.hra_seen)
    except (ValueError, TypeError):
        return person.updated != link.hra_seen
