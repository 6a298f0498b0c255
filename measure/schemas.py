"""Real schemas: decided before anything runs, refused by the path of a keyword or accepted."""

import json
from pathlib import Path
from typing import Any

from measure.log import mean


def measure(data: Path, limit: int = 240) -> dict[str, Any]:
    """The share accepted, and of those refused the share with a path that exists in the schema."""
    from omniloom.core.errors import SchemaError
    from omniloom.engines.constraints import refusal
    from omniloom.outputs.schemas import normalize
    from omniloom.outputs.structured_json import constrain

    accepted: list[bool] = []
    named: list[bool] = []
    for file in sorted((data / "schemas").rglob("*.json"))[:limit]:
        try:
            schema = json.loads(file.read_text())
            why = refusal(constrain(normalize(schema)))
        except SchemaError as error:
            why = f"{error.path or '/'}: {error.message}"
        accepted.append(why is None)
        if why is not None:
            named.append(_exists(schema, why.split(": ", 1)[0]))
    return {
        "schemas accepted": mean(accepted) | {"floor": 0.80},
        "schemas refused by path": mean(named) | {"floor": 1.0},
    }


def _exists(schema: Any, pointer: str) -> bool:
    for step in filter(None, pointer.split("/")):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(schema, list):
            schema = schema[int(key)] if key.isdigit() and int(key) < len(schema) else None
        elif isinstance(schema, dict) and key in schema:
            schema = schema[key]
        else:
            return False
    return pointer not in ("", "/")
