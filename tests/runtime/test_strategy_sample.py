"""`strategy="sample"`: the answer that most samples give, within the budget, and no more samples than it takes."""

import math
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.errors import BudgetError, CancelledError, EngineError, UsageError
from omniloom.core.values import Request, Response
from omniloom.engines.scripted import Scripted
from omniloom.reasoning.problems import LONGEST
from omniloom.reasoning.sample import AUTO, PRICE, amount, conclusion, pays, settled, stays_ahead
from omniloom.reasoning.signals import meaning
from omniloom.runtime.model import Model
from omniloom.storage.store import Store

SUM = "There are 3 and 4.\n#### {}"
ONE = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}


@pytest.fixture
def models(models: Any, apart: Any) -> Any:
    return apart(models)


def decision(model: Model, response: Response) -> dict[str, Any]:
    [told] = [
        span
        for span in model.store.journal.trace(response.trace_id).spans
        if span.operation == "decision" and span.name == "sample"
    ]
    return dict(told.attributes)


def test_two_that_agree_are_enough(models: Any) -> None:
    model = models(SUM.format(7), "In all there are 7.\n#### 7 apples", SUM.format(8))
    response = model.generate("How many?", strategy="sample", reasoning_budget=100)
    assert response.text == SUM.format(7)
    assert [request.sampling.temperature for request in model.engine.requests] == [0.0, 0.7]
    assert model.engine.requests[0].seed != model.engine.requests[1].seed
    assert response.confidence.signals["agreement"] == 1.0
    assert decision(model, response)["drawn"] == 2
    assert response.usage.written == {"answer": response.usage.output_tokens, "sample": response.usage.reasoning_tokens}


@pytest.mark.usefixtures("unsure")
@pytest.mark.parametrize("schema", [None, ONE])
def test_when_the_time_is_used_up_the_best_answer_so_far_is_given(private_home: Path, schema: Any) -> None:
    seven = SUM.format(7) if schema is None else '{"answer": "7"}'
    with Model(Scripted([seven, "and so on " * 2000], seconds_per_token=0.005), Store()) as model:
        started = time.monotonic()
        response = model.generate("How many?", schema=schema, strategy="sample", reasoning_budget=9999, timeout=1.0)
        trace = model.store.journal.trace(response.trace_id)
    assert response.text == seven or response.data == {"answer": "7"}
    assert response.confidence is not None and time.monotonic() - started < 8
    assert any(span.name == "not sampled" and "time budget" in span.attributes["error"] for span in trace.spans)


def test_a_caller_who_cancels_gets_no_answer_so_far(private_home: Path) -> None:
    with Model(Scripted([SUM.format(7), "and so on " * 2000], seconds_per_token=0.005), Store()) as model:
        events = model.stream("How many?", strategy="sample", reasoning_budget=9999, timeout=60)
        threading.Timer(0.5, events.close).start()  # type: ignore[attr-defined]
        with pytest.raises(CancelledError):
            list(events)


def test_what_outweighs_all_others_together_is_not_put_to_the_vote(models: Any) -> None:
    model = models('{"answer": "7"}', *['{"answer": "8"}'] * 7)  # two tokens with 0.9 each
    response = model.generate("How many?", schema=ONE, strategy="sample", reasoning_budget=100)
    assert response.data == {"answer": "7"} and len(model.engine.requests) == 1
    assert decision(model, response)["why"] == "no vote is needed"


def test_what_is_drawn_and_not_shown_is_told_as_progress(models: Any) -> None:
    model = models("3 + 4 = 7 " * 9 + SUM.format(7))
    told = [
        each for each in model.stream("How many?", strategy="sample", reasoning_budget=200) if "progress" in each.type
    ]
    assert [(each.step, each.done, each.unit) for each in told if each.step == "sample"][:2] == [
        ("sample", 8, "tokens"),
        ("sample", 16, "tokens"),
    ]


def test_an_engine_that_promises_nothing_of_seeds_draws_anew(models: Any) -> None:
    model = models(SUM.format(7), SUM.format(7))
    for _ in range(2):
        model.generate("How many?", strategy="sample", reasoning_budget=100)
    assert [request.sampling.temperature for request in model.engine.requests] == [0.0, 0.7, 0.7]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We add them.\n\nJulie had $300 left", "$300"),
        ("#### 75.00", "75"),
        ("The answer is: 10 - 2 = 8 apples.", "8"),
        ("So 1,200", "1200"),
        ("It takes 2 hours.", "2 hours"),
    ],
)
def test_of_an_answer_to_how_many_the_one_number_counts(text: str, found: str) -> None:
    said = amount(text)
    assert said is not None and said.agrees(meaning(found))


