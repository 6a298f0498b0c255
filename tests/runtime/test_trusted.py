"""What a call tells of how far its answer can be trusted, and when it gives none."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import BudgetError, UsageError
from omniloom.core.events import CitationAdded, TextDelta
from omniloom.core.values import Completion, Request, TokenLogprob
from omniloom.engines.scripted import Scripted
from omniloom.reasoning.calibrator import Calibrator, Estimated, Fingerprint, HeldOut, Reference, Signal, Threshold
from omniloom.reasoning.calibrators import keep
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

STORY = (
    "The bridge crosses the river at its narrowest point. It was built by Anna Marbury in the year of the flood. "
    "It was repaired twice, and nobody knows who paid for it."
)
COPY = STORY.replace("Anna Marbury", "Tom Quillon")
ONE = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
WHO = "Who was the bridge over the river built by?"
ELSE = "What is the largest moon of the planet Saturn called?"


def said(text: str, *, sure: float = 0.9, judge: float = 0.9) -> Callable[[Request], Completion]:
    """A script of an engine that tells alternatives, as llama.cpp does; the judge says yes with probability `judge`."""

    def tokens(answer: str, p: float) -> Completion:
        words = answer.split(" ")
        pieces = [words[0], *(f" {word}" for word in words[1:])]
        other = ("no" if answer == "yes" else "other", math.log(1 - p))
        made = [TokenLogprob(token=each, logprob=math.log(p), top=((each, math.log(p)), other)) for each in pieces]
        return Completion(text=answer, logprobs=tuple(made))

    def answer(request: Request) -> Completion:
        judged = request.constraint is not None and request.constraint.kind == "choices"
        return tokens("yes", judge) if judged else tokens(text, sure)

    return answer


@pytest.fixture
def models(private_home: Path) -> Iterator[Any]:
    made: list[Model] = []

    def make(script: Any) -> Model:
        # Each with a name of its own: what one said is not kept for another.
        made.append(Model(Scripted([script], name=f"scripted-{len(made)}"), Store()))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "story.txt"
    path.write_text(STORY)
    return path


def judged(model: Any) -> int:
    return sum(r.constraint is not None and r.constraint.kind == "choices" for r in model.engine.requests)


def test_answers_claims_and_fields_have_their_signals(models: Any, story: Path) -> None:
    model = models(said("It was built by Anna Marbury [1]. It was repaired twice [1]."))
    response = model.generate([WHO, story])
    names = {"logprob_mean", "logprob_min", "margin", "answer_tokens", "alignment", "asked", "retrieval"}
    assert response.confidence.calibrator is None and response.confidence.signals.keys() == names
    assert [claim.confidence.signals["answer_tokens"] for claim in response.claims] == [7, 5]
    assert judged(model) == 0
    filled = models(said('{"answer": "Anna Marbury"}', sure=0.8)).generate([WHO, story], schema=ONE)
    assert filled.claims[0].confidence.signals["logprob_min"] == pytest.approx(math.log(0.8), abs=1e-5)
    assert filled.confidence.signals["asked"] == 1.0 and not filled.abstained


@pytest.mark.parametrize("unsupported", ["mark", "drop", "abstain"])
def test_a_source_that_speaks_of_something_else_gives_no_answer(models: Any, story: Path, unsupported: str) -> None:
    events = list(
        models(said("It is called Anna Marbury [1].", judge=0.6)).stream([ELSE, story], unsupported=unsupported)
    )
    told, shown = events[-1].response, "".join(event.text for event in events if isinstance(event, TextDelta))
    assert told.abstained and told.text == shown and told.text.endswith("The sources do not answer this.")
    # One story: what was shown before it could be judged is withdrawn, and nothing of it counts as supported.
    assert ("Marbury" in told.text) == ("What stands above is withdrawn." in told.text) == (unsupported != "abstain")
    assert not any(claim.supported for claim in told.claims)
    data = models(said('{"answer": "Anna Marbury"}', judge=0.6)).generate(
        [ELSE, story], schema=ONE, unsupported=unsupported
    )
    assert data.abstained and data.data is None and data.claims == ()


@pytest.mark.parametrize("unsupported", ["mark", "drop", "abstain"])
def test_what_is_withheld_in_words_is_not_given_as_data(models: Any, story: Path, unsupported: str) -> None:
    def script(request: Request) -> Completion:
        filled = request.constraint is not None and request.constraint.kind == "json_schema"
        return said('{"answer": "Anna Marbury"}' if filled else "It is called Anna Marbury [1].", judge=0.6)(request)

    both = ["text", "structured_json"]
    model = models(script)
    told = model.generate([ELSE, story], schema=ONE, output_modes=both, unsupported=unsupported)
    assert told.abstained and told.data is None and not any(claim.supported for claim in told.claims)
    assert not any(each.constraint and each.constraint.kind == "json_schema" for each in model.engine.requests)


@pytest.mark.parametrize(
    ("told", "options", "shown"),
    [
        ({"sure": 0.5}, {"max_risk": 0.1}, "risk of a wrong answer"),
        ({"sure": 0.5, "judge": 0.2}, {}, "What stands above is withdrawn. The sources do not answer this."),
        ({"said": "Madrid"}, {"unsupported": "abstain"}, "The sources do not answer this."),
    ],
    ids=["promise", "judge", "strict"],
)
def test_what_is_withheld_as_data_is_not_given_in_words(
    models: Any, story: Path, told: dict[str, Any], options: dict[str, Any], shown: str
) -> None:
    filled = f'{{"answer": "{told.pop("said", "Anna Marbury")}"}}'

    def script(request: Request) -> Completion:
        if request.constraint is None:
            return said("It was built by Anna Marbury [1].")(request)
        return said(filled, **told)(request)

    model = models(script)
    keep(model.store.root, calibrator(model, 0.5, "words"))
    events = list(model.stream([WHO, story], schema=ONE, output_modes=["text", "structured_json"], **options))
    response = events[-1].response
    assert response.abstained and response.data is None and not any(claim.supported for claim in response.claims)
    assert response.text.endswith(shown) or shown in response.text
    assert response.text == "".join(event.text for event in events if isinstance(event, TextDelta))
    assert ("Marbury" in response.text) == (not options)  # only what was streamed before


def test_words_that_wait_for_the_data_are_shown_with_them(models: Any, story: Path) -> None:
    def script(request: Request) -> Completion:
        text = "It was built by Anna Marbury [1]." if request.constraint is None else '{"answer": "Anna Marbury"}'
        return said(text)(request)

    model = models(script)
    keep(model.store.root, calibrator(model, 0.5, "words"))
    events = list(model.stream([WHO, story], schema=ONE, output_modes=["text", "structured_json"], max_risk=0.1))
    response = events[-1].response
    assert response.data == {"answer": "Anna Marbury"} and not response.abstained
    assert response.text == "".join(event.text for event in events if isinstance(event, TextDelta))
    assert "Marbury" in response.text and sum(isinstance(event, CitationAdded) for event in events) == 1


@pytest.mark.parametrize("options", [{"unsupported": "abstain"}, {"max_risk": 0.1}], ids=["strict", "promise"])
def test_words_that_say_that_nothing_is_said_stay(models: Any, story: Path, options: dict[str, Any]) -> None:
    """Under a promise they are too unsure to ask for data as well."""

    def script(request: Request) -> Completion:
        text = "The price is not mentioned." if request.constraint is None else '{"answer": "Madrid"}'
        return said(text, sure=0.5)(request)

    model = models(script)
    keep(model.store.root, calibrator(model, 0.5, "words"))
    events = list(model.stream([WHO, story], schema=ONE, output_modes=["text", "structured_json"], **options))
    response = events[-1].response
    assert response.abstained and response.data is None and response.text == "The price is not mentioned."
    assert response.text == "".join(event.text for event in events if isinstance(event, TextDelta))


def test_nothing_is_repaired_after_a_promise_weighed_it(models: Any, story: Path) -> None:
    text = "It was built by Anna Marbury [1]. It was repaired nine times [1]."
    for promised in ({}, {"max_risk": 0.1}):
        model = models(said(text))
        made = calibrator(model, 0.5, "words")
        more = (*made.references, Reference(name="agreement", n=100))
        keep(model.store.root, made.model_copy(update={"references": more}))
        response = model.generate([WHO, story], strategy="verify", **promised)
        again = sum("The passages nearest to it say" in each.messages[-1].text for each in model.engine.requests)
        assert again == (0 if promised else 1) and "nine times [?]" in response.text


def test_other_words_for_the_same_are_left_to_the_judge(models: Any, tmp_path: Path) -> None:
    house = tmp_path / "house.txt"
    house.write_text("Pets are welcome in every room of this house, and the garden gate is locked at night. " * 3)
    model = models(said("Pets are welcome in every room [1].", sure=0.97, judge=0.97))
    given = model.generate(["Can I bring my dog with me?", house])
    assert not given.abstained and given.claims[0].supported and judged(model) == 1


def test_the_judge_decides_where_words_leave_doubt(models: Any, story: Path) -> None:
    doubtful = "Who was the bridge over the river designed and financed by?"
    yes, no = (models(said('{"answer": "Anna Marbury"}', judge=p)) for p in (0.9, 0.2))
    given, withheld = (model.generate([doubtful, story], schema=ONE) for model in (yes, no))
    assert judged(yes) == judged(no) == 1
    assert (given.abstained, withheld.abstained) == (False, True)
    assert withheld.confidence.signals["judge"] == pytest.approx(0.2, abs=1e-5)


def test_verify_asks_the_judge_and_samples_thrice(models: Any, story: Path) -> None:
    model = models(said('{"answer": "Anna Marbury"}'))
    response = model.generate([WHO, story], schema=ONE, strategy="verify")
    assert response.confidence.signals["agreement"] == 1.0 and response.confidence.signals["judge"] > 0.8
    assert len(model.engine.requests) == 5


def test_weighing_takes_the_signals_of_verify_and_changes_nothing_else(models: Any, story: Path) -> None:
    for asked, sampled in (("Anna Marbury", True), ("a " * 60 + "mill", False)):  # a long answer is not sampled
        model = models(said(json.dumps({"answer": asked})))
        response = model.generate([WHO, story], schema=ONE, strategy="weigh")
        assert response.data == {"answer": asked} and response.confidence.signals["judge"] > 0.8
        assert ("agreement" in response.confidence.signals) == sampled


def test_a_field_that_says_that_nothing_is_said_is_no_answer(models: Any, story: Path) -> None:
    text = '{"answer": "The price is not mentioned in the sources."}'
    assert models(said(text)).generate([WHO, story], schema=ONE).abstained
    nullable = {"type": "object", "properties": {"answer": {"type": ["string", "null"]}}}
    assert models(said('{"answer": null}')).generate([WHO, story], schema=nullable).abstained


def test_doubt_beside_a_contradicting_copy_is_said_to_be_disputed(models: Any, story: Path) -> None:
    other = story.with_name("copy.txt")
    other.write_text(COPY)
    unsure = {"sure": 0.5, "judge": 0.3}
    alone = models(said("It was built by Anna Marbury [1].", **unsure)).generate([WHO, story])
    assert alone.abstained
    told = models(said("It was built by Anna Marbury [1].", **unsure)).generate([WHO, story, other])
    assert "The sources disagree" in told.text and len({c.source for c in told.claims[-1].citations}) == 2
    assert not told.abstained and told.claims[0].supported and told.confidence.value < 0.6
    filled = models(said('{"answer": "Anna Marbury"}', **unsure)).generate([WHO, story, other], schema=ONE)
    assert filled.data == {"answer": "Anna Marbury"} and "contradiction" in {each.kind for each in filled.losses}
    # Sources that speak of something else do not answer, whatever they dispute.
    else_ = models(said("It was built by Anna Marbury [1].", **unsure)).generate([ELSE, story, other])
    assert else_.abstained and not any(claim.supported for claim in else_.claims)


@pytest.mark.parametrize("answer", ["Anna Marbury", "Tom Quillon"])
def test_a_copy_that_contradicts_is_said_and_cited_on_both_sides(models: Any, story: Path, answer: str) -> None:
    other = story.with_name("copy.txt")
    other.write_text(COPY)
    filled = models(said(f'{{"answer": "{answer}"}}')).generate([WHO, story, other], schema=ONE)
    (loss,) = (each for each in filled.losses if each.kind == "contradiction")
    assert "Marbury" in loss.detail and "Quillon" in loss.detail
    claim = filled.claims[-1]
    assert claim.at == "/answer" and len({each.source for each in claim.citations}) == 2
    assert all(each.quote in (STORY if "Marbury" in each.quote else COPY) for each in claim.citations)
    told = models(said(f"It was built by {answer} [1].")).generate([WHO, story, other])
    assert "The sources disagree: story.txt says" in told.text and len(told.claims[-1].citations) == 2


def test_our_own_sentences_are_in_the_language_of_the_question(models: Any, story: Path) -> None:
    other = story.with_name("copy.txt")
    other.write_text(COPY)
    told = models(said("Built by Anna Marbury [1].")).generate(["Von wem wurde die Brücke gebaut?", story, other])
    assert "\nDie Quellen widersprechen sich: In story.txt steht “" in told.text
    model = models(said("Madrid"))
    none = model.generate(["Qui a construit le pont ?", story], unsupported="abstain")
    assert none.abstained and none.text == "Les sources ne répondent pas à cette question."


def test_a_computed_field_cites_what_it_is_made_of(models: Any, tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("city;jobs\nLisbon;410\nMadrid;820\nPorto;95\n")
    schema = {"type": "object", "properties": {"jobs": {"type": "integer"}}, "required": ["jobs"]}
    asked = "By how many jobs do Madrid and Porto differ?"
    (claim,) = models(said('{"jobs": 725}')).generate([asked, table], schema=schema).claims
    assert claim.supported and claim.derived == "820 - 95 = 725"
    assert [each.locator.cells for each in claim.citations] == [(3, 2, 3, 2), (4, 2, 4, 2)]
    (wrong,) = models(said('{"jobs": 726}')).generate([asked, table], schema=schema).claims
    assert not wrong.supported and not wrong.derived


def test_a_field_that_compares_two_sources_cites_both(models: Any, tmp_path: Path) -> None:
    receipt, table = tmp_path / "receipt.txt", tmp_path / "table.csv"
    receipt.write_text("Garden Cafe\n\nTotal 72.75\n")
    table.write_text("player;weight\nMike Jones;230\nAnthony Criswell;64\n")
    asked = "Which is larger: the total of the receipt, or the weight of Mike Jones in the table?"
    (claim,) = models(said('{"answer": "the table"}')).generate([asked, receipt, table], schema=ONE).claims
    assert claim.supported and claim.derived == "72.75 < 230"
    assert [each.quote for each in claim.citations] == ["72.75", "230"]
    (wrong,) = models(said('{"answer": "the receipt"}')).generate([asked, receipt, table], schema=ONE).claims
    assert not wrong.supported and not wrong.derived
    assert [each.quote for each in wrong.citations] == ["Total 72.75", "230"]  # what the question speaks of


def calibrator(model: Any, least: float | None, family: str = "extract") -> Calibrator:
    """Sure of an answer as far as its log-probability is above that of 0.7."""
    names = ("logprob_mean", "logprob_min", "margin", "answer_tokens", "alignment", "asked", "retrieval", "judge")
    return Calibrator(
        name="made-by-hand",
        model=model.engine.name,
        family=family,
        bias=0.0,
        signals=(Signal(name="logprob_mean", mean=math.log(0.7), scale=0.05, weight=1.0),),
        references=tuple(Reference(name=name, n=100) for name in names),
        thresholds=(
            Threshold(
                alpha=0.1,
                delta=0.05,
                method="learn_then_test",
                threshold=least,
                n=100,
                guarantee="at most 0.1 are wrong",
            ),
        ),
        held_out=HeldOut(
            n=1, accuracy=1, ece=Estimated(value=0, low=0, high=0), brier=0, brier_of_the_mean=0, aurc=0, auroc=None
        ),
        data=Fingerprint(n=100, sha256="0" * 64, date="2026-11-28"),
    )


def test_max_risk_gives_what_the_calibrator_is_sure_of(models: Any, story: Path) -> None:
    sure, unsure = (models(said('{"answer": "Anna Marbury"}', sure=p)) for p in (0.9, 0.5))
    keep(sure.store.root, calibrator(sure, 0.5))
    keep(unsure.store.root, calibrator(unsure, 0.5).model_copy(update={"name": "another"}))
    given = sure.generate([WHO, story], schema=ONE, max_risk=0.1)
    assert not given.abstained and given.confidence.calibrator == "made-by-hand" and given.confidence.value > 0.9
    withheld = unsure.generate([WHO, story], schema=ONE, max_risk=0.1)
    assert withheld.abstained and withheld.data is None and withheld.claims == ()
    assert not unsure.generate([WHO, story], schema=ONE).abstained  # nothing was asked to be promised
    spans = sure.store.journal.trace(given.trace_id).spans
    assert any(span.attributes.get("guarantee") == "at most 0.1 are wrong" for span in spans)


def test_a_text_that_is_too_uncertain_is_never_shown(models: Any, story: Path) -> None:
    model = models(said("Anna Marbury [1].", sure=0.5))
    keep(model.store.root, calibrator(model, 0.5, "words"))
    events = list(model.stream([WHO, story], max_risk=0.1))
    shown = "".join(event.text for event in events if isinstance(event, TextDelta))
    response = events[-1].response
    assert response.abstained and "Marbury" not in shown + response.text and response.claims == ()
    assert response.text == shown and "risk" in response.text


def test_what_no_signal_weighs_is_not_given_under_a_promise(models: Any, story: Path, tmp_path: Path) -> None:
    model = models(said("Anna Marbury [1].", sure=0.99))
    keep(model.store.root, calibrator(model, 0.5, "words"))
    with pytest.raises(UsageError, match="sources that they cite"):
        model.generate([WHO], max_risk=0.1)
    other = tmp_path / "other.txt"
    other.write_text("The garden was laid out by Jonas Berg in 1901.")
    for asked in ("Summarize these files: compare them.", "What do all of the sources say?"):
        with pytest.raises(UsageError, match="survey of the sources") as error:
            model.generate([asked, story, other], max_risk=0.1)
        assert "one source" in error.value.hint
    newest = model.store.journal.traces()[0]
    spans = model.store.journal.trace(newest["id"]).spans
    assert not model.engine.requests and all(span.operation == "generate" for span in spans)  # nothing was read


def test_the_least_promise_is_told(models: Any, story: Path) -> None:
    model = models(said("x"))
    made = calibrator(model, 0.5)
    (promise,) = made.thresholds
    two = (
        promise.model_copy(update={"alpha": 0.2}),
        promise.model_copy(update={"alpha": 0.01, "method": "conformal_risk_control"}),
    )
    keep(model.store.root, made.model_copy(update={"thresholds": two}))
    with pytest.raises(UsageError, match=r"the least that it can promise is 0\.2"):
        model.generate([WHO, story], schema=ONE, max_risk=0.1)


def test_what_no_calibrator_promises_is_refused_before_anything_is_asked(models: Any, story: Path) -> None:
    model = models(said("x"))
    with pytest.raises(UsageError, match="calibrator"):
        model.generate([WHO, story], schema=ONE, max_risk=0.1)
    keep(model.store.root, calibrator(model, None))
    with pytest.raises(UsageError, match="cannot promise"):
        model.generate([WHO, story], schema=ONE, max_risk=0.1)
    with pytest.raises(UsageError, match="between 0 and 1"):
        model.generate([WHO, story], schema=ONE, max_risk=1.5)
    assert not model.engine.requests


def test_what_is_promised_of_whole_answers_is_not_given_of_a_part(timed: Any, story: Path) -> None:
    text = "It was built by Anna Marbury [1]. It was {} built in 1888 [1]."
    late = timed(said(text.format("@@")))
    keep(late.store.root, calibrator(late, 0.5, "words"))
    with pytest.raises(BudgetError, match="time budget"):
        late.generate([WHO, story], max_risk=0.1, timeout=6)
    part = late.generate([WHO, story], timeout=6)
    assert part.confidence.calibrator is None and part.losses[0].kind == "cut"


def test_why_what_a_query_computed_has_no_probability(models: Any, tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("city,jobs\nLisbon,410\nMadrid,820\n")
    model = models(said('SELECT "jobs" FROM "jobs" WHERE "city" = \'Madrid\''))
    without = model.generate(["How many jobs has Madrid?", table]).confidence
    keep(model.store.root, calibrator(model, 0.5, "compute"))
    told = model.generate(["How many jobs has Madrid?", table]).confidence
    assert without.method == "mean_token_probability" and told.calibrator is None
    assert told.method == "mean_token_probability (no probability: a query computed it)"
