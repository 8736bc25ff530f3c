"""TinyDB files that survive threads, crashes and full discs, and the typed tables in them.

A write replaces the file in one durable step and only then changes what memory holds; when it
fails, file and memory stay as they were. Reading never touches the disc again after the start. A
file that is not as it was written (each carries a checksum) is left as it is and raises
StateDamaged; one of an older version is read and then written anew (`agent.store.migrate`).
TinyDB's own JSON storage promises none of this.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, Generic, TypeVar, cast

from tinydb.storages import Storage
from tinydb.table import Document, Table

from agent.errors import NotStored, StateDamaged, StateNewer
from agent.files import read_file, replace_file
from agent.store.disk import Disk
from agent.store.migrate import VERSION, Tables, file_of, tables_of
from agent.store.rows import Row, from_row, to_row

Record = TypeVar("Record")
Texts = dict[str, dict[str, str]]


class AtomicStorage(Storage):
    """One file: `{"version": 2, "sum": ..., "<table>": {"<id>": row}}`. `lock` is the store's re-entrant
    one; `disk` hears what the disk refuses.

    Each row's JSON text is kept, so a commit of one row costs writing the file, not encoding all of
    it again.
    """

    def __init__(self, path: Path, lock: RLock, disk: Disk | None = None) -> None:
        self.path = path
        self.lock = lock
        self._disk = disk or Disk()
        self._batch: Tables | None = None
        self._closed = False
        there = path.exists()
        self._tables, self.version = (
            tables_of(path.name, read_file(path)) if there else ({}, VERSION)
        )
        self._texts: Texts = {name: _encoded(rows) for name, rows in self._tables.items()}

    def close(self) -> None:
        """Write no more: the data directory may be another process's from now on."""
        with self.lock:
            self._closed = True

    def write_anew(self, always: bool = False) -> None:
        """Bring a file of an older version up to the present one, on disc. NotStored: it is as it was."""
        if self.version < VERSION or always:
            self._replace(self._texts)
            self.version = VERSION

    def rendered(self) -> bytes:
        """The file as it would be written now."""
        with self.lock:
            return file_of(_rendered(self._texts))

    def read(self) -> Tables:
        """Copies of the rows: TinyDB changes them before it is known that the disc takes it."""
        if self._batch is not None:
            return self._batch
        return {
            name: {id: dict(row) for id, row in rows.items()} for name, rows in self._tables.items()
        }

    def write(self, data: Tables) -> None:
        """Replace the file. TypeError or ValueError for a row that JSON cannot hold."""
        if self._batch is not None:
            self._batch = data
            return
        texts = {name: self._texts_of(name, rows) for name, rows in data.items()}
        if texts != self._texts:
            self._replace(texts)
            self.version = VERSION
        self._tables, self._texts = data, texts

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Everything written inside becomes one step on disc, or none of it does."""
        with self.lock:
            self._batch = self.read()
            try:
                yield
                data = self._batch
            finally:
                self._batch = None
            self.write(data)

    def _replace(self, texts: Texts) -> None:
        if self._closed:
            raise NotStored(self.path.name, "the agent has ended here.")
        with self._disk.step():
            replace_file(self.path, file_of(_rendered(texts)))

    def _texts_of(self, name: str, rows: dict[str, Row]) -> dict[str, str]:
        before, texts = self._tables.get(name, {}), self._texts.get(name, {})
        return {
            id: texts[id] if _untouched(before.get(id), row) else _text(row)
            for id, row in rows.items()
        }


class Shelf(Generic[Record]):
    """One table of one kind of record by id, in the order of insertion, in memory and on disc."""

    def __init__(self, storage: AtomicStorage, name: str, kind: type[Record]) -> None:
        self._storage = storage
        self._kind = kind
        self._table = _TextIdTable(storage, name, cache_size=0)
        self._records = {id: self._record(row) for id, row in storage.read().get(name, {}).items()}

    def get(self, id: str) -> Record | None:
        """The record of this id."""
        return self._records.get(id)

    def all(self) -> dict[str, Record]:
        """All records by id, oldest first."""
        with self._storage.lock:
            return dict(self._records)

    def put(self, id: str, record: Record) -> None:
        """Insert or replace one record: one durable commit."""
        self.change({id: record})

    def drop(self, id: str) -> None:
        """Remove one record, if it is there."""
        self.change({}, [id])

    def change(self, puts: Mapping[str, Record], drops: Iterable[str] = ()) -> None:
        """Several inserts, replacements and removals as one durable commit."""
        rows = {id: to_row(record) for id, record in puts.items()}
        fresh = {
            id: self._record(row) for id, row in rows.items()
        }  # no mutable part is shared with the caller
        with self._storage.lock:
            gone = [id for id in drops if id in self._records]
            with self._storage.batch():
                self._table.remove(doc_ids=cast(list[Any], gone))
                for id, row in rows.items():
                    self._table.upsert(Document(row, doc_id=cast(Any, id)))
            self._records = {id: one for id, one in self._records.items() if id not in gone} | fresh

    def _record(self, row: Row) -> Record:
        try:
            return from_row(self._kind, row)
        except ValueError as error:
            # Of a version whose checksum was right, so it is what somebody wrote: a later agent.
            known = self._storage.version < VERSION
            kind = StateDamaged if known else StateNewer
            raise kind(self._storage.path.name) from error


class _TextIdTable(Table):
    document_id_class: Any = str


def _encoded(rows: Mapping[str, Row]) -> dict[str, str]:
    return {id: _text(row) for id, row in rows.items()}


def _text(row: Row) -> str:
    _refuse_what_json_changes(row)
    return json.dumps(row, allow_nan=False, separators=(",", ":"))


def _refuse_what_json_changes(value: Any) -> None:
    """A tuple or a number as key would be written, and read back as something else."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a {type(key).__name__} cannot be a key in a stored row")
            _refuse_what_json_changes(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_what_json_changes(item)
    elif not (value is None or isinstance(value, str | int | float)):
        raise TypeError(f"a {type(value).__name__} cannot be stored")


def _untouched(before: Row | None, row: Row) -> bool:
    """Whether a row still holds the very objects as before; equality takes 1 for True."""
    return (
        before is not None
        and len(before) == len(row)
        and all(key in before and before[key] is value for key, value in row.items())
    )


def bytes_of(tables: Tables) -> bytes:
    """A state file of these tables, of the present version."""
    return file_of(_rendered({name: _encoded(rows) for name, rows in tables.items()}))


def _rendered(texts: Texts) -> str:
    tables = (
        f"{json.dumps(name)}:{{"
        + ",\n".join(f"{json.dumps(id)}:{text}" for id, text in rows.items())
        + "}"
        for name, rows in texts.items()
    )
    return "".join(f",\n{table}" for table in tables) + "}\n"
