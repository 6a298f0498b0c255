"""`omniloom eval` as a user has it, answered from a record: no weights, no network."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from omniloom.engines.scripted import Scripted
from omniloom.evaluation.log import read
from omniloom.evaluation.recording import recording
from omniloom.evaluation.run import Plan, evaluate
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

Command = Callable[..., "subprocess.CompletedProcess[str]"]
TEXT = "The ferry carries forty cars. A ticket costs nine crowns."
QUESTIONS = [("q1", "How many cars does it carry?", "forty"), ("q2", "What does a ticket cost?", "nine crowns")]


@pytest.fixture
def omniloom(tmp_path: Path, private_home: Path) -> Command:
    """The command in a folder with the data, and a record of one right and one wrong answer."""
    (tmp_path / "data" / "text").mkdir(parents=True)
    lines = ({"id": i, "title": "Ferry", "context": TEXT, "question": q, "answers": [a]} for i, q, a in QUESTIONS)
    (tmp_path / "data" / "text" / "xquad_en.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Model(Scripted([json.dumps({"answer": "forty"})]), Store(tmp_path / "first")) as model:
        evaluate(
            Plan("xquad", tmp_path / "data"), recording(model, tmp_path / "said.jsonl"), tmp_path / "first" / "logs"
        )

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "omniloom", "eval", *words]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, cwd=tmp_path
        )

    return run


RUN = ("xquad", "--data", "data", "--recorded", "said.jsonl")


def test_one_json_object(omniloom: Command, tmp_path: Path, private_home: Path) -> None:
    done = omniloom(*RUN, "--json", "--export", "inspect")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["metrics"]["exact"] == {"value": 0.5, "stderr": None, "n": 2}  # one group
    assert told["metrics"]["citations_verbatim"]["value"] == 1.0
    assert (told["model"], told["calibrator"], told["errors"], told["stopped"]) == ("scripted", None, 0, "")
    tokens = told["tokens"]
    assert tokens["computed"] == tokens["input"] - tokens["cached"] + tokens["output"] > 0
    log = read(Path(told["log"]))
    assert log.path.parent == private_home / "logs" and [each.id for each in log.records] == ["q1", "q2"]
    assert json.loads(Path(told["exported"]).read_text())["eval"]["task"] == "xquad"


def test_a_table_and_going_on(omniloom: Command, tmp_path: Path) -> None:
    first = omniloom(*RUN, "--log", "logs", "--limit", "1")
    assert first.returncode == 0 and "xquad, scripted, 1 of 1 samples" in first.stdout, first.stderr
    assert "tokens: " in first.stdout and "log: logs/xquad-" in first.stdout
    assert "exact" in first.stdout and "1.000" in first.stdout
    second = omniloom(*RUN, "--log", "logs")
    [path] = (tmp_path / "logs").glob("*.jsonl")
    kinds = [json.loads(line)["kind"] for line in path.read_text().splitlines()]
    assert "n=1 group" in second.stdout
    assert "1 of 2 samples were taken from the log" in second.stdout and "taken from" not in first.stdout
    assert "2 of 2 samples" in second.stdout and kinds == ["header", "sample", "result", "sample", "result"]


def test_two_tasks_are_told_together(omniloom: Command) -> None:
    done = omniloom("xquad", "xquad", *RUN[1:], "--json", "--log", "logs")
    assert done.returncode == 0 and "tasks" not in json.loads(done.stdout), "a task that is named twice runs once"


def test_a_budget_ends_with_code_4(omniloom: Command) -> None:
    done = omniloom(*RUN, "--log", "logs", "--budget-tokens", "20")
    assert done.returncode == 4 and "stopped: the budget is used up" in done.stdout, done.stderr
    assert "the same command goes on" in done.stdout


def test_what_was_trained_on(omniloom: Command, tmp_path: Path) -> None:
    (tmp_path / "tuning.jsonl").write_text('{"text": "how many cars does it carry"}\n')
    done = omniloom(*RUN, "--log", "logs", "--json", "--trained-on", "tuning.jsonl")
    assert json.loads(done.stdout)["contaminated"] == ["q1"]


def test_answers_are_direct_unless_another_strategy_is_named(omniloom: Command) -> None:
    """A calibrator can be made of them; of what a query gave it cannot."""
    for words, strategy in (((), "direct"), (("--strategy", "auto"), "auto")):
        log = read(Path(json.loads(omniloom(*RUN, *words, "--json").stdout)["log"]))
        assert log.header.options == {"strategy": strategy}


def test_the_list(omniloom: Command) -> None:
    shown = omniloom("--list").stdout
    assert "A folder of one's own" in shown and "typos" in shown
    assert "xquad_unanswerable" in omniloom("--list").stdout
    assert "xquad" in json.loads(omniloom("--list", "--json").stdout)["tasks"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no task was named"),
        (("xqad", "--data", "data"), "did you mean 'xquad'"),
        (("xquad",), "--data was not given"),
        (("xquad", "--data", "none"), "'none' is no folder"),
        ((*RUN, "--export", "csv"), "known are inspect, lm-eval"),
        ((*RUN, "-m", "smollm2-135m"), "--recorded answers by itself"),
        ((*RUN, "--variant", "nonsense"), "there is no variant 'nonsense'"),
        ((*RUN, "--limit", "0"), "--limit"),
        ((*RUN, "--strategy", "guess"), "strategy='guess' is unknown"),
        ((*RUN, "--calibrator", "none-of-this-name"), "calibrator"),
    ],
)
def test_what_is_refused(omniloom: Command, words: tuple[str, ...], said: str) -> None:
    done = omniloom(*words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_a_record_that_is_missing(omniloom: Command) -> None:
    done = omniloom("xquad", "--data", "data", "--recorded", "none.jsonl")
    assert done.returncode == 1 and "'none.jsonl' cannot be read" in done.stderr
