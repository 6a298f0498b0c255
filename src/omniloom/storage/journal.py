"""The journal: one SQLite file with what was computed and what was done, and the ways to forget it."""

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from omniloom.core.base import Value
from omniloom.core.values import Part
from omniloom.storage.computed import Computed, Reading, text_digest
from omniloom.storage.database import Database
from omniloom.storage.packed import sayable, unpack_plain
from omniloom.storage.traces import Conversation, Traces, TraceSummary

__all__ = ["Conversation", "Journal", "KeptPart", "Reading", "TraceSummary", "text_digest"]

_TABLES = ("parts", "readings", "completions", "vectors", "traces", "spans", "responses", "conversations", "made_from")
_BATCH = 256


class KeptPart(Value):
    """One line of `cache show`. used: seconds since the epoch."""

    id: str
    name: str
    kind: str
    media_type: str
    bytes: int
    used: float


class Journal(Computed, Traces):
    """Safe from several threads and processes. Every method raises StorageError where the file cannot be used."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)

    @property
    def moved_aside(self) -> Path | None:
        """Where a damaged journal was put since this one was opened; None if it was sound."""
        return self.database.moved_aside

    def close(self) -> None:
        self.database.close()

    def keep_part(self, part: Part, size: int) -> None:
        """Note that `part` was taken in, under its newest name."""
        row = (part.id, sayable(part.name), part.kind, part.media_type, size, time.time())
        self.database.write(lambda db: db.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?)", row))

    def parts(self, limit: int = 1000) -> list[KeptPart]:
        """What was taken in, last used first."""
        rows = self.database.read(
            lambda db: db.execute("SELECT * FROM parts ORDER BY used DESC LIMIT ?", (limit,)).fetchall()
        )
        return [
            KeptPart(id=row[0], name=row[1], kind=row[2], media_type=row[3], bytes=row[4], used=row[5]) for row in rows
        ]

    def forget(self, part_id: str) -> tuple[dict[str, int], list[str]]:
        """Erase what was made from the part. Returns (rows erased by table, ids of parts derived from this one)."""
        gone, derived = self.database.write(lambda db: _forget(db, part_id))
        self.erase()
        return gone, derived

    def clear(self) -> None:
        """Erase everything."""

        def work(db: sqlite3.Connection) -> None:
            for table in _TABLES:
                db.execute(f"DELETE FROM {table}")  # noqa: S608 names come from this file

        self.database.write(work)
        self.erase()

    def erase(self) -> None:
        """Leave nothing deleted in any file: not in free pages, not in the log, not in a damaged copy."""
        for copy in self.database.damaged_copies():
            copy.unlink(missing_ok=True)
        self.database.erase_freed()

    def size(self) -> int:
        """Bytes on disk."""
        return self.database.size()

    def shrink(self, cap_bytes: int) -> None:
        """Drop what was used longest ago until at most `cap_bytes` are in use. Conversations and parts stay."""
        while self.database.read(_used_bytes) > cap_bytes:
            if self.database.write(_drop_oldest) == 0:
                break
        if self.size() > cap_bytes:
            self.database.erase_freed()


def _forget(db: sqlite3.Connection, part_id: str) -> tuple[dict[str, int], list[str]]:
    derived, digests = _made_by_reading(db, part_id)
    made = [key for (key,) in db.execute("SELECT key FROM made_from WHERE what='vector' AND part_id=?", (part_id,))]
    digests.update(made)
    linked = "SELECT key FROM made_from WHERE part_id = ? AND what = "
    # A span names the parts it used by their ids: what such a run wrote down may quote the part.
    mentions = "SELECT trace_id FROM spans WHERE instr(attributes, ?) > 0"
    traces = f"IN ({linked}'trace' UNION {mentions})"
    both, one = (part_id, part_id), (part_id,)
    gone: dict[str, int] = {}
    for table, where, values in (
        ("responses", f"trace_id {traces}", both),
        ("traces", f"id {traces}", both),
        ("spans", f"trace_id {traces}", both),
        ("completions", f"key IN ({linked}'completion')", one),
        ("conversations", f"id IN ({linked}'conversation')", one),
        ("vectors", "digest NOT IN (SELECT key FROM made_from WHERE what = 'vector')", ()),
        ("readings", "part_id = ?", one),
        ("parts", "id = ?", one),
    ):
        gone[table] = db.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount  # noqa: S608
    named = (to_json(sorted(digests)).decode(),)
    among = "IN (SELECT value FROM json_each(?))"
    gone["vectors"] += db.execute(f"DELETE FROM vectors WHERE digest {among}", named).rowcount  # noqa: S608
    db.execute(f"DELETE FROM made_from WHERE what = 'vector' AND key {among}", named)  # noqa: S608
    _unlink_gone(db)
    db.execute("DELETE FROM made_from WHERE part_id = ?", one)
    return gone, sorted(derived)


def _unlink_gone(db: sqlite3.Connection) -> None:
    """Links of what is no longer kept go with it: they take room, and no cap would ever free it."""
    for what, table, column in (
        ("completion", "completions", "key"),
        ("vector", "vectors", "digest"),
        ("trace", "responses", "trace_id"),
        ("conversation", "conversations", "id"),
    ):
        db.execute(f"DELETE FROM made_from WHERE what = '{what}' AND key NOT IN (SELECT {column} FROM {table})")  # noqa: S608


def _made_by_reading(db: sqlite3.Connection, part_id: str) -> tuple[set[str], set[str]]:
    """Of all readings of the part: ids of parts they gave out (frames, pictures), and digests of their texts."""
    derived: set[str] = set()
    digests: set[str] = set()
    for (packed,) in db.execute("SELECT items FROM readings WHERE part_id = ?", (part_id,)):
        for item in unpack_plain(packed) or []:
            content: Any = item.get("content")
            if isinstance(content, str):
                digests.add(hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest())
            elif isinstance(content, dict) and content.get("id"):
                derived.add(content["id"])
    kept = {key for (key,) in db.execute("SELECT id FROM parts")}
    return derived - kept - {part_id}, digests


def _used_bytes(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _drop_oldest(db: sqlite3.Connection) -> int:
    """Drop the oldest tenth (at least a batch) of each kind of computed thing; returns how many rows went."""
    dropped = 0
    for table, key in (("completions", "key"), ("vectors", "model, digest"), ("readings", "key")):
        count = max(_BATCH, db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] // 10)  # noqa: S608
        oldest = f"SELECT {key} FROM {table} ORDER BY used LIMIT {count}"  # noqa: S608
        dropped += db.execute(f"DELETE FROM {table} WHERE ({key}) IN ({oldest})").rowcount  # noqa: S608
    traces = f"SELECT id FROM traces ORDER BY start LIMIT {_BATCH}"  # noqa: S608
    for table, key in (("responses", "trace_id"), ("spans", "trace_id"), ("traces", "id")):
        dropped += db.execute(f"DELETE FROM {table} WHERE {key} IN ({traces})").rowcount  # noqa: S608
    _unlink_gone(db)
    return dropped
