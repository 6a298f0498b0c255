"""Problems in words, asked in other ways before more is drawn."""

from typing import Any

import pytest

from omniloom.core.values import Completion, Message, Request, ToolResult
from omniloom.isolation import run_program
from omniloom.reasoning.arithmetic import slips
from omniloom.reasoning.problems import EXAMPLES, is_problem, others
from omniloom.reasoning.sample import conclusion

PROBLEM = "Ann has 3 apples and buys 4 more. How many has she?"
TURNS = (("system", "Be brief."), ("user", "Hello"), ("assistant", "Hello."), ("user", f"Question: {PROBLEM}"))
ASKED = Request(messages=tuple(Message(role=role, content=(text,)) for role, text in TURNS))


class Runs:
    """The one door, as far as programs go through it."""

    def call(self, tool_call: Any) -> ToolResult:
        return ToolResult(id=tool_call.id, value=run_program(tool_call.arguments["code"], confinement="weak"))


@pytest.mark.parametrize(
    "said",
    [
        PROBLEM,
        "Ann has two apples, and Bo twice as many. How many has Bo?",
        "A pen costs $2 and a book $5. What is the total cost of 3 pens and 4 books?",
        "If Tom has 3 dogs and buys 2, how many dogs has he when he sells one?",
        "Ann has 3 apples and buys 4. How many has she? Show your work.",
        "Ann has 3 apples and buys 4. How many has she?\nWork it out step by step. Then write the number after ####.",
    ],
)
def test_what_a_problem_is(said: str) -> None:
    assert is_problem(said)


@pytest.mark.parametrize(
    "said",
    [
        "How many?",
        "Add 3 and 4.",
        "Explain in 5 sentences how much the 2 wars changed Europe.",
        "Translate: 'How old are your two children?' and 'How much is one of 3?'",
        "Ann has 3 apples and 4 pears. How many fruits has she? Answer with the number only.",
        "Ann has 3 apples and 4 pears. How many fruits has she? Then write a two-line poem.",
        "Ann has 3 apples and 4 pears. How many fruits has she? Answer in French.",
        "Tom has 3 dogs and 2 cats. How many dogs has he, and how many legs have all together?",
        "Between 1914 and 1918, how many countries declared war on Germany, and which were the first two?",
        "Tell me a story about 3 bears and 2 wolves: how many lambs did they eat?",
        "How often should I take 2 pills of 500 mg?",
        "What is the capital of the country that lost the wars of 1866 and 1870?",
    ],
)
def test_what_asks_for_more_than_an_amount_is_none(said: str) -> None:
    assert not is_problem(said)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("She has 3 + 4 = 7 apples.\n#### 7", "She has 3 + 4 = 7 apples."),
        ("She buys some.\n#### 7", "She buys some.\n7"),
        ("#### 7", "7"),
        ("She has 7 apples.", "She has 7 apples."),
    ],
)
def test_a_mark_that_nobody_asked_for_is_not_given(text: str, given: str) -> None:
    for said, told in ((PROBLEM, given), (f"{PROBLEM} Write the number after ####.", text)):
        ways = others(Runs(), ASKED, said, programs=True)  # type: ignore[arg-type]
        assert ways.given(Completion(text=text)).text == told


@pytest.mark.parametrize(("said", "worked", "program"), EXAMPLES)
def test_each_example_is_worked_rightly(said: str, worked: str, program: str) -> None:
    assert not slips(worked) and worked.count("=") > 1
    assert float(run_program(f"{program}\nanswer", confinement="weak").value or "") == float(conclusion(worked))


