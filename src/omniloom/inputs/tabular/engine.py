"""DuckDB for reading: two threads, little memory, and room on disk for what memory does not hold."""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omniloom.isolation import database

MEMORY = "600MB"


def connect(paths: Sequence[Path] = ()) -> Any:
    """A connection in memory that can open `paths` and its own folder in the temp folder, and nothing else."""
    spill = Path(tempfile.gettempdir()) / f"omniloom-sql-{uuid.uuid4().hex}"  # made, and removed, by DuckDB
    return database.connect(
        paths, threads=2, memory_limit=MEMORY, temp_directory=str(spill), max_temp_directory_size="256MB"
    )
