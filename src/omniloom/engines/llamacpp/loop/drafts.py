"""Guesses at what comes next, from what the sequence has said before: a text that quotes repeats itself."""

from collections.abc import Sequence as Ordered
from typing import NamedTuple

from omniloom.engines.llamacpp.loop.costs import Costs

SHORTEST = 8  # tokens that must have stood there before: after fewer, a third of what followed then is not what follows
_GAIN = 1.05  # a draft is worth its trouble from here on
_PRIOR = 16.0  # tokens: how much what was measured on other texts counts against what this one shows
_KEPT = (0.94, 0.98, 0.99)  # the share of tokens that came true after 8, 16 and 32 (lab log, 2026-11-24)


class Match(NamedTuple):
    """The last `length` tokens stood earlier already, and `after` is where what followed them begins."""

    length: int
    after: int


class Repeats:
    """A suffix automaton (Blumer et al. 1985) that grows by a token at a time.

    A state stands for all substrings that end at the same places: `_long` is the length of its longest, `_first` the
    place of the first end, `_link` the state of the longest suffix that ends in more places.
    """

    def __init__(self) -> None:
        self._next: list[dict[int, int]] = [{}]
        self._link, self._long, self._first = [-1], [0], [0]
        self._last = self._length = 0

    def __len__(self) -> int:
        return self._length

    def extend(self, tokens: Ordered[int]) -> None:
        for token in tokens:
            self._add(token)

    def match(self) -> Match:
        """The longest end of the text that stood earlier in it, where it stood first."""
        state = max(0, self._link[self._last])
        return Match(self._long[state], self._first[state])

    def _add(self, token: int) -> None:
        self._length += 1
        state, at = self._state({}, 0, self._length, self._length), self._last
        while at >= 0 and token not in self._next[at]:
            self._next[at][token] = state
            at = self._link[at]
        self._link[state] = self._split(at, self._next[at][token], token) if at >= 0 else 0
        self._last = state

    def _split(self, at: int, state: int, token: int) -> int:
        """The state of exactly the substring that leads over `at` and `token`."""
        if self._long[state] == self._long[at] + 1:
            return state
        clone = self._state(dict(self._next[state]), self._link[state], self._long[at] + 1, self._first[state])
        while at >= 0 and self._next[at].get(token) == state:
            self._next[at][token] = clone
            at = self._link[at]
        self._link[state] = clone
        return clone

    def _state(self, following: dict[int, int], link: int, longest: int, first: int) -> int:
        self._next.append(following)
        self._link.append(link)
        self._long.append(longest)
        self._first.append(first)
        return len(self._next) - 1


class Acceptance:
    """The share of drafted tokens that come true: what was measured on other texts, then what this one shows.

    stopped: whether the last draft ended before its planned end, because whoever drafted was not sure of the next
    token: that counts as one that did not come true.
    """

    def __init__(self, prior: float) -> None:
        self._asked, self._true = _PRIOR, _PRIOR * prior
        self.stopped = False

    @property
    def share(self) -> float:
        return self._true / self._asked

    def learn(self, drafted: int, kept: int) -> None:
        """Of `drafted` tokens `kept` came true; those behind the first false one say nothing."""
        self._asked += min(drafted + self.stopped, kept + 1)
        self._true += kept


class Drafts:
    """For one sequence, and from its own tokens only: what else runs changes no draft. drafted, kept: tokens.

    acceptance: of whatever the last draft was made by.
    """

    def __init__(self) -> None:
        self._repeats = Repeats()
        self._kinds = [Acceptance(kept) for kept in _KEPT]
        self.acceptance = self._kinds[0]
        self.drafted = self.kept = 0

    def match(self, tokens: Ordered[int]) -> Match:
        """tokens: all of the sequence so far, longer than at the last call or as long."""
        self._repeats.extend(tokens[len(self._repeats) :])
        return self._repeats.match()

    def propose(self, tokens: Ordered[int], match: Match, width: int, most: int, costs: Costs) -> list[int]:
        """What is worth computing behind the `width` tokens that must be computed anyway; at most `most`."""
        self.acceptance = self._kinds[min((match.length // SHORTEST).bit_length(), len(_KEPT)) - 1]
        length, _ = best_length(self.acceptance.share, width, most, costs)
        found = list(tokens[match.after : match.after + length])
        # Below 0 stand pictures and sounds, which no model writes.
        return found[: next((at for at, token in enumerate(found) if token < 0), length)]

    def learn(self, drafted: int, kept: int) -> None:
        """Of the last proposal `kept` tokens came true."""
        self.drafted += drafted
        self.kept += kept
        self.acceptance.learn(drafted, kept)


def best_length(share: float, width: int, most: int, costs: Costs, each: float = 0.0) -> tuple[int, float]:
    """How many tokens are to be drafted behind `width`, at most `most`, and the tokens a second that this should give.

    share: of drafted tokens that come true. each: seconds that it takes to draft one. 0 where drafting gains nothing.
    """
    length, best = 0, _GAIN / costs.seconds(width)
    for wider in costs.widths:
        drafted = min(wider - width, most)
        if drafted > 0:
            rate = _expected(share, drafted) / (costs.seconds(width + drafted) + drafted * each)
            length, best = (drafted, rate) if rate > best else (length, best)
    return length, best


def alike(tokens: Ordered[int], draft: Ordered[int]) -> int:
    """How many tokens at the beginning are the same."""
    return next(
        (at for at, (one, other) in enumerate(zip(tokens, draft, strict=False)) if one != other),
        min(len(tokens), len(draft)),
    )


def _expected(share: float, drafted: int) -> float:
    """Tokens of a step, if each drafted one comes true with probability `share` after those before it did."""
    return sum(share**at for at in range(drafted + 1))
