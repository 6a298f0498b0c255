"""Schemas in every form a user gives them, and JSON that must fit them."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from omniloom.core.errors import OutputError, SchemaError, UsageError
from omniloom.outputs import mode, modes
from omniloom.outputs.schemas import normalize, shape
from omniloom.outputs.structured_json import constrain, leaves, write


class Report(BaseModel):
    title: str
    jobs: int


def test_the_short_form_is_a_schema() -> None:
    schema = normalize("name, age int: in years, tags [str], note str?, score float, ok bool, born date")
    assert schema["properties"] == {
        "name": {"type": "string"},
        "age": {"type": "integer", "description": "in years"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"type": ["string", "null"]},
        "score": {"type": "number"},
        "ok": {"type": "boolean"},
        "born": {"type": "string", "format": "date"},
    }
    assert schema["required"] == list(schema["properties"])


def test_a_model_a_dict_a_text_and_a_file_are_schemas(tmp_path: Path) -> None:
    schema = normalize(Report)
    assert set(schema["properties"]) == {"title", "jobs"}
    assert normalize(schema) == schema
    assert normalize(json.dumps(schema)) == schema
    (tmp_path / "report.json").write_text(json.dumps(schema))
    assert normalize(tmp_path / "report.json") == schema


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"type": "strin"}, "/type"),
        ({"properties": {"a": {"minLength": "3"}}}, "/properties/a/minLength"),
        ("a numeral", "/a"),
        ("a, a", "/a"),
        ("1st", ""),
        ("", ""),
        ("{broken", ""),
        (7, ""),
        (Path("/nowhere/schema.json"), ""),
    ],
)
def test_a_wrong_schema_is_refused_with_its_place(schema: object, path: str) -> None:
    with pytest.raises(SchemaError) as caught:
        normalize(schema)
    assert caught.value.path == path
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[1]", "got [1]"), (b'"x"', "got 'x'"), (b"{broken", "report.json"), (b"\xff\xfe", "is no text")],
)
def test_a_file_that_is_no_schema_is_refused_by_what_it_holds(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(SchemaError) as caught:
        normalize(path)
    assert said in caught.value.message
    assert caught.value.hint


def test_what_is_written_is_validated() -> None:
    schema = normalize(Report)
    assert constrain(schema).kind == "json_schema"
    assert write('{"title": "x", "jobs": 820}', schema, Report) == Report(title="x", jobs=820)
    for broken in ('{"title": "x", "jo', '{"title": "x"}', '{"title": "x", "jobs": "many"}'):
        with pytest.raises(OutputError):
            write(broken, schema)


def test_leaves_have_pointers() -> None:
    data = {"a/b": [1, {"c~": None}], "d": "x"}
    assert list(leaves(data)) == [("/a~1b/0", 1), ("/a~1b/1/c~0", None), ("/d", "x")]


def test_modes_are_files() -> None:
    assert set(modes()) == {"text", "structured_json"}
    assert mode("text").write("x") == "x"
    with pytest.raises(UsageError):
        mode("opera")


def test_the_shape_says_how_the_json_looks() -> None:
    schema = normalize("name: in full, age int, tags [str], note str?")
    assert shape(schema) == (
        '{"name": "<in full>", "age": <integer>, "tags": ["<text>", ...], "note": "<text>" or null}'
    )
    assert shape({"type": "string", "enum": ["a", "b"]}) == '<"a" | "b">'
    looped = {"$ref": "#/$defs/a", "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}}}}
    assert json.loads(shape(looped)) == looped
