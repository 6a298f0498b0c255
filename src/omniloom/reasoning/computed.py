"""What a query over tables, or arithmetic with numbers of sources, gave: values, and the places they came from."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from omniloom.core.values import Completion, Segment
from omniloom.reasoning.evidence import Evidence
from omniloom.reasoning.ground import Quote
from omniloom.reasoning.signals import pointer_step
from omniloom.reasoning.wording import tokens

MOST_ROWS = 50  # of a result that are told
MOST_CITED = 12  # places of a value
_BETWEEN = re.compile(r"\s*[;,\n]\s*|\s+and\s+")
_TRUTHS = {"yes": True, "no": False}
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_FIGURE = re.compile(r"-?\d{1,300}(\.\d{1,300})?")
_WORDS = re.compile(r"\W|_")


@dataclass(frozen=True)
class Filling:
    """A JSON text, and the places of its values by their pointers."""

    text: str
    places: Mapping[str, tuple[Quote, ...]]


@dataclass(frozen=True)
class Computed:
    """rows: the values as text, "" for none. quotes: of each value the places that it was made of. more: how many rows
    are left out. told: the result as a model is shown it, `of` whose it is. alone: whether it stands in place of the
    sources, which are all tables, and not beside them. completion: the query as the model wrote it. columns: their
    names. how: what it is called. words: said in place of the rows. named: whether a row is a name and its value.
    concluded: whether they follow from the question alone, so that nothing can be cited. places: those of the values of
    a JSON that was filled from it, by their pointers."""

    query: str
    rows: tuple[tuple[str, ...], ...]
    quotes: tuple[tuple[tuple[Quote, ...], ...], ...]
    told: Segment
    of: str
    alone: bool
    completion: Completion
    columns: tuple[str, ...] = ()
    how: str = "a query"
    more: int = 0
    words: str = ""
    named: bool = False
    concluded: bool = False
    places: Mapping[str, tuple[Quote, ...]] = field(default_factory=dict[str, tuple[Quote, ...]])

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
        yield f"=== Source: what {self.how} over {self.of} gave ===\n"
        yield from (self.told, "\n\n")

    def lines(self) -> Iterator[tuple[str, tuple[Quote, ...]]]:
        """Each row as words of an answer, with its places, where each value has some: a text of the query beside a cell
        stands nowhere. Or the words, with the places of all rows."""
        if self.words:
            yield self.words, _few(each for row in self.quotes for some in row for each in some)
            return
        for row, quotes in zip(self.rows, self.quotes, strict=True):
            whole = all(some for value, some in zip(row, quotes, strict=True) if value)
            places = _few(each for some in quotes for each in some) if whole else ()
            yield ", ".join(value for value in row if value), places

    def filling(self, schema: Mapping[str, Any]) -> "Filling | None":
        """As JSON, where no judgement is needed: nothing but tables was given, and there is a value for each field in
        their order, or one field for the one column, as a list or with ; between. None elsewhere; the schema may still
        refuse it."""
        fields: Mapping[str, Any] = schema.get("properties") or {}
        fits = bool(self.rows and self.columns) and not self.more and len(fields) == len(self.columns)
        if not (self.alone and fits) or self._in_other_order(fields):
            return None
        [name, *others] = fields
        column = [value for (value, *_) in self.rows]
        if "array" in _types(fields[name]) and not others:
            made: dict[str, Any] = {name: [_typed(value, fields[name].get("items")) for value in column]}
            places = {f"/{pointer_step(name)}/{at}": quotes for at, (quotes,) in enumerate(self.quotes)}
        elif len(self.rows) == 1:
            made = {each: _typed(value, fields[each]) for each, value in zip(fields, self.rows[0], strict=True)}
            places = {f"/{pointer_step(each)}": quotes for each, quotes in zip(fields, self.quotes[0], strict=True)}
        elif not others and "string" in _types(fields[name]) and not any(";" in value for value in column):
            made = {name: "; ".join(filter(None, dict.fromkeys(column)))}
            places = {f"/{pointer_step(name)}": tuple(quote for (quotes,) in self.quotes for quote in quotes)}
        else:
            return None
        return Filling(json.dumps(made, ensure_ascii=False), places)

    def _in_other_order(self, fields: Iterable[str]) -> bool:
        """Whether a column has the name of the field that another column fills."""
        names = [_WORDS.sub("", each.casefold()) for each in fields]
        columns = [_WORDS.sub("", each.casefold()) for each in self.columns]
        return any(column in names and names[at] != column for at, column in enumerate(columns))

    def narrowed(self, schema: Mapping[str, Any]) -> dict[str, Any] | None:
        """The schema with the one value of arithmetic in the one field that is open, so that no model copies it; None
        where there is not one of each."""
        fields: Mapping[str, Any] = schema.get("properties") or {}
        open_ = [name for name, each in fields.items() if not _is_closed(each)]
        if self.how != "arithmetic" or len(open_) != 1:
            return None
        [name], [[text]] = open_, self.rows
        listed = "array" in _types(fields[name])
        one = fields[name].get("items") if listed else fields[name]
        value = _typed(text, one)
        wanted = "string" if isinstance(value, str) else "integer" if isinstance(value, int) else "number"
        if not {wanted, "number" if wanted == "integer" else wanted} & {*_types(one)}:
            return None
        const = {"const": value}
        put = {"type": "array", "items": const, "minItems": 1, "maxItems": 1} if listed else const
        return {**schema, "properties": {**fields, name: put}}

    def evidence(self, at: str, value: Any) -> Evidence | None:
        """Where a value of a JSON came from, if it is one of the result's, or several of them; else None. No place of
        one that stands under a name and is not its value."""
        row = self._row(at)
        if row is not None and not self._says(row, value):
            return Evidence((), 0.0)
        text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value).strip()
        found = self.places[at] if at in self.places else self._places(text) if row is None else self.quotes[row][1]
        if found is None:
            parts = [self._places(part) for part in _BETWEEN.split(text)]
            found = None if None in parts else tuple(quote for part in parts if part for quote in part)
        concluded = found is not None and self.concluded
        return Evidence(_few(found), 1.0, derived=self.query, concluded=concluded) if found or concluded else None

    def wanted(self, at: str) -> str | None:
        """The value of the name under which a value of a JSON stands, if that is one."""
        row = self._row(at)
        return None if row is None else self.rows[row][1]

    def _row(self, at: str) -> int | None:
        """That of the name under which a value of a JSON stands, in a list or not."""
        steps = [_WORDS.sub("", step.casefold()) for step in at.split("/")[1:] if not step.isdecimal()]
        names = [_WORDS.sub("", name.casefold()) for name, *_ in self.rows] if self.named else []
        return names.index(steps[-1]) if steps and steps[-1] and steps[-1] in names else None

    def _says(self, row: int, value: Any) -> bool:
        """Whether it says the value of a name, or another name that has the same."""
        name, own = self.rows[row]
        text = str(int(value) if isinstance(value, bool) else value).strip().casefold()
        alike = {other.casefold() for other, value in self.rows if value == own and other not in ("", name)}
        return text in {own.casefold(), *alike} or [w.key for w in tokens(text) if w.kind == "number"] == [own]

    def _places(self, text: str) -> tuple[Quote, ...] | None:
        for row, quotes in zip(self.rows, self.quotes, strict=True):
            for value, places in zip(row, quotes, strict=True):
                if value and _same(value, text, signed=self.named):
                    return places
        return None


def _is_closed(schema: Any) -> bool:
    """Whether a field is filled by choice."""
    return isinstance(schema, Mapping) and bool({"enum", "const"} & {*schema} or "boolean" in _types(schema))


def _types(schema: Any) -> Sequence[str]:
    kind: Any = schema.get("type", ()) if isinstance(schema, Mapping) else ()
    return (kind,) if isinstance(kind, str) else kind


def _typed(text: str, schema: Any) -> Any:
    """A value as a field takes it; as text where it takes none, which the schema then refuses."""
    kinds = _types(schema)
    if not text:
        return None
    if "boolean" in kinds and text in _TRUTHS:
        return _TRUTHS[text]
    if _FIGURE.fullmatch(text) and {"integer", "number"} & {*kinds}:
        return float(text) if "." in text else int(text)
    return text


def _few(quotes: Any) -> tuple[Quote, ...]:
    return tuple(dict.fromkeys(quotes))[:MOST_CITED]


def _same(one: str, other: str, *, signed: bool) -> bool:
    """Whether a text says a value; "3 fewer" leaves out the sign of -3."""
    plain = other.replace(",", "")
    if _NUMBER.fullmatch(one) and _NUMBER.fullmatch(plain):
        return float(plain) in (float(one), float(one) if signed else abs(float(one)))
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()
