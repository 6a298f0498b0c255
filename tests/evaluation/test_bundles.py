"""Bundles are the same each time, and every label is true: by our readers, and by computing the answers again."""

import io
import itertools
import re
import wave
from pathlib import Path

import pytest
from bundle_data import made
from places_read import read, source, stands, unresolved

from omniloom.core.errors import UsageError
from omniloom.core.locators import parse_fragment
from omniloom.core.parts import PDF
from omniloom.core.values import Part
from omniloom.evaluation.bundles.__main__ import write
from omniloom.evaluation.bundles.documents import documents
from omniloom.evaluation.bundles.paper import typeset
from omniloom.evaluation.bundles.receipts import receipts
from omniloom.evaluation.bundles.samples import samples
from omniloom.evaluation.bundles.spoken import DIGITS
from omniloom.evaluation.bundles.tables import number_of, sheets
from omniloom.evaluation.values import Place, Sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("bundles") / "data")


@pytest.fixture(scope="module")
def found(folder: Path) -> list[Sample]:
    return list(samples(folder))


def test_the_same_seed_gives_the_same_bytes_and_another_another_set(folder: Path, found: list[Sample]) -> None:
    assert list(samples(folder)) == found
    assert [each.inputs for each in samples(folder, 7)] != [each.inputs for each in found]


def test_each_bundle_is_a_group_of_three_or_four_sources(found: list[Sample]) -> None:
    for _, group in itertools.groupby(found, key=lambda sample: sample.group):
        first, *others = (sample.inputs[1:] for sample in group)
        assert all(each == first for each in others), "questions of one bundle have one set of sources"
        assert 3 <= len(first) <= 4
    assert len({sample.id for sample in found}) == len(found)
    assert {sample.metadata["kind"] for sample in found} == {"one", "two", "none"}


def test_every_place_in_a_document_or_a_table_is_read_there(found: list[Sample], tmp_path: Path) -> None:
    count, wrong = unresolved(found, tmp_path)
    assert count >= 6
    assert not wrong


def test_a_place_that_is_wrong_is_seen(found: list[Sample], tmp_path: Path) -> None:
    """The check above can fail: the next line, and the next cell, are no place of the words."""
    for kind, change in (("document", r"(?<=,)[\d.]+(?=,[\d.]+,[\d.]+$)"), ("table", r"\d+(?=,\d+$)")):
        sample = next(each for each in found if each.metadata["about"] == kind and each.places)
        place = sample.places[0]
        moved = re.sub(change, lambda match: f"{float(match.group()) + 4:g}", place.fragment)
        assert moved != place.fragment
        segments = read(source(sample, place.source), tmp_path)
        assert stands(place, segments)
        assert not stands(place._replace(fragment=moved), segments)


def test_questions_of_none_are_answered_nowhere(folder: Path, found: list[Sample]) -> None:
    for sample in (each for each in found if each.metadata["kind"] == "none"):
        assert not sample.target and not sample.places
        names = [each.name for each in sample.inputs if isinstance(each, Part)]
        asked = [each for each in found if each.question == sample.question and each.target]
        assert all(not {each.places[0].source} & {*names} for each in asked)


def test_answers_about_two_sources_follow_from_their_labels(found: list[Sample]) -> None:
    seen = set()
    for sample in (each for each in found if each.metadata["kind"] == "two"):
        quotes = {place.source.partition("-")[0]: place.quote for place in sample.places}
        if "larger: the total" in sample.question:
            total, cell = number_of(quotes["receipt"]), number_of(quotes["table"])
            assert sample.target[0] == ("the receipt" if total > cell else "the table")
            seen.add("larger")
        elif "plus the value" in sample.question:
            assert float(sample.target[0]) == pytest.approx(number_of(quotes["receipt"]) + number_of(quotes["table"]))
            seen.add("plus")
        elif "before or after" in sample.question:
            assert sample.target == ("after",) and int(quotes["table"]) < 2018
        elif "with a number" in sample.question:
            document, total = (number_of(place.quote) for place in sample.places)
            wanted = document > total if "larger" in sample.question else document < total
            assert sample.target == ("yes" if wanted else "no",)
        elif "is spoken in the recording" in sample.question:
            assert sample.target == ("yes" if len(sample.places) == 2 else "no",)
        else:
            spoken, total = (place.quote for place in sample.places)
            first = [str(DIGITS.index(word)) for word in spoken.split()]
            among = total[0] in first if "among" in sample.question else total[0] == first[0]
            assert sample.target == ("yes" if among else "no",)
    assert seen


def test_two_sources_are_both_named(found: list[Sample]) -> None:
    for sample in (each for each in found if each.metadata["kind"] == "two"):
        if sample.target != ("no",):
            assert len({place.source for place in sample.places}) == 2


