"""Parquet through DuckDB; Arrow through pyarrow, where it is installed, and DuckDB."""

from collections.abc import Iterator
from typing import Any

from omniloom.core.errors import TooLargeError, UnreadableError, UnsupportedError
from omniloom.core.protocols import Source
from omniloom.inputs.tabular.engine import connect
from omniloom.inputs.tabular.grid import MAX_COLUMNS, Grid, Native
from omniloom.isolation.database import literal, quoted

_CELLS, _ROWS, _FETCH = 60_000_000, 20_000_000, 2000


def grid(source: Source) -> Grid:
    """The header is row 1, whatever the names are; NULL is an empty cell."""
    try:
        connection = connect([source.path])
        if source.media_type == "application/vnd.apache.parquet":
            relation = f"read_parquet({literal(str(source.path))})"
        else:
            connection.register("frame", _arrow(source))
            relation = "frame"
        some = f"SELECT * FROM {relation}"  # noqa: S608 a literal, or the name given above
        names = [row[0] for row in connection.execute(f"DESCRIBE {some}").fetchall()]
        count = connection.execute(some.replace("*", "count(*)", 1)).fetchone()[0]
    except (UnsupportedError, ImportError, MemoryError):
        raise
    except Exception as error:
        raise _broken(source, error) from error
    if len(names) > MAX_COLUMNS or count > _ROWS or count * len(names) > _CELLS:
        raise TooLargeError(
            f"{source.name!r} has {count} rows of {len(names)} columns; at most {_ROWS} rows, {_CELLS} cells are read",
            hint="select the rows or columns that the question needs",
        )
    values = ", ".join(f"CAST({quoted(name)} AS VARCHAR)" for name in names)
    query = f"SELECT {values} FROM {relation}"  # noqa: S608 quoted names, and the relation from above

    def rows() -> Iterator[list[str]]:
        yield names
        try:
            found = connection.cursor().execute(query) if relation != "frame" else connection.execute(query)
            while some := found.fetchmany(_FETCH):
                for row in some:
                    yield ["" if value is None else value for value in row]
        except MemoryError:
            raise
        except Exception as error:
            raise _broken(source, error) from error

    columns = ", ".join(f"CAST({quoted(name)} AS VARCHAR) AS c{n}" for n, name in enumerate(names))
    texts = f"(SELECT {columns} FROM {relation})"  # noqa: S608 as above
    return Grid(rows, header=0, native=Native(connection, texts, count))


def _arrow(source: Source) -> Any:
    try:
        import pyarrow as pa
    except ImportError as error:
        raise UnsupportedError(
            f"{source.name!r} is an Arrow table, which needs pyarrow", hint="pip install pyarrow, or save it as Parquet"
        ) from error
    pa.set_cpu_count(1)
    with pa.memory_map(str(source.path)) as file:
        stream = source.media_type.endswith(".stream")
        table = pa.ipc.open_stream(file).read_all() if stream else pa.ipc.open_file(file).read_all()
    table.validate(full=True)
    return table


def _broken(source: Source, error: Exception) -> UnreadableError:
    text = str(error).split("\n", 1)[0].replace(str(source.path), source.name)
    return UnreadableError(
        f"{source.name!r} cannot be read as {source.media_type}: {text[:300]}",
        hint="the file may be truncated or of another kind; write it again",
    )
