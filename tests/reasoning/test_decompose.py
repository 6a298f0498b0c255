"""Questions of several parts: what is taken apart by rule, and which parts of a model are refused."""

import json
from typing import Any

import pytest

from omniloom.core.values import Completion, Part, Request
from omniloom.reasoning.decompose import concludes, in_a_row, needs, split
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.prompts import Task


@pytest.mark.parametrize(
    "said, parts",
    [
        (
            "What did the plaintiff claim, and what did the court decide?",
            ["What did the plaintiff claim?", "What did the court decide?"],
        ),
        (
            "By how much did energy use fall, and in which week was the limit first passed?",
            ["By how much did energy use fall?", "In which week was the limit first passed?"],
        ),
        ("What is the total? When was the receipt printed?", ["What is the total?", "When was the receipt printed?"]),
        (
            "who ran the mill; where does the river rise, and how long is the river?",
            ["Who ran the mill?", "Where does the river rise?", "How long is the river?"],
        ),
        (
            "What is the total of the receipt, and what is the budget for food?",
            ["What is the total of the receipt?", "What is the budget for food?"],
        ),
        (
            "When did Ann Lund sign, and when did Bo Rask refuse?",
            ["When did Ann Lund sign?", "When did Bo Rask refuse?"],
        ),
        (
            "What is the total of ⟨A: a.txt⟩, and what is the rent in ⟨B: b.txt⟩?",
            ["What is the total of ⟨A: a.txt⟩?", "What is the rent in ⟨B: b.txt⟩?"],
        ),
        (
            "What was the fare in annals.txt, and what is the rent in Lease2.txt?",
            ["What was the fare in annals.txt?", "What is the rent in Lease2.txt?"],
        ),
    ],
)
def test_questions_in_a_row_are_taken_apart_by_rule(said: str, parts: list[str]) -> None:
    assert in_a_row(said, ["annals.txt", "Lease2.txt"]) == parts


@pytest.mark.parametrize(
    "said",
    [
        "When did the bridge open, and who designed it?",  # "it" is said by the first part
        "Who knows where and when the ship sank?",
        "Who said what to whom, and when?",
        "Which bridge is longer?",
        "Tell me who ran the mill, and what it ground",
        "What is A? What is B? What is C? What is D? What is E?",
        "When the bridge opened in 1931, who was mayor?",
        "When the bridge opened, and who was mayor then?",
        "Who designed the bridge, which opened in 1931?",
        "What did Anna Marbury, who ran the mill, say?",
        "Who is the man who built the mill and who ran the bridge?",
        "Which year was better, when revenue was 5 or when revenue was 6?",
        "What was the revenue in 2019, and what was the profit?",  # of that year, too
        "What did the ferry cost according to annals.txt, and when was the opening?",
        "Who is the president of France and who is the prime minister?",  # of the same country
        "What is the price of the model and what is the weight?",
        "What does the model cost and what is the weight?",
        "What was the price of fuel in the third quarter and what was the price of bread?",
        "What was revenue and what was profit in the third quarter?",
        "What was revenue and what was profit last year?",
        "Who directed Alien and who wrote the script?",
        "Who is taller and who is heavier, the boy or the girl?",
        "Who designed and who built the bridge?",
        "Which bridge is longer and which is older?",
        "How many lamps were made and how many were sold?",
        "Who opened the bridge, and who else spoke?",
        "Who opened the bridge and who ran the mill? Answer in French.",
        "Who opened the bridge and who ran the mill (both names)",
        "",
    ],
)
def test_what_does_not_stand_by_itself_is_not(said: str) -> None:
    assert in_a_row(said, ["annals.txt"]) == []


class Says:
    """A run whose model gives one text."""

    def __init__(self, text: str) -> None:
        self.text, self.asked, self.notes = text, list[Request](), list[dict[str, Any]]()

    def ask(self, request: Request, *, purpose: str) -> Completion:
        self.asked.append(request)
        return Completion(text=self.text)

    def note(self, name: str, **told: Any) -> None:
        self.notes.append(told)

    def check(self) -> None: ...


