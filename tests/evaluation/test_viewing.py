"""From a log to the values of a report: what went wrong, what is alike, curves, and places in sources."""

import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.locators import parse_fragment
from omniloom.core.values import Confidence, Locator, Usage
from omniloom.evaluation.log import Cited, Claimed, Expected, Failure, Header, Log, Origin, Record, Scored
from omniloom.evaluation.viewing import report
from omniloom.evaluation.viewing.alike import groups
from omniloom.evaluation.viewing.curves import bins, risk_coverage
from omniloom.evaluation.viewing.measures import curves, reliability, rows
from omniloom.evaluation.viewing.wrong import what_went_wrong
from omniloom.inputs import read_part
from omniloom.reasoning.phrases import phrase
from omniloom.rendering.report import Shown, page
from omniloom.storage.intake import as_part, take_in
from omniloom.storage.store import Store

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"


def header(**more: Any) -> Header:
    given = {"task": "made", "family": "extract", "correct": "exact", "model": "m", "identity": "i", "code": "c"}
    return Header(key="k", **given | more)


def record(number: int = 0, **more: Any) -> Record:
    values = more.pop("values", {"exact": 0.0})
    given: dict[str, Any] = {"question": "When?", "target": ("1907",), "answer": "1931"} | more
    return Record(id=f"s{number}", scores=(Scored(scorer="words", values=values),), **given)


def log(*records: Record, **more: Any) -> Log:
    return Log(Path("made.jsonl"), header(**more), records, None)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (record(values={"exact": 1.0}), None),
        (record(values={"exact": 1.0, "place": 0.5}), "right words, wrong place cited"),
        (record(values={"exact": 0.0, "place": 0.5}), "wrong place cited"),
        (record(values={"exact": 0.0, "place": 1.0}), "right place, wrong words"),
        (record(), "wrong answer"),
        (record(abstained=True, text="The sources do not answer this."), "withheld wrongly"),
        (
            record(abstained=True, text="It is 1907.\n" + phrase("not_answered", "Who?")),
            "withheld wrongly",
        ),
        (record(abstained=True, text="", usage=Usage(output_tokens=5)), "withheld wrongly"),
        (record(abstained=True, text="", usage=Usage()), "silent wrongly"),
        (record(abstained=True, text="The year is not mentioned in the sources."), "silent wrongly"),
        (record(values={"exact": 0.0, "abstained": 1.0}, text="It is not mentioned."), "silent wrongly"),
        (record(finish_reason="length"), "format"),
        (record(answer=" "), "format"),
        (record(values={"exact": 1.0, "contradiction": 0.0}), "contradiction missed"),
        (record(error=Failure(type="EngineError", code="engine", message="died")), "error"),
        (record(error=Failure(type="OutputError", code="output", message="no JSON")), "format"),
    ],
)
def test_what_went_wrong(given: Record, name: str | None) -> None:
    found = what_went_wrong(given, header())
    assert (found and found.name) == name


def test_a_question_without_an_answer_wants_none() -> None:
    where = header(correct="abstained")
    assert what_went_wrong(record(target=(), values={"abstained": 1.0}, abstained=True), where) is None
    found = what_went_wrong(record(target=(), values={"abstained": 0.0}), where)
    assert found is not None and found.name == "should have abstained"
    found = what_went_wrong(record(target=(), values={"exact": 0.0, "abstained": 0.0}), header())
    assert found is not None and found.name == "should have abstained"


def test_questions_of_like_words_stand_together_in_whatever_order() -> None:
    bridge = ["When was the bridge opened?", "When was the old bridge opened?", "When was the bridge closed?"]
    miller = ["Who was the last miller at Orrin?", "Who was the first miller at Orrin?"]
    questions = [bridge[0], miller[0], "Why?", bridge[1], miller[1], bridge[2]]
    found = groups(questions)
    assert [group.members for group in found] == [(0, 3, 5), (1, 4), (2,)]
    assert "bridge" in found[0].words and "miller" in found[1].words and found[2].words == ()
    order = list(range(6))
    random.Random(4).shuffle(order)
    again = groups([questions[at] for at in order])
    together = {frozenset(order[at] for at in group.members) for group in again}
    assert together == {frozenset(group.members) for group in found}


