"""DuckDB, held short: no extensions, no files but those named, and no setting can be changed once it is open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


def connect(paths: Sequence[Path] = (), **config: Any) -> Any:
    """A connection in memory that can open `paths` and nothing else. config: of DuckDB; its temp folder is open too."""
    import duckdb

    closed = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    connection = duckdb.connect(config=config | closed)
    allowed = ", ".join(literal(str(path)) for path in paths)
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
