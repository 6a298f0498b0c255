"""Which strategy is taken."""

import pytest

from omniloom.reasoning.router import choose

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
        ("What was the net cash provided by operating activities in 2017?", ["table"], 0, False, "program"),
        ("What was the reason for the drop in profit in 2017?", ["table"], 0, False, "direct"),
        ("What was the impact of Covid on sales in 2020?", ["table"], 0, False, "direct"),
        ("What are the opinions on the election of 2016?", ["text"], 0, False, "direct"),
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


def test_a_model_that_was_taught_to_think_thinks() -> None:
    assert choose(PROBLEM, [], 512, promised=False, thinks=True).strategy == "direct"
    most = "Which city had the most visitors?"
    assert choose(most, ["table"], 512, promised=False, thinks=True).strategy == "program"
    assert choose(PROBLEM, [], 4096, promised=False, priced=True, thinks=True).strategy == "sample"
