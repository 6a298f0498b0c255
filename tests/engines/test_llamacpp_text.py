"""From tokens to text: whole characters, stop strings across tokens, thoughts that end by themselves."""

import random

import pytest

from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.answer import Answer, Asked, Thinking
from omniloom.engines.llamacpp.loop.grammar import Grammars
from omniloom.engines.llamacpp.loop.text import Text
from omniloom.engines.llamacpp.native.weights import Weights


def said(text: Text, pieces: list[bytes]) -> tuple[str, bool]:
    out, stopped = "", False
    for piece in pieces:
        stopped = text.add(piece, -1.0)
        out += "".join(note.text for note in text.take())
        if stopped:
            break
    if not stopped:
        text.end()
    return out + "".join(note.text for note in text.take()), stopped


@pytest.mark.parametrize("seed", range(40))
def test_however_it_is_cut_the_text_ends_at_the_first_stop(seed: int) -> None:
    chance = random.Random(seed)
    whole = "".join(chance.choice(["a", "b", "ab", "é", "😀", "\n", "織", "aab"]) for _ in range(60))
    stops = [stop for stop in (whole[20:23], "aabb", "😀\n", "zz") if stop]
    data, pieces = whole.encode(), []
    while data:
        length = chance.choice([1, 1, 2, 3, 5, 9])
        pieces, data = [*pieces, data[:length]], data[length:]
    first = min((at for stop in stops if (at := whole.find(stop)) >= 0), default=len(whole))
    assert said(Text(stops), pieces) == (whole[:first], first < len(whole))


def test_what_may_become_a_stop_is_held_back() -> None:
    text = Text(["###"])
    assert not text.add(b"one #", -1.0) and text.take() == []
    assert not text.add(b"# two", -1.0) and "".join(note.text for note in text.take()) == "one ## two"
    assert text.add(b"#", -1.0) or not text.take()


def test_half_a_character_is_no_text() -> None:
    text = Text()
    text.add("é".encode()[:1], -1.0)
    assert text.take() == []
    text.add("é".encode()[1:], -2.0)
    assert [(note.text, note.logprob) for note in text.take()] == [("", -1.0), ("é", -2.0)]


def wanted(weights: Weights, token: int) -> object:
    import numpy as np

    logits = np.zeros(weights.tokens, dtype=np.float32)
    logits[token] = 9
    return logits


def feed(weights: Weights, answer: Answer, text: str) -> list[list[int]]:
    """What is appended for each token of `text`, when the model wants just that."""
    tokens = [3 + byte for byte in text.encode()]  # the tiny model's tokens are bytes
    return [answer.next(wanted(weights, token)).tokens for token in tokens]


def test_a_thought_that_closes_itself_keeps_its_own_tag(weights: Weights) -> None:
    thinking = Thinking(budget=50, tag="</t>", close=(9, 9), after=(7,))
    answer = Answer(weights, Asked(limit=5, thinking=thinking))
    appended = feed(weights, answer, "hm</t>")
    assert appended[-1] == [3 + ord(">"), 7]
    assert answer.thought_tokens == 6
    feed(weights, answer, "yes")
    thought, notes = answer.news()
    assert (thought, "".join(note.text for note in notes)) == ("hm", "yes")


def test_a_thought_is_cut_at_its_budget(weights: Weights) -> None:
    thinking = Thinking(budget=4, tag="</t>", close=(9, 9), after=(7,))
    answer = Answer(weights, Asked(limit=5, thinking=thinking))
    assert feed(weights, answer, "long")[-1] == [3 + ord("g"), 9, 9]
    feed(weights, answer, "yes")
    assert (answer.thought_tokens, answer.said_tokens) == (4, 3)


def test_an_end_in_the_thought_closes_it(weights: Weights) -> None:
    answer = Answer(weights, Asked(limit=5, thinking=Thinking(4, "</t>", (9, 9), (7,))))
    assert answer.next(wanted(weights, 2)).tokens == [9, 9]
    assert answer.next(wanted(weights, 2)).reason == "stop"


def test_a_grammar_forces_and_forbids(weights: Weights) -> None:
    grammar = Grammars(weights).grammar('start: "ab" ("cd" | "xy") "!"')
    answer = Answer(weights, Asked(limit=20, grammar=grammar))
    assert answer.first().tokens == [3 + byte for byte in b"ab"]
    wrote = answer.next(wanted(weights, 3 + ord("q")))  # not allowed: the likeliest that is, is taken
    assert bytes(token - 3 for token in wrote.tokens) in (b"cd!", b"xy!")
    assert wrote.reason == "stop"
    assert answer.said_tokens == 5 and answer.forced_tokens == 4


def test_a_forced_text_keeps_to_the_limit(weights: Weights) -> None:
    grammar = Grammars(weights).grammar('start: "abcdefgh"')
    wrote = Answer(weights, Asked(limit=3, grammar=grammar)).first()
    assert (len(wrote.tokens), wrote.reason) == (3, "length")


def test_a_grammar_holds_for_drawn_tokens_too(weights: Weights) -> None:
    for seed in range(20):
        grammar = Grammars(weights).grammar('start: ("0" | "1"){6}')
        answer = Answer(weights, Asked(limit=20, grammar=grammar, sampling=Sampling(temperature=2.0), seed=seed))
        wrote, written = answer.first(), []
        while not wrote.reason:
            wrote = answer.next(wanted(weights, 40))
            written += wrote.tokens
        assert len(written) == 6 and set(written) <= {3 + ord("0"), 3 + ord("1")}
