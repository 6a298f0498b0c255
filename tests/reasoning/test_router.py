"""Which strategy is taken, and that what is asked of the user's own is not overruled."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from omniloom.engines.scripted import Scripted
from omniloom.reasoning.router import choose
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

PROBLEM = "Ann has 3 apples and buys 4 more. How many apples does she have?"


@pytest.mark.parametrize(
    ("said", "kinds", "budget", "promised", "strategy"),
    [
        ("Which city had the most visitors?", ["table"], 0, False, "program"),
        ("how many games were played in 1998?", ["table", "table"], 512, False, "program"),
        ("List the teams that won twice.", ["table"], 0, False, "program"),
        ("Which city had the most visitors?", ["table", "pdf"], 0, False, "direct"),
        ("Which city had the most visitors?", ["table"], 0, True, "direct"),
        ("Summarise the table.", ["table"], 0, False, "direct"),
        ("Why did the most visitors go to Rome?", ["table"], 0, False, "direct"),
        ("What does the table say about Rome?", ["table"], 0, False, "direct"),
        ("What is this table about?", ["table"], 0, False, "direct"),
        ("What are the main trends?", ["table"], 0, False, "direct"),
        ("Is the list complete?", ["table"], 0, False, "direct"),
        ("what year did Ann win?", ["table"], 0, False, "program"),
        ("What is the difference between Python 3.11 and 3.12?", [], 512, False, "direct"),
        (PROBLEM, [], 512, False, "sample"),
        (PROBLEM, [], 0, False, "direct"),
        (PROBLEM, ["pdf"], 512, False, "direct"),
        ("Write a poem about 3 apples and 4 pears.", [], 512, False, "direct"),
    ],
)
def test_it_is_told_by_question_sources_and_budget(
    said: str, kinds: list[str], budget: int, promised: bool, strategy: str
) -> None:
    choice = choose(said, kinds, budget, promised=promised)
    assert choice.strategy == strategy and choice.why


@pytest.fixture
def models(private_home: Path) -> Iterator[Any]:
    made: list[Model] = []

    def make(*script: str) -> Model:
        made.append(Model(Scripted(script, name=f"scripted-{len(made)}"), Store()))
        return made[-1]

    yield make
    for model in made:
        model.close()


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
    direct = models("Paris [3].")
    response = direct.generate(["Where were the games of 1900?", path])
    assert chosen(direct, response.trace_id) == []
    sampled = models("#### 7", "#### 7")
    response = sampled.generate(PROBLEM, strategy="auto", reasoning_budget=100)
    assert (len(sampled.engine.requests), chosen(sampled, response.trace_id)) == (2, ["sample"])
