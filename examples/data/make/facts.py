"""Where each fact of the example data stands: `facts.json` for tests, `README.md` for people."""

import json
from pathlib import Path
from typing import Any

from . import story


def facts(turns: list[tuple[float, float, str]]) -> list[dict[str, Any]]:
    """Every planted fact: what it says, the words that hold it, and its places; agree, disagree, alone or missing."""
    said = {words: (start, end) for start, end, words in turns}

    def heard(beginning: str) -> dict[str, Any]:
        words = next(each for each in said if each.startswith(beginning))
        return {"file": "author_interview.mp3", "time": list(said[words]), "words": words}

    return [
        {
            "fact": "throughput doubled from 410 to 820 jobs per second",
            "kind": "agree",
            "places": [
                {"file": "paper.pdf", "page": 1, "words": "throughput doubled from 410 to 820 jobs per second"},
                heard("Throughput doubled"),
                {"file": "results.csv", "cells": [13, 3, 13, 3], "words": "820"},
            ],
        },
        {
            "fact": "energy use: 18 percent in the paper, 11 percent in the interview",
            "kind": "disagree",
            "places": [
                {"file": "paper.pdf", "page": 1, "words": "Energy use fell by 18 percent."},
                heard("We measured again"),
            ],
        },
        {
            "fact": "peak memory is 3.1 GB",
            "kind": "alone",
            "places": [{"file": "figure_1.png", "words": story.CHART_ONLY}],
        },
        {
            "fact": "recovery took 4 seconds",
            "kind": "alone",
            "places": [{"file": "clip.mp4", "time": [story.CLIP[2][0], story.CLIP_SECONDS], "words": story.CLIP[2][1]}],
        },
        {"fact": story.UNANSWERED, "kind": "missing", "places": []},
    ]


def write(folder: Path, turns: list[tuple[float, float, str]]) -> None:
    found = facts(turns)
    (folder / "facts.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    lines = ["# The example data", "", story.NOTE, "`python examples/make_data.py` makes it anew.", ""]
    lines += ["| fact | | stands in |", "|---|---|---|"]
    for fact in found:
        places = "; ".join(_place(place) for place in fact["places"]) or "nowhere"
        lines.append(f"| {fact['fact']} | {fact['kind']} | {places} |")
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _place(place: dict[str, Any]) -> str:
    where = [place["file"]]
    where += [f"page {place['page']}"] if "page" in place else []
    where += [f"{place['time'][0]}-{place['time'][1]} s"] if "time" in place else []
    where += [f"row {place['cells'][0]}, column {place['cells'][1]}"] if "cells" in place else []
    return ", ".join(where)
