"""Options of the command line that say how files are read."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from omniloom.engines.recorded import Recorder
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

WORD = "open sesame"


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "locked.pdf"
    canvas = Canvas(str(path), encrypt=StandardEncryption(WORD))
    for line in ("The red loom runs 820 jobs per second.", "The blue loom rests."):
        canvas.drawString(72, 720, line)
        canvas.showPage()
    canvas.save()
    return path


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "omniloom", *words], capture_output=True, text=True, timeout=60)


def test_a_locked_pdf_is_asked_continued_and_shown(locked: Path, tmp_path: Path, private_home: Path) -> None:
    record, place = tmp_path / "record.jsonl", tmp_path / "place.png"
    model: Any = Model(Recorder(Scripted(["It runs 820 jobs [1]."] * 2), record), Store(tmp_path / "recording"))
    import omniloom as ol

    part = ol.PDF(locked, password=WORD, pages="1")
    model.generate(["How fast?", part])
    turns = [{"role": "user", "content": "How fast?"}, {"role": "assistant", "content": "It runs 820 jobs [1]."}]
    model.generate([part, "Really?"], messages=turns)
    model.close()
    options = ("-m", f"recorded:{record}", "--password", WORD, "--pages", "1", "--language", "en")
    assert "--password" in run("ask", "How fast?", str(locked), "-m", f"recorded:{record}").stderr
    done = run("ask", "How fast?", str(locked), *options)
    assert done.returncode == 0 and "locked.pdf, page 1" in done.stdout, done.stderr
    again = run("ask", "Really?", "-c", *options[:2])  # read as before, and the reading is kept
    assert again.returncode == 0 and "locked.pdf, page 1" in again.stdout, again.stderr
    other = run("ask", "Really?", "-c", "--pages", "2", *options[:2])  # must be read now, and the password is not kept
    assert other.returncode == 1 and "give --password again" in other.stderr
    kept = [path.read_bytes() for path in private_home.rglob("*") if path.is_file()]
    assert not any(WORD.encode() in content for content in kept)
    assert "--password" in run("show", "1", "-o", str(place)).stderr
    assert run("show", "1", "-o", str(place), "--password", WORD).returncode == 0
    assert place.read_bytes().startswith(b"\x89PNG")
