"""What peers tell becomes the same Response as ours: their quotes are looked for, their silence is heard."""

import json
import math
import sys
from argparse import Namespace
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from measure.trust import going
from measure.trust.answers import cut, is_silent, response, spanned, standing
from measure.trust.plain import Plain, told
from measure.trust.sides import Lines
from measure.trust.texts import source_of, sources_of

from omniloom.core.errors import WeightsError
from omniloom.core.locators import Locator
from omniloom.core.parts import Table, Text
from omniloom.core.values import Part, Segment
from omniloom.evaluation.citing import citing
from omniloom.evaluation.values import Place, Sample
from omniloom.storage.store import Store

MILL = "The wheel was built in 1888 by Ida Holm.\n\nShe ran it for thirty years."
SAMPLE = Sample("m1", "Who built it?", (), ("Ida Holm",), (Place("Mill.txt", "Ida Holm"),), options={"schema": {}})


def pieces() -> Any:
    part = Part(kind="text", name="Mill.txt", id="m")
    lines = [("The wheel was built", (0, 19)), ("in 1888 by Ida Holm.", (20, 40))]
    segments = [Segment(source="m", locator=Locator(chars=at), content=text, made_by="text/1") for text, at in lines]
    return source_of(part, tuple(segments))


def said(answer: str | None, *quotes: tuple[str, str], **more: Any) -> dict[str, Any]:
    usage = {"input": 90, "output": 9, "cached": 40}
    listed = [{"source": source, "quote": quote} for source, quote in quotes]
    return {"answer": answer, "text": answer or "", "quotes": listed, "tokens": [], "usage": usage} | more


def test_a_quote_is_found_over_segments_white_space_apart() -> None:
    source = pieces()
    assert source.text == "The wheel was built\nin 1888 by Ida Holm.\n"
    assert source.find("built in  1888") == Locator(chars=(14, 27))
    assert source.find("Ida Holm") == Locator(chars=(31, 39))
    assert source.find("Ida Holms") is source.find("ida holm") is source.find(" ") is None


def test_sources_are_read_as_ours_are(tmp_path: Path) -> None:
    table = Table(b"year,cows\n1888,7\n1889,9\n", name="cows.csv")
    sample = Sample("x", "How many?", ("How many?", Text(MILL.encode(), name="Mill.txt"), table))
    with Store(tmp_path / "home") as store:
        text, rows = sources_of(sample, store)
    assert [text.part.name, rows.part.name] == ["Mill.txt", "cows.csv"]
    assert "Ida Holm" in text.text and "cows" in rows.text and "1889" in rows.text
    found = text.find("thirty years")
    assert found is not None and found.chars is not None and MILL[slice(*found.chars)] == "thirty years"


def test_quotes_become_claims_and_are_scored_as_ours() -> None:
    quotes = ("Mill.txt", "1888 by Ida Holm"), ("Mill.txt", "by Ida Olm"), ("Mill.pdf", "Ida Holm")
    made = response(said("Ida Holm", *quotes), SAMPLE, [pieces()])
    assert made.data == {"answer": "Ida Holm"} and made.text == "" and not made.abstained
    assert [claim.supported for claim in made.claims] == [True, False, False]
    assert standing(SAMPLE, made).values == {"cited": 1.0, "citations_verbatim": pytest.approx(1 / 3)}
    # The place is labelled "Ida Holm": one of three quotes has it, in the right source.
    assert citing(SAMPLE, made).values == {"citation_precision": pytest.approx(1 / 3), "citation_recall": 1.0}
    assert (made.usage.input_tokens, made.usage.cached_tokens, made.usage.output_tokens) == (90, 40, 9)


def test_words_are_the_answer_where_no_schema_was_asked_for() -> None:
    made = response(said("By Ida Holm."), Sample("m1", "Who?", ()), [pieces()])
    assert made.text == "By Ida Holm." and made.data is None
    assert standing(SAMPLE, made).values == {"cited": 0.0}


