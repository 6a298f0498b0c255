"""What a prompt calls passages and sources, and what they are called in the user's order.

A prompt may show sources in another order than the user gave them (docs/decisions/0007). What the model says with
numbers and letters is put into the user's order before anything else looks at it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from omniloom.reasoning.ground import renumbered

_SOURCE = r"(?:[Ss]ources?|SOURCES?|Quellen?|[Ff]uentes?|[Ff]onti|[Ff]ontes?|[Bb]ron(?:nen)?|[Źź]ród\w+|[Ии]сточник\w*)"
_PASSAGE = r"(?:[Pp]assages?|PASSAGES?|Passagen?|[Pp]asajes?|[Pp]assage[mn]s?|[Pp]assagg\w|[Фф]рагмент\w*)"
_EAST = {"source": "(?:来源|來源|资料|資料|ソース|출처)", "passage": "(?:段落|パッセージ|단락)"}
_LETTER, _NUMBER = r"[A-L](?![0-9A-Za-zÀ-ɏ])", r"\d{1,4}(?![0-9A-Za-z%])"
_TO = r"(?:\s*[–-]\s*|\s+(?:to|through|bis|à)\s+)"
_AND = rf"(?:{_TO}|\s*[,/&]\s*|,?\s+(?:and|or|und|oder|et|ou|y|o|e|en|i|и|或|和|と)\s+)"
_MENTION = re.compile(
    rf"(?:(?P<source>(?<!\w){_SOURCE}\s+|{_EAST['source']}\s*)|(?P<passage>(?<!\w){_PASSAGE}\s+|{_EAST['passage']}\s*))"
    rf"(?P<names>\**(?:{_LETTER}(?:{_AND}{_LETTER})*|{_NUMBER}(?:{_AND}{_NUMBER})*))|(?P<shown>⟨)(?P<letter>[A-L])(?=:)"
)
_ONE = re.compile(rf"(?P<first>\d+){_TO}(?P<last>\d+)|(?P<from>[A-L]){_TO}(?P<until>[A-L])|\d+|[A-L]")
_POINTED = re.compile(r"\[\d")
_WIDEST = 50
# Words that count: what they count may be the sources in the user's order. Too many cost time, one too few is an error.
_COUNTS = re.compile(
    r"\b(?:first|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|latter|former|next|previous|preceding|"
    r"following|above|below|\d+(?:st|nd|rd|th)|order(?:ed)?|letters?|numbered|passages?|"
    r"erste[nrsm]?|zweite[nrsm]?|dritte[nrsm]?|vierte[nrsm]?|(?:vor)?letzte[nrsm]?|nächste[nrsm]?|vor(?:her)?ige[nrsm]?|"
    r"obige[nrsm]?|folgende[nrsm]?|reihenfolge|buchstaben?|"
    r"premi[eè]re?s?|deuxièmes?|second[aeo]s?|troisièmes?|derni[eè]re?s?|suivante?s?|précédente?s?|"
    r"primer[oa]?s?|segund[oa]s?|tercer[oa]?s?|[uú]ltim[oaie]s?|siguientes?|anterior(?:es)?|"
    r"primeir[oa]s?|terceir[oa]s?|prim[oa]|terz[oa]|"
    r"eerste|tweede|derde|laatste|vorige|volgende|birinci|ikinci|üçüncü|son|"
    r"pierwsz\w*|drug[aiąe]\w*|trzeci\w*|ostatni\w*|перв\w*|втор\w*|трет\w*|последн\w*|предыдущ\w*|следующ\w*|"
    r"πρώτ\w*|δεύτερ\w*|τρίτ\w*|τελευταί\w*|đầu tiên|thứ \w+|cuối)\b|(?<!per )(?<!a )(?<!each )\bsecond\b|"
    r"\b(?:documents?|files?|sources?|papers?|texts?|reports?|images?|pictures?|attachments?|tables?|"
    r"dokumente?|dateie?n?|quellen?|fichiers?|archivos?|documentos?|fuentes?)\s*#?\s*(?:\d|(?-i:[A-L])\b)|"
    r"第\s*[一二三四五六七八九十\d]|前者|[后後]者|[上下]一|最[后後初]|首[个個先]|番目|[一二三四五六七八九十\d]つ目|"
    r"첫|번째|마지막|[전후]자|الأول|الثاني|الثالث|الأخير|पहल|दूसर|तीसर|अंतिम|แรก|ที่สอง|ที่สาม|สุดท้าย",
    re.IGNORECASE,
)
_FIELD = re.compile(r"source|passage|citation|reference|quelle|fuente|fonte|источник|来源|出典|출처", re.IGNORECASE)


@dataclass(frozen=True)
class Naming:
    """passages: the prompt's number → the user's. sources: the prompt's letter → the user's. Both empty: the same."""

    passages: Mapping[int, int] = field(default_factory=dict[int, int])
    sources: Mapping[str, str] = field(default_factory=dict[str, str])

    def said(self, text: str) -> str:
        """What a model said, as the user counts: its pointers, and "Source B" and "passage 3" in words."""
        if not self.sources:
            return text
        return _renamed(renumbered(text, self.passages), self.passages, self.sources)

    def asked(self, text: str) -> str:
        """Words of `said` as the prompt counts; numbers in brackets are citations by then, and stay."""
        if not self.sources:
            return text
        passages = {theirs: ours for ours, theirs in self.passages.items()}
        return _renamed(text, passages, {theirs: ours for ours, theirs in self.sources.items()})


def named(text: str) -> frozenset[str]:
    """The letters of the sources that a text speaks of."""
    return frozenset(letter for match in _MENTION.finditer(text) if match["source"] for letter in _letters(match))


def spelled(text: str, names: Mapping[str, str]) -> str:
    """The text with the names of sources (by their letters) in place of "Source B", which stands in prompts only."""

    def mention(match: re.Match[str]) -> str:
        letters = _letters(match) if match["source"] else []
        if not letters or not all(letter in names for letter in letters):
            return match.group()
        return _ONE.sub(lambda one: ", ".join(names[each] for each in _range(one)), match["names"])

    return _MENTION.sub(mention, text)


def unnamed(text: str) -> str:
    """The text without its "Source B", which is no word of any source."""
    return _MENTION.sub(lambda match: "" if match["source"] and _letters(match) else match.group(), text)


def _letters(match: re.Match[str]) -> list[str]:
    return [each for one in _ONE.finditer(match["names"]) for each in _range(one) if each.isalpha()]


def _range(match: re.Match[str]) -> list[str]:
    if match["from"] and match["from"] < match["until"]:
        return [chr(code) for code in range(ord(match["from"]), ord(match["until"]) + 1)]
    return [match.group()]


def _renamed(text: str, passages: Mapping[int, int], sources: Mapping[str, str]) -> str:
    numbered = {str(one): str(other) for one, other in passages.items()}
    places = {str(_place(one)): str(_place(other)) for one, other in sources.items()}

    def mention(match: re.Match[str]) -> str:
        if match["shown"]:
            return match["shown"] + sources.get(match["letter"], match["letter"])
        known = {**sources, **places} if match["source"] else {**sources, **numbered}
        return (match["source"] or match["passage"]) + _ONE.sub(lambda one: _one(one, known), match["names"])

    return _MENTION.sub(mention, text)


def _one(match: re.Match[str], known: Mapping[str, str]) -> str:
    """A name, or those of a range one by one."""
    if match["from"] and match["from"] < match["until"]:
        names = [chr(code) for code in range(ord(match["from"]), ord(match["until"]) + 1)]
    elif match["first"] and 0 <= int(match["last"]) - int(match["first"]) <= _WIDEST:
        names = [str(number) for number in range(int(match["first"]), int(match["last"]) + 1)]
    else:
        return known.get(match.group(), match.group())
    return ", ".join(known.get(name, name) for name in names)


def _place(letter: str) -> int:
    return ord(letter) - ord("A") + 1


def mentions(texts: Iterable[str]) -> bool:
    """Whether a text speaks of sources or passages by letter or number: it could not be told from what a model says."""
    return any(_MENTION.search(text) is not None for text in texts)


def points(texts: Iterable[str]) -> bool:
    """Whether a text has numbers in brackets of its own, which a model that copies it means as they are."""
    return any(_POINTED.search(text) is not None for text in texts)


def counts(said: str, shape: str = "") -> bool:
    """Whether the user's words may count sources, or a place of the JSON (its `shape`) may ask for such a number."""
    return _COUNTS.search(said) is not None or _COUNTS.search(shape) is not None or _FIELD.search(shape) is not None
