"""Answer a question that wants arithmetic by a formula that the model writes and fractions compute.

A model that finds the right numbers often miscalculates with them, so it writes down only what is to be computed (as
the derivations of TAT-QA, Zhu et al., 2021; programs of thoughts, Chen et al., 2023). The numbers that it may write
are those of the passages it sees, so each opens where it stands. With a budget further formulas are drawn, and what
most of them come to is taken.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import product

from omniloom.core.errors import BudgetError, ContextError, EngineError
from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Constraint, Request, Segment
from omniloom.reasoning import profiles, survey
from omniloom.reasoning.arithmetic import value_of
from omniloom.reasoning.computed import Computed
from omniloom.reasoning.evidence import column
from omniloom.reasoning.ground import Quote
from omniloom.reasoning.operands import year_of
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.sample import is_likely
from omniloom.reasoning.wording import keys

PURPOSE = "formula"
_TOKENS = 96
_MOST_NUMBERS = 600
_MOST_PLACES = 16  # of one number
_MOST_DIGITS = 15
_MOST_OF_TABLES = 8000  # characters
_NEAR = 200  # characters
_ASKS = re.compile(
    r"\b(?:(?:percent(?:age)?|net|total|year-over-year) )?(?:change|increase|decrease|growth)\b|\bdifference\b|"
    r"\baverage\b|\bmean\b|\bratio\b|\bproportion\b|\bpercent(?:age)?\b|\bshare of\b|\b(?:sum|total|combined)\b|"
    r"\bhow (?:much|many) \w*\s?(?:more|less|fewer|higher|lower|larger|smaller)\b|\bsubtract|\bdivided?\b|\bmultipl|"
    r"\bhow (?:much|many)\b.*\b(?:altogether\b|(?:together|in all)\W*$)|"
    r"^\W*(?:together|altogether|in all),? how (?:much|many)\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"^\W*(?:(?:in|on|at|by|for|from|to|with) )?(?:who|whose|whom|where|when|which)\b|"
    r"^\W*how (?:do|does|did|can|should|is|are|was|were)\b|"
    r"\b(?:why|explain|describe|summari[sz]e|compare|cause[ds]?|reasons?|what (?:led|explains|drove))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.\d{1,6})?(?![\w]|[.,]\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ROW = re.compile(r"\brow \Z")
_WRITTEN = re.compile(r"(?P<minus>(?:^|(?<=[(+*/-])|(?<=[+*/-] ))-)?(?P<number>\d[\d,]*(?:\.\d+)?)")
_CHANGED = re.compile(r"(?P<open>\()?(?P<to>\d[\d,.]*) - (?P<from>\d[\d,.]*)(?(open)\) / (?P=from) \* 100|)")
_AVERAGED = re.compile(r"\([^()]+\) / (?P<count>\d{1,2})")
_BELOW_NOTHING = re.compile(r"\s*[$€£]?\s*(?:\(\s*[$€£]?\s*[\d.,]+\s*%?\s*\)|[-\u2212\u2013]\s*[$€£]?[\d.,]+)\s*%?\s*")
_SCALE = re.compile(r"\bin (?:\w+ ){0,2}(thousand|million|billion)s?\b", re.IGNORECASE)
_POWER = re.compile(r"\s?(thousand|million|billion|trillion|mio|mrd|bn|m)\b", re.IGNORECASE)
_SHARE = re.compile(r"\bpercent(?:age)?\b(?! points?)|%|\bshare of\b|\bproportion\b", re.IGNORECASE)
_POINTS = re.compile(r"\b(?:change|difference|increase|decrease) (?:in|of) (?:the )?percent", re.IGNORECASE)
_MEAN = re.compile(r"\b(?:average|mean)\b", re.IGNORECASE)
_RATIO = re.compile(r"\bratio\b|\brate\b|\bdivided?\b|\bmultipl|\btimes\b|\bper\b|\beach\b|\bevery\b", re.IGNORECASE)
_CHANGE = re.compile(r"\b(?:change|increase|decrease|growth|difference|subtract)\b", re.IGNORECASE)
_MOST_TERMS = 8
_ANY = """start: sum
sum: product ((" + " | " - ") product)*
product: atom ((" * " | " / ") (atom | COUNT))*
atom: NUMBER | "-" NUMBER | "(" sum ")"
COUNT: "100" | /[2-9]|1[0-2]/
"""
_SUM = """start: term ((" + " | " - ") term)*
term: NUMBER | "-" NUMBER
"""
_INSTRUCTION = """Write only the arithmetic that gives the answer, with numbers as they stand in the sources.
Examples, over a table with the columns 2019 | 2018 | 2017 and the row Sales | 92 | 80 | (95):
Question: What was the change in sales from 2018 to 2019?
92 - 80
Question: What was the percentage change in sales in 2019 from 2018?
(92 - 80) / 80 * 100
Question: What was the average of sales for the years 2017 to 2019?
(92 + 80 + -95) / 3
Question: What were the total sales in 2018 and 2019?
80 + 92
Question: What was the ratio of sales in 2019 to those in 2018?
92 / 80
Question: How many percent of the sales of 2019 were the sales of 2018?
80 / 92 * 100

