"""Whether a quoted word stands in several sources: it is cited in each that has it, where the verdict follows."""

import pytest

from omniloom.core.locators import Locator
from omniloom.core.values import Segment
from omniloom.reasoning.evidence import find_value, is_said_of
from omniloom.reasoning.ground import Passages
from omniloom.reasoning.joined import is_verdict
from omniloom.reasoning.mentioned import in_several, spoken_of

NAMES = {"r": "recording-1.wav", "d": "doctor_who-1.pdf", "t": "receipt-3.jpg"}
ASKED = "Is the word “{}”, which is spoken in the recording, also in the document? Answer yes or no."


def sources() -> Passages:
    spoken = Segment(source="r", content="it has been raining", locator=Locator(time=(0, 3)), made_by="asr/1")
    page = Segment(source="d", content="The Doctor has been\nplayed by many.", locator=Locator(page=1), made_by="pdf/1")
    bill = Segment(source="t", content="INVOICE NO 7, raining discounts", made_by="ocr/1")
    return Passages((spoken, page, bill), NAMES)


@pytest.mark.parametrize(
    ("word", "verdict", "cited"),
    [
        ("been", "yes", ["r", "d"]),
        ("been", "no", None),
        ("raining", "No.", ["r"]),  # the receipt has it, but nobody asked of that
        ("raining", "yes", None),
        ("sun", "no", None),
        ("been", "perhaps", None),
        ("sun", False, None),
        ("been", True, ["r", "d"]),
    ],
)
def test_each_source_that_has_the_word_is_cited(word: str, verdict: object, cited: list[str] | None) -> None:
    shown = sources()
    found = in_several(verdict, shown, ASKED.format(word))
    places = None if found is None else [shown.segments[each.index].source for each in found.quotes]
    assert places == cited
    if found is not None:  # a "no" may be wrong of what was not shown, and stays marked
        assert found.open == (cited == ["r"]) and (found.open or found.derived.startswith(f"“{word}” in recording-1"))


def test_without_a_quoted_word_or_a_second_source_nothing_follows() -> None:
    assert in_several("yes", sources(), "Is the recording also a document?") is None
    assert in_several("yes", sources(), "Is the word “been” missing from both the recording and the document?") is None
    assert in_several("yes", sources(), "Is the word “been” also in the document?") is None
    assert in_several("yes", sources(), "Are “it” and “been” both in the recording and the document?") is None


@pytest.mark.parametrize(
    ("value", "question", "verdict"),
    [
        ("yes", "Is it open?", True),
        ("No", "The document names a number. Is it larger than 7? Answer yes or no.", True),
        ("nein", "Antworte ja oder nein: ist es offen?", True),
        ("no", "Which word stands before the 7?", False),
        ("7", "Is it open?", False),
    ],
)
def test_verdicts(value: str, question: str, verdict: bool) -> None:
    assert is_verdict(value, question) == verdict


def test_a_verdict_stands_where_what_was_asked_stands_beside_it() -> None:
    shown = Passages((Segment(source="t", content="Invoice no 7\nGST included: no", made_by="ocr/1"),), NAMES)
    numbered = Passages((Segment(source="t", content="TAX INVOICE No: 1234 GST included 6 %", made_by="ocr/1"),), NAMES)
    asked = "Is GST included in the invoice?"
    assert not is_said_of(find_value("/answer", "no", numbered, asked), asked, numbered)
    for question, said in (("Is GST included?", True), ("Is the first digit of the total even?", False)):
        assert is_said_of(find_value("/answer", "no", shown, question), question, shown) == said


def test_of_several_places_the_one_with_the_words_of_the_question_is_cited() -> None:
    filler = "Nothing else was told of that year by anybody who had been there or had read of it in any paper. " * 3
    text = f"The mill was built in 1888. {filler}The bridge was opened in 1888."
    shown = Passages((Segment(source="d", content=text, made_by="text/1"),), {"d": "a.txt"})
    for question, place in (("When was the bridge opened?", text.rindex("1888")), ("When was the mill built?", 22)):
        assert find_value("/answer", "1888", shown, question).quotes[0].start == place


BILL = ("RECEIPT NO 17", "Tea 2.50", "SUBTOTAL RM 70.00", "TOTAL RM72.75", "THANK YOU")


def bundle() -> Passages:
    lines = [Segment(source="t", content=line, made_by="ocr/1") for line in BILL]
    digits = Segment(source="r", content="nine, two, four", locator=Locator(time=(0, 3)), made_by="asr/1")
    page = Segment(source="d", content="Oil was dear. In 1973 it cost more.", locator=Locator(page=1), made_by="pdf/1")
    return Passages((*lines, digits, page), NAMES)


def test_a_verdict_that_follows_by_no_rule_cites_what_the_question_speaks_of() -> None:
    shown = bundle()
    question = "Is the first digit of the total of the receipt among the digits read out in the recording?"
    found = spoken_of(question, ["t", "r"], shown)
    assert found is not None and found.open
    quotes = [shown.segments[each.index].text[each.start : each.end] for each in found.quotes]
    assert quotes == ["TOTAL RM72.75", "nine, two, four"]
    assert spoken_of(question, ["t"], shown) is None  # one source: the answer would stand in it
    sentence = spoken_of("In the document, what did oil cost in 1973, and what is the total?", ["d", "t"], shown)
    assert sentence is not None and [each.start for each in sentence.quotes] == [14, 0]
