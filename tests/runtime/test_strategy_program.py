"""`strategy="program"`: a scripted model writes the queries, all else is real."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from omniloom.core.errors import BudgetError, UnsupportedError, UsageError
from omniloom.core.events import Completed, TextDelta
from omniloom.core.values import Budget, Completion, Request, Response, Tool, ToolCall
from omniloom.engines.scripted import Scripted
from omniloom.evaluation.citations import holds
from omniloom.runtime.model import Model
from omniloom.runtime.run import EngineRun
from omniloom.storage.store import Store

GAMES = """Year,City,Attendance,Opened
1896,Athens,"1,234",6 April 1896
1900,Paris,"5,000",14 May 1900
1904,Paris,–,1 July 1904
"""
LANDS = "Place,Land\nParis,France\nAthens,Greece\n"
MOST = 'SELECT "City" FROM "games" ORDER BY "Attendance" DESC LIMIT 1'
PARIS = 'SELECT COUNT(*), SUM("Attendance") FROM "games" WHERE "City" ILIKE \'%paris%\''
WHOLE = PARIS.replace(" FROM", ', "City" FROM') + ' GROUP BY "City"'
NOTHING = MOST.replace("ORDER", "WHERE \"City\" ILIKE '%Rome%' ORDER")
CITY = 'SELECT "City" FROM "games"'
WRONG = 'SELECT "City" FROM "games" GROUP BY "Year"'


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.csv"
    path.write_text(GAMES)
    return path


def decisions(model: Model, response: Response) -> list[dict[str, Any]]:
    trace = model.store.journal.trace(response.trace_id)
    assert trace is not None
    return [span.attributes for span in trace.spans if span.name == "program" and span.operation == "decision"]


def requests(model: Model) -> list[Request]:
    engine = model.engine
    assert isinstance(engine, Scripted)
    return engine.requests


def cells(response: Response) -> list[list[str]]:
    return [[citation.url.partition("#")[2] for citation in claim.citations] for claim in response.claims]


def test_an_answer_in_words_is_the_values_with_their_cells(models: Any, games: Path) -> None:
    model = models(MOST)
    response = model.generate(["Where were most people?", games], strategy="program")
    assert response.text == "Paris [1]"
    [claim] = response.claims
    assert (claim.text, claim.derived, claim.supported, response.text[slice(*claim.at)]) == (
        *("Paris", MOST, True),
        "Paris [1]",
    )
    assert cells(response) == [["cell=3,2-3,2"]]
    assert holds(claim.citations[0], response)
    assert [loss.detail for loss in response.losses] == ["Attendance: thousands separators removed; '–' read as NULL"]
    assert decisions(model, response) == [{"query": MOST, "rows": 1, "attempts": 1}]
    trace = model.store.journal.trace(response.trace_id)
    [tool] = [span for span in trace.spans if span.operation == "execute_tool"]
    assert (tool.name, tool.attributes["result"], tool.status) == ("sql", "Paris", "ok")


@pytest.mark.parametrize("unsupported", ["drop", "abstain"])
def test_values_with_cells_are_given_however_strict(models: Any, games: Path, unsupported: str) -> None:
    events = list(models(MOST).stream(["Where?", games], strategy="program", unsupported=unsupported))
    told = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert isinstance(events[-1], Completed)
    assert (told, events[-1].response.text, events[-1].response.abstained) == ("Paris [1]", "Paris [1]", False)


def test_a_schema_is_filled_from_the_result_and_checked_against_it(models: Any, games: Path) -> None:
    model = models(WHOLE, '{"times": 2, "place": "London", "people": 5000}')
    response = model.generate(["How often in Paris?", games], schema="times int, place, people int", strategy="program")
    assert "count_star() | sum(Attendance) | City\n2 | 5000 | Paris" in requests(model)[1].messages[-1].text
    assert "Athens" not in requests(model)[1].messages[-1].text  # the result stands in place of the table
    assert "in this order: times, place, people" in requests(model)[0].messages[-1].text
    by_field = {claim.at: claim for claim in response.claims}
    assert [by_field[at].supported for at in ("/times", "/people", "/place")] == [True, True, False]
    assert by_field["/people"].derived == WHOLE
    assert [each.quote for each in by_field["/people"].citations] == ["5,000"]  # "–" is NULL: nothing to add
    assert [each.locator.cells for each in by_field["/times"].citations] == [(3, 1, 4, 4)]
    assert all(holds(each, response) for claim in response.claims for each in claim.citations)


@pytest.mark.parametrize("queries", [[PARIS, WHOLE], [PARIS, MOST, MOST]])
def test_a_query_gives_a_column_for_each_field(models: Any, games: Path, queries: list[str]) -> None:
    """What is left out by a query would be invented, for the result stands in place of the table."""
    written = '{"times": 2, "place": "Paris", "people": 5000}'
    model = models(*queries, written)
    response = model.generate(["How often in Paris?", games], schema="times int, place, people int", strategy="program")
    assert response.data == json.loads(written)
    assert "fewer columns" in requests(model)[1].messages[-1].text
    direct = len(queries) == 3
    assert ("Athens" in requests(model)[-1].messages[-1].text) == direct
    assert any(loss.kind == "not_computed" for loss in response.losses) == direct


def test_several_rows_and_several_values_in_one(models: Any, games: Path) -> None:
    both = 'SELECT "City", "Year" FROM "games" WHERE "Year" < 1904'
    assert (
        models(both).generate(["Where?", games], strategy="program").text == "Athens, 1896 [1][2]\nParis, 1900 [3][4]"
    )


@pytest.mark.parametrize(
    ("query", "schema", "data"),
    [
        (MOST, "city", {"city": "Paris"}),
        (MOST, {"type": "object", "properties": {"city": {"type": ["string", "null"]}}}, {"city": "Paris"}),
        (PARIS, "times int, people int", {"times": 2, "people": 5000}),
        ('SELECT "Year" FROM "games"', "year [int]", {"year": [1896, 1900, 1904]}),
        ('SELECT "City" FROM "games" WHERE "Year" < 1904', "answer", {"answer": "Athens; Paris"}),
    ],
)
def test_values_that_fill_the_fields_need_no_model(
    models: Any, games: Path, query: str, schema: Any, data: Any
) -> None:
    model = models(query)
    response = model.generate(["Well?", games], strategy="program", schema=schema)
    assert (response.data, len(requests(model))) == (data, 1)
    assert all(claim.supported and claim.derived == query for claim in response.claims)
    assert all(holds(each, response) for claim in response.claims for each in claim.citations)


@pytest.mark.parametrize(
    ("query", "schema", "written"),
    [
        ('SELECT "City", "Year" FROM "games" WHERE "Year" = 1896', "answer", {"answer": "Athens"}),
        ('SELECT "City", "Year" FROM "games" WHERE "Year" = 1896', "year, city", {"year": "1896", "city": "Athens"}),
        (MOST, "city int", {"city": 1900}),
        ('SELECT "Year" FROM "games"', "year int", {"year": 1896}),
        ('SELECT "Attendance" FROM "games" WHERE "Year" > 1899', "people [int]", {"people": [5000]}),
    ],
)
def test_where_judgement_is_needed_the_model_fills_them(
    models: Any, games: Path, query: str, schema: Any, written: Any
) -> None:
    model = models(query, json.dumps(written))
    assert model.generate(["Well?", games], strategy="program", schema=schema).data == written
    assert len(requests(model)) == 2


def test_each_value_cites_its_own_cell_whatever_stands_in_it(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text('Name,Wins,Losses\n"Lee, Ann",2,2\n"Dahl, Bo",5,5\n')
    model = models('SELECT "Name" FROM "names"')
    response = model.generate(["Who?", path], strategy="program", schema="answer")
    assert response.data == {"answer": "Lee, Ann; Dahl, Bo"}
    assert cells(response) == [["cell=2,1-2,1", "cell=3,1-3,1"]]
    model = models('SELECT "Wins", "Losses" FROM "names" WHERE "Wins" = 2')
    response = model.generate(["How often?", path], strategy="program", schema="wins int, losses int")
    assert {claim.at: cell for claim, cell in zip(response.claims, cells(response), strict=True)} == {
        "/wins": ["cell=2,2-2,2"],
        "/losses": ["cell=2,3-2,3"],
    }


def test_beside_other_sources_the_model_fills_the_fields(models: Any, games: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The prize was a wreath.")
    model = models(MOST, '{"prize": "a wreath"}')
    response = model.generate(["What was the prize?", games, note], strategy="program", schema="prize")
    assert response.data == {"prize": "a wreath"}


@pytest.mark.parametrize("first", [NOTHING, WRONG])
def test_an_error_and_an_empty_result_go_back_to_the_model(models: Any, games: Path, first: str) -> None:
    model = models(first, MOST)
    response = model.generate(["Where were most people?", games], strategy="program")
    assert response.text == "Paris [1]"
    again = requests(model)[1].messages
    assert [message.role for message in again] == ["system", "user", "assistant", "user"]
    assert ("gave nothing" if first == NOTHING else "GROUP BY") in again[-1].text
    assert decisions(model, response)[0]["attempts"] == 2


@pytest.mark.parametrize(
    ("said", "query", "told"),
    [
        ("How many more came in 1900?", 'SELECT SUM("Attendance") - SUM("Attendance") FROM "games"', "itself"),
        ("How many people came?", 'SELECT "Attendance" FROM "games"', "several values"),
        ("Which city was last?", f'{CITY} WHERE "row" = (SELECT MAX("row") FROM "games") - 1', "beside"),
        ("Had more than 12 guests?", f"{CITY} WHERE \"City\" ILIKE '%12%'", "number in a text"),
        ("Which city was before Rome?", f'{CITY} WHERE "row" < 3', "several rows"),
        ("Which city was above Rome?", 'SELECT "City" FROM "games" WHERE "City" = \'Rome\'', '"row" - 1'),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be_what_was_asked_goes_back(
    models: Any, games: Path, said: str, query: str, told: str
) -> None:
    model = models(query, MOST)
    response = model.generate([said, games], strategy="program")
    assert told in requests(model)[1].messages[-1].text
    assert decisions(model, response)[0]["attempts"] == 2


def test_more_or_less_is_no_value_of_a_table(models: Any, games: Path) -> None:
    model = models(MOST, MOST, MOST, "Paris had more visitors than Athens [1].")
    response = model.generate(["Was Paris more or less visited than Athens?", games], strategy="program")
    assert "more" in response.text and "than the question offers" in requests(model)[1].messages[-1].text


def test_a_list_of_amounts_may_be_asked_for(models: Any, games: Path) -> None:
    model = models('SELECT "Attendance" FROM "games"')
    assert model.generate(["How many people came to each of the games?", games], strategy="program").text
    assert len(requests(model)) == 1


def test_without_a_query_that_works_the_answer_is_the_direct_one(models: Any, games: Path) -> None:
    tries = [NOTHING, WRONG, NOTHING.replace("Rome", "Oslo")]
    model = models(*tries, "The games of 1900 were in Paris [1].")
    response = model.generate(["Where were the games of 1900?", games], strategy="program")
    assert len(requests(model)) == 4
    [why] = decisions(model, response)
    assert (why["queries"], why["skipped"][:15]) == (tries, "it gave nothing")
    assert [loss.detail for loss in response.losses if loss.kind == "not_computed"] == [
        "no query answered: what is said was read"
    ]
    assert response.claims
    assert not any(claim.derived for claim in response.claims)


def test_the_same_query_again_is_not_run_again(models: Any, games: Path) -> None:
    model = models(NOTHING, NOTHING, NOTHING, "It is not mentioned.")
    response = model.generate(["Where was Rome?", games], strategy="program")
    assert response.abstained
    assert len(requests(model)) == 4
    assert [each["queries"] for each in decisions(model, response)] == [[NOTHING]]


def test_a_text_is_no_table(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("The trial ran for six weeks.")
    model = models("The trial ran for six weeks [1].")
    response = model.generate(["How long did it run?", path], strategy="program")
    assert (len(requests(model)), response.claims[0].supported) == (1, True)
    [told] = decisions(model, response)
    assert told["skipped"] == "no source has a table, and the question is not taken for one that wants arithmetic"


def test_a_table_too_long_to_be_shown_is_asked_whole(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("Item,Price\n" + "".join(f"item {n},{n}\n" for n in range(3000)))
    model = models('SELECT "Item" FROM "long" WHERE "row" = 2900', context_tokens=2000)
    response = model.generate(["Which is the 2900th item?", path], strategy="program", max_output_tokens=50)
    assert response.text == "item 2899 [1]"
    assert cells(response) == [["cell=2901,1-2901,1"]]


def test_that_only_the_first_cells_are_cited_is_told(models: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("Item,Price\n" + "".join(f"item {n},{n}\n" for n in range(40)))
    response = models('SELECT SUM("Price") FROM "long"').generate(["What is the sum?", path], strategy="program")
    assert response.claims[0].text == "780" and len(response.claims[0].citations) == 12
    assert [loss.detail for loss in response.losses] == ["of 40 cells that a value was made of the first 12 are cited"]


def test_two_tables_are_joined_and_a_text_stands_beside_them(models: Any, games: Path, tmp_path: Path) -> None:
    lands, note = tmp_path / "lands.csv", tmp_path / "note.txt"
    lands.write_text(LANDS)
    note.write_text("The prize was a wreath.")
    query = (
        'SELECT "lands"."Land" FROM "games" JOIN "lands" ON "games"."City" = "lands"."Place" '
        'WHERE "games"."Year" = 1896'
    )
    model = models(query, '{"land": "Greece", "prize": "a wreath"}')
    asked = ["Which land, and what prize?", games, lands, note]
    response = model.generate(asked, strategy="program", schema="land, prize")
    shown = requests(model)[1].messages[-1].text
    assert "The prize was a wreath." in shown
    assert "what a query over games.csv, lands.csv gave ===\nGreece" in shown
    assert cells(response)[0] == ["cell=3,2-3,2"]
    assert [claim.supported for claim in response.claims] == [True, True]
    assert all(holds(each, response) for claim in response.claims for each in claim.citations)


def test_an_engine_without_grammars_may_write_fences(models: Any, games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = models(f"```sql\n{MOST};\n```")
    monkeypatch.setattr(model.engine, "supports", lambda constraint: "/: it has no grammars")
    assert model.generate(["Where?", games], strategy="program").text == "Paris [1]"
    assert requests(model)[0].constraint is None


@pytest.mark.parametrize("strict", ["mark", "drop", "abstain"])
def test_a_text_of_the_query_beside_a_cell_is_not_found(models: Any, games: Path, strict: str) -> None:
    model = models(Completion(text='SELECT \'Bordeaux\', "Year" FROM "games" WHERE "Year" = 1900'))
    model.engine.supports = lambda constraint: "/: it has no grammars"
    response = model.generate(["Where?", games], strategy="program", unsupported=strict)
    assert not any(claim.supported for claim in response.claims)
    assert ("Bordeaux" in response.text) == (strict == "mark")


def test_a_budget_for_no_query_is_left_to_the_direct_way(models: Any, games: Path) -> None:
    with pytest.raises(BudgetError):
        models(MOST).generate(["Where?", games], strategy="program", budget={"tokens": 40})
    with pytest.raises(UsageError, match="max_risk"):
        models(MOST).generate(["Where?", games], strategy="program", max_risk=0.1)


def test_real_tables_are_asked_whole(models: Any, data: Path) -> None:
    """Some of the WikiTableQuestions: the reader, the columns and the grammar take them as they are."""
    records = [json.loads(line) for line in (data / "tables" / "wtq.jsonl").read_text(encoding="utf-8").splitlines()]
    paths = sorted({data / "tables" / "wtq" / record["table"] for record in records})[::30]
    model = models(lambda request: f"SELECT COUNT(*) FROM {_last_table(request)}")
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file, doublequote=False, escapechar="\\") if any(map(str.strip, row))]
        response = model.generate(["How many rows in total?", path], strategy="program")
        counted = len(rows) - 1 - (rows[-1][0] == "Total")
        assert (response.claims[0].text, response.claims[0].supported) == (str(counted), True), path
        assert all(holds(each, response) for each in response.claims[0].citations)


def _last_table(request: Request) -> str:
    return re.findall(r'^table ("\w+")', request.messages[-1].text, re.MULTILINE)[-1]


# -- the one door to tools -------------------------------------------------------------------------------------------


@pytest.fixture
def run(private_home: Path) -> Iterator[EngineRun]:
    with Store() as store:
        one = EngineRun(Scripted([Completion(text="")]), store, emit=lambda event: None, cancel=Event())
        store.journal.begin(one.trace_id, "test")
        yield one


def tool(function: Any, *effects: Any) -> Tool:
    parameters = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    return Tool(
        name="f", description="", parameters=parameters, effects=frozenset(effects or {"none"}), function=function
    )


def call(**arguments: Any) -> ToolCall:
    return ToolCall(id="1", name="f", arguments=arguments)


def refusing(n: int) -> int:
    raise UsageError(f"{n} is odd", hint="take 2")


def test_a_tool_is_run_and_what_it_raises_is_its_result(run: EngineRun) -> None:
    run.give(tool(lambda n: n + 1))
    told = run.call(call(n=1))
    assert (told.value, told.segments[0].content, told.error) == (2, "2", None)
    assert "takes n, not m" in (run.call(call(m=1)).error or "")
    run.give(tool(refusing))
    assert run.call(call(n=1)).error == "1 is odd (take 2)"
    run.give(tool(lambda n: n / 0))
    assert "ZeroDivisionError" in (run.call(call(n=1)).error or "")
    trace = run.store.journal.trace(run.trace_id)
    assert trace is not None
    assert [(span.operation, span.attributes.get("failed", "")) for span in trace.spans] == [
        ("execute_tool", ""),
        ("execute_tool", "f takes n, not m"),
        ("execute_tool", "1 is odd (take 2)"),
        ("execute_tool", "ZeroDivisionError('division by zero')"),
    ]


def test_a_tool_that_is_not_there_or_does_more_than_allowed_is_refused(run: EngineRun) -> None:
    with pytest.raises(UnsupportedError, match="no tool 'f'"):
        run.call(call(n=1))
    run.give(tool(lambda n: n, "write", "read"))
    with pytest.raises(UnsupportedError, match=r"not allowed: \['write'\]"):
        run.call(call(n=1))
    run.give(tool(lambda n: n, "write", "read"), allowed={"write"})
    assert run.call(call(n=1)).value == 1


def test_a_tool_ends_at_the_deadline(private_home: Path) -> None:
    held = Event()
    with Store() as store:
        budget = Budget(seconds=0.2)
        run = EngineRun(Scripted([""]), store, emit=lambda event: None, cancel=Event(), budget=budget)
        store.journal.begin(run.trace_id, "test")
        run.give(tool(lambda n: held.wait(20)))
        with pytest.raises(BudgetError):
            run.call(call(n=1))
        held.set()
        run.close()
