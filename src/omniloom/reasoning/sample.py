"""Ask several times, and take what most answers say; stop when one more would hardly change it.

Self-consistency (Wang et al., 2023), stopped as adaptive consistency does (Aggarwal et al., 2023): when the commonest
answer is likely to stay ahead of the next, by a flat prior on their shares.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial as part
from math import comb, exp
from typing import NamedTuple, TypeVar

from omniloom.core.errors import BudgetError, EngineError
from omniloom.core.protocols import Run
from omniloom.core.values import Completion, Loss, Request, Sampling
from omniloom.reasoning.arithmetic import slips
from omniloom.reasoning.signals import Meaning, meaning, values
from omniloom.reasoning.wording import tokens

MOST = 8
AUTO, PRICE = 4096, 1e-4
"""Tokens that a budget of "auto" may take at most; what one costs, as probability: 0.1 for a thousand."""
_WARM = 0.7
IN_VAIN = 3
"""After so many in a row that count for nothing the next one hardly will (a flat prior: one in five)."""
_AHEAD = 2  # votes, of several ways to ask: then it is settled
_SETTLED = 0.85  # two that agree are enough, and it takes three more to outvote one that differs
_T = TypeVar("_T")
_NUMBER = re.compile(r"[$€£]?\s?[-+−]?\d[\d,]*(?:\.\d+)?(?![\d,.]*\s*/)")
_IS = r"(?:['’]s| is| are| was| were| will be| would be)"
AMOUNT = re.compile(
    r"\bhow (?:many|much|long|old|far|fast|often|tall|high)\b|\bwhat (?:number|percent(?:age)?)\b|"
    rf"\bwhat{_IS} [^.?!\n]{{0,60}}?\b(?:total|sum|average|mean|number|amount|cost|price|profit|"
    r"percent(?:age)?|age|score|speed|distance|area|weight|length|height|share|capacity)\b",
    re.IGNORECASE,
)
"""A question that asks for an amount, in English."""
_FRACTION = re.compile(r"\d\s*/\s*\d|[-−]\s*[$€£]")
_LETTER = re.compile(r"[^\W\d_]")
_GOES_ON = re.compile(
    r"\s*(?:[-–:x×*^]?\s*\d|[¼½¾⅓⅔]|(?:dozen|hundred|thousand|million|billion|trillion)\b|[a-z]+,? (?:and )?\d)",
    re.IGNORECASE,
)
_POINTER = re.compile(r"\[\d+\]")
_CONCLUDES = re.compile(r"####|\\boxed\s*\{|\banswer\b(?:\s+is)?\s*:?", re.IGNORECASE)


class Other(NamedTuple):
    """The same asked in another way, and what a completion of it says, as an answer. usual: tokens that it takes; where
    the budget has no room for so many it is not asked."""

    request: Request
    said: Callable[[Completion], Completion]
    usual: int


class Ways(NamedTuple):
    """Other ways to ask, before more is drawn of the answer. cheap: whether they are shorter than the answer, which
    then is asked for last, and only where they leave it open. given: what is told of one that is chosen."""

    others: Sequence[Other] = ()
    cheap: bool = False
    given: Callable[[Completion], Completion] = lambda done: done


NO_OTHER = Ways()


class Sampler:
    """Of one call. budget: the most tokens that all samples but the first may take, together. The first is the answer
    that would be given without it, so nothing is bought with a budget of 0. It is left out where shorter ways agree.

    share: of the other samples, how many say what the chosen one says; None where there were none. given: tokens of the
    sample that stands for the answer, where none was asked for.
    """

    def __init__(
        self, budget: int, price: float | None = None, *, programs: bool = False, before: bool = False
    ) -> None:
        """price: what a token costs, as probability that the chosen answer stays ahead. With it further ones are drawn
        while they are expected to bring more than that; without it until the vote is settled. programs: whether a
        problem in words may be put as a program too, for which the run has a tool. before: whether a call's budget of
        time or tokens has room for other ways and the answer behind them."""
        self.left, self._price, self.programs, self._is_before = budget, price, programs, before
        self.asked = 0  # how often beside the first
        self._early = 0  # of these before the first
        self._in_vain = 0  # how many in a row counted for nothing
        self._counted = False  # whether one beside the first counted
        self._others: Iterator[Other] = iter(())
        self._drawn = 0  # of the same request
        self.share: float | None = None
        self.given = 0

    @property
    def signals(self) -> dict[str, float]:
        return {} if self.share is None else {"agreement": round(self.share, 6)}

    @property
    def losses(self) -> list[Loss]:
        """That what was bought counted for nothing, where it did."""
        if self._counted or not self.asked:
            return []
        told = f"of {self.asked} more none counted: each was cut, failed, or reckons wrongly"
        return [Loss(kind="not_counted", severity="reduced", part="the samples", detail=told)]

    def ask(
        self, run: Run, request: Request, purpose: str, *, partial: bool = False, ways: Ways = NO_OTHER
    ) -> Completion:
        """The first of those completions that say what most of them say, in words where there are any. One that was
        cut, or whose equations do not hold, costs what it costs, and is not counted. partial: as of `Run.ask`, of the
        answer. ways: an answer that is two votes ahead of all others is given."""
        self._others = iter(ways.others)
        if self._goes_before(ways):
            if (found := self._in_a_short_way(run)) is not None:
                return self._cheapest_first(run, request, purpose, ways, found, partial=partial)
            self._early, ways = self.asked, NO_OTHER
        first = run.ask(request, purpose=purpose, partial=partial)
        tokens, found = first.usage.output_tokens, None if _fails(run, first) else first

        def another() -> Completion | None:
            while (done := self.another(run, request, tokens)) is not None:
                if not _fails(run, done):
                    break
                if found is None and first.finish_reason == done.finish_reason == "length":
                    return None  # there is no room for an answer
            return done

        found = found or _in_time(run, another)
        if found is None:  # the budget is spent, or none could be had
            return first
        sure = found is first and is_likely(first)
        ahead = _AHEAD if ways.others else MOST
        chosen = self.elect(run, found, another, _agreeing(request), tokens, sure=sure, told=_in_words, ahead=ahead)
        return chosen if chosen is first else ways.given(chosen)

    def _goes_before(self, ways: Ways) -> bool:
        """Whether there is time, and a budget of tokens for two of them, which may agree."""
        tokens = sum(each.usual for each in ways.others[:2])
        dear = self._price is not None and not pays([1], self._price * tokens)
        return self._is_before and ways.cheap and self.left >= tokens and not dear

    def _cheapest_first(
        self, run: Run, request: Request, purpose: str, ways: Ways, found: Completion, *, partial: bool
    ) -> Completion:
        """found: what was said in one way. The answer itself is asked for where the others leave it open; then nothing
        more is drawn."""
        answers = list[Completion]()

        def another() -> Completion | None:
            if (done := self._in_a_short_way(run)) is not None or answers:
                return done
            if (done := _or_none(run, lambda: run.ask(request, purpose=purpose, partial=partial))) is None:
                return None
            answers.append(done)
            return None if _fails(run, done) else done

        chosen = self.elect(run, found, another, _agreeing(request), 1, told=_in_words, ahead=_AHEAD)
        self.given = 0 if answers else chosen.usage.output_tokens
        return chosen if chosen in answers else ways.given(chosen)

    def _in_a_short_way(self, run: Run) -> Completion | None:
        """What the next way says for which there is room, and which counts."""
        while (other := self._fitting()) is not None:
            done = self._drawn_by(run, other.request.max_output_tokens, part(_in_another_way, run, other))
            if done is not None and not _fails(run, done):
                return done
        return None

    def _fitting(self) -> Other | None:
        return next((each for each in self._others if each.usual <= self.left), None)

    def elect(
        self,
        run: Run,
        first: _T,
        another: Callable[[], _T | None],
        agree: Callable[[_T, _T], bool],
        tokens: int,
        *,
        sure: bool = False,
        told: Callable[[_T], bool] = lambda one: True,
        ahead: int = MOST,
    ) -> _T:
        """The first of those that agree with most; `another` gives one more of about so many tokens, or None at the
        end. sure: no vote is needed. told: which of those that agree are rather given. ahead: so many votes before all
        others settle it, as a likely lead does."""
        self._counted = self._counted or self.asked > self._early  # where the first was none, this is another
        if sure:
            run.note("sample", drawn=1, agree=1, chosen=0, tokens_left=self.left, why="no vote is needed")
            return first
        drawn, groups = [first], [[0]]
        self._in_vain = 0
        while not self._ends([len(each) for each in groups], tokens, ahead):
            if (other := _in_time(run, another)) is None:
                break
            same = next((each for each in groups if agree(drawn[each[0]], other)), None)
            if same is None:
                groups.append([len(drawn)])
            else:
                same.append(len(drawn))
            drawn.append(other)
            self._in_vain, self._counted = 0, True
        best = max(groups, key=len)  # of equals the one that came first
        chosen = next((at for at in best if told(drawn[at])), best[0])
        self.share = (len(best) - 1) / (len(drawn) - 1) if len(drawn) > 1 else None
        run.note("sample", drawn=len(drawn), agree=len(best), chosen=chosen, tokens_left=self.left)
        return drawn[chosen]

    def _ends(self, sizes: list[int], tokens: int, ahead: int) -> bool:
        first, second = sorted([*sizes, 0], reverse=True)[:2]
        return first - second >= ahead or self._enough(sizes, tokens)

    def _is_in_vain(self, most: int) -> bool:
        return self._in_vain >= most

    def _enough(self, sizes: list[int], tokens: int) -> bool:
        return settled(sizes) if self._price is None else not pays(sizes, self._price * tokens)

    def another(self, run: Run, request: Request, tokens: int, in_vain: int = IN_VAIN) -> Completion | None:
        """One more, in another way where one is left for which there is room, else if there is room for one as long as
        the first, which took so many tokens; None after so many in a row that counted for nothing."""
        if self.asked == MOST - 1 or self._is_in_vain(in_vain):
            return None
        other = self._fitting()
        tokens = max(1, tokens if other is None else other.usual)
        if self.left < tokens or (self._price is not None and not pays([1], self._price * tokens)):
            return None
        self._in_vain += 1
        return self._drawn_by(run, request.max_output_tokens, lambda most: self._otherwise(run, request, other, most))

    def _drawn_by(self, run: Run, limit: int, draw: Callable[[int], Completion]) -> Completion | None:
        """What a draw of at most so many tokens gave; None where it failed, or the budget cut it."""
        self.asked += 1
        most = min(limit, self.left)
        if (done := _or_none(run, lambda: draw(most))) is None:
            return None
        self.left -= done.usage.output_tokens + done.usage.reasoning_tokens
        cut = done.finish_reason == "length" and most < limit
        return None if cut else done

    def _otherwise(self, run: Run, request: Request, other: Other | None, most: int) -> Completion:
        """In another way, or else once more. A way that the engine cannot go, or the context or the budget has no room
        for, is the last one."""
        if other is not None:
            if (done := _or_none(run, lambda: _in_another_way(run, other, most))) is not None:
                return done
            self._others = iter(())
        return run.ask(self._warm(request, most), purpose="sample")

    def _warm(self, request: Request, most: int) -> Request:
        self._drawn += 1
        changed = {"sampling": warm(request.sampling), "max_output_tokens": most}
        return request.model_copy(update={**changed, "seed": request.seed + self._drawn})


def _or_none(run: Run, draw: Callable[[], Completion]) -> Completion | None:
    """What a draw gave; None where the engine or a budget failed it, which the trace says."""
    try:
        return draw()
    except (BudgetError, EngineError) as error:
        run.check()  # the deadline ends the call
        run.note("not sampled", error=str(error))
        return None


def _in_another_way(run: Run, other: Other, most: int) -> Completion:
    limit = min(most, other.request.max_output_tokens)
    return other.said(run.ask(other.request.model_copy(update={"max_output_tokens": limit}), purpose="sample"))


def warm(sampling: Sampling) -> Sampling:
    """The same with something left to chance: greedily a model says the same again."""
    return sampling.model_copy(update={"temperature": max(_WARM, sampling.temperature)})


def _in_time(run: Run, another: Callable[[], _T | None]) -> _T | None:
    """One more; None also where the time is used up: the best answer so far is given then."""
    try:
        return another()
    except BudgetError as error:
        if not run.concludes():
            raise
        run.note("not sampled", error=str(error))
        return None


def _fails(run: Run, done: Completion) -> bool:
    """Whether a completion is no vote; the trace says why."""
    wrong = slips(done.text)
    cut = done.finish_reason in ("length", "cancelled", "error") or not done.text.strip()
    if wrong or cut:
        run.note("not counted", wrong=[each.said for each in wrong], cut=cut)
    return bool(wrong) or cut


def _agreeing(request: Request) -> Callable[[Completion, Completion], bool]:
    """Whether two completions give the same answer to it."""
    return lambda one, other: _said(one, request).agrees(_said(other, request))


def _in_words(done: Completion) -> bool:
    return _LETTER.search(done.text) is not None


def likelihood(done: Completion) -> float:
    """The probability with which a model writes just this text, at temperature 1; 0 where it is not known."""
    return exp(sum(each.logprob for each in done.logprobs)) if done.logprobs else 0.0


def is_likely(done: Completion, least: float = 0.5) -> bool:
    """Whether a text needs no vote: above one half it is more likely than all others together."""
    return likelihood(done) > least


def settled(sizes: list[int]) -> bool:
    """sizes: how many samples give each answer."""
    first, second = sorted([*sizes, 0], reverse=True)[:2]
    return stays_ahead(first, second) > _SETTLED


def pays(sizes: list[int], price: float) -> bool:
    """Whether going on is expected to raise the probability that the commonest answer stays ahead by more than what the
    samples cost, at `price` each, if one stops at the best time (optimal stopping, by backward induction; the others
    are counted as one, the next one). The prior of shares is flat."""
    first, second = sorted([*sizes, 0], reverse=True)[:2]
    return _goes_on(first, second, price) > stays_ahead(first, second)


def _goes_on(one: int, other: int, price: float) -> float:
    """The expected value of one more sample; below 0 where there is no more."""
    if one + other >= MOST:
        return -1.0
    share = (one + 1) / (one + other + 2)
    return share * _worth(one + 1, other, price) + (1 - share) * _worth(one, other + 1, price) - price


def _worth(one: int, other: int, price: float) -> float:
    return max(stays_ahead(max(one, other), min(one, other)), _goes_on(one, other, price))


def stays_ahead(one: int, other: int) -> float:
    """The probability that a share is above 1/2, seen `one` times for and `other` times against it: of a Beta(one + 1,
    other + 1), as a sum of binomial terms."""
    draws = one + other + 1
    return sum(comb(draws, for_) for for_ in range(one + 1)) / 2**draws


def _said(done: Completion, request: Request) -> Meaning:
    """What a completion comes to: the values of JSON, the number that is asked for, what follows the words that
    conclude, or else all of it."""
    if request.constraint is not None:
        return meaning(values(done.text))
    asked = " ".join(each for each in request.messages[-1].content if isinstance(each, str))
    return (AMOUNT.search(asked) and amount(done.text)) or meaning(conclusion(done.text))


def amount(text: str) -> Meaning | None:
    """The only number of the conclusion, or else of the last line, with its unit and scale; None where there is none,
    or several, or a fraction."""
    lines = _POINTER.sub("", text).strip().splitlines()
    for said in (conclusion(text), *lines[-1:]):
        said = said.rpartition("=")[2]
        words = tokens(said)
        figures = tuple(word.key for word in words if word.kind == "number")
        if len(figures) == 1 and not _FRACTION.search(said):
            return Meaning(figures, 0, tuple(word.key for word in words if word.kind in ("unit", "scale")))
    return None


def conclusion(text: str) -> str:
    """What follows the last words that conclude; all of it without such. Of a number behind a mark of mathematics the
    number alone: "#### 7 apples" and "#### 7" are one answer; "#### 7 1/2" and "#### 7 million" are others."""
    text = _POINTER.sub("", text)
    marks = list(_CONCLUDES.finditer(text))
    rest = text[marks[-1].end() :].strip().rstrip("}$. ") if marks else ""
    number = _NUMBER.match(rest) if marks and marks[-1].group()[0] in "#\\" else None
    return number.group() if number and not _GOES_ON.match(rest[number.end() :]) else rest or text