def taken(said: str, text: str) -> tuple[Task, Says]:
    run = Says(text)
    source = Part(kind="text", id="a" * 64, name="a.txt", text="Anna Marbury ran the mill.")
    return split(run, Task(said=said, parts=(source,), passages=Passages((), {}))), run  # type: ignore[arg-type]


def test_a_model_takes_apart_what_no_rule_can() -> None:
    said = "When did the bridge open, and who designed it?"
    task, run = taken(said, '{"questions": ["When did the bridge open?", "Who designed the bridge?"]}')
    assert task.questions == ("When did the bridge open?", "Who designed the bridge?")
    assert task.said == said and len(run.asked) == 1


def test_words_may_move_to_where_another_stood_for_them() -> None:
    said = "What is the price of the Aurora model and what is the weight?"
    parts = ["What is the price of the Aurora model?", "What is the weight of the Aurora model?"]
    task, _ = taken(said, json.dumps({"questions": parts}))
    assert task.questions == tuple(parts)


def test_what_models_are_shown_is_taken_apart_well() -> None:
    _, run = taken("Who wrote the letter, and when?", "null")
    _, *shown, _ = run.asked[0].messages
    for question, told in zip(shown[::2], shown[1::2], strict=True):
        task, _ = taken(question.text, told.text)
        parts = json.loads(told.text)["questions"]
        assert task.questions == (tuple(parts) if len(parts) > 1 else ())


def test_no_model_is_asked_where_a_rule_is_enough() -> None:
    task, run = taken("What is the total? When was the receipt printed?", "")
    assert len(task.questions) == 2 and not run.asked


@pytest.mark.parametrize(
    "text, why",
    [
        ('{"questions": ["When did the bridge open, and who designed it?"]}', "it asks for one thing"),
        ('{"questions": ["When did the bridge open?", "when did the bridge open?"]}', "a part stands twice"),
        (
            '{"questions": ["When did the bridge open?", "Which poems did Homer write?"]}',
            "asks for something else",
        ),
        ('{"questions": ["When did it open?", "When was it open?"]}', "the parts leave out what was asked"),
        (
            '{"questions": ["When did the bridge #2 open?", "Who designed #1?"]}',
            "that is not there yet",
        ),
        ("[", "Expecting value"),
        ('{"questions": [{"a": 1}, "b"]}', "the model named no parts"),
        ("null", "the model named no parts"),
        ("[" * 5000, "recursion"),
        (json.dumps({"questions": ["When did the bridge open?"] * 5}), "too many"),
        (json.dumps({"questions": ["When did the bridge open?", "Who designed the bridge?" * 20]}), "too long"),
        ('{"questions": ["When did the bridge open?", "Who designed the bridge \\ud800?"]}', "surrogates"),
        ('{"questions": ["When did the bridge open?", "Who designed it?"]}', "speaks of something before it"),
    ],
)
def test_bad_parts_are_refused_and_the_trace_says_why(text: str, why: str) -> None:
    task, run = taken("When did the bridge open, and who designed it?", text)
    assert task.questions == ()
    assert why in run.notes[-1]["why"]


def test_what_has_to_be_put_together() -> None:
    def made(said: str, *questions: str) -> Task:
        return Task(said=said, parts=(), passages=Passages((), {}), questions=questions)

    parts = ("What is the total of the receipt?", "What is the budget?")
    assert concludes(made("Which is larger, the total of the receipt or the budget?", *parts))
    assert not concludes(made("What is the total of the receipt, and what is the budget?", *parts))
    assert not concludes(made("Name the total of the receipt, and the budget.", *parts))
    german = ("Wer eröffnete die Brücke?", "Wer betrieb die Mühle?")
    assert not concludes(made("Wer eröffnete die Brücke, und wer betrieb die Mühle?", *german))
    chain = ("In which town is the mill?", "Who is the mayor of #1?")
    task = made("Who is the mayor of the town with the mill?", *chain)
    assert needs(task, chain[1]) and not needs(task, chain[0]) and not concludes(task)


