"""Raw signals: what they are made of, and that what is not there is not in them."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniloom.core.values import Completion, Segment, TokenLogprob
from omniloom.outputs.structured_json import leaves
from omniloom.reasoning.answerable import asked, can_tell
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.judge import probability
from omniloom.reasoning.signals import agreement, leaf_spans, of_tokens, values


def token(text: str, logprob: float, *top: tuple[str, float]) -> TokenLogprob:
    return TokenLogprob(token=text, logprob=logprob, top=top)


def test_only_the_tokens_of_the_span_count_and_forced_ones_do_not() -> None:
    made = [
        token('{"a": "', 0.0),
        token("six", math.log(0.5), ("six", math.log(0.5)), ("two", math.log(0.3))),
        token(" weeks", math.log(0.25), (" weeks", math.log(0.25)), (" days", math.log(0.2))),
        token('"}', -9.0),
    ]
    found = of_tokens(made, leaf_spans('{"a": "six weeks"}').values())
    assert found["answer_tokens"] == 2
    assert found["logprob_min"] == pytest.approx(math.log(0.25), abs=1e-5)
    assert found["logprob_mean"] == pytest.approx((math.log(0.5) + math.log(0.25)) / 2, abs=1e-5)
    assert found["margin"] == pytest.approx((0.2 + 0.05) / 2, abs=1e-5)
    assert of_tokens(made)["logprob_min"] == -9.0
    assert of_tokens([]) == {} and "margin" not in of_tokens([token("six", -1.0)])
    assert of_tokens([token("yes", 0.0)])["logprob_mean"] == 0.0  # where all is forced, that is what there is


_JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, st.sampled_from([None, 2]))
def test_every_leaf_of_any_json_is_found_where_it_is_written(data: Any, indent: int | None) -> None:
    text = json.dumps(data, indent=indent)
    spans = leaf_spans(text)
    told = dict(leaves(data))
    assert spans.keys() == told.keys()
    for pointer, (start, end) in spans.items():
        written = text[start:end]
        assert json.loads(f'"{written}"' if isinstance(told[pointer], str) else written) == told[pointer]


def test_samples_agree_by_what_they_mean() -> None:
    assert agreement("six weeks", []) is None
    assert agreement("The trial ran six weeks.", ["the trial ran 6 weeks", "Six weeks"]) == pytest.approx(5 / 6)
    assert agreement("Denver Broncos", ["the Broncos"]) == pytest.approx(2 / 3)
    assert agreement("1,024", ["1024", "1025"]) == 0.5
    assert values('{"a": "six", "b": [1, null]}') == "six; 1; null"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5 km", "5 miles"),
        ("3 kg and 5 km", "3 km and 5 kg"),
        ("Quillon beat Marbury.", "Marbury beat Quillon."),
        ("Quillon defeated Marbury.", "Quillon was defeated by Marbury."),
        ("The toll is abolished.", "The toll is not abolished."),
        ("The toll is abolished.", "The toll isn't abolished."),
        ("from Paris to Rome", "to Paris from Rome"),
        ("Yes", "No"),
        ("over 5 years old trees", "under 5 years old trees"),
    ],
)
def test_samples_that_say_the_opposite_do_not_agree(one: str, other: str) -> None:
    assert agreement(one, [other]) == 0.0 and agreement(one, [one, one.upper()]) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [("5 km", "5"), ("1,024 jobs", "1024 jobs"), ("by Anna Marbury", "Anna Marbury"), ("5 percent", "5 %"),
     ("five million", "5,000,000"), ("It is not abolished", "It isn't abolished")],
)  # fmt: skip
def test_samples_that_leave_out_or_spell_otherwise_agree(one: str, other: str) -> None:
    assert agreement(one, [other]) == agreement(other, [one]) == 1.0


def test_the_judge_reads_the_first_token() -> None:
    def said(*top: tuple[str, float]) -> Completion:
        return Completion(text="yes", logprobs=(token("yes", -0.1, *top),))

    assert probability(said(("Yes", math.log(0.6)), (" no", math.log(0.2)), ("Hm", math.log(0.1)))) == pytest.approx(
        0.75
    )
    assert probability(said(("yes", math.log(0.3)), ("Yes", math.log(0.3)))) == pytest.approx(1.0)
    assert probability(said(("Perhaps", -0.1))) is None
    assert probability(Completion(text="yes", logprobs=(token("yes", -0.1),))) is None


STORY = (
    "The bridge over the river was built by Anna Marbury in 1848. It has eleven arches, and nobody pays a toll for it."
)


def shown(text: str, name: str = "story.txt", context: str = "") -> Passages:
    return Passages((Segment(source="a", content=text, context=context, made_by="test"),), {"a": name})


def test_a_source_that_answers_has_the_words_of_the_question() -> None:
    there = shown(STORY)
    assert asked("Who built the bridge over the river?", [0], there) == 1.0
    assert asked("What is the capital of Portugal and its population?", [0], there) == 0.0
    assert asked("And the bridging of rivers?", [0], there) == 1.0  # another word of the family
    assert can_tell("What is the capital of Portugal and its population?", [0], there)
    assert asked("Who?", [0], there) is None


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Wer hat die Brücke über den Fluss gebaut?", STORY),  # another language has other words
        ("What is the company and its address?", "TAN WOON YANN\nNo 12, Jalan 3\nTOTAL RM 9.00"),  # no prose
        ("What does the paper say?", STORY),  # words about the source, which need not stand in it
        ("Explain the economic consequences.", STORY),  # no question
    ],
)
def test_where_words_tell_nothing_it_says_so(question: str, text: str) -> None:
    assert not can_tell(question, [0], shown(text))
