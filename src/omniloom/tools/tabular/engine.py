"""DuckDB with tables in memory and nothing else: no files, no network, no extensions, no settings."""

import difflib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from omniloom.core.errors import IsolationError, OmniloomError, TooLargeError, UsageError
from omniloom.isolation import database
from omniloom.isolation.database import quoted

_MISSING = re.compile(r'(?:Referenced column|column named|Referenced table) "([^"]*)"')
_PATH = re.compile(r"(?<![\w.])/[\w.-]+(?:/[\w.-]+)+")
_SAYS = 300


def connect(tables: list[dict[str, Any]], memory: str) -> Any:
    """A connection that holds `tables` ({"name", "columns": [[name, kind]], "content": [cells of each column]})."""
    connection = database.connect(threads=1, memory_limit=memory, python_enable_replacements=False, temp_directory="")
    for table in tables:
        named = [(quoted(name), kind) for name, kind in table["columns"]]
        connection.execute(f"CREATE TABLE {quoted(table['name'])} ({', '.join(f'{n} {k}' for n, k in named)})")
        values = ", ".join(f"CAST(unnest(${at}::VARCHAR[]) AS {kind})" for at, (_, kind) in enumerate(named, 1))
        if table["content"][0]:
            connection.execute(f"INSERT INTO {quoted(table['name'])} SELECT {values}", table["content"])
    return connection


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
    text = _PATH.sub("(path)", " ".join(re.split(r"\n\s*(?:LINE \d+:|Candidate )", whole)[0].split()))[:_SAYS]
    missing = _MISSING.search(whole)
    if not missing:
        return UsageError(text)
    by_fold = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(missing[1].casefold(), by_fold, n=3, cutoff=0.3) or list(by_fold)[:5]
    return UsageError(text, hint="the nearest names are " + ", ".join(quoted(by_fold[each]) for each in near))
