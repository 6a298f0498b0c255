"""Video: three clips made by script, with burnt-in text and speech; what is read, and when."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure.clips import CLIPS, Line, footage_frames, make
from measure.log import Log, mean
from measure.speech import word_errors, words

NEAR = 0.5  # seconds


def measure(data: Path) -> dict[str, Any]:
    """Share of the words shown and spoken that are read, and of the starts and ends within half a second."""
    frames = footage_frames(data)

    def work(name: str) -> dict[str, Any]:
        from measure.reading import read

        clip = next(each for each in CLIPS if each.name == name)
        with tempfile.TemporaryDirectory() as folder:
            spoken = make(clip, Path(folder) / name, data, frames)
            reading = read(Path(folder) / name)
        found = [(segment.text, segment.locator.time, segment.made_by) for segment in reading.segments]
        return {"found": found, "spoken": spoken}

    records = Log("video").each([clip.name for clip in CLIPS], work)
    return _pictures(records) | _speech(records)


def _pictures(records: list[dict[str, Any]]) -> dict[str, Any]:
    text: list[float] = []
    near: list[bool] = []
    extra: list[bool] = []
    for clip, record in zip(CLIPS, records, strict=True):
        found = [each for each in record["found"] if ".ocr/" in each[2]]
        for line in clip.lines:
            part, times = _line_found(line, found)
            text.append(part)
            near += times
        known = set(words(" ".join(line.text for line in clip.lines)))
        extra += [word not in known for each in found for word in words(each[0])]
    return {
        "video text": mean(text) | {"floor": 0.9},
        "video text times": mean(near) | {"floor": 1.0},
        "video words not shown": mean(extra),
    }


def _speech(records: list[dict[str, Any]]) -> dict[str, Any]:
    errors: list[float] = []
    near: list[bool] = []
    for record in records:
        found = [each for each in record["found"] if ".asr/" in each[2]]
        for start, end, spoken in record["spoken"]:
            inside = [each for each in found if each[1][0] < end and each[1][1] > start]
            wrong, count = word_errors(words(spoken), words(" ".join(each[0] for each in inside)))
            errors.append(wrong / count)
            near += [any(abs(each[1][side] - edge) <= NEAR for each in inside) for side, edge in ((0, start), (1, end))]
    return {
        "video speech read": mean(1 - error for error in errors) | {"floor": 0.9},
        "video speech times": mean(near) | {"floor": 1.0},
    }


def _line_found(line: Line, pictures: list[Any]) -> tuple[float, list[bool]]:
    """Part of the line's words in segments seen while it was shown; start and end near those of the best segment."""
    wanted = words(line.text)
    best, near = 0.0, [False, False]
    for text, (start, end), *_ in pictures:
        if start >= line.end or end <= line.start:
            continue
        have = words(text)
        part = sum(word in have for word in wanted) / len(wanted)
        if part > best:
            best, near = part, [abs(start - line.start) <= NEAR, abs(end - line.end) <= NEAR]
    return best, near


if __name__ == "__main__":
    json.dump(measure(Path(sys.argv[1])), sys.stdout, indent=2)
