"""A process that is killed at any moment loses nothing it had finished, and its store goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

QUESTIONS = 8
# Asks its questions one after the other and says each as soon as its answer is there; then what it computed.
SCRIPT = """
import sys
from pathlib import Path
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

engine = Scripted(["It runs 820 jobs per second [1]."], seconds_per_token=float(sys.argv[2]))
with Model(engine, Store()) as model:
    for number in range(int(sys.argv[3])):
        response = model.generate([f"Question {number}?", Path(sys.argv[1])])
        assert response.claims[0].supported
        print(number, flush=True)
    print("computed", len(engine.requests), flush=True)
"""


def start(paper: Path, home: Path, pace: float) -> "subprocess.Popen[str]":
    environment = {**os.environ, "OMNILOOM_HOME": str(home)}
    command = [sys.executable, "-c", SCRIPT, str(paper), str(pace), str(QUESTIONS)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seed", range(10))
def test_killed_at_a_random_moment(seed: int, tmp_path: Path) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text("The loom runs 820 jobs per second.")
    child = start(paper, tmp_path / "home", 0.01)
    time.sleep(0.3 + random.Random(seed).random() * 2)
    child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=30)
    finished = len([line for line in said.splitlines() if line.isdigit()])
    again = start(paper, tmp_path / "home", 0.0)
    said, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    computed = int(said.splitlines()[-1].split()[1])
    assert computed <= QUESTIONS - finished
