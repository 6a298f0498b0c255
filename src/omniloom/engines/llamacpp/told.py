"""What the engine's process may answer to short questions: it may host a hostile model, and is not trusted."""

from typing import Any

from pydantic import FiniteFloat, NonNegativeInt, TypeAdapter

from omniloom.core.base import Value
from omniloom.core.errors import EngineError


class _Piece(Value, extra="ignore"):
    tokens: list[NonNegativeInt]
    length: NonNegativeInt
    positions: NonNegativeInt
    last: NonNegativeInt
    causal: bool


class _Vector(Value, extra="ignore"):
    index: NonNegativeInt
    embedding: list[list[FiniteFloat]]


_FIELDS: dict[str, dict[str, TypeAdapter[Any]]] = {
    "/tokenize": {"tokens": TypeAdapter(list[NonNegativeInt])},
    "/detokenize": {"content": TypeAdapter(str)},
    "/apply-template": {"prompt": TypeAdapter(str)},
    "/media": {"rate": TypeAdapter(NonNegativeInt), "pieces": TypeAdapter(list[_Piece])},
}
_VECTORS = TypeAdapter(list[_Vector])


def checked(path: str, answer: Any) -> Any:
    """The answer. Raises EngineError if it is not of the form that such a question has."""
    try:
        if path == "/embedding":
            _VECTORS.validate_python(answer, strict=True)
        for name, kind in _FIELDS.get(path, {}).items():
            kind.validate_python(answer[name], strict=True)
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the engine's process said what it may not: {str(error)[:300]}") from error
    return answer
