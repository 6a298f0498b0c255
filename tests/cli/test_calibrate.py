"""`omniloom calibrate` as a user has it: a folder with questions, or logs; a calibrator that then is found."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from omniloom.cli.ask import is_withheld
from omniloom.core.errors import UsageError
from omniloom.core.values import Completion, Request, Response, TokenLogprob
from omniloom.engines.replay import words
from omniloom.engines.scripted import Scripted
from omniloom.evaluation.calibration.logs import collected, families
from omniloom.evaluation.log import Header, Record, Scored, Writer, read
from omniloom.evaluation.recording import recording
from omniloom.evaluation.run import Plan, evaluate
from omniloom.evaluation.tasks.folder import family, samples
from omniloom.reasoning import calibrators
from omniloom.reasoning.phrases import phrase
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

Command = Callable[..., "subprocess.CompletedProcess[str]"]
COUNT = 80


def code(locker: int) -> str:
    return f"K{locker * 37 % 101}Z"


def answer(request: Request) -> Completion:
    """Right in two of three, and surer there, mostly."""
    asked = request.messages[-1].text
    chance = hashlib.sha256(asked.encode()).digest()
    right = chance[0] % 3 > 0
    text = f"The code is {code(int(re.findall(r'locker ([0-9]+)', asked)[-1])) if right else 'unknown7'} [1]."
    sure = -0.1 if right ^ (chance[1] % 6 == 0) else -1.0
    tokens = words(text)
    logprobs = tuple(TokenLogprob(token=each, logprob=sure - chance[2] / 2000) for each in tokens)
    return Completion(text=text, logprobs=logprobs)


def write_folder(place: Path) -> Path:
    place.mkdir()
    lines = []
    for at in range(4):
        told = [f"The locker number {each} has the code {code(each)}." for each in range(at, COUNT, 4)]
        (place / f"{at}.txt").write_text("\n\n".join(told))
    for at in range(COUNT):
        known = {"answers": [code(at)], "sources": [f"{at % 4}.txt"], "group": str(at)}
        lines.append(json.dumps({"question": f"What is the code of locker {at}?", **known}))
    (place / "questions.jsonl").write_text("\n".join(lines) + "\n")
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "mine")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was said to every question of such a folder: another one of the same content asks the same."""
    place = tmp_path_factory.mktemp("record")
    with Model(Scripted([answer]), Store(place / "recording")) as model:
        evaluate(Plan("folder", write_folder(place / "mine")), recording(model, place / "record.jsonl"), place / "logs")
    return place / "record.jsonl"


def called(*words: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "omniloom", *map(str, words)]
    given = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=given)


@pytest.fixture
def omniloom(private_home: Path) -> Command:
    return called


@pytest.fixture(scope="module")
def calibrated(
    record: Path, tmp_path_factory: pytest.TempPathFactory
) -> "tuple[subprocess.CompletedProcess[str], Path]":
    """How `calibrate` ended on such a folder, and the home that has "lockers" since."""
    place = tmp_path_factory.mktemp("calibrated")
    words = ("calibrate", write_folder(place / "mine"), "--model", f"recorded:{record}", "--name", "lockers")
    return called(*words, OMNILOOM_HOME=str(place / "home")), place / "home"


@pytest.fixture
def mine(calibrated: "tuple[subprocess.CompletedProcess[str], Path]", tmp_path: Path) -> Path:
    """The file of that calibrator, under another name."""
    found = json.loads(next(calibrated[1].rglob("lockers.json")).read_text())
    (tmp_path / "mine.json").write_text(json.dumps(found | {"name": "mine"}))
    return tmp_path / "mine.json"


