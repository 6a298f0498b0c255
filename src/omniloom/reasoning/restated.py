"""Whether an answer in words says what a solver found, and nothing else.

A solver is right where a small model that words its solution may not be. So words are taken only if each sentence of
them gives a value of the solution, says it of what it is the value of, and has no other words than those in which it
was asked. All that cannot be told for certain counts as wrong: the values as they are can be given instead.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from omniloom.reasoning.absence import NEGATED
from omniloom.reasoning.numerals import ORDINALS
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import Word, keys, tokens

_ASKING = re.compile(r"[?？؟]")
_DIGITS = re.compile(r"digit|ziffer|stellig|chiffre|cifra|cifre|dígito", re.IGNORECASE)
_OTHERWISE = re.compile(  # signs of arithmetic, and words with which a sentence does not say that it is so
    r"[/*^+<>≠≤≥~≈±×÷√|\\{}\ud800-\udfff]|!=|\b(?:if|unless|or|nor|neither|but|except|cannot|can['’]t|may|might|perhaps|maybe|oder|ou)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(  # what is asked, or said, is made of several values
    r"\b(?:than|times|twice|difference|together|average|sum|als|zusammen)\b", re.IGNORECASE
)
_LOOSELY = re.compile(  # right before a number that is not meant itself
    r"\b(?:than|least|most|about|around|over|under|above|below|before|after|until|between|from|by)\s+[$€£¥₹]?\Z",
    re.IGNORECASE,
)
_PLACE = re.compile(r"\b(?:in|on|at) (?:the|a|an|this|his|her|its|their) (\w+)", re.IGNORECASE)
_PIECE = re.compile(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
_BETWEEN = " -\u00a0"
_FILLING = frozenset(
    keys(
        "answer solution number value amount total altogether exactly equal equals now currently old aged years "
        "o'clock cents thus hence antwort lösung anzahl zahl wert insgesamt genau gibt jahre alt uhr"
    )
)
_SHOWN = 60
_STRANGE = "has {!r}, which cannot be checked against the solution"
_UNKNOWN = "says {!r}, which is no value that the solver found"
_OTHER = "does not say what the solver found of {}"
_NOTHING = "gives no value that the solver found"


@dataclass(frozen=True)
class _Number:
    """A number, or a value that is a name, of a sentence. of: the variables that the words right behind it name. noun:
    whether it counts something by these words, or is money."""

    key: str
    raw: str
    of: tuple[str, ...]
    noun: bool


@dataclass(frozen=True)
class Restating:
    """values: of each variable. kinds: the variables in groups, each with its names, and low and high where it has
    them. question: what is asked. beside: all that was shown with it."""

    values: Mapping[str, int | str]
    objective: int | None
    kinds: Sequence[Mapping[str, Any]]
    question: str
    beside: str = ""

    def amiss(self, text: str) -> str:
        """What an answer does that it should not, "" if there is nothing."""
        found = (self._amiss(text[start:end]) for start, end in sentences(text))
        return next(filter(None, found), "") if text.strip() else _NOTHING

    def _amiss(self, sentence: str) -> str:
        other = next(filter(None, (each.search(sentence) for each in (_OTHERWISE, _COMPARED, NEGATED))), None)
        words = tokens(sentence)
        strange = other.group() if other else next(self._strange(sentence, words), "")
        if strange:
            return _STRANGE.format(strange[:_SHOWN])
        if compared := _COMPARED.search(self._asked):
            return f"cannot be checked, for the question has {compared.group()!r}"
        return self._mismatch(list(self._numbers(sentence, words)), self._named(words))

    # -- words -----------------------------------------------------------------------------------------------------

    @cached_property
    def _asked(self) -> str:
        """The sentences that ask: those of the question, or, where it only points at what was shown, also of that."""
        own = [self.question[start:end] for start, end in sentences(self.question)]
        asking = [each for each in own if _ASKING.search(each)]
        if asking:
            return " ".join(asking)
        there = [self.beside[start:end] for start, end in sentences(self.beside)]
        return " ".join([*own[-1:], *(each for each in there if _ASKING.search(each))])

    @cached_property
    def _beside(self) -> list[Word]:
        return tokens(f"{self.question}\n{self.beside}")

    @cached_property
    def _known(self) -> frozenset[str]:
        """The words that an answer may have: those that ask, and what is no relation by itself."""
        own = map(spelled, self.values)
        texts = [value for value in self.values.values() if isinstance(value, str)]
        names = {word.key for word in self._beside if word.kind in ("name", "unit")}
        return frozenset([*keys("\n".join([self._asked, *own, *texts])), *names]) | _FILLING

    def _strange(self, sentence: str, words: Sequence[Word]) -> Iterator[str]:
        there = {word.key for word in self._beside}
        places = {match.start(1) for match in _PLACE.finditer(sentence)}
        for word in words:
            if word.kind in ("number", "scale") or word.key in self._known:
                continue
            if not (word.start in places and word.key in there) and word.key not in ORDINALS:
                yield sentence[word.start : word.end]

    # -- what is said of what --------------------------------------------------------------------------------------

    @cached_property
    def _own(self) -> dict[str, frozenset[str]]:
        """The words that mean a variable: those of its name that no other has; all of it, where it has none."""
        there = {word.key for word in self._beside}
        pieces: dict[str, frozenset[str]] = {}
        for name in self.values:
            every = frozenset(word.key for word in tokens(spelled(name)) if word.kind != "number")
            pieces[name] = every & there or every
        times, alike = Counter(key for mine in pieces.values() for key in mine), Counter(pieces.values())
        own = {name: frozenset(key for key in mine if times[key] == 1) for name, mine in pieces.items()}
        return {name: own[name] or (mine if alike[mine] == 1 else frozenset()) for name, mine in pieces.items()}

    def _named(self, words: Sequence[Word]) -> list[str]:
        """The variables that words name, in their order."""
        where: dict[str, int] = {}
        for at, word in enumerate(words):
            for name, own in self._own.items():
                if word.kind not in ("number", "scale") and word.key in own:
                    where.setdefault(name, at)
        return sorted(where, key=where.__getitem__)

    @cached_property
    def _told(self) -> dict[str, str]:
        """Each value as the key of the word that says it; of a value of several words there is none."""
        told: dict[str, str] = {}
        for name, value in self.values.items():
            said = tokens(str(value), stop_words=True)
            told[name] = str(value) if isinstance(value, int) else said[0].key if len(said) == 1 else ""
        return told

    @cached_property
    def _texts(self) -> frozenset[str]:
        own = frozenset[str]().union(*self._own.values())
        return frozenset(self._told[name] for name, value in self.values.items() if isinstance(value, str)) - own

    def _numbers(self, text: str, words: Sequence[Word]) -> Iterator[_Number]:
        own = frozenset[str]().union(*self._own.values())
        for at, word in enumerate(words):
            key = ORDINALS.get(word.key, "") if word.key not in own else ""
            key = word.key if word.kind == "number" or word.key in self._texts else key
            if not key:
                continue
            behind = list(_behind(text, words, at))
            money = at > 0 and words[at - 1].kind == "unit" and words[at - 1].end == word.start
            loose = _LOOSELY.search(text[: word.start])
            raw = text[loose.start() if loose else word.start : word.end]
            noun = money or any(each.key not in _FILLING for each in behind)
            yield _Number("" if loose else key, raw, tuple(self._named(behind)), noun)

    @cached_property
    def _given(self) -> frozenset[str]:
        """The numbers that stand in what was asked and shown."""
        ordinals = (ORDINALS[word.key] for word in self._beside if word.key in ORDINALS)
        return frozenset([*(word.key for word in self._beside if word.kind == "number"), *ordinals])

    def _mismatch(self, numbers: Sequence[_Number], named: Sequence[str]) -> str:
        """What is said of a variable though it is not its value; or that no value is said."""
        about = named or self._named(tokens(self._asked))
        wanted = [self._told[name] for name in about]
        # A number of the question that counts something else, as the wheels of "9 bicycles with 2 wheels".
        numbers = [
            each for each in numbers if each.of or each.key in wanted or not (each.noun and each.key in self._given)
        ]
        for each in numbers:
            of_another = each.noun and not each.of and each.key != self._objective
            if each.key not in self._possible(named) or of_another:
                return _UNKNOWN.format(each.raw[:_SHOWN])
            if {self._told[name] for name in each.of} - {each.key}:
                return _OTHER.format(", ".join(each.of))
        settled = {name for each in numbers for name in each.of}
        left = [self._told[name] for name in about if name not in settled]
        said = [each.key for each in numbers if not each.of]
        if not numbers:
            return "" if self._are_together(named) else _NOTHING
        if self._match(said, left, about):
            return ""
        return _OTHER.format(", ".join(about) or "what is asked")

    @cached_property
    def _objective(self) -> str:
        return "" if self.objective is None else str(self.objective)

    def _possible(self, named: Sequence[str]) -> frozenset[str]:
        return frozenset([*self._told.values(), self._objective, "" if named else self._side_by_side]) - {""}

    def _match(self, said: Sequence[str], left: Sequence[str], about: Sequence[str]) -> bool:
        """Whether what is said, but for the objective, is the values that are left, in their order."""
        if not about:
            of_all = {self._objective, self._side_by_side} - {""} or set(self._told.values())
            return len({*said}) == 1 and {*said} <= of_all and len(of_all) == 1
        if {*said} == {*left} and len({*said}) == 1:
            return True
        return [each for each in said if each != self._objective or each in left] == list(left)

    @cached_property
    def _side_by_side(self) -> str:
        """The number whose digits the values are, where digits are spoken of; else ""."""
        run = "".join(self._told.values())
        digits = len(run) == len(self.values) > 1 and run.isdecimal()
        return run if digits and _DIGITS.search(f"{self.question}\n{self.beside}") else ""

    def _are_together(self, named: Sequence[str]) -> bool:
        """Whether variables of several groups have one value, which in its group no other has: who has what."""
        if len(named) < 2 or len({self._told[name] for name in named}) > 1:
            return False
        groups = [kind for name in named for kind in self.kinds if name in kind["names"]]
        names = [tuple(kind["names"]) for kind in groups]
        places = all(len({self._told[name] for name in group}) == len(group) > 1 for group in names)
        ranges = {(kind.get("low"), kind.get("high")) for kind in groups}
        return places and len(ranges) == 1 and len({*names}) == len(names)


def spelled(name: str) -> str:
    """The words of a variable's name, as it is and taken apart: "num_cars", "numCars"."""
    return " ".join([*name.split("_"), *_PIECE.findall(name)])


def _behind(text: str, words: Sequence[Word], at: int) -> Iterator[Word]:
    """The words right behind a number, up to the next one and to what is no content: "red bicycles" of "9 red bicycles
    with 2 wheels"."""
    end = words[at].end
    for each in words[at + 1 :]:
        if text[end : each.start].strip(_BETWEEN) or each.kind == "number":
            return
        if each.kind != "scale":
            yield each
        end = each.end
