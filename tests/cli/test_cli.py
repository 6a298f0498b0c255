"""The command line as a user has it: a process of its own, exit codes, standard output and standard error."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from omniloom.cli.ask import _ended
from omniloom.core.values import Loss, Request, Response
from omniloom.engines.recorded import Recorder
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

QUESTION = "How fast is it?"
SCHEMA = "jobs int"
PIPED = "A loom on a pipe runs 820 jobs per second."
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def answer(request: Request) -> str:
    if request.constraint is not None:
        return '{"jobs": 820}'
    if "nothing" in request.messages[-1].text:
        return " "
    if "cost" in request.messages[-1].text:
        return "The price is not mentioned in the passages."
    return "It runs 820 jobs per second [1]."


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text("The loom runs 820 jobs per second.")
    return path


@pytest.fixture
def omniloom(tmp_path: Path, private_home: Path, paper: Path) -> Command:
    """Runs `omniloom` with a recorded model that knows the questions of this file."""
    record = tmp_path / "record.jsonl"
    model = Model(Recorder(Scripted([answer], input_kinds=frozenset({"text"})), record), Store(tmp_path / "recording"))
    model.generate([QUESTION, paper])
    model.generate(["What does it cost?", paper])
    model.generate([QUESTION, paper], schema=SCHEMA, output_modes=["text", "structured_json"])
    model.generate([QUESTION, paper], schema=SCHEMA)
    turns: list[dict[str, str]] = [{"role": "user", "content": QUESTION}]
    turns.append({"role": "assistant", "content": "It runs 820 jobs per second [1]."})
    model.generate([paper, "And now?"], messages=turns)
    model.generate([QUESTION, PIPED.encode()])
    model.generate([PIPED.encode(), "And now?"], messages=turns)
    model.generate(["Say nothing.", paper])
    (tmp_path / "other").mkdir()
    alike = tmp_path / "other" / paper.name  # another file of the same name
    alike.write_text("The blue loom rests.")
    model.generate([QUESTION, paper, alike])
    model.generate([paper, alike, "And now?"], messages=turns)
    model.close()

    def run(*words: str, stdin: str | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
        if words[0] == "ask":
            words = (*words, "-m", f"recorded:{record}")
        return subprocess.run(
            [sys.executable, "-m", "omniloom", *words],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, **environment},
        )

    return run


def test_a_strategy_is_given_on(omniloom: Command, paper: Path) -> None:
    done = omniloom("ask", QUESTION, str(paper), "--strategy", "sample")
    assert done.returncode == 0 and "820" in done.stdout
    assert "sample" in omniloom("trace", "show").stdout
    refused = omniloom("ask", QUESTION, str(paper), "--strategy", "vote")
    assert refused.returncode != 0 and "strategy" in refused.stderr


def test_files_of_one_name_stay_two_in_a_conversation(omniloom: Command, paper: Path, private_home: Path) -> None:
    files = (str(paper), str(Path("other", paper.name)))
    assert omniloom("ask", QUESTION, *files).returncode == 0
    done = omniloom("ask", "And now?", "-c", "--json")
    assert done.returncode == 0, done.stderr  # the record holds this only if both are asked about again
    kept = Store(private_home).journal.conversation(None)
    assert kept is not None and len(kept.part_ids) == 2


def test_a_link_opens_the_file_that_was_read(tmp_path: Path, private_home: Path) -> None:
    from omniloom.cli.conversation import places

    paths = [tmp_path / "a" / "x.txt", tmp_path / "b" / "x.txt"]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_text(f"The loom runs {number} jobs.")
    with Model(Scripted(["It runs 1 jobs [2]."]), Store()) as model:
        response = model.generate(["How fast?", *paths])
    assert places(["How fast?", *paths], response) == {"x.txt": str(paths[0]), "x (2).txt": str(paths[1])}


def test_ask_answers_with_places(omniloom: Command, paper: Path) -> None:
    done = omniloom("ask", QUESTION, str(paper))
    assert done.returncode == 0, done.stderr
    assert "It runs 820 jobs per second [1]." in done.stdout
    assert "[1] paper.txt, characters 0 to 34" in done.stdout
    assert "\x1b" not in done.stdout


def test_json_is_one_object_and_nothing_else(omniloom: Command, paper: Path) -> None:
    done = omniloom("ask", QUESTION, str(paper), "--schema", SCHEMA, "--json")
    assert done.returncode == 0, done.stderr
    response: dict[str, Any] = json.loads(done.stdout)
    assert response["data"] == {"jobs": 820}
    assert response["claims"][0]["citations"][0]["quote"] == "820"


def test_html_holds_the_picture_of_the_place(omniloom: Command, paper: Path, tmp_path: Path) -> None:
    done = omniloom("ask", QUESTION, str(paper), "-s", SCHEMA, "--html", "out.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out.html").read_text()
    assert "data:image/png;base64," in page
    assert "820" in page


def test_a_conversation_a_citation_and_a_trace(omniloom: Command, paper: Path, tmp_path: Path) -> None:
    assert omniloom("ask", QUESTION, str(paper), "--no-stream").returncode == 0
    again = omniloom("ask", "And now?", "-c")
    assert again.returncode == 0, again.stderr
    shown = omniloom("show", "1")
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "citation-1.png").read_bytes().startswith(b"\x89PNG")
    assert "chat answer" in omniloom("trace", "show").stdout
    assert [row.split()[-1] for row in omniloom("trace", "list").stdout.splitlines()] == ["generate"] * 2
    spans = json.loads(omniloom("trace", "export").stdout)["spans"]
    assert spans[0]["operation"] == "generate"
    assert omniloom("forget", str(paper)).stdout.endswith("forgotten\n")
    assert omniloom("trace", "list").stdout == ""
    assert omniloom("forget", str(paper)).stdout.endswith("nothing was kept of it\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("ask", "What does it cost?", "{paper}"), 3, ""),
        (("ask", "Say nothing.", "{paper}"), 1, "the model wrote nothing"),
        (("ask", QUESTION, "{paper}", "--timeout", "0"), 2, "--timeout 0.0 must be above 0"),
        (("ask", QUESTION, "missing.pdf"), 1, "missing.pdf"),
        (("ask", QUESTION, "{paper}", "--schema", "1st"), 2, "1st"),
        (("ask", QUESTION, "{paper}", "--schema", "{{bad"), 2, "not valid JSON"),
        (("ask", QUESTION, "{paper}", "--schema", "missing.json"), 2, "does not exist"),
        (("forget", "missing.pdf"), 2, "nothing was forgotten"),
        (("ask", QUESTION, "{paper}", "--timeout", "0.000001"), 4, "time budget"),
        (("ask", QUESTION, "{paper}", "--unsupported", "hide"), 2, "mark"),
        (("ask",), 2, "question"),
        (("info", "qwen9"), 2, "qwen9"),
        (("show", "1"), 2, "no answer"),
        (("show", "paper.txt#nowhere=3"), 2, "nowhere"),
        (("trace", "show", "nothing"), 2, "nothing"),
    ],
)
def test_exit_codes_and_words(omniloom: Command, paper: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = omniloom(*(word.format(paper=paper) for word in words))
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_pipe_is_a_source(omniloom: Command) -> None:
    done = omniloom("ask", "Anything?", "-", stdin="")
    assert done.returncode == 2
    assert "standard input" in done.stderr


def test_a_loss_names_the_option_that_goes_on(omniloom: Command, tmp_path: Path) -> None:
    (tmp_path / "weeks.jsonl").write_text('{"week": 1}\n{"week": 2, "jo\n{"week": 3}\n')
    done = omniloom("ask", QUESTION, "weeks.jsonl")
    assert done.returncode == 1
    assert 'hint: --on-loss "report" goes on' in done.stderr


def test_a_conversation_goes_on_with_what_was_piped(omniloom: Command) -> None:
    assert omniloom("ask", QUESTION, stdin=PIPED).returncode == 0
    again = omniloom("ask", "And now?", "-c")
    assert (again.returncode, "“A loom on a pipe" in again.stdout) == (0, True), again.stderr
    omniloom("cache", "clear", "--yes")
    assert omniloom("ask", "And now?", "-c").returncode == 2


def test_a_file_of_the_conversation_that_is_gone_is_named(omniloom: Command, paper: Path) -> None:
    assert omniloom("ask", QUESTION, str(paper)).returncode == 0
    paper.unlink()
    again = omniloom("ask", "And now?", "-c")
    assert (again.returncode, "paper.txt', a file of the conversation, is gone" in again.stderr) == (2, True)


def test_every_verb_has_help(omniloom: Command) -> None:
    for verb in ("ask", "show", "pull", "list", "info", "rm", "trace", "cache", "forget", "doctor"):
        done = omniloom(verb, "--help")
        assert done.returncode == 0
        assert len(done.stdout) > 100


def test_what_is_here(omniloom: Command) -> None:
    listed = omniloom("list")
    assert "qwen2.5-coder-1.5b" in listed.stdout
    assert "Apache-2.0" in omniloom("info", "default").stdout
    assert "MB" in omniloom("cache", "show").stdout
    doctor = omniloom("doctor", OMNILOOM_OFFLINE="1")
    assert doctor.returncode == 0, doctor.stderr
    assert "isolation" in doctor.stdout
    assert "off" in doctor.stdout


def test_a_part_of_an_answer_is_told_by_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    cut = Loss(kind="cut", severity="reduced", part="the answer", detail="the time budget of 2 s is used up")
    with pytest.raises(typer.Exit) as ended:
        _ended(Response(text="It runs.", losses=(cut,)), None)
    assert ended.value.exit_code == 4
    assert capsys.readouterr().err == "budget: the answer: the time budget of 2 s is used up\n"
