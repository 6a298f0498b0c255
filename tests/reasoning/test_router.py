"""Which strategy is taken."""

import pytest

from omniloom.reasoning.router import choose

TABLE = ("Year | City | Visitors | Games | Team | Net cash by operations", "1900 | Paris | 1,226 | 95 | Rome | 17")
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
    choice = choose(said, kinds, budget, promised=promised, texts=TABLE)
    assert choice.strategy == strategy and choice.why


def test_a_model_that_was_taught_to_think_thinks() -> None:
    assert choose(PROBLEM, [], 512, promised=False, thinks=True).strategy == "direct"
    most = "Which city had the most visitors?"
    assert choose(most, ["table"], 512, promised=False, texts=TABLE, thinks=True).strategy == "program"
    assert choose(PROBLEM, [], 4096, promised=False, priced=True, thinks=True).strategy == "sample"


@pytest.mark.parametrize(
    "said",
    [
        "In 1900, which city had most visitors?",
        "in which year were there only 17 games?",
        "According to the table: where were the games of 1900?",
        "How many visitors came to St. Louis?",
        "what city was before paris?",
        "Name a city with a team.",
    ],
)
def test_a_query_is_taken_where_the_question_begins_with_its_value(said: str) -> None:
    assert choose(said, ["table"], 0, promised=False, texts=TABLE).strategy == "program"


@pytest.mark.parametrize(
    "said",
    [
        "Hello! Who are you?",
        "Turn this into a limerick, at most five lines.",
        "Say thanks to Bob, who made the table of the games.",
        "Is there any city which is empty?",
        "Who wrote Hamlet?",
        "Write an email to Bob telling him how many games there were.",
        "Convert the table of games to markdown when possible",
        "Is it true that Paris had the most visitors?",
        "What is the name of this file?",
        "Where can I learn SQL?",
        "Please convert years where needed",
        "When I sum the games I get 12, is that right?",
        "Predict the largest number of visitors of next year",
        "How many visitors will come to Paris?",
        "Which city should be the next one?",
        "How many sources did you say that you used for the city?",
        "Which city hosted in 1900, and how many visitors came in 1908?",
        "Which city hosted in 1900? How many visitors came?",
        "Which city hosted in 1900, and did Paris pay?",
        "Which city hosted in 1900? Answer in German.",
        "Count the games. Then write a poem on Paris.",
        "",
    ],
)
def test_what_may_be_asked_for_something_else_is_answered_directly(said: str) -> None:
    choice = choose(said, ["table"], 0, promised=False, texts=TABLE)
    assert choice.strategy == "direct" and choice.why


def test_what_a_call_asks_beside_its_question_may_be_none_for_a_query() -> None:
    choice = choose("Which city had most visitors?", ["table"], 0, promised=False, texts=TABLE, against="it is drawn")
    assert (choice.strategy, choice.why) == ("direct", "it is drawn")
