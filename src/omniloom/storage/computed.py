"""The journal of what was computed: readings of parts, completions of requests, vectors of texts."""

import hashlib
import sqlite3
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field, TypeAdapter
from pydantic_core import from_json, to_json

from omniloom.core.base import Value
from omniloom.core.values import Completion, Loss, Segment
from omniloom.storage.database import Database
from omniloom.storage.packed import as_json, pack, unpack

_ITEMS: TypeAdapter[tuple[Segment | Loss, ...]] = TypeAdapter(tuple[Segment | Loss, ...])
_COMPLETION = TypeAdapter(Completion)
_TOUCH_SECONDS = 3600.0  # last use is noted this coarsely, so that a read is seldom a write


class Reading(Value):
    """What a reader made of a part. `counts` (pages, seconds, rows, frames) say what was read to make it.

    From the journal `cached` is True and `counts` are those of the day it was read; nothing is read now.
    """

    segments: tuple[Segment, ...] = Field(default=(), repr=False)
    losses: tuple[Loss, ...] = ()
    counts: dict[str, float] = Field(default_factory=dict)
    cached: bool = False


def text_digest(text: str) -> str:
    """The digest under which the vector of `text` is kept: sha256 of its UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Computed:
    """Mixed into Journal."""

    database: Database

    def reading(self, part_id: str, reader: str, version: int, options: Mapping[str, Any]) -> Reading | None:
        """The kept reading with exactly these options, or None."""
        key = _reading_key(part_id, reader, version, options)
        row = self.database.read(
            lambda db: db.execute("SELECT items, counts, used FROM readings WHERE key = ?", (key,)).fetchone()
        )
        items = unpack(row[0], _ITEMS) if row else None
        if items is None:
            return None
        self._touch("readings", "key", key, row[2])
        return Reading(
            segments=tuple(item for item in items if isinstance(item, Segment)),
            losses=tuple(item for item in items if isinstance(item, Loss)),
            counts=from_json(row[1]),
            cached=True,
        )

    def keep_reading(
        self,
        part_id: str,
        reader: str,
        version: int,
        options: Mapping[str, Any],
        items: Sequence[Segment | Loss],
        counts: Mapping[str, float],
    ) -> None:
        """`options` must not hold a password: they are not kept, but their digest is."""
        key = _reading_key(part_id, reader, version, options)
        packed = pack(_ITEMS.dump_python(tuple(items), exclude_defaults=True))
        row = (key, part_id, reader, version, packed, to_json(dict(counts)).decode(), time.time())
        self.database.write(lambda db: db.execute("INSERT OR REPLACE INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", row))

    def completion(self, key: str) -> Completion | None:
        row = self.database.read(
            lambda db: db.execute("SELECT completion, used FROM completions WHERE key = ?", (key,)).fetchone()
        )
        kept = unpack(row[0], _COMPLETION) if row else None
        if kept is not None:
            self._touch("completions", "key", key, row[1])
        return kept

    def keep_completion(self, key: str, completion: Completion, sources: Iterable[str]) -> None:
        """`sources` are the ids of all parts that the request held."""
        row, parts = (key, pack(completion), time.time()), list(sources)

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO completions VALUES (?, ?, ?)", row)
            link(db, "completion", [key], parts)

        self.database.write(work)

    def vectors(self, model: str, digests: Iterable[str]) -> dict[str, list[float]]:
        """Those of `digests` that are kept. Numbers come back in single precision."""
        wanted = to_json(list(digests)).decode()
        rows = self.database.read(
            lambda db: db.execute(
                "SELECT digest, vector FROM vectors WHERE model = ? AND digest IN (SELECT value FROM json_each(?))",
                (model, wanted),
            ).fetchall()
        )
        return {digest: array("f", vector).tolist() for digest, vector in rows}

    def keep_vectors(self, model: str, vectors: Mapping[str, Sequence[float]], sources: Iterable[str] = ()) -> None:
        """`sources` are the parts the texts stand in. Vectors without them go whenever any part is forgotten."""
        now, parts = time.time(), list(sources)
        rows = [(model, digest, array("f", vector).tobytes(), now) for digest, vector in vectors.items()]

        def work(db: sqlite3.Connection) -> None:
            db.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)
            link(db, "vector", vectors, parts)

        self.database.write(work)

    def _touch(self, table: str, column: str, key: str, used: float) -> None:
        now = time.time()
        if now - used > _TOUCH_SECONDS:
            statement = f"UPDATE {table} SET used = ? WHERE {column} = ?"  # noqa: S608 names come from this file
            self.database.write(lambda db: db.execute(statement, (now, key)))


def link(db: sqlite3.Connection, what: str, keys: Iterable[str], part_ids: Iterable[str]) -> None:
    """Note that the things named by `keys` were made from these parts."""
    parts = [part for part in part_ids if part]
    db.executemany(
        "INSERT OR IGNORE INTO made_from VALUES (?, ?, ?)", [(part, what, key) for key in keys for part in parts]
    )


def _reading_key(part_id: str, reader: str, version: int, options: Mapping[str, Any]) -> str:
    named = as_json([part_id, reader, version, sorted(options.items())])
    return hashlib.sha256(named).hexdigest()
