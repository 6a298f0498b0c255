"""Schemas: refused by path, or filled in and valid."""

import json
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import OutputError, SchemaError, UsageError
from omniloom.core.values import Response
from omniloom.evaluation.tasks import schemas
from omniloom.evaluation.values import Sample

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}, "required": ["age"]}
SAMPLE = Sample("1", "?", ("?",), ("any",), options={"schema": SCHEMA}, metadata={"schema": SCHEMA})


class Asked:
    """A model that does one thing."""

    def __init__(self, does: Any) -> None:
        self.does = does

    def generate(self, inputs: list[Any], **options: Any) -> Response:
        assert (inputs, options) == (["?"], {"schema": SCHEMA})
        if isinstance(self.does, Exception):
            raise self.does
        return Response(data=self.does)


def values(does: Any) -> dict[str, float]:
    return dict(schemas.served(SAMPLE, schemas.answer(Asked(does), SAMPLE)).values)  # type: ignore[arg-type]


def test_a_valid_value() -> None:
    assert values({"age": 3}) == {"accepted": 1.0, "valid": 1.0, "served": 1.0}


@pytest.mark.parametrize("does", [{"age": -1}, {"age": "3"}, {}, None, OutputError("it is not complete JSON")])
def test_a_value_that_is_not_valid_or_absent(does: Any) -> None:
    assert values(does) == {"accepted": 1.0, "valid": 0.0, "served": 0.0}


def test_a_refusal_that_names_its_place() -> None:
    refused = SchemaError("no", path="/properties/age/minimum")
    assert values(refused) == {"accepted": 0.0, "by_path": 1.0, "served": 0.0}


@pytest.mark.parametrize("path", ["", "/", "/properties/name", "/properties/age/minimum/0"])
def test_a_refusal_without_a_place(path: str) -> None:
    assert values(SchemaError("no", path=path)) == {"accepted": 0.0, "by_path": 0.0, "served": 0.0}


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(RuntimeError):
        values(RuntimeError("broken"))


def test_pointers_are_unescaped_and_count() -> None:
    assert schemas.exists({"a/b": [{"c~d": 1}]}, "/a~1b/0/c~0d")
    assert not schemas.exists({"a": [1]}, "/a/1")


def test_a_schema_is_judged_under_its_draft() -> None:
    """exclusiveMinimum is a flag in draft 4, which 2020-12 does not know."""
    schema = {"type": "integer", "minimum": 3, "exclusiveMinimum": True}
    assert schemas.problem(Response(data=4), schema) == ""
    assert schemas.problem(Response(data=3), schema) != ""


def test_a_folder_in_turn(tmp_path: Path) -> None:
    for name in ("b/1", "b/2", "a/1"):
        path = tmp_path / "schemas" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(SCHEMA))
    found = list(schemas.samples(tmp_path))
    assert [each.id for each in found] == ["a/1", "b/1", "b/2"]
    assert found[0].options["schema"] == SCHEMA


def test_a_folder_without_schemas_is_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no schemas"):
        next(schemas.samples(tmp_path))
