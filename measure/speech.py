"""Speech: word error rate on read sentences; spoken digits, and the words invented on them and on other sounds."""

import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure.log import Log, mean
from omniloom.evaluation.hearing import NUMBERS, word_errors, words
from omniloom.evaluation.tasks.speech import SENTENCES, transcripts

SURE = 0.5


def measure(data: Path) -> dict[str, Any]:
    """Corpus WER over the read sentences; over the digits: right, invented words a clip, sure and wrong."""
    audio = data / "audio"
    sentences = SENTENCES | transcripts(audio / "asr")
    log = Log("speech")
    read = log.each([name for name in sentences if (audio / name).is_file()], lambda name: _heard(audio / name))
    errors = [_errors(words(sentences[each["id"]]), words(each["text"])) for each in read]
    digits = [json.loads(line) for line in (audio / "digits.jsonl").read_text().splitlines()]
    heard = log.each([f"digits/{each['id']}.wav" for each in digits], lambda name: _heard(audio / name))
    wanted = [NUMBERS[each["digit"]] for each in digits]
    said = [words(each["text"]) for each in heard]
    sure = [(one, want) for one, each, want in zip(said, heard, wanted, strict=True) if each["confidence"] >= SURE]
    invented = [sum(word != want for word in one) for one, want in zip(said, wanted, strict=True)]
    sounds = _sounds(log)
    return {
        "speech WER": _corpus_rate(errors) | {"ceiling": 0.12},
        "speech seconds a second": mean(each["took"] / each["seconds"] for each in read),
        "digits right": mean(one == [want] for one, want in zip(said, wanted, strict=True)),
        "digits left out": mean(not one for one in said),
        "digits words invented": mean(invented),
        "digits sure": mean(each["confidence"] >= SURE for each in heard),
        "digits sure but wrong": mean(one != [want] for one, want in sure) | {"ceiling": 0.0},
        "sounds words invented": mean(len(words(each["text"])) for each in sounds) | {"ceiling": 0.0},
    }


def _errors(reference: Sequence[str], written: Sequence[str]) -> tuple[int, int]:
    return word_errors(reference, written), len(reference)


def _corpus_rate(errors: list[tuple[int, int]]) -> dict[str, float]:
    """All errors over all words; the standard error is that of a ratio over sentences."""
    total, length = sum(wrong for wrong, _ in errors), sum(count for _, count in errors)
    if not length:
        return {"value": math.nan, "stderr": math.nan, "n": 0}
    rate, n = total / length, len(errors)
    spread = sum((wrong - rate * count) ** 2 for wrong, count in errors)
    return {"value": rate, "stderr": math.sqrt(spread * n / max(n - 1, 1)) / length, "n": n}


def _heard(path: Path) -> dict[str, Any]:
    import time

    from measure.reading import read

    started = time.monotonic()
    reading = read(path)
    return {
        "text": " ".join(segment.text for segment in reading.segments),
        "confidence": max((segment.confidence or 0.0 for segment in reading.segments), default=0.0),
        "seconds": reading.counts.get("seconds", 0.0),
        "took": time.monotonic() - started,
    }


def _sounds(log: Log) -> list[dict[str, Any]]:
    """What is read from sounds in which nobody speaks."""
    from measure.sounds import SOUNDS, write

    def work(name: str) -> dict[str, Any]:
        _, kind, seconds = name.split("/")
        with tempfile.TemporaryDirectory() as folder:
            return _heard(write(Path(folder) / "sound.wav", kind, float(seconds)))

    return log.each([f"sounds/{kind}/{seconds}" for kind in SOUNDS for seconds in ("12", "1.5")], work)


if __name__ == "__main__":
    json.dump(measure(Path(sys.argv[1])), sys.stdout, indent=2)
