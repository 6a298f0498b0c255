"""JSON: lines of objects, or a list of them. Keys become columns, in the order in which they first come."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from omniloom.core.errors import TooLargeError, UnreadableError
from omniloom.core.locators import Locator
from omniloom.core.values import Loss
from omniloom.inputs.tabular.encoding import Encoding, lines
from omniloom.inputs.tabular.grid import MAX_COLUMNS, Grid

_WHOLE = 64 << 20


class _Number(str):
    """A number as it is written in the file."""

    __slots__ = ()


def lined(path: Path, encoding: Encoding, name: str) -> Grid:
    """JSON lines: the object of line n stands in row n + 1."""
    columns: dict[str, int] = {}
    losses: dict[int, Loss] = {}
    good = 0
    for number, line in enumerate(lines(path, encoding), 1):
        if not line.strip():
            continue
        record = _parsed(line)
        if isinstance(record, dict):
            good += 1
            _learn(columns, cast("dict[str, Any]", record))
        else:
            losses[number] = _damaged(number)
    if not good:
        raise UnreadableError(f"{name!r} holds no JSON objects in lines", hint="each line must be one JSON object")
    if len(losses) > 50:
        losses = dict([*list(losses.items())[:50], (0, _damaged(0, len(losses) - 50))])

    def rows() -> Iterator[list[str]]:
        yield list(map(_whole, columns))
        for line in lines(path, encoding):
            record = _parsed(line)
            yield _row(columns, cast("dict[str, Any]", record)) if isinstance(record, dict) else []

    return Grid(rows, header=0, losses=losses)


def listed(path: Path, encoding: Encoding, name: str) -> Grid:
    """One JSON text: a list of objects or of lists, alone or as the only list of an object.

    The other fields of that object stand in rows above the header, the name of each before its value.
    """
    if path.stat().st_size > _WHOLE:
        raise TooLargeError(f"{name!r} is one JSON text of more than {_WHOLE >> 20} MiB", hint="save it as JSON lines")
    text = "".join(lines(path, encoding))
    try:
        value = json.loads(text, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"{name!r} is not JSON: {error}", hint="it may be truncated") from error
    above: list[list[str]] = []
    if isinstance(value, dict):
        inner = [key for key, each in cast("dict[str, Any]", value).items() if isinstance(each, list) and each]
        above = (
            [[_whole(key), _text(each)] for key, each in value.items() if key != inner[0]] if len(inner) == 1 else []
        )
        value = value[inner[0]] if len(inner) == 1 else [value]
    items = cast("list[Any]", value) if isinstance(value, list) else []
    if items and all(isinstance(each, dict) for each in items):
        columns: dict[str, int] = {}
        for each in items:
            _learn(columns, each)
        top = [*above, list(map(_whole, columns))]
        return Grid(lambda: iter([*top, *(_row(columns, each) for each in items)]), header=len(above))
    if items and all(isinstance(each, list) for each in items):
        return Grid(lambda: iter([*above, *([_text(cell) for cell in each] for each in items)]), fixed=False)
    raise UnreadableError(f"{name!r} is JSON, but no table", hint="a table is a list of objects with the same keys")


def _parsed(line: str) -> Any:
    try:
        return json.loads(line, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError):
        return None


def _learn(columns: dict[str, int], record: Iterable[str]) -> None:
    for key in record:
        if key not in columns:
            if len(columns) >= MAX_COLUMNS:
                raise TooLargeError(f"the records have more than {MAX_COLUMNS} different keys")
            columns[key] = len(columns)


def _row(columns: dict[str, int], record: dict[str, Any]) -> list[str]:
    row = [""] * len(columns)
    for key, value in record.items():
        row[columns[key]] = _text(value)
    return row


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _whole(value)
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return _whole(_written(value))


def _written(value: Any) -> str:
    """JSON with its numbers as they were."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value).items()
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_written(each)}" for key, each in fields) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, cast("list[Any]", value))) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which no encoding can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _damaged(number: int, count: int = 1) -> Loss:
    cells = (number + 1, 1, number + 1, 1) if number else None
    text = f"line {number} is not a JSON object" if number else f"{count} more lines are not JSON objects"
    return Loss(kind="damaged_row", severity="lost", detail=text, locator=Locator(cells=cells))
