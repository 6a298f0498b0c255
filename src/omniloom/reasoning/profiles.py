"""What the description of a table's columns lends to a claim, so that it counts as support only for what it tells.

"Amount: numbers, 9 distinct, min $75.25, max $310.00" tells how many there are, which no other 9 is: a claim has it
where its own number counts something. The first and the last of texts it tells as ends of a range: a claim has them
where it gives both, or calls one the least or the greatest.
"""

import re
from collections.abc import Sequence

from omniloom.reasoning.wording import Word, keys, tokens

MADE_BY = "table.profile"
_LINE = re.compile(
    r"^(?P<name>.*): (?P<kind>[a-z ]+), (?:about )?(?P<distinct>\d+ distinct), min (?P<low>.*?), max (?P<high>.*?)"
    r"(?P<others>, \d+ not)?(?P<empty>, \d+ empty)?(?:, sum \S+)?$",
    re.MULTILINE,
)
_ROWS = re.compile(r"\A(?P<rows>\d+ rows?), (?P<columns>\d+ columns?)")
_MORE = re.compile(r"^(?P<columns>\d+ more columns)", re.MULTILINE)
_WORDED = ("text", "true or false")
_COUNTS = frozenset({"rows", "columns", "distinct", "others", "empty"})
_ENDS = re.compile(r"(?i)\b(?:min|max)")
_LABELS = frozenset(keys("row column"))


def refused(text: str, claim: str) -> list[tuple[int, int]]:
    """The spans of a description that tell nothing of what the claim says."""
    lines = list(_LINE.finditer(text))
    free, counting = _numbers(claim, _LABELS.union(*(keys(line["name"]) for line in lines)))
    said = frozenset(keys(claim))
    found: list[tuple[int, int]] = []
    for match in (*_ROWS.finditer(text), *_MORE.finditer(text), *lines):
        for name in match.re.groupindex.keys() & _COUNTS:
            number, *what = keys(match[name] or "0")
            if number not in counting and not (number in free and said.intersection(what)):
                found.append(match.span(name))
        if match.re is _LINE and match["kind"] in _WORDED and not _tells_ends(match, claim, said):
            found += [match.span("low"), match.span("high")]
    return found


def _tells_ends(line: re.Match[str], claim: str, said: frozenset[str]) -> bool:
    return _ENDS.search(claim) is not None or all(said.intersection(keys(line[end])) for end in ("low", "high"))


def _numbers(claim: str, names: frozenset[str]) -> tuple[set[str], set[str]]:
    """Those of a claim that are no labels, as in "row 9", or in "order 9" of a table with a column of that name; and
    those of them that count what the word right behind them says: one with a unit measures."""
    content = {word.start for word in tokens(claim) if word.kind in ("word", "name")}
    free, counting = set[str](), set[str]()
    words = tokens(claim, stop_words=True)
    for at, word in enumerate(words):
        before, behind = words[at - 1 : at], words[at + 1 : at + 2]
        label = any(each.key in names and claim[each.end : word.start] == " " for each in before)
        if word.kind == "number" and not label:
            free.update(word.keys)
            if any(each.start in content and claim[word.end : each.start] in (" ", "-") for each in behind):
                counting.update(word.keys)
    return free, counting


def lent(words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> list[Word]:
    """The words without those that stand in the spans."""
    return [word for word in words if not any(start <= word.start < end for start, end in spans)]
