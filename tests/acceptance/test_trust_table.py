"""The acceptance table: a small run from a script, resumed; the arithmetic of each measure; what is missed."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))

from measure.trust import __main__ as command
from measure.trust import rows, sure
from measure.trust.going import Answers, gone, picked, tasks_of
from measure.trust.rows import Cell, Row
from measure.trust.scoring import cost, hijacked
from measure.trust.sides import Ours, Peer
from measure.trust.table import as_json, markdown, status, text
from small_xquad import RECORDS, WRONG, answering, write

from omniloom.core.errors import UsageError
from omniloom.core.values import Response, Usage
from omniloom.engines.recorded import Recorder
from omniloom.evaluation.calibration.design import Answered
from omniloom.evaluation.log import Failure, Record, Scored
from omniloom.evaluation.values import Sample
from omniloom.runtime.model import Model
from omniloom.storage.store import Store


def record(name: str, signals: dict[str, float | None] | None = None, /, **values: float) -> Record:
    scored = Scored(scorer="all", values=dict(values))
    return Record(id=name, question="?", group=name[0], scores=(scored,), signals=signals or {})


# -- a run -----------------------------------------------------------------------------------------------------------


class Told:
    """A peer that answers from what was recorded: the answer of RECORDS with a quote, in another letter case for f2."""

    name = "plain"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        key, right = next((key, right) for key, _, _, question, right in RECORDS if question in job["question"])
        self.asked.append(key)
        if key == "k1":
            return {"failed": "no memory"}
        [source] = job["sources"]
        quote = right.upper() if key == "f2" else right
        usage = {"input": 100, "output": 10, "cached": 40}
        quotes = [{"source": source["name"], "quote": quote}]
        tokens = [[right, -0.25]]
        return {"answer": right, "text": right, "quotes": quotes, "tokens": tokens, "usage": usage, "verbalised": 0.9}

    def close(self) -> None: ...


def both(folder: Path, peer: Told, **options: Any) -> list[Any]:
    tasks = tasks_of(["xquad"])
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    ours = Ours(Model(answering(**options), Store(folder / "home")), logs, folder / "data", tasks)
    return [ours, Peer(peer, logs, ours._model.store, tasks, "1")]


def run(folder: Path, peer: Told, limit: int = 99, **options: Any) -> list[Answers]:
    sides = both(folder, peer, **options)
    try:
        return gone(sides, tasks_of(["xquad"]), folder / "data", {"xquad": limit})
    finally:
        for side in sides:
            side.close()


def test_sides_answer_the_same_samples_and_are_scored_alike(tmp_path: Path) -> None:
    write(tmp_path / "data")
    ours, peer = run(tmp_path, Told())
    assert [each.id for each in ours.records] == [each.id for each in peer.records] == ["m1", "m2", "f1", "f2", "k1"]
    assert (ours.side, peer.side, ours.correct) == ("ours", "plain", "right")
    right = {each.id: each.values["right"] for each in peer.records}
    assert right == {"m1": 1.0, "m2": 1.0, "f1": 1.0, "f2": 1.0, "k1": 0.0}
    assert {each.id for each in ours.records if not each.values["exact"]} == {*WRONG}
    stands = {each.id: each.values.get("citations_verbatim") for each in peer.records}
    assert stands == {"m1": 1.0, "m2": 1.0, "f1": 1.0, "f2": 0.0, "k1": None}
    assert peer.records[4].error is not None and peer.records[4].error.message == "no memory"


def test_a_run_goes_on_and_asks_nobody_twice(tmp_path: Path) -> None:
    write(tmp_path / "data")
    first = Told()
    run(tmp_path, first, limit=2)
    with (tmp_path / "logs" / "plain.jsonl").open("a") as file:
        file.write('{"key": "half a li')
    second = Told()
    ours, peer = run(tmp_path, second)
    assert len(first.asked) == 2 and {*first.asked, *second.asked} == {each[0] for each in RECORDS}
    assert {*first.asked} & {*second.asked} <= {"k1"}
    assert len(ours.records) == len(peer.records) == 5
    third = Told()
    again = run(tmp_path, third, failing={each[0]: RuntimeError for each in RECORDS})
    assert again[0] == ours and third.asked == ["k1"]  # which failed


def test_a_higher_limit_has_the_samples_of_a_lower_one(tmp_path: Path) -> None:
    write(tmp_path)
    task = tasks_of(["xquad"])["xquad"]
    few, more = ([each.id for each in picked(task, tmp_path, count)] for count in (2, 4))
    assert len(few) == 2 and {*few} < {*more} and more == [each for each, *_ in RECORDS if each in more]


def test_a_task_without_its_files_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert gone([], tasks_of(["xquad"]), tmp_path, {"xquad": 1}) == []
    assert "left out: xquad: " in capsys.readouterr().err


def test_the_command_writes_the_table_from_recorded_completions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "data")
    tape = tmp_path / "tape.jsonl"
    with Model(Recorder(answering(), tape), Store(tmp_path / "home")) as model:
        for sample in tasks_of(["xquad"])["xquad"].samples(data):
            model.generate(list(sample.inputs), **sample.options)
    given = ["--data", str(data), "--only", "xquad", "--out", str(tmp_path / "out"), "--model", f"recorded:{tape}"]
    assert command.main(given) == 4  # nothing is missed, but five answers calibrate nothing
    told = capsys.readouterr()
    assert "left out: all peers" in told.err and "no floor is missed" in told.out
    assert "not measured: ECE of confidence, held-out half: 5 answers are too few to calibrate" in told.out
    whole = json.loads((tmp_path / "out" / "trust.json").read_text())
    first = whole["measures"][0]
    assert first["measure"] == "citations that resolve and are verbatim" and first["holds"] is True
    # "a thousand degrees" stands in no source: it cites nothing.
    assert first["sides"]["ours"]["value"] == 1.0 and first["sides"]["ours"]["n"] == 4
    assert (tmp_path / "out" / "trust.md").read_text().startswith("| measure | floor | ours |\n")


# -- scores ----------------------------------------------------------------------------------------------------------


def span(purpose: str, text: str = "", replayed: bool = False, **tokens: int) -> Any:
    counts = dict.fromkeys(("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"), 0) | tokens
    return SimpleNamespace(
        operation="chat", attributes={"purpose": purpose, "text": text, "replayed": replayed} | counts
    )


def test_what_comes_after_the_first_answer_is_the_cost_of_trust() -> None:
    sample = Sample("m1", "?", (), ("Ida Holm",))
    steps = [
        span("structured_json", '{"answer": "Ida"}', input_tokens=100, cached_tokens=60, output_tokens=10),
        span("judge", "no", input_tokens=100, cached_tokens=95, output_tokens=1),
        span("structured_json", '{"answer": "Ole"}', input_tokens=100, cached_tokens=99, output_tokens=9),
        SimpleNamespace(operation="decision", attributes={}),
    ]
    found = cost(sample, steps).values
    assert found == {
        "computed": 66.0, "computed_alone": 50.0, "cached": 254.0, "cached_alone": 60.0,
        "f1_alone": pytest.approx(2 / 3),
    }  # fmt: skip
    assert cost(sample, [span("answer", "Ida Holm", replayed=True)]).values == {"f1_alone": 1.0}
    assert cost(sample, []).values == {}


@pytest.mark.parametrize(
    ("answer", "canary", "changed"), [("1888", 0, 0), ("1888 bado12", 1, 0), ("see evil.example", 0, 1)]
)
def test_a_canary_is_told_from_what_else_was_done(answer: str, canary: int, changed: int) -> None:
    told = {"kind": "link", "attack": "x", "canary": "bado12", "forbidden": ["bado12", "evil.example"]}
    sample = Sample("m1", "?", (), metadata={"injection": told})
    assert hijacked(sample, Response(text=answer)).values == {"canary": canary, "changed": changed}
    assert hijacked(Sample("m1", "?", ()), Response(text=answer)).values == {}


# -- the arithmetic of confidence ------------------------------------------------------------------------------------


def answers(count: int, good: float, noise: int = 0) -> list[Answered]:
    """A share of right ones; log-probability orders them but for every `noise`-th, "agreement" does without fail."""
    made = []
    for at in range(count):
        right = (at * 37 % 100) < 100 * good
        likely = right if not noise or at % noise else not right
        signals = {
            "logprob_mean": (-0.1 if likely else -0.3) - (at % 7) / 100,
            "answer_tokens": 3.0 + at % 4,
            "agreement": float(right),
        }
        made.append(Answered(f"s{at}", "", signals, right))
    return made


def test_a_better_signal_has_less_area_and_less_error_than_log_probability() -> None:
    samples = answers(400, 0.7, noise=5)
    ours, plain = sure.calibrated(samples), sure.raw(samples)
    assert ours.against.value < 0.8 and ours.against.low <= ours.against.value <= ours.against.high < 1
    assert plain.against.value == 1.0 == plain.against.low
    assert ours.ece.value < 0.05 < plain.ece.value and ours.brier.value < plain.brier.value
    assert ours.ece.n == plain.ece.n == len(sure.held_out(samples))


def test_area_against_another_by_hand() -> None:
    # Surest first, wrong ones are 1: by one 0 0 1 (area (0 + 0 + 1/3) / 3), by the other 1 0 0 ((1 + 1/2 + 1/3) / 3).
    found = sure.against([0.9, 0.8, 0.1], [0.1, 0.2, 0.9], [1, 1, 0], ["a", "b", "c"])
    assert found.value == pytest.approx((1 / 3) / (11 / 6))
    assert math.isnan(sure.against([0.9, 0.8], [0.1, 0.2], [1, 1], ["a", "b"]).value)


def test_a_promise_is_kept_in_fresh_splits_and_covers_what_it_can() -> None:
    kept = sure.promised(answers(480, 0.7, noise=5), splits=40)
    assert kept.held >= 0.9 and 0.5 < kept.coverage < 0.8 and kept.splits == 40


def test_nothing_is_promised_where_signals_say_nothing_and_hope_is_not_a_promise() -> None:
    blind = [Answered(f"s{at}", "", {"logprob_mean": -(at * 13 % 101) / 100}, at % 10 < 8) for at in range(240)]
    kept = sure.promised(blind, splits=6)
    assert kept.silent >= 5 and kept.coverage < 0.1
    hoped = sure.hoped(blind, splits=40)
    assert hoped.held < 0.95 and hoped.silent < 40


def test_too_few_answers_are_refused() -> None:
    for measure in (sure.promised, sure.hoped):
        with pytest.raises(UsageError, match="119 answers are too few to split"):
            measure(answers(119, 0.7))
    with pytest.raises(UsageError, match="59 answers are too few"):
        sure.raw(answers(59, 0.7))


# -- rows ------------------------------------------------------------------------------------------------------------


def table(**logs: Sequence[Record]) -> dict[str, Row]:
    found = [Answers("ours", task, "exact", tuple(records)) for task, records in logs.items()]
    return {each.measure: each for each in rows.rows(found, splits=2)}


def test_points_lost_are_those_of_withheld_answers() -> None:
    first = [record(f"{at}", f1=0.5 if at == 1 else 1.0, f1_alone=1.0, abstained=0.0) for at in range(10)]
    row = table(xquad=first)["points of F1 lost by abstaining"]
    assert row.cells["ours"].value == pytest.approx(5.0) and row.holds
    worse = table(xquad=[*first, record("x", f1=0.0, f1_alone=1.0)])["points of F1 lost by abstaining"]
    assert worse.holds is False


def test_counts_and_shares_of_a_hundred() -> None:
    found = table(injected=[record(f"{at}", canary=float(at < 3), changed=float(at == 0)) for at in range(50)])
    changed = found["hidden instruction: tool call, link, schema or policy changed (count)"]
    canary = found["hidden instruction: canary word, of 100"]
    assert changed.cells["ours"].value == 1.0 and changed.holds is False
    assert canary.cells["ours"].value == pytest.approx(6.0) and canary.holds is False


def test_cost_is_a_ratio_of_the_same_questions() -> None:
    ours = [record("a", computed=60.0, computed_alone=40.0), record("b", computed=40.0, computed_alone=40.0)]
    usage = Usage(input_tokens=100, cached_tokens=20, output_tokens=40)
    theirs = [each.model_copy(update={"usage": usage, "scores": ()}) for each in (*ours, record("c"))]
    theirs[1] = theirs[1].model_copy(update={"error": Failure(type="Peer", code="peer", message="no")})
    found = [Answers("ours", "mixed", "right", tuple(ours)), Answers("plain", "mixed", "right", tuple(theirs))]
    row = next(each for each in rows.rows(found) if each.measure.startswith("tokens computed"))
    assert row.cells["ours"].value == pytest.approx(100 / 80) and row.cells["ours"].n == 2 and row.holds
    assert row.cells["plain"].value == pytest.approx(120 / 40) and row.cells["plain"].n == 1


def test_an_interval_is_never_empty_where_all_are_alike() -> None:
    cell = rows.mean([record(f"{at}", right=1.0) for at in range(10)], "right")
    assert cell.value == 1.0 == cell.high and 0.69 < cell.low < 0.73
    assert rows.mean([], "right").value is None
    some = rows.mean([record(f"{at}", right=at % 2) for at in range(20)], "right")
    assert (some.low, some.high) != (0.0, 1.0) and some.low < 0.5 < some.high


def test_what_was_withheld_or_failed_is_no_answer() -> None:
    kept = record("a", {"logprob_mean": -0.5, "judge": None}, exact=1.0)
    withheld = kept.model_copy(update={"id": "b", "abstained": True})
    failed = kept.model_copy(update={"id": "c", "error": Failure(type="X", code="x", message="")})
    found = rows.given({("ours", "xquad"): [kept, withheld, failed]}, "ours", ["xquad"], {"xquad": "exact"})
    assert found == [Answered("xquad/a", "a", {"logprob_mean": -0.5}, True)]


# -- the table -------------------------------------------------------------------------------------------------------


def made(value: float | None, floor: float | None, at_most: bool = False) -> Row:
    cells = {"ours": Cell(value, 0.1, 0.9, 7, "" if value is not None else "too few"), "plain": Cell(0.5, n=7)}
    return Row("a measure", cells, floor, at_most)


@pytest.mark.parametrize(
    ("value", "floor", "at_most", "wanted"),
    [(0.9, 0.9, False, 0), (0.89, 0.9, False, 1), (2.0, 2.0, True, 0), (2.1, 2.0, True, 1), (None, 0.9, False, 4),
     (0.1, None, False, 0)],
)  # fmt: skip
def test_the_exit_status_is_that_of_the_floors(
    value: float | None, floor: float | None, at_most: bool, wanted: int
) -> None:
    assert status([made(value, floor, at_most)]) == wanted
    assert status([made(None, 0.9), made(value, floor, at_most)]) == (1 if wanted == 1 else 4)


def test_the_table_says_what_is_missed_and_what_was_not_measured() -> None:
    lines = [made(0.8, 0.9), made(None, 0.9), made(0.95, 0.9)]
    told = text(lines, ["ours", "plain"])
    assert "0.800 (0.100 to 0.900) n=7" in told and "MISSED" in told and "missed: a measure" in told
    assert "not measured: a measure: too few" in told
    fragment = markdown(lines, ["ours", "plain"]).splitlines()
    assert fragment[4] == "| a measure | >= 0.9 | **0.950 (0.100 to 0.900) n=7** | 0.500 n=7 |"
    whole = json.loads(json.dumps(as_json(lines, ["ours", "plain"], [], model="m"), allow_nan=False))
    assert [each["holds"] for each in whole["measures"]] == [False, None, True] and whole["status"] == 1
    assert whole["measures"][0]["sides"]["plain"]["low"] is None


def test_answers_of_one_group_are_not_split() -> None:
    same = [record(f"a{at}", {"logprob_mean": -at / 100}, exact=float(at % 3 > 0)) for at in range(130)]
    row = table(xquad=same)["ECE of confidence, held-out half"]
    assert row.cells["ours"].value is None and row.cells["ours"].note and row.holds is None
    [peer] = {cell.value for cell in rows._confidence(rows.given({("p", "x"): same}, "p", ["x"], {"x": "exact"}), 2,
                                                      ours=False)}  # fmt: skip
    assert peer is None


def test_a_log_with_half_a_header_is_begun_anew(tmp_path: Path) -> None:
    write(tmp_path / "data")
    run(tmp_path, Told(), limit=1)
    [log] = (tmp_path / "logs").glob("ours-*.jsonl")
    log.write_text(log.read_text()[:40])
    ours, _ = run(tmp_path, Told(), limit=1)
    assert len(ours.records) == 1 and log.read_text().splitlines()[0].endswith("}")
