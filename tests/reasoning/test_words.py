"""Numbers, units, sentences and words of many scripts: what counts as the same, and where a sentence ends."""

import pytest

from omniloom.core.values import Part, Segment
from omniloom.reasoning.claims import ClaimWriter
from omniloom.reasoning.evidence import as_written, find_value
from omniloom.reasoning.ground import Passages, ground, pointers, without_pointers
from omniloom.reasoning.numerals import han_value, readings, scaled
from omniloom.reasoning.sentences import sentences
from omniloom.reasoning.wording import tokens


def passages(*texts: str, names: tuple[str, ...] = ()) -> Passages:
    """One source for each text, "a.txt", "b.txt" and so on unless they are named."""
    segments = [Segment(source=f"{i}", content=text, made_by="test") for i, text in enumerate(texts)]
    shown = names or tuple(f"{chr(ord('a') + i)}.txt" for i in range(len(texts)))
    return Passages(segments, {f"{i}": name for i, name in enumerate(shown)})


def supported(claim: str, *texts: str, names: tuple[str, ...] = ()) -> bool:
    return ground(claim, pointers(claim), passages(*texts, names=names)).supported


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("0,125", ("0.125".lstrip("0"), "")),
        ("1.000", ("1", "1000")),
        ("3,125", ("3125", "3.125")),
        ("٨٢٠", ("820", "")),
        ("८२०", ("820", "")),
        ("1’024", ("1024", "")),
    ],
)
def test_a_number_may_have_two_values(raw: str, values: tuple[str, str]) -> None:
    assert readings(raw) == values


