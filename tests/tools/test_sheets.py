"""The tables in what readers read: their rows, and the characters that each cell is."""

import json
from pathlib import Path

import pytest

from omniloom.core.locators import Locator
from omniloom.core.parts import Table
from omniloom.core.values import Anchor, Segment
from omniloom.inputs import read_part
from omniloom.storage.intake import take_in
from omniloom.storage.store import Store
from omniloom.tools.tabular.sheets import Sheet, sheets


def read(path: Path) -> tuple[list[Sheet], list[Segment]]:
    with Store() as store:
        part = take_in(Table(path), store)
        segments = list(read_part(part, store, weights=lambda name: {}).segments)
    return sheets(segments, {part.id: path.name}), segments


def test_a_long_table_is_whole_and_every_cell_says_where_it_stands(tmp_path: Path, private_home: Path) -> None:
    path = tmp_path / "stock.csv"
    lines = ["Stock of the year,,", "", "Item,Note,Price"]
    lines += [f"item {n},{'' if n % 7 else 'x' * 1500},{n}.50" for n in range(1, 301)]
    path.write_text("\n".join(lines))
    [sheet], segments = read(path)
    assert (sheet.name, sheet.header, len(sheet.rows)) == ("stock", ("Item", "Note", "Price"), 300)
    assert sheet.rows[6] == ("item 7", "x" * 1500, "7.50")
    for row, places in zip(sheet.rows, sheet.places, strict=True):
        for cell, place in zip(row, places, strict=True):
            text = segments[place[0]].text[place[1] : place[2]] if place else ""
            assert text == cell or (len(cell) == 1500 and cell.startswith(text))
    [(at, start, end)] = sheet.found(299, 299, [2])
    assert segments[at].locate(start, end) == Locator(cells=(303, 3, 303, 3))
    [(at, start, end), *_] = sheet.found(0, 1, [])
    assert segments[at].locate(start, end) == Locator(cells=(4, 1, 5, 3))
    assert list(sheet.found(0, 0, [3])) == list(sheet.found(0, 0, []))  # the column that counts stands nowhere


@pytest.mark.parametrize("above", [0, 2])
def test_tables_of_json_lines_count_their_rows(tmp_path: Path, private_home: Path, above: int) -> None:
    path = tmp_path / "teams.jsonl"
    path.write_text("".join(json.dumps({"team": f"t{n}", "points": n}) + "\n" for n in range(above, above + 3)))
    [sheet], _ = read(path)
    assert sheet.header == ("team", "points")
    assert sheet.grid().rows[1] == (f"t{above}", str(above), "1")


def test_odd_names_of_columns_are_kept(tmp_path: Path, private_home: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text('"a ""b""",100%,row,Home | Away,%(s)s\n' + "".join(f"x{n},{n},{n},y{n},z{n}\n" for n in range(9)))
    [sheet], _ = read(path)
    assert sheet.header == ('a "b"', "100%", "row", "Home | Away", "%(s)s")


def test_sheets_of_a_book_are_tables_of_their_own() -> None:
    def rows(page: str, text: str) -> Segment:
        place = Locator(sheet=page, cells=(2, 1, 2, 1))
        anchors = (Anchor(start=7, end=7 + len(text), locator=place),)
        context = f"sheet: {page}\ncolumns: Name"
        return Segment(
            source="s", locator=place, content=f"row 2: {text}", made_by="r", anchors=anchors, context=context
        )

    found = sheets([rows("May", "a"), rows("June", "b")], {"s": "book.xlsx"})
    assert [(each.name, each.rows) for each in found] == [("book May", [("a",)]), ("book June", [("b",)])]


def test_rows_of_a_document_are_a_table_under_their_header() -> None:
    def passage(text: str, header: str = "") -> Segment:
        return Segment(source="s", content=text, made_by="pdf.text/1", context=header)

    header = "Year | City"
    texts = [passage("Prose."), passage(header), passage("1896 | Athens", header), passage("1900 | ", header)]
    found = sheets([*texts, passage("More."), passage("x | y", "A | B"), passage("x | y | z", "A | B")], {"s": "a.pdf"})
    assert [(each.name, each.header, each.rows) for each in found] == [
        ("a 1", ("Year", "City"), [("1896", "Athens"), ("1900", "")]),
        ("a 2", ("A", "B"), [("x", "y")]),
    ]
    assert list(found[0].found(0, 0, [1])) == [(2, 7, 13)]
