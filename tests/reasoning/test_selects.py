"""Which queries a model may write over real tables, and what it is told of them."""

import re

import pytest

from omniloom.core.values import Completion, Constraint, Segment
from omniloom.engines.constraints import fits, refusal
from omniloom.reasoning.computed import Computed
from omniloom.reasoning.demonstrations import EXAMPLES
from omniloom.reasoning.ground import Quote
from omniloom.reasoning.programs import described, mentions
from omniloom.reasoning.selects import Column, Kind, View, grammar, joins

GAMES = View(
    "games",
    "s1",
    (
        Column("Year", "number"),
        Column('The "big" city', "text"),
        Column("Opened", "date", written="Opened_text"),
        Column("Time", "text"),
        Column("row", "number", counts=True),
    ),
    [
        ("1896", "Athens", "6 April 1896", "46:58", "1"),
        ("1900", "Paris", "14 May 1900", "47:01", "2"),
        ("1904", "Rome", "", "", "3"),
    ],
)
LANDS = View(
    "lands",
    "s2",
    (Column("Place", "text"), Column("Land", "text"), Column("row", "number", counts=True)),
    [("Paris", "France", "1"), ("athens", "Greece", "2")],
)
KINDS: dict[str, Kind] = {"number": "number", "date": "date", "text": "text"}
ONE = Constraint(kind="grammar", value=grammar([GAMES], []))
TWO = Constraint(kind="grammar", value=grammar([GAMES, LANDS], joins([GAMES, LANDS])))
CITY = '"The ""big"" city"'

ALLOWED = [
    f'SELECT {CITY} FROM "games" ORDER BY "Year" DESC LIMIT 1',
    f'SELECT DISTINCT {CITY}, "Year" FROM "games" WHERE {CITY} ILIKE \'%it\'\'s%\' AND "Year" >= 1900.5',
    f'SELECT {CITY}, COUNT(*) FROM "games" GROUP BY {CITY} HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC',
    f'SELECT (SELECT SUM("Year") FROM "games" WHERE {CITY} = \'a\') - (SELECT MAX("Year") FROM "games")',
    f'SELECT (SELECT "Year" FROM "games" WHERE {CITY} ILIKE \'a\') > (SELECT AVG("Year") FROM "games")',
    f'SELECT {CITY} FROM "games" WHERE "row" > (SELECT "row" FROM "games" WHERE "Year" IN (1896)) AND "Year" > 1',
    f"SELECT {CITY} FROM \"games\" WHERE \"Year\" BETWEEN 1 AND 2 AND {CITY} NOT IN ('a', 'b') LIMIT 12",
    'SELECT MAX("Year") - MIN("Year") FROM "games" WHERE "Opened" > \'1900-01-31\' OR "Opened_text" ILIKE \'%May%\'',
    'SELECT year("Opened"), MIN("Opened") FROM "games" WHERE "Year" BETWEEN 1 AND 2',
    f'SELECT "Year" FROM "games" WHERE "row" = (SELECT "row" FROM "games" WHERE {CITY} ILIKE \'%a%\') + 1',
    'SELECT COUNT(*) FROM "games" WHERE "Time" < \'46:58\'',
    f'SELECT {CITY}, MIN("Time") FROM "games" ORDER BY "Time" ASC LIMIT 1',
    f'SELECT {CITY} FROM "games" ORDER BY "Opened" DESC LIMIT 1',
]
REFUSED = [
    'SELECT "Town" FROM "games"',
    'SELECT "Year" FROM "lands"',
    'SELECT * FROM "games"',
    'DELETE FROM "games"',
    'SELECT "Year" FROM "games"; SELECT 1',
    "SELECT \"Year\" FROM read_csv('x')",
    f'SELECT SUM({CITY}) FROM "games"',
    'SELECT "Year" FROM "games" WHERE "Year" ILIKE \'%a%\'',
    f"SELECT COUNT(*) FROM \"games\" WHERE {CITY} < 'Rome'",
    f"SELECT COUNT(*) FROM \"games\" WHERE {CITY} > '12:12'",
    f'SELECT MAX({CITY}) FROM "games"',
    f'SELECT "Year" FROM "games" ORDER BY {CITY} DESC LIMIT 1',
]


def test_the_grammars_compile() -> None:
    assert (refusal(ONE), refusal(TWO)) == (None, None)


@pytest.mark.parametrize("query", ALLOWED)
def test_what_a_model_may_write(query: str) -> None:
    assert fits(ONE, query)


@pytest.mark.parametrize("query", REFUSED)
def test_what_it_may_not(query: str) -> None:
    assert not fits(ONE, query)


def test_text_is_ordered_where_its_form_tells_the_order() -> None:
    def of(cells: list[str]) -> Constraint:
        view = View("log", "s", (Column("Event", "text"), Column("When", "text")), [("a", each) for each in cells])
        return Constraint(kind="grammar", value=grammar([with_row(view)], []))

    last = 'SELECT "Event" FROM "log" ORDER BY "When" DESC LIMIT 1'
    for cells in (["2020-01-02 10:30", "2020-03-02 09:15"], ["2001-02", "2002-03"], ["09:58", "10:02"]):
        assert fits(of(cells), last), cells
    for cells in (["9:58", "10:02"], ["spring", "autumn"], ["02-01-2020", "01-02-2021"]):
        assert not fits(of(cells), last), cells


