"""Documents: paragraphs of one title set into a PDF, with questions whose answers are spans, as XQuAD has them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omniloom.evaluation.bundles.paper import Paper, can_set, typeset
from omniloom.evaluation.records import json_lines
from omniloom.evaluation.values import Place

_MOST_PAGES = 2


@dataclass(frozen=True)
class Span:
    """A question and its answer as it stands on a page (from 1), from the character `start` on."""

    question: str
    answers: tuple[str, ...]
    page: int
    start: int


@dataclass(frozen=True)
class Document:
    name: str
    paper: Paper
    spans: tuple[Span, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.paper.pages)

    def place(self, span: Span) -> Place:
        return self.words(span.page, span.start, span.answers[0])

    def words(self, page: int, start: int, quote: str) -> Place:
        return Place(self.name, quote, self.paper.locate(page, start, start + len(quote)).fragment)


def documents(data: Path) -> list[Document]:
    """One or two pages each; what Courier cannot write, or no page can hold, is left out."""
    titles: dict[str, dict[str, list[tuple[str, list[str]]]]] = {}
    for each in json_lines(data / "text" / "xquad_en.jsonl"):
        contexts = titles.setdefault(each["title"], {})
        contexts.setdefault(each["context"], []).append((each["question"], each["answers"]))
    found: list[Document] = []
    for title, contexts in titles.items():
        good = [each for each in contexts if can_set(each)]
        for at in range(0, len(good), _MOST_PAGES):
            document = _document(title, good[at : at + _MOST_PAGES], at // _MOST_PAGES, contexts)
            if document.spans:
                found.append(document)
    return found


def _document(
    title: str, paragraphs: Sequence[str], number: int, asked: dict[str, list[tuple[str, list[str]]]]
) -> Document:
    shown = title.replace("_", " ").encode("cp1252", "replace").decode("cp1252")
    paper = typeset(shown, tuple(paragraphs))
    spans: list[Span] = []
    for page, (paragraph, text) in enumerate(zip(paragraphs, paper.pages, strict=True), 1):
        for question, answers in asked[paragraph]:
            answer = " ".join(answers[0].split())
            if (start := _once(text, answer)) >= 0:
                spans.append(Span(question, (answer, *answers[1:]), page, start))
    stem = re.sub(r"\W+", "-", title.encode("ascii", "ignore").decode().lower()).strip("-")
    return Document(f"{stem}-{number + 1}.pdf", paper, tuple(spans))


def _once(text: str, answer: str) -> int:
    """Where the answer stands as words of its own; -1 unless once: else nobody knows which place is meant."""
    places = [match.start() for match in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text)]
    return places[0] if len(places) == 1 else -1
