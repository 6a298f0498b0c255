"""The table of thinking: each row's arithmetic, and whether its floor is seen as held or missed."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from measure.thinking.picture import curves, draw, main
from measure.thinking.rows import rows
from measure.trust.going import Answers
from measure.trust.rows import Row
from measure.trust.table import as_json

from omniloom.core.values import Usage
from omniloom.evaluation.log import Claimed, Failure, Record, Scored


def record(name: str, derived: str = "", /, **values: float) -> Record:
    claims = (Claimed(at="/answer", text="7", derived=derived),) if derived else ()
    usage = Usage(output_tokens=10 * len(name), reasoning_tokens=1)
    return Record(
        id=name, question="?", scores=(Scored(scorer="all", values=dict(values)),), claims=claims, usage=usage
    )


def table(**logs: Sequence[Record]) -> dict[str, Row]:
    """Logs by side and task, joined by an underscore."""
    found = [Answers(*name.split("_"), "exact", tuple(records)) for name, records in logs.items()]
    return {each.measure: each for each in rows(found)}


def test_cells_count_for_right_answers_only() -> None:
    told = [record("a", exact=1, cited=1), record("b", exact=1, cited=0), record("c", exact=0, cited=1)]
    found = table(ours_wtq=told, plain_wtq=[record(each.id, exact=0) for each in told])
    right, cited = found["WikiTableQuestions, exact"], found["of the right ones, cells cited"]
    assert right.holds and right.cells["ours"].value == pytest.approx(2 / 3) and right.cells["plain"].value == 0
    assert cited.cells["ours"].value == 0.5 and cited.holds is False


def test_arithmetic_is_set_against_the_plain_model_and_must_show_how_it_was_made() -> None:
    ours = [record("a", "7 - 2", arithmetic=1, exact=1), record("b", arithmetic=1, exact=1), record("c", exact=0)]
    plain = [record("a", arithmetic=1, exact=1), record("b", arithmetic=0, exact=0), record("c", exact=1)]
    found = table(ours_tatqa=ours, plain_tatqa=plain)
    against = found["TAT-QA arithmetic, against the plain model"]
    assert against.cells["ours"].value == 2.0 and against.cells["ours"].n == 2 and against.holds
    assert found["TAT-QA arithmetic, exact"].cells["plain"].value == 0.5
    derived = found["of the right ones, derivation shown"]
    assert derived.cells["ours"].value == 0.5 and derived.holds is False
    none = table(ours_tatqa=ours, plain_tatqa=[record(each.id, arithmetic=0) for each in ours])
    assert none["TAT-QA arithmetic, against the plain model"].holds is None


def test_points_over_direct_are_paired_and_a_failed_answer_is_wrong() -> None:
    failed = Record(id="d", question="?", error=Failure(type="EngineError", code="engine", message="x"))
    ours = [record("a", exact=1), record("b", exact=1), record("c", exact=0), record("d", exact=1)]
    direct = [record("a", exact=1), record("b", exact=0), record("c", exact=1), failed]
    row = table(ours_gsm8k=ours, direct_gsm8k=direct)["GSM8K, points over direct"]
    assert row.cells["ours"].value == pytest.approx(25.0) and row.holds
    worse = table(ours_gsm8k=direct, direct_gsm8k=ours)["GSM8K, points over direct"]
    assert worse.cells["ours"].value == pytest.approx(-25.0) and worse.holds is False


def test_tokens_written_are_those_of_answers() -> None:
    failed = Record(id="bb", question="?", error=Failure(type="EngineError", code="engine", message="x"))
    found = table(ours_wtq=[record("a", exact=1), record("bbb", exact=1)], direct_wtq=[record("a", exact=1), failed])
    written = found["WikiTableQuestions, tokens written"]
    assert written.cells["ours"].value == 21.0 and written.cells["direct"].value == 11.0


def test_samples_are_set_against_eight_answers_of_the_same_problems() -> None:
    asked = [record("a", exact=1), record("b" * 9, exact=1)]
    eight = [record("a", exact=0).model_copy(update={"usage": Usage(output_tokens=66)})]
    found = table(ours_gsm8k=asked, direct_gsm8k=asked, eight_gsm8k=eight)
    fewer, lost = found["GSM8K, tokens of eight samples over ours"], found["GSM8K, points lost against eight samples"]
    assert fewer.cells["ours"].value == pytest.approx(66 / 11) and fewer.cells["ours"].n == 1 and fewer.holds
    assert lost.cells["ours"].value == -100 and lost.holds
    assert table(ours_gsm8k=asked, direct_gsm8k=asked)[fewer.measure].holds is None


def budgets(*right: str) -> dict[str, Row]:
    """Which of twenty samples are right with each budget, as letters; ours answered one more, which counts for none."""
    sides = ["budget 0", "budget 128", "budget 512", "ours"]
    logs = {
        f"{side}_wtq": [record(each, exact=float(each in some)) for each in "abcdefghijklmnopqrst"]
        for side, some in zip(sides, right, strict=True)
    }
    logs["ours_wtq"].append(record("z", exact=0))
    return table(**logs)


def test_what_each_budget_reaches_is_told_and_a_fall_is_seen() -> None:
    found = budgets("abcd", "abcde", "abcdefgh", "abcdefghijkl")
    reached = [found[f"WikiTableQuestions, exact, budget of {each}"].cells["ours"] for each in (0, 128, 512, 2048)]
    assert [cell.value for cell in reached] == pytest.approx([0.2, 0.25, 0.4, 0.6]) and reached[-1].n == 20
    assert found["WikiTableQuestions, points lost with more budget"].holds
    assert budgets("abcd", "bcde", "cdef", "defg")["WikiTableQuestions, points lost with more budget"].holds
    one = budgets("abcd", "abc", "abcd", "abcd")
    assert one["WikiTableQuestions, points lost with more budget"].holds
    worse = budgets("abcd", "abcdefghijkl", "abc", "abcd")["WikiTableQuestions, points lost with more budget"]
    assert worse.holds is False and worse.cells["ours"].value > 30


def test_budgets_become_a_picture(tmp_path: Path) -> None:
    rows_of = budgets("abcd", "abcde", "abcdefgh", "abcdefghijkl").values()
    found = curves([as_json(list(rows_of), ["ours"], [])])
    [(task, points)] = found.items()
    assert task == "WikiTableQuestions" and [budget for budget, _ in points] == [0, 128, 512, 2048]
    assert [cell["value"] for _, cell in points] == pytest.approx([0.2, 0.25, 0.4, 0.6])
    draw(found, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert main([]) == 2
