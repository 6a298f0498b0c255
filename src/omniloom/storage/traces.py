"""The journal of what was done: traces and their spans, responses, conversations."""

import sqlite3
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypedDict

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from omniloom.core.base import Value
from omniloom.core.errors import UsageError
from omniloom.core.events import Span, Trace
from omniloom.core.values import Response
from omniloom.storage.computed import link
from omniloom.storage.database import Database
from omniloom.storage.files import is_alive, process_token
from omniloom.storage.packed import as_json, pack, sayable, unpack

_RESPONSE = TypeAdapter(Response)
_TEXT = TypeAdapter(str)


class TraceSummary(TypedDict):
    """One line of `trace list`. start: local time, ISO 8601; seconds None: still running, or died."""

    id: str
    start: str
    seconds: float | None
    status: str
    spans: int
    name: str


class Conversation(Value):
    """Turns so far as JSON text, in the form they were given, and the ids of the parts they were about."""

    id: str
    messages: str
    part_ids: tuple[str, ...] = ()


class Traces:
    """Mixed into Journal."""

    database: Database

    def begin(self, trace_id: str, name: str) -> None:
        """Open a trace that belongs to this process: if the process dies, what was running is an error."""
        row = (trace_id, sayable(name), time.time(), process_token())
        self.database.write(lambda db: db.execute("INSERT OR REPLACE INTO traces VALUES (?, ?, ?, ?)", row))

    def span(self, trace_id: str, span: Span) -> None:
        """Write the span, or its new state if it is there."""
        attributes, name = as_json(span.attributes).decode(), sayable(span.name)
        row = (trace_id, span.id, span.parent, span.operation, name, span.start, span.end, span.status, attributes)
        self.database.write(
            lambda db: db.execute(
                "INSERT INTO spans (trace_id, id, parent, operation, name, start, end, status, attributes)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (trace_id, id) DO UPDATE SET name = excluded.name,"
                " end = excluded.end, status = excluded.status, attributes = excluded.attributes",
                row,
            )
        )

    def trace(self, trace_id: str) -> Trace:
        """The trace with this id, or the only one whose id begins so. Raises UsageError."""
        found = self.database.read(lambda db: _find(db, trace_id))
        rows = self.database.read(
            lambda db: db.execute(
                "SELECT id, parent, operation, name, start, end, status, attributes FROM spans"
                " WHERE trace_id = ? ORDER BY number",
                (found[0],),
            ).fetchall()
        )
        died = not is_alive(found[1])
        return Trace(id=found[0], spans=tuple(_span(row, died) for row in rows))

    def traces(self, limit: int = 20) -> list[TraceSummary]:
        """The newest first."""
        rows = self.database.read(
            lambda db: db.execute(
                "SELECT t.id, t.name, t.start, t.owner, root.end - root.start, root.status,"
                " (SELECT count(*) FROM spans s WHERE s.trace_id = t.id) FROM traces t"
                " LEFT JOIN spans root ON root.number ="
                " (SELECT min(number) FROM spans r WHERE r.trace_id = t.id)"
                " ORDER BY t.start DESC, t.rowid DESC LIMIT ?",
                (limit,),
            ).fetchall()
        )
        return [_summary(*row) for row in rows]

    def keep_response(self, trace_id: str, response: Response, sources: Iterable[str] = ()) -> None:
        """Linked to every part it cites, and to `sources`: forgetting one of them forgets the answer."""
        packed = pack(_RESPONSE.dump_python(response) | {"data": response.model_dump(mode="json")["data"]})
        cited = {citation.source for claim in response.claims for citation in claim.citations}
        parts = cited | {part.id for part in response.sources} | set(sources)

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO responses VALUES (?, ?)", (trace_id, packed))
            link(db, "trace", [trace_id], parts)

        self.database.write(work)

    def response(self, trace_id: str) -> Response | None:
        """`data` comes back as plain JSON, not as the user's model. The id may be shortened as in `trace`."""
        rows = self.database.read(
            lambda db: db.execute(
                "SELECT trace_id, response FROM responses WHERE trace_id = ? OR trace_id IN"
                " (SELECT id FROM traces WHERE substr(id, 1, length(?)) = ?) ORDER BY trace_id = ? DESC LIMIT 2",
                (trace_id, trace_id, trace_id, trace_id),
            ).fetchall()
        )
        is_one = bool(trace_id and rows) and (len(rows) == 1 or rows[0][0] == trace_id)
        return unpack(rows[0][1], _RESPONSE) if is_one else None

    def keep_conversation(self, conversation_id: str, messages: Any, part_ids: Iterable[str] = ()) -> None:
        """`messages` are JSON text, or values that JSON can say (Messages among them)."""
        text = messages if isinstance(messages, str) else as_json(messages).decode()
        parts = list(dict.fromkeys(part_ids))
        row = (conversation_id, pack(text), to_json(parts).decode(), time.time())

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?)", row)
            link(db, "conversation", [conversation_id], parts)

        self.database.write(work)

    def conversation(self, conversation_id: str | None = None) -> Conversation | None:
        """The conversation with this id; the last one without it; None if there is none."""
        where = "ORDER BY used DESC, rowid DESC LIMIT 1" if conversation_id is None else "WHERE id = ?"
        row = self.database.read(
            lambda db: db.execute(
                f"SELECT id, messages, part_ids FROM conversations {where}",  # noqa: S608 one of the two lines above
                () if conversation_id is None else (conversation_id,),
            ).fetchone()
        )
        messages = unpack(row[1], _TEXT) if row else None
        if messages is None:
            return None
        return Conversation(id=row[0], messages=messages, part_ids=tuple(from_json(row[2])))


def _find(db: sqlite3.Connection, trace_id: str) -> tuple[str, str]:
    rows = db.execute(
        "SELECT id, owner FROM traces WHERE id = ? OR substr(id, 1, length(?)) = ? ORDER BY id = ? DESC LIMIT 2",
        (trace_id, trace_id, trace_id, trace_id),
    ).fetchall()
    exact = [row for row in rows if row[0] == trace_id]
    if trace_id and len(exact or rows) == 1:
        return (exact or rows)[0]
    problem = "several traces begin with" if rows else "there is no trace"
    raise UsageError(f"{problem} {trace_id!r}", hint="`omniloom trace list` shows their ids")


def _span(row: tuple[Any, ...], died: bool) -> Span:
    status = "error" if row[6] == "running" and died else row[6]
    return Span(
        id=row[0],
        parent=row[1],
        operation=row[2],
        name=row[3],
        start=row[4],
        end=row[5],
        status=status,
        attributes=from_json(row[7]),
    )


def _summary(
    trace_id: str, name: str, start: float, owner: str, seconds: float | None, status: str | None, spans: int
) -> TraceSummary:
    return TraceSummary(
        id=trace_id,
        start=datetime.fromtimestamp(start).astimezone().isoformat(sep=" ", timespec="seconds"),
        seconds=None if seconds is None else round(seconds, 2),
        status=_status(status, owner),
        spans=spans,
        name=name,
    )


def _status(status: str | None, owner: str) -> str:
    if status in (None, "running"):
        return "running" if is_alive(owner) else "error"
    return status
