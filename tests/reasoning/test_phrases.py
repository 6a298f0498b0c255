"""Sentences of our own: every language has all of them, and a question gets those of its own language."""

import json
from importlib.resources import files
from string import Formatter

import pytest

from omniloom.reasoning.phrases import every, is_withheld, language, phrase, says_disagreement

PHRASES = json.loads((files("omniloom.reasoning") / "phrases.json").read_text(encoding="utf-8"))
ASKED = {
    "en": [
        "Who wrote La Peste?",
        "What does Москва mean?",
        "Was the company founded in 1990?",
        "Total?",
        "What is 改善?",
    ],
    "de": ["Wer schrieb den Bericht?", "Nenne das Datum der Rechnung", "Was kostet die Miete?"],
    "fr": ["Qui a écrit le rapport ?", "Combien d’habitants la ville a-t-elle ?", "Résume le document"],
    "es": ["¿Quién escribió el informe?", "¿En qué año nació?"],
    "pt": ["Quem escreveu o relatório?", "Em que ano nasceu?"],
    "it": ["Chi ha scritto il rapporto?", "Qual è l'importo totale della fattura?"],
    "nl": ["Wie schreef het rapport?", "In welk jaar is hij geboren?"],
    "pl": ["Kto napisał raport?", "W którym roku się urodził?"],
    "ro": ["Cine a scris raportul?", "În ce an s-a născut?"],
    "tr": ["Raporu kim yazdı?", "Hangi yılda doğdu?"],
    "vi": ["Ai đã viết báo cáo?"],
    "ru": ["Кто написал отчёт?"],
    "el": ["Ποιος έγραψε την έκθεση;"],
    "ar": ["من كتب التقرير؟"],
    "hi": ["रिपोर्ट किसने लिखी?"],
    "th": ["ใครเขียนรายงาน"],
    "zh": ["2024年的GDP是多少？"],
    "ja": ["報告書を書いたのは誰ですか？"],
    "ko": ["보고서를 누가 썼습니까?"],
}


@pytest.mark.parametrize(("code", "question"), [(code, each) for code, asked in ASKED.items() for each in asked])
def test_a_question_is_known_by_its_words(code: str, question: str) -> None:
    assert language(question) == code


def test_a_title_in_quotation_marks_does_not_decide() -> None:
    assert language('Who wrote "Die Verwandlung der Welt und was dann"?') == "en"
    assert language("Wer schrieb „The Origin of the Species and what it was“?") == "de"


def test_every_language_has_every_sentence_with_the_places_of_the_english_one() -> None:
    assert PHRASES.keys() == ASKED.keys()
    for told in PHRASES.values():
        assert told.keys() == PHRASES["en"].keys()
        for name in ("not_answered", "failed", "withdrawn", "too_uncertain", "instead", "disagree", "more_rows"):
            places, wanted = (
                [each[1] for each in Formatter().parse(one[name]) if each[1]] for one in (told, PHRASES["en"])
            )
            assert sorted(places) == sorted(wanted) and told[name].strip()


def test_they_are_known_again() -> None:
    for words in (*every("not_answered"), *every("too_uncertain")):
        assert is_withheld(f"It is so [1].\n{words}")
    assert not is_withheld("The sources do not say it.")
    for questions in ASKED.values():
        sides = {"first": "a.txt", "one": "“1” [1]", "second": "{b}.txt", "other": "“2” [2]"}
        told = phrase("disagree", questions[0], **sides)
        assert says_disagreement(f"So [1].\n{told}") and all(each in told for each in sides.values())
    assert not says_disagreement("a.txt says “1”.")