@pytest.mark.parametrize("text", ["He has 5 apples and 3 pears.", "It is not known.", "#### 1/2", "He owes -$5"])
def test_what_is_no_one_number_is_compared_as_it_stands(text: str) -> None:
    assert amount(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("2 hours", "2 days"), ("3 million", "3 thousand"), ("0,5 km", "5 km"), ("12345678901234", "12345678901235")],
)
def test_amounts_that_differ_are_two_votes(one: str, other: str) -> None:
    first, second = amount(f"The answer is {one}"), amount(f"The answer is {other}")
    assert first is None or second is None or not first.agrees(second)


def test_a_budget_of_auto_buys_nothing_that_is_too_dear_for_an_answer_that_was_cut(models: Any) -> None:
    model = models(*["so " * 600] * 9)
    response = model.generate("How many?", strategy="sample", reasoning_budget="auto")
    assert len(model.engine.requests) == 1 and response.usage.reasoning_tokens == 0


def test_where_there_is_no_room_for_an_answer_one_more_is_enough(models: Any) -> None:
    model = models(*["so " * 600] * 9)
    model.generate("How many?", strategy="sample", reasoning_budget=8000)
    assert len(model.engine.requests) == 2


def test_an_amount_in_a_sentence_is_that_behind_a_mark(models: Any) -> None:
    model = models("3 + 4 = 7\nJulie has $7 left", SUM.format("7.0"), SUM.format(8))
    response = model.generate("How much is left?", strategy="sample", reasoning_budget=100)
    assert response.text.endswith("Julie has $7 left") and len(model.engine.requests) == 2


def test_an_answer_that_was_cut_has_no_vote(models: Any) -> None:
    cut = "One two three four five six seven eight nine ten eleven"
    model = models(cut, SUM.format(7), cut, SUM.format(7))
    response = model.generate("How many?", strategy="sample", reasoning_budget=100, max_output_tokens=9)
    assert response.text == SUM.format(7) and len(model.engine.requests) == 4
    assert decision(model, response)["drawn"] == 2


def test_after_three_in_a_row_that_count_for_nothing_no_more_are_drawn_and_it_is_said(models: Any) -> None:
    cut = "One two three four five six seven eight nine ten eleven"
    model = models(SUM.format(7), *[cut] * 6)
    response = model.generate("How many?", strategy="sample", reasoning_budget=100, max_output_tokens=9)
    assert response.text == SUM.format(7) and len(model.engine.requests) == 4
    (loss,) = response.losses
    assert loss.kind == "not_counted" and "of 3 more none counted" in loss.detail


def test_the_commonest_answer_wins_and_its_first_sample_is_given(models: Any) -> None:
    first, *others = (SUM.format(each) for each in (8, 7, "7.0", 7, 7))
    model = models(first, *others)
    response = model.generate("How many?", strategy="sample", reasoning_budget=100)
    assert response.text == others[0] and len(model.engine.requests) == 5
    assert response.confidence.signals["agreement"] == 0.75
    assert (decision(model, response)["agree"], decision(model, response)["chosen"]) == (4, 1)


def test_of_equals_the_first_is_given_and_eight_are_the_most(models: Any) -> None:
    model = models(*(SUM.format(each) for each in (1, 2, 3, 4, 5, 6, 7, 8, 9)))
    response = model.generate("How many?", strategy="sample", reasoning_budget=1000)
    assert response.text == SUM.format(1) and len(model.engine.requests) == 8
    assert response.confidence.signals["agreement"] == 0.0


@pytest.mark.parametrize("budget", [0, 6, 7, 13, 14, 20])
def test_the_budget_is_never_exceeded_and_what_it_buys_is_whole(models: Any, budget: int) -> None:
    model = models(*(SUM.format(each) for each in (1, 2, 3, 4)))  # seven tokens each
    response = model.generate("How many?", strategy="sample", reasoning_budget=budget)
    bought = budget // 7
    assert len(model.engine.requests) == 1 + bought
    assert response.usage.reasoning_tokens == 7 * bought <= budget and response.usage.output_tokens == 7