def test_the_total_is_the_one_beside_its_word(folder: Path) -> None:
    """The price of the only thing bought is the same amount; the label is the line of the total."""
    for receipt in receipts(folder):
        place = receipt.total_place()
        assert place is not None
        box = parse_fragment(place.fragment).box
        assert box is not None and 250 / 560 < box[1] < 290 / 560
        assert place.quote == receipt.amount
        assert receipt.year == 2018


def test_words_are_spoken_when_the_label_says(found: list[Sample]) -> None:
    """The tones of a digit begin and end at its seconds; before and after, nothing is heard."""
    sample = next(each for each in found if "digits are read out in the recording, in order" in each.question)
    place, part = sample.places[0], source(sample, sample.places[0].source)
    time = parse_fragment(place.fragment).time
    assert time is not None
    with wave.open(io.BytesIO(part.data or b"")) as file:
        rate, content = file.getframerate(), file.readframes(file.getnframes())
    edges = [round(second * rate) * 2 for second in time]
    assert not any(content[: edges[0]]) and not any(content[edges[1] + 160 :])
    assert any(content[edges[0] : edges[0] + 200]) and any(content[edges[1] - 200 : edges[1]])
    silent = 0.6 * (len(place.quote.split()) - 1)
    length = sum(0.2 + DIGITS.index(word) / 100 for word in place.quote.split())
    assert time[1] - time[0] == pytest.approx(silent + length, abs=0.02)


def test_counts_and_what_stands_twice_are_no_lookups(folder: Path) -> None:
    asked = {lookup.question: lookup for sheet in sheets(folder) for lookup in sheet.lookups}
    assert "how many keepers are listed?" not in asked
    assert (asked["who kept the most lamps?"].row, asked["who kept the most lamps?"].column) == (2, 1)
    assert asked["What were the sales in 2019?"].answer == "7,301"


def test_what_the_font_lacks_is_refused_and_left_out(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be set"):
        typeset("Kurze", ("東京 is a city.",))
    with pytest.raises(UsageError, match="cannot be set"):
        typeset("Long", ("word " * 5000,))
    assert {document.paper.title for document in documents(folder)} == {"Harwick", "Old Lens", "Salt Road"}


def test_marks_of_pdf_and_letters_of_windows_are_set_as_they_are(tmp_path: Path) -> None:
    text = "A “naïve” (and odd) path C:\\temp costs 5½ € – or so."
    paper = typeset("Odd (very)", (text, "The second page."))
    segments = read(PDF(paper.data, name="odd.pdf"), tmp_path)
    assert text in " ".join(" ".join(segment.text for segment in segments).split())
    at = text.index("costs")
    assert stands(Place("odd.pdf", "costs", paper.locate(1, at, at + 5).fragment), segments)
    assert not stands(Place("odd.pdf", "costs", paper.locate(2, 0, 5).fragment), segments)


def test_a_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sroie"):
        next(samples(tmp_path))
    broken = made(tmp_path / "data")
    (broken / "tables" / "wtq" / "201-csv" / "1.csv").unlink()
    with pytest.raises(UsageError, match="not of the form"):
        next(samples(broken))


def test_bundles_are_written_as_files(folder: Path, found: list[Sample], tmp_path: Path) -> None:
    assert write(folder, tmp_path) == len(found)
    for sample in found:
        for part in sample.inputs[1:]:
            assert isinstance(part, Part)
            assert (tmp_path / sample.group / part.name).read_bytes() == part.data


@pytest.mark.slow
def test_a_total_is_read_where_the_label_says(folder: Path, found: list[Sample], tmp_path: Path) -> None:
    pytest.importorskip("rapidocr", reason="the ocr extra is not installed")
    sample = next(each for each in found if "the total on the receipt" in each.question and each.target)
    place = sample.places[0]
    segments = read(source(sample, place.source), tmp_path)
    assert stands(place, segments)
    total = next(receipt for receipt in receipts(folder) if receipt.name == place.source)
    assert not stands(place._replace(quote=total.company), segments), "the shop stands elsewhere"


@pytest.mark.slow
@pytest.mark.weights
def test_words_of_the_development_data_are_heard_when_the_label_says(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="the media extra is not installed")
    from omniloom.catalog import ensure

    sample = next(each for each in samples(data) if "thin stripe" in each.question)
    place = sample.places[0]
    segments = read(source(sample, place.source), tmp_path, {"asr": ensure("whisper-base").paths["asr"]})
    assert stands(place, segments)
    assert not stands(place._replace(fragment="t=60,61"), segments)


@pytest.mark.slow
def test_labels_of_the_development_data_resolve(data: Path, tmp_path: Path) -> None:
    """Every place in a document or a table."""
    count, wrong = unresolved(samples(data), tmp_path)
    assert count > 60
    assert not wrong
