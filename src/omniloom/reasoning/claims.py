"""Turn the text a model writes into sentences that are grounded, one by one, while it is still writing."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote as url_quote

from omniloom.core.values import Citation, Claim, Confidence, Part
from omniloom.reasoning.ground import Passages, Quote, ground, pointers, without_pointers
from omniloom.reasoning.wording import tokens

Unsupported = Literal["mark", "drop", "abstain"]
MARK = "[?]"
_COMPLETE = re.compile(r"(?:[.!?。！？][\"”’)*]*(?:\s*\[[\d,;\s–-]+\])*\s+(?=[^\s\[])|\n+)")
_TAG = re.compile(r"⟨\w{1,3}: ([^⟩]*)⟩")  # how prompts name a source in place; small models echo it
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s+|^#+\s+")


@dataclass
class ClaimWriter:
    """Feed it text as it comes; it gives back finished text with `[n]` markers and keeps the Claims.

    Markers count the citations of the whole answer from 1; the same place keeps its number.
    """

    passages: Passages
    parts: Sequence[Part]
    unsupported: Unsupported = "mark"
    claims: list[Claim] = field(default_factory=list)
    text: str = ""
    _buffer: str = ""
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def feed(self, delta: str, within: Sequence[int] | None = None) -> Iterator[str]:
        """Finished pieces of the answer; joined over all calls and `finish` they are `text`."""
        self._buffer += delta
        while match := _COMPLETE.search(self._buffer):
            sentence, self._buffer = self._buffer[: match.end()], self._buffer[match.end() :]
            yield from self._write(sentence, within)

    def finish(self, within: Sequence[int] | None = None) -> Iterator[str]:
        sentence, self._buffer = self._buffer, ""
        if sentence.strip():
            yield from self._write(sentence, within)

    def say(self, text: str) -> Iterator[str]:
        """Words of ours that claim nothing, such as a heading."""
        self.text += text
        yield text

    def _write(self, sentence: str, within: Sequence[int] | None) -> Iterator[str]:
        body = sentence.strip()
        lead = sentence[: len(sentence) - len(sentence.lstrip())]
        tail = sentence[len(sentence.rstrip()) :]
        bullet = match.group() if (match := _BULLET.match(body)) else ""
        plain = _TAG.sub(r"\1", without_pointers(body[len(bullet) :]))
        if not self._claims_something(plain):
            yield from self.say(lead + bullet + plain + tail)
            return
        found = ground(plain, pointers(body), self.passages, within)
        if not found.supported and self.unsupported == "drop":
            return
        citations = tuple(dict.fromkeys(self.cite(each) for each in found.quotes)) if found.supported else ()
        start = len(self.text) + len(lead) + len(bullet)
        marked = _with_marker(plain, self._marker(citations) if citations else MARK)
        self.claims.append(
            Claim(
                at=(start, start + len(marked)),
                text=plain,
                citations=citations,
                supported=found.supported,
                confidence=Confidence(value=found.coverage, method="lexical_alignment"),
            )
        )
        yield from self.say(lead + bullet + marked + tail)

    def disagree(self, first: Quote, second: Quote) -> Iterator[str]:
        """Says that two sources differ, each in its own words: quotes cannot be misread into agreement."""
        sides: list[str] = []
        citations = (self.cite(first), self.cite(second))
        for citation in citations:
            words = " ".join(citation.quote.split())
            sides.append(f"{self._name(citation.source)} says “{words}” {self._marker([citation])}")
        start = len(self.text) + 1
        sentence = f"The sources disagree: {sides[0]}, but {sides[1]}."
        self.claims.append(Claim(at=(start, start + len(sentence)), text=sentence, citations=citations, supported=True))
        yield from self.say(f"\n{sentence}")

    def has_cited(self, quote: Quote) -> bool:
        """Whether a citation of the answer overlaps these characters."""
        text = self.passages.segments[quote.index].text
        return any(
            citation.segment == quote.index
            and (citation.quote in text[quote.start : quote.end] or text[quote.start : quote.end] in citation.quote)
            for citation in self.citations
        )

    def _name(self, source: str) -> str:
        return next((part.name for part in self.parts if part.id == source), source)

    @staticmethod
    def _claims_something(text: str) -> bool:
        words = tokens(text)
        return bool(words) and not text.endswith(":") and (len(words) > 1 or words[0].kind == "number")

    def cite(self, quote: Quote) -> Citation:
        """The Citation of a quote: its finest known place, and the URL that opens it."""
        segment = self.passages.segments[quote.index]
        locator = segment.locate(quote.start, quote.end)
        return Citation(
            source=segment.source,
            locator=locator,
            quote=segment.text[quote.start : quote.end],
            url=url_quote(self._name(segment.source)) + (f"#{locator.fragment}" if locator.fragment else ""),
            segment=quote.index,
        )

    def _marker(self, citations: Sequence[Citation]) -> str:
        for citation in citations:
            self._numbers.setdefault((citation.url, citation.quote), len(self._numbers) + 1)
        return "".join(f"[{self._numbers[citation.url, citation.quote]}]" for citation in citations)

    @property
    def citations(self) -> list[Citation]:
        """The distinct citations of the answer, in the order of their markers."""
        found = {(c.url, c.quote): c for claim in self.claims for c in claim.citations}
        return [found[key] for key in self._numbers if key in found]


def _with_marker(sentence: str, marker: str) -> str:
    """The marker stands before the sentence's last point."""
    stripped = sentence.rstrip(".!?。！？")
    return f"{stripped} {marker}{sentence[len(stripped) :]}"