def test_powers_of_ten_and_han_numerals_have_values() -> None:
    assert scaled("1.5", 10**6) == "1500000" and scaled("-2", 1000) == "-2000"
    numerals = {"九十九": "99", "一千四百万": "14000000", "二〇一八": "2018", "六": "6", "一": "", "十": ""}
    assert {run: han_value(run) for run in numerals} == numerals


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Revenue was 1.5 million dollars.", "Revenue: $1,500,000."),
        ("Revenue was 1.5 million dollars.", "Revenue in million dollars was 1.5."),
        ("It fell by 18 percent.", "It fell by 18 %."),
        ("It weighs 4 kg.", "It weighs four kilograms."),
        ("The device has 1000 ports.", "The device has 1.000 ports."),
        ("试验持续六周。", "这次试验持续6周。"),
        ("استمرت التجربة ٨٢٠ يوما.", "استمرت التجربة 820 يوما"),
        ("Twenty-five looms ran.", "There ran 25 looms."),
        ("Sales rose by 12% [1].", "In Q3 sales rose 12 per cent."),
        ("Hubo un aumento del 18 %.", "El consumo tuvo un aumento del 18 por ciento."),
        ("Its revenue was €3.4bn in 2020.", "Revenue in 2020: 3.4 billion euros."),
        ("Its revenue was 3.4 Milliarden Euro.", "Revenue: 3,4 Mrd. €"),
        ("**Lisbon** hosted the trial.", "The trial was hosted by Lisbon."),
        ("Based on this, the U.S. economy grew 2.5 percent.", "The U.S. economy grew 2.5% in 2019."),
        ("東京の人口は1400万人です。", "東京の人口は1,400万人。"),
        ("The temperature was minus 5 degrees.", "The temperature was -5 °C."),
        ("收入为1.5亿美元", "收入为150000000美元"),
        ("十億円", "10億円です"),
        ("One million people came.", "1,000,000 people came."),
        ("One person attended.", "1 person attended."),
        ("Two hundred fifty people came.", "250 people came."),
        ("Two hundred and fifty people came.", "250 people came."),
        ("Revenue was $3M.", "Revenue was $3 million."),
        ("Revenue was $1.5m.", "Revenue was $1.5 million."),
        ("Revenue was $1.2B.", "Revenue was 1.2 billion dollars."),
        ("The rate is 0.5%.", "The rate is .5%."),
        ("The US hosted the trial.", "The U.S. hosted the trial."),
        ("The price is US$50.", "The price is $50."),
        ("It is 20 degrees warm.", "It is 20 °C warm."),
        ("Es dauerte 6 Wochen.", "Es dauerte sechs Wochen."),
        ("Today the trial ran for six weeks.", "The trial ran for six weeks."),
        ("Außerdem dauerte der Versuch sechs Wochen.", "Der Versuch dauerte sechs Wochen."),
        ("Third, the trial ran for six weeks.", "The trial ran for six weeks."),
        ("Esto es un ensayo de seis semanas.", "Un ensayo de seis semanas."),
    ],
)
def test_other_spellings_of_one_value_support_each_other(claim: str, text: str) -> None:
    assert supported(claim, text)


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Revenue was 1.5 million dollars.", "Revenue was 1.5 billion dollars."),
        ("It grew by 18 percent.", "It grew by 18 dollars."),
        ("It ran for six weeks.", "It ran for six days."),
        ("It weighs 5 tons.", "It weighs 5 kg."),
        ("The temperature was minus 5 degrees.", "The temperature was 5 degrees."),
        ("Temperature is –3 degrees.", "Temperature is 3 degrees."),
        ("收入为1.5亿美元", "收入为1.5万美元"),
        ("收入为150万元", "收入为150元"),
        ("100人参加了会议", "100万人参加了会议"),
        ("매출은 100억 원", "매출은 100만 원"),
        ("十个人参加了会议", "五个人参加了会议"),
        ("One million people came.", "One billion people came."),
        ("It takes 5 ms.", "It takes 5 seconds."),
        ("Take 5 mg.", "Take 5 g."),
        ("Take 5 ml.", "Take 5 l."),
        ("It used 5 kWh.", "It used 5 MWh."),
        ("It is 5 bar.", "It is 5 psi."),
        ("The area is 5 m².", "The area is 5 m³."),
        ("It fell by 5 percentage points.", "It fell by 5 percent."),
        ("Revenue was 3k.", "Revenue was 3."),
        ("The meeting is at 10:30.", "The meeting is at 10:45 in room 30 on floor 10."),
        ("Version 1.2.3 is out.", "Version 3.2.1 is out."),
        ("The ratio is 3:1.", "The ratio is 1:3."),
        ("Contact bob@loom.io for help.", "Contact alice@loom.io for help."),
        ("See https://loom.io/madrid.", "See https://loom.io/lisbon."),
        ("Es dauerte sieben Wochen.", "Es dauerte sechs Wochen."),
        ("Duró cuatro semanas.", "Duró seis semanas."),
        ("The temperature fell to 5 degrees.", "The temperature fell to -5 degrees."),
        ("The part weighs 125 kilograms.", "The part weighs 0,125 kilograms."),
        ("Madrid hosted the trial for six weeks.", "Lisbon hosted the trial for six weeks."),
        ("Siemens bought the company in 2018.", "Bosch bought the company in 2018."),
        ("价格是九十九美元。", "试验持续了六周。"),
        ("试验持续了四周。", "试验持续了六周。"),
    ],
)
def test_other_units_and_other_names_are_not_support(claim: str, text: str) -> None:
    assert not supported(claim, text)


