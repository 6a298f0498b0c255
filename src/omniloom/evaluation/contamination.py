"""Whether a model may have seen a sample before: its text stands in a prompt of ours, or in what it was trained on.

As GPT-3's authors (Brown et al., 2020) and lm-eval do it: 13 words in a row that stand in both, letter case and
punctuation apart; of a shorter question all of its words.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import omniloom
from omniloom.core.errors import UsageError
from omniloom.evaluation.values import Sample

WORDS = 13
_FEWEST = 4  # words of a question below which it may stand anywhere
_PROMPTING = ("reasoning", "outputs", "runtime")  # rooms that write what a model reads
_WORD = re.compile(r"[^\W_]+")


def contaminated(samples: Sequence[Sample], trained_on: Sequence[Path] = ()) -> list[str]:
    """The ids of the samples of which that is so, in order. Raises UsageError for a file that cannot be read."""
    wanted: dict[tuple[str, ...], set[str]] = {}
    for sample in samples:
        for gram in grams(sample):
            wanted.setdefault(gram, set()).add(sample.id)
    lengths = sorted({len(gram) for gram in wanted})
    found: set[str] = set()
    for text in (*prompts(), *(text for path in trained_on for text in texts_of(path))):
        told = words(text)
        for length in lengths:
            for at in range(len(told) - length + 1):
                found |= wanted.get(tuple(told[at : at + length]), set())
    return [sample.id for sample in samples if sample.id in found]


def grams(sample: Sample) -> set[tuple[str, ...]]:
    """The word sequences to look for: of the question, and of the sources that are text in memory."""
    texts = [each if isinstance(each, str) else _inline(each) for each in sample.inputs]
    found = {gram for text in texts for gram in _runs(words(text), WORDS)}
    question = words(sample.question)
    if _FEWEST <= len(question) < WORDS:
        found.add(tuple(question))
    return found


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(told: list[str], length: int) -> Iterator[tuple[str, ...]]:
    for at in range(len(told) - length + 1):
        yield tuple(told[at : at + length])


def _inline(part: Any) -> str:
    if part.kind != "text":
        return ""
    return part.text if part.text is not None else (part.data or b"").decode("utf-8", "replace")


@cache
def prompts() -> tuple[str, ...]:
    """Every text in the code of the rooms that write prompts."""
    root = Path(omniloom.__file__).parent
    files = [path for room in _PROMPTING for path in sorted((root / room).rglob("*.py"))]
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in files)
    nodes = (node for tree in trees for node in ast.walk(tree))
    return tuple(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a fine-tuning file: every string of JSON lines, or the file as it is."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            if path.suffix not in (".jsonl", ".json"):
                yield file.read()
                return
            lines: Iterable[str] = file if path.suffix == ".jsonl" else [file.read()]
            for line in lines:
                if line.strip():
                    yield from _strings(json.loads(line))
    except (OSError, ValueError) as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error}", hint="text, or JSON lines, in UTF-8") from error


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
