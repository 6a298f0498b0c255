"""What a call promises at its edges: budgets, claims without support, sources given oddly, earlier turns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import omniloom as ol
from omniloom.core.errors import BudgetError, EngineError, UsageError
from omniloom.core.events import Event, ReasoningDelta, TextDelta
from omniloom.core.protocols import Capabilities
from omniloom.core.values import Completion, Request
from omniloom.engines.scripted import Scripted

PAPER = "Throughput doubled from 410 to 820 jobs per second. The trial ran for six weeks."
NULLABLE = {
    "type": "object",
    "properties": {"city": {"type": ["string", "null"]}, "weeks": {"type": "string"}, "long": {"type": "boolean"}},
    "required": ["city", "weeks", "long"],
}
FILLED = '{"city": "Madrid", "weeks": "six", "long": true}'


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER)
    return path


def test_an_answer_cut_by_a_budget_is_not_the_answer_without_one(models: Any, paper: Path) -> None:
    model = models("The trial ran for six weeks [1]. " * 5)
    spent = model.generate(["How long?", paper]).usage
    tight = spent.input_tokens + 9
    cut = models("The trial ran for six weeks [1]. " * 5).generate(["How long then?", paper], budget={"tokens": tight})
    assert cut.finish_reason == "length" and cut.usage.input_tokens + cut.usage.output_tokens <= tight
    assert model.generate(["How long then?", paper]).finish_reason == "stop"
    kept = model.generate(["How long?", paper], budget={"tokens": tight})  # kept, but not for this budget
    assert kept.usage.input_tokens + kept.usage.output_tokens <= tight


def test_notes_leave_room_for_the_answer(models: Any, paper: Path) -> None:
    class Plain(Scripted):
        @property
        def capabilities(self) -> Capabilities:
            return super().capabilities.model_copy(update={"reasoning": False})

    def answer(request: Request) -> str:
        return "w " * 500 if "scratch" in request.messages[-1].text else "The trial ran for six weeks [1]."

    for tokens in range(120, 600, 40):
        try:
            usage = (
                models(answer, engine=Plain)
                .generate([f"How long {tokens}?", paper], reasoning_budget=100, budget={"tokens": tokens})
                .usage
            )
        except BudgetError:
            assert tokens < 240
            continue
        assert usage.output_tokens >= 1
        assert usage.input_tokens + usage.output_tokens + usage.reasoning_tokens <= tokens
    stopped = models(answer, engine=Plain)
    stopped.generate(["How long?", paper], reasoning_budget=100, stop="w")
    assert "w w w" in stopped.engine.requests[-1].messages[-1].text


def test_values_without_support_can_be_dropped_or_end_in_no_answer(models: Any, paper: Path) -> None:
    marked = models(FILLED).generate(["Where? 1", paper], schema=NULLABLE)
    assert marked.data["city"] == "Madrid"
    assert {claim.at: claim.supported for claim in marked.claims} == {"/city": False, "/weeks": True, "/long": False}
    dropped = models(FILLED).generate(["Where? 2", paper], schema=NULLABLE, unsupported="drop")
    assert dropped.data == {"city": None, "weeks": "six", "long": True} and not dropped.abstained
    assert {claim.at for claim in dropped.claims} == {"/weeks", "/long"}
    none = models(FILLED).generate(["Where? 3", paper], schema=NULLABLE, unsupported="abstain")
    assert none.abstained and none.data is None and not none.claims
    right = models(FILLED.replace("Madrid", "six weeks")).generate(["?", paper], schema=NULLABLE, unsupported="abstain")
    assert right.data["city"] == "six weeks" and not right.abstained


@pytest.mark.parametrize("answer", ["Madrid.", "价格是九十九美元。", "Both."])
@pytest.mark.parametrize("unsupported", ["drop", "abstain"])
def test_an_answer_of_which_nothing_holds_is_no_answer(models: Any, paper: Path, answer: str, unsupported: str) -> None:
    events = list(models(answer).stream(["Which city?", paper], unsupported=unsupported))
    response = events[-1].response
    assert response.abstained and not response.claims
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == response.text
    assert response.text.strip().endswith("The sources do not answer this.")


@pytest.mark.parametrize("unsupported", ["mark", "drop", "abstain"])
def test_an_empty_answer_is_no_answer(models: Any, paper: Path, unsupported: str) -> None:
    response = models("").generate(["Which city?", paper], unsupported=unsupported)
    assert (response.text, response.abstained) == ("", True)


def test_an_abstention_is_in_the_words_of_the_model(models: Any, paper: Path) -> None:
    long = "The exact price of the loom which the company has been selling since the spring of that year to all of its "
    for unsupported in ("mark", "drop", "abstain"):
        answer = f"{long}many customers is not mentioned. Die Farbe wird nicht erwähnt."
        response = models(answer).generate([f"Price? {unsupported}", paper], unsupported=unsupported)
        assert response.abstained and response.text == answer


def test_a_source_given_twice_in_two_ways_is_told(models: Any, tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(tmp_path / "a.pdf"))
    for text in ("Alpha weighs 3 kilograms.", "Beta weighs 4 kilograms."):
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    first, second = (ol.PDF(tmp_path / "a.pdf", pages=page) for page in ("1", "2"))
    with pytest.raises(UsageError, match="pages"):
        models("x").generate(["How heavy?", first, second])
    assert len(models("x").generate(["How heavy?", first, first]).sources) == 1


def test_sources_are_never_said_by_the_system_or_the_assistant(models: Any, paper: Path) -> None:
    for earlier in (["system", "user", "assistant"], ["assistant"], ["system"], []):
        model = models("It ran six weeks [1].")
        messages = [{"role": role, "content": f"I am {role}."} for role in earlier]
        model.generate([f"How long after {earlier}?", paper], messages=messages)
        request = model.engine.requests[-1]
        holders = {m.role for m in request.messages if any(not isinstance(each, str) for each in m.content)}
        assert holders == {"user"}
        assert [m.role for m in request.messages].count("system") == 1
        assert ("I am system." in request.messages[0].text) == ("system" in earlier)


def test_many_files_are_chosen_from_and_what_is_left_out_is_not_named(models: Any, tmp_path: Path) -> None:
    files = [tmp_path / f"the name of source number {n} is long.txt" for n in range(24)]
    for n, file in enumerate(files):
        file.write_text(f"Thing {n} is {n} kilograms heavy and blue.")
    model = models(lambda r: '{"a": "x"}' if r.constraint else "Thing 3 is 3 kilograms heavy.", context_tokens=1300)
    response = model.generate(["How heavy is thing 3?", *files])
    assert response.claims[0].supported
    shown = model.engine.requests[0].messages[-1].text
    assert 0 < shown.count("=== Source") < 24 and shown.count("⟨") == shown.count("=== Source")


def test_a_second_step_never_overflows_the_context(models: Any, tmp_path: Path) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Paragraph {n} speaks of weather and of nothing else." for n in range(800)))
    fields = {f"field_number_{n}": {"type": "string", "description": "what stands in its row"} for n in range(60)}
    model = models(lambda request: "{}" if request.constraint else "word " * 500, context_tokens=4000)
    schema = {"type": "object", "properties": fields}
    modes = ["text", "structured_json"]
    assert model.generate(["How is the weather?", long], output_modes=modes, schema=schema).data == {}


def test_a_broad_request_thinks_before_its_json(models: Any, paper: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("The loom has 820 threads.")

    def answer(request: Request) -> Completion:
        text = '{"weeks": "six"}' if request.constraint else "The trial ran for six weeks [1]."
        return Completion(text=text, reasoning="one two three four " * 10)

    modes = ["text", "structured_json"]
    said = ["Analyze these.", paper, other]
    response = models(answer).generate(said, output_modes=modes, schema="weeks", reasoning_budget=20)
    assert response.usage.reasoning_tokens == 20


def test_a_second_try_does_not_think_aloud_twice(models: Any, paper: Path) -> None:
    class Ended(EngineError):
        retryable = True

    class Breaks(Scripted):
        tries = 0

        def stream(self, request: Request, cancel: Any = None) -> Iterator[Event]:
            Breaks.tries += 1
            for event in super().stream(request, cancel):
                if Breaks.tries == 1 and isinstance(event, TextDelta):
                    raise Ended("the engine ended")
                yield event

    thought = Completion(text="It ran six weeks [1].", reasoning="one two three four five")
    events = list(models(thought, engine=Breaks).stream(["How long?", paper], reasoning_budget=5))
    assert "".join(e.text for e in events if isinstance(e, ReasoningDelta)).split() == "one two three four five".split()
    assert Breaks.tries == 2


def test_a_value_of_a_table_is_cited_in_the_column_of_its_name(models: Any, tmp_path: Path) -> None:
    table = tmp_path / "results.csv"
    table.write_text("week;jobs_per_second;failed_jobs\n" + "".join(f"{n};{800 + n};{24 - n}\n" for n in range(1, 13)))
    response = models('{"failed_jobs": 12}').generate(["How many failed in week 12?", table], schema="failed_jobs int")
    (citation,) = response.claims[0].citations
    assert citation.locator.cells == (13, 3, 13, 3)
