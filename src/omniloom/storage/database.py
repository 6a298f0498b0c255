"""One SQLite file that several threads and processes share, and that a crash leaves usable.

Write-ahead logging: a process killed at any moment leaves either the whole transaction or none of it. A file that is
damaged all the same is moved aside and a new one begun with the rows that can still be read.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TypeVar

from omniloom.core.errors import StorageError
from omniloom.storage.files import disk_errors, private_folder

T = TypeVar("T")
log = logging.getLogger("omniloom.storage")

BUSY_SECONDS = 30.0
CHECK_BYTES = 64 << 20  # a file up to this size is checked at every open (at most 30 ms), a larger one once a day
CHECK_SECONDS = 24 * 3600.0
_ATTEMPTS = 3
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_creating = threading.Lock()
_MOVED = 1032  # SQLITE_READONLY_DBMOVED: the file was deleted or renamed under us


class Database:
    """`read(work)` and `write(work)` call `work(connection)`, write in one transaction. Safe across fork."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.moved_aside: Path | None = None
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._abandoned: list[sqlite3.Connection] = []
        self.read(lambda _: None)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Raises StorageError."""
        return self._run(work)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` in a transaction that is kept as a whole or not at all. Raises StorageError."""

        def transaction(connection: sqlite3.Connection) -> T:
            try:  # Ctrl-C may come right behind the beginning
                connection.execute("BEGIN IMMEDIATE")
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._run(transaction)

    def close(self) -> None:
        self._after_fork()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._after_fork()
        with self._lock:
            for attempt in range(_ATTEMPTS):
                try:
                    return work(self._opened())
                except sqlite3.DatabaseError as error:
                    code = getattr(error, "sqlite_errorcode", 0)
                    if attempt + 1 < _ATTEMPTS and code & 0xFF in _DAMAGED:
                        # Damage that the check does not see, and meets again, is damage all the same.
                        self._replace_damaged(str(error), certain=attempt > 0)
                    elif attempt + 1 < _ATTEMPTS and code == _MOVED:
                        self.close()
                    else:
                        raise self._storage_error(error) from error
        raise AssertionError("unreachable")

    def _after_fork(self) -> None:
        """A connection and a lock that came along through fork belong to the parent: leave them, unclosed."""
        if self._pid != os.getpid():
            if self._connection is not None:
                self._abandoned.append(self._connection)
            self._pid, self._lock, self._connection = os.getpid(), threading.RLock(), None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            private_folder(self.path.parent)
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            _create_private(self.path)
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            try:
                _prepare(connection)
                _migrate(connection, self.path)
                _check(connection, self.path)
                return connection
            except sqlite3.DatabaseError as error:
                connection.close()
                # Turning on the write-ahead log does not wait for a process that does the same just now.
                if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            except BaseException:
                connection.close()
                raise

    def _replace_damaged(self, reason: str, *, certain: bool) -> None:
        """Move the damaged file aside, once, however many processes notice it at the same time."""
        from filelock import FileLock

        self.close()
        with FileLock(str(self.path) + ".lock", mode=0o600):
            with contextlib.suppress(sqlite3.DatabaseError):
                self._connection = self._open()
                _quick_check(self._connection)
                if not certain:
                    return  # somebody else has replaced it
            self.close()
            aside = self.path.with_name(f"{self.path.stem}.damaged-{time.time_ns()}{self.path.suffix}")
            with disk_errors(self.path):
                for tail in ("", "-wal", "-shm"):
                    with contextlib.suppress(FileNotFoundError):
                        Path(f"{self.path}{tail}").replace(f"{aside}{tail}")
            self._connection = self._open()
            saved = _salvage(self._connection, aside)
        self.moved_aside = aside
        log.warning("the journal was damaged (%s); moved to %s, %d rows of it were saved", reason, aside, saved)

    def damaged_copies(self) -> list[Path]:
        """The files that were moved aside, their write-ahead logs included."""
        return sorted(self.path.parent.glob(f"{self.path.stem}.damaged-*"))

    def erase_freed(self) -> bool:
        """Give freed pages back and empty the write-ahead log, so that nothing deleted is left in the files.

        False if another process was reading all the time: the log is then emptied when that one is done.
        """

        def work(connection: sqlite3.Connection) -> bool:
            for _ in range(3):
                connection.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page and stop
                if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    return True
                time.sleep(0.05)
            return False

        return self.read(work)

    def size(self) -> int:
        """Bytes on disk, damaged copies included."""
        files = [*(Path(f"{self.path}{tail}") for tail in ("", "-wal")), *self.damaged_copies()]
        total = 0
        for file in files:
            with contextlib.suppress(FileNotFoundError):  # another process may empty or remove it just now
                total += file.stat().st_size
        return total

    def _storage_error(self, error: sqlite3.Error) -> StorageError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        hints = {
            sqlite3.SQLITE_FULL: "free some space, run `omniloom cache clear`, or set OMNILOOM_HOME to another disk",
            sqlite3.SQLITE_READONLY: "make it writable, or set OMNILOOM_HOME to a folder of yours",
            sqlite3.SQLITE_CANTOPEN: "make it writable, or set OMNILOOM_HOME to a folder of yours",
            sqlite3.SQLITE_BUSY: "another process holds it; try again when that one is done",
        }
        hint = hints.get(code, "move it aside; the files in the store are not touched")
        return StorageError(f"the journal {str(self.path)!r} cannot be used: {error}", hint=hint)