@pytest.mark.parametrize(
    "answer",
    ["", "not found", "Not found.", "I don't know.", "You don't know", "The sources do not mention it.", "N/A"],
)
def test_silence_is_heard(answer: str) -> None:
    assert is_silent(answer, []) and response(said(answer), SAMPLE, [pieces()]).abstained


@pytest.mark.parametrize("answer", ["Ida Holm", "the unknown soldier", "nonesuch", "What was found in 1888"])
def test_an_answer_is_not_silence(answer: str) -> None:
    assert not is_silent(answer, [])


def test_the_log_probability_is_that_of_the_answer_not_of_its_quotes() -> None:
    tokens = [('{"', -3.0), ("answer", -2.0), ('": "', -1.0), ("Ida", -0.1), (" Holm", -0.3), ('", "', -5.0)]
    tokens += [("quotes", -1.0), ('": ["', -1.0), ("Ida", -9.0), (" Holm", -9.0), ('"]}', -1.0)]
    assert spanned(tokens, "Ida Holm") == [-0.1, -0.3]
    made = response(said("Ida Holm", tokens=tokens, verbalised=0.9), SAMPLE, [pieces()])
    assert made.confidence is not None and made.confidence.value == pytest.approx(math.exp(-0.2))
    assert made.confidence.signals == {
        "logprob_mean": pytest.approx(-0.2), "answer_tokens": 2.0, "verbalised": 0.9
    }  # fmt: skip
    assert spanned(tokens, "Ada Holm") == [each for _, each in tokens]
    assert response(said("Ida Holm"), SAMPLE, [pieces()]).confidence is None


def test_an_answer_that_was_cut_still_counts() -> None:
    text = '{"answer": "Ida \\"Holm\\"", "quotes": [{"source": "Mi'
    assert cut(text) == 'Ida "Holm"' and cut("no JSON") == "no JSON" and cut('{"answer": "Ida') == '{"answer": "Ida'
    assert response(said(None, text=text), SAMPLE, [pieces()]).data == {"answer": 'Ida "Holm"'}


# -- the plain pipeline ----------------------------------------------------------------------------------------------


