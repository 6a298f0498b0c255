"""At any cut the best answer so far: what a budget leaves of words, of data beside them, and of several sources."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import BudgetError, CancelledError
from omniloom.core.events import CitationAdded, TextDelta
from omniloom.core.protocols import Capabilities
from omniloom.core.values import Completion, Request, Response
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model

PAPER = "Throughput doubled from 410 to 820 jobs per second. The trial ran for six weeks."
FIRST = "Throughput doubled from 410 to 820 jobs per second [1]."
PART = f"{FIRST} The trial ran @@ for six weeks [1]."
SCHEMA = {"type": "object", "properties": {"weeks": {"type": "string"}}, "required": ["weeks"]}
BOTH: dict[str, Any] = {"schema": SCHEMA, "output_modes": ["text", "structured_json"], "timeout": 6}
ASKED = "What doubled, and how long did the trial run?"
LATE = "the time budget of 6 s is used up"
CUT = ("cut", "the answer", f"{LATE}: it goes no further")


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "paper.txt"
    path.write_text(PAPER)
    return path


def losses(response: Response) -> list[tuple[str, str, str]]:
    return [(each.kind, each.part, each.detail) for each in response.losses]


def shown(events: list[Any]) -> str:
    return "".join(each.text for each in events if isinstance(each, TextDelta))


def in_turn(words: str, data: str) -> Callable[[Request], str]:
    return lambda request: words if request.constraint is None else data


@pytest.mark.parametrize("strategy", ["direct", "weigh", "verify", "sample"])
@pytest.mark.parametrize("unsupported", ["mark", "drop", "abstain"])
def test_of_words_that_the_deadline_cuts_the_whole_sentences_are_given(
    timed: Any, paper: Path, strategy: str, unsupported: str
) -> None:
    given = {"strategy": strategy, "unsupported": unsupported, "reasoning_budget": 50 * (strategy == "sample")}
    model = timed(PART)
    events = list(model.stream([ASKED, paper], timeout=6, **given))
    response = events[-1].response
    assert response.text == FIRST + " " == shown(events) and not response.abstained
    assert [each.claim for each in events if isinstance(each, CitationAdded)] == [0]
    assert response.claims[0].supported and response.claims[0].citations[0].quote == PAPER[:51]
    assert (response.finish_reason, losses(response)) == ("cancelled", [CUT])
    assert response.confidence.calibrator is None and response.confidence.signals["answer_tokens"] == 10
    assert response.usage.input_tokens > 0 and response.usage.output_tokens == 13
    assert model.store.journal.response(response.trace_id) == response
    assert len(model.engine.requests) == 1


@pytest.mark.parametrize(
    "text", ["The trial ran @@ for six weeks.", "[1] @@ [1].", "It is not mentioned. Yet it @@ is."]
)
def test_where_nothing_is_claimed_yet_it_is_an_error(timed: Any, paper: Path, text: str) -> None:
    with pytest.raises(BudgetError, match=LATE):
        timed(text).generate([ASKED, paper], timeout=6)


def test_a_sentence_that_must_not_be_given_is_not_given_of_a_part_either(timed: Any, paper: Path) -> None:
    text = f"It costs 99 dollars [1]. {PART}"
    response = timed(text).generate([ASKED, paper], timeout=6, unsupported="abstain")
    assert response.abstained and "99" not in response.text and losses(response) == [CUT]
    assert "99" not in timed(text).generate([ASKED, paper], timeout=6, unsupported="drop").text


@pytest.mark.parametrize("native", [True, False])
def test_time_that_thoughts_use_up_is_an_error(timed: Any, paper: Path, native: bool, monkeypatch: Any) -> None:
    able: Any = Scripted.capabilities.fget

    def capable(engine: Scripted) -> Capabilities:
        return able(engine).model_copy(update={"reasoning": native})

    monkeypatch.setattr(Scripted, "capabilities", property(capable))
    thinks = Completion(text=FIRST, reasoning="One. Two. @@ Three. Four.")
    model = timed(thinks if native else "One. Two. @@ Three. Four.")
    with pytest.raises(BudgetError, match=LATE):
        model.generate([ASKED, paper], timeout=6, reasoning_budget=20)


def test_without_sources_what_was_shown_stays(timed: Any) -> None:
    events = list(timed("One is one. Two is @@ two.").stream("Count.", timeout=6))
    assert events[-1].response.text == shown(events) == "One is one. Two is"
    assert (events[-1].response.finish_reason, losses(events[-1].response)) == ("cancelled", [CUT])
    checked = timed("1 + 1 = 3. Two is @@ two.").generate("Count.", timeout=6, strategy="verify")
    assert checked.text == "1 + 1 = 3." and [each.kind for each in checked.losses] == ["cut", "arithmetic"]
    with pytest.raises(BudgetError, match=LATE):
        timed("Two is @@ two.").generate("Count.", timeout=6)


def test_a_token_budget_cuts_in_the_same_way(timed: Any, paper: Path) -> None:
    whole = timed(FIRST).generate([ASKED, paper]).usage
    tokens = whole.input_tokens + whole.output_tokens
    text = PART.replace(" @@", "")
    response = timed(text).generate([ASKED, paper], budget={"tokens": tokens + 3})
    told = f"the budget of {tokens + 3} tokens is used up"
    assert (response.text, response.finish_reason) == (FIRST + " ", "length")
    assert losses(response) == [("cut", "the answer", f"{told}: it goes no further")]
    with pytest.raises(BudgetError, match=told.replace(str(tokens + 3), str(tokens - 1))):
        timed(text).generate([ASKED, paper], budget={"tokens": tokens - 1})
    asked_for = timed(text).generate([ASKED, paper], max_output_tokens=11)
    assert asked_for.finish_reason == "length" and asked_for.losses == ()


@pytest.mark.parametrize("data", ["@@ {", '{"weeks": @@ "six"}'])
def test_data_that_the_deadline_cuts_are_not_given_and_the_words_are(timed: Any, paper: Path, data: str) -> None:
    events = list(timed(in_turn(FIRST, data)).stream([ASKED, paper], **BOTH))
    response = events[-1].response
    assert response.text == FIRST == shown(events) and not response.abstained
    assert response.data is None and response.outputs == {"text": FIRST, "structured_json": None}
    assert losses(response) == [("cut", "the data", f"{LATE}: they are not written")]
    assert response.finish_reason == "cancelled"
    with pytest.raises(BudgetError, match=LATE):
        timed(data).generate([ASKED, paper], schema=SCHEMA, timeout=6)


def test_words_that_are_cut_have_no_data(timed: Any, paper: Path) -> None:
    model = timed(in_turn(PART, '{"weeks": "six"}'))
    response = model.generate([ASKED, paper], **BOTH, unsupported="abstain")
    assert response.text == FIRST + " " and response.data is None
    assert [each.part for each in response.losses] == ["the answer", "the data"] and len(model.engine.requests) == 1


def test_data_that_a_token_budget_does_not_hold_are_not_given(timed: Any, paper: Path) -> None:
    filled = '{"weeks": "six"}'
    given = {key: value for key, value in BOTH.items() if key != "timeout"}
    spent = timed(in_turn(FIRST, filled)).generate([ASKED, paper], **given).usage
    words = timed(FIRST).generate([ASKED, paper]).usage
    for tokens in (words.input_tokens + words.output_tokens + 1, spent.input_tokens + spent.output_tokens - 1):
        response = timed(in_turn(FIRST, filled)).generate([ASKED, paper], **given, budget={"tokens": tokens})
        assert response.text == FIRST and response.data is None and response.finish_reason == "length"
        assert [each.part for each in response.losses] == ["the data"]
        assert response.usage.input_tokens + response.usage.output_tokens <= tokens


@pytest.mark.parametrize("strategy", ["weigh", "verify"])
def test_a_whole_answer_stands_where_the_time_ends_while_it_is_checked(timed: Any, paper: Path, strategy: str) -> None:
    response = timed(FIRST, "@@ yes").generate([ASKED, paper], timeout=6, strategy=strategy)
    assert (response.text, response.finish_reason, response.losses) == (FIRST, "stop", ())
    data = timed('{"weeks": "six"}', "@@ yes").generate([ASKED, paper], timeout=6, strategy=strategy, schema=SCHEMA)
    assert data.data == {"weeks": "six"} and data.losses == ()


@pytest.fixture
def papers(tmp_path: Path) -> list[Path]:
    files = {"a.txt": "The mill opened in 1931.", "b.txt": "The bridge fell in 1950.", "c.txt": "The dam held in 1960."}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return [tmp_path / name for name in files]


@pytest.mark.parametrize("second", ["The bridge @@ fell.", "The bridge fell in 1950 [1].\nThe bridge @@ fell."])
def test_of_a_survey_the_sources_that_are_told_are_given(timed: Any, papers: list[Path], second: str) -> None:
    events = list(timed("The mill opened in 1931 [1].", second, "None.").stream(["Compare them.", *papers], timeout=6))
    response = events[-1].response
    told = "b.txt: The bridge fell in 1950 [2].\n" if "\n" in second else ""
    assert response.text == shown(events)
    assert response.text.split("\n\n") == ["a.txt: The mill opened in 1931 [1].", told] if told else told == ""
    assert losses(response) == [("cut", "the answer", f"{LATE}: not all is told of b.txt, c.txt")]
    assert response.finish_reason == "cancelled"
    with pytest.raises(BudgetError, match=LATE):
        timed("The mill @@ opened.").generate(["Compare them.", *papers], timeout=6)


def test_who_cancels_gets_no_part(timed: Any, paper: Path) -> None:
    def answer(request: Request) -> str:
        for running in list(model._running):
            running.cancel.set()
        return PART

    model: Model = timed(answer)
    with pytest.raises(CancelledError):
        model.generate([ASKED, paper], timeout=6)


def test_of_some_sources_a_part_is_given_and_silence_is_not(timed: Any, papers: list[Path]) -> None:
    asked = "When did the mill open, which fell?"
    part = timed("The mill opened in 1931 [1]. The @@ end.").generate([asked, *papers[:2]], timeout=6)
    assert "1931" in part.text and losses(part) == [CUT]
    with pytest.raises(BudgetError, match=LATE):
        timed("It is not mentioned.", "The mill @@ is.").generate(["When did the mill open?", *papers[:2]], timeout=6)


def test_a_cascade_prefers_what_is_whole(timed: Any, paper: Path) -> None:
    from omniloom.storage.store import Store

    large, small = timed("The trial ran for six weeks [1]. It @@ ran."), timed(FIRST)
    with Model(large.engine, Store(), small=small.engine) as model:
        events = list(model.stream([ASKED, paper], strategy="cascade", timeout=6))
    response = events[-1].response
    assert response.text == FIRST == shown(events) and response.finish_reason == "stop"
    assert [each.kind for each in response.losses] == ["not_asked"]
