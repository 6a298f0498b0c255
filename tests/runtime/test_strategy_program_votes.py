"""`strategy="program"` with a budget: how many queries are drawn, and which one is taken."""

from pathlib import Path
from typing import Any

import pytest

from omniloom.core.values import Request, Response
from omniloom.runtime.model import Model

MOST = 'SELECT "City" FROM "games" ORDER BY "Attendance" DESC LIMIT 1'
FIRST = 'SELECT "City" FROM "games" ORDER BY "Year" ASC LIMIT 1'
NOTHING = MOST.replace("ORDER", "WHERE \"City\" ILIKE '%Rome%' ORDER")


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.csv"
    path.write_text("Year,City,Attendance\n1896,Athens,1234\n1900,Paris,5000\n1904,Paris,–\n")
    return path


def requests(model: Model) -> list[Request]:
    return model.engine.requests  # type: ignore[attr-defined]


def decisions(model: Model, response: Response, name: str = "program") -> list[dict[str, Any]]:
    trace = model.store.journal.trace(response.trace_id)
    assert trace is not None
    return [dict(span.attributes) for span in trace.spans if (span.name, span.operation) == (name, "decision")]


@pytest.mark.usefixtures("unsure")
def test_a_budget_buys_queries_and_what_most_give_is_taken(models: Any, games: Path) -> None:
    other = 'SELECT "City" FROM "games" WHERE "Year" = 1896'
    model = models(MOST, other, FIRST, other, FIRST)
    response = model.generate(["Where first?", games], strategy="program", reasoning_budget=200)
    assert (response.text, response.claims[0].derived) == ("Athens [1]", other)
    assert [request.sampling.temperature for request in requests(model)] == [0.0, *[0.7] * 4]
    assert len({request.seed for request in requests(model)}) == 5
    assert 0 < response.usage.reasoning_tokens <= 200
    assert response.confidence and response.confidence.signals == {"agreement": 0.75}  # three of the other four
    assert decisions(model, response) == [{"query": other, "rows": 1, "attempts": 3}]


@pytest.mark.usefixtures("unsure")
@pytest.mark.parametrize("budget", [0, 9, 10, 25])
def test_queries_never_take_more_than_the_budget(models: Any, games: Path, budget: int) -> None:
    model = models(MOST, *[MOST.replace("DESC", "ASC"), MOST.replace("Attendance", "Year")] * 4)
    response = model.generate(["Where?", games], strategy="program", reasoning_budget=budget)
    assert response.usage.reasoning_tokens <= budget
    assert len(requests(model)) == 1 + budget // len(MOST.split())


def test_a_query_that_is_likely_enough_is_not_put_to_the_vote(models: Any, games: Path) -> None:
    model = models(MOST, *[FIRST] * 7)  # each token with 0.9
    response = model.generate(["Where were most people?", games], strategy="program", reasoning_budget=200)
    assert response.text == "Paris [1]" and len(requests(model)) == 1
    assert [each["why"] for each in decisions(model, response, "sample")] == ["no vote is needed"]


@pytest.mark.usefixtures("unsure")
def test_one_that_went_back_is_not_put_to_the_vote_of_a_prompt_that_fails(models: Any, games: Path) -> None:
    model = models(NOTHING, MOST, *[FIRST] * 6)
    response = model.generate(["Where were most people?", games], strategy="program", reasoning_budget=200)
    assert response.text == "Paris [1]" and len(requests(model)) == 2


@pytest.mark.usefixtures("unsure")
def test_where_one_that_is_drawn_fails_no_more_are_drawn(models: Any, games: Path) -> None:
    model = models(MOST, NOTHING, *[FIRST] * 6)
    response = model.generate(["Where were most people?", games], strategy="program", reasoning_budget=200)
    assert response.text == "Paris [1]" and len(requests(model)) == 2
    assert [loss.kind for loss in response.losses if loss.part == "the samples"] == ["not_counted"]


def test_a_drawn_query_may_find_what_the_first_did_not(models: Any, games: Path) -> None:
    model = models(NOTHING, NOTHING, NOTHING, MOST, MOST)
    response = model.generate(["Where were most people?", games], strategy="program", reasoning_budget=100)
    assert response.text == "Paris [1]" and len(requests(model)) == 5


@pytest.mark.usefixtures("unsure")
def test_while_none_gives_anything_all_that_may_be_drawn_are(models: Any, games: Path) -> None:
    rome = [NOTHING.replace("Rome", name) for name in ("Rome", "Oslo", "Bern", "Riga", "Kyiv", "Graz", "Lund")]
    model = models(*rome, MOST)
    response = model.generate(["Where were most people?", games], strategy="program", reasoning_budget=500)
    assert response.text == "Paris [1]" and len(requests(model)) >= 8
