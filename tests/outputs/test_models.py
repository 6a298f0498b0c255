"""Pydantic models and other types as schemas: what the grammar allows, the type accepts."""

import datetime
import decimal
import enum
import ipaddress
import threading
import uuid
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, HttpUrl
from typing_extensions import TypedDict

from omniloom.core.errors import OutputError, SchemaError
from omniloom.outputs.enforcing.sample import at_random
from omniloom.outputs.schemas import normalize
from omniloom.outputs.structured_json import constrain, leaves, write


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1, le=9)]


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Annotated[str, Field(pattern=r"^[A-Z]\w{1,8}$")]


class Everything(BaseModel):
    model_config = ConfigDict(strict=True)

    day: datetime.date
    moment: datetime.datetime
    price: Annotated[decimal.Decimal, Field(ge=0, le=1000)]
    colours: set[Colour]
    pets: list[Annotated[Cat | Dog, Field(discriminator="kind")]] = Field(max_length=2)
    pair: tuple[int, str]
    key: uuid.UUID
    address: ipaddress.IPv4Address
    by_name: Annotated[dict[str, bool], Field(max_length=1)]
    maybe: int | None = None


class Node(BaseModel):
    value: int
    children: Annotated[list["Node"], Field(max_length=2)]


class Bird(BaseModel):
    kind: Literal["bird"] = "bird"


class Owner(BaseModel):
    pet: Annotated[Cat | Bird, Field(discriminator="kind")]
    page: HttpUrl
    price: Annotated[decimal.Decimal, Field(max_digits=5, decimal_places=2)]
    shelves: dict[int, str]
    colours: dict[Colour, int]


@dataclass
class Point:
    x: int
    y: int


class Row(TypedDict):
    name: str
    count: int


@pytest.mark.parametrize("kind", [Everything, Node, Owner, Point, Row, list[Cat], Colour, dict[str, Point]])
def test_what_the_grammar_of_a_type_allows_the_type_accepts(kind: Any) -> None:
    schema = normalize(kind)
    value = constrain(schema).value
    written = [text for seed in range(20) if (text := at_random(value, seed)) is not None]
    assert len(written) >= 10
    for text in written:
        write(text, schema, kind)


def test_fields_that_a_model_does_not_declare_are_not_written() -> None:
    schema = normalize(Everything)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["by_name"]["additionalProperties"] == {"type": "boolean"}


def test_an_instance_comes_back_and_what_its_own_rules_refuse_is_told() -> None:
    schema = normalize(Dog)
    assert write('{"kind": "dog", "name": "Rex"}', schema, Dog) == Dog(kind="dog", name="Rex")
    with pytest.raises(OutputError, match="/name") as told:
        write('{"kind": "dog", "name": "rex"}', schema, Dog)
    assert told.value.hint


def test_a_type_without_a_schema_is_refused() -> None:
    with pytest.raises(SchemaError) as told:
        normalize(threading.Lock)
    assert told.value.hint


def test_leaves_of_an_instance_come_from_its_json() -> None:
    text = '{"value": 1, "children": [{"value": 2, "children": []}]}'
    plain = write(text, normalize(Node))
    assert list(leaves(plain)) == [("/value", 1), ("/children/0/value", 2)]
