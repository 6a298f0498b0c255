"""DuckDB with tables in memory and nothing else: no files, no network, no extensions, no settings."""

import difflib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from omniloom.core.errors import IsolationError, OmniloomError, TooLargeError, UsageError
from omniloom.isolation import database
from omniloom.isolation.database import quoted
from omniloom.tools.tabular.places import COMPANION, FROM, VIEW, WIDE, number

_MISSING = re.compile(r'(?:Referenced column|column named|Referenced table) "([^"]*)"')
_PATH = re.compile(r"(?<![\w.])/[\w.-]+(?:/[\w.-]+)+")
_SAYS = 300
DEEP = ("the query is nested too deeply", "write it with fewer expressions inside one another")


def connect(tables: list[dict[str, Any]], memory: str, starts: Sequence[int]) -> Any:
    """A connection that holds `tables` ({"name", "columns": [[name, kind]], "at", "content": [cells of each column]}).

    Beside each is a view of it with the numbers of its cells and rows. starts: the number of each one's first row.
    """
    connection = database.connect(threads=1, memory_limit=memory, python_enable_replacements=False, temp_directory="")
    for table, start in zip(tables, starts, strict=False):
        named = [(quoted(name), kind) for name, kind in table["columns"]]
        connection.execute(f"CREATE TABLE {quoted(table['name'])} ({', '.join(f'{n} {k}' for n, k in named)})")
        values = ", ".join(f"CAST(unnest(${at}::VARCHAR[]) AS {kind})" for at, (_, kind) in enumerate(named, 1))
        if table["content"][0]:
            connection.execute(f"INSERT INTO {quoted(table['name'])} SELECT {values}", table["content"])
        connection.execute(_view(table, start))
    return connection


def _view(table: dict[str, Any], start: int) -> str:
    row = f"(CAST(rowid AS BIGINT) + {start}) * {WIDE}"
    cells = [
        f"[{row} + {number(0, at)}] AS {quoted(COMPANION + name)}"
        for (name, _), at in zip(table["columns"], table["at"], strict=True)
    ]
    made = ", ".join([*cells, f"[{row}] AS {quoted(FROM)}"])
    return f"CREATE VIEW {quoted(VIEW + table['name'])} AS SELECT *, {made} FROM {quoted(table['name'])}"  # noqa: S608


@contextmanager
def within(connection: Any, seconds: float, names: list[str]) -> Iterator[None]:
    """What DuckDB raises, as our errors; IsolationError after `seconds`. names: what a wrong name may have meant."""
    import duckdb

    clock = threading.Timer(seconds, connection.interrupt)
    clock.start()
    try:
        yield
    except duckdb.InterruptException:
        raise IsolationError(f"the query took longer than {seconds:g} s", hint="ask for less") from None
    except (duckdb.OutOfMemoryException, MemoryError):
        raise TooLargeError("the query needs more memory than it may use", hint="ask for less") from None
    except duckdb.Error as error:
        raise _explained(error, names) from None
    finally:
        clock.cancel()


def _explained(error: Exception, names: list[str]) -> OmniloomError:
    """DuckDB's message without its drawing of the query, and the names that are nearest to a wrong one."""
    whole = str(error)
    if "expression depth" in whole:
        return UsageError(DEEP[0], hint=DEEP[1])
    text = _PATH.sub("(path)", " ".join(re.split(r"\n\s*(?:LINE \d+:|Candidate )", whole)[0].split()))[:_SAYS]
    missing = _MISSING.search(whole)
    if not missing:
        return UsageError(text, hint="write it as DuckDB does, with the names of the description")
    by_fold = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(missing[1].casefold(), by_fold, n=3, cutoff=0.3) or list(by_fold)[:5]
    return UsageError(text, hint="the nearest names are " + ", ".join(quoted(by_fold[each]) for each in near))
