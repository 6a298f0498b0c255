"""Voices are told apart where there are several, and one voice stays one."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest

from omniloom.core.errors import WeightsError
from omniloom.core.events import Progress
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Anchor, Loss, Segment
from omniloom.inputs import audio
from omniloom.inputs.sound import turns
from omniloom.inputs.sound.turns import Look

INTERVIEW = Path(__file__).resolve().parents[2] / "examples/data/author_interview.mp3"
RATE = 16_000


def segment(text: str, start: float, seconds: float = 0.5) -> Segment:
    """A Segment whose words last `seconds` each."""
    anchors: list[Anchor] = []
    at = 0
    for number, word in enumerate(text.split()):
        time = (start + seconds * number, start + seconds * (number + 1))
        anchors.append(Anchor(start=at, end=at + len(word), locator=Locator(time=time)))
        at += len(word) + 1
    whole = Locator(time=(start, start + seconds * len(anchors)))
    return Segment(source="s", locator=whole, content=text, made_by="audio.asr/2", anchors=tuple(anchors))


def looks(*voices: tuple[float, float, int]) -> list[Look]:
    """(start, end, number of the voice): vectors at right angles for different voices."""
    return [
        Look(start, min(start + turns.WINDOW, end), np.eye(8)[voice])
        for start, end, voice in voices
        for start in np.arange(start, end - 0.7, turns.STEP)
    ]


def told(segments: Sequence[Segment]) -> list[tuple[str, str]]:
    return [(each.context, each.text) for each in segments]


def test_segments_are_cut_where_the_voice_changes() -> None:
    whole = segment("How did it begin we had four machines in the basement", 0.0)
    given = [whole, segment("Who paid for them?", 6.5)]
    found = list(turns.named(given, looks((0.0, 2.0, 3), (2.0, 6.0, 5), (6.5, 8.5, 3))))
    assert told(found) == [
        ("Speaker A", "How did it begin"),
        ("Speaker B", "we had four machines in the basement"),
        ("Speaker A", "Who paid for them?"),
    ]
    assert [each.locator.time for each in found] == [(0.0, 2.0), (2.0, 5.5), (6.5, 8.5)]
    for each in found:
        assert [each.text[anchor.start : anchor.end] for anchor in each.anchors] == each.text.split()
    assert found[1].locate(7, 11) == whole.locate(24, 28) == Locator(time=(3.0, 3.5))


def test_one_voice_leaves_segments_as_they_are() -> None:
    given = [segment("One two three four five six.", 0.0), segment("Seven eight nine.", 4.0)]
    assert list(turns.named(given, looks((0.0, 3.0, 1), (4.0, 5.5, 1)))) == given
    assert list(turns.named([], [])) == []


def test_a_voice_heard_for_a_moment_is_no_speaker() -> None:
    given = [segment("one two three four five six", 0.0), segment("Yes.", 4.0), segment("seven eight nine ten", 6.0)]
    assert list(turns.named(given, looks((0.0, 3.0, 1), (4.0, 5.0, 2), (6.0, 8.0, 1)))) == given


def test_a_voice_does_not_change_for_a_word_inside_a_sentence() -> None:
    given = [segment("a b c d e f g h", 0.0), segment("i j k l m n o p", 5.0)]
    found = looks((0.0, 4.0, 1), (5.0, 9.0, 2))
    odd = [Look(found[2].start, found[2].end, np.eye(8)[2]), *found]
    assert [each.context for each in turns.named(given, odd)] == ["Speaker A", "Speaker B"]


def test_groups_join_until_none_are_alike() -> None:
    rng = np.random.default_rng(7)
    voices = [vector / np.linalg.norm(vector) for vector in rng.normal(size=(3, 64))]
    # More looks than are put together at once, so that the groups of two rounds meet.
    noisy = [voices[number % 3] + rng.normal(size=64) * 0.08 for number in range(turns._CHUNK + 50)]
    found = turns.voice_centres([Look(n, n + 1.5, each / np.linalg.norm(each)) for n, each in enumerate(noisy)])
    assert len(found) == 3
    assert sorted(int(np.argmax([each @ voice for voice in voices])) for each in found) == [0, 1, 2]


def test_every_word_is_looked_at_and_pauses_are_not() -> None:
    words = turns.spoken([segment(" ".join("abcdefghij"), 1.0), segment("k l", 20.0)])
    found = turns.spans(words)
    assert found[0] == (1.0, 2.5) and found[-1] == (20.0, 21.0)
    assert max(end for _, end in found[:-1]) == pytest.approx(6.0)
    assert all(later[0] - sooner[0] <= turns.STEP * 1.5 for sooner, later in pairwise(found[:-1]))


def test_names_are_letters() -> None:
    assert [turns.name(each) for each in (0, 1, 25, 26, 52)] == [f"Speaker {n}" for n in ("A", "B", "Z", "AA", "BA")]


def test_a_tone_stands_in_the_band_of_its_pitch() -> None:
    tones = [np.sin(2 * np.pi * pitch * np.arange(RATE) / RATE).astype(np.float32) for pitch in (300, 1000, 4000)]
    bank = turns.mel_bank()
    assert bank.shape == (80, 257) and (bank.sum(axis=1) > 0).all()
    bands = [int(bank[:, round(pitch * 512 / RATE)].argmax()) for pitch in (300, 1000, 4000)]
    joined = turns.log_mel(np.concatenate(tones), bank)
    assert joined.shape == (298, 80) and abs(joined.mean(axis=0)).max() < 1e-3
    assert [int(joined[at].argmax()) for at in (50, 150, 250)] == pytest.approx(bands, abs=1)


def test_without_weights_nothing_is_done(tmp_path: Path) -> None:
    source = Source(id="s", path=tmp_path / "absent", name="x", media_type="audio/wav")
    items = [
        Progress(step="read", done=1.0, unit="seconds"),
        segment("One.", 0.0),
        Loss(kind="gap", severity="reduced"),
    ]
    assert list(turns.tell_apart(source, items)) == items


def test_weights_that_do_not_load(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "voices.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"'voices\.onnx' does not load"):
        turns.Voices(tmp_path / "voices.onnx")


@pytest.fixture(scope="session")
def roles() -> dict[str, Path]:
    """Speech and voices. The latter have a folder of their own: in the user's they would change other answers."""
    pytest.importorskip("av", reason="the media extra is not installed")
    from omniloom.catalog import ensure
    from omniloom.storage.home import weights_home

    speech = ensure("whisper-base").paths["asr"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMNILOOM_WEIGHTS", str(weights_home().with_name("weights-of-tests")))
        voices = ensure("wespeaker-resnet34")
    return {"asr": speech, **voices.paths}


def read(path: Path, roles: dict[str, Path]) -> tuple[list[Segment], list[Loss]]:
    source = Source(id="s", path=path, name=path.name, media_type="audio/wav", weights=roles)
    items = list(audio.read(source))
    assert isinstance(items[-1], Loss)
    return [i for i in items if isinstance(i, Segment)], [i for i in items if isinstance(i, Loss)]


@pytest.mark.weights
def test_who_asks_and_who_answers(roles: dict[str, Path]) -> None:
    segments, losses = read(INTERVIEW, roles)
    assert {each.context for each in segments} == {"Speaker A", "Speaker B"}
    asked = {each.context for each in segments if each.text.endswith("?")}
    assert asked == {"Speaker A"}
    assert next(each.context for each in segments if "820" in each.text) == "Speaker B"
    assert len([who for who, _ in groupby(each.context for each in segments)]) >= 4
    for each in segments:
        assert [each.text[anchor.start : anchor.end] for anchor in each.anchors] == each.text.split()
    assert [loss.kind for loss in losses] == ["not_heard"]


@pytest.mark.weights
@pytest.mark.parametrize("recording", ["jfk.flac", "librivox/sense_and_sensibility_01_austen_64kb-0870.wav"])
def test_one_person_is_one_person(recording: str, data: Path, roles: dict[str, Path]) -> None:
    segments, _ = read(data / "audio" / recording, roles)
    assert segments and {each.context for each in segments} == {""}
