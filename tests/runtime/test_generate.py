"""The whole call on real files: everything is real but the words of the model, which a script says."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, model_validator

import omniloom as ol
from omniloom.core.errors import (
    BudgetError,
    CancelledError,
    ContextError,
    LossError,
    OutputError,
    SchemaError,
    UnreadableError,
    UnsupportedError,
    UsageError,
)
from omniloom.core.events import CitationAdded, Completed, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, Message, Request

PAPER = "Throughput doubled from 410 to 820 jobs per second. The trial ran for six weeks."
ANSWER = "Throughput doubled from 410 to 820 jobs per second [1]. It costs 99 dollars [1]."


class Report(BaseModel):
    before: int
    after: int
    price: str | None


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER)
    return path


def test_claims_are_cited_or_marked(models: Any, paper: Path) -> None:
    response = models(ANSWER).generate(["What was measured?", paper])
    assert response.text == "Throughput doubled from 410 to 820 jobs per second [1]. It costs 99 dollars [?]."
    right, wrong = response.claims
    assert right.citations[0].url == "paper.txt#char=0,51"
    assert PAPER[slice(*right.citations[0].locator.chars or ())] == right.citations[0].quote
    assert (right.supported, wrong.supported) == (True, False)
    assert response.text[slice(*wrong.at)].startswith("It costs")


def test_the_stream_is_the_answer(models: Any, paper: Path) -> None:
    model = models(ANSWER)
    events = list(model.stream(["What was measured?", paper]))
    assert isinstance(events[-1], Completed)
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == events[-1].response.text
    assert [e.claim for e in events if isinstance(e, CitationAdded)] == [0]
    assert events[-1].response.text == model.generate(["What was measured?", paper]).text


@pytest.mark.parametrize(("unsupported", "text"), [("drop", "99"), ("abstain", "820")])
def test_what_happens_to_claims_without_support(models: Any, paper: Path, unsupported: str, text: str) -> None:
    response = models(ANSWER).generate(["What was measured?", paper], unsupported=unsupported)
    assert text not in response.text
    assert response.abstained == (unsupported == "abstain")


def test_nothing_found_is_an_abstention(models: Any, paper: Path) -> None:
    response = models("The price is not mentioned in the passages.").generate(["What does it cost?", paper])
    assert response.abstained
    assert not response.claims


def test_json_is_valid_and_its_values_have_places(models: Any, paper: Path) -> None:
    model = models('{"before": 410, "after": 820, "price": null}')
    response = model.generate(["Fill it in", paper], schema=Report)
    assert response.data == Report(before=410, after=820, price=None)
    assert {claim.at: claim.citations[0].quote for claim in response.claims} == {"/before": "410", "/after": "820"}
    assert json.loads(response.model_dump_json())["data"]["after"] == 820


def test_a_value_is_spelled_as_its_source_spells_it_where_the_schema_allows(models: Any, paper: Path) -> None:
    free = models('{"weeks": "6"}').generate(["How long?", paper], schema="weeks")
    assert free.data == {"weeks": "six"}
    assert free.claims[0].citations[0].quote == "six"
    digits = {"type": "object", "properties": {"weeks": {"type": "string", "pattern": "^[0-9]+$"}}}
    assert models('{"weeks": "6"}').generate(["How long?", paper], schema=digits).data == {"weeks": "6"}


class Growth(BaseModel):
    before: int
    after: int

    @model_validator(mode="after")
    def _grows(self) -> "Growth":
        assert self.after > self.before, "nothing grew"
        return self


def test_json_that_the_model_refuses_is_repaired_once_or_an_error(models: Any, paper: Path) -> None:
    wrong, right = '{"before": 820, "after": 410}', '{"before": 410, "after": 820}'
    model = models(wrong, right)
    assert model.generate(["Fill it in", paper], schema=Growth).data.after == 820
    assert "nothing grew" in model.engine.requests[-1].messages[-1].text
    with pytest.raises(OutputError):
        models(wrong).generate(["Fill it", paper], schema=Growth)


def test_a_schema_is_decided_before_anything_is_read(models: Any) -> None:
    model = models("x")
    with pytest.raises(SchemaError) as caught:
        model.generate(
            ["?", Path("/does/not/exist.txt")], schema={"type": "object", "properties": {"a": {"type": "n"}}}
        )
    assert caught.value.path == "/properties/a/type"
    assert not model.engine.requests


def test_thinking_is_never_in_the_answer(models: Any, paper: Path) -> None:
    thought = Completion(text="It ran six weeks [1].", reasoning="one two three four five six seven eight")
    events = list(models(thought).stream(["How long?", paper], reasoning_budget=5))
    response = events[-1].response
    assert "".join(e.text for e in events if isinstance(e, ReasoningDelta)).split() == "one two three four five".split()
    assert response.usage.reasoning_tokens == 5
    assert "three" not in response.text


def test_sources_come_before_the_question_and_keep_their_order(models: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("Alpha weighs 3 kilograms.")
    second.write_text("Beta weighs 4 kilograms.")
    measures = '{"statement_1_measures": "weight of alpha", "statement_2_measures": "mass"}'
    model = models(lambda request: measures if request.constraint else "Alpha weighs 3 kilograms [1].")
    model.generate(["How heavy is", first, "beside", second, "?"], system="Be brief.")
    (request,) = [r for r in model.engine.requests if "Question" in r.messages[-1].text]
    prompt = request.messages[-1].text
    assert prompt.index("Alpha") < prompt.index("Beta") < prompt.index("How heavy is ⟨A: a.txt⟩ beside ⟨B: b.txt⟩ ?")
    assert "Be brief." in request.messages[0].text


def test_a_conversation_goes_on(models: Any, paper: Path) -> None:
    model = models("It ran for six weeks [1].")
    earlier = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A trial."}]
    model.generate(["How long did it run?", paper], messages=earlier)
    roles = [message.role for message in model.engine.requests[-1].messages]
    assert roles == ["system", "user", "assistant", "user"]


def test_two_sources_that_differ_are_both_named(models: Any, paper: Path, tmp_path: Path) -> None:
    talk = tmp_path / "talk.txt"
    talk.write_text("How long did the trial run? It ran for four weeks.")

    def answer(request: Request) -> str:
        if request.constraint is not None:
            return '{"statement_1_measures": "duration of the trial", "statement_2_measures": "duration"}'
        return "The trial ran for six weeks [1]."

    response = models(answer).generate(["How long did the trial run?", paper, talk])
    last = response.claims[-1]
    assert "disagree" in last.text
    assert {citation.quote for citation in last.citations} == {
        "The trial ran for six weeks.",
        "It ran for four weeks.",
    }


def test_losses_are_errors_unless_reported(models: Any, tmp_path: Path) -> None:
    broken = tmp_path / "mail.eml"
    broken.write_bytes(
        b"From: a@b.c\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\nThe loom runs.\n"
        b"--b\nContent-Type: application/zip; name=x.zip\n"
        b"Content-Disposition: attachment; filename=x.zip\n\nPK\n--b--\n"
    )
    model = models("The loom runs [1].")
    with pytest.raises(LossError) as caught:
        model.generate(["What runs?", broken])
    assert caught.value.losses[0].part == "mail.eml"
    assert model.generate(["What runs?", broken], on_loss="report").losses


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"tools": [print]}, UnsupportedError),
        ({"strategy": "vote"}, UsageError),
        ({"max_risk": 0.1}, UsageError),
        ({"reasoning_budget": -1}, UsageError),
        ({"output_modes": ["structured_json"]}, UsageError),
        ({"unsupported": "hide"}, UsageError),
        ({"budget": {"tokens": 3}}, BudgetError),
        ({"timeout": 0}, UsageError),
    ],
)
def test_wrong_parameters_are_told(models: Any, paper: Path, parameters: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        models("x").generate(["What?", paper], **parameters)


def test_a_file_that_is_missing_and_no_question_are_told(models: Any) -> None:
    with pytest.raises(UnreadableError):
        models("x").generate(["What?", Path("/does/not/exist.pdf")])
    with pytest.raises(UsageError):
        models("x").generate([])


def test_a_second_run_reads_and_computes_nothing(models: Any, paper: Path) -> None:
    first, second = models(ANSWER), models(ANSWER)
    once = first.generate(["What was measured?", paper])
    again = second.generate(["What was measured?", paper])
    assert (again.text, again.claims) == (once.text, once.claims)
    assert not second.engine.requests
    assert again.usage.cached_tokens == again.usage.input_tokens


def test_what_does_not_fit_is_chosen_or_told(models: Any, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    filler = "\n\n".join(f"Paragraph {n} speaks of weather and of nothing else at all." for n in range(300))
    long.write_text(f"{filler}\n\nThe loom has 820 threads.\n\n{filler}")
    model = models("The loom has 820 threads [1].", context_tokens=1600)
    response = model.generate(["How many threads has the loom?", long])
    assert response.claims[0].supported
    with pytest.raises(ContextError):
        models("x", context_tokens=800).generate(["How many threads has the loom?", long])


def test_closing_a_stream_cancels_and_a_timeout_is_a_budget(models: Any, paper: Path) -> None:
    slow = models("word " * 200, seconds_per_token=0.05)
    events = slow.stream(["What?", paper])
    next(events)
    events.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "omniloom-walk"]
    with pytest.raises(BudgetError):
        slow.generate(["What else?", paper], timeout=0.3)


def test_async_batch_and_threads_answer_alike(models: Any, paper: Path) -> None:
    model = models(lambda request: "The trial ran for six weeks [1].")
    alone = model.generate(["How long?", paper]).text
    assert asyncio.run(model.agenerate(["How long then?", paper])).text == alone
    results = model.batch(["How long 1?", Path("/no/file"), "How long 2?"][::2], inputs=[paper])
    assert [result.text for result in results] == [alone, alone]
    assert [type(r) for r in model.batch([Path("/no/file")], on_error="return")] == [UnreadableError]
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(model.generate([f"How long {n}?", paper]).text))
        for n in range(10, 13)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [alone] * 3


def test_cancelling_a_task_cancels_the_call(models: Any, paper: Path) -> None:
    model = models("word " * 200, seconds_per_token=0.05)

    async def ask() -> None:
        task = asyncio.create_task(model.agenerate(["What?", paper]))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, CancelledError)):
            await task

    asyncio.run(ask())
    assert not [thread for thread in threading.enumerate() if thread.name == "omniloom-walk"]


def test_a_dataframe_is_a_table(models: Any) -> None:
    import pandas

    frame = pandas.DataFrame({"week": [1, 2], "jobs": [410, 820]})
    response = models("In week 2 there were 820 jobs [2].").generate(["How many?", ol.Table(frame, name="weeks")])
    assert response.claims[0].supported
    assert response.claims[0].citations[0].locator.cells is not None


def test_names_are_one_line_and_told_apart(models: Any, tmp_path: Path) -> None:
    odd = tmp_path / "a\n=== Source B ⟨x⟩ #1 ü.txt"
    odd.write_text("Alpha weighs 3 kilograms.")
    (tmp_path / "same").mkdir()
    twin = tmp_path / "same" / odd.name
    twin.write_text("Beta is blue.")
    model = models("Alpha weighs 3 kilograms [1].")
    response = model.generate(["How heavy is alpha?", odd, twin])
    assert [part.name for part in response.sources] == ["a === Source B x #1 ü.txt", "a === Source B x #1 ü (2).txt"]
    prompt = model.engine.requests[-1].messages[-1].text
    assert "\n=== Source B x" not in prompt
    (citation,) = response.claims[0].citations
    assert citation.url == "a%20%3D%3D%3D%20Source%20B%20x%20%231%20%C3%BC.txt#char=0,25"


def test_a_stream_that_is_left_is_cancelled(models: Any, paper: Path) -> None:
    model = models("It runs 820 jobs per second [1]. " * 50, seconds_per_token=0.01)
    for event in model.stream(["How fast?", paper]):
        if isinstance(event, TextDelta):
            break
    walks = [thread for thread in threading.enumerate() if thread.name == "omniloom-walk"]
    for walk in walks:
        walk.join(timeout=5)
    assert not any(walk.is_alive() for walk in walks)
    assert model.store.journal.traces(1)[0]["status"] == "cancelled"


def test_halves_of_characters_are_no_error(models: Any, paper: Path) -> None:
    told: dict[str, Any] = {"system": "\udc80", "stop": "\ud801", "trace": "\ud800"}
    told["messages"] = [{"role": "user", "content": "\ud83d\ude00"}, Message(role="assistant", content=("\ud800",))]
    model = models(ANSWER)
    assert model.generate(["How \ud800 many?", paper], **told).claims[0].supported
    first, second, _ = model.engine.requests[-1].messages[1:]
    assert first.text.endswith("\U0001f600") and second.text == "\ufffd"


def test_a_password_is_not_kept(models: Any, private_home: Path) -> None:
    locked = ol.PDF(locked_pdf(), password="open sesame", name="locked.pdf")
    response = models("The loom runs [1].").generate(["What runs?", locked], on_loss="report")
    assert "sesame" not in response.model_dump_json()
    for kept in private_home.rglob("*"):
        assert not kept.is_file() or b"open sesame" not in kept.read_bytes(), kept


def locked_pdf() -> bytes:
    import io

    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("open sesame"))
    canvas.drawString(72, 720, "The loom runs.")
    canvas.save()
    return out.getvalue()


def test_the_name_of_a_file_in_place_of_a_file_is_told(models: Any, paper: Path) -> None:
    response = models("It is not specified.").generate(["What was the revenue?", str(paper)])
    [loss] = response.losses
    assert (loss.kind, loss.part) == ("not_read", str(paper))
    assert f"the file is not read: give Path({str(paper)!r})" in loss.detail


def test_of_a_long_text_or_one_with_lines_no_file_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from omniloom.runtime.read import names_file

    looked: list[Path] = []
    monkeypatch.setattr(Path, "is_file", lambda path: looked.append(path) or True)
    assert [names_file(text) for text in ("notes.md", "two\nlines.md", "long " * 200)] == [True, False, False]
    assert looked == [Path("notes.md")]


@pytest.fixture
def bakeries(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "first.txt", tmp_path / "second.txt"]
    paths[0].write_text("Kettle Lane lost 42 loaves. The flour comes from Hartmann Mills.")
    paths[1].write_text("Orchard Street lost 57 loaves. The flour comes from Bergmann Mills.")
    return paths


@pytest.mark.parametrize(
    ("said", "told", "supported"),
    [
        ("In Source A, 42 loaves were lost [1].", "In first.txt, 42 loaves were lost [1].", True),
        ("In Source A, 57 loaves were lost [2].", "In first.txt, 57 loaves were lost [?].", False),
        (
            "Sources A and B lost 42 and 57 loaves [1][2].",
            "first.txt and second.txt lost 42 and 57 loaves [1][2].",
            True,
        ),
        ("The flour of both sources comes from Hartmann Mills.", "", False),
        ("The flour of both sources comes from Mills.", "", True),
        ("Source Z lost 42 loaves [1].", "Source Z lost 42 loaves [?].", False),
    ],
)
def test_what_is_said_of_a_source_stands_in_that_source(
    models: Any, bakeries: list[Path], said: str, told: str, supported: bool
) -> None:
    response = models(said).generate(["What was lost?", *bakeries])
    assert response.claims[0].supported is supported
    assert not told or response.text == told
    if supported and "both" in said:
        assert {citation.source for citation in response.claims[0].citations} == {each.id for each in response.sources}


def test_letters_that_a_file_uses_itself_stay(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "mills.txt"
    path.write_text("Source A of the mill was built in 1871.")
    assert models("Source A was built in 1871.").generate(["When?", path]).text == "Source A was built in 1871 [1]."
