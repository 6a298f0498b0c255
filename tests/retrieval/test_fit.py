"""Choosing what fits: the best passages by their words, headings paid once a source."""

from collections.abc import Sequence
from typing import Any, cast

from omniloom.core.protocols import Run
from omniloom.core.values import Segment
from omniloom.retrieval.fuse import fit
from omniloom.retrieval.lexical import bm25


def split(text: str) -> list[str]:
    return text.lower().split()


class Noted:
    """What `fit` needs of a Run: its decisions are noted."""

    def note(self, name: str, **attributes: object) -> None:
        del name, attributes


def chosen(question: str, sources: Sequence[str], room: int, heading: int = 0) -> list[int]:
    segments = [Segment(source=f"{i}", content=text, made_by="test") for i, text in enumerate(sources)]
    costs = [len(split(text)) for text in sources]
    run = cast("Run", cast("Any", Noted()))
    headings = {segment.source: heading for segment in segments}
    return fit(question, segments, costs, headings, room, run, words=split, dense=False)


def test_words_that_few_texts_hold_count_most() -> None:
    scores = bm25(["loom", "the"], [["the", "loom"], ["the", "sky"], ["a", "sky"]])
    assert scores[0] > scores[1] > scores[2] == 0


def test_all_are_shown_in_order_where_they_fit_and_the_best_where_not() -> None:
    texts = ["the sky is blue", "the loom has threads", "the sea is wide"]
    assert chosen("how many threads has the loom", texts, room=12) == [0, 1, 2]
    assert chosen("how many threads has the loom", texts, room=4) == [1]


def test_a_heading_is_paid_once_for_each_source() -> None:
    texts = ["the sky is blue", "the loom has threads", "the sea is wide"]
    assert chosen("threads loom", texts, room=14, heading=1) == [0, 1]
    assert chosen("threads loom", texts, room=15, heading=1) == [0, 1, 2]