def test_the_name_of_a_file_says_nothing_of_another_file() -> None:
    names = ("lisbon.txt", "madrid.txt")
    texts = ("The price is 410 euro.", "The price is 500 euro.")
    assert not supported("The price in Madrid is 410 euro [2].", *texts, names=names)
    assert supported("The price in Madrid is 500 euro [2].", *texts, names=names)
    assert supported("The price in lisbon.txt is 410 euro.", *texts, names=names)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1. It ran. 2. It fell.", ["1. It ran.", "2. It fell."]),
        ("- 1. It ran.\n- 2. It fell.", ["- 1. It ran.", "- 2. It fell."]),
        ("The U.S. trial by J. Smith ran. It fell.", ["The U.S. trial by J. Smith ran.", "It fell."]),
        ("Loom Inc. sold it. Es begann am 3. Mai. Ende.", ["Loom Inc. sold it.", "Es begann am 3. Mai.", "Ende."]),
        ("Er zahlt 3,5 Mio. Euro. Es lief.", ["Er zahlt 3,5 Mio. Euro.", "Es lief."]),
        ("它运行了。它停了！「好。」他说", ["它运行了。", "它停了！", "「好。」", "他说"]),
        ("استمرت التجربة؟ نعم", ["استمرت التجربة؟", "نعم"]),
        ("It ran... and fell. It stopped", ["It ran... and fell.", "It stopped"]),
        ("It fell [1]. [2] It rose. [Music] Then", ["It fell [1]. [2]", "It rose.", "[Music] Then"]),
    ],
)
def test_where_sentences_end(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


def test_words_of_scripts_without_spaces_are_pairs_and_keep_their_marks() -> None:
    assert [word.key for word in tokens("织机的线程")] == ["织机", "机的", "的线", "线程"]
    assert [text[w.start : w.end] for text in ["हिन्दी 820 करघे"] for w in tokens(text)] == ["हिन्दी", "820", "करघे"]
    assert [word.key for word in tokens("Python的版本 3")] == ["python", "的版", "版本", "3"]


@pytest.mark.parametrize(
    ("value", "text", "quote"),
    [
        ("1.10", "Version 1.1 was released in May. Version 1.10 followed.", "1.10"),
        ("007", "There were 7 agents. The code is 007.", "007"),
        ("东京", "东京的人口是一千四百万。", "东京"),
        ("กรุงเทพ", "เมืองกรุงเทพมีคน", "กรุงเทพ"),
        ("서울", "그는 서울에서 일한다.", "서울"),
        (820, "العدد ٨٢٠ يوما", "٨٢٠"),
        (1500000, "It cost 1.5 million.", "1.5 million"),
    ],
)
def test_a_value_is_found_as_it_is_spelled(value: object, text: str, quote: str) -> None:
    shown = passages(text)
    found = find_value("/latest_code", value, shown)
    assert [text[each.start : each.end] for each in found.quotes] == [quote]
    assert as_written(value, found, shown) is None


def test_blank_values_and_huge_numbers_stand_nowhere() -> None:
    assert not find_value("/a", " ", passages("a b c")).quotes
    assert not find_value("/a", 10**400, passages("a b c")).quotes


def test_pointers_are_no_code() -> None:
    assert without_pointers("Take x[0] or `list[3]` [2].") == "Take x[0] or `list[3]`."
    assert pointers("Take x[0] or `list[3]` [2].") == [2]


def written(text: str, *texts: str, unsupported: str = "mark") -> ClaimWriter:
    shown = passages(*texts)
    parts = tuple(Part(kind="text", id=key, name=name, path="/none") for key, name in shown.names.items())
    writer = ClaimWriter(shown, parts, unsupported)  # type: ignore[arg-type]
    list(writer.feed(text))
    list(writer.finish())
    return writer


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Madrid.", "Madrid [?]."),
        ("Lisbon.", "Lisbon [1]."),
        ("Yes.", "Yes [?]."),
        ("Yes. It ran in Lisbon [1].", "Yes. It ran in Lisbon [1]."),
        ("- Madrid\n- Lisbon", "- Madrid [?]\n- Lisbon [1]"),
        ("1. It ran in Lisbon [1].\n2. It took six weeks [1].", "1. It ran in Lisbon [1].\n2. It took six weeks [2]."),
        ("# Findings\nIt ran in Lisbon [1].", "# Findings\nIt ran in Lisbon [1]."),
    ],
)
def test_every_answer_is_a_claim_but_headings_are_not(answer: str, text: str) -> None:
    assert written(answer, "It ran in Lisbon. It took six weeks.").text == text


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("It ran in Lisbon [1].\nIt ran in Lisbon [1].\nSix weeks.", "It ran in Lisbon [1].\nSix weeks [2]."),
        (
            "- It ran in Lisbon.\n- It took six weeks.\n- It ran in Lisbon.",
            "- It ran in Lisbon [1].\n- It took six weeks [2].\n",
        ),
        ("It ran in Lisbon. It ran in Lisbon.\n\nSix weeks.", "It ran in Lisbon [1]. \n\nSix weeks [2]."),
        # Values and numbered points may be the same, and what no source supports is told each time.
        ("Lisbon\nLisbon", "Lisbon [1]\nLisbon [1]"),
        ("1. It ran in Lisbon.\n2. It ran in Lisbon.", "1. It ran in Lisbon [1].\n2. It ran in Lisbon [1]."),
        ("Madrid. Madrid.", "Madrid [?]. Madrid [?]."),
    ],
)
def test_a_sentence_is_said_once_for_one_support(answer: str, text: str) -> None:
    made = written(answer, "It ran in Lisbon. It took six weeks.")
    assert made.text == text
    assert len(made.written) == len(made.claims) == text.count("[")
    for _ in (*made.feed("It ran in Lisbon."), *made.finish()):  # an answer to something else
        pass
    assert made.text.endswith("It ran in Lisbon [1].")


