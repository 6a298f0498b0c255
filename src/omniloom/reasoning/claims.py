"""Turn the text a model writes into sentences that are grounded, one by one, while it is still writing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal
from urllib.parse import quote as url_quote

from omniloom.core.values import Citation, Claim, Confidence, Part
from omniloom.reasoning.absence import says_absent
from omniloom.reasoning.ground import Grounding, Passages, Quote, ground, plainly, pointers, without_pointers
from omniloom.reasoning.naming import Naming, named, spelled, unnamed
from omniloom.reasoning.phrases import phrase
from omniloom.reasoning.recompute import reground
from omniloom.reasoning.sentences import boundary, undecided
from omniloom.reasoning.wording import tokens

Unsupported = Literal["mark", "drop", "abstain"]
MARK = "[?]"
_TAG = re.compile(r"⟨\w{1,3}: ([^⟩]*)⟩")  # how prompts name a source in place; small models echo it
_BULLET = re.compile(r"(?:[-*•]|\d+[.)])(?:\s+|\Z)")
_LEAD = re.compile(r"\s*(?:(?:[-*•]|\d+[.)])\s+)?")
_FIRST_WORDS, _MOST_LETTERS = 6, 26
_EVERY = re.compile(
    r"\b(?:both|all|each|every)\s+(?:of\s+)?(?:the\s+|these\s+)?(?:(?:two|three)\s+)?(?:sources?|files?|documents?)\b"
    r"|\b(?:beiden?|allen?|jede[rs]?)\s+(?:Quellen?|Dateien?|Dokumenten?)\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"\s*`{1,3}(?:\Z|(?<=```))")
_CODE = re.compile(r"\s*```.*?\n[^\S\n]*```[^\S\n]*\n", re.DOTALL)
_HEADING = re.compile(r"#+\s|.*:\Z", re.DOTALL)
_ENDS = tuple(".!?。！？؟।")
_LONGEST_ASSENT = 60
_ASSENT = re.compile(
    r"\W*(?:yes|no|true|false|ja|nein|oui|non|s[ií]|nee|да|нет|是的?|否|不是|はい|いいえ)\W*", re.IGNORECASE
)


@dataclass
class ClaimWriter:
    """Feed it text as it comes; it gives back finished text with `[n]` markers and keeps the Claims.

    Markers count the citations of the whole answer from 1; the same place keeps its number. `absent` counts the
    sentences that say that the sources do not say it: they claim nothing, and are no answer. `said` is the question;
    `naming` says what the prompt calls passages and sources. `written` says which characters of all that was fed each
    claim was made from, by its place among the claims. `dropped` are the sentences that were left out.
    """

    passages: Passages
    parts: Sequence[Part]
    unsupported: Unsupported = "mark"
    said: str = ""
    naming: Naming = field(default_factory=Naming)
    claims: list[Claim] = field(default_factory=list)
    text: str = ""
    absent: int = 0
    written: dict[int, tuple[int, int]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    _buffer: str = ""
    _lettered: bool | None = None  # whether letters can only be those of prompts
    _read: int = 0
    _told: set[tuple[Any, ...]] = field(default_factory=set[tuple[Any, ...]])
    _numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def feed(self, delta: str, within: Sequence[int] | None = None) -> Iterator[str]:
        """Finished pieces of the answer; joined over all calls and `finish` they are `text`."""
        decided = 0 if _FENCE.match(self._buffer) else undecided(self._buffer)
        self._buffer += delta
        while (end := self._complete(decided)) is not None:
            sentence, self._buffer, decided = self._buffer[:end], self._buffer[end:], 0
            yield from self._taken(sentence, within)

    def _complete(self, decided: int) -> int | None:
        """Where the first finished sentence ends; a mere "Yes." belongs to the sentence after it, code is one."""
        if _FENCE.match(self._buffer):
            return match.end() if (match := _CODE.match(self._buffer)) else None
        opening = boundary(self._buffer[:_LONGEST_ASSENT])
        if opening is not None and _ASSENT.fullmatch(self._buffer, 0, opening):
            return boundary(self._buffer, opening, decided)
        return boundary(self._buffer, 0, decided)

    def finish(self, within: Sequence[int] | None = None) -> Iterator[str]:
        sentence, self._buffer = self._buffer, ""
        if sentence.strip():
            yield from self._taken(sentence, within)
        self._told.clear()

    def _taken(self, sentence: str, within: Sequence[int] | None) -> Iterator[str]:
        count, start = len(self.claims), self._read
        end = start + len(sentence.rstrip())
        self._read += len(sentence)
        for piece in self._write(sentence, within):
            if len(self.claims) > count:
                self.written[count] = (start, end)
            yield piece

    def say(self, text: str) -> Iterator[str]:
        """Words of ours that claim nothing, such as a heading."""
        self.text += text
        yield text

    def _write(self, sentence: str, within: Sequence[int] | None) -> Iterator[str]:
        sentence = self.naming.said(sentence)
        body = sentence.strip()
        lead = sentence[: len(sentence) - len(sentence.lstrip())] if body else sentence
        tail = sentence[len(lead) + len(body) :]
        bullet = match.group() if (match := _BULLET.match(body)) else ""
        count = len(self.passages.segments)
        plain = _TAG.sub(r"\1", plainly(body[len(bullet) :], self.passages, self.said))
        told = self._spelled(plain)
        bare = plain if told == plain else unnamed(plain)
        if not self._claims_something(plain):
            self._told.clear()  # under another heading the same is said of something else
            yield from self.say(lead + bullet + told + tail)
            return
        found = ground(bare, pointers(body, count), self.passages, within)
        if not found.supported and within is None:
            found = reground(bare, pointers(body, count), self.passages, self.said) or found
        if within is None:
            found = self._where_it_says(plain, bare, found)
        if says_absent(plain, self._quoted(found)) and not self._gives_numbers(plain):
            self.absent += 1
            yield from self.say(lead + bullet + told + tail)
        elif self._repeats(told, found, bullet):
            lines = tail.count("\n") - (len(self.text) - len(self.text.rstrip("\n")))
            yield from self.say("\n" * lines) if lines > 0 else ()
        elif found.supported or self.unsupported != "drop":
            yield from self._claim(told, found, lead + bullet, tail)
        else:
            self.dropped.append(told)

    def _repeats(self, told: str, found: Grounding, bullet: str) -> bool:
        """Whether a whole sentence stood before in what is fed at once, with the same support. Values, and the rows of
        a table, may well be the same, and numbered points stay in their order."""
        if not found.supported or not told.endswith(_ENDS) or bullet[:1].isdecimal():
            return False
        same = (told, *((each.index, each.start, each.end) for each in found.quotes))
        again = same in self._told
        self._told.add(same)
        return again

    def _spelled(self, plain: str) -> str:
        """With the names of the files in place of the letters that prompts call them by, where no file uses such
        letters itself."""
        if not named(plain):
            return plain
        if self._lettered is None:
            texts = (self.said, *(segment.text for segment in self.passages.segments))
            self._lettered = not any(map(named, texts))
        return spelled(plain, self._letters) if self._lettered else plain

    def _where_it_says(self, plain: str, bare: str, found: Grounding) -> Grounding:
        """A sentence that says which source tells it is supported by that one, or by none; what is said of all sources
        by each of them."""
        letters = named(plain)
        sources = [part.id for part, letter in zip(self.parts, self._letters, strict=False) if letter in letters]
        every = not sources and len(self.parts) > 1 and _EVERY.search(plain) is not None
        for wanted in [[part.id] for part in self.parts] if every else [sources] if sources else []:
            segments = self.passages.segments
            if not found.supported or any(segments[quote.index].source in wanted for quote in found.quotes):
                continue
            own = [at for at, segment in enumerate(segments) if segment.source in wanted]
            there = ground(bare, [], self.passages, own)
            quotes = (*found.quotes, *there.quotes) if every else there.quotes
            found = replace(found, quotes=quotes, supported=there.supported, derived="" if sources else found.derived)
        return found

    @property
    def _letters(self) -> dict[str, str]:
        return {chr(ord("A") + at): part.name for at, part in enumerate(self.parts[:_MOST_LETTERS])}

    def _claims_something(self, plain: str) -> bool:
        """Whether a sentence has words of its own; a heading, or a line that only announces, has none."""
        if _HEADING.match(plain) and not self._gives_numbers(plain):
            return False
        return bool(tokens(plain)) or _ASSENT.fullmatch(plain) is not None

    def _gives_numbers(self, plain: str) -> bool:
        """Whether a sentence has numbers that stand neither in the sources nor in the question."""
        asked = {key for word in tokens(self.said) for key in word.keys}
        return any(
            word.kind == "number" and not ({*word.keys} & (self.passages.known | asked)) for word in tokens(plain)
        )

    def _quoted(self, found: Grounding) -> list[str]:
        """The words that support a claim."""
        segments = self.passages.segments
        return [segments[each.index].text[each.start : each.end] for each in found.quotes if found.supported]

    def _claim(self, plain: str, found: Grounding, before: str, tail: str) -> Iterator[str]:
        citations = tuple(dict.fromkeys(self.cite(each) for each in found.quotes)) if found.supported else ()
        start = len(self.text) + len(before)
        marked = _with_marker(plain, self._marker(citations) if citations else MARK)
        self.claims.append(
            Claim(
                at=(start, start + len(marked)),
                text=plain,
                citations=citations,
                supported=found.supported,
                confidence=Confidence(value=found.coverage, method="lexical_alignment"),
                derived=found.derived,
            )
        )
        yield from self.say(before + marked + tail)

    def compute(self, text: str, quotes: Sequence[Quote], derived: str) -> Iterator[str]:
        """Says a line that was computed from these places, and how."""
        count, found = len(self.claims), Grounding(tuple(quotes), bool(quotes), 1.0, derived)
        yield from self._claim(text, found, "\n" if self.text else "", "")
        self.claims[count] = self.claims[count].model_copy(update={"confidence": None})  # it was not aligned

    def conclude(self, text: str, derived: str) -> Iterator[str]:
        """Says what follows from the question by itself, and how."""
        start = len(self.text)
        self.claims.append(Claim(at=(start, start + len(text)), text=text, supported=True, derived=derived))
        yield from self.say(text)

    def amend(self, old: str, sentence: str) -> Iterator[str]:
        """Says a sentence that takes the place of one that was shown; `old` is its text, "" if it was left out."""
        told = " ".join(old.split()[:_FIRST_WORDS])
        lead = phrase("instead", self.said, old=told) if told else ""
        count = len(self.claims)
        yield from chain(self.say(f"\n{lead}" if self.text else lead), self.feed(sentence), self.finish())
        for at in range(count, len(self.claims)):
            self.written.pop(at, None)  # the answer's completion does not have it

    def rewrite(self, fed: str, sentences: Mapping[int, str]) -> bool:
        """Puts sentences in the place of claims of a text that nobody saw; False, and nothing is changed, if the claims
        would not stay as many. `fed` is all that was fed."""
        for at, new in sorted(sentences.items(), reverse=True):
            start, end = self.written[at]
            lead = match.group() if (match := _LEAD.match(fed, start, end)) else ""
            fed = fed[:start] + lead + new + fed[end:]
        other = ClaimWriter(self.passages, self.parts, self.unsupported, self.said, self.naming)
        for _ in chain(other.feed(fed), other.finish()):
            pass
        if len(other.claims) != len(self.claims):
            return False
        self.text, self.claims, self.absent, self._numbers = other.text, other.claims, other.absent, other._numbers
        self.written = {at: span for at, span in self.written.items() if at not in sentences}
        return True

    def disagree(self, first: Quote, second: Quote) -> Iterator[str]:
        """Says that two sources differ, each in its own words: quotes cannot be misread into agreement."""
        sides: list[str] = []
        citations = (self.cite(first), self.cite(second))
        for citation in citations:
            # A note of the source's own is no marker of ours.
            words = without_pointers(" ".join(citation.quote.split()), len(self.passages.segments))
            sides.append(f"“{words}” {self._marker([citation])}")
        start = len(self.text) + 1
        names = [self._name(citation.source) for citation in citations]
        told = {"first": names[0], "one": sides[0], "second": names[1], "other": sides[1]}
        sentence = phrase("disagree", self.said, **told)
        self.claims.append(Claim(at=(start, start + len(sentence)), text=sentence, citations=citations, supported=True))
        yield from self.say(f"\n{sentence}")

    def has_cited(self, quote: Quote) -> bool:
        """Whether a citation of the answer overlaps these characters."""
        text = self.passages.segments[quote.index].text
        return any(
            citation.segment == quote.index
            and (citation.quote in text[quote.start : quote.end] or text[quote.start : quote.end] in citation.quote)
            for claim in self.claims
            for citation in claim.citations
        )

    def _name(self, source: str) -> str:
        return next((part.name for part in self.parts if part.id == source), source)

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
    def read(self) -> int:
        """How many characters of what was fed are told: those of the sentences that are finished."""
        return self._read

    @property
    def citations(self) -> list[Citation]:
        """The distinct citations of the answer, in the order of their markers."""
        found = {(c.url, c.quote): c for claim in self.claims for c in claim.citations}
        return [found[key] for key in self._numbers if key in found]


def _with_marker(sentence: str, marker: str) -> str:
    """The marker stands before the sentence's last point, in the last cell of a table's row, and below code."""
    if sentence.endswith("```"):
        return f"{sentence}\n{marker}"
    if sentence.startswith("|") and sentence.endswith("|"):
        return f"{sentence[:-1].rstrip()} {marker} |"
    stripped = sentence.rstrip("".join(_ENDS))
    return f"{stripped} {marker}{sentence[len(stripped) :]}"
