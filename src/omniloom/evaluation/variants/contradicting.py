"""A copy of the source that answers, with another answer in it.

It can be made of texts, of delimited tables and of the PDFs of bundles, for samples with one place. The answer in the
copy is of the same kind; `metadata["contradiction"]` has both places and both answers, and both places are wanted.
"""

import csv
import io
import random
import re
from collections.abc import Sequence
from dataclasses import replace

from omniloom.core.locators import Locator, parse_fragment
from omniloom.core.parts import PDF
from omniloom.core.values import Part, Response
from omniloom.evaluation.bundles.paper import can_set, typeset
from omniloom.evaluation.exchange import exchanged
from omniloom.evaluation.parts import free_name, sources, text_of, with_sources, with_text
from omniloom.evaluation.scorers import at_place, distinct
from omniloom.evaluation.values import Place, Sample, Score
from omniloom.reasoning.phrases import says_disagreement

_SAID = re.compile(
    r"(?i)\b(?:disagree|contradict|conflict|inconsisten|discrepan|at odds|do(?:es)? not (?:agree|match)|"
    r"(?:sources|documents|files|they) differ|different (?:answers|values|numbers|figures|dates|names)|whereas)"
)
_TOLD = {"contradiction", "conflict", "disagreement"}


def vary(sample: Sample, seed: int, others: Sequence[Sample] = ()) -> Sample:
    if len(sample.places) != 1 or not sample.target:
        return sample
    place = sample.places[0]
    chance = random.Random(f"{seed} {sample.id} contradicting")  # noqa: S311 - nothing secret
    parts = sources(sample)
    at = next((at for at, part in enumerate(parts) if part.name == place.source), None)
    if at is None:
        return sample
    name = free_name(place.source, (part.name for part in parts))
    made = _copy(parts[at], place, exchanged(place.quote, chance), name, sample)
    if made is None:
        return sample
    copy, other = made
    there = at + chance.randint(0, 1)
    told = {"places": [list(place), list(other)], "answers": [place.quote, other.quote]}
    changed = with_sources(sample, [*parts[:there], copy, *parts[there:]])
    return replace(changed, places=(place, other), metadata={**sample.metadata, "contradiction": told})


def _copy(part: Part, place: Place, other: str, name: str, sample: Sample) -> tuple[Part, Place] | None:
    pages = sample.metadata.get("pages", {}).get(part.name)
    if part.kind == "pdf" and pages:
        return _paper(pages, place, other, name)
    text = text_of(part)
    if text is None or not place.quote:
        return None
    return (_table if part.kind == "table" else _text)(part, text, place, other, name)


def _text(part: Part, text: str, place: Place, other: str, name: str) -> tuple[Part, Place] | None:
    """Every occurrence is exchanged, so that the copy is of one mind."""
    start = (parse_fragment(place.fragment).chars or (0, 0))[0] if place.fragment else 0
    places = [match.start() for match in _whole(place.quote).finditer(text)]
    if not places:
        return None
    nearest = min(range(len(places)), key=lambda at: abs(places[at] - start))
    moved = places[nearest] + nearest * (len(other) - len(place.quote))
    fragment = Locator(chars=(moved, moved + len(other))).fragment
    changed = _whole(place.quote).sub(lambda _: other, text)
    return with_text(part, changed, name), Place(name, other, fragment)


def _table(part: Part, text: str, place: Place, other: str, name: str) -> tuple[Part, Place] | None:
    cells = parse_fragment(place.fragment).cells if place.fragment else None
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if cells is None or len(rows) < cells[0] or len(rows[cells[0] - 1]) < cells[1]:
        return None
    rows[cells[0] - 1][cells[1] - 1] = other
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return with_text(part, out.getvalue(), name), Place(name, other, place.fragment)


def _paper(pages: list[str], place: Place, other: str, name: str) -> tuple[Part, Place] | None:
    title, *texts = pages
    page = parse_fragment(place.fragment).page or 1
    found = _whole(place.quote).search(texts[page - 1])
    changed = tuple(_whole(place.quote).sub(lambda _: other, text) for text in texts)
    if found is None or not all(map(can_set, changed)):
        return None
    paper = typeset(title, changed)
    fragment = paper.locate(page, found.start(), found.start() + len(other)).fragment
    return PDF(paper.data, name=name), Place(name, other, fragment)


def _whole(quote: str) -> "re.Pattern[str]":
    """The words, not as a part of longer ones."""
    return re.compile(rf"(?<!\w){re.escape(quote)}(?!\w)")


def contradiction(sample: Sample, response: Response) -> Score:
    """1 where the answer says that the sources disagree and cites both sides; nothing for samples that are not varied.

    It is said in words, in English or in ours of another language, or by a Loss named so. `contradiction_cited`: both
    sides are cited, said or not.
    """
    told = sample.metadata.get("contradiction")
    if not told:
        return Score({})
    sides = [Place(*each) for each in told["places"]]
    given = distinct(response)
    words = _words(response)
    said = bool(_SAID.search(words)) or says_disagreement(words) or any(loss.kind in _TOLD for loss in response.losses)
    both = all(any(at_place(each, side, response) for each in given) for side in sides)
    values = {
        "contradiction": float(said and both),
        "contradiction_said": float(said),
        "contradiction_cited": float(both),
    }
    return Score(values, words, "" if said and both else f"{told['answers']}: said {said}, cited both {both}")


def _words(response: Response) -> str:
    """The answer without what it quotes: a source may speak of conflicts itself."""
    return re.sub(r"“[^”]*”", "“…”", response.text)


SCORERS = (contradiction,)
