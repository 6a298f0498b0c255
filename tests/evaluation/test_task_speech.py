"""Spoken digits and sentences: words compared with words, and a transcript as the answer."""

import json
import wave
from pathlib import Path

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.core.errors import UsageError
from omniloom.core.values import Confidence, Response
from omniloom.evaluation.hearing import transcript, word_errors, words
from omniloom.evaluation.tasks import digits, speech
from omniloom.evaluation.values import Sample

WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=12)


@given(WORDS, WORDS)
def test_errors_are_those_that_jiwer_counts(reference: list[str], written: list[str]) -> None:
    counted = jiwer.process_words(" ".join(reference), " ".join(written))
    assert word_errors(reference, written) == counted.substitutions + counted.deletions + counted.insertions


def test_words_are_compared_without_marks_and_spellings() -> None:
    assert words("Mr. John—3 ill-disposed men's") == ["mister", "john", "three", "ill", "disposed", "men's"]


@pytest.mark.parametrize(
    ("text", "rate", "right"),
    [
        ("He was not an ill-disposed young man.", 0.0, 1.0),
        ("he was an ill disposed young man", 1 / 8, 0.0),
        ("he was not an ill disposed young man at all", 2 / 8, 0.0),
        ("something else", 1.0, 0.0),
        ("", 1.0, 0.0),
    ],
)
def test_sentences(text: str, rate: float, right: float) -> None:
    sample = Sample("1", "?", ("?",), ("he was not an ill disposed young man",))
    found = speech.heard(sample, Response(text=text)).values
    assert (found["WER"], found["right"]) == (pytest.approx(rate), right)
    assert found["errors"] == pytest.approx(rate * found["words"])


@pytest.mark.parametrize(
    ("text", "sure", "values"),
    [
        ("Seven.", 0.9, {"right": 1.0, "left_out": 0.0, "invented": 0.0, "sure_but_wrong": 0.0}),
        ("7", 0.2, {"right": 1.0, "left_out": 0.0, "invented": 0.0}),
        ("Heaven.", 0.9, {"right": 0.0, "left_out": 0.0, "invented": 1.0, "sure_but_wrong": 1.0}),
        ("Seven thank you", 0.2, {"right": 0.0, "left_out": 0.0, "invented": 2.0}),
        ("", 0.0, {"right": 0.0, "left_out": 1.0, "invented": 0.0}),
    ],
)
def test_digits(text: str, sure: float, values: dict[str, float]) -> None:
    response = Response(text=text, confidence=Confidence(value=sure, method="reader"))
    assert digits.heard(Sample("1", "?", ("?",), ("seven",)), response).values == values


def silent(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8_000)


def test_sentences_that_are_there(tmp_path: Path) -> None:
    silent(tmp_path / "audio/asr/spk1_snt2.wav")
    silent(tmp_path / "audio/jfk.flac")
    said = {name: {"wrd": "GOOD DAY"} for name in ("spk1_snt2", "spk1_snt3")}
    (tmp_path / "audio/asr/ASR_train.json").write_text(json.dumps(said))
    jfk, sentence = speech.samples(tmp_path)
    assert (jfk.id, jfk.group) == ("jfk.flac", "jfk.flac")
    assert (sentence.id, sentence.target, sentence.group) == ("asr/spk1_snt2.wav", ("good day",), "asr/spk1")


def test_a_folder_without_sentences_is_a_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no read sentences"):
        next(speech.samples(tmp_path))


def test_digits_of_a_speaker_are_a_group(tmp_path: Path) -> None:
    silent(tmp_path / "audio/digits/5_lucas_1.wav")
    record = {"id": "5_lucas_1", "audio": "digits/5_lucas_1.wav", "digit": 5, "speaker": "lucas"}
    (tmp_path / "audio/digits.jsonl").write_text(json.dumps(record))
    [found] = digits.samples(tmp_path)
    assert (found.target, found.group) == (("five",), "lucas")


class Reader:
    """What `transcript` needs of a Model: its store."""

    def __init__(self, store: object) -> None:
        self.store = store


def test_a_transcript_is_the_text_of_all_segments_in_order(tmp_path: Path) -> None:
    """Any source that is read has one; a text needs no weights."""
    from omniloom.core.parts import Text
    from omniloom.storage.store import Store

    source = Text(b"One two.\n\nThree four.", name="said.txt")
    with Store(tmp_path / "store") as store:
        found = transcript(Reader(store), Sample("1", "?", ("What is said?", source)))  # type: ignore[arg-type]
    assert found.text.split() == ["One", "two.", "Three", "four."]
    assert not found.abstained
    for claim in found.claims:
        assert isinstance(claim.at, tuple)
        assert found.text[claim.at[0] : claim.at[1]] == claim.text == claim.citations[0].quote
        assert claim.citations[0].url.startswith("said.txt#char=")
    assert found.usage.input_tokens == found.usage.output_tokens == 0


@pytest.mark.weights
def test_where_nothing_is_heard_the_transcript_abstains(tmp_path: Path) -> None:
    from omniloom.core.parts import Audio
    from omniloom.storage.store import Store

    silent(tmp_path / "silent.wav")
    sample = Sample("1", "?", ("What is said?", Audio(tmp_path / "silent.wav")))
    with Store(tmp_path / "store") as store:
        found = transcript(Reader(store), sample)  # type: ignore[arg-type]
    assert (found.text, found.abstained, found.claims) == ("", True, ())
    assert found.confidence is not None
    assert found.confidence.value == 0.0
