"""Ctrl-C on the command line: the process ends at once with its own exit code, and what it did is in the trace."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.weights,
    pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of POSIX"),
]
# A shell that runs the tests in its background starts them with the signal ignored.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import omniloom.cli as c; c.main()"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_ctrl_c_in_mid_answer_and_before_it(stream: str, tmp_path: Path, private_home: Path) -> None:
    paper = tmp_path / "paper.txt"
    lines = 8 if stream == "stdout" else 40  # before its first words it reads all of them
    paper.write_text("The weaving trial was held in Lisbon. It finished 820 jobs per second.\n" * lines)
    command = [sys.executable, "-c", HEARD, "ask", "Tell a very long story.", str(paper), "-m", "smollm2-135m"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    first = getattr(process, stream).read(1)  # stderr speaks before the answer, stdout with its first words
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert first and process.returncode == 130
    assert told.endswith(b"cancelled\n") and b"Traceback" not in told
    trace = [sys.executable, "-m", "omniloom", "trace", "export"]
    spans = json.loads(subprocess.run(trace, capture_output=True, check=True).stdout)["spans"]
    assert spans[0]["status"] == "cancelled"
