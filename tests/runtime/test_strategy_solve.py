"""`strategy="solve"`: a scripted model writes the problems, the solver is the real one."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import BudgetError, UnsupportedError, UsageError
from omniloom.core.events import Completed, TextDelta
from omniloom.core.values import Request, Response
from omniloom.engines.scripted import Scripted
from omniloom.reasoning.puzzles import read
from omniloom.rendering.trace import trace_tree
from omniloom.runtime.model import Model
from omniloom.tools import solver

pytest.importorskip("ortools")

WHEELS = "There are cars with 4 wheels and bicycles with 2: 24 with 78 wheels. How many bicycles are there?"
MOST = "Lamps bring 20 dollars and take 3 hours, of 50. What is the largest income?"
DOUBTS = ("contradict each other: ", "several solutions, such as")
RULES = ["cars + bicycles == 24", "4 * cars + 2 * bicycles == 78"]
SOLVED = "\n".join(["0 <= cars, bicycles <= 24", *RULES])
NINE = "There are 9 bicycles."


def data(*constraints: str, names: str = "cars bicycles", low: int = 0, high: int = 24, **goal: str) -> str:
    variables = [{"names": names.split(), "low": low, "high": high}]
    return json.dumps({"variables": variables, "constraints": list(constraints), "goal": goal or None})


def requests(model: Model) -> list[Request]:
    engine = model.engine
    assert isinstance(engine, Scripted)
    return engine.requests


def steps(model: Model, response: Response) -> list[dict[str, Any]]:
    trace = model.store.journal.trace(response.trace_id)
    assert trace is not None
    return [dict(span.attributes) for span in trace.spans if (span.operation, span.name) == ("decision", "solve")]


def losses(response: Response) -> dict[str, str]:
    return {loss.kind: loss.detail for loss in response.losses}


def test_what_is_solved_is_said_in_words_with_what_was_solved(models: Any) -> None:
    model = models(data(*RULES), NINE)
    events = list(model.stream(WHEELS, strategy="solve"))
    assert isinstance(events[-1], Completed)
    response = events[-1].response
    told = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert (told, response.text, response.losses) == (NINE, NINE, ())
    [claim] = response.claims
    assert (claim.derived, claim.supported, response.text[slice(*claim.at)]) == (SOLVED, True, NINE)
    first, words = requests(model)
    assert first.constraint is not None and first.messages[-1].text == WHEELS
    assert "A solver found: cars = 15; bicycles = 9." in words.messages[-1].text
    [step] = steps(model, response)
    assert (step["status"], step["values"]) == ("feasible, the only one", "cars = 15; bicycles = 9")
    lines = [str(each.label) for each in trace_tree(model.store.journal.trace(response.trace_id)).children[0].children]
    assert any(
        "problem: 0 <= cars, bicycles <= 24" in line and "status: feasible, the only one" in line for line in lines
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (data("cars == (bicycles == 0)"), "Write (A == 1) == (B == 0)"),
        (data("vans == 3"), "no variable 'vans'"),
        (data(*RULES, "cars == 1"), "contradict each other: "),
        (data(RULES[0]), "several solutions, such as"),
        (data(RULES[1], high=-1), "low 0 is above high -1"),
    ],
)
def test_what_the_solver_refuses_goes_back_with_the_reason(models: Any, wrong: str, told: str) -> None:
    model = models(wrong, data(*RULES), NINE)
    response = model.generate(WHEELS, strategy="solve")
    assert (response.text, [*losses(response)]) == (NINE, ["rewritten"] * (told in DOUBTS))
    again = requests(model)[1]
    assert [each.role for each in again.messages[-2:]] == ["assistant", "user"]
    assert told in again.messages[-1].text and again.sampling.temperature == 0.7
    assert told in steps(model, response)[0]["why"]


def test_an_earlier_try_that_was_open_or_contradictory_is_told(models: Any) -> None:
    model = models(data(RULES[0]), data(*RULES, "cars == 1"), data(RULES[0], "cars == 20"), "There are 4 bicycles.")
    response = model.generate("There are 24 cars and bicycles in all. How many bicycles?", strategy="solve")
    told = losses(response)["rewritten"]
    assert told.startswith("it was written anew, for as it was written first it has several solutions, such as cars = ")
    assert (response.text, "clue" in told) == ("There are 4 bicycles.", False)
    open_ = data(RULES[0])
    response = models(data(*RULES, "cars == 1"), open_, open_, "").generate(WHEELS, strategy="solve")
    assert "there is no solution, for these contradict each other: " in losses(response)["rewritten"]
    assert "not_unique" in losses(response)


def test_the_ranges_of_variables_are_told(models: Any) -> None:
    groups = [{"names": ["cars"], "low": 21, "high": 24}, {"names": ["bicycles"], "low": 3, "high": 3}]
    written = json.dumps({"variables": groups, "constraints": RULES[:1], "goal": None})
    response = models(written, "There are 3 bicycles.").generate(WHEELS, strategy="solve")
    assert response.claims[0].derived == "21 <= cars <= 24\n3 <= bicycles <= 3\ncars + bicycles == 24"


def test_three_tries_without_a_solution_give_the_direct_answer_and_say_so(models: Any) -> None:
    script = [data(*RULES, f"cars == {n}") for n in (1, 2, 3)]
    model = models(*script, "There are 10.")
    response = model.generate(WHEELS, strategy="solve")
    assert (response.text, response.claims, len(requests(model))) == ("There are 10.", (), 4)
    told = losses(response)["not_solved"]
    assert told.startswith(
        "what is said is the direct answer, for no try was solved: as it was written last there is no solution, for "
        "these contradict each other: "
    )
    assert "cars == 3" in told and "cars == 1" not in told
    assert [each["why"][:20] for each in steps(model, response)] == ["there is no solution"] * 3


def test_a_try_that_repeats_the_one_before_is_the_last(models: Any) -> None:
    model = models(*[data(*RULES, "cars == 1")] * 2, "There are 10.")
    response = model.generate(WHEELS, strategy="solve")
    assert (response.text, len(requests(model))) == ("There are 10.", 3)
    assert "word for word" in steps(model, response)[1]["skipped"] and "cars == 1" in losses(response)["not_solved"]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (data("cars == (bicycles == 0)"), "as it was written last constraint 1 ("),
        (data(RULES[0], "vans == 3"), "no variable 'vans'"),
    ],
)
def test_why_no_try_was_solved_is_said(models: Any, written: str, reason: str) -> None:
    response = models(written, written, "There are 10.").generate(WHEELS, strategy="solve")
    told = losses(response)["not_solved"]
    assert reason in told and "Write (A" not in told  # that is said to the model


def test_that_nothing_was_tried_is_not_called_a_try(models: Any, files: list[Path]) -> None:
    response = models("It is so.").generate(["Compare these files.", *files], strategy="solve")
    assert losses(response)["not_solved"].endswith("every source is visited on its own instead")


def test_a_solution_that_stays_not_the_only_one_is_given_with_the_other(models: Any) -> None:
    open_ = data(RULES[0], "cars > 22")
    response = models(open_, open_, open_, "That is not settled.").generate(WHEELS, strategy="solve")
    assert response.text in ("cars = 23; bicycles = 1", "cars = 24; bicycles = 0")
    assert losses(response)["not_unique"] in (
        "there is another solution: cars = 24, bicycles = 0",
        "there is another solution: cars = 23, bicycles = 1",
    )


@pytest.mark.parametrize(
    "invented",
    ["There are 15 bicycles.", "There are 24.", "There are eleven bicycles.", "Miriam has 9.", ""],
)
def test_words_that_say_what_was_not_found_are_not_given(models: Any, invented: str) -> None:
    response = models(data(*RULES), invented).generate(WHEELS, strategy="solve")
    assert response.text == "cars = 15; bicycles = 9"
    assert "the values are given as they are" in losses(response)["not_worded"]


def test_a_word_that_is_not_the_solvers_is_told_as_one_that_cannot_be_checked(models: Any) -> None:
    response = models(data(*RULES), "The lot has 9 bicycles.").generate(WHEELS, strategy="solve")
    assert losses(response)["not_worded"].startswith(
        "the answer in words has 'lot', which cannot be checked against the solution: "
    )


def test_digits_side_by_side_are_a_number_that_was_found(models: Any) -> None:
    model = models(data("h == 2 * o", "t == 3", "h + t + o == 12", names="h t o", high=9), "It is 633.")
    assert model.generate("Which number has three digits that add up to 12?", strategy="solve").text == "It is 633."


def test_an_objective_that_is_not_asked_for_is_dropped(models: Any) -> None:
    response = models(data(*RULES, maximize="cars"), NINE).generate(WHEELS, strategy="solve")
    assert (response.text, response.claims[0].derived) == (NINE, SOLVED)
    assert losses(response) == {"goal_dropped": "maximize cars: the question asks for no largest or smallest"}


def test_an_objective_is_solved_and_its_value_may_be_said(models: Any) -> None:
    found = data("3 * lamps <= 50", names="lamps", high=50, maximize="20 * lamps")
    model = models(data("3 * lamps <= 50", names="lamps", high=50, minimize="20 * lamps"), found, "It is 320 dollars.")
    response = model.generate(MOST, strategy="solve")
    assert (response.text, losses(response)) == ("It is 320 dollars.", {})
    assert "asks for the largest" in requests(model)[1].messages[-1].text
    assert "the largest value of 20 * lamps is 320" in requests(model)[2].messages[-1].text
    assert response.claims[0].derived == "0 <= lamps <= 50\n3 * lamps <= 50\nmaximize 20 * lamps"


@pytest.mark.parametrize(
    ("said", "goal", "dropped", "why"),
    [
        ("At most 3 cars. How many?", {"maximize": "c"}, "maximize c", ""),
        ("What is the fewest?", {"minimize": "c"}, "", ""),
        ("What is the fewest?", {"maximize": "c"}, "", "the question asks for the smallest"),
        ("Was ist der größte Gewinn?", {"maximize": "c"}, "", ""),
        ("Most?", {"maximize": "c", "minimize": "c"}, "", "goal is null"),
        ("Most?", "c", "", "not the JSON"),
    ],
)
def test_an_objective_follows_the_words_of_the_question(said: str, goal: Any, dropped: str, why: str) -> None:
    given = {"variables": [], "constraints": [], "goal": goal}
    _, left_out, wrong = read(f"```json\n{json.dumps(given)}\n```", said)
    assert (left_out, why in wrong, bool(why)) == (dropped, True, bool(wrong))


def test_a_fence_that_does_not_end_takes_no_time() -> None:
    began = time.process_time()
    assert read("```" + " " * 100_000 + "x", "How many?")[2].startswith("it is not the JSON")
    assert time.process_time() - began < 1


def test_who_is_where_is_told_both_ways(models: Any) -> None:
    model = models(data("Ann == 2", "Bo == 1", names="Ann Bo", low=1, high=2), "Ann is second.")
    model.generate("Who is second?", strategy="solve")
    assert "Ann = 2; Bo = 1; at 1: Bo; at 2: Ann" in requests(model)[1].messages[-1].text


def test_data_alone_are_filled_from_the_solution(models: Any) -> None:
    model = models(data(*RULES), '{"bicycles": 9}')
    response = model.generate(WHEELS, strategy="solve", schema="bicycles int")
    assert (response.data, len(requests(model))) == ({"bicycles": 9}, 2)
    assert "what a solver over the question gave ===\ncars = 15; bicycles = 9" in requests(model)[1].messages[-1].text


def test_a_puzzle_in_a_file_is_shown_and_cited(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "puzzle.txt"
    path.write_text("There are cars with 4 wheels and bicycles with 2: 24 vehicles with 78 wheels.")
    model = models(data(*RULES), NINE, '{"bicycles": 9}')
    asked = {"strategy": "solve", "schema": "bicycles int", "output_modes": ["text", "structured_json"]}
    response = model.generate(["How many bicycles?", path], **asked)
    assert "78 wheels" in requests(model)[0].messages[-1].text
    assert response.text == "There are 9 bicycles [1]." and response.data == {"bicycles": 9}
    assert all(claim.supported and claim.derived == SOLVED for claim in response.claims)
    assert {each.quote for claim in response.claims for each in claim.citations} == {path.read_text()}


@pytest.mark.parametrize("unsupported", ["drop", "abstain"])
def test_without_sources_nothing_has_to_be_cited(models: Any, unsupported: str) -> None:
    response = models(data(*RULES), NINE).generate(WHEELS, strategy="solve", unsupported=unsupported)
    assert (response.text, response.abstained) == (NINE, False)


def test_a_budget_for_thoughts_is_not_used_and_that_is_said(models: Any) -> None:
    model = models(data(*RULES), NINE)
    response = model.generate(WHEELS, strategy="solve", reasoning_budget=50)
    assert (response.usage.reasoning_tokens, len(requests(model))) == (0, 2)
    spans = model.store.journal.trace(response.trace_id).spans
    assert [span.attributes["skipped"] for span in spans if span.name == "reasoning"] == [
        "the solver thinks: the budget is not used"
    ]


def test_at_the_deadline_the_values_are_given_without_words(models: Any) -> None:
    ends = time.monotonic() + 12
    slow = models(data(*RULES), lambda request: time.sleep(max(0, ends + 1 - time.monotonic())) or NINE)
    response = slow.generate(WHEELS, strategy="solve", timeout=12)
    assert response.text == "cars = 15; bicycles = 9" and "time budget" in losses(response)["not_worded"]
    with pytest.raises(BudgetError):
        models("so " * 200, seconds_per_token=0.05).generate(WHEELS + " Well?", strategy="solve", timeout=0.5)


def test_it_is_refused_where_it_means_nothing(models: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = models(data(*RULES), NINE)
    with pytest.raises(UsageError, match="promises nothing"):
        model.generate(WHEELS, strategy="solve", max_risk=0.1)
    with pytest.raises(UsageError, match="buys nothing"):
        model.generate(WHEELS, strategy="solve", reasoning_budget="auto")
    monkeypatch.setattr(solver.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedError, match="not installed") as caught:
        model.generate(WHEELS, strategy="solve")
    assert "omniloom[math]" in str(caught.value.hint) and not requests(model)