Now over the sources.
Question: {said}"""


@dataclass(frozen=True)
class _Drawn:
    formula: str
    value: Fraction
    quotes: tuple[Quote, ...]
    completion: Completion


def asks(said: str) -> bool:
    """Whether a question asks for a change, a share, an average, a ratio or a sum, and not for who, when or why."""
    return _ASKS.search(said) is not None and _OTHER.search(said) is None


def wanted(task: Task, segments: Sequence[Segment]) -> bool:
    """Whether a formula is to be asked for: of sources that are not all tables, and whose tables are small enough to be
    seen whole."""
    tables = {part.id for part in task.asked if part.kind == "table"}
    length = sum(len(each.text) for each in segments if each.source in tables)
    mixed = len(tables) < len(task.asked)
    return mixed and length <= _MOST_OF_TABLES and asks(task.question) and not survey.is_broad(task)


def grammar(said: str, numbers: Iterable[str]) -> str:
    """What may be written: of a change, a difference or a sum no quotient, of an average the sum over its count."""
    mean, share = _MEAN.search(said), _SHARE.search(said) and not _POINTS.search(said)
    form = _ANY if share or _RATIO.search(said) else _SUM
    if mean:
        form = _ANY if form is _ANY or _CHANGE.search(said) else _mean()
    return f"{form}NUMBER: {' | '.join(map(json.dumps, numbers))}\n"


def _mean() -> str:
    counts = range(2, _MOST_TERMS + 1)
    each = (f'"(" term {"".join(chr(34) + " + " + chr(34) + " term " for _ in range(n - 1))}") / {n}"' for n in counts)
    return f'start: term | {" | ".join(each)}\nterm: NUMBER | "-" NUMBER\n'


def worked_out(run: Run, task: Task, supports: Callable[[Constraint], str | None]) -> Computed | None:
    """What a formula over the passages of a task comes to; None where none could be had, and the trace says why.

    supports: of the engine.
    """
    shown = [
        at
        for at, each in enumerate(task.passages.segments)
        if (not task.focus or each.source in task.focus) and not each.made_by.startswith(profiles.MADE_BY)
    ]
    places = _places(task, shown)
    asked = _request(run, task, places, supports)
    if asked is None:
        return None
    tokens = 0

    def another() -> _Drawn | None:
        while task.sampler is not None and (done := task.sampler.another(run, asked, tokens)) is not None:
            if (drawn := _drawn(task, done, places)) is not None:
                return drawn
        return None

    try:
        done = run.ask(asked, purpose=PURPOSE)
    except (BudgetError, ContextError, EngineError) as error:
        run.check()  # the deadline ends the call
        run.note(PURPOSE, skipped=str(error))
        return None
    tokens = done.usage.output_tokens
    found = _drawn(task, done, places) or another()
    if found is not None and task.sampler is not None:
        sure = found.completion is done and is_likely(done)
        found = task.sampler.elect(run, found, another, lambda one, other: one.value == other.value, tokens, sure=sure)
    if found is None:
        run.note(PURPOSE, skipped="it has no value", formula=done.text)
        return None
    run.note(PURPOSE, formula=found.formula, value=_said(found.value))
    return _computed(task, found)


def _request(
    run: Run, task: Task, places: dict[str, list[Quote]], supports: Callable[[Constraint], str | None]
) -> Request | None:
    if not places:
        run.note(PURPOSE, skipped="the sources hold no number")
        return None
    constraint = Constraint(kind="grammar", value=grammar(task.said, places))
    if (why := supports(constraint)) is not None:
        run.note(PURPOSE, skipped=why)
        return None
    instruction = _INSTRUCTION.format(said=task.said)
    return request(task, instruction, max_output_tokens=_TOKENS, constraint=constraint)


def _drawn(task: Task, done: Completion, places: dict[str, list[Quote]]) -> _Drawn | None:
    formula, quotes = _signed(task, _forward(task, done.text.strip(), places), places)
    value = value_of(formula.replace(",", "")) if done.finish_reason != "length" else None
    return None if value is None or _mixes(task, quotes) else _Drawn(formula, value, quotes, done)


def _mixes(task: Task, quotes: Sequence[Quote]) -> bool:
    """Whether some of the numbers are in millions, as the word behind them says, and others are not."""
    segments = task.passages.segments
    behind = (_POWER.match(segments[each.index].text, each.end) for each in quotes)
    return len({match and match[1].lower() for match in behind}) > 1


def _signed(task: Task, formula: str, places: dict[str, list[Quote]]) -> tuple[str, tuple[Quote, ...]]:
    """The formula with the signs that its numbers have in tables, where (12) is -12, and where those stand."""
    quotes = list[Quote]()
    averaged = _AVERAGED.fullmatch(formula)
    averaged = averaged and int(averaged["count"]) == formula.count(" + ") + 1

    def put(match: re.Match[str]) -> str:
        if (averaged and match.end() == len(formula)) or match["number"] not in places:
            return match.group()
        found = _place(task, places[match["number"]])
        quotes.append(found)
        below = not match["minus"] and _is_below_nothing(task.passages.segments[found.index], found)
        return f"-{match.group()}" if below else match.group()

    return _WRITTEN.sub(put, formula), tuple(dict.fromkeys(quotes))


def _forward(task: Task, formula: str, places: dict[str, list[Quote]]) -> str:
    """A change goes from the earlier year to the later one, in whichever order the model wrote them; as it is written
    where several rows hold both numbers and do not all say so."""
    found = _CHANGED.fullmatch(formula)
    if found is None or not _CHANGE.search(task.said) or not {found["to"], found["from"]} <= {*places}:
        return formula
    pairs = [
        (one, other)
        for one, other in product(places[found["to"]], places[found["from"]])
        if _line(task, one) == _line(task, other)
    ]
    shares = [_shared(task, one) for one, _ in pairs]
    years = [
        (year_of(task.passages, one), year_of(task.passages, other))
        for (one, other), share in zip(pairs, shares, strict=True)
        if share == max(shares)
    ]
    if not years or not all(0 < to < from_ for to, from_ in years):
        return formula
    return f"{found['open'] or ''}{found['from']} - {found['to']}" + (
        f") / {found['to']} * 100" if found["open"] else ""
    )


def _place(task: Task, places: Sequence[Quote]) -> Quote:
    """Of several the one with most words of the question in its line and over its column."""
    return max(places, key=lambda quote: _shared(task, quote))


def _shared(task: Task, quote: Quote) -> int:
    segment = task.passages.segments[quote.index]
    _, start, end = _line(task, quote)
    around = frozenset(keys(f"{segment.text[start:end]} {column(segment, quote)}"))
    return len(frozenset(keys(task.said)) & around)


def _line(task: Task, quote: Quote) -> tuple[int, int, int]:
    """The passage, and the characters of the line in it, which of a table is a row; of long ones what is near."""
    text = task.passages.segments[quote.index].text
    start, end = text.rfind("\n", 0, quote.start) + 1, text.find("\n", quote.end)
    end = len(text) if end < 0 else end
    if end - start <= 2 * _NEAR:
        return quote.index, start, end
    return quote.index, max(start, quote.start - _NEAR), min(end, quote.end + _NEAR)


def _is_below_nothing(segment: Segment, quote: Quote) -> bool:
    own = (each for each in segment.anchors if each.start <= quote.start and quote.end <= each.end)
    cells = [each for each in own if each.locator.cells is not None]
    return any(_BELOW_NOTHING.fullmatch(segment.text, each.start, each.end) for each in cells)


def _places(task: Task, shown: Sequence[int]) -> dict[str, list[Quote]]:
    """The numbers of the passages as they are written, each with where it stands. Years that the question names say
    of when it asks, and what numbers a row is no number."""
    named = frozenset(_YEAR.findall(task.said))
    found: dict[str, list[Quote]] = {}
    for at in shown:
        text = task.passages.segments[at].text
        for match in _NUMBER.finditer(text):
            if match.group() in named or _ROW.search(text, 0, match.start()):
                continue
            if sum(map(str.isdigit, match.group())) > _MOST_DIGITS:
                continue
            if len(found) < _MOST_NUMBERS or match.group() in found:
                places = found.setdefault(match.group(), [])
                places += [Quote(at, match.start(), match.end(), frozenset())] * (len(places) < _MOST_PLACES)
    return found


def _computed(task: Task, found: _Drawn) -> Computed:
    said = _said(found.value)
    sources = {task.passages.segments[each.index].source for each in found.quotes}
    told = f"{found.formula} {'=' if Fraction(said) == found.value else '≈'} {said}"
    return Computed(
        query=told,
        rows=((said,),),
        quotes=((found.quotes,),),
        told=Segment(source=task.parts[0].id, content=told + _unit(task, found, sources), made_by="tool.arithmetic"),
        of=", ".join(part.name for part in task.parts if part.id in sources) or task.parts[0].name,
        alone=False,
        completion=found.completion,
        how="arithmetic",
    )


def _unit(task: Task, found: _Drawn, sources: Collection[str]) -> str:
    """What the result is in: percent, or what the sources of its numbers, or else the others, say of theirs."""
    segments = task.passages.segments
    behind = [segments[each.index].text[each.end : each.end + 2].strip(" )") for each in found.quotes]
    if found.formula.endswith("* 100") or (behind and all(each.startswith("%") for each in behind)):
        return " percent"
    if "/" in found.formula and not _MEAN.search(task.said):
        return ""
    told = sorted((each for each in segments), key=lambda each: each.source not in sources)
    scales = (_SCALE.search(f"{each.context}\n{each.text}") for each in told)
    return next((f" (in {match[1].lower()}s)" for match in scales if match), "")


def _said(value: Fraction) -> str:
    """With up to three digits behind the point if that is all of it; else two, more for what is nearly nothing."""
    if (value * 1000).denominator == 1:
        text = f"{Decimal(value.numerator) / value.denominator:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    digits = Decimal(f"{float(value):.2f}" if abs(value) >= 1 else f"{float(value):.4g}")
    return f"{digits:f}".rstrip("0").rstrip(".")