@pytest.fixture
def address() -> Iterator[str]:
    """A server that answers with what it was asked; a question with "fail" in it fails."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked = body["messages"][-1]["content"]
            text = json.dumps({"answer": asked, "quotes": [], "confidence": 70})
            choice = {"message": {"content": text}, "logprobs": {"content": [{"token": text, "logprob": -0.5}]}}
            usage = {"prompt_tokens": 30, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 20}}
            made = json.dumps({"choices": [choice], "usage": usage}).encode()
            self.send_response(500 if "fail" in asked else 200)
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_plain_pipeline_shows_all_sources_and_tells_what_it_got(address: str) -> None:
    job = {"question": "Who?", "sources": [{"name": "a.txt", "text": "Ida\n"}, {"name": "b.txt", "text": "Ole"}]}
    found = Plain(address).work(job | {"limit": 50})
    assert found["answer"] == "Source: a.txt\nIda\n\nSource: b.txt\nOle\n\nQuestion: Who?"
    assert (found["verbalised"], found["usage"]) == (0.7, {"input": 30, "output": 5, "cached": 20})
    assert found["tokens"] == [[found["text"], -0.5]]
    nothing = {"question": "fail", "sources": [], "limit": 1}
    assert "failed" in Plain(address).work(nothing) and "failed" in Plain("http://127.0.0.1:1").work(nothing)


def test_what_does_not_parse_is_text() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 1}
    found = told({"choices": [{"message": {"content": '{"answer": "Ida'}}], "usage": usage})
    assert (found["answer"], found["text"], found["quotes"]) == (None, '{"answer": "Ida', [])
    assert found["usage"]["cached"] == 0


# -- a peer in a Python of its own -----------------------------------------------------------------------------------


def test_a_peer_answers_line_by_line_and_says_why_it_ends(tmp_path: Path) -> None:
    script = tmp_path / "peer.py"
    script.write_text(
        "import json, sys\nprint(json.dumps({'peer': sys.argv[1]}), flush=True)\n"
        "for line in sys.stdin:\n    print(json.dumps({'got': 1 / json.loads(line)['n']}), flush=True)\n"
    )
    peer = Lines("peer", sys.executable, script, {"a": 1})
    try:
        assert peer.ready == {"peer": '{"a": 1}'} and peer.work({"n": 4}) == {"got": 0.25}
        assert "ZeroDivisionError" in peer.work({"n": 0})["failed"] and "failed" in peer.work({"n": 1})
    finally:
        peer.close()


def test_a_peer_that_does_not_start_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "peer.py"
    script.write_text("import nowhere_at_all\n")
    with pytest.raises(RuntimeError, match=r"peer: .*nowhere_at_all"):
        Lines("peer", sys.executable, script, {})


@pytest.mark.parametrize("line", ["5", "no JSON", '"failed"'])
def test_a_peer_that_says_what_is_no_answer_is_refused_and_ended(tmp_path: Path, line: str) -> None:
    script = tmp_path / "peer.py"
    script.write_text(f"import sys\nprint({line!r}, flush=True)\nsys.stdin.read()\n")
    with pytest.raises(RuntimeError, match="peer: it said what is no answer"):  # a process left over is a warning
        Lines("peer", sys.executable, script, {})
    with pytest.raises(OSError, match="nowhere"):
        Lines("peer", "/nowhere/python", script, {})


class Opened:
    """A process, or a peer, that tells whether it was closed."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.name, self.ready, self.closed, self._breaks = "x", {"address": "http://127.0.0.1:1"}, 0, breaks

    def close(self) -> None:
        self.closed += 1
        if self._breaks:
            raise OSError("it does not close")


@pytest.mark.parametrize(("without", "breaks"), [([], RuntimeError), (["plain"], RuntimeError), ([], WeightsError)])
def test_a_server_is_ended_whichever_peers_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: list[str], breaks: type[Exception]
) -> None:
    chat, ours = Opened(), Opened()

    def langchain(*_: Any) -> Any:
        raise breaks("it does not start")

    monkeypatch.setattr(going, "_weights", lambda name: Path(__file__))
    monkeypatch.setattr(going, "server", lambda *_, **__: chat)
    monkeypatch.setattr(going, "_langchain", langchain)
    opened: list[Any] = [ours]
    asked = Namespace(without=without, peer_python="python", threads=1)
    going.add_peers(opened, asked, lambda peer, _: peer, "engine")
    assert len(opened) == 2 - len(without) and chat.closed == len(without)
    going.close_all(opened)
    assert chat.closed == ours.closed == 1


def test_all_sides_are_closed_where_one_breaks() -> None:
    first, second, third = Opened(), Opened(breaks=True), Opened()
    with pytest.raises(OSError, match="does not close"):
        going.close_all([first, second, third])
    shared = going._Shared(third)  # type: ignore[arg-type]
    user = shared.used(Opened(breaks=True), first)  # type: ignore[arg-type]
    with pytest.raises(OSError, match="does not close"):
        user.close()
    shared.left()
    assert (first.closed, third.closed) == (2, 2) and shared._users == 0


@pytest.mark.parametrize("cut", ["length", "form"])
def test_an_answer_that_is_cut_on_its_way_or_of_another_form_counts_as_failed(cut: str) -> None:
    class Cuts(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "900" if cut == "length" else "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Cuts) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        found = Plain(f"http://127.0.0.1:{server.server_port}").work({"question": "?", "sources": [], "limit": 1})
        thread.join()
    assert ("IncompleteRead" if cut == "length" else "KeyError") in found["failed"]