def test_a_sample_that_the_budget_cut_counts_for_nothing(models: Any) -> None:
    model = models("#### 7", "We count them one by one and so we find that there are\n#### 8")
    response = model.generate("How many?", strategy="sample", reasoning_budget=5)
    assert response.text == "#### 7" and response.usage.reasoning_tokens <= 5
    assert decision(model, response)["drawn"] == 1 and "agreement" not in response.confidence.signals


def test_an_answer_that_reckons_wrongly_has_no_vote_and_is_told(models: Any) -> None:
    wrong, right = "3 + 4 = 8\n#### 8", "3 + 4 = 7\n#### 7"
    model = models(wrong, wrong, right, right)
    response = model.generate("How many?", strategy="sample", reasoning_budget=100)
    assert (response.text, response.losses, len(model.engine.requests)) == (right, (), 4)
    only = models(wrong, wrong).generate("How many?", strategy="sample", reasoning_budget=8)
    assert only.text == wrong
    assert [loss.kind for loss in only.losses] == ["arithmetic", "not_counted"]
    assert only.losses[0].detail == "3 + 4 = 8: that is 7"


def test_without_a_budget_it_is_said_that_nothing_is_sampled(models: Any) -> None:
    response = models(SUM.format(7)).generate("How many?", strategy="sample")
    assert [(loss.kind, loss.part) for loss in response.losses] == [("not_sampled", "strategy='sample'")]


@pytest.mark.usefixtures("unsure")
def test_data_are_sampled_too_and_words_only_once(models: Any, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("The bridge was built by Anna Marbury. The mill was built by Tom Quillon.")
    tom, anna = '{"answer": "Tom Quillon"}', '{"answer": "Anna Marbury"}'
    model = models(tom, anna, '{"answer": "anna marbury"}', anna, anna)
    asked = ["Who was the bridge built by?", story]
    response = model.generate(asked, strategy="sample", reasoning_budget=99, schema=ONE)
    assert response.data == {"answer": "Anna Marbury"} and response.claims[0].citations
    both = models("It was built by Anna Marbury [1].", "Anna Marbury built it [1].", anna)
    modes = {"output_modes": ["text", "structured_json"], "schema": ONE, "strategy": "sample", "reasoning_budget": 9}
    assert both.generate(asked, **modes).data == {"answer": "Anna Marbury"}
    assert [each.constraint is None for each in both.engine.requests].count(False) == 1


def test_no_risk_is_promised_of_it(models: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="promises nothing of strategy='sample'"):
        models("x").generate(["?", tmp_path], strategy="sample", max_risk=0.1)


def test_when_it_is_settled() -> None:
    assert [settled(each) for each in ([1], [2], [1, 1], [2, 1], [3, 1], [4, 1], [3, 3, 1])] == [
        *(False, True, False, False, False, True, False)
    ]
    # Beta(3, 2) above one half: 1 - (C(4, 3) + C(4, 4)) / 16
    assert stays_ahead(2, 1) == pytest.approx(11 / 16)
    assert all(math.isclose(stays_ahead(a, b) + stays_ahead(b, a), 1) for a in range(6) for b in range(6))


def test_what_an_answer_comes_to() -> None:
    assert conclusion("3 + 4 = 7\n#### 7") == "7"
    assert conclusion("So the answer is: Anna [2].") == "Anna"
    assert conclusion("thus \\boxed{12}.") == "12"
    assert conclusion("#### $1,200.50 a year") == "$1,200.50" and conclusion("the answer is 7 pears") == "7 pears"
    assert conclusion("Anna did it [1].") == "Anna did it ."
    assert conclusion("#### 15 (of 30)") == "15"


@pytest.mark.parametrize(
    "said", ["3 1/2", "3¾", "3 million", "12-15", "2:30", "5 x 10^3", "1 500", "3 hours and 20 minutes"]
)
def test_what_goes_on_behind_its_first_number_is_more_than_that(said: str) -> None:
    assert conclusion(f"So it is\n#### {said}") == said


def test_an_empty_answer_has_no_vote(models: Any) -> None:
    model = models(BROKEN, " ", *[BROKEN] * 3, SUM.format(7), " ")
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=200)
    assert response.text == SUM.format(7) and [each.kind for each in response.losses] == ["not_counted"]