def test_the_worked_ones_keep_what_was_said_before() -> None:
    ways = others(Runs(), ASKED, PROBLEM, programs=True)  # type: ignore[arg-type]
    program, worked, *more = ways.others
    roles = [each.role for each in worked.request.messages]
    assert roles == ["system", *["user", "assistant"] * (len(EXAMPLES) + 1), "user"]
    assert worked.request.messages[-3:-1] == ASKED.messages[1:3] and worked.request.messages[0] == ASKED.messages[0]
    asked = [each.text for each in worked.request.messages if each.role == "user" and each.text != "Hello"]
    assert all(each.startswith("Question: ") and "####" in each for each in asked) and PROBLEM in asked[-1]
    assert program.request.constraint is not None and PROBLEM in program.request.messages[-1].text
    assert [each.request.messages for each in more] == [program.request.messages] * 3
    assert [each.request.sampling.temperature for each in more] == [0.7] * 3
    assert len({each.request.seed for each in more}) == 3 and ways.cheap
    without = others(Runs(), ASKED, PROBLEM, programs=False)  # type: ignore[arg-type]
    assert not without.cheap and len(without.others) == 1


def test_a_program_that_is_given_shows_what_its_lines_come_to() -> None:
    ways = others(Runs(), ASKED, PROBLEM, programs=True)  # type: ignore[arg-type]
    code = "packs = 4\neggs = packs * 6\nhalf = eggs / 5  # a fifth\nhalf = half + 1\nanswer = eggs - half"
    done = ways.others[0].said(Completion(text=f"```python\n{code}\n```"))
    assert done.text == "#### 18.2"
    shown = (
        "packs = 4\neggs = packs * 6  # 24\nhalf = eggs / 5  # a fifth\nhalf = half + 1\nanswer = eggs - half  # 18.2"
    )
    assert ways.given(done).text == f"{shown}\n18.2" and not slips(shown)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\napples = 3 + 4\nanswer = apples\n```", "#### 7"),
        ("```python\napples = 3 + 4  # bought\n```", "#### 7"),
        ("```python\nanswer = 7 / 2\nrest = 1\n```", "#### 3.5"),
        ("```python\nanswer = 1 / 0\n```", ""),
        ("```python\npart = 1\nanswer = part / 0\n```", ""),
        ("```python\nanswer = [3, 4]\n```", ""),
        ("```python\nanswer = 1e999\n```", ""),
        ("```python\nanswer = 100000 * 100000\n```", "#### 10000000000"),
        ("```python\nanswer = 10 ** 400\n```", ""),
        ("```python\nanswer = -0.0\n```", "#### 0"),
        ("```python\nif = 3\n```", ""),
        ("```python\nanswer = 3 +", ""),
        ("no program", ""),
    ],
)
def test_what_a_program_says(text: str, said: str) -> None:
    program = others(Runs(), ASKED, PROBLEM, programs=True).others[0]  # type: ignore[arg-type]
    done = program.said(Completion(text=text))
    assert (done.text, done.finish_reason) == (said, "stop" if said else "error")


def test_a_program_that_was_cut_says_nothing() -> None:
    program = others(Runs(), ASKED, PROBLEM, programs=True).others[0]  # type: ignore[arg-type]
    cut = program.said(Completion(text="```python\nanswer = 3 + 4", finish_reason="length"))
    assert (cut.text, cut.finish_reason) == ("", "error")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("big = 10**400\nanswer = 7 + 0 * (big % 2)", "big = 10**400\nanswer = 7 + 0 * (big % 2)  # 7\n7"),
        (
            "rate = 1 / 10000000\nanswer = rate * 7",
            "rate = 1 / 10000000  # 1e-07\nanswer = rate * 7  # 7e-07\n0.000001",
        ),
    ],
)
def test_large_and_small_values_are_shown_as_they_are_or_not_at_all(code: str, shown: str) -> None:
    ways = others(Runs(), ASKED, PROBLEM, programs=True)  # type: ignore[arg-type]
    done = ways.others[0].said(Completion(text=f"```python\n{code}\n```"))
    assert ways.given(done).text == shown


def test_a_number_that_only_ends_another_is_not_taken_for_it() -> None:
    ways = others(Runs(), ASKED, PROBLEM, programs=True)  # type: ignore[arg-type]
    text = "So with 16 in all, three are Ann's."
    assert ways.given(Completion(text=f"{text}\n#### 6")).text == f"{text}\n6"
