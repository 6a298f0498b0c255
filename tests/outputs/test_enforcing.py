"""What a grammar enforces of a schema: nothing invalid can be written, and what cannot be enforced is named."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import OutputError, SchemaError
from omniloom.outputs.enforcing import grammar
from omniloom.outputs.enforcing.sample import at_random
from omniloom.outputs.schemas import normalize
from omniloom.outputs.structured_json import constrain, write

INT = {"type": "integer"}
CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"a": INT, "b": INT, "c": INT},
    "additionalProperties": False,
}
KIND = {"type": "object", "properties": {"k": {"enum": ["x", "y"]}, "n": INT}, "required": ["k"]}
SWITCH = {"type": "object", "properties": {"k": {"type": "boolean"}, "n": INT}, "required": ["k"]}
TAGGED = {
    name: {"type": "object", "properties": {"t": {"const": name}}, "required": ["t"], "additionalProperties": False}
    for name in ("p", "q")
}
WRITTEN_OTHERWISE: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (
        CLOSED | {"dependentRequired": {"a": ["b"]}},
        ['{"a": 1, "b": 2}', "{}", '{"b": 1}'],
        ['{"a": 1}', '{"a": 1, "c": 2}'],
    ),
    (
        CLOSED | {"$schema": "http://json-schema.org/draft-07/schema#", "dependencies": {"b": {"required": ["c"]}}},
        ['{"b": 1, "c": 1}', '{"a": 1}'],
        ['{"b": 1}'],
    ),
    (CLOSED | {"not": {"required": ["a", "b"]}}, ['{"a": 1}', '{"b": 1, "c": 2}'], ['{"a": 1, "b": 1}']),
    ({"not": {"enum": ["ab", "ac", ""]}, "type": "string"}, ['"a"', '"abc"', '"ad"'], ['"ab"', '"ac"', '""']),
    ({"not": {"type": "string"}}, ["1", "null", "[]"], ['"a"']),
    ({"not": {"const": 3}}, ['"x"', "4", "2.5"], ["3"]),
    (
        KIND | {"if": {"properties": {"k": {"const": "x"}}}, "then": {"required": ["n"]}},
        ['{"k": "x", "n": 1}', '{"k": "y"}'],
        ['{"k": "x"}'],
    ),
    (
        SWITCH
        | {
            "if": {"properties": {"k": {"const": True}}, "required": ["k"]},
            "then": {"required": ["n"]},
            "else": {"properties": {"n": False}},
        },
        ['{"k": true, "n": 1}', '{"k": false}'],
        ['{"k": true}', '{"k": false, "n": 1}'],
    ),
    (
        CLOSED | {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        ['{"a": 1}', '{"b": 1}', '{"a": 1, "c": 1}'],
        ['{"a": 1, "b": 1}', "{}"],
    ),
    (
        {"oneOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]},
        ['"1.2.3.4"', '"::1"'],
        ['"x"'],
    ),
    ({"oneOf": [{"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}]}, ['"ax"'], ['"c"']),
    (
        {"oneOf": [{"$ref": "#/$defs/p"}, {"$ref": "#/$defs/q"}], "$defs": TAGGED},
        ['{"t": "p"}', '{"t": "q"}'],
        ['{"t": "r"}'],
    ),
    (
        {"oneOf": [{"properties": {"k": {"enum": [name]}}} for name in "uv"]},
        ['{"k": "u"}', '{"k": "v", "z": 1}'],
        ["{}", '{"k": "w"}', '"u"'],
    ),
    (
        {"oneOf": [{"properties": {name: INT}, "additionalProperties": False} for name in "uv"]},
        ['{"u": 1}', '{"v": 1}'],
        ["{}", '{"u": 1, "v": 1}'],
    ),
    (
        {"oneOf": [{"required": ["u"], "properties": {"u": INT}}, {"required": ["v"]}]},
        ['{"u": 1}', '{"v": 1}'],
        ["{}", '"x"', '{"u": 1, "v": 1}'],
    ),
    ({"$schema": "http://json-schema.org/draft-07/schema#", "enum": ["a", "a", "b"]}, ['"a"'], ['"c"']),
    (CLOSED | {"minProperties": 2}, ['{"a": 1, "b": 1}', '{"b": 1, "c": 1}'], ['{"a": 1}', "{}"]),
    (CLOSED | {"maxProperties": 2}, ['{"a": 1, "b": 1}', "{}"], ['{"a": 1, "b": 1, "c": 1}']),
    (
        {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}, "additionalProperties": INT},
        ['{"ab": 1}', "{}"],
        ['{"A": 1}', '{"a": "x"}'],
    ),
    (
        {"type": "object", "propertyNames": {"enum": ["q", "r"]}, "additionalProperties": INT},
        ['{"q": 1}'],
        ['{"A": 1}', '{"q": "x"}'],
    ),
    ({"type": "object", "properties": {"a": INT}, "unevaluatedProperties": False}, ['{"a": 1}'], ['{"b": 1}']),
    (
        {"type": "object", "patternProperties": {".*": INT, "^x": {"minimum": 5}}},
        ['{"x1": 7, "b": 1}'],
        ['{"x": 1}', '{"b": "s"}'],
    ),
    ({"type": "string", "format": "colour"}, ['"red"'], ["1"]),
    ({"type": "string", "format": "uri"}, ['"https://example.org/x"', '"mailto:a@b.c"'], ["1", '"not one"']),
    ({"type": "string", "format": "date"}, ['"2024-02-29"'], ['"2024-13-01"', '"soon"']),
    ({"type": "string", "pattern": r"^[[\w]$"}, ['"["', '"a"'], ['"]"', '"é"']),
    ({"type": "string", "pattern": "^[a~~b]$"}, ['"~"', '"a"'], ['"c"']),
    ({"type": "array", "items": [INT], "additionalItems": False}, ["[1]", "[]"], ["[1, 2]", '["a"]']),
    ({"properties": {"n": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}}}, ['{"n": 1}'], ['{"n": 0}']),
    (
        {"type": "integer", "minimum": 2**53 + 1, "maximum": 2**53 + 5},
        ["9007199254740994", "9007199254740996"],
        ["9007199254740992", "9007199254740998"],
    ),
    (
        {"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": False},
        ['{"next": {"next": {}}}'],
        ['{"next": 1}'],
    ),
    ({"units": {"enum": ["B"]}, "properties": {"u": {"$ref": "#/units"}}, "required": ["u"]}, ['{"u": "B"}'], ["{}"]),
    (
        {"type": "object", "propertyNames": {"$ref": "#/$defs/k"}, "$defs": {"k": {"enum": ["q", 2]}}},
        ['{"q": 1}'],
        ['{"r": 1}'],
    ),
    ({"type": "number", "multipleOf": 0.1}, ["0.3"], ["0.35"]),
    ({"type": "object", "properties": {"é": INT}}, ['{"é": 1}'], ['{"é": "x"}', '{"\\u00e9": "x"}']),
]


@pytest.mark.parametrize(
    ("schema", "good", "bad"), WRITTEN_OTHERWISE, ids=lambda each: json.dumps(each, ensure_ascii=True)[-60:]
)
def test_keywords_written_otherwise_mean_the_same(schema: dict[str, Any], good: list[str], bad: list[str]) -> None:
    asked = normalize(schema)
    value = constrain(asked).value
    for text in good:
        assert grammar.fits(value, text), text
        assert write(text, asked) == json.loads(text)
    for text in bad:
        assert not grammar.fits(value, text), text
        with pytest.raises(OutputError):
            write(text, asked)
    for seed in range(5):
        if (text := at_random(value, seed)) is not None:
            write(text, asked)


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"properties": {"n": {"oneOf": [INT, {"type": "number"}]}}}, "/properties/n/oneOf"),
        ({"properties": {"tags": {"type": "array", "uniqueItems": True}}}, "/properties/tags/uniqueItems"),
        ({"type": "array", "items": {"type": "array", "contains": INT}}, "/items/contains"),
        ({"$defs": {"p": {"type": "string", "pattern": "^(?!a)"}}, "$ref": "#/$defs/p"}, "/$defs/p/pattern"),
        ({"properties": {"x": {"$ref": "https://example.org/x.json"}}}, "/properties/x/$ref"),
        ({"properties": {"a/b": {"$ref": "#/$defs/none"}}}, "/properties/a~1b/$ref"),
        ({"properties": {"a": {"const": 9007199254740993}}}, "/properties/a/const"),
        ({"$schema": "http://json-schema.org/draft-03/schema#"}, "/$schema"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "if": {}, "then": {}}, "/if"),
        ({"type": "object", "minProperties": 3}, "/minProperties"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "/minLength"),
        ({"x-guidance": {"lenient": True}, "type": "array", "uniqueItems": True}, "/uniqueItems"),
        ({"x-guidance": {"coerce_one_of": True}, "oneOf": [INT, {"type": "number"}]}, "/oneOf"),
        ({"$ref": "#"}, "/$ref"),
        ({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, INT]}}, "$ref": "#/$defs/a"}, "/$defs/a/anyOf/0/$ref"),
        (
            {"type": "object", "properties": {"n": {"$ref": "#"}, "m": INT}, "required": ["n"]},
            "/properties/n/$ref",
        ),
        ({"type": "array", "items": {"$ref": "#"}, "minItems": 1}, "/items/$ref"),
        ({"$schema": 5}, "/$schema"),
        ({"anyOf": [{"not": {"multipleOf": 3}}, {"type": "string"}]}, "/anyOf/0/not"),
    ],
)
def test_what_cannot_be_enforced_is_named(schema: dict[str, Any], path: str) -> None:
    with pytest.raises(SchemaError) as caught:
        constrain(normalize(schema))
    assert caught.value.path == path
    assert caught.value.hint


def test_a_schema_that_is_taken_as_it_is_stays_as_it_is() -> None:
    schema = normalize("name, age int, tags [str]")
    assert constrain(schema).value is schema


def test_properties_at_the_top_mean_an_object() -> None:
    value = constrain(normalize({"properties": {"a": INT}})).value
    assert not grammar.fits(value, '"I do not know"')


def test_broken_output_is_told_with_its_place() -> None:
    schema = normalize(CLOSED)
    for text, part in (
        ('{"a": 1e999}', "out of range"),
        ('{"a": "x"}', "/a"),
        ("[" * 100_000, "nested"),
        ("NaN", "out of range"),
    ):
        with pytest.raises(OutputError, match=part):
            write(text, schema)


def test_real_schemas_are_taken_and_nothing_invalid_can_be_written(data: Path) -> None:
    files = sorted((data / "schemas").rglob("*.json"))
    taken = 0
    for at, file in enumerate(files):
        try:
            schema = normalize(json.loads(file.read_text()))
            value = constrain(schema).value
        except SchemaError as error:
            assert error.path, file
            continue
        taken += 1
        if (text := at_random(value, at)) is not None and at % 2:
            write(text, schema)
    assert taken >= 0.9 * len(files)


def test_a_schema_that_is_no_json_or_too_deep_is_refused() -> None:
    deep: dict[str, Any] = INT
    for _ in range(31):
        deep = {"type": "object", "properties": {"a": deep}}
    constrain(normalize(deep))
    for _ in range(2000):
        deep = {"type": "object", "properties": {"a": deep}}
        if _ in (5, 100, 1999):
            with pytest.raises(SchemaError):
                normalize(deep)
    for other in ({"enum": [Decimal(1)]}, {"enum": {1, 2}}, '{"properties": ' * 5000):
        with pytest.raises(SchemaError):
            normalize(other)


def test_a_field_may_begin_as_a_word_of_json_does() -> None:
    assert list(normalize("true_positives int, falsehoods [str]")["properties"]) == ["true_positives", "falsehoods"]
