"""TAT-QA (Zhu et al., 2021): a table of a financial report and the paragraphs around it; spans, sums, ratios, counts.

The folder: `tables/tatqa.json`, pages as the data set has them. The table is given as CSV, the paragraphs as one text.
"""

import csv
import io
import json
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omniloom.core.locators import Locator
from omniloom.core.parts import Table, Text
from omniloom.core.values import Part, Response
from omniloom.evaluation.records import text_of
from omniloom.evaluation.scorers import absent, placed, verbatim
from omniloom.evaluation.values import Metric, Place, Sample, Score, Scorer

FAMILY = "compute"
CORRECT = "exact"
SCALES = {"none": 1.0, "percent": 0.01, "thousand": 1e3, "million": 1e6, "billion": 1e9}
_ITEM = {"type": "string", "description": "number or words of the source, without the scale", "maxLength": 300}
SCHEMA = {
    "type": "object",
    "properties": {
        "answers": {"type": "array", "items": _ITEM, "minItems": 1, "maxItems": 12},
        "scale": {"enum": list(SCALES), "description": "what the numbers are in"},
    },
    "required": ["answers", "scale"],
    "additionalProperties": False,
}
_TABLE, _PAGE = "table.csv", "page.txt"
_MARKS = str.maketrans("", "", "'\"\\$€£¥%(),[]")


def samples(data: Path) -> Iterator[Sample]:
    for page in json.loads(text_of(data / "tables" / "tatqa.json")):
        rows: list[list[str]] = page["table"]["table"]
        paragraphs: list[dict[str, Any]] = page["paragraphs"]
        sources = _sources(rows, [each["text"] for each in paragraphs])
        for record in page["questions"]:
            listed = record["answer"] if isinstance(record["answer"], list) else [record["answer"]]
            answers = tuple(text for each in listed if (text := str(each).strip()))
            scale = record["scale"] or "none"
            yield Sample(
                id=record["uid"],
                question=record["question"],
                inputs=(record["question"], *sources),
                target=("; ".join(answers) + ("" if scale == "none" else f" ({scale})"),),
                places=tuple(_places(record, answers, rows, paragraphs)),
                group=page["table"]["uid"],
                options={"schema": SCHEMA, "max_output_tokens": 300},
                metadata={"answers": answers, "scale": scale, "type": record["answer_type"]},
            )


def compared(sample: Sample, response: Response) -> Score:
    """As the data set's own evaluation, but that "(1,234)" is negative as "(123)" is, and the order of items is free:
    `exact` where all items are the same, numbers times their scale; `f1` over the different words and numbers, which
    for sums and counts is `exact`; `scale`; and `arithmetic`, the `exact` of what is to be computed."""
    given, scale = _given(response, sample.metadata["scale"])
    wanted = items(sample.metadata["answers"], sample.metadata["scale"])
    found = [items(given, scale)]
    if len(given) == 1 and scale == "none" and "%" not in given[0] and (number := figure(given[0])) is not None:
        found.append([[f"{number:.4f}"]])  # 0.2342 is 23.42 percent
    exact = float(bool(given) and any(sorted(each) == sorted(wanted) for each in found))
    f1 = exact if sample.metadata["type"] in ("arithmetic", "count") else max(_f1(each, wanted) for each in found)
    said = "; ".join(given) + ("" if scale == "none" else f" ({scale})")
    values = {"exact": exact, "f1": f1, "scale": float(bool(given) and scale == sample.metadata["scale"])}
    values |= {"arithmetic": exact} if sample.metadata["type"] == "arithmetic" else {}
    return Score(values, said, "" if exact else f"wanted {sample.target[0]!r}")


def items(answers: Sequence[str], scale: str) -> list[list[str]]:
    """The words of each answer that holds any; of a number the number times its scale."""
    found: list[list[str]] = []
    for answer in answers:
        number = figure(answer)
        if number is None:
            found.append(words(answer) + ([scale] if scale != "none" else []))
        else:
            found.append([f"{number if '%' in answer else round(number, 2) * SCALES[scale]:.4f}"])
    return [each for each in found if each]


def words(text: str) -> list[str]:
    """Lower case, without punctuation and articles; a number stands as its value."""
    found: list[str] = []
    for token in text.lower().split():
        number = figure(token)
        plain = "".join(c for c in token if c not in string.punctuation) if number is None else f"{number:.4f}"
        found += [plain] if plain not in ("", "a", "an", "the") else []
    return found


def figure(text: str) -> float | None:
    """What a number amounts to, with its sign (brackets are one), percent sign and a scale behind it; else None."""
    tokens = text.translate(_MARKS).replace("−", "-").lower().split()
    if not tokens or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", tokens[0]):
        return None
    scale = next((value for name, value in SCALES.items() if len(tokens) > 1 and name in tokens[1]), 1.0)
    if len(tokens) > 1 and scale == 1:
        return None
    negative = -1.0 if re.search(r"\([\d.,\s$€£¥]+\)", text) else 1.0
    return round(float(tokens[0]) * scale * negative * (0.01 if re.search(r"[\d.\s]%", text) else 1.0), 4)


def _f1(given: Sequence[Sequence[str]], wanted: Sequence[Sequence[str]]) -> float:
    one, other = ({word for item in side for word in item} for side in (given, wanted))
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _given(response: Response, unasked: str) -> tuple[list[str], str]:
    """None of who abstains. Who gives one `answer` was not asked for a scale: it is `unasked`."""
    data = response.data
    if response.abstained or not isinstance(data, dict):
        return [text for text in (response.text.strip(),) if text and not response.abstained], "none"
    listed = data.get("answers", [data["answer"]] if data.get("answer") else []) or []
    return [str(each) for each in listed], str(data.get("scale") or ("none" if "answers" in data else unasked))


def _sources(rows: Sequence[Sequence[str]], paragraphs: Sequence[str]) -> tuple[Part, Part]:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return Table(file.getvalue().encode(), name=_TABLE), Text("\n\n".join(paragraphs).encode(), name=_PAGE)


def _places(
    record: Mapping[str, Any], answers: Sequence[str], rows: Sequence[Sequence[str]], paragraphs: Sequence[Any]
) -> Iterator[Place]:
    """The cell of each span that stands in one cell alone, then the related paragraphs."""
    spans = answers if "span" in record["answer_type"] else ()
    for span in spans if "table" in record["answer_from"] else ():
        cells = [(r, c) for r, row in enumerate(rows, 1) for c, cell in enumerate(row, 1) if cell.strip() == span]
        if len(cells) == 1:
            yield Place(_TABLE, span, Locator(cells=(*cells[0], *cells[0])).fragment)
    start = 0
    for paragraph in paragraphs:
        text = paragraph["text"]
        if str(paragraph["order"]) in record["rel_paragraphs"]:
            quote = next((span for span in spans if span in text), text)
            yield Place(_PAGE, quote, Locator(chars=(start, start + len(text))).fragment)
        start += len(text) + 2


SCORERS: Sequence[Scorer] = (compared, verbatim, placed, absent)
METRICS: Mapping[str, Metric] = {}
