"""`omniloom warm` as a user has it: what it computes, the next `ask` need not; and what it says where it cannot."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.weights
MODEL = ("-m", "smollm2-135m")
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import omniloom.cli as c; c.main()"
Command = Callable[..., "subprocess.CompletedProcess[str]"]


def lines(hall: str, count: int) -> str:
    return "".join(f"The {hall} loom of row {row} runs {row * 7} jobs per hour.\n" for row in range(count))


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    for hall in ("red", "blue"):
        (tmp_path / f"{hall}.txt").write_text(lines(hall, 12))
    return "red.txt", "blue.txt"


@pytest.fixture
def omniloom(tmp_path: Path, private_home: Path) -> Command:
    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "omniloom", *words]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, cwd=tmp_path
        )

    return run


def usage(omniloom: Command, *words: str) -> dict[str, Any]:
    done = omniloom("ask", "Say how fast row 3 is.", *words, "--json", "--max-tokens", "4")
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)["usage"]


def computed(used: dict[str, Any]) -> int:
    return used["input_tokens"] - used["cached_tokens"]


def test_the_next_ask_computes_its_question_only(omniloom: Command, files: tuple[str, str], shallow: Path) -> None:
    model = ("-m", str(shallow))
    first = omniloom("warm", *files, *model)
    assert first.returncode == 0, first.stderr
    tokens = int(first.stdout.split()[0])
    assert tokens > 400 and f"{tokens} tokens are ready, 0 were before" in first.stdout
    used = usage(omniloom, *files, *model)
    assert used["cached_tokens"] == tokens and computed(used) < 45
    assert omniloom("warm", *files, *model).stdout == f"{tokens} tokens were ready already\n"
    one = omniloom("warm", files[0], *model)
    assert one.returncode == 0 and int(one.stdout.split()[0]) < tokens
    # Other words at the beginning are another prefix.
    assert usage(omniloom, *files, "--system", "Be short.", *model)["cached_tokens"] == 0
    assert omniloom("warm", *files, *model, "--system", "Be short.").returncode == 0
    assert computed(usage(omniloom, *files, "--system", "Be short.", *model)) < 45


def test_more_than_the_context_holds_is_said(omniloom: Command, tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(lines("green", 1500))
    done = omniloom("warm", "long.txt", *MODEL)
    assert done.returncode == 1 and done.stdout == ""
    assert "context_overflow: of" in done.stderr and "hint: give fewer files" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("warm",), 2, "Missing argument"),
        (("warm", "missing.pdf", *MODEL), 1, "'missing.pdf' does not exist"),
        (("warm", "red.txt", "-m", "nothing-of-this-name"), 2, "nothing-of-this-name"),
        (("warm", "red.txt", *MODEL, "--on-loss", "maybe"), 2, "--on-loss"),
    ],
)
def test_what_cannot_be_done(
    omniloom: Command, files: tuple[str, str], words: tuple[str, ...], code: int, said: str
) -> None:
    done = omniloom(*words)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of POSIX")
def test_ctrl_c_while_it_computes(tmp_path: Path, private_home: Path) -> None:
    (tmp_path / "long.txt").write_text(lines("green", 200))
    command = [sys.executable, "-c", HEARD, "warm", str(tmp_path / "long.txt"), *MODEL]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stderr is not None
    first = process.stderr.read(1)  # the estimate, said just before the model begins
    os.killpg(process.pid, signal.SIGINT)
    out, told = process.communicate(timeout=60)
    assert first and process.returncode == 130 and out == b""
    assert told.endswith(b"cancelled\n") and b"Traceback" not in told
