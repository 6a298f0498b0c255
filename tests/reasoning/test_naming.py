"""What prompts call passages and sources, said again as the user counts."""

import pytest

from omniloom.core.values import Part, Segment
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.naming import Naming, counts, mentions
from omniloom.reasoning.prompts import Task, request

PARTS = tuple(Part(kind="text", id=name, name=f"{name}.txt", path="/none") for name in "pqr")
# Of p and r one passage each, of q two; the prompt shows q, r, p.
SEGMENTS = tuple(Segment(source=name, content=f"{name} {at}", made_by="text/1") for at, name in enumerate("pqqr"))
TASK = Task(said="?", parts=PARTS, passages=Passages(SEGMENTS, {}), order=(1, 2, 0))
NAMING = TASK.naming


def test_prompts_number_and_letter_in_their_own_order() -> None:
    assert TASK.numbers == [4, 1, 2, 3]
    assert TASK.letters == {"q": "A", "r": "B", "p": "C"}
    text = request(TASK, "?").messages[1].text
    assert [line.split(" (")[0] for line in text.splitlines() if line] == [
        *("=== Source A: q.txt", "[1] q 1", "[2] q 2", "=== Source B: r.txt", "[3] r 3", "=== Source C: p.txt"),
        *("[4] p 0", "?"),
    ]
    assert "=== Source B: r.txt (text) ===\n[3] r 3" in request(TASK, "?", only=PARTS[2]).messages[1].text


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("It is red [1]. It is blue [4, 3].", "It is red [2]. It is blue [1, 4]."),
        ("All of them say so [1-3].", "All of them say so [2, 3, 4]."),
        ("In `a[1]` and in [2019], see [1](x) [5].", "In `a[1]` and in [2019], see [1](x) [5]."),
        ("Source A and source C differ.", "Source B and source A differ."),
        ("Sources A, B and C agree", "Sources B, C and A agree"),
        ("SOURCES A/B, passages 1-3 and 4", "SOURCES B/C, passages 2, 3, 4 and 1"),
        ("Source 1 says it, source 3 does not.", "Source 2 says it, source 1 does not."),
        ("Quelle B nennt es, la fuente A también, 来源C没有.", "Quelle C nennt es, la fuente B también, 来源A没有."),
        ("Passage 2 names 2 sources of water, passage 9 none.", "Passage 3 names 2 sources of water, passage 9 none."),
        ("Source And, source Apple, resource A, source A1", "Source And, source Apple, resource A, source A1"),
    ],
)
def test_what_a_model_says_is_said_as_the_user_counts(said: str, meant: str) -> None:
    assert NAMING.said(said) == meant
    assert Naming().said(said) == Naming().asked(said) == said


def test_words_go_back_into_a_prompt_as_it_counts() -> None:
    said = "Source A says it in passage 3 [1], sources B and C do not."
    assert NAMING.asked(NAMING.said(said).replace("[2]", "[1]")) == said


def test_a_pointer_decides_between_equal_passages() -> None:
    """Of two passages that say the same the model's choice is cited, and the user's first without one."""
    closed = "The mill is closed on Sundays."
    told = [("p", closed), ("q", "Water."), ("q", "Wind."), ("r", closed)]
    passages = Passages([Segment(source=name, content=text, made_by="text/1") for name, text in told], {})
    for naming, pointer, cited in ((NAMING, " [3]", 3), (NAMING, " [4]", 0), (Naming(), " [4]", 3), (NAMING, "", 0)):
        writer = ClaimWriter(passages, PARTS, naming=naming)
        assert not list(writer.feed(f"The mill is closed on Sundays{pointer}.")) and list(writer.finish())
        assert [citation.segment for citation in writer.claims[0].citations] == [cited], (pointer, cited)
        assert writer.text == "The mill is closed on Sundays [1]."


@pytest.mark.parametrize(
    "said",
    [
        *("What does the second say?", "Compare the last with the others", "Is file 2 newer?", "Is document B newer?"),
        *("Wann wurde die erste gebaut?", "Que dit le deuxième ?", "¿Y el último?", "第二份文件", "두 번째 파일"),
        *("Name the letter of the source", "Which passage says it?", "Что во втором файле?", "O que diz o segundo?"),
    ],
)
def test_words_that_may_count_sources_are_heard(said: str) -> None:
    assert counts(said)


@pytest.mark.parametrize(
    "said",
    [
        *("How many jobs per second?", "When was the mill built?", "Wie hoch ist der Turm?", "¿Cuándo fue construido?"),
        *("Quelle est la hauteur de la tour ?", "这座塔有多高？", "Summarise the files.", "What does each report say?"),
    ],
)
def test_plain_questions_count_nothing(said: str) -> None:
    assert not counts(said) and not mentions([said])


def test_fields_that_ask_for_a_source_count() -> None:
    assert counts("When?", '{"source": "<text>"}') and counts("When?", '{"passage_number": <integer>}')
    assert not counts("When?", '{"first_name": "<text>", "year": <integer>}')
    assert mentions(["as Source B has it"]) and not mentions(["the sources of the Rhine", "source code"])
