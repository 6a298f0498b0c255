"""What of the rows of a query is an answer, and what only says the question again, or sums up."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from omniloom.runtime.totals import Totals

MEDALS = "Nation,Gold,Captain\nPeru,1,Ann Lee\nChile,3,Bo Dahl\nCuba,2,Cy Fox\nTotal,6,\n"


@pytest.fixture
def medals(tmp_path: Path) -> Path:
    path = tmp_path / "medals.csv"
    path.write_text(MEDALS)
    return path


def test_a_row_of_sums_is_not_queried_unless_it_is_asked_for(models: Any, medals: Path) -> None:
    most = 'SELECT "Nation" FROM "medals" ORDER BY "Gold" DESC LIMIT 1'
    response = models(most).generate(["Which nation won the most?", medals], strategy="program")
    assert (response.text, [loss.kind for loss in response.losses]) == ("Chile [1]", ["rows_left_out"])
    all_of = 'SELECT "Gold" FROM "medals" WHERE "Nation" ILIKE \'%total%\''
    response = models(all_of).generate(["How many in total?", medals], strategy="program")
    assert (response.text, response.losses) == ("6 [1]", ())
    assert response.claims[0].citations[0].url.partition("#")[2] == "cell=5,2-5,2"


SUM, NAMED = 'SELECT SUM("Gold") FROM "medals"', 'WHERE "Nation"'


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (SUM, "6"),
        ('SELECT COUNT(*) FROM "medals"', "3"),
        ('SELECT "Nation" FROM "medals" ORDER BY "Gold" DESC LIMIT 1', "Chile"),
        (f"{SUM} {NAMED} ILIKE 'total'", "6"),
        (f'{SUM} WHERE "row" = 4', "6"),
        (f"{SUM} {NAMED} <> 'Total'", "6"),
        (f"{SUM} {NAMED} NOT ILIKE '%total%'", "6"),
        (f"SELECT ({SUM} {NAMED} ILIKE '%total%') - ({SUM})", "0"),
        (f"SELECT \"Gold\" FROM \"medals\" {NAMED} IN ('Peru', 'Total') LIMIT 5", "1 6"),
    ],
)
def test_no_sum_takes_in_a_row_of_sums(models: Any, medals: Path, query: str, text: str) -> None:
    response = models(query).generate(["How many in total, each?", medals], strategy="program")
    assert " ".join(claim.text for claim in response.claims) == text


@pytest.mark.parametrize("alias", [" AS s", " s", ' AS "s"'])
def test_a_table_that_is_called_otherwise_keeps_its_name(alias: str) -> None:
    """As engines that hold no grammar may write it."""
    book: Any = SimpleNamespace(sheets=[0], whole=[0], tables=SimpleNamespace(names=["medals", "medals 2"]))
    assert Totals._whole(book, f'SELECT 1 FROM "medals"{alias} WHERE') == f'SELECT 1 FROM "medals 2"{alias} WHERE'
    assert Totals._whole(book, 'SELECT 1 FROM "medals" WHERE') == 'SELECT 1 FROM "medals 2" AS "medals" WHERE'


def test_a_pattern_that_speaks_of_totals_finds_their_row(models: Any, medals: Path) -> None:
    medals.write_text(MEDALS.replace("Total", "Grand Total"))
    query = 'SELECT "Gold" FROM "medals" WHERE "Nation" ILIKE \'%{}%\''
    for part, told in (("total", "6"), ("uba", "2")):
        response = models(query.format(part)).generate([f"How many in total, {part}?", medals], strategy="program")
        assert [claim.text for claim in response.claims] == [told]


def test_a_row_of_sums_is_not_added_to_others(models: Any, medals: Path) -> None:
    both, one = (
        'SELECT SUM("Gold") FROM "medals" WHERE "Nation" ' + rest for rest in ("IN ('Peru', 'Total')", "= 'Peru'")
    )
    model = models(both, one)
    response = model.generate(["How many in total has Peru?", medals], strategy="program")
    assert response.text == "1 [1]"
    assert "together with" in model.engine.requests[1].messages[-1].text
    [loss] = response.losses
    assert loss.detail == "1 row that is a sum of those above is not queried"


def test_what_the_question_says_is_no_answer(models: Any, medals: Path) -> None:
    said, next_ = (f'SELECT "Captain" FROM "medals" WHERE "row" = {row}' for row in (1, 2))
    model = models(said, next_)
    response = model.generate(["Who is the captain after Ann Lee?", medals], strategy="program")
    assert response.text == "Bo Dahl [1]"
    assert "says already" in model.engine.requests[1].messages[-1].text
    offered = models(said).generate(["Who is first, Ann Lee or Bo Dahl?", medals], strategy="program")
    assert offered.text == "Ann Lee [1]"


def test_of_two_that_are_offered_one_is_given(models: Any, medals: Path) -> None:
    more, most = (f'SELECT "Nation" FROM "medals" ORDER BY "Gold" DESC LIMIT {count}' for count in (2, 1))
    model = models(more, most)
    response = model.generate(["Who won more, Peru or Chile?", medals], strategy="program")
    assert response.text == "Chile [1]"
    assert "offers" in model.engine.requests[1].messages[-1].text


def test_of_several_rows_those_that_the_question_names_are_left_out(models: Any, medals: Path) -> None:
    model = models('SELECT "Nation" FROM "medals" WHERE "Gold" < 3')
    response = model.generate(["Which nation is like Peru?", medals], strategy="program")
    [[citation]] = [claim.citations for claim in response.claims]
    assert (response.text, citation.url.partition("#")[2]) == ("Cuba [1]", "cell=4,1-4,1")


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many more has Chile than Cuba?", "1"),
        ("What is the change?", "-1"),
        ("How much profit was made?", "-1"),
    ],
)
def test_how_far_two_values_are_apart_has_no_sign(models: Any, medals: Path, question: str, text: str) -> None:
    one, other = (f'(SELECT "Gold" FROM "medals" WHERE "row" = {row})' for row in (3, 2))
    assert models(f"SELECT {one} - {other}").generate([question, medals], strategy="program").text.split()[0] == text


def test_a_name_of_the_question_is_an_answer_where_nothing_beside_it_is_asked_for(models: Any, medals: Path) -> None:
    most = 'SELECT "Nation" FROM "medals" ORDER BY "Gold" DESC LIMIT 1'
    model = models(most)
    response = model.generate(["Between Peru and Chile, which nation won most?", medals], strategy="program")
    assert (response.text, len(model.engine.requests)) == ("Chile [1]", 1)


def test_of_numbers_in_doubt_none_is_the_highest(models: Any, tmp_path: Path) -> None:
    """Numbers in thousands beside others with decimals are text, and the numbers of another column are not theirs."""
    path = tmp_path / "prices.csv"
    path.write_text("id;price\n1;1,234\n2;1,5\n3;2,75\n")
    highest = 'SELECT MAX("id") FROM "prices"'
    response = models("2,75 [1]").generate(["What is the highest price?", path], strategy="program")
    [loss] = response.losses
    assert (loss.kind, response.claims[0].derived) == ("not_computed", "")
    assert '"price" is text' in loss.detail
    assert models(highest).generate(["What is the highest id?", path], strategy="program").text == "3 [1]"