def test_every_question_is_in_one_cluster() -> None:
    words = "bridge mill stone wheel baker quarry arch track fire school".split()
    chance = random.Random(1)
    questions = [" ".join(chance.sample(words, 4)) for _ in range(2500)]
    started = time.perf_counter()
    found = groups(questions)
    assert sorted(at for group in found for at in group.members) == list(range(2500))
    assert time.perf_counter() - started < 60


def test_bins_have_equal_mass_and_equal_confidence_is_not_torn_apart() -> None:
    sure = [number / 100 for number in range(100)]
    right = [number >= 50 for number in range(100)]
    found = bins(sure, right)
    assert [each.n for each in found] == [10] * 10
    assert [each.accuracy for each in found] == [0.0] * 5 + [1.0] * 5
    assert all(each.accuracy_low <= each.accuracy <= each.accuracy_high for each in found)
    assert found[0].accuracy_high == pytest.approx(0.2775, abs=1e-3)  # Wilson, 0 of 10
    tied = bins([0.5] * 30 + [0.9] * 10, [True, False] * 20)
    assert [each.n for each in tied] == [30, 10]


def test_risk_at_coverage() -> None:
    points, area = risk_coverage([0.9, 0.8, 0.7, 0.6], [True, True, False, False])
    assert points == ((0.25, 0.0), (0.5, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5))
    assert area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)
    tied = risk_coverage([0.5] * 4, [True, False, True, False])
    assert tied == (((1.0, 0.5),), pytest.approx(0.5))
    assert tied == risk_coverage([0.5] * 4, [False, False, True, True])


def test_ours_and_the_baseline_are_over_the_same_answers() -> None:
    def one(number: int, sure: float, logprob: float | None, right: float) -> Record:
        signals = {} if logprob is None else {"logprob_mean": logprob}
        confidence = Confidence(value=sure, method="m", calibrator="c")
        return record(number, confidence=confidence, signals=signals, values={"exact": right})

    given = [one(0, 0.9, -2.0, 1), one(1, 0.8, -1.0, 0), one(2, 0.7, None, 1)]
    made = log(*given, record(3, abstained=True), calibrator="c")
    ours, theirs = curves(made, "A")
    assert (ours.signal, theirs.signal) == ("confidence", "log-probability alone")
    assert ours.n == theirs.n == 2 and ours.area < theirs.area
    found = reliability(made, "A")
    assert found is not None and found.calibrator == "c" and sum(each.n for each in found.bins) == 3


def test_runs_are_compared_on_the_samples_that_both_have() -> None:
    first = log(*(record(number, values={"exact": float(number % 2)}) for number in range(20)))
    second = log(*(record(number, values={"exact": 1.0}) for number in range(10, 30)))
    (row,) = rows([first, second], [None, first])
    assert row.cells[0] is not None and row.cells[0][::2] == (0.5, 20)
    assert row.differences[0] is None
    found = row.differences[1]
    assert found is not None and (found.value, found.n) == (0.5, 10) and found.low > 0


def test_a_variant_is_compared_with_the_plain_run_of_its_model() -> None:
    """By sample, wherever the plain one stands; what has none is compared with the first of its table."""

    def run(right: float, **more: Any) -> Log:
        return log(*(record(number, values={"exact": right}) for number in range(12)), **more)

    plain, other = run(0.5), run(0.25, identity="j")
    changed = [run(1.0, variant="typos", identity="j"), run(0.75, variant="typos"), run(0.0, variant="reordered")]
    made = report([changed[0], plain, changed[1], other, changed[2]])
    typos, made_plain, reordered = made.tasks
    assert typos.against == ("D", "B") and made_plain.against == ("", "B") and reordered.against == ("B",)
    found = [each and (each.value, each.n) for each in typos.rows[0].differences]
    assert found == [(0.75, 12), (0.25, 12)]
    shown = page(made)
    for head in ("A minus D", "C minus B", "D minus B", "E minus B"):
        assert head in shown, head
    alone = report([changed[0], changed[1]]).tasks[0]
    assert alone.against == ("", "A")


@pytest.fixture(scope="module")
def read_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Origin]]:
    """A store that has read a note, a table and a PDF."""
    tmp_path = tmp_path_factory.mktemp("read")
    note = tmp_path / "note.txt"
    note.write_text("The first line.\n\nThe loom doubled <b>throughput</b>, in 1907.\n")
    root, origins = tmp_path / "kept", []
    with Store(root) as store:
        for path in (note, EXAMPLES / "results.csv", EXAMPLES / "paper.pdf"):
            part = take_in(as_part(path), store)
            read_part(part, store, weights=lambda name: {})
            origins.append(Origin(id=part.id, name=part.name, kind=part.kind, media_type=part.media_type))
    return root, origins