def test_what_pays_falls_with_the_price_and_with_a_lead() -> None:
    prices = [pays([1, 1], each) for each in (0.0, 0.01, 0.1, 0.4)]
    assert prices == sorted(prices, reverse=True) and prices[0] and not prices[-1]
    assert pays([1], 0.03) and not pays([2], 0.03) and not pays([1], 0.06)
    assert pays([2], 0.001) and not pays([4], 0.001) and not pays([8], 0.0), "eight are the most"


def test_a_budget_of_auto_buys_while_it_pays(models: Any) -> None:
    told = {"strategy": "sample", "reasoning_budget": "auto"}
    model = models(SUM.format(7), SUM.format(8), *[SUM.format(7)] * 5)
    response = model.generate("How many?", **told)
    assert decision(model, response)["drawn"] > 2 and response.text == SUM.format(7)
    assert 0 < response.usage.reasoning_tokens < AUTO
    long = "so " * round(0.06 / PRICE)
    dear = models(long + SUM.format(7), SUM.format(7))
    dear.generate("How many?", **told, max_output_tokens=2000)
    assert len(dear.engine.requests) == 1, "another one costs more than it is expected to bring"


def test_a_budget_of_auto_buys_nothing_where_nothing_is_to_be_gained(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("The trial ran for six weeks.")
    model = models("The trial ran for six weeks [1].")
    response = model.generate(["How did the trial go?", path], reasoning_budget="auto")
    assert len(model.engine.requests) == 1 and response.usage.reasoning_tokens == 0
    with pytest.raises(UsageError, match="buys nothing for strategy='verify'"):
        model.generate(["How did the trial go?", path], reasoning_budget="auto", strategy="verify")


PROBLEM = "Ann has 3 apples and buys 4 more. How many has she? Write the number after ####."
PROGRAM = "```python\nanswer = 3 + 4\n```"
OTHER_PROGRAM = PROGRAM.replace("3", "5")
BROKEN = "```python\nanswer = 1 / 0\n```"


def test_a_problem_is_asked_as_a_program_and_behind_examples_and_two_that_agree_settle_it(models: Any) -> None:
    model = models(PROGRAM, SUM.format(7))
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=200)
    asked = model.engine.requests
    assert response.text == SUM.format(7), "of those that agree one in words"
    assert response.confidence.signals["agreement"] == 1.0 and decision(model, response)["drawn"] == 2
    assert response.losses == () and {*response.usage.written} == {"answer", "sample"}
    written = (response.usage.output_tokens, response.usage.reasoning_tokens)
    assert written == (response.usage.written["answer"], response.usage.written["sample"])
    assert [each.constraint is not None for each in asked] == [True, False]
    assert all(len(each.messages) > 2 and each.sampling.temperature == 0 for each in asked)


def test_where_they_differ_programs_are_drawn_and_the_answer_itself_comes_last(models: Any) -> None:
    model = models(PROGRAM, SUM.format(1), BROKEN, OTHER_PROGRAM, OTHER_PROGRAM, "There are 7.\n#### 7")
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=2000)
    asked = model.engine.requests
    assert response.text == "There are 7.\n#### 7" and decision(model, response)["drawn"] == 5
    assert [each.sampling.temperature for each in asked] == [0.0, 0.0, 0.7, 0.7, 0.7, 0.0]
    assert [each.constraint is not None for each in asked] == [True, False, True, True, True, False]
    assert [len(each.messages) > 2 for each in asked] == [*[True] * 5, False]


def test_two_votes_ahead_settle_it_and_a_program_is_given_with_what_it_computes(models: Any) -> None:
    model = models(PROGRAM, SUM.format(1), PROGRAM, PROGRAM, PROGRAM)
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=2000)
    assert response.text == "answer = 3 + 4  # 7\n#### 7" and len(model.engine.requests) == 4
    assert response.usage.written["answer"] == response.usage.output_tokens > 0


