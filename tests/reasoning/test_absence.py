"""Which sentences say that the sources do not say it, and which deny something of the world."""

import pytest

from omniloom.reasoning.absence import says_absent

ABSENT = """\
I don't know.
The price is not given.
No price is given.
The answer is not in the passages.
The document lacks information about the price.
The sources give no price.
The price is unknown.
Das steht nicht im Text.
Es gibt keine Informationen über den Preis.
Der Text enthält keine Angaben zum Preis.
Im Dokument steht nichts dazu.
Der Preis wird nicht erwähnt.
No hay información sobre el precio.
El texto no dice el precio.
没有相关信息。
文档中没有价格信息。
无法从文中得知价格。
Il n'y a aucune information sur le prix.
Le document ne contient pas le prix.
価格についての情報はありません。
The color is not mentioned.
The document doesn't mention the color.
The color isn't given in the passages.
There is no information about the color.
Die Farbe wird nicht erwähnt.
La couleur n'est pas précisée.
El color no se menciona.
Цвет не указан.
未提及颜色。
色については記載がありません。
색상은 언급되지 않았습니다.
لم يذكر اللون.
रंग का उल्लेख नहीं है।
The passages do not mention who built it.
The text does not provide information about X.
The price of the loom in 2020 is not specified in the provided passages.
The source does not explicitly state the date.
It is not mentioned.
Not mentioned.
Not explicitly stated in the text.
The provided passages do not contain any information on this.
The capital of France is not mentioned in the passages.
It does not say.
The passage does not say how much it costs.
"""
CLAIMS = """\
The law does not apply in the United States; the fine is 99 dollars.
Do not exceed 99 mg per day as described.
The plan does not provide dental coverage.
The warranty does not cover water damage, but the seller provides 10 years.
The company did not disclose the breach until 2019.
The price does not include tax and is listed in the report as 99 euro.
Madrid, not Lisbon, is mentioned as the site.
Siemens did not provide the goods in time.
She never said that.
Der Kunde darf nicht mehr als 99 Euro zahlen, wie im Vertrag genannt.
No debe superar 99 mg, como se indica.
Il ne faut pas dépasser 99 mg, comme indiqué.
不说明理由，可以退款99元。
Die Firma hat den Preis nicht genannt.
该公司没有说明价格。
The company did not disclose that the price was 99 million dollars.
No side effects were reported.
The pump does not contain lead.
It has no roof.
"""


@pytest.mark.parametrize("sentence", ABSENT.splitlines())
def test_what_is_not_said_is_no_claim(sentence: str) -> None:
    assert says_absent(sentence)


@pytest.mark.parametrize("sentence", CLAIMS.splitlines())
def test_a_denial_is_a_claim(sentence: str) -> None:
    assert not says_absent(sentence)


def test_a_source_that_denies_it_makes_it_an_answer() -> None:
    assert not says_absent("The pump is not found in the report.", ["The pump is not there."])
    assert not says_absent("The price is not mentioned.", ["The price was never mentioned."])
    assert says_absent("The price is not mentioned.", ["The price does not include tax."])
