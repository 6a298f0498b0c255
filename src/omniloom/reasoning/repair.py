"""Repair: a sentence, or a value of JSON, that no source supports is asked for once more, beside the passages nearest
to it.

The requests begin with the same sources as the answer's, so only their own words are computed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from omniloom.core.values import Completion, Constraint, Request
from omniloom.reasoning.absence import says_absent
from omniloom.reasoning.ground import Passages, ground, plainly, pointers
from omniloom.reasoning.prompts import Task, request
from omniloom.reasoning.recompute import reground
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import keys, tokens

MOST = 2
"""Claims of one answer that are repaired; one that needs more of it is not worth the tokens."""
PURPOSE = "repair claim"
_NEAREST, _LONGEST = 2, 300
_OUTPUT = 64  # tokens
_ALIKE = 0.5  # of the words of the claim that are neither numbers nor names
_ASK = (  # without the claim: a small model that is shown it writes it again (docs/lab-log.md)
    "Question: {said}\n"
    "The passages nearest to it say:\n{nearest}\n"
    "Answer in one sentence, with their words and nothing else, and the number of the passage in brackets."
)
_VALUE = (
    "Question: {said}\n"
    "The value of {name} is “{claim}”, which stands nowhere in the passages. The nearest say:\n{nearest}\n"
    'Copy the right value from the passages as JSON: {{"value": ...}}, null where they do not say it.'
)


@dataclass(frozen=True)
class Asked:
    """How a claim is asked for again. `near`: the passages shown with it (0-based)."""

    claim: str
    near: tuple[int, ...]
    request: Request


def again(task: Task, claim: str) -> Asked | None:
    """None where no passage has a word of the claim or of the question: nothing can be gained there."""
    return _asked(task, claim, _ASK, None)


def value_again(task: Task, name: str, value: str, constraint: Constraint) -> Asked | None:
    """The same for a value of JSON; name: its field, the words of which count as those of the question."""
    return _asked(task, value, _VALUE, constraint, name)


def _asked(task: Task, claim: str, told: str, constraint: Constraint | None, name: str = "") -> Asked | None:
    said = f"{task.said} {name}"
    near = _nearest(task, claim, said)
    if not near:
        return None
    nearest = "\n".join(f"[{task.numbers[at]}] {_best_of(task.passages, at, claim, said)}" for at in near)
    words = told.format(said=task.said, claim=claim, nearest=nearest, name=name)
    asked = request(task, words, max_output_tokens=_OUTPUT, constraint=constraint)
    sampling = task.sampling.model_copy(update={"top_logprobs": 0})
    return Asked(claim, near, asked.model_copy(update={"sampling": sampling}))


def better(task: Task, asked: Asked, done: Completion, others: Sequence[str]) -> tuple[str, str]:
    """(the new sentence as the model wrote it, why there is none): it is supported, says the same of the same things,
    and no other claim of the answer said it already."""
    text = task.naming.said(done.text.strip())
    count = len(task.passages.segments)
    plain = plainly(text, task.passages, task.said)
    if done.finish_reason != "stop" or len(sentences(plain)) != 1:
        return "", "not one whole sentence"
    if says_absent(plain):
        return "", "the sources do not say it"
    words = frozenset(keys(plain))
    if any(words <= frozenset(keys(each)) for each in others):
        return "", "the answer says it already"
    found = ground(plain, pointers(text, count), task.passages)
    if not found.supported:
        found = reground(plain, pointers(text, count), task.passages, task.said) or found
    if not found.supported:
        return "", "not supported either"
    if not _of_the_same(asked.claim, plain):
        return "", "it speaks of something else"
    return done.text.strip(), ""


def _of_the_same(old: str, new: str) -> bool:
    """Numbers and names may be others, as they may have been wrong; most of the other words may not."""
    kept = {word.key for word in tokens(old) if word.kind == "word"} or {word.key for word in tokens(old)}
    return len(kept & frozenset(keys(new))) >= _ALIKE * len(kept)


def _nearest(task: Task, claim: str, said: str) -> tuple[int, ...]:
    """The passages that have most of the words of the claim, and of the question, in their order."""
    wanted = frozenset(keys(f"{claim} {said}"))
    scores = [_score(task.passages, wanted & found) for found in task.passages.keys]
    best = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[:_NEAREST]
    return tuple(sorted(at for at in best if scores[at] > 0))


def _best_of(passages: Passages, at: int, claim: str, said: str) -> str:
    """The sentence of a passage that is nearest to the claim."""
    text = passages.segments[at].text
    wanted = frozenset(keys(f"{claim} {said}"))

    def near(span: tuple[int, int]) -> float:
        return _score(passages, wanted & {key for word in passages.words_in(at, *span) for key in word.keys})

    start, end = max(sentences(text) or [(0, len(text))], key=near)
    return " ".join(text[start : min(end, start + _LONGEST)].split())


def _score(passages: Passages, found: Iterable[str]) -> float:
    return sum(passages.rarity[key] for key in found)