def test_a_folder_becomes_a_calibrator(calibrated: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    done, home = calibrated
    assert done.returncode == 0, done.stderr
    for said in (
        "lockers: scripted, words (folder), 80 answers",
        "95 % interval",
        "logprob_mean",
        "max_risk",
        "said",
    ):
        assert said in done.stdout
    made = calibrators.find(home, "scripted", "words")
    assert made is not None and made.name == "lockers" and made.data.tasks == ("folder",)
    # A wrong answer stands in no source here, which tells as much as how sure the words were.
    sure = {"logprob_mean": -0.1, "logprob_min": -0.1}
    unsure = {"logprob_mean": -1.0, "logprob_min": -1.0, "alignment": 0.0}
    extra = {each.name: 1.0 for each in made.references} | {"answer_tokens": 5.0}
    assert made.apply(extra | sure) > 0.7 > 0.5 > made.apply(extra | unsure)


def log(path: Path, count: int, *, model: str = "m", family: str = "extract") -> Path:
    writer = Writer(path)
    writer.write(Header(key="k", task="t", family=family, correct="right", model=model, identity="i", code="c"))
    for at in range(count):
        right = at % 3 > 0
        signals = {
            "logprob_mean": -0.2 - 0.01 * (at % 7) - (0 if right else 0.5),
            "judge": None,
            "answer_tokens": at % 5,
        }
        scored = (Scored(scorer="right", values={"right": float(right)}),)
        record = Record(id=str(at), question="?", group=str(at // 2), scores=scored, signals=signals)
        writer.write(record.model_copy(update={"abstained": at % 10 == 0}))
    return path


def test_logs_become_a_calibrator_of_the_package(omniloom: Command, tmp_path: Path, private_home: Path) -> None:
    done = omniloom("calibrate", "--from-log", log(tmp_path / "a.jsonl", 200), "--out", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    made = calibrators.read((tmp_path / "extract-m.json").read_text(), "extract-m")
    assert json.loads(done.stdout)["name"] == made.name == "extract-m"
    assert made.data.n == 180, "who abstained gave no answer"
    assert calibrators.find(private_home, "m", "extract") is None
    assert all(each.name != "judge" for each in made.references)


def test_logs_of_two_models_are_refused(tmp_path: Path) -> None:
    logs = [read(log(tmp_path / f"{model}.jsonl", 4, model=model)) for model in ("a", "b")]
    with pytest.raises(UsageError, match="2 models: a, b"):
        collected(logs)
    with pytest.raises(UsageError, match="0 models"):
        collected([])
    none = [logs[0]._replace(records=tuple(each.model_copy(update={"signals": {}}) for each in logs[0].records))]
    assert collected(none).samples == [] and collected(none).computed > 0, "what a query gave has no signals"
    one = collected([logs[0], logs[0]])
    assert len(one.samples) == 3 and {each.id for each in one.samples} == {"t/1", "t/2", "t/3"}


def test_misuse_is_told(omniloom: Command, folder: Path, tmp_path: Path) -> None:
    few = log(tmp_path / "few.jsonl", 20)
    for given, said in (
        ((), "name a folder, or logs"),
        ((folder, "--from-log", few), "not both"),
        ((tmp_path / "none",), "is no folder"),
        (("--from-log", few), "18 answers are too few"),
        (("--from-log", few, "--out", tmp_path / "none"), "is no folder"),
        (("--from-log", log(tmp_path / "b.jsonl", 100), "--name", "../x"), "../x"),
    ):
        done = omniloom("calibrate", *given)
        assert done.returncode == 2 and said in done.stderr and "defect" not in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"question": "a"}', "sources is not a list"),
        ('{"question": "", "sources": ["0.txt"], "answers": []}', "no question"),
        ('{"question": "a", "sources": ["../secret"], "answers": []}', "outside"),
        ('{"question": "a", "sources": ["no.txt"], "answers": []}', "not there"),
        ('{"question": "a", "sources": ["0.txt"], "answers": "b"}', "answers is not a list"),
        ('{"question": "a", "sources": ["0.txt"], "answer": ["b"]}', "'answer'"),
        ("[1", "line 81"),
    ],
)
def test_a_line_that_is_not_of_the_form_is_named(folder: Path, line: str, said: str) -> None:
    with (folder / "questions.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UsageError, match="line 81") as error:
        list(samples(folder))
    assert said in str(error.value)


def test_answers_are_compared_word_for_word(folder: Path, tmp_path: Path) -> None:
    """With no answers, saying that the sources do not say it is right."""
    files = [{"question": q, "sources": ["0.txt"], "answers": a} for q, a in (("code?", ["k0z"]), ("price?", []))]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, files)))
    said = [
        "The code is K0Z [1].",
        "The price is not mentioned in the passages.",
        "The code is K0ZZ [1].",
        "It is 7 [1].",
    ]
    found = []
    for pair in (said[:2], said[2:]):
        with Model(Scripted(pair), Store(tmp_path / f"s{len(found)}")) as model:
            run = evaluate(Plan("folder", folder), model, tmp_path / f"l{len(found)}")
        found.append([each.values["right"] for each in run.records])
    assert found == [[1.0, 1.0], [0.0, 0.0]]


