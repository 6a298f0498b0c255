"""`strategy="auto"`: the choice stands in the trace and is followed."""

from pathlib import Path
from typing import Any

import pytest

from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model

PROBLEM = "Ann has 3 apples and buys 4 more. How many apples does she have?"


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


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
    direct = models("Paris [3].")
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
