"""What is right in a folder of one's own, case by case."""

import pytest

from omniloom.evaluation.saying import says

RIGHT = [
    # words
    ("The contract was signed by Ann Lee.", "Ann Lee"),
    ("ann lee", "Ann Lee"),
    ("It is Ann Lee's contract.", "Ann Lee"),
    ("The U.S. paid.", "US"),
    ("It is Vitamin A.", "vitamin A"),
    ("Der Vertrag kommt von der Müller GmbH.", "Müller GmbH"),
    ("C'est l'Université de Lyon.", "Université de Lyon"),
    ("Договор подписала Анна Ли.", "Анна Ли"),
    ("अनुबंध पर अन्ना ली ने हस्ताक्षर किए।", "अन्ना ली"),
    # numbers
    ("It holds 1,500 people.", "1500"),
    ("It holds 1500 people.", "1,500"),
    ("Es sind 1.500 Personen.", "1500"),
    ("Il y a 1 500 personnes.", "1500"),
    ("Es sind 1.234.567 Euro.", "1234567"),
    ("Es kostet 2,5 Euro.", "2.5"),
    ("It costs 2.50 dollars.", "$2.5"),
    ("It costs $2.50.", "2.50 dollars"),
    ("Sie zahlte 1.234,50 €.", "1234.5"),
    ("It rose by 15 percent.", "15%"),
    ("15", "15%"),
    ("Es stieg um 15 Prozent.", "15 %"),
    ("The ferry carries forty cars.", "40"),
    ("There were twenty-five.", "25"),
    ("It cost 1.5 million dollars.", "1500000"),
    ("It was −5 degrees.", "-5"),
    ("It is 15km away.", "15 kilometers"),
    ("It begins at 10:30.", "10:30"),
    ("On 12.05.2020.", "12.05.2020"),
    ("It was in 2019.", "2019"),
    # scripts without spaces
    ("合同由李明签署。", "李明"),
    ("答案是北京大学。", "北京大学"),
    ("契約書には田中太郎が署名しました。", "田中太郎"),
    ("ผู้ลงนามคือสมชายใจดี", "สมชายใจดี"),
    ("계약서는 김민수가 서명했다.", "김민수"),
    ("价格是1,500元。", "1500"),
    ("人口は15万人です。", "150000"),
    # what looks like a denial
    ("It is not Bob Ray, but Ann Lee.", "Ann Lee"),
    ("Nicht Bob, sondern Ann Lee hat unterschrieben.", "Ann Lee"),
    ("No later than 15 May.", "15 May"),
    ("It is No. 5.", "5"),
    ("No, it is 15.", "15"),
    ("The dog is not allowed.", "not allowed"),
    ("Hunde sind nicht erlaubt.", "nicht erlaubt"),
    ("No", "no"),
    ("他是李明，不是王伟。", "李明"),
]
WRONG = [
    ("It is 1.5.", "15"),
    ("It is 15.", "1.5"),
    ("It is 1,500.", "1.5"),
    ("It is 150.", "15"),
    ("It is 15.5.", "15"),
    ("Es sind 2,5 Euro.", "25"),
    ("It was -5 degrees.", "5"),
    ("It costs 5 euros.", "5 dollars"),
    ("It is 15 miles away.", "15 km"),
    ("It is the 15th.", "15"),
    ("It begins at 10:30.", "10"),
    ("On 12.05.2020.", "12"),
    ("The Annex", "Ann"),
    ("The code is K0ZZ.", "K0Z"),
    ("", "Ann Lee"),
    ("It was not Ann Lee.", "Ann Lee"),
    ("Ann Lee did not sign.", "Ann Lee"),
    ("Ann Lee didn't sign it.", "Ann Lee"),
    ("It never cost 15 dollars.", "15"),
    ("Ann Lee hat nicht unterschrieben.", "Ann Lee"),
    ("Ce n'est pas Anne Petit.", "Anne Petit"),
    ("No fue Juan Pérez.", "Juan Pérez"),
    ("Não foi João Silva.", "João Silva"),
    ("Non è Mario Rossi.", "Mario Rossi"),
    ("Это не Анна Ли.", "Анна Ли"),
    ("签字的不是李明。", "李明"),
    ("李明没有签字。", "李明"),
    ("田中さんは署名しませんでした。", "田中"),
    ("ไม่ใช่สมชาย", "สมชาย"),
    ("अन्ना ली ने हस्ताक्षर नहीं किए।", "अन्ना ली"),
    ("김민수가 아니다.", "김민수"),
    ("答案是上海。", "北京"),
    ("Dogs are allowed.", "not allowed"),
]


@pytest.mark.parametrize(("answer", "target"), RIGHT)
def test_it_is_said(answer: str, target: str) -> None:
    assert says(answer, target)


@pytest.mark.parametrize(("answer", "target"), WRONG)
def test_it_is_not_said(answer: str, target: str) -> None:
    assert not says(answer, target)


def test_an_answer_may_repeat_the_denial_of_the_question() -> None:
    assert says("France did not sign.", "France", "Which country did not sign?")
    assert not says("France did not sign.", "France", "Which country signed?")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("It was not until 1999 that it opened.", True),
        ("It didn't open until 1999.", True),
        ("No abrió hasta 1999.", True),
        ("There were not only 1999 of them.", True),
        ("It opened no later than 1999.", True),
        ("No fewer than 1999 came.", True),
        ("Nicht weniger als 1999 kamen.", True),
        ("It is no longer 1999.", False),
        ("Es ist nicht mehr 1999.", False),
        ("Until then it was not 1999.", False),
        ("It was not 1999 until noon.", False),
    ],
)
def test_a_bound_is_no_denial(answer: str, right: bool) -> None:
    assert says(answer, "1999") == right
