"""The queries a model may write: one SELECT over the real tables and columns, each used as its type allows.

The grammar is Lark in llguidance's dialect. Each table, and each join of two on a pair of equal columns, has its own
rules, so that a query names only columns of what it reads. To allow more, add it to `_RULES`; a word must not begin
another that may stand in its place, for the longer one is taken.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from omniloom.isolation.database import quoted
from omniloom.reasoning import measures
from omniloom.reasoning.wording import MONTHS

Kind = Literal["number", "date", "text"]
_MOST_JOINS = 6
_LEAST_SHARED, _LEAST_VALUES = 0.5, 2

_TOP = r"""start: %(start)s
calc: "SELECT " value %(calc)s
value: "(" inner ")"
inner: %(inners)s
limit: " LIMIT " /[1-9][0-9]?/
OP: " - " | " + " | " / " | " * "
CMP: " = " | " <> " | " > " | " < " | " >= " | " <= "
AND: " AND " | " OR "
NUMBER: /-?[0-9]{1,12}(\.[0-9]{1,4})?/
DATE: /'[0-9]{4}-[01][0-9]-[0-3][0-9]'/
STRING: /'([^'\n\\]|''){1,80}'/
CLOCK: /'[0-9]{1,2}(:[0-9]{2}){1,2}(\.[0-9]{1,3})?'/
LIKE: " ILIKE " | " NOT ILIKE "
"""
_RULES = r"""
select_%(s)s: "SELECT " "DISTINCT "? item_%(s)s%(more)s tail_%(s)s
inner_%(s)s: "SELECT " item_%(s)s tail_%(s)s
tail_%(s)s: " FROM " %(from)s where_%(s)s? group_%(s)s? order_%(s)s? limit?
item_%(s)s: %(item)s
agg_%(s)s: "COUNT(*)" | "COUNT(DISTINCT " col_%(s)s ")" | (%(means)s) expr_%(s)s ")" %(ends)s
where_%(s)s: " WHERE " cond_%(s)s (AND cond_%(s)s)*
group_%(s)s: " GROUP BY " col_%(s)s (", " col_%(s)s)? (" HAVING " agg_%(s)s CMP (NUMBER | value))?
order_%(s)s: " ORDER BY " (expr_%(s)s | agg_%(s)s%(sorts)s) (" ASC" | " DESC")?
cond_%(s)s: expr_%(s)s CMP (NUMBER | expr_%(s)s | value (OP NUMBER)?) | num_%(s)s " BETWEEN " NUMBER " AND " NUMBER
    | num_%(s)s (" IN (" | " NOT IN (") (NUMBER (", " NUMBER)* | inner) ")" %(conditions)s
expr_%(s)s: num_%(s)s (OP num_%(s)s)? %(parts)s
col_%(s)s: %(all)s
"""
_ITEM = "other_%(s)s | expr_%(s)s | agg_%(s)s (OP agg_%(s)s)?"
_MEDIAN = '"MEDIAN(" expr_%(s)s ")"'
_TEXTS = r"""
    | text_%(s)s LIKE STRING | text_%(s)s (" = " | " <> ") (STRING | value)
    | text_%(s)s (" IN (" | " NOT IN (") (STRING (", " STRING)* | inner) ")"
