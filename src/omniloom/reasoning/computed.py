"""What a query over the tables of the sources gave, as an answer takes it: values, and the cells they came from."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from omniloom.core.values import Completion, Segment
from omniloom.reasoning.evidence import Evidence
from omniloom.reasoning.ground import Quote

MOST_ROWS = 50  # of a result that are told
MOST_CITED = 12  # places of a value
_SEMICOLON = re.compile(r"\s*;\s*")
_BETWEEN = re.compile(r"\s*[;,\n]\s*|\s+and\s+")
_TRUTHS = {"yes": True, "no": False}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Computed:
    """rows: the values as text, "" for none. quotes: of each value the places that it was made of. more: how many rows
    are left out. told: the result as a model is shown it, `of` whose it is. alone: whether it stands in place of the
    sources, which are all tables, and not beside them. completion: the query as the model wrote it."""

    query: str
    rows: tuple[tuple[str, ...], ...]
    quotes: tuple[tuple[tuple[Quote, ...], ...], ...]
    told: Segment
    of: str
    alone: bool
    completion: Completion
    more: int = 0

    @property
    def cited(self) -> list[int]:
        """The passages that hold the places, each once, those of the first rows first."""
        return list(dict.fromkeys(quote.index for row in self.quotes for quotes in row for quote in quotes))

    def text(self, segments: Sequence[Segment]) -> str:
        """All that it adds to a prompt, if none of the passages that it cites are in it."""
        return "\n".join([self.told.text, *(f"{segments[at].context}\n{segments[at].text}" for at in self.cited)])

    def placed(self, places: dict[int, int]) -> "Computed":
        """With the passages numbered anew, and no places in others."""

        def of(quotes: tuple[Quote, ...]) -> tuple[Quote, ...]:
            return tuple(replace(each, index=places[each.index]) for each in quotes if each.index in places)

        return replace(self, quotes=tuple(tuple(map(of, row)) for row in self.quotes))

    def shown(self) -> Iterator[str | Segment]:
        """As prompt content, where sources stand."""
        yield f"=== Source: what a query over {self.of} gave ===\n"
        yield from (self.told, "\n\n")

    def lines(self) -> Iterator[tuple[str, tuple[Quote, ...]]]:
        """Each row as words of an answer, with its places."""
        for row, quotes in zip(self.rows, self.quotes, strict=True):
            yield ", ".join(value for value in row if value), _few(each for some in quotes for each in some)

    def as_json(self, schema: Mapping[str, Any]) -> str | None:
        """As JSON, where no judgement is needed: a value for each field in their order, or one column for one field,
        as a list or with ; between. None elsewhere; the schema may still refuse it."""
        fields: Mapping[str, Any] = schema.get("properties") or {}
        width = len(self.rows[0]) if self.rows else 0
        if self.more or len(fields) != width:
            return None
        [field, *others] = fields.values()
        if "array" in _types(field) and not others:
            made: list[Any] = [[_typed(value, field.get("items")) for (value,) in self.rows]]
        elif len(self.rows) == 1:
            made = [_typed(value, field) for value, field in zip(self.rows[0], fields.values(), strict=True)]
        elif not others and "string" in _types(field):
            made = ["; ".join(value for (value,) in self.rows if value)]
        else:
            return None
        return json.dumps(dict(zip(fields, made, strict=True)), ensure_ascii=False)

    def evidence(self, value: Any) -> Evidence | None:
        """Where a value of a JSON came from, if it is one of the result's, or several of them; else None."""
        text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).strip()
        found = self._places(text)
        for between in (_SEMICOLON, _BETWEEN):
            if found is None:
                parts = [self._places(part) for part in between.split(text)]
                found = None if None in parts else tuple(quote for part in parts if part for quote in part)
        return Evidence(_few(found), 1.0, derived=self.query) if found else None

    def _places(self, text: str) -> tuple[Quote, ...] | None:
        for row, quotes in zip(self.rows, self.quotes, strict=True):
            for value, places in zip(row, quotes, strict=True):
                if value and _same(value, text):
                    return places
        return None


def _types(field: Any) -> Sequence[str]:
    kind: Any = field.get("type", ()) if isinstance(field, Mapping) else ()
    return (kind,) if isinstance(kind, str) else kind


def _typed(text: str, field: Any) -> Any:
    """A value as a field takes it; as text where it takes none, which the schema then refuses."""
    kinds = _types(field)
    if not text:
        return None
    if "boolean" in kinds and text in _TRUTHS:
        return _TRUTHS[text]
    if _NUMBER.fullmatch(text) and {"integer", "number"} & {*kinds}:
        return float(text) if "." in text else int(text)
    return text


def _few(quotes: Any) -> tuple[Quote, ...]:
    return tuple(dict.fromkeys(quotes))[:MOST_CITED]


def _same(one: str, other: str) -> bool:
    """Whether a text says a value; "3 fewer" leaves out the sign of -3."""
    plain = other.replace(",", "")
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(plain):
        return float(plain) in (float(one), abs(float(one)))
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
