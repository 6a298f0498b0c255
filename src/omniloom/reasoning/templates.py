"""Documents of one template: two invoices, two yearly reports, two months' statements.

They are alike in nearly all they say and speak of two things; what differs in them is no contradiction. They are told
by what identifies a document (a title, a labelled number, date, name or period, the year in a file's name), and by how
much differs: a copy that contradicts says one thing otherwise, a template is filled in anew everywhere.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from omniloom.reasoning.aligned import Sentence, changes, is_number, likeness

_ALIKE = 0.4
_SAME_SHARE = 0.5  # of the shorter source, that has to stand in the other in the same frame
_MOST_CHANGED = 0.1  # of what stands in both
_LEAST_CHANGED = 3
_LONGEST_TITLE = 5  # words: "The bridge was built in 1889" says something, a title names
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
_LABEL = re.compile(
    r"^\W*(?:[\w-]+\s+){0,3}?(?:no|nr|number|date|dated|day|week|month|quarter|year|period|name|customer|client|buyer|"
    r"seller|tenant|patient|student|pupil|employee|member|passenger|policyholder|account|id|ref|reference|subject|"
    r"title|to|from|for|invoice|order|receipt|statement|case|station|sample|serial|version|edition|address|product|"
    r"item|model|nummer|datum|kunde|rechnung|monat|jahr|zeitraum|betreff|numéro|client|mois|fecha|cliente|número)"
    r"\b[^:#.\n]{0,20}(?:[:#№]|\s(?=\d))",
    re.IGNORECASE,
)
# These number a document, or its period; a name, a year or an address may also be what is said of something.
_NUMBERS_IT = re.compile(
    r"\b(?:no|nr|number|id|ref|reference|serial|invoice|order|receipt|statement|account|case|sample|version|edition|"
    r"week|month|quarter|period|nummer|rechnung|monat|zeitraum|numéro|mois|número)\b",
    re.IGNORECASE,
)
_KIND = (
    r"(?:report|statement|invoice|letter|bill|minutes|receipt|certificate|contract|results|summary|review|bulletin|"
    r"newsletter|forecast|budget|survey|bericht|rechnung|rapport|informe|protocol|log|record|sheet|order|notice|policy)"
)
_SAYS_WHAT_IT_IS = re.compile(
    rf"(?i)^\W*(?:this|the|our|dear)?\s*(?:[\w-]+\s+){{0,5}}?{_KIND}\b|^\W*dear\b|"
    r"\bfor the (?:\w+ )?(?:year|month|quarter|period|week)\b"
)


def speak_of_two(first: Sequence[Sentence], second: Sequence[Sentence], names: tuple[str, str]) -> bool:
    """Whether two sources are documents of one template. names: of their files."""
    pairs = list(_pairs(first, second))
    differ = [(left, right) for left, right in pairs if left.plain != right.plain]
    if not differ or len(pairs) < _SAME_SHARE * min(len(first), len(second)):
        return False
    years = [frozenset(_YEAR.findall(name)) for name in names]
    if all(years) and not years[0] & years[1]:
        return True
    named = any(left.plain == right.plain and _label(left) for left, right in pairs)
    only = len(differ) == 1
    if any(_identifies(left, first, only, named) and _identifies(right, second, only, named) for left, right in differ):
        return True
    if len(differ) == len(pairs):  # nothing is the same in both: two texts of one subject
        return False
    distinct = {change for left, right in differ for change in changes(left, right)}
    return len(distinct) >= _LEAST_CHANGED and len(distinct) > _MOST_CHANGED * len(pairs)


def _pairs(first: Sequence[Sentence], second: Sequence[Sentence]) -> Iterator[tuple[Sentence, Sentence]]:
    """The sentences that stand in the same frame in both, in order."""
    one, other = [_frame(each) for each in first], [_frame(each) for each in second]
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal" or (tag == "replace" and b - a == d - c):
            for left, right in zip(first[a:b], second[c:d], strict=True):
                if tag == "equal" or likeness(left, right) >= _ALIKE:
                    yield left, right


def _frame(sentence: Sentence) -> str:
    """What is left of a sentence without its numbers, dates and names; a row of a table as it is."""
    if sentence.row:
        return sentence.plain
    words = [
        "#" if is_number(word) or (at and raw[0].isupper()) or any(map(str.isdecimal, word)) else word
        for at, (word, raw) in enumerate(zip(sentence.words, sentence.raw, strict=True))
    ]
    return re.sub(r"#(?: #)+", "#", " ".join(words))


def _label(sentence: Sentence) -> str:
    """The name of the labelled field that a sentence is, "" if it is none."""
    label = None if sentence.row else _LABEL.search(sentence.text)
    # "In the year 1848 it was built." is no field
    return label.group() if label and (not _is_whole(sentence) or label.group()[-1:] in ":#№") else ""


def _is_whole(sentence: Sentence) -> bool:
    return sentence.text.rstrip()[-1:] in ".!?。"


def _identifies(sentence: Sentence, source: Sequence[Sentence], only: bool, named: bool) -> bool:
    """Whether a sentence says which document this is: a title, a labelled field, or what it says of itself.

    only: it is all that differs. Then a title may be a fact; and so may a field of what another field names.
    """
    if sentence.row:
        return False
    if label := _label(sentence):
        return not (only and named) or _NUMBERS_IT.search(label) is not None
    if sentence not in source[:2]:
        return False
    title = not only and not _is_whole(sentence) and len(sentence.words) <= _LONGEST_TITLE
    return title or _SAYS_WHAT_IT_IS.search(sentence.text) is not None