def test_where_all_differ_the_program_is_given(models: Any) -> None:
    programs = [PROGRAM.replace("3", str(each)) for each in (5, 6, 7, 8)]
    model = models(programs[0], SUM.format(1), *programs[1:], SUM.format(2))
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=2000)
    assert response.text.endswith("#### 9") and response.confidence.signals["agreement"] == 0.0
    assert len(model.engine.requests) == 6 and decision(model, response)["agree"] == 1


def test_a_budget_too_small_for_both_ways_goes_to_programs_behind_the_answer(models: Any) -> None:
    model = models(SUM.format(1), PROGRAM, PROGRAM, PROGRAM)
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=90)
    assert response.text.endswith("#### 7"), "three of them against one answer"
    assert [each.constraint is not None for each in model.engine.requests] == [False, True, True, True]


@pytest.mark.parametrize("error", [EngineError("it is gone"), BudgetError("no room")])
def test_where_the_answer_itself_fails_the_most_of_the_votes_is_given(models: Any, error: Exception) -> None:
    programs = [PROGRAM.replace("3", str(each)) for each in (5, 6, 7)]

    def fails(asked: Request) -> str:
        raise error

    model = models(PROGRAM, SUM.format(1), *programs, fails)
    assert model.generate(PROBLEM, strategy="sample", reasoning_budget=2000).text.endswith("#### 7")


def test_at_a_price_other_ways_are_asked_where_they_pay(models: Any) -> None:
    model = models(PROGRAM, SUM.format(7))
    assert model.generate(PROBLEM, reasoning_budget="auto").text == SUM.format(7)
    assert all(pays([1], PRICE * most) for most in (250, LONGEST)), "also where one is as long as it may be"


def test_where_no_way_gives_anything_it_is_answered_all_the_same(models: Any) -> None:
    model = models(BROKEN, "3 + 4 = 9\n#### 9", *[BROKEN] * 3, SUM.format(7), "3 + 4 = 9\n#### 9")
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=300)
    assert response.text == SUM.format(7)
    assert [each.detail for each in response.losses if each.kind == "not_counted"]


@pytest.mark.parametrize("budget", [{"tokens": 9000}, {"seconds": 3600}])
def test_an_ample_budget_changes_nothing(models: Any, budget: dict[str, int]) -> None:
    model = models(PROGRAM, SUM.format(7))
    assert model.generate(PROBLEM, strategy="sample", reasoning_budget=200, budget=budget).text == SUM.format(7)
    assert [each.constraint is not None for each in model.engine.requests] == [True, False]


@pytest.mark.parametrize("budget", [{"tokens": 2000}, {"seconds": 60}])
def test_where_tokens_or_time_are_short_the_answer_comes_first(models: Any, budget: dict[str, int]) -> None:
    model = models(SUM.format(7), PROGRAM)
    response = model.generate(PROBLEM, strategy="sample", reasoning_budget=200, budget=budget)
    assert response.text == SUM.format(7) and decision(model, response)["drawn"] == 2
    assert [len(each.messages) > 2 for each in model.engine.requests] == [False, True]


def test_where_other_ways_do_not_fit_the_first_is_drawn_again(private_home: Path) -> None:
    with Model(Scripted([SUM.format(7)] * 2, context_tokens=300), Store()) as model:
        response = model.generate(PROBLEM, strategy="sample", reasoning_budget=200, max_output_tokens=50)
        assert [len(each.messages) for each in model.engine.requests] == [2, 2]
    assert response.text == SUM.format(7)


def test_a_token_budget_that_does_not_hold_other_ways_holds_draws_of_the_first(models: Any) -> None:
    model = models(SUM.format(8), *[SUM.format(7)] * 4)
    told = {"strategy": "sample", "reasoning_budget": 200, "budget": {"tokens": 400}, "max_output_tokens": 50}
    assert model.generate(PROBLEM, **told).text == SUM.format(7)


@pytest.mark.parametrize(
    "more", [{"system": "A dozen is 13 here."}, {"messages": [{"role": "user", "content": "Ann has 10 apples."}]}]
)
def test_what_was_said_before_is_not_left_out(models: Any, more: dict[str, Any]) -> None:
    model = models(*[SUM.format(each) for each in (1, 2, 7, 7, 7, 7)])
    model.generate(PROBLEM, strategy="sample", reasoning_budget=200, **more)
    first = model.engine.requests[0].messages
    assert len(model.engine.requests) > 2 and all(each.messages == first for each in model.engine.requests)
