"""The answer in words: written through a ClaimWriter, told as it is written, or held back where claims must hold."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from omniloom.core.errors import BudgetError, ContextError, EngineError
from omniloom.core.events import CitationAdded, Event, TextDelta
from omniloom.core.values import Completion, Loss, Part
from omniloom.reasoning import direct, survey
from omniloom.reasoning.arithmetic import Equation, equations, slips
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.computed import Computed
from omniloom.reasoning.phrases import phrase
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.sentences import whole
from omniloom.runtime import cut
from omniloom.runtime.call import Unsupported
from omniloom.runtime.disputes import disputes
from omniloom.runtime.mend import Mend
from omniloom.runtime.parts import Answer, Refuses, answers, together
from omniloom.runtime.run import EngineRun
from omniloom.runtime.trust import Refusal


class Prose:
    """`write` it once; then `writer` holds the text and its claims, `abstained` whether it gives no answer, and
    `withheld` whether one was written that is not given: of words that were shown already it is said that they are
    withdrawn, and their claims count as unsupported; words that were held back are not shown.

    held: nothing is shown before it was weighed, and what a budget cut is an error. repairs: claims without support are
    asked for once more. follows: data are written after the words; then what is held back waits for `release`, for
    `withdraw` may come before. `cut` tells what a budget cut, of which the sentences that are whole are given."""

    def __init__(
        self,
        run: EngineRun,
        task: Task,
        losses: Sequence[Loss],
        emit: Callable[[Event], None],
        refuses: Refuses,
        unsupported: Unsupported,
        held: bool = False,
        repairs: bool = False,
        follows: bool = False,
    ) -> None:
        self.run = run
        self.task = task
        self.losses = losses
        self.emit = emit
        self.refuses = refuses
        self.strict = unsupported == "abstain"
        self.held = held
        self.repairs = repairs
        self.follows = follows
        self.live = not self.strict and not held
        self.drops = unsupported == "drop"
        self.writer = ClaimWriter(task.passages, task.parts, unsupported, task.said, task.naming)
        self.abstained = self.withheld = False
        self.cut: list[Loss] = []
        self._failed: list[Loss] = []
        self._cited = 0
        withdrawn = follows and not self.live and (bool(task.parts) or task.computed is not None)  # it may be
        self._waiting: list[Event] | None = [] if withdrawn else None

    def write(self, notes: str, native: int) -> Completion | None:
        """The completion that the text came from; None where several were needed."""
        if self.task.computed is not None:
            self.run.deadline.holds = not self.held
            return self._computed(self.task.computed)
        if not self.task.parts:
            return self._unsourced(notes, native)
        done = parts = None
        if survey.is_broad(self.task):
            self._survey()
        elif self.task.questions:
            parts = self._in_parts(notes, native)
        else:
            done = self._answer(notes, native)
        self.run.deadline.holds = not self.held
        if done is not None and not done.text.strip():
            self.abstained = True
        else:
            self._conclude(done)
        return done or parts

    def _answer(self, notes: str, native: int) -> Completion:
        """Told to its end; of one that a budget cut the sentences that are whole."""
        writer = self.writer
        told = direct.answer(
            self.run, self.task, notes, native, lambda text: self._tell(writer.feed(text)), partial=not self.held
        )
        error = cut.by_budget(self.run, told)
        self.run.deadline.holds = error is None and not self.held
        self._tell(writer.finish() if error is None else writer.feed(""))
        if error is None:
            return told
        if self.held or not writer.claims:
            raise error
        self._cut(error)
        return cut.shortened(told, writer.read)

    def _cut(self, error: BudgetError, detail: str = "it goes no further") -> None:
        self.cut.append(cut.loss(error, "the answer", detail))

    def _unsourced(self, notes: str, native: int) -> Completion:
        """Without sources only its arithmetic can be checked; with `repairs` it is held back for that, and written once
        more where it is wrong. What was shown of one that a budget cut stays, also of a sentence that is not whole."""
        done = direct.answer(self.run, self.task, notes, native, None if self.repairs else self._say, partial=True)
        error = cut.by_budget(self.run, done)
        length = whole(done.text)
        if error is not None and not length:
            raise error
        self.run.deadline.holds = True
        if error is not None:
            self._cut(error)
            done = cut.shortened(done, length) if self.repairs else done
        elif self.repairs and (wrong := slips(done.text)):
            done = self._revised(done, wrong)
        if self.repairs:
            self._show(self.writer.say(done.text))
        return done

    def _say(self, text: str) -> None:
        self._show(self.writer.say(text))

    def _revised(self, done: Completion, wrong: Sequence[Equation]) -> Completion:
        """The new answer, if it has equations and all of them hold."""
        try:
            new = direct.revise(self.run, self.task, done.text, wrong)
        except (BudgetError, ContextError, EngineError) as error:
            self.run.check()  # the deadline ends the call
            self.run.note("repair", skipped=str(error))
            return done
        hold = [each.holds for each in equations(new.text)]
        taken = new.finish_reason == "stop" and bool(hold) and all(hold)
        self.run.note("repair", why=[slip.said for slip in wrong], taken=taken)
        return new if taken else done

    def _computed(self, made: Computed) -> Completion:
        """The values as they are, a row a line. What follows from the question alone has nothing to cite."""
        writer = self.writer
        if made.concluded:
            self._show(chain.from_iterable(writer.conclude(text, made.query) for text, _ in made.lines()))
            return made.completion
        for text, quotes in made.lines():
            if quotes or not self.drops:
                self._tell(writer.compute(text, quotes, made.query))
        if made.more:
            self._tell(writer.say("\n" + phrase("more_rows", self.task.said, count=made.more)))
        if not writer.claims or (self.strict and not all(claim.supported for claim in writer.claims)):
            self._abstain("unanswered")
        elif not self.live:
            self._show(self._again())
        return made.completion

    def _survey(self) -> None:
        """Every source in turn; where a budget ends, those that were told."""
        task, writer = self.task, self.writer
        self.run.note("survey", sources=[part.name for part in task.parts])
        error, lacking = None, list[str]()
        for part in task.parts:
            found, ended = self._visited(part)
            if ended is not None:
                error = ended
                lacking.append(part.name)
            if not found:
                continue
            within = survey.passages_of(task.passages, part)
            self._tell(
                chain(
                    writer.say(("\n" if writer.text else "") + f"{part.name}: "),
                    writer.feed(found, within),
                    writer.finish(within),
                    writer.say("\n"),
                )
            )
            self.run.deadline.holds = bool(writer.claims)
        if error is not None and not writer.claims:
            raise error
        if error is not None:
            self._cut(error, f"not all is told of {', '.join(lacking)}")

    def _visited(self, part: Part) -> tuple[str, BudgetError | None]:
        """(what one source says, what cut it)."""
        try:
            self.run.check()
            done = survey.visit(self.run, self.task, part)
        except BudgetError as error:
            return "", error
        if done is None:
            return "", None
        error = cut.by_budget(self.run, done)
        return survey.findings(done, cut=error is not None), error

    def _in_parts(self, notes: str, native: int) -> Completion | None:
        """Every part of the question in turn; where a budget ends, those that were answered."""
        writer, found = self.writer, list[Answer]()
        try:
            for answer in answers(self.run, self.task, notes, native, writer.unsupported, self.refuses):
                found.append(answer)
                self._failed += answer.losses
                self._tell(writer.say("\n" if writer.text.strip() else ""))
                if answer.done is None:
                    writer.absent += 1
                    self._tell(writer.say(f"{answer.question} {answer.text}"))
                else:
                    self._tell(chain(writer.feed(answer.text), writer.finish()))
                self.run.deadline.holds = bool(writer.claims)
        except BudgetError as error:
            if not writer.claims:
                raise
            self._cut(error, "not every part of the question is answered")
        return together(found)

    def _conclude(self, done: Completion | None) -> None:
        """Abstains, shows what was held back, or says where the sources disagree."""
        writer = self.writer
        refused = self.refuses(self.task, writer, done) if done is not None else "risky" if self.held else ""
        self.withheld = bool(refused)
        if self.repairs and done is not None and not (refused or self.cut):
            self._repair(done)
        claimed, supported = bool(writer.claims), all(claim.supported for claim in writer.claims)
        if writer.absent and not claimed:
            self.abstained = True
            self._show(iter(()) if self.live else self._again())
            self._show(self._unseen())
        elif (
            refused
            or not writer.text.strip()
            or (self.drops and not claimed)
            or (self.strict and not (claimed and supported))
        ):
            self._abstain(refused)
        else:
            if not self.live:
                self._show(self._again())
            self._disagreements(cited_only=done is not None)
            # Sources with content that nobody saw, and nothing supported: that is no answer.
            unseen = any(loss.kind == "not_seen" for loss in self.losses)
            self.abstained = unseen and claimed and not any(claim.supported for claim in writer.claims)

    def _repair(self, done: Completion) -> None:
        """Asks again for what no source supports. What was shown is followed by what takes its place; what was held
        back is replaced; what was left out is added."""
        writer, task = self.writer, self.task
        open_at = [at for at, claim in enumerate(writer.claims) if not claim.supported]
        lacking = writer.dropped if self.drops else [writer.claims[at].text for at in open_at]
        said = [claim.text for claim in writer.claims if claim.supported]
        mend = Mend(self.run, task, done, last=not self.follows)
        new = mend.sentences(lacking, said)
        if new and not self.live and not self.drops:
            whole = writer.rewrite(done.text, {open_at[at]: sentence for at, sentence in new.items()})
            mend.taken(new if whole else ())
            return
        for at, sentence in new.items():
            self._tell(writer.amend("" if self.drops else lacking[at], sentence))
        mend.taken(new)

    def withdraw(self, refused: Refusal) -> None:
        """Nothing is given in words of an answer of which the data are withheld."""
        if self.abstained:  # there is none in them
            return
        if self._waiting is not None:
            self._waiting.clear()
        self._abstain(refused)

    def release(self) -> None:
        """Shows what was held back until the data were weighed too."""
        waiting, self._waiting = self._waiting or [], None
        for event in waiting:
            self.emit(event)

    def _abstain(self, refused: Refusal) -> None:
        self.abstained = self.withheld = True
        writer = self.writer
        if not self.live:  # nothing of it was shown
            writer.text = ""
            writer.claims.clear()
        if refused == "risky":
            self._show(writer.say(phrase("too_uncertain", self.task.said)))
            return
        writer.claims[:] = [claim.model_copy(update={"supported": False}) for claim in writer.claims]
        gap = "\n" if writer.text.strip() else ""
        gap += phrase("withdrawn", self.task.said) if writer.claims else ""
        self._show(chain(writer.say(gap + phrase("not_answered", self.task.said)), self._unseen()))

    def _unseen(self) -> Iterator[str]:
        """Why the answer may be missing: the first thing in the sources that nobody saw or heard."""
        unseen = [loss for loss in self.losses if loss.kind in ("not_seen", "not_heard")]
        return self.writer.say(f" {unseen[0].part}: {unseen[0].detail}.") if unseen else iter(())

    def _again(self) -> Iterator[str]:
        """The text that was held back, said now."""
        text, self.writer.text = self.writer.text, ""
        return self.writer.say(text)

    def remarks(self) -> list[Loss]:
        """Which parts of the question failed, what is reckoned wrongly in the words, and whether what was bought beside
        them counted for nothing."""
        told = (f"{slip.said}: that is {slip.value}" for slip in slips(self.writer.text))
        wrong = [Loss(kind="arithmetic", severity="reduced", part="the answer", detail=each) for each in told]
        sampler = self.task.sampler
        return [*self._failed, *wrong, *(() if sampler is None or self.cut else sampler.losses)]

    def _disagreements(self, *, cited_only: bool) -> None:
        """Says where sources contradict each other; with `cited_only`, only where the answer quotes one of them."""
        writer = self.writer
        for conflict in disputes(self.run, self.task, writer.has_cited if cited_only else None):
            self._show(writer.disagree(conflict.first, conflict.second))

    def _tell(self, pieces: Iterator[str]) -> None:
        """Shows the pieces as they come, or only writes them where the whole has to be judged first."""
        if self.live:
            self._show(pieces)
            return
        for _ in pieces:
            self.run.check()

    def _show(self, pieces: Iterator[str]) -> None:
        writer = self.writer
        for piece in pieces:
            self._emit(TextDelta(text=piece))
            while self._cited < len(writer.claims):
                for citation in writer.claims[self._cited].citations:
                    self._emit(CitationAdded(claim=self._cited, citation=citation))
                self._cited += 1
        self.run.check()

    def _emit(self, event: Event) -> None:
        if self._waiting is None:
            self.emit(event)
        else:
            self._waiting.append(event)