@pytest.mark.parametrize(
    "said, why",
    [
        ("What is A? What is B? What is C? What is D? What is E?", "it asks more than 4 things"),
        ("What is the total, and which shop is ranked #1?", "it has a # with a number"),
        ("Why? " * 300, "too long"),
    ],
)
def test_what_is_never_taken_apart(said: str, why: str) -> None:
    task, run = taken(said, "")
    assert task.questions == () and not run.asked and why in run.notes[-1]["why"]


def test_a_number_that_may_hold_for_all_parts_is_not_lost() -> None:
    parts = '{"questions": ["What was the revenue in 2019?", "What was the profit?"]}'
    task, run = taken("What was the revenue in 2019, and what was the profit?", parts)
    assert task.questions == () and "may hold for all" in run.notes[-1]["why"]


@pytest.mark.parametrize(
    "said, parts, why",
    [
        (
            "What is the price of the Aurora model and what is the weight?",
            ("What is the price of the Aurora model?", "What is the weight?"),
            "a name or a source that is named may hold for all parts",
        ),
        (
            "Who did not sign the contract, and why was it ended?",
            ("Who did sign the contract?", "Why was the contract ended?"),
            "leave out what was asked: not sign",
        ),
        (
            "Who did not sign the contract, and why was it ended?",
            ("Who did sign the contract?", "Why was the contract not ended?"),
            "something else",
        ),
        (
            "Which of the towns along the river pay only the ferry, and when does it run?",
            ("Which of the towns along the river pay the ferry?", "When does the ferry run?"),
            "leave out what was asked: only ferry",
        ),
        (
            "Wer hat den langen Vertrag der Bank nicht unterschrieben, und warum endete er?",
            ("Wer hat den langen Vertrag der Bank unterschrieben?", "Warum endete der Vertrag nicht?"),
            "something else",
        ),
        (
            "What did Ann pay Bob, what did Bob sell Cy, and when did he do it?",
            ("What did Bob pay Ann?", "What did Cy sell Bob?"),
            "turns round",
        ),
        (
            "What did the buyer owe the bank, and who told the court of it?",
            ("What did the bank owe the buyer?", "Who told the court of what the buyer did owe?"),
            "turns round",
        ),
    ],
)
def test_parts_that_ask_another_thing_in_the_same_words_are_refused(
    said: str, parts: tuple[str, ...], why: str
) -> None:
    task, run = taken(said, json.dumps({"questions": parts}))
    assert task.questions == () and why in run.notes[-1]["why"]


@pytest.mark.parametrize(
    "said, parts",
    [
        (
            "Who has not signed the contract and why did it end?",
            ("Who did not sign the contract?", "Why did the contract end?"),
        ),
        (
            "Who didn't sign the contract, and when did it end?",
            ("Who did not sign the contract?", "When did the contract end?"),
        ),
        (
            "Wer unterschrieb den Vertrag nicht, und warum endete er?",
            ("Wer unterschrieb den Vertrag nicht?", "Warum endete der Vertrag?"),
        ),
        (
            "Wer 1931 die Brücke am Hafen eröffnete und wer sie entwarf?",
            ("Wer eröffnete 1931 die Brücke am Hafen?", "Wer entwarf 1931 die Brücke am Hafen?"),
        ),
    ],
)
def test_what_is_denied_stays_so_in_its_part(said: str, parts: tuple[str, ...]) -> None:
    task, run = taken(said, json.dumps({"questions": parts}))
    assert task.questions == parts, run.notes


def test_sources_that_are_named_after_the_words_are_no_part_of_them() -> None:
    task, _ = taken("What is the total? When was the receipt printed? ⟨A: a.txt⟩ ⟨B: b.txt⟩", "")
    assert task.questions == ("What is the total?", "When was the receipt printed?")
