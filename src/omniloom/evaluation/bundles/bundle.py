"""A bundle: three or four sources that lie side by side, drawn by a seed."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from omniloom.core.errors import UsageError
from omniloom.core.parts import PDF, Audio, Image, Table
from omniloom.core.values import Part
from omniloom.evaluation.bundles.documents import Document, documents
from omniloom.evaluation.bundles.receipts import Receipt, receipts
from omniloom.evaluation.bundles.spoken import Passage, Voices
from omniloom.evaluation.bundles.tables import Sheet, sheets

_NEEDED = ("text/xquad_en.jsonl", "tables/wtq.jsonl", "tables/tatqa.json", "images/sroie.jsonl", "audio/digits.jsonl")


@dataclass(frozen=True)
class Bundle:
    """Up to one source of each kind; `chance` below is always made of `id`, so that a bundle asks the same alone."""

    id: str
    document: Document
    table: Sheet | None
    receipt: Receipt | None
    passage: Passage | None

    @property
    def members(self) -> "tuple[Document | Sheet | Receipt | Passage, ...]":
        return tuple(each for each in (self.document, self.table, self.receipt, self.passage) if each is not None)

    def parts(self) -> list[Part]:
        """The sources in the order of their kinds."""
        found: list[Part] = [PDF(self.document.paper.data, name=self.document.name)]
        if self.table:
            found.append(Table(self.table.data, name=self.table.name))
        if self.receipt:
            found.append(Image(self.receipt.data, name=self.receipt.name))
        if self.passage:
            found.append(Audio(self.passage.data, name=self.passage.name))
        return found

    def says(self, answer: str) -> bool:
        """Whether these words stand in any of the sources, as words of their own, in whatever case."""
        wanted = r"\W+".join(re.escape(word) for word in re.findall(r"\w+", answer))
        text = "\n".join(each.text for each in self.members)
        return not wanted or re.search(rf"(?i)(?<!\w){wanted}(?!\w)", text) is not None


def bundles(data: Path, seed: int) -> Iterator[Bundle]:
    """As many as there are receipts; each receipt, and as far as they last each document and table, is used once.

    Every fourth lacks one source. Raises UsageError for a folder without the files that bundles are made of.
    """
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    papers, tables, bills, voices = _read(data)
    for each in (papers, tables, bills):
        chance.shuffle(each)
    if not (papers and tables and bills):
        raise UsageError(f"{str(data)!r} has no questions that a bundle can be made of", hint="see the data's README")
    for number, receipt in enumerate(bills):
        left_out = number // 4 % 3 if number % 4 == 3 else -1
        passage = voices.draw(number, chance)
        yield Bundle(
            id=f"bundle-{number:03}",
            document=papers[number % len(papers)],
            table=None if left_out == 0 else tables[number % len(tables)],
            receipt=None if left_out == 1 else receipt,
            passage=None if left_out == 2 else passage,
        )


def _read(data: Path) -> tuple[list[Document], list[Sheet], list[Receipt], Voices]:
    missing = [name for name in _NEEDED if not (data / name).is_file()]
    if missing:
        raise UsageError(f"{str(data)!r} has no {', '.join(missing)}", hint="give a folder of the form of the data")
    try:
        return documents(data), sheets(data), receipts(data), Voices(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "the README of the data says what its files hold"
        raise UsageError(f"{str(data)!r} is not of the form: {error!r}", hint=hint) from error
