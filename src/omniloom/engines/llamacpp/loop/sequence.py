"""One request on its way through the loop."""

import math
from collections.abc import Sequence as Ordered
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.answer import Answer
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.drafts import Drafts
from omniloom.engines.llamacpp.loop.media import Run, whole_run

PATIENCE = 10.0  # at most: a handful of short prompts in a row; under a flood half of the time is the long one's


class Chunk(NamedTuple):
    """The tokens `start` to `end` of a prompt are a passage. Files on the shelf: stored, cells of the same tokens that
    stood elsewhere, if they are kept; keep, where to put its own, if they are computed."""

    start: int
    end: int
    stored: str = ""
    keep: str = ""


def boundaries(length: int, ends: Ordered[int], piece: int) -> list[int]:
    """Where the reading of a prompt pauses: at each of `ends`, and every `piece` tokens from the one before.

    A boundary depends only on what stands before it. So two prompts that begin alike are read in the same pieces as
    far as they are alike, and what one computed there is, bit for bit, what the other would compute. The last token
    is never behind the last boundary: its logits are needed.
    """
    found = [0]
    for end in [*(end for end in sorted(set(ends)) if 0 < end < length), length]:
        while found[-1] + piece < end:
            found.append(found[-1] + piece)
        if end < length:
            found.append(end)
    return found


@dataclass
class Sequence:
    """tokens: the prompt, then what was written. prompt: how many of them are the prompt. done: how many are computed.

    limit: tokens that may be written. ends: where reading pauses, at the ends of sources. answer: what decides on
    tokens; made of `limit`, `sampling` and `seed` without one. until: read that far and write nothing. stored: a
    state on the shelf, as (tokens, name). keep: states to put there, by tokens. reused: tokens that were not computed.
    drafts: guesses at what it writes next. alone: the next token is computed by itself. patience: seconds that its
    reading may still lose to short prompts; what is read adds to it. costs: of steps, as they were known when it came.
    runs: of the prompt's tokens, those that are pictures or sounds. adapter: what it is computed with. chunks: passages
    whose cells may come from another text (loop/splices.py).
    bounds: the boundaries of its prompt. slot: the sequence of the Context it lies in, -1 while it waits.
    """

    key: str
    tokens: list[int]
    limit: int
    ends: tuple[int, ...] = ()
    sampling: Sampling = Sampling()
    seed: int = 0
    answer: Answer | None = None
    until: int | None = None
    stored: tuple[int, str] | None = None
    keep: dict[int, str] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    adapter: str = ""
    chunks: tuple[Chunk, ...] = ()
    prompt: int = 0
    done: int = 0
    slot: int = -1
    reused: int = 0
    drafts: Drafts = field(default_factory=Drafts)
    alone: bool = False
    patience: float = PATIENCE
    costs: Costs | None = None
    bounds: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prompt = len(self.tokens)

    @property
    def reading(self) -> bool:
        return self.done < self.prompt

    def next_piece(self, begin: int, most: int) -> list[int]:
        """The tokens from `begin` to the next boundary, or all that are left, at most `most`; of a run read at once,
        all."""
        later = next((bound for bound in self.bounds if bound > begin), len(self.tokens))
        return self.tokens[begin : whole_run(self.runs, begin) or min(later, begin + most)]


@dataclass
class Held:
    """What a slot holds that others may begin with: a prompt, computed up to the boundary `bounds[-1]`.

    logits: those after the whole prompt, of `prompt` tokens; None before it is read. exact: up to which token nothing
    stands in it that was computed in another text.
    """

    tokens: list[int]
    bounds: list[int]
    used: int = 0
    prompt: int = 0
    logits: Any = None
    adapter: str = ""
    exact: float = math.inf


def same_prompt(one: Held | Sequence, other: Sequence) -> bool:
    """Whether both are the same prompt, and nothing is known before it is read of what follows."""
    alike = one.prompt == other.prompt == len(other.tokens) and one.bounds == other.bounds
    alike = alike and one.adapter == other.adapter
    return alike and one.tokens[: one.prompt] == other.tokens


def shared(one: Held | Sequence, other: Sequence) -> int:
    """The last boundary up to which both are the same tokens, read in the same pieces with the same adapter."""
    length = 0
    if one.adapter != other.adapter:
        return length
    for mine, theirs in zip(one.bounds, other.bounds, strict=False):
        if mine != theirs or one.tokens[length:mine] != other.tokens[length:mine]:
            break
        length = mine
    return length
