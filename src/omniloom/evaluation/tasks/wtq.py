"""WikiTableQuestions (Pasupat & Liang, 2015): questions over a table of Wikipedia, most of which need a computation.

The folder: `tables/wtq.jsonl` (id, question, table, answers) and the tables as CSV in `tables/wtq`.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.parts import Table
from omniloom.core.values import Response
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.scorers import absent, verbatim
from omniloom.evaluation.values import Metric, Sample, Score, Scorer

FAMILY = "compute"
CORRECT = "exact"
_SAID = "the answer: a name, a number, a date or a few words; only if several are asked for, with ; between"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "description": _SAID, "maxLength": 800}},
    "required": ["answer"],
    "additionalProperties": False,
}
_WORDS = "zero one two three four five six seven eight nine ten eleven twelve".split()
_MONTHS = "january february march april may june july august september october november december".split()
_MONTH = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]}|t?)' for name in _MONTHS)})\.?"
_DAY, _YEAR = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?", r"(?P<year>\d{4})"
_DATES = [
    re.compile(form)
    for form in (
        rf"{_DAY} {_MONTH}(?:,? {_YEAR})?",
        rf"{_MONTH} {_DAY}(?:,? {_YEAR})?",
        rf"{_MONTH},? {_YEAR}",
        r"(?P<year>\d{4}|xxxx|xx)-(?P<number>[01]?\d|xx)-(?P<day>[0-3]?\d|xx)",
    )
]
_NUMBER = re.compile(r"[$€£¥]?\s?(?P<number>[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?)\s?%?")


def samples(data: Path) -> Iterator[Sample]:
    folder = data / "tables"
    for record in json_lines(folder / "wtq.jsonl"):
        answers = tuple(record["answers"])
        yield Sample(
            id=record["id"],
            question=record["question"],
            inputs=(record["question"], Table(folder / "wtq" / record["table"])),
            target=("; ".join(answers),),
            group=record["table"],
            options={"schema": SCHEMA, "max_output_tokens": 300},
            metadata={"answers": answers},
        )


def exact(sample: Sample, response: Response) -> Score:
    """1 if there are as many different answers as are wanted, and each wanted one is among them.

    As the data set's own evaluator compares, except that it takes how a wanted answer is to be understood from
    Stanford CoreNLP, and this from the answer's form. Units count: "46" is not "46 years".
    """
    given = answers(response)
    right = same(sample.metadata["answers"], given)
    return Score({"exact": float(right)}, "; ".join(given), "" if right else f"wanted {sample.target[0]!r}")


def answers(response: Response) -> list[str]:
    """Those of the JSON, or the lines of a text; none of who abstains."""
    if response.abstained:
        return []
    if isinstance(response.data, dict):
        return [each.strip() for each in str(response.data.get("answer") or "").split(";") if each.strip()]
    return [line.strip(" -*\t") for line in response.text.splitlines() if line.strip()]


def same(wanted: Sequence[str], given: Sequence[str]) -> bool:
    if len(set(map(_value, wanted))) != len(set(map(_value, given))):
        return False
    return all(any(_match(target, each) for each in given) for target in wanted)


def _value(text: str) -> Any:
    found = meaning(text)
    return plain(text) if found is None else found


def plain(text: str) -> str:
    """Without accents, marks of footnotes, what stands in brackets behind, outermost quotes and a final full stop."""
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn")
    for class_, mark in (("‘’´`", "'"), ("“”", '"'), ("‐‑‒–—−", "-")):
        text = re.sub(f"[{class_}]", mark, text)
    before = None
    while text != before:
        before = text
        text = re.sub(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*\Z", "", text.strip())
        text = re.sub(r"(?<!^)( \([^)]*\))*\Z", "", text.strip())
        text = re.sub(r'^"([^"]*)"\Z', r"\1", text.strip())
    return " ".join(text.removesuffix(".").lower().split())


def meaning(text: str) -> Any:
    """A number (a year is one), or a date as (year, month, day) with None for what is not said; None for words."""
    text = plain(text)
    if text in _WORDS:
        return float(_WORDS.index(text))
    if (match := _NUMBER.fullmatch(text)) and match["number"].strip("+-"):
        return float(match["number"].replace(",", ""))
    for form in _DATES:
        if match := form.fullmatch(text):
            return _date(match.groupdict())
    return None


def _date(fields: Mapping[str, str | None]) -> Any:
    month, (year, number, day) = fields.get("month"), (_whole(fields.get(key)) for key in ("year", "number", "day"))
    if month:
        number = next(at for at, name in enumerate(_MONTHS, start=1) if name.startswith(month[:3]))
    return float(year) if year and not number and not day else (year, number, day)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _match(wanted: str, given: str) -> bool:
    if plain(wanted) == plain(given):
        return True
    one, other = meaning(wanted), meaning(given)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 1e-6
    return one is not None and one == other


SCORERS: Sequence[Scorer] = (exact, verbatim, absent)
METRICS: Mapping[str, Metric] = {}
