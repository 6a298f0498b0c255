"""DuckDB, held short: two threads, little memory, no extensions, no files but those named."""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MEMORY = "600MB"


def connect(paths: Sequence[Path] = ()) -> Any:
    """A connection in memory that can open `paths` and its own folder in the temp folder, and nothing else."""
    import duckdb

    spill = Path(tempfile.gettempdir()) / f"omniloom-sql-{uuid.uuid4().hex}"  # made, and removed, by DuckDB
    connection = duckdb.connect(
        config={
            "threads": 2,
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": str(spill),
            "max_temp_directory_size": "256MB",
        }
    )
    allowed = ", ".join(literal(str(path)) for path in paths)
    connection.execute(f"SET allowed_paths = [{allowed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