def _create_private(path: Path) -> None:
    """Make the file with mode 0600 if it is missing.

    An existing one is never opened: closing any descriptor of it would drop the locks that other connections of this
    process hold (sqlite.org/howtocorrupt.html, 2.2); `_creating` keeps such a connection from appearing meanwhile.
    """
    with _creating, disk_errors(path), contextlib.suppress(FileExistsError):
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare(connection: sqlite3.Connection) -> None:
    for pragma in (
        f"busy_timeout = {int(BUSY_SECONDS * 1000)}",
        "auto_vacuum = INCREMENTAL",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "secure_delete = ON",
        "temp_store = MEMORY",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to this version: `schema/NNN.sql`, in order, one transaction."""
    steps = list(_schema_steps())
    newest = len(steps)
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == newest:
        return
    if version > newest:
        raise StorageError(
            f"the journal {str(path)!r} was made by a newer Omniloom (schema {version}, this one knows {newest})",
            hint="update Omniloom, or set OMNILOOM_HOME to another folder",
        )
    try:
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        for step in steps[version:]:
            for statement in step.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {newest}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _schema_steps() -> Iterator[str]:
    folder = resources.files("omniloom.storage") / "schema"
    for file in sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name):
        yield file.read_text(encoding="utf-8")


def _salvage(connection: sqlite3.Connection, aside: Path) -> int:
    """Copy every row that can be read from a damaged file: each table from its beginning, then from its end."""
    saved = 0
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(aside)) as damaged:
        for table in tables:
            fields: list[tuple[int, str, str, int, str | None, int]] = connection.execute(
                f"PRAGMA table_info({table})"
            ).fetchall()
            key = ", ".join(f"{field[1]} %s" for field in fields if field[5])
            marks = ", ".join("?" * len(fields))
            for order in ("ASC", "DESC"):
                ordered = key.replace("%s", order)
                try:
                    for row in damaged.execute(f"SELECT * FROM {table} ORDER BY {ordered}"):  # noqa: S608
                        connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)  # noqa: S608
                        saved += 1
                    break
                except sqlite3.DatabaseError:
                    continue  # a damaged page: what stands behind it is reached from the other end
    return saved


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Check the structure now if that is quick or was not done for a day. A damaged page met later is caught there."""
    mark = path.with_name(path.name + ".checked")
    try:
        recently = time.time() - mark.stat().st_mtime < CHECK_SECONDS
    except OSError:
        recently = False
    if path.stat().st_size > CHECK_BYTES and recently:
        return
    _quick_check(connection)
    if path.stat().st_size > CHECK_BYTES:
        mark.touch(mode=0o600)


def _quick_check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        error = sqlite3.DatabaseError(found)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error
