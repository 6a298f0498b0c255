"""`strategy="auto"`: the choice stands in the trace and is followed."""

import sys
from pathlib import Path
from typing import Any

import pytest

from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model

GAMES = "Year,City,Country,Attendance\n1896,Athens,Greece,280\n1900,Paris,France,1226\n1908,London,UK,2008\n"
WHERE = 'SELECT "City" FROM "games" WHERE "Year" = 1900'
ASKED = "Which city hosted in 1900?"
PROBLEM = "Ann has 3 apples and buys 4 more. How many apples does she have?"


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.csv"
    path.write_text(GAMES)
    return path


def chosen(model: Model, trace_id: str) -> list[Any]:
    trace = model.store.journal.trace(trace_id)
    assert trace is not None
    return [span.attributes["chosen"] for span in trace.spans if span.name == "strategy"]


def test_the_choice_stands_in_the_trace_and_is_followed(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "games.csv"
    path.write_text("Year,City\n1896,Athens\n1900,Paris\n")
    model = models('SELECT "City" FROM "games" WHERE "Year" = 1900')
    response = model.generate(["Where were the games of 1900?", path], strategy="auto")
    assert (response.text, chosen(model, response.trace_id)) == ("Paris [1]", ["program"])
    again = model.generate(["Where were the games of 1900?", path])
    assert chosen(model, again.trace_id) == ["program"], "so it is where no strategy is named"
    direct = models("Paris [2].")
    response = direct.generate(["Where were the games of 1900?", path], strategy="direct")
    assert chosen(direct, response.trace_id) == []
    thinks = models("#### 7")
    response = thinks.generate(PROBLEM, reasoning_budget=100)
    assert chosen(thinks, response.trace_id) == ["direct"], "it was taught to think"
    with Model(Scripted(["#### 7 apples", "#### 7"], reasoning=False), model.store) as sampled:
        response = sampled.generate(PROBLEM, strategy="auto", reasoning_budget=100)
        assert (len(sampled.engine.requests), chosen(sampled, response.trace_id)) == (1, ["sample"])


def test_a_table_that_is_named_among_other_sources_is_queried(models: Any, tmp_path: Path) -> None:
    table, notes = tmp_path / "games.csv", tmp_path / "notes.txt"
    table.write_text("Year,City\n1896,Athens\n1900,Paris\n")
    notes.write_text("Paris was hot in 1900. The letter came late.")
    model = models('SELECT "City" FROM "games" WHERE "Year" = 1900')
    response = model.generate(["According to the table: where were the games of 1900?", table, notes], strategy="auto")
    assert (response.text, chosen(model, response.trace_id)) == ("Paris [1]", ["program"])
    assert [each.url for claim in response.claims for each in claim.citations] == ["games.csv#cell=3,2-3,2"]
    assert all("letter came late" not in request.messages[-1].text for request in model.engine.requests)


@pytest.mark.parametrize(
    "how",
    [
        {"system": "Answer in a full sentence, in German."},
        {"stop": "Paris"},
        {"messages": [{"role": "system", "content": "Years in questions are one too high."}]},
    ],
)
def test_a_query_cannot_follow_how_it_is_to_be_answered(models: Any, games: Path, how: dict[str, Any]) -> None:
    model = models("Es war London [4].")
    response = model.generate([ASKED, games], **how)
    assert chosen(model, response.trace_id) == ["direct"]
    assert not any(claim.derived for claim in response.claims)


def test_another_output_is_made_of_the_whole_table(
    models: Any, games: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "drawing-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: drawing\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[omniloom.outputs]\ndrawing = drawing\n")
    (tmp_path / "drawing.py").write_text("def constrain(schema=None): return None\ndef write(text): return text\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    model = models("bars")
    response = model.generate(["How many people came each year?", games], output_modes=["drawing"])
    assert (response.outputs, chosen(model, response.trace_id)) == ({"drawing": "bars"}, ["direct"])
    assert "2008" in model.engine.requests[0].messages[-1].text
    sys.modules.pop("drawing")


def test_an_engine_without_grammars_answers_directly(models: Any, games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = models("Paris [2].")
    monkeypatch.setattr(model.engine, "supports", lambda constraint: "/: a grammar cannot be expressed")
    response = model.generate([ASKED, games])
    assert (chosen(model, response.trace_id), len(model.engine.requests)) == (["direct"], 1)


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("Which city hosted in 1912?", 'SELECT "City" FROM "games" WHERE "Year" = 1912'),
        ("How many games were held in 1912?", 'SELECT COUNT(*) FROM "games" WHERE "Year" = 1912'),
    ],
)
def test_what_a_query_does_not_find_is_not_looked_for_more_widely(
    models: Any, games: Path, said: str, query: str
) -> None:
    model = models(query, "The passages do not mention 1912.")
    response = model.generate([said, games], unsupported="abstain")
    assert (len(model.engine.requests), response.abstained) == (2, True)
    assert "Athens" in model.engine.requests[-1].messages[-1].text, "it is the direct answer"
    assert "not_computed" in [loss.kind for loss in response.losses]


def test_a_budget_that_holds_no_query_and_an_answer_behind_it_is_left_to_the_answer(models: Any, games: Path) -> None:
    model = models("Paris [2].")
    response = model.generate([ASKED, games], budget={"tokens": 700}, max_output_tokens=32)
    assert (response.text, len(model.engine.requests)) == ("Paris [1].", 1)
    assert not any(loss.kind == "not_computed" for loss in response.losses)
    assert models(WHERE).generate([ASKED, games], budget={"tokens": 4000, "seconds": 600}).text == "Paris [1]"


def test_a_query_that_fails_is_written_anew_only_where_the_budget_still_holds_an_answer(
    models: Any, games: Path
) -> None:
    model = models('SELECT "City" FROM "games" GROUP BY "Year"', "Paris [2].")
    response = model.generate([ASKED, games], budget={"tokens": 1500}, max_output_tokens=32)
    assert (response.text, len(model.engine.requests)) == ("Paris [1].", 2)


def test_time_that_holds_no_query_and_an_answer_behind_it_is_left_to_the_answer(timed: Any, games: Path) -> None:
    response = timed("Paris hosted in 1900 [2]. The @@ next").generate([ASKED, games], timeout=6)
    assert response.text.startswith("Paris hosted in 1900 [1].")
    assert "cut" in [loss.kind for loss in response.losses]


def test_what_the_messages_tell_first_is_told_with_a_query_that_is_asked_for(models: Any, games: Path) -> None:
    model = models(WHERE)
    told = [{"role": "system", "content": "Years in questions are one too high."}, {"role": "user", "content": "Hi."}]
    model.generate([ASKED, games], strategy="program", messages=told)
    [system, first, *_] = model.engine.requests[0].messages
    assert "one too high" in system.text and first.text == "Hi."


def test_a_question_of_what_was_said_before_is_none_of_the_table(models: Any, games: Path) -> None:
    model = models("One.")
    before = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": "Paris, by the column City."}]
    response = model.generate(["Which city did you name?", games], messages=before)
    assert chosen(model, response.trace_id) == ["direct"]