def test_a_calibrator_is_taken_by_its_file(omniloom: Command, folder: Path, tmp_path: Path, record: Path) -> None:
    made = log(tmp_path / "a.jsonl", 200, model="scripted", family="words")
    assert omniloom("calibrate", "--from-log", made, "--out", tmp_path).returncode == 0
    run = ("eval", "folder", "--data", folder, "--recorded", record, "--limit", "1", "--json", "--calibrator")
    done = omniloom(*run, tmp_path / "words-scripted.json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["calibrator"].endswith("words-scripted.json")
    done = omniloom(*run, tmp_path / "none.json")
    assert done.returncode == 2 and "cannot be read" in done.stderr


def test_a_risk_needs_a_calibrator(omniloom: Command, folder: Path, record: Path) -> None:
    question = "What is the code of locker 0?"
    done = omniloom("ask", question, folder / "0.txt", "-m", f"recorded:{record}", "--max-risk", "0.1")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "--max-risk 0.1" in done.stderr and "omniloom calibrate" in done.stderr
    assert "there is none for 'words' answers" in done.stderr and "one field" in done.stderr
    field = ("--schema", "code", "-m", f"recorded:{record}", "--max-risk", "0.1")
    done = omniloom("ask", question, folder / "0.txt", *field)
    assert done.returncode == 2 and "'extract' answers" in done.stderr, "data alone is of another family"
    (folder / "numbers.csv").write_text("locker,code\n0,AB-1\n")
    done = omniloom("ask", question, folder / "numbers.csv", *field[2:])
    assert done.returncode == 2 and "'compute' answers of" in done.stderr, done.stderr
    assert "those from tables alone, in words or one field" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("response", "withheld"),
    [
        (Response(text=phrase("too_uncertain", "Who?"), abstained=True), True),
        (Response(text=f"K0Z [1].\n{phrase('withdrawn', '')}{phrase('not_answered', '')}", abstained=True), True),
        (Response(text=phrase("not_answered", "Wer hat das geschrieben?"), abstained=True), True),
        (Response(abstained=True), True),
        (Response(text="The price is not mentioned.", abstained=True), False),
        (Response(data={"price": None}, abstained=True), False),
        (Response(text="It is K0Z [1]."), False),
    ],
)
def test_only_what_is_not_given_is_said_to_be_withheld(response: Response, withheld: bool) -> None:
    assert is_withheld(response) is withheld


def test_answers_of_one_family_are_never_taken_for_another(
    omniloom: Command, tmp_path: Path, private_home: Path
) -> None:
    made = log(tmp_path / "a.jsonl", 200, family="compute")
    done = omniloom("calibrate", "--from-log", made, "--family", "compute")
    assert done.returncode == 0, done.stderr
    assert "used by `ask` for answers from tables alone" in done.stdout
    assert calibrators.find(private_home, "m", "compute") and not calibrators.find(private_home, "m", "extract")
    done = omniloom("calibrate", "--from-log", made, "--family", "extract")
    assert done.returncode == 2 and "no answers of the family 'extract'" in done.stderr
    done = omniloom("calibrate", "--from-log", made, "--family", "tables")
    assert done.returncode == 2 and "known are extract, words, compute" in done.stderr


def test_a_family_that_no_question_is_of_is_told_before_anything_is_asked(omniloom: Command, folder: Path) -> None:
    for named in ("compute", "speech"):
        done = omniloom("calibrate", folder, "--family", named, "--model", "no-such-model")
        assert done.returncode == 2 and f"no answers of the family '{named}'" in done.stderr, done.stderr
        assert "they are of: words" in done.stderr


def test_one_call_makes_a_calibrator_for_each_family_with_enough_answers(
    omniloom: Command, tmp_path: Path, private_home: Path
) -> None:
    logs: list[object] = []
    for each, count in (("extract", 200), ("compute", 150), ("speech", 20)):
        logs += ["--from-log", log(tmp_path / f"{each}.jsonl", count, family=each)]
    done = omniloom("calibrate", *logs)
    assert done.returncode == 0, done.stderr
    assert "extract (t), 180 answers" in done.stdout and "compute (t), 135 answers" in done.stdout
    assert "no calibrator of the family 'speech': 18 answers are too few" in done.stdout
    found = [calibrators.find(private_home, "m", each) for each in ("extract", "compute", "speech")]
    assert [each and each.data.n for each in found] == [180, 135, None]
    done = omniloom("calibrate", *logs, "--name", "mine")
    assert done.returncode == 2 and "names one calibrator" in done.stderr
    assert omniloom("calibrate", *logs, "--name", "mine", "--family", "compute").returncode == 0


