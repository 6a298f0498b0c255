"""A run over real files, answered by a script: what is counted, what is kept, and what is never mixed."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from small_xquad import answering, named, write

import omniloom as ol
from omniloom.core.errors import BudgetError, ContextError, EngineError, UsageError
from omniloom.core.events import Progress
from omniloom.core.values import Budget, Response
from omniloom.engines.scripted import Scripted
from omniloom.evaluation import registry
from omniloom.evaluation.log import Log, read
from omniloom.evaluation.recording import recording
from omniloom.evaluation.run import Plan, evaluate
from omniloom.evaluation.values import Sample, Score
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

Start = Callable[..., Model]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "data")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A model over an engine; home is the name of its store."""
    open_models: list[Model] = []

    def start(engine: Scripted, home: str = "home") -> Model:
        open_models.append(Model(engine, Store(tmp_path / home)))
        return open_models[-1]

    yield start
    for each in open_models:
        each.close()


def values(log: Log) -> dict[str, tuple[float | None, int]]:
    assert log.result is not None
    return {name: (each.value, each.n) for name, each in log.result.metrics.items()}


def test_the_metrics_of_a_run(folder: Path, start: Start, tmp_path: Path) -> None:
    log = evaluate(Plan("xquad", folder), start(answering()), tmp_path / "logs")
    assert [each.id for each in log.records] == ["m1", "m2", "f1", "f2", "k1"]
    found = values(log)
    # "Ida" for "Ida Holm" is two thirds by F1; the other wrong answer stands in no source and cites nothing.
    assert found["exact"] == (0.6, 5)
    assert found["f1"][0] == pytest.approx((3 + 2 / 3) / 5)
    assert found["cited"] == (0.8, 5) and found["citations_verbatim"] == (1.0, 4)
    assert found["place"] == (0.6, 5) and found["abstained"] == (0.0, 5)
    # Three groups are too few for the error of groups: that of five samples stands.
    assert log.result is not None and log.result.metrics["exact"].stderr == pytest.approx((1.2 / 20) ** 0.5)
    assert log.result.n == log.result.wanted == 5 and log.result.errors == 0 and log.result.stopped == ""
    assert log.result.tokens.output == sum(each.usage.output_tokens for each in log.records) > 5
    assert read(log.path).result == log.result


def test_a_record_says_what_happened(folder: Path, start: Start, tmp_path: Path) -> None:
    model = start(answering())
    log = evaluate(Plan("xquad", folder, limit=1), model, tmp_path / "logs")
    [found] = log.records
    assert (found.question, found.target, found.answer) == ("When was the wheel built?", ("1888",), "1888")
    [cited] = found.claims[0].citations
    assert (cited.source, cited.quote) == ("Mill.txt", "1888") and cited.fragment == "char=56,60"
    assert found.sources[0].id == cited.part and model.store.has(cited.part)
    assert found.places[0].source == "Mill.txt" and found.places[0].quote == "1888"
    assert {"answer_tokens", "logprob_mean", "alignment"} <= {*found.signals} and found.is_correct(log.header)
    assert model.store.journal.response(found.trace_id) is not None
    assert (log.header.task, log.header.family, log.header.model) == ("xquad", "extract", "scripted")
    assert Path(log.header.store) == model.store.root


