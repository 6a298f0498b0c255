"""The base of every core value: frozen, closed, comparable by content."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen pydantic value; equal content is an equal value, an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