def with_row(view: View) -> View:
    columns = (*view.columns, Column("row", "number", counts=True))
    return View(view.name, view.source, columns, [(*row, str(at)) for at, row in enumerate(view.rows, 1)])


def test_letters_are_ordered_where_the_question_speaks_of_the_alphabet() -> None:
    first = Constraint(kind="grammar", value=grammar([GAMES], [], said="Which city is first in the alphabet?"))
    assert fits(first, f'SELECT {CITY} FROM "games" ORDER BY {CITY} ASC LIMIT 1')
    assert fits(first, f'SELECT MIN({CITY}) FROM "games"')


def test_a_share_and_a_median_are_written_as_what_they_are() -> None:
    def of(said: str) -> Constraint:
        return Constraint(kind="grammar", value=grammar([GAMES], [], said=said))

    one, some = '(SELECT COUNT(*) FROM "games" WHERE "Year" > 1900)', '(SELECT COUNT(*) FROM "games")'
    assert fits(of("What share of games was late?"), f"SELECT {one} / {some}")
    assert not fits(of("What share of games was late?"), 'SELECT COUNT(*) FROM "games" WHERE "Year" > 1900')
    assert fits(of("What percentage of games was late?"), f"SELECT {one} / {some} * 100")
    assert fits(of("What share has each year?"), 'SELECT COUNT(*) FROM "games"')  # no single quotient says it
    median = 'SELECT MEDIAN("Year") FROM "games"'
    assert fits(of("What is the median year?"), median) and not fits(ONE, median)
    assert not fits(of("What is the median year?"), 'SELECT AVG("Year") FROM "games"')
    late = f'SELECT {CITY} FROM "games" WHERE "Year" > ({median})'
    assert fits(of("Which cities are above the median year?"), late)


def test_a_month_is_asked_for_as_one() -> None:
    late = Constraint(kind="grammar", value=grammar([GAMES], [], said="Which were opened in May 1900?"))
    where = f'SELECT {CITY} FROM "games" WHERE '
    assert fits(late, where + "\"Opened\" BETWEEN '1900-05-01' AND '1900-05-31'")
    assert fits(late, where + 'year("Opened") = 1900 AND month("Opened") = 5')
    day = where + "\"Opened\" = '1900-05-14'"
    assert fits(ONE, day) and not fits(late, day)


def test_one_field_is_asked_for_in_one_column() -> None:
    one = Constraint(kind="grammar", value=grammar([GAMES], [], several=False))
    assert fits(one, f'SELECT {CITY} FROM "games"') and not fits(one, f'SELECT {CITY}, "Year" FROM "games"')


def test_the_worked_examples_are_what_a_model_may_write() -> None:
    told = re.findall(r'^  "(\w+)": (\w+)', EXAMPLES, re.MULTILINE)
    columns = tuple(Column(name, KINDS[kind]) for name, kind in told)
    constraint = Constraint(kind="grammar", value=grammar([View("games", "s", columns, [])], []))
    queries = re.findall(r"^SELECT .*", EXAMPLES, re.MULTILINE)
    assert len(queries) > 5
    assert [query for query in queries if not fits(constraint, query)] == []


def test_values_of_a_json_are_those_of_the_result() -> None:
    one, two = (Quote(at, 0, 1, frozenset()) for at in (0, 1))
    told = Segment(source="s", content="", made_by="tool.sql")
    rows = (("-3", "Ann Lee"), ("1234.5", "yes"))
    made = Computed("SELECT", rows, (((one,), (two,)), ((two,), (one,))), told, "a", True, Completion(text=""))
    found = {value: made.evidence("/answer", value) for value in (-3, "3", "1,234.5", True, "ann  lee; -3", "Ann", 30)}
    assert {value: each and each.quotes for value, each in found.items()} == {
        -3: (one,),
        "3": (one,),
        "1,234.5": (two,),
        True: (one,),
        "ann  lee; -3": (two, one),
        "Ann": None,
        30: None,
    }


def test_tables_are_joined_where_columns_hold_the_same() -> None:
    assert joins([GAMES, LANDS]) == [(0, 'The "big" city', 1, "Place")]
    joined = f'FROM "games" JOIN "lands" ON "games".{CITY} = "lands"."Place"'
    assert fits(TWO, f'SELECT "lands"."Land" {joined} WHERE "games"."Year" = 1900')
    assert fits(TWO, 'SELECT "Land" FROM "lands" WHERE "Place" IN (SELECT ' + CITY + ' FROM "games")')
    assert fits(TWO, 'SELECT COUNT(*) FROM "games" WHERE "Year" > 1')
    assert fits(TWO, f'SELECT COUNT(*) {joined} WHERE "games"."Year" > 1')
    assert not fits(TWO, f'SELECT "Land" {joined.replace("Place", "Land")}')


def test_values_that_the_question_names_are_told() -> None:
    text = described(GAMES)
    assert 'table "games", 3 rows' in text
    assert "  \"The \"\"big\"\" city\": text, such as 'Athens', 'Paris', 'Rome'" in text
    assert '"Opened": date; as written, such as \'6 April 1896\': "Opened_text"' in text
    assert list(mentions(GAMES, "What came after Rome?")) == [f"{CITY} 'Rome'"]


def test_a_wide_table_is_told_in_few_words() -> None:
    columns = tuple(Column(f"column number {at}", "text") for at in range(600))
    assert len(described(View("wide", "s", columns, [("x" * 90,) * 600] * 3))) <= 6000
