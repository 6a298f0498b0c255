"""WikiTableQuestions: what counts as the same answer."""

import json
from pathlib import Path

import pytest

from omniloom.core.errors import UsageError
from omniloom.core.values import Response
from omniloom.evaluation.tasks import wtq
from omniloom.evaluation.values import Sample


def sample(*answers: str) -> Sample:
    return Sample("1", "which?", ("which?",), ("; ".join(answers),), metadata={"answers": answers})


def score(wanted: list[str], given: list[str]) -> float:
    return wtq.exact(sample(*wanted), Response(data={"answer": "; ".join(given)})).values["exact"]


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (["Karen Olsson"], ["karen  olsson"]),
        (["23,586"], ["23586"]),
        (["5"], ["5.0"]),
        (["3"], ["three"]),
        (["28 January 1922"], ["1922-01-28"]),
        (["June 11, 2005"], ["11 Jun 2005"]),
        (["1895"], ["1895.0"]),
        (['"Freak Me"'], ["Freak Me"]),
        (["Co Stompé"], ["Co Stompe[1]"]),
        (["Joseph Ebuya (KEN)"], ["Joseph Ebuya"]),
        (["2007–08"], ["2007-08"]),
        (["$5.50"], ["5.5"]),
        (["UK", "Ireland"], ["Ireland", "UK"]),
        (["UK"], ["UK", "uk"]),
        (["5"], ["5", "5.0"]),
    ],
)
def test_right(wanted: list[str], given: list[str]) -> None:
    assert score(wanted, given) == 1.0


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (["Karen Olsson"], ["Megan Leslie"]),
        (["Karen Olsson"], ["Olsson"]),
        (["5"], ["6"]),
        (["46 years"], ["46"]),
        (["28 January 1922"], ["January 1922"]),
        (["January 28"], ["28 January 1922"]),
        (["march 5"], ["marathon 5"]),
        (["UK", "Ireland"], ["UK"]),
        (["UK"], ["UK", "Ireland"]),
        (["5"], []),
        (["5"], [""]),
    ],
)
def test_wrong_or_nearly_right(wanted: list[str], given: list[str]) -> None:
    assert score(wanted, given) == 0.0


def test_no_answer_says_what_was_wanted() -> None:
    found = wtq.exact(sample("5"), Response(data={"answer": "5"}, abstained=True))
    assert found.values == {"exact": 0.0}
    assert "'5'" in found.explanation


def test_an_answer_in_words_is_taken_by_lines() -> None:
    assert wtq.exact(sample("UK", "Ireland"), Response(text="- UK\n- Ireland\n")).values["exact"] == 1.0


def test_samples_of_a_table_are_a_group(tmp_path: Path) -> None:
    (tmp_path / "tables/wtq/1-csv").mkdir(parents=True)
    (tmp_path / "tables/wtq/1-csv/1.csv").write_text("a,b\n1,2\n")
    lines = [{"id": str(n), "question": "how many?", "table": "1-csv/1.csv", "answers": ["1"]} for n in range(2)]
    (tmp_path / "tables/wtq.jsonl").write_text("\n".join(map(json.dumps, lines)))
    one, other = wtq.samples(tmp_path)
    assert one.group == other.group == "1-csv/1.csv"
    assert one.inputs[0] == "how many?"
    assert Path(one.inputs[1].path).read_text() == "a,b\n1,2\n"  # type: ignore[union-attr]


def test_a_folder_without_the_files_is_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"wtq\.jsonl"):
        next(wtq.samples(tmp_path))


@pytest.mark.parametrize("text", ["{", "[1]"])
def test_a_broken_line_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/wtq.jsonl").write_text(f"\n{text}\n")
    with pytest.raises(UsageError, match="line 2"):
        next(wtq.samples(tmp_path))
