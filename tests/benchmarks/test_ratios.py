"""What a benchmark says at its end: ratios of pairs, the last line, and the exit status."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
FILES = ["plain", "structured", "quote", "fanout", "samples", "interleave", "restart", "load"]
sys.path.insert(0, str(FOLDER))

from ratios import Ratio, finish, first_median, per_token, ratios, read_and_written, turns, unequal  # noqa: E402
from report import parts, table  # noqa: E402


def run(seconds: float, tokens: int = 8, first: float = 0.5) -> dict[str, Any]:
    answer = {"text": "x", "tokens": tokens, "read": 5, "first": first, "seconds": seconds}
    return {"answers": [answer], "seconds": seconds, "processor": seconds}


class Fixed:
    """Answers with what it was given; None is a failure."""

    def __init__(self, name: str, runs: list[dict[str, Any] | None]) -> None:
        self.name, self._runs, self.asked = name, iter(runs), list[Any]()

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(job)
        return next(self._runs) or {"failed": "no memory"}

    def close(self) -> None: ...


def test_a_ratio_is_the_median_of_pairs_and_the_best_peer_comes_last() -> None:
    found = {
        "ours": [run(1.0), run(2.0), run(1.0)],
        "slow": [run(5.0), run(4.0), run(3.0)],
        "fast": [run(0.5), run(2.0), run(2.0)],
    }
    slow, fast = ratios(found, "ours", "plain", 0.97, per_token)
    assert slow == Ratio("plain", 3.0, 2.0, 5.0, 0.97, "slow", 3)
    assert fast == Ratio("plain", 1.0, 0.5, 2.0, 0.97, "fast", 3)
    assert [each.middle for each in ratios(found, "ours", "plain", 1, first_median)] == [1.0, 1.0]


def test_sides_take_turns_and_one_that_fails_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    ours, other = Fixed("ours", [run(1.0), run(1.0)]), Fixed("other", [run(1.0), None])
    found = turns(argparse.Namespace(repetitions=2), [ours, other], lambda at: {"asks": [at]})
    assert [len(runs) for runs in found.values()] == [2] and list(found) == ["ours"]
    assert ours.asked == other.asked == [{"asks": [0]}, {"asks": [1]}]
    assert "left out: other: no memory" in capsys.readouterr().out


def test_answers_that_must_be_the_same_and_are_not_miss_a_floor() -> None:
    same, other = run(1.0), run(1.0)
    other["answers"] = [other["answers"][0] | {"text": "y"}]
    found = {"ours": [same, same], "kept": [same, same], "changed": [same, other], "stranger": [other, other]}
    assert unequal(found, "quote-same", ["kept"]) == []
    [part] = unequal(found, "quote-same", ["kept", "changed"])
    assert (part.peer, part.middle, part.holds) == ("changed", 0.5, False)
    assert read_and_written({"ours": [same, same], "gone": []}).startswith(
        "ours read 5 tokens, wrote 8, and took 1.0 s of processor time. "
    )


@pytest.mark.parametrize(("middle", "status"), [(0.96, 1), (0.97, 0)])
def test_the_worst_part_is_the_last_line_and_the_exit_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], middle: float, status: int
) -> None:
    told = argparse.Namespace(json=tmp_path / "plain.json", model="m", threads=2, quick=False)
    good, bad = Ratio("plain-a", 3.0, 2.0, 5.0, 1.0, "x"), Ratio("plain-b", middle, 0.9, 1.1, 0.97, "y")
    with pytest.raises(SystemExit) as ended:
        finish(told, "plain", [bad, good], lambda: "the kernels")
    assert ended.value.code == status
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"plain ratio {middle:.2f} (0.90-1.10) floor 0.97"
    assert ("the kernels" in lines) == bool(status), "why is told where a floor is missed"
    assert [part["name"] for part in json.loads(told.json.read_text())["parts"]] == ["plain-b", "plain-a"]


def test_the_table_marks_what_holds(tmp_path: Path) -> None:
    file = tmp_path / "plain.json"
    rows = [Ratio("plain", 1.0, 0.9, 1.1, 0.97, "llama_server tuned"), Ratio("quote", 1.0, 0.9, 1.1, 1.3, "b")]
    whole = {"model": "m", "threads": 2, "quick": True, "parts": [row._asdict() for row in rows]}
    file.write_text(json.dumps(whole))
    lines = table(parts([file])).splitlines()
    assert lines[2].endswith("| llama-server tuned | **1.00 (0.90 to 1.10)** | 0.97 | m, 1, in small |")
    assert "| 1.00 (0.90 to 1.10) |" in lines[3]


def test_the_readme_shows_nothing_that_was_not_measured() -> None:
    """python benchmarks/report.py prints the table anew."""
    known = table(parts(sorted(FOLDER.glob("results/*.json")))).splitlines()
    speed = (FOLDER.parent / "README.md").read_text("utf-8").partition("## Speed")[2]
    rows = [line for line in speed.splitlines() if line.startswith("|")]
    assert len(rows) > 20 and set(rows) <= set(known)


@pytest.mark.parametrize("name", FILES)
def test_each_says_what_it_does(name: str) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "--quick" in done.stdout, done.stderr
