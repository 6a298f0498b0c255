"""The command line as people mistreat it: no traceback, a reason, and a way on."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]
PLACED = ("--html", "no/such/folder/a.html")


@pytest.fixture
def omniloom(tmp_path: Path, private_home: Path) -> Command:
    (tmp_path / "my #1 100% note.txt").write_text("The loom runs 820 jobs per second.")
    (tmp_path / "--dash.txt").write_text("The loom runs.")
    (tmp_path / "folder").mkdir()

    def run(*words: str, **how: Any) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, **how.pop("env", {})}
        streams: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        } | how
        command = [sys.executable, "-m", "omniloom", *words]
        return subprocess.run(command, text=True, timeout=60, cwd=tmp_path, env=environment, **streams)

    return run


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--bogus",), 2, "--help"),
        (("ask", "x", "--dash.txt"), 2, "./--dash.txt"),
        (("ask", " ", "my #1 100% note.txt"), 2, "the question is empty"),
        (("ask", "my #1 100% note.txt"), 2, "is a file, and there is no question"),
        (("ask", "x", "folder"), 1, "is a folder"),
        (("ask", "x", "--strategy", "magic"), 2, "'auto', 'direct', 'weigh', 'verify', 'sample', 'program'"),
        (("ask", "x", *PLACED), 2, "no/such/folder"),
        (("ask", "x", "--html", "folder"), 2, "is a folder"),
        (("ask", "x", "--max-tokens", "0"), 2, "--max-tokens"),
        (("ask", "x", "--budget", "-1"), 2, "--budget"),
        (("show", "1", "-o", "folder"), 2, "is a folder"),
        (("show", "²"), 1, "does not exist"),
        (("show", "9" * 5000), 1, "hint"),
        (("show", "1", "-t", "nope"), 2, "'nope'"),
        (("show", ""), 2, "names no file"),
        (("show", "#page=1"), 2, "names no file"),
        (("show", "my #1 100% note.txt#xywh=1"), 2, "is not a citation\nhint: FILE#page=2"),
        (("trace", "export", "-o", "no/such/folder/x"), 2, "no/such/folder"),
        (("trace", "list", "-n", "-1"), 2, "--limit"),
        (("cache", "clear"), 2, "--yes"),
        (("ask", "x", "-m", "nope.gguf"), 1, "check the path"),
        (("ask", "x", "-m", "openai:http://127.0.0.1:9/v1#m", "--adapter", "a.gguf"), 2, "openai:URL#NAME"),
        (("ask", "x", "-m", "openai:http://127.0.0.1:9/v1#m"), 1, "running at http://127.0.0.1:9/v1"),
        (("ask", "x", "-m", "openai:ftp://host#m"), 2, "http://host:port/v1"),
        (("ask", "x", "-m", "openai:http://127.0.0.1:9/v1#m", "-s", "nope.json"), 2, "does not exist"),
        (("ask", "x", "-m", "openai:http://127.0.0.1:9/v1#m", "-s", "a, a"), 2, "given twice"),
        (("ask", "x", "-m", "openai:http://127.0.0.1:9/v1#m", "-s", '{"type": "nope"}'), 2, "/type"),
    ],
)
def test_what_is_wrong_and_what_to_do(omniloom: Command, words: tuple[str, ...], code: int, said: str) -> None:
    done = omniloom(*words)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr and "pydantic" not in done.stderr
    assert done.stdout == ""


def test_a_long_message_is_one_line_in_a_pipe(omniloom: Command) -> None:
    done = omniloom("ask", "x", "a long name of a file that is not here " * 5)
    assert len(done.stderr.splitlines()) == 2


def test_addresses_are_taken_as_they_are_written(omniloom: Command, tmp_path: Path) -> None:
    for address in ("my #1 100% note.txt#char=4,8", "my%20%231%20100%25%20note.txt#char=4,8", "my #1 100% note.txt"):
        done = omniloom("show", address, "-o", "out.png")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("my #1 100% note.txt, ")
    assert omniloom("show", "my #1 100% note.txt").stdout.endswith("citation-my #1 100% note.txt.png\n")


def test_no_command_shows_the_help_and_says_no_more(omniloom: Command) -> None:
    done = omniloom()
    assert done.returncode == 2
    assert done.stderr == ""


def test_the_version(omniloom: Command) -> None:
    from omniloom import __version__

    assert omniloom("--version").stdout == f"omniloom {__version__}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said(omniloom: Command) -> None:
    with Path("/dev/full").open("w") as full:
        done = omniloom("list", stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("system: No space left on device\nhint: ")


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX closes the streams")
@pytest.mark.parametrize("words", ["ask x -m nope <&-", "ask x -m nope 2>&-", "ask x -m nope <&- >&- 2>&-"])
def test_a_closed_stream_is_an_empty_one(words: str, private_home: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m omniloom {words}'], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


def test_a_reader_that_goes_is_no_defect(omniloom: Command) -> None:
    read, write = os.pipe()
    os.close(read)
    done = omniloom("list", stdout=write)
    os.close(write)
    assert done.stderr == ""


def test_one_model_in_words_and_as_json(omniloom: Command) -> None:
    import json

    assert "licence  Apache-2.0" in omniloom("info", "default").stdout
    assert json.loads(omniloom("info", "default", "--json").stdout)["licence"] == "Apache-2.0"
    rows = omniloom("list").stdout.splitlines()
    assert len({row.index(word) for row, word in zip(rows[:2], ("for", "language"), strict=True)}) == 1


def test_a_defect_is_a_line_and_its_place_on_request() -> None:
    program = (
        "import sys; sys.argv = ['omniloom', 'list']; import omniloom.catalog as c; c.entries = lambda: 1 / 0; "
        "from omniloom.cli import main; main()"
    )
    for wanted in ("", "1"):
        environment = {**os.environ, "OMNILOOM_DEBUG": wanted}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        assert done.returncode == 1
        assert done.stderr.startswith("defect: ZeroDivisionError: division by zero\n")
        assert ("Traceback" in done.stderr) == bool(wanted)


IMPORTING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import omniloom.cli
assert "pydantic" not in sys.modules, "Ctrl-C is not heard until this is imported"

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = [sys.argv[1], "--version"]
omniloom.cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is a signal of POSIX")
@pytest.mark.parametrize("module", ["pydantic", "typer", "rich.console"])
def test_ctrl_c_while_it_is_being_imported(module: str, private_home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTING, module], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"cancelled\n")
