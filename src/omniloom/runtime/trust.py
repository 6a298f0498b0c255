"""How far an answer is to be trusted: the raw signals of it, its claims and fields; and whether it is given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from omniloom.core.errors import BudgetError, EngineError
from omniloom.core.values import Claim, Completion, Confidence
from omniloom.reasoning import signals
from omniloom.reasoning.answerable import LEAST_ASKED, MOST_DOUBTED, asked, can_tell, nowhere
from omniloom.reasoning.confidence import mean_probability
from omniloom.reasoning.judge import LEAST_SURE, judged
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.signals import Signals, Span
from omniloom.reasoning.wording import keys
from omniloom.retrieval.fuse import shown_text
from omniloom.retrieval.lexical import bm25
from omniloom.runtime.disputes import is_disputed
from omniloom.runtime.risk import Risk
from omniloom.runtime.run import EngineRun

ALTERNATIVES = 2
# At 0.7 samples repeat a wrong answer: of 46 XQuAD answers their agreement told nothing, at 1.2 it did (lab log).
_SAMPLES, _HOT = 3, 1.2
_LONGEST = 48  # tokens of an answer that is sampled again: longer ones would cost more than they tell
_HESITANT = (
    -0.4
)  # mean log-probability: right answers to 12 XQuAD questions had more, 14 of 16 to unanswerable ones less


def measured(run: EngineRun, task: Task) -> Task:
    """The task with the alternatives of each token asked for, where the engine has them."""
    if not run.engine.capabilities.logprobs or not task.parts:
        return task
    most = max(ALTERNATIVES, task.sampling.top_logprobs)
    return replace(task, sampling=task.sampling.model_copy(update={"top_logprobs": most}))


class Trust:
    """Of one call. verify: the judge is asked and further samples are drawn, which costs tokens, and what no source
    supports is asked for once more. weigh: only the first two. part: it is one answer of several, which no calibrator
    knows. `cut`: a budget cut the answer: nothing more is asked, and no calibrator tells its probability, for they are
    made from answers that are whole."""

    def __init__(
        self,
        run: EngineRun,
        task: Task,
        risk: Risk,
        *,
        verify: bool = False,
        weigh: bool = False,
        part: bool = False,
    ) -> None:
        self.run = run
        self.task = task
        self.question = task.question
        self.risk = risk
        self.verify = verify
        self.weigh = weigh
        self.part = part or bool(task.questions)
        self.cut = False
        self.answer: Signals = {}
        self._near: list[float] | None = None

    @property
    def repairs(self) -> bool:
        """Whether what no source supports is asked for once more; what a promise weighs is not changed."""
        return self.verify and self.risk.promise is None

    def refuses(
        self, claims: Sequence[Claim], done: Completion, text: str, again: "Again", spans: Iterable[Span] | None = None
    ) -> "Refusal":
        """Weighs an answer, and says why it is to be withheld, if it is.

        text: the answer. again: samples another. spans: where the values of a JSON stand in the completion.
        """
        task = self.task
        cited = [citation.segment for claim in claims for citation in claim.citations]
        self.answer = self._signals(claims, done, spans, cited)
        is_one = spans is None or len(claims) == 1  # of several fields each has to stand for itself
        whole = not task.natives and not task.history  # nothing but this question and these texts
        knows = is_one and whole and can_tell(self.question, cited, task.passages)
        share = self.answer.get("asked", 1.0) if knows else 1.0
        if (
            is_one
            and whole
            and not (knows or task.focus)
            and (nothing := nowhere(self.question, cited, task.passages)) is not None
        ):
            knows, share = True, nothing  # a receipt is cited, but the prose beside it is in the question's language
        doubted = knows and (share < MOST_DOUBTED or self.answer.get("logprob_mean", 0.0) < _HESITANT)
        if (doubted and not self.cut) or self._wanted("judge"):
            self._judge(done)
        why = ""
        judge = self.answer.get("judge", 0.0 if share < LEAST_ASKED else 1.0)
        if doubted and judge < LEAST_SURE and not (share >= MOST_DOUBTED and self._hesitates(claims)):
            why = "in doubt, and no judge finds that the sources state it"
        if not why and done.logprobs and self._wanted("agreement"):
            self._sample(text, again)
        risky = "" if why or self.cut or self.part else self.risk.withholds(self.answer)
        self.run.note("signals", **self.answer, **({"withheld": why or risky} if why or risky else {}))
        return "unanswered" if why else "risky" if risky else ""

    def _hesitates(self, claims: Sequence[Claim]) -> bool:
        """Between two sources that contradict each other, or to conclude from two that do not say it: no sign that they
        speak of something else."""
        concludes = any(claim.citations and not claim.supported for claim in claims)
        return concludes or is_disputed(self.run, self.task, claims)

    def _signals(
        self, claims: Sequence[Claim], done: Completion, spans: Iterable[Span] | None, cited: Sequence[int]
    ) -> Signals:
        found = signals.of_tokens(done.logprobs, spans)
        aligned = [claim.confidence.value for claim in claims if claim.confidence is not None]
        if aligned:
            found["alignment"] = min(aligned)
        share = asked(self.question, cited, self.task.passages)
        if share is not None:
            found["asked"] = share
        if cited:
            found["retrieval"] = max(self._retrieval(index) for index in cited)
        return signals.rounded(found)

    def _judge(self, done: Completion) -> None:
        """Only where the engine tells alternatives: without them there is nothing to read."""
        if any(each.top for each in done.logprobs) and (found := judged(self.run, self.task)) is not None:
            self.answer["judge"] = round(found, 6)

    def _wanted(self, signal: str) -> bool:
        """Whether a signal that costs tokens is asked for: by the call, or by the calibrator that weighs it."""
        return not self.cut and (self.verify or self.weigh or self.risk.weighs(signal))

    def _sample(self, text: str, again: "Again") -> None:
        """Agreement: of short answers, with samples that may be a little longer."""
        others: list[str] = []
        length = int(self.answer.get("answer_tokens", 0)) or len(text) // 3
        if length > _LONGEST:
            return
        sampling = self.task.sampling.model_copy(update={"temperature": _HOT})
        hot = replace(self.task, sampling=sampling, max_output_tokens=min(self.task.max_output_tokens, 2 * length + 24))
        try:
            for seed in range(1, _SAMPLES + 1):
                others.append(again(replace(hot, seed=hot.seed + seed)))
        except (BudgetError, EngineError) as error:
            self.run.check()  # the deadline ends the call
            self.run.note("not sampled", error=str(error))
        share = signals.agreement(text, others)
        if share is not None:
            self.answer["agreement"] = round(share, 6)

    def weighed(self, claims: Iterable[Claim], done: Completion | None, spans: Mapping[Any, Span]) -> list[Claim]:
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
        """Of the answer, with its signals: a probability where there is a calibrator, else a score. Of what a query
        computed, that of the query: a calibrator, made of answers, knows nothing of it."""
        drawn = {} if self.task.sampler is None else self.task.sampler.signals
        if (made := self.task.computed) is not None:
            why = f"{made.how} computed it" if self.risk.calibrator is not None else ""
            return mean_probability(made.completion, drawn, why=why)
        if done is not None and not self.answer:
            self.answer = signals.of_tokens(done.logprobs)
        return self.risk.confidence(self.answer | drawn, whole=not (self.cut or self.part or self._unasked))

    @property
    def _unasked(self) -> bool:
        """Whether the time was used up before a signal was taken that the calibrator weighs. That one has a weight for
        answers without it, but these lacked it for other reasons."""
        return self.run.concludes() and any(
            self.risk.weighs(name) and name not in self.answer for name in ("judge", "agreement")
        )

    def _retrieval(self, index: int) -> float:
        """How near a passage is to the question: BM25 among all that are shown, for each word of the question."""
        if self._near is None:
            question = keys(self.question)
            texts = [keys(shown_text(segment)) for segment in self.task.passages.segments]
            self._near = [score / max(len(set(question)), 1) for score in bm25(question, texts)]
        return self._near[index]


Refusal = Literal["", "unanswered", "risky"]
"""Why an answer is not given: its sources speak of something else, or the risk is above the one that was asked for."""
Again = Callable[[Task], str]
"""Asks the same once more, of a task with another seed; gives the answer as text."""


def _key(claim: Claim, at: int) -> int | str:
    return claim.at if isinstance(claim.at, str) else at