"""
_CLOCKS = r"""
    | clock_%(s)s CMP CLOCK"""
_DATES = r"""
    | date_%(s)s CMP (DATE | value) | date_%(s)s " BETWEEN " DATE " AND " DATE"""

_SPANS = r"""
    | date_%(s)s " BETWEEN " DATE " AND " DATE"""

_KINDS: dict[str, Kind] = {"num": "number", "text": "text", "date": "date"}
_CLOCK = re.compile(r"\d{1,2}(?::\d{2}){1,2}(?:\.\d{1,3})?")
_YEAR_FIRST = re.compile(r"\d{4}\D\d+(?:\D\d+)*")  # a month, a season, a date with its time
_IN_A_MONTH = re.compile(rf"\b(?:in|during) (?:{'|'.join(MONTHS)}),? \d{{4}}\b", re.IGNORECASE)
_ALPHABET = re.compile(r"\balphabet", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """written: the name of the column with the cells as they are written, where this one holds them normalised.
    counts: it stands in no source, but says which row of its table a row is, from 1."""

    name: str
    kind: Kind
    written: str = ""
    counts: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class View:
    """A table as a model is told of it. rows: its cells as text, one for each of `columns`."""

    name: str
    source: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]

    def named(self, kind: Kind) -> list[str]:
        """The columns of a kind, those with text as it is written among the texts."""
        found = [each.name for each in self.columns if each.kind == kind]
        return found + [each.written for each in self.columns if kind == "text" and each.written]

    def texts(self, query: str = "") -> Iterator[list[str]]:
        """What each column says of itself: its name, its notes, its cells; of those that a query names, if given."""
        for at, each in enumerate(self.columns):
            if not query or any(name and quoted(name) in query for name in (each.name, each.written)):
                yield [each.name, *each.notes, *(row[at] for row in self.rows)]

    def shaped(self, form: re.Pattern[str]) -> list[str]:
        """The columns of text whose cells all have this form and one length: their letters tell the order."""
        found: list[str] = []
        for at, each in enumerate(self.columns):
            cells = [row[at].strip() for row in self.rows if row[at].strip()] if each.kind == "text" else []
            if cells and len(set(map(len, cells))) == 1 and all(map(form.fullmatch, cells)):
                found.append(each.name)
        return found


Join = tuple[int, str, int, str]  # a table and its column, another table and its column


def joins(views: Sequence[View]) -> list[Join]:
    """Pairs of columns of two tables of one kind that hold the same values, those that share most of them first."""
    found: list[tuple[float, Join]] = []
    sets = [[_values(view, at) for at in range(len(view.columns))] for view in views]
    for one, other in combinations(range(len(views)), 2):
        for a, first in enumerate(views[one].columns):
            for b, second in enumerate(views[other].columns):
                left, right = sets[one][a], sets[other][b]
                share = len(left & right) / max(min(len(left), len(right)), 1)
                if first.kind == second.kind and len(left & right) >= _LEAST_VALUES and share >= _LEAST_SHARED:
                    alike = first.name.casefold() == second.name.casefold()
                    found.append((share + alike, (one, first.name, other, second.name)))
    return [join for _, join in sorted(found, key=lambda each: -each[0])][:_MOST_JOINS]


def _values(view: View, at: int) -> frozenset[str]:
    if view.columns[at].counts:
        return frozenset()
    return frozenset(text for row in view.rows if (text := row[at].strip().casefold()))


def held(measure: measures.Measure, views: Sequence[View], query: str = "") -> bool:
    """Whether a column holds this measure already; one of those that a query names, if given."""
    return any(measures.holds(measure, texts) for view in views for texts in view.texts(query))


def grammar(views: Sequence[View], pairs: Sequence[Join], *, several: bool = True, said: str = "") -> str:
    """The Lark grammar of the queries over these tables, and whether they may give several columns. Text is put in
    order only where its form tells the order, as that of a season, or the question, `said`, speaks of the alphabet:
    else letters are ordered where a number is meant. A share or a median that it asks for once, and no column holds,
    is computed as one, and a month is no day."""
    measure = measures.asked(said) if measures.only(said) else ""
    if measure and held(measure, views):
        measure = ""
    free = {
        "several": several,
        "dates": _SPANS if _IN_A_MONTH.search(said) else _DATES,
        "letters": bool(_ALPHABET.search(said)),
        "median": measure == "median",
        "item": _MEDIAN if measure == "median" and measures.is_median(said) else _ITEM,
    }
    scopes = [_rules(f"t{at}", [quoted(view.name)], [view], joined=False, **free) for at, view in enumerate(views)]
    names = [f"t{at}" for at in range(len(views))]
    for at, (one, a, other, b) in enumerate(pairs):
        left, right = quoted(views[one].name), quoted(views[other].name)
        from_ = [left, f" JOIN {right} ON {left}.{quoted(a)} = {right}.{quoted(b)}"]
        scopes.append(_rules(f"j{at}", from_, [views[one], views[other]], joined=True, **free))
        names.append(f"j{at}")
    selects, inners = (" | ".join(f"{kind}_{name}" for name in names) for kind in ("select", "inner"))
    calc = {"share": '" / " value', "percent": '" / " value " * 100"'}.get(measure, "(OP | CMP) value")
    start = {"share": "calc", "percent": "calc", "median": selects}.get(measure, f"{selects} | calc")
    return _TOP % {"start": start, "inners": inners, "calc": calc} + "".join(scopes)


def _rules(
    scope: str,
    from_: Sequence[str],
    views: Sequence[View],
    *,
    joined: bool,
    several: bool,
    letters: bool,
    median: bool,
    item: str,
    dates: str,
) -> str:
    """The rules of one table, or of a join, in which columns are named with their tables."""

    def written(names: Callable[[View], list[str]]) -> list[str]:
        found = ((f"{quoted(view.name)}." if joined else "", name) for view in views for name in names(view))
        return [table + quoted(name) for table, name in found]

    columns = {short: written(lambda view, kind=kind: view.named(kind)) for short, kind in _KINDS.items()}
    columns["clock"] = written(lambda view: view.shaped(_CLOCK))
    columns["dated"] = written(lambda view: view.shaped(_YEAR_FIRST))
    filled = {short: f"{short}_{scope}" for short, some in columns.items() if some}
    others = [rule for short, rule in filled.items() if short in ("text", "date")]
    ordered = {"date", "clock", "dated", *(["text"] if letters else [])}
    sorts = [rule for short, rule in filled.items() if short in ordered]
    rules = _RULES + "".join(f"{short}_%(s)s: {_either(columns[short])}\n" for short in filled)
    rules += f"other_%(s)s: {' | '.join(others) or 'num_' + scope}\n"
    conditions = [more for short, more in (("text", _TEXTS), ("clock", _CLOCKS), ("date", dates)) if short in filled]
    return rules % {
        "s": scope,
        "item": item % {"s": scope},
        "means": f'"SUM(" | "{"MEDIAN" if median else "AVG"}(" | "MAX(" | "MIN("',
        "more": f' (", " item_{scope})*' if several else "",
        "from": " ".join(json.dumps(each, ensure_ascii=False) for each in from_),
        "ends": "".join(f' | ("MAX(" | "MIN(") {each} ")"' for each in sorts),
        "sorts": "".join(f" | {each}" for each in sorts),
        "parts": f' | ("year(" | "month(") date_{scope} ")"' if "date" in filled else "",
        "conditions": "".join(conditions) % {"s": scope},
        "all": " | ".join(rule for short, rule in filled.items() if short in _KINDS),
    }


def _either(names: Sequence[str]) -> str:
    """Any of these words; a percent sign is doubled, for the rules are a form that is filled in."""
    return " | ".join(json.dumps(name, ensure_ascii=False) for name in names).replace("%", "%%")
