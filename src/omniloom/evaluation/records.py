"""The files of a data folder."""

import json
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError

_HINT = "one object a line"


def json_lines(path: Path) -> list[dict[str, Any]]:
    """One object a line; empty lines are passed over. Raises UsageError where the file is missing or something else."""
    found: list[dict[str, Any]] = []
    for number, line in enumerate(text_of(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError as error:
            raise UsageError(f"line {number} of {str(path)!r} is not JSON: {error}", hint=_HINT) from error
        if not isinstance(record, dict):
            raise UsageError(f"line {number} of {str(path)!r} is no JSON object", hint=_HINT)
        found.append(record)
    return found


def text_of(path: Path) -> str:
    """Raises UsageError where there is no such file, or no text in it."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        hint = "give a folder of the form of the development data; docs/evaluation.md says which files a task needs"
        raise UsageError(f"{str(path)!r} is missing: {error.strerror}", hint=hint) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is no text: {error}", hint="texts are in UTF-8") from error
