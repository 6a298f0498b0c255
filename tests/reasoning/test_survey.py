"""Which requests are about the sources as a whole."""

from dataclasses import replace

import pytest

from omniloom.core.values import Message, Part
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.prompts import Task
from omniloom.reasoning.survey import is_broad

PARTS = tuple(Part(kind="pdf", id=name, name=f"{name}.pdf", path="/none") for name in "ab")
TASK = Task(said="", parts=PARTS, passages=Passages((), {}))


@pytest.mark.parametrize(
    "said",
    [
        "Analyze this paper ⟨A: a.pdf⟩ and cross-reference it with ⟨B: b.pdf⟩",
        "Please summarise the files.",
        "Read these and compare them.",
        "Where do the sources disagree?",
        "What does each source say about the price?",
        "Vergleiche die beiden Dateien.",
        "Fasse die Dokumente zusammen.",
        "",
    ],
)
def test_a_request_to_go_through_the_sources_is_broad(said: str) -> None:
    assert is_broad(replace(TASK, said=said))
    assert not is_broad(replace(TASK, said=said, parts=PARTS[:1]))
    assert not is_broad(replace(TASK, said=said, history=(Message(role="user", content=("What?",)),)))


@pytest.mark.parametrize(
    "said",
    [
        "In which year was the annual report published?",
        "According to the report, how long did the trial run?",
        "Who did the Red Cross appoint?",
        "What is the difference between 820 and 410?",
        "Which agreement did Bosch sign?",
        "Who reviewed the paper?",
        "How many crossings are there?",
    ],
)
def test_a_plain_question_is_not(said: str) -> None:
    assert not is_broad(replace(TASK, said=said))