SOURCE = "No side effects were found in the trial. The pump is free of lead. The price does not include tax, as stated."


@pytest.mark.parametrize(
    "answer",
    [
        "No side effects were found in the trial [1].",
        "The document says that no side effects were found in the trial [1].",
        "The price does not include tax, as stated [1].",
    ],
)
def test_what_a_source_denies_is_an_answer(answer: str) -> None:
    writer = written(answer, SOURCE)
    assert not writer.absent and [claim.supported for claim in writer.claims] == [True]


@pytest.mark.parametrize(
    "answer",
    [
        "The color is not mentioned.",
        "The document doesn't mention the color.",
        "The color isn't given in the passages.",
        "There is no information about the color.",
        "Die Farbe wird nicht erwähnt.",
        "La couleur n'est pas précisée.",
        "El color no se menciona.",
        "Цвет не указан.",
        "未提及颜色。",
        "色については記載がありません。",
        "색상은 언급되지 않았습니다.",
        "لم يذكر اللون.",
        "रंग का उल्लेख नहीं है।",
    ],
)
def test_what_the_sources_do_not_say_is_no_claim(answer: str) -> None:
    writer = written(answer, SOURCE)
    assert (writer.absent, writer.claims, writer.text) == (1, [], answer)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("The price is 99 dollars:\nIt took six weeks [1].", "The price is 99 dollars: [?]\nIt took six weeks [1]."),
        ("# The price is 99 dollars", "# The price is 99 dollars [?]"),
        ("The law does not apply; the fine is 99 dollars.", "The law does not apply; the fine is 99 dollars [?]."),
        ("In 2019 the price was not mentioned.", "In 2019 the price was not mentioned [?]."),
        ("In [2018] it took six weeks.", "In [2018] it took six weeks [?]."),
        ("See [1](http://x.io/a).", "See [1](http://x.io/a) [?]."),
        ("| It took |\n|---|\n| six weeks |", "| It took [1] |\n|---|\n| six weeks [1] |"),
        ("```sh\nrun. 99\n```\nIt took six weeks [1].", "```sh\nrun. 99\n```\n[?]\nIt took six weeks [1]."),
        ("It took six weeks.[1]It ran in Lisbon.[1]", "It took six weeks [1].It ran in Lisbon [2]."),
    ],
)
def test_numbers_markdown_and_brackets_are_kept_and_checked(answer: str, text: str) -> None:
    assert written(answer, "It ran in Lisbon. It took six weeks.").text == text


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("It took six weeks in 2019. [3]", "It took six weeks in 2019 [1]."),
        ("It took six weeks in 2019. [3] [1]", "It took six weeks in 2019 [1]."),
        ("It took six weeks [3]. It ran in Lisbon [2][1].", "It took six weeks [1]. It ran in Lisbon [2]."),
        # What the sources write in brackets, or what is a value, points nowhere and is no pointer.
        ("It ran in Lisbon, says Smith [12].", "It ran in Lisbon, says Smith [12] [1]."),
        ("The weeks are w = [6].", "The weeks are w = [6] [1]."),
    ],
)
def test_what_points_at_no_passage_is_left_out(answer: str, text: str) -> None:
    source = "It took six weeks in 2019. It ran in Lisbon. In Lisbon it ran, as Smith [12] says."
    assert written(answer, source).text == text


@pytest.mark.parametrize(
    ("value", "text", "quote"),
    [
        ("IT", "It ran in 2019. The IT department has 5 people.", "IT"),
        ("US", "They told us. The plant is in the US.", "US"),
        ("US", "They told us.", "us"),
        ("2.10", "Version 2.1 is out.", "2.1"),
        ("1", "It costs 1.000 euros.", "1.000"),
        (1e-07, "It is 0.0000001 m.", "0.0000001"),
    ],
)
def test_a_spelling_that_means_something_else_is_not_taken(value: object, text: str, quote: str) -> None:
    shown = passages(text)
    found = find_value("/value", value, shown)
    assert [text[each.start : each.end] for each in found.quotes] == [quote]
    assert as_written(value, found, shown) is None