def test_the_family_of_a_line_follows_from_its_sources_and_schema(folder: Path, tmp_path: Path) -> None:
    (folder / "t.csv").write_text("name,age\nAnn,41\n")
    table = {"question": "How old is Ann?", "sources": ["t.csv"], "answers": ["41"]}
    text = {"question": "code?", "sources": ["0.txt"], "answers": ["K0Z"]}
    several = {"options": {"schema": "name, age int"}}
    lines = [table, table | {"family": "table"}, table | {"family": "compute"}, text, text | several, table | several]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = [family(each) for each in samples(folder)]
    assert found == ["compute", "compute", "compute", "words", "fields", "fields"]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, [table, text])))
    with Model(Scripted(["41 [1].", "K0Z [1].", "41 [1]."]), Store(tmp_path / "s")) as model:
        run = evaluate(Plan("folder", folder), model, tmp_path / "l")
        assert [each.family for each in run.records] == ["compute", "words"]
        more = evaluate(Plan("folder", folder, 1, "irrelevant"), model, tmp_path / "l")
        assert [each.family for each in more.records] == ["words"], "a text beside the table"
    counted = {each.family: len(each.samples) + each.abstained + each.failed for each in families([run])}
    assert counted == {"compute": 1, "words": 1}
    for wrong, said in ((text | {"family": "table"}, "'words'"), (table | {"family": "speech"}, "'compute'")):
        (folder / "questions.jsonl").write_text(json.dumps(wrong))
        with pytest.raises(UsageError, match="line 1") as error:
            list(samples(folder))
        assert f"of the family {said}" in str(error.value)


def test_a_calibrator_on_its_own_data_is_noticed(
    omniloom: Command, folder: Path, tmp_path: Path, private_home: Path, record: Path, mine: Path
) -> None:
    calibrators.keep(private_home, calibrators.read(mine.read_text(), "mine"))
    run = ("eval", "folder", "--data", folder, "--recorded", record, "--calibrator", "mine", "--limit", "8")
    done = omniloom(*run)
    assert done.returncode == 0 and "on its own data: the calibrator was made from 8 of these 8 samples" in done.stdout
    told = json.loads(omniloom(*run, "--json").stdout)
    assert told["own_data"] == 8
    assert omniloom("view", told["log"], "--out", tmp_path / "r.html").returncode == 0
    assert "on its own data: the calibrator was made from 8 of these 8" in (tmp_path / "r.html").read_text()
    kept = next(private_home.rglob("mine.json")).read_text()
    assert "locker" not in kept.replace("lockers", ""), "no text of the folder is in it"
    # Other samples of the same form are none of its own: here the answers that are expected are others.
    lines = [json.loads(line) for line in (folder / "questions.jsonl").read_text().splitlines()]
    others = [json.dumps(each | {"answers": [*each["answers"], "K"]}) for each in lines]
    (folder / "questions.jsonl").write_text("\n".join(others))
    assert json.loads(omniloom(*run, "--json").stdout)["own_data"] == 0


def promising(path: Path, made: Path, least: float) -> Path:
    """A calibrator that promises a risk of 0.1 for answers with this probability."""
    promise = {"alpha": 0.1, "delta": 0.05, "method": "learn_then_test", "threshold": least, "n": 40, "guarantee": "g"}
    path.write_text(json.dumps(json.loads(made.read_text()) | {"thresholds": [promise], "name": path.stem}))
    return path


def test_an_answer_is_given_or_withheld_by_the_calibrator_that_is_named(
    omniloom: Command, folder: Path, tmp_path: Path, private_home: Path, record: Path, mine: Path
) -> None:
    """Exit code 3 and a message where it is withheld; nothing is promised by a calibrator for other answers."""
    name = f"recorded:{record}"
    ask = ("ask", "What is the code of locker 0?", folder / "0.txt", "-m", name, "--no-stream", "--max-risk", "0.1")
    all_ = promising(tmp_path / "all.json", mine, 0.0)
    none = promising(tmp_path / "none.json", mine, 1.0)
    done = omniloom(*ask, "--calibrator", none)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "withheld: no answer was given under --max-risk 0.1" in done.stderr and "code is" not in done.stdout
    done = omniloom(*ask, "--calibrator", all_)
    assert done.returncode == 0 and "The code is" in done.stdout, done.stdout + done.stderr
    assert "withheld" not in done.stderr
    calibrators.keep(private_home, calibrators.read(none.read_text(), "none"))
    assert omniloom(*ask, "--calibrator", "none").returncode == 3, "by its name"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(json.loads(all_.read_text()) | {"family": "compute"}))
    done = omniloom(*ask, "--calibrator", other)
    assert done.returncode == 2 and "is for the family 'compute', not 'words'" in done.stderr
    done = omniloom(*ask, "--calibrator", "nobody")
    assert done.returncode == 2 and "there is no calibrator 'nobody'" in done.stderr
