"""Every example runs as it is and prints what it promises; what the model says is not judged, for it is tiny."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess

import pytest

pytestmark = pytest.mark.weights

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NOT_RUN = {"demo", "make_data"}
WRITE_TO_AN_END = {"batch_folder", "evaluate"}  # which a model of a few layers may not
URL = r"#\S*\d"
# What must stand in the output of each: patterns of its own words, never of the model's.
PROMISES = {
    "adapter": [r"without: ", r"with the adapter: ", r"the same: False"],
    "ask_pdf": [r"\d+ claims|abstained"],
    "batch_folder": [r"monday\.txt: \{'stood_still'", r"tuesday\.txt: \{", r"wednesday\.txt: unreadable: .* is empty"],
    "budget": [r"budget: the next step does not fit into the budget of 50", r"hint: ", r"within 4000: \d+ tokens"],
    "calibrate": [
        r"held out: 300 answers, ECE 0\.\d+",
        r"taken out: judge",
        r"not a probability: 0\.\d+",
        r"at most 10\.0% are wrong",
    ],
    "causal": [
        r"to compute: .*sum over size",
        r"size unknown: .*\(size\)",
        r"by the table: -0\.046\n.*graph: \+0\.05|not installed",
    ],
    "conversation": [r"[1-9]\d* of them kept from before\n> And", r"4 messages"],
    "evaluate": [
        r"2 of 2 answered\n(1 of 3 answered\n)?2 of 3 answered\n3 of 3",
        r"exact +\d\.",
        r"n=3",
        r"tokens computed: [1-9]",
    ],
    "cascade": [r"it is that of .*: no calibrator", r"tokens of both: [1-9]\d* read"],
    "forget": [r"kept: True True", r"removed: .*'blobs': 1", r"kept: False False", r"that call: None"],
    "interview": [r"11\.5- 13\.2 s|410 to 820 jobs per second", r"\(score 0\.\d\d\)"],
    "losses": [r"stopped: 1 thing", r"lost: weeks\.jsonl: damaged_row: line 2", r"went on: "],
    "mixed": [r"sources: results\.csv, figure_1\.png, newsletter\.txt"],
    "openai_server": [r"Start a server"],
    "program": [r"a sum: 49/20|cannot keep", r"a file: Permission|cannot keep", r"no end: .* 1 s of|cannot keep"],
    "puzzle": [
        r"Cy keeps the fish; the only solution: True",
        r"infeasible.*\n  1: .*\n  4: Ann == red\n  9: red == 1\n  10: Cy == 1\n",
        r"optimal: .*'chairs': 15, 'tables': 2.* for 630",
        r"no variable 'Anne' \(there are Ann",
    ],
    "decompose": [r"asked: \['By how much did energy use fall\?', 'Which scheduler"],
    "receipt": [r"\{\"heading\":", r"/heading ", r"reduced: .* not seen"],
    "report": [r"xquad right=\d", r"run A: [012] of 2 went wrong", r"report\.html: [1-9]\d* kB, without scripts: True"],
    "see": [r"Name a model that sees"],
    "solve": [r"answer: ", r"solved: \S|reduced: not_solved: ", r"step: \S"],
    "splice": [r"splice=False: \d+ tokens", r"splice=unmeasured: \d+ tokens", r"fewer are: True"],
    "sql": [r"best: Loom, 3\.2", r"results\.csv rows \d+", r"no table .nothing."],
    "stream": [r"the pieces are the whole text: True", r"[1-9]\d* tokens, first after"],
    "table_cells": [r"results\.csv: .", r"last weeks: .|pandas is not installed"],
    "table_program": [r"program: values are asked for", r"query: SELECT "],
    "thinking": [
        r"direct, budget 0: .*(\n.*)*thinking 0,",
        r"direct, budget 64: .*(\n.*)*thinking [1-9]\d*, answer",
        r"sample, budget 64: .*(\n.*)*thinking [1-9]\d*, answer",
    ],
    "trace": [r"generate first", r"read results\.csv", r"answer: replayed True"],
    "warm": [r"read ahead: [1-9]\d+ tokens, 0 were", r"question: [1-9]\d? of [1-9]\d+ tokens", r"among them: True"],
    "work_out": [r"answer: .", r"not computed| [=≈] -?\d"],
    "video": [r"clip\.mp4#t=\S+ .*PNG of [1-9]\d* kB|reduced: ", r"sounds other than speech"],
}


def test_every_example_has_its_promises() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} - NOT_RUN == set(PROMISES)


@pytest.mark.parametrize("name", PROMISES)
def test_an_example_runs(name: str, run: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    more = {"OMNILOOM_MODEL": "smollm2-135m"} if name in WRITE_TO_AN_END else {}
    done = run(EXAMPLES / f"{name}.py", cwd=tmp_path, **more)
    assert done.returncode == 0, done.stderr
    for promise in PROMISES[name]:
        assert re.search(promise, done.stdout), f"{promise} is not in:\n{done.stdout}\n{done.stderr}"
    assert not list(tmp_path.iterdir()), "an example leaves nothing in the folder it is run in"


class Completions(BaseHTTPRequestHandler):
    """Answers every chat completion with one sentence that stands in the table."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, asked["model"]))  # type: ignore[attr-defined]
        choice = {"index": 0, "delta": {"role": "assistant", "content": "12 jobs failed [1]."}, "finish_reason": "stop"}
        chunk = {"id": "1", "object": "chat.completion.chunk", "model": asked["model"], "choices": [choice]}
        body = f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Completions) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_server_example_asks_the_server(
    run: Callable[..., CompletedProcess[str]], server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}/v1#some-model"
    done = run(EXAMPLES / "openai_server.py", cwd=tmp_path, OPENAI_URL=url)
    assert done.returncode == 0, done.stderr
    assert ("/v1/chat/completions", "some-model") in server.asked  # type: ignore[attr-defined]
    assert "12 jobs failed" in done.stdout
    assert re.search(r"results\.csv" + URL, done.stdout)