def test_a_run_goes_on_where_it_was(folder: Path, start: Start, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    first = evaluate(Plan("xquad", folder, limit=2), start(answering()), logs)
    engine = answering()
    second = evaluate(Plan("xquad", folder), start(engine, "another"), logs)
    assert second.path == first.path and [named(each) for each in engine.requests] == ["f1", "f2", "k1"]
    assert second.records[:2] == first.records
    again = answering()
    third = evaluate(Plan("xquad", folder, limit=3), start(again, "third"), logs)
    assert not again.requests and [each.id for each in third.records] == ["m1", "m2", "f1"]
    assert values(third)["exact"] == (pytest.approx(2 / 3), 3)


def test_half_a_line_is_asked_again(folder: Path, start: Start, tmp_path: Path) -> None:
    log = evaluate(Plan("xquad", folder, limit=2), start(answering()), tmp_path / "logs")
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text("".join(lines[:2]) + lines[2][:100])  # as a killed process leaves it
    assert [each.id for each in read(log.path).records] == ["m1"]
    engine = answering()
    again = evaluate(Plan("xquad", folder, limit=2), start(engine, "another"), tmp_path / "logs")
    assert [named(each) for each in engine.requests] == ["m2"]
    assert [each.id for each in read(again.path).records] == ["m1", "m2"] and values(again) == values(log)


def test_what_differs_is_another_log(folder: Path, start: Start, tmp_path: Path) -> None:
    logs, plan = tmp_path / "logs", Plan("xquad", folder, limit=1)
    paths = {
        evaluate(plan, start(answering()), logs).path,
        evaluate(plan, start(answering(name="another model")), logs).path,
        evaluate(replace(plan, options={"seed": 7}), start(answering()), logs).path,
        evaluate(Plan("xquad_unanswerable", folder, limit=1), start(answering()), logs).path,
    }
    assert len(paths) == 4
    assert evaluate(plan, start(answering()), logs).path in paths


def test_changed_data_is_asked_again(folder: Path, start: Start, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    first = evaluate(Plan("xquad", folder, limit=2), start(answering()), logs)
    file = folder / "text" / "xquad_en.jsonl"
    file.write_text(file.read_text().replace("1888", "1889"))
    again = evaluate(Plan("xquad", folder, limit=2), start(answering()), logs)
    assert again.path == first.path and [each.target for each in again.records] == [("1889",), ("Ida Holm",)]
    assert len(read(again.path).records) == 2
    [aside] = logs.glob("*.old")
    assert [each.target for each in read(aside).records] == [("1888",), ("Ida Holm",)]


def test_errors_stand_in_the_log_and_count_as_wrong(folder: Path, start: Start, tmp_path: Path) -> None:
    failing = {
        "m1": lambda: ContextError("too long", hint="shorter"),
        "f1": lambda: EngineError("it died"),
        "k1": lambda: RuntimeError("a defect"),
    }
    log = evaluate(Plan("xquad", folder), start(answering(failing)), tmp_path / "logs")
    errors = {each.id: each.error for each in log.records if each.error}
    assert {key: (error.type, error.code) for key, error in errors.items()} == {
        "m1": ("ContextError", "context_overflow"),
        "f1": ("EngineError", "engine"),
        "k1": ("RuntimeError", "defect"),
    }
    assert errors["m1"].hint == "shorter" and all(each.trace_id for each in log.records)
    assert values(log)["right"] == (0.2, 5) and log.result is not None and log.result.errors == 3
    # The run goes on with those whose error may pass.
    engine = answering()
    again = evaluate(Plan("xquad", folder), start(engine, "another"), tmp_path / "logs")
    assert [named(each) for each in engine.requests] == ["f1"]
    assert again.result is not None and again.result.errors == 2 and values(again)["exact"] == (0.2, 5)
    assert [each.id for each in again.records] == ["m1", "m2", "f1", "f2", "k1"]


def test_an_error_is_never_a_right_abstention(folder: Path, start: Start, tmp_path: Path) -> None:
    engine = Scripted([lambda request: (_ for _ in ()).throw(ContextError("too long"))])
    log = evaluate(Plan("xquad_unanswerable", folder), start(engine), tmp_path / "logs")
    assert values(log)["abstained"] == (0.0, 5)


def test_a_budget_of_tokens_ends_a_run(folder: Path, start: Start, tmp_path: Path) -> None:
    whole = evaluate(Plan("xquad", folder), start(answering()), tmp_path / "whole")
    assert whole.result is not None
    used = [each.usage.input_tokens + each.usage.output_tokens for each in whole.records]
    most = sum(used[:3]) + 96 + 10  # room for the longest answer to the third question, not to the fourth
    capped = Plan("xquad", folder, budget=Budget(tokens=most))
    log = evaluate(capped, start(answering(), "another"), tmp_path / "logs")
    assert log.result is not None and "budget is used up" in log.result.stopped
    assert [each.id for each in log.records] == ["m1", "m2", "f1"] and log.result.wanted == 5
    assert log.records == tuple(_same(each, other) for each, other in zip(log.records, whole.records, strict=False))
    rest = evaluate(replace(capped, budget=Budget()), start(answering(), "another"), tmp_path / "logs")
    assert values(rest) == values(whole) and rest.result is not None and rest.result.stopped == ""


def _same(one: Any, other: Any) -> Any:
    """The second record with what differs between two runs of the same: times and trace."""
    kept = {name: getattr(one, name) for name in ("trace_id", "seconds", "usage")}
    return other.model_copy(update=kept)


def test_a_budget_of_seconds_ends_a_run(folder: Path, start: Start, tmp_path: Path) -> None:
    engine = answering(seconds_per_token=1.0)
    plan = Plan("xquad", folder, budget=Budget(seconds=4.0))
    log = evaluate(plan, start(engine), tmp_path / "logs")
    assert log.result is not None and log.result.stopped and log.result.n < 5 and log.result.errors == 0


def test_a_samples_own_budget_is_its_own_matter(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "variant", lambda name: SimpleNamespace(vary=_poor))
    plan = Plan("xquad", folder, limit=2, variant="poor", budget=Budget(tokens=100_000))
    log = evaluate(plan, start(answering()), tmp_path / "logs")
    assert [each.error.type if each.error else "" for each in log.records] == [BudgetError.__name__] * 2


def _poor(sample: Sample, seed: int, others: Sequence[Sample]) -> Sample:
    return replace(sample, options={**sample.options, "budget": {"tokens": 5}})


def test_a_variant_changes_the_samples(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def louder(sample: Sample, seed: int, others: Sequence[Sample]) -> Sample:
        asked = f"{sample.inputs[0]} Now! One of {len(others)}."
        return replace(sample, question=f"{sample.question} {seed}", inputs=(asked, *sample.inputs[1:]))

    def loudness(sample: Sample, response: Response) -> Score:
        return Score({"loud": float("Now!" in str(sample.inputs[0]))})

    monkeypatch.setattr(registry, "variant", lambda name: SimpleNamespace(vary=louder, SCORERS=(loudness,)))
    engine = answering()
    plan = Plan("xquad", folder, limit=1, variant="louder", seed=3)
    log = evaluate(plan, start(engine), tmp_path / "logs")
    assert (
        log.records[0].question == "When was the wheel built? 3"
        and "Now! One of 5." in engine.requests[0].messages[-1].text
    )
    assert values(log)["loud"] == (1.0, 1) and values(log)["exact"] == (1.0, 1)
    assert log.path.name.startswith("xquad-louder-") and log.header.variant == "louder"
    assert evaluate(replace(plan, seed=4), start(answering()), tmp_path / "logs").path != log.path


def test_a_task_may_answer_by_itself(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = registry.task("xquad")
    monkeypatch.setattr(task, "answer", lambda model, sample: Response(text="1888"), raising=False)
    engine = answering()
    log = evaluate(Plan("xquad", folder, limit=2), start(engine), tmp_path / "logs")
    assert not engine.requests and values(log)["exact"] == (0.5, 2)


def test_a_recorded_run_is_the_same_and_costs_nothing(folder: Path, start: Start, tmp_path: Path) -> None:
    record, model = tmp_path / "answers.jsonl", start(answering())
    # What the store kept of an earlier run is asked again: the record would lack it.
    evaluate(Plan("xquad", folder), model, tmp_path / "before")
    first = evaluate(Plan("xquad", folder), recording(model, record), tmp_path / "logs")
    with ol.load(f"recorded:{record}", home=tmp_path / "bare") as replayed:
        again = evaluate(Plan("xquad", folder), replayed, tmp_path / "logs")
    assert again.path != first.path and again.result is not None and again.result.errors == 0
    assert values(again) == values(first)
    assert [(e.answer, e.claims, e.values) for e in again.records] == [
        (e.answer, e.claims, e.values) for e in first.records
    ]


def test_a_recording_that_was_stopped_goes_on(folder: Path, start: Start, tmp_path: Path) -> None:
    record = tmp_path / "answers.jsonl"
    evaluate(Plan("xquad", folder, limit=2), recording(start(answering()), record), tmp_path / "logs")
    engine = answering()
    whole = evaluate(Plan("xquad", folder), recording(start(engine), record), tmp_path / "logs")
    assert len(engine.requests) == 3
    with ol.load(f"recorded:{record}", home=tmp_path / "bare") as replayed:
        assert values(evaluate(Plan("xquad", folder), replayed, tmp_path / "replayed")) == values(whole)


def test_two_runs_do_not_write_one_log(folder: Path, start: Start, tmp_path: Path) -> None:
    second: list[str] = []

    def told(step: Progress) -> None:
        if step.unit == "samples" and step.done == 0 and not second:
            second.append("tried")
            with pytest.raises(UsageError, match="another run is writing"):
                evaluate(Plan("xquad", folder, limit=1), start(answering(), "another"), tmp_path / "logs")

    evaluate(Plan("xquad", folder, limit=1), start(answering()), tmp_path / "logs", told)
    assert second


def test_progress_and_an_estimate(folder: Path, start: Start, tmp_path: Path) -> None:
    steps: list[Progress] = []
    model = start(answering(seconds_per_token=0.6))
    evaluate(Plan("xquad", folder, limit=3), model, tmp_path / "logs", steps.append)
    assert [(each.done, each.total) for each in steps if each.unit == "samples"] == [(n, 3) for n in range(4)]
    [said] = [each.step for each in steps if each.unit == "note"]
    assert said.startswith("xquad: 2 samples to go, about ")


def test_what_cannot_be_run(folder: Path, start: Start, tmp_path: Path) -> None:
    model = start(answering())
    with pytest.raises(UsageError, match="did you mean 'xquad'"):
        evaluate(Plan("xqad", folder), model, tmp_path / "logs")
    with pytest.raises(UsageError, match="no variant 'loud'"):
        evaluate(Plan("xquad", folder, variant="loud"), model, tmp_path / "logs")
    with pytest.raises(UsageError, match="is missing"):
        evaluate(Plan("xquad", tmp_path), model, tmp_path / "logs")
    for options in ({"max_output_tokens": 0}, {"no_such": 1}):  # said before anything is run, not for every sample
        with pytest.raises(UsageError, match=next(iter(options))):
            evaluate(Plan("xquad", folder, options=options), model, tmp_path / "logs")
    assert not (tmp_path / "logs").exists()


def test_the_log_is_plain_json(folder: Path, start: Start, tmp_path: Path) -> None:
    log = evaluate(Plan("xquad", folder, limit=1), start(answering()), tmp_path / "logs")
    lines = [json.loads(line) for line in log.path.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["header", "sample", "result"]
    assert lines[2]["metrics"]["exact"] == {"value": 1.0, "stderr": None, "n": 1}


def test_a_calibrator_gives_the_probabilities(folder: Path, start: Start, tmp_path: Path) -> None:
    from omniloom.reasoning import calibrators
    from omniloom.reasoning.calibrator import Calibrator, Estimated, Fingerprint, HeldOut, Reference, Signal

    names = ("answer_tokens", "logprob_mean", "logprob_min", "margin", "alignment", "asked", "retrieval")
    checked = HeldOut(
        n=1, accuracy=1, ece=Estimated(value=0, low=0, high=0), brier=0, brier_of_the_mean=0, aurc=0, auroc=None
    )
    made = Calibrator(
        name="mine",
        model="scripted",
        family="extract",
        bias=0.0,
        signals=(Signal(name="alignment", mean=0.5, scale=0.25, weight=1.0, absent=-2.0),),
        references=tuple(Reference(name=name, n=1) for name in names),
        held_out=checked,
        data=Fingerprint(n=1, sha256="0" * 64, date="2026-11-28"),
    )
    model, plan = start(answering()), Plan("xquad", folder, calibrator="mine")
    with pytest.raises(UsageError, match="no calibrator 'mine'"):
        evaluate(plan, model, tmp_path / "logs")
    calibrators.keep(model.store.root, made)
    log = evaluate(plan, model, tmp_path / "logs")
    sure = {each.id: each.confidence for each in log.records}
    assert all(each is not None and each.calibrator == "mine" for each in sure.values())
    assert sure["m1"] is not None and sure["m1"].value == pytest.approx(0.8808, abs=1e-4)  # 1 / (1 + e^-2)
    assert sure["f2"] is not None and sure["f2"].value < 0.2, "an answer that stands nowhere"
    assert all("logprob_mean" in each.signals for each in log.records) and log.header.calibrator == "mine"
    calibrators.keep(model.store.root, made.model_copy(update={"bias": 1.0}))
    assert evaluate(plan, model, tmp_path / "logs").path != log.path, "another calibrator of that name"
    calibrators.keep(model.store.root, made.model_copy(update={"family": "compute"}))
    with pytest.raises(UsageError, match="is for the family 'compute'"):
        evaluate(plan, model, tmp_path / "logs")


def test_a_run_opens_the_store_of_its_citations_once(
    folder: Path, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from omniloom.evaluation import citations

    opened: list[Path] = []

    class Counted(Store):
        def __init__(self, root: Path) -> None:
            opened.append(root)
            super().__init__(root)

    monkeypatch.setattr(citations, "Store", Counted)
    log = evaluate(Plan("xquad", folder), start(answering()), tmp_path / "logs")
    cited = sum(len(claim.citations) for each in log.records for claim in each.claims)
    assert cited > 1 and all(each.values["citations_verbatim"] == 1 for each in log.records if each.values["cited"])
    assert opened == [tmp_path / "home"]
