"""Real schemas: decided before anything runs, accepted or refused by the path of a keyword."""

import functools
import json
import operator
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from measure.log import mean
from omniloom.evaluation.tasks.schemas import exists

_TEXTS = 3


def measure(data: Path, limit: int = 240) -> dict[str, Any]:
    """The share accepted, by folder too; of those refused the share with a path that exists in the schema; of texts
    that the accepted ones' grammars allow, written at random, the share that is valid.
    """
    files = sorted((data / "schemas").rglob("*.json"))
    files = files[:: max(1, len(files) // limit)][:limit]
    accepted: dict[str, list[bool]] = defaultdict(list)
    named: list[bool] = []
    valid: list[bool] = []
    for at, file in enumerate(files):
        schema = json.loads(file.read_text())
        found = _decided(schema)
        accepted[file.parent.name].append(not isinstance(found, str))
        if isinstance(found, str):
            named.append(exists(schema, found))
            print(f"  refused: {file.parent.name}/{file.name} at {found}", file=sys.stderr)
        else:
            valid += _written(*found, at)
    shares = {f"schemas accepted, {folder}": mean(each) for folder, each in accepted.items()}
    return {
        "schemas accepted": mean(functools.reduce(operator.iadd, accepted.values(), [])) | {"floor": 0.80},
        "schemas refused by path": mean(named) | {"floor": 1.0},
        "schemas: random texts valid": mean(valid) | {"floor": 1.0},
    } | shares


def _decided(schema: dict[str, Any]) -> str | tuple[dict[str, Any], dict[str, Any]]:
    """The path of what is refused, or the schema to validate with and the one to constrain with."""
    from omniloom.core.errors import SchemaError
    from omniloom.engines.constraints import refusal
    from omniloom.outputs.schemas import normalize
    from omniloom.outputs.structured_json import constrain

    try:
        asked = normalize(schema)
        constraint = constrain(asked)
    except SchemaError as error:
        return error.path
    why = refusal(constraint)
    return why.split(": ", 1)[0] if why else (asked, constraint.value)


def _written(asked: dict[str, Any], value: dict[str, Any], seed: int) -> list[bool]:
    from omniloom.core.errors import OutputError
    from omniloom.outputs.enforcing.sample import at_random
    from omniloom.outputs.structured_json import write

    valid: list[bool] = []
    for text in filter(None, (at_random(value, seed * _TEXTS + n) for n in range(_TEXTS))):
        try:
            write(text, asked)
            valid.append(True)
        except OutputError as error:
            print(f"  invalid: {error.message[:200]}", file=sys.stderr)
            valid.append(False)
    return valid


def main() -> None:
    """`python -m measure.schemas FOLDER` prints the numbers as JSON."""
    print(json.dumps(measure(Path(sys.argv[1])), indent=2))


if __name__ == "__main__":
    main()
