"""DataFrames as bytes: an Arrow stream where pyarrow is installed, Parquet where it is not."""

import tempfile
from pathlib import Path
from typing import Any

from omniloom.core.errors import OmniloomError, UnreadableError

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


def is_frame(value: object) -> bool:
    """True for a pandas, polars, pyarrow or DuckDB table, without importing any of them."""
    return hasattr(value, "__arrow_c_stream__") or type(value).__module__.startswith(("pandas.", "polars.", "pyarrow."))


def frame_bytes(frame: Any, name: str = "table") -> tuple[bytes, str]:
    """(content, media type). An index that is not a plain count becomes columns. Raises UnreadableError."""
    try:
        plain = _plain_pandas(frame) if type(frame).__module__.startswith("pandas") else frame
        content = _arrow(plain) or _parquet(plain)
    except OmniloomError:
        raise
    except Exception as error:
        raise UnreadableError(
            f"the table {name!r} ({type(frame).__module__.split('.')[0]}) cannot be written as Arrow: {error}",
            hint="give columns of plain numbers, texts, dates or booleans",
        ) from error
    return content


def _plain_pandas(frame: Any) -> Any:
    """A pandas frame or series with text names, the index among the columns, and no mixed objects."""
    if hasattr(frame, "to_frame") and not hasattr(frame, "columns"):
        frame = frame.to_frame()
    if type(frame.index).__name__ != "RangeIndex":
        clash = frame.index.name in frame.columns
        frame = frame.reset_index(names=f"{frame.index.name}_index" if clash else None)
    if len(frame.columns) == 0:
        raise UnreadableError("the table has no columns", hint="give a table with at least one column")
    names = [" ".join(map(str, each)) if isinstance(each, tuple) else str(each) for each in frame.columns]
    frame = frame.set_axis(_distinct(names), axis=1)
    mixed = [column for column in frame.columns if frame[column].dtype == object and not _same_types(frame[column])]
    return frame.assign(**{column: frame[column].map(_as_text) for column in mixed}) if mixed else frame


def _distinct(names: list[str]) -> list[str]:
    taken: dict[str, int] = {}
    result: list[str] = []
    for name in names:
        taken[name] = taken.get(name, 0) + 1
        result.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
    return result


def _same_types(column: Any) -> bool:
    kinds = {type(value) for value in column if value is not None and value == value}
    return len(kinds) <= 1 and not any(kind in (complex, set, frozenset) for kind in kinds)


def _as_text(value: Any) -> str | None:
    return None if value is None or value != value else str(value)


def _arrow(frame: Any) -> tuple[bytes, str] | None:
    """An Arrow IPC stream, or None without pyarrow: the reader's child could not read it either."""
    try:
        import pyarrow as pa
    except ImportError:
        return None
    if isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, (pa.RecordBatch, pa.RecordBatchReader)):
        batches = [frame] if isinstance(frame, pa.RecordBatch) else frame
        table = pa.Table.from_batches(batches, schema=frame.schema)
    elif type(frame).__module__.startswith("pandas"):
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    else:
        table = frame.to_arrow() if hasattr(frame, "to_arrow") else pa.RecordBatchReader.from_stream(frame).read_all()
    if table.num_columns == 0:
        raise UnreadableError("the table has no columns", hint="give a table with at least one column")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes(), ARROW


def _parquet(frame: Any) -> tuple[bytes, str]:
    with tempfile.TemporaryDirectory(prefix="omniloom-") as folder:
        path = Path(folder) / "table.parquet"
        if hasattr(frame, "write_parquet"):
            frame.write_parquet(path)
        else:
            import duckdb

            with duckdb.connect(config={"threads": 1}) as connection:
                connection.register("frame", frame)
                quoted = str(path).replace("'", "''")
                connection.execute(f"COPY frame TO '{quoted}' (FORMAT parquet)")
        return path.read_bytes(), PARQUET
