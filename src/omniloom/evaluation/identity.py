"""What a run depends on, as digests: the sources of Omniloom, a task's own file, one sample with its files."""

import hashlib
import inspect
import json
from functools import cache
from pathlib import Path
from typing import Any

import omniloom
from omniloom.core.values import Part
from omniloom.evaluation.values import Sample

_SHOWN_ONLY = {"cli", "rendering"}  # rooms that decide nothing about an answer
_KINDS = {".py", ".json", ".sql", ".txt", ".tsv"}


@cache
def code() -> str:
    """The first digits of the sha256 of all that answers and scores depend on in the package, prompts included."""
    root = Path(omniloom.__file__).parent
    files = (path for path in root.rglob("*") if path.suffix in _KINDS and "__pycache__" not in path.parts)
    used = sorted(path for path in files if path.relative_to(root).parts[0] not in _SHOWN_ONLY)
    return _digest(*(part for path in used for part in (str(path.relative_to(root)).encode(), path.read_bytes())))


def file_of(thing: Any) -> str:
    """A digest of the file in which a module or a function stands; "" where it has none."""
    try:
        return _digest(Path(inspect.getfile(thing)).read_bytes())
    except (TypeError, OSError):
        return ""


def fingerprint(sample: Sample) -> str:
    """A digest of all that is asked and expected, with the content of the files, not their places."""
    told = {
        "question": sample.question,
        "inputs": [_input(each) for each in sample.inputs],
        "target": sample.target,
        "places": sample.places,
        "group": sample.group,
        "options": sample.options,
    }
    return _digest(plain_json(told).encode("utf-8", "replace"))


def plain_json(value: Any) -> str:
    """JSON of anything, in one form: a schema that is a type stands as what it means."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "model_json_schema"):
        return value.model_json_schema()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return dict(value) if hasattr(value, "keys") else repr(value)


def _input(given: Part | str) -> Any:
    if isinstance(given, str):
        return given
    told: dict[str, Any] = {"kind": given.kind, "name": given.name, "options": given.options, "text": given.text}
    if given.data is not None:
        told["data"] = _digest(given.data)
    elif given.path is not None:
        told["data"] = _digest(Path(given.path).read_bytes()) if Path(given.path).is_file() else "missing"
    elif given.frame is not None:
        told["data"] = str(given.frame)
    return told


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]
