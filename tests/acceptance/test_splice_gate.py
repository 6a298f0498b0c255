"""The gate of splicing: what it asks for, and what it lists."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from measure import splice


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
        {"id": f"{at}", "title": "t", "context": f"c{at // 2}", "question": "?", "answers": ["a"]} for at in range(22)
    ]
    (tmp_path / "text" / "xquad_en.jsonl").write_text("\n".join(map(json.dumps, lines)))
    groups = list(splice._groups(tmp_path))
    assert [[sample["context"] for sample in group] for group in groups] == [
        [f"c{at}" for at in range(5)],
        [f"c{at}" for at in range(5, 10)],
    ]
