"""`omniloom view` on the logs of a real run (smollm2-135m over two made-up texts), whose store is long gone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

LOGS = Path(__file__).resolve().parents[1] / "data" / "logs"


def view(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", "-m", "omniloom", "view", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder, stdin=subprocess.DEVNULL)


def test_two_tasks_become_one_file(tmp_path: Path, private_home: Path) -> None:
    done = view(tmp_path, str(LOGS / "xquad.jsonl"), str(LOGS / "xquad_unanswerable.jsonl"))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "xquad.html\n" and not done.stderr
    made = (tmp_path / "xquad.html").read_text(encoding="utf-8")
    assert re.findall(r"<h2 [^>]*>([^<]*)</h2>", made) == ["xquad", "xquad_unanswerable"]
    assert "What went wrong in run A: 10 of 10" in made
    for kind in ("wrong place cited", "right place, wrong words", "should have abstained", "format"):
        assert f"</span>{kind}</summary>" in made, kind
    assert "Who drew the arches of the bridge?" in made and "Clara Venn" in made
    assert "the store that the log names is not here" in made
    assert made.count("<svg") == 4 and "http" not in made.replace("http-equiv", "")
    assert not (private_home / "journal.sqlite").exists(), "looking at a log makes no store"


def test_one_task_twice_is_compared_and_comes_out_alike(tmp_path: Path, private_home: Path) -> None:
    log = str(LOGS / "xquad.jsonl")
    for name in ("one.html", "two.html"):
        done = view(tmp_path, log, log, "--out", name)
        assert done.returncode == 0, done.stderr
    one = (tmp_path / "one.html").read_bytes()
    assert one == (tmp_path / "two.html").read_bytes()
    assert "B minus A (95 % interval)" in one.decode() and "0.000 (0.000 to 0.000), n 10" in one.decode()


def test_it_opens_in_the_browser(tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    done = view(tmp_path, str(LOGS / "xquad.jsonl"), "--open")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "opened").read_text() == (tmp_path / "xquad.html").as_uri()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.jsonl"], "cannot be read"),
        (["other.jsonl"], "it has no header"),
        (["log.jsonl", "--out", "log.jsonl"], "is one of the logs"),
        (["log.jsonl", "--out", "nowhere/x.html"], "there is no folder"),
        ([], "LOG"),
    ],
)
def test_misuse_is_told(words: list[str], says: str, tmp_path: Path, private_home: Path) -> None:
    content = (LOGS / "xquad.jsonl").read_bytes()
    (tmp_path / "log.jsonl").write_bytes(content)
    (tmp_path / "other.jsonl").write_text('{"kind": "something"}\n')
    done = view(tmp_path, *words)
    assert done.returncode in (1, 2) and says in done.stderr and "Traceback" not in done.stderr
    assert (tmp_path / "log.jsonl").read_bytes() == content
    assert not list(tmp_path.rglob("*.html"))