@pytest.fixture
def kept(read_once: tuple[Path, list[Origin]], tmp_path: Path) -> tuple[Path, list[Origin]]:
    """A copy of it, in which something may be forgotten."""
    root, origins = read_once
    return Path(shutil.copytree(root, tmp_path / "kept")), origins


def failed(origins: list[Origin], at: int, fragment: str, quote: str, expected: Expected) -> Record:
    cited = Cited(source=origins[at].name, part=origins[at].id, fragment=fragment, quote=quote)
    claim = Claimed(at=(0, 1), text="x", citations=(cited,), supported=True)
    return record(claims=(claim,), places=(expected,), sources=tuple(origins), values={"exact": 0.0, "place": 0.0})


def places(made: Log) -> tuple[Shown, Shown]:
    ((_, _, (kind,)),) = report([made]).tasks[0].atlas
    (one,) = kind.clusters[0].failures
    return one.cited[0], one.wanted[0]


def test_words_and_cells_are_marked_where_they_stand(kept: tuple[Path, list[Origin]]) -> None:
    root, origins = kept
    wanted = Expected(source="results.csv", fragment="cell=13,3-13,3")
    given = failed(origins, 0, "char=17,25", "The loom", wanted)
    cited, expected = places(log(given, store=str(root)))
    assert [piece.text for piece in cited.pieces if piece.marked] == ["The loom"]
    assert "<b>throughput</b>" in "".join(piece.text for piece in cited.pieces)
    marked = [(row[0].text, cell.text) for row in expected.rows for cell in row if cell.marked]
    assert marked == [("13", "820")]
    assert [cell.text for cell in expected.rows[0]][3] == "jobs_per_second"
    assert cited.command.endswith("#char=17,25'") and "omniloom show" in cited.command
    made = page(report([log(given, store=str(root))]))
    assert "<mark>The loom</mark>" in made and "&lt;b&gt;throughput" in made


def test_a_page_is_drawn_around_its_place(kept: tuple[Path, list[Origin]]) -> None:
    root, origins = kept
    with Store(root) as store:
        part = take_in(as_part(EXAMPLES / "paper.pdf"), store)
        segments = read_part(part, store, weights=lambda name: {}).segments
    segment = next(each for each in segments if "18 percent" in each.text)
    at = segment.text.index("Energy use")
    place = segment.locate(at, at + 30)
    given = failed(
        origins, 2, place.fragment, segment.text[at : at + 30], Expected(source="paper.pdf", quote="18 percent")
    )
    cited, expected = places(log(given, store=str(root)))
    for shown in (cited, expected):
        assert shown.picture[:4] == b"RIFF" and len(shown.picture) < 100_000
    assert parse_fragment(place.fragment) != Locator() and "page 1" in expected.place


def test_what_is_gone_is_said_in_its_place(kept: tuple[Path, list[Origin]], tmp_path: Path) -> None:
    root, origins = kept
    given = failed(origins, 0, "char=17,25", "The loom", Expected(source="other.txt", quote="x"))
    cited, expected = places(log(given, store=str(root)))
    assert cited.pieces and "does not say which content" in expected.missing
    with Store(root) as store:
        store.forget(origins[0].id)
    cited, _ = places(log(given, store=str(root)))
    assert "no longer in the store" in cited.missing and cited.quote == "The loom"
    cited, _ = places(log(given, store=str(tmp_path / "nowhere")))
    assert "not here" in cited.missing and not (tmp_path / "nowhere").exists()


def test_a_log_of_a_thousand_failures_is_quick_and_small(kept: tuple[Path, list[Origin]]) -> None:
    root, origins = kept
    wanted = Expected(source="results.csv", fragment="cell=13,3-13,3")
    one = failed(origins, 0, "char=17,25", "The loom", wanted)
    many = [
        one.model_copy(update={"id": f"s{number}", "question": f"How many looms of kind {number % 40} ran {number}?"})
        for number in range(1000)
    ]
    started = time.perf_counter()
    made = page(report([log(*many, store=str(root))]))
    assert time.perf_counter() - started < 60
    assert len(made.encode()) < 20_000_000 and made.count("<dl>") == 1000
