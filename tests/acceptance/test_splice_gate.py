"""The gate of splicing: what it asks for, and what it lists."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from measure import splice

from omniloom.core.events import Finished
from omniloom.core.values import Completion, Request, Usage


def records(n: int, fallen: int = 0) -> list[dict[str, Any]]:
    """Of so many questions, of which so many are answered worse where passages are spliced."""
    return [
        {
            "digest": "d",
            "group": f"g{at // 2}",
            "exact": 1.0,
            "spliced": float(at >= fallen),
            "exact answer": "a",
            "spliced answer": "a" if at >= fallen else "b",
            "exact read": 500,
            "spliced read": 100,
        }
        for at in range(n)
    ]


def test_a_model_passes_where_enough_questions_show_no_loss() -> None:
    told = splice.verdict(records(100))
    assert told["holds"] and told["change"] == [0, 0, 0] and told["tokens read"] == [10_000, 50_000]
    assert not splice.verdict(records(99))["holds"]
    assert not splice.verdict([record | {"exact": 0, "spliced": 0} for record in records(200)])["holds"]
    worse = splice.verdict(records(100, fallen=5))
    assert not worse["holds"] and worse["change"][1] < -0.02 and worse["same answers"] == 0.95


def test_only_one_that_passes_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "splicing.json"
    listed.write_text("{}")
    monkeypatch.setattr(splice, "LIST", listed)
    for fallen, status in ((9, 1), (0, 0)):
        monkeypatch.setattr(splice, "measured", lambda _, fallen=fallen: iter(records(100, fallen)))
        assert splice.main(["--data", str(tmp_path), "--write"]) == status
        assert (json.loads(listed.read_text()) == {}) == bool(status)
    assert json.loads(listed.read_text())["d"]["n"] == 100


def test_groups_hold_each_paragraph_once(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    lines = [
        {"id": f"{at}", "title": "t", "context": f"c{at // 3}", "question": "?", "answers": ["a"]} for at in range(34)
    ]
    (tmp_path / "text" / "xquad_en.jsonl").write_text("\n".join(map(json.dumps, lines)))
    groups = list(splice._groups(tmp_path))
    assert [[sample["id"] for sample in group] for group in groups] == [
        ["0", "1", "3", "4", "6", "7", "9", "10", "12", "13"],
        ["15", "16", "18", "19", "21", "22", "24", "25", "27", "28"],
    ]


def test_both_ways_are_asked_the_same_of_the_other_paragraphs_in_another_order() -> None:
    sample = {"title": "t", "answers": ["a"]}
    group = [sample | {"id": f"{at}", "context": f"c{at // 2}", "question": f"q{at}"} for at in range(10)]
    ways = {splice: Told() for splice in (False, "unmeasured")}
    record = splice._asked(ways, group, 5)
    first, second = (way.engine.asked for way in ways.values())
    assert first == second and first.messages[1].text == "[1] c3\n[2] c2\n[3] c1\n\nq5"
    assert record["exact"] == record["spliced"] == 1.0 and record["tokens"] == 9 and record["spliced read"] == 5


class Told:
    """A model that always answers the same."""

    def __init__(self) -> None:
        self.engine = self
        self.identity = "loop/3 xllamacpp-1 digest more"

    def stream(self, request: Request) -> list[Finished]:
        self.asked = request
        usage = Usage(input_tokens=9, cached_tokens=4)
        return [Finished(completion=Completion(text=json.dumps({"answer": "a"}), finish_reason="stop", usage=usage))]
