"""How far an answer is to be trusted: its raw signals, for all of it, each claim and each field; and whether to give it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from omniloom.core.values import Claim, Completion, Confidence
from omniloom.reasoning import signals
from omniloom.reasoning.answerable import asked, speaks_of_something_else
from omniloom.reasoning.confidence import mean_probability
from omniloom.reasoning.judge import judged
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.signals import Signals, Span
from omniloom.reasoning.wording import keys
from omniloom.retrieval.fuse import shown_text
from omniloom.retrieval.lexical import bm25
from omniloom.runtime.run import EngineRun

ALTERNATIVES = 2
_SAMPLES, _WARM = 3, 0.7


def measured(run: EngineRun, task: Task) -> Task:
    """The task with the alternatives of each token asked for, where the engine has them."""
    if not run.engine.capabilities.logprobs or not task.parts:
        return task
    most = max(ALTERNATIVES, task.sampling.top_logprobs)
    return replace(task, sampling=task.sampling.model_copy(update={"top_logprobs": most}))


class Trust:
    """Of one call. verify: the judge is asked and further samples are drawn, which costs tokens.

    withholds: told the signals of an answer, says why it may not be given, "" if it may (`runtime/risk.py`).
    """

    def __init__(self, run: EngineRun, task: Task, *, verify: bool, withholds: Callable[[Signals], str]) -> None:
        self.run = run
        self.task = task
        self.verify = verify
        self.withholds = withholds
        self.answer: Signals = {}
        self._near: list[float] | None = None

    def refuses(
        self, claims: Sequence[Claim], done: Completion, text: str, again: "Again", spans: Iterable[Span] | None = None
    ) -> bool:
        """Weighs an answer, and says whether it is to be withheld: its sources speak of something else, or the risk is
        above the one that was asked for.

        text: the answer. again: samples another. spans: where the values of a JSON stand in the completion.
        """
        task = self.task
        cited = [citation.segment for claim in claims for citation in claim.citations]
        self.answer = self._signals(claims, done, spans, cited)
        if self.verify and done.logprobs:
            self.answer |= signals.rounded(self._verified(text, again))
        why = ""
        is_one = spans is None or len(claims) == 1  # of several fields each has to stand for itself
        if is_one and not task.natives and speaks_of_something_else(task.said, cited, task.passages):
            why = "the sources speak of something else"
        why = why or self.withholds(self.answer)
        self.run.note("signals", **self.answer, **({"withheld": why} if why else {}))
        return bool(why)

    def _signals(
        self, claims: Sequence[Claim], done: Completion, spans: Iterable[Span] | None, cited: Sequence[int]
    ) -> Signals:
        found = signals.of_tokens(done.logprobs, spans)
        aligned = [claim.confidence.value for claim in claims if claim.confidence is not None]
        if aligned:
            found["alignment"] = min(aligned)
        share = asked(self.task.said, cited, self.task.passages)
        if share is not None:
            found["asked"] = share
        if cited:
            found["retrieval"] = max(self._retrieval(index) for index in cited)
        return signals.rounded(found)

    def _verified(self, text: str, again: "Again") -> Signals:
        """The judge, and agreement: one more sample, and two more where that says something else."""
        found: Signals = {}
        judge = judged(self.run, self.task, text)
        if judge is not None:
            found["judge"] = judge
        others: list[str] = []
        for seed in range(1, _SAMPLES + 1):
            sampling = self.task.sampling.model_copy(update={"temperature": _WARM})
            others.append(again(replace(self.task, sampling=sampling, seed=self.task.seed + seed)))
            if signals.agreement(text, others) == 1.0:
                break
        share = signals.agreement(text, others)
        return found if share is None else found | {"agreement": share}

    def weighed(self, claims: Iterable[Claim], done: Completion | None, spans: Mapping[int | str, Span]) -> list[Claim]:
        """The claims with their signals. spans: where each stands in the completion, by its pointer or its place."""
        return [self._weighed(claim, done, spans.get(_key(claim, at))) for at, claim in enumerate(claims)]

    def _weighed(self, claim: Claim, done: Completion | None, span: Span | None) -> Claim:
        if claim.confidence is None:
            return claim
        found: Signals = {"alignment": claim.confidence.value}
        if done is not None and span is not None:
            found |= signals.of_tokens(done.logprobs, [span])
        if claim.citations:
            found["retrieval"] = max(self._retrieval(citation.segment) for citation in claim.citations)
        confidence = claim.confidence.model_copy(update={"signals": signals.rounded(found)})
        return claim.model_copy(update={"confidence": confidence})

    def confidence(self, done: Completion | None) -> Confidence | None:
        """Of the answer: a score with its signals. Without log-probabilities it is what alignment says."""
        score = mean_probability(done) if done is not None else None
        if done is not None and not self.answer:
            self.answer = signals.of_tokens(done.logprobs)
        if score is None and "alignment" in self.answer:
            score = Confidence(value=self.answer["alignment"], method="lexical_alignment")
        return score.model_copy(update={"signals": self.answer}) if score is not None else None

    def _retrieval(self, index: int) -> float:
        """How near a passage is to the question: BM25 among all that are shown, for each word of the question."""
        if self._near is None:
            question = keys(self.task.said)
            texts = [keys(shown_text(segment)) for segment in self.task.passages.segments]
            self._near = [score / max(len(set(question)), 1) for score in bm25(question, texts)]
        return self._near[index]


Again = Callable[[Task], str]
"""Asks the same once more, of a task with another seed; gives the answer as text."""


def _key(claim: Claim, at: int) -> int | str:
    return claim.at if isinstance(claim.at, str) else at
