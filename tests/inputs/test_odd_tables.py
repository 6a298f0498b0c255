"""The table reader on what spreadsheets and services really export."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from documents_made import repacked
from test_table import XLSX, cells, profile, read, rows, source_of


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a;b\nx;1,50\ny;0,125\nz;1.234,75\n", "b: numbers, 3 distinct, min 0,125, max 1.234,75, sum 1236,375"),
        ("a;b\nx;1,250\ny;4,125\nz;2,500\n", "b: numbers, 3 distinct, min 1,250, max 4,125, sum 7,875"),
        ("a;b\nx;1.250\ny;4.125\nz;2.500\n", "b: whole numbers, 3 distinct, min 1.250, max 4.125, sum 7875"),
        ("a;b\nx;1,250\ny;4,125\nz;0.5\n", "b: numbers, 3 distinct, min 0.5, max 4,125, sum 5375.5"),
        ('a,b\nx,"1,250"\ny,"4,125"\n', "b: whole numbers, 2 distinct, min 1,250, max 4,125, sum 5375"),
        ("a\tb\nx\t1,5\ny\t2,25\n", "b: numbers, 2 distinct, min 1,5, max 2,25, sum 3,75"),
    ],
)
def test_a_decimal_comma_is_no_thousands_mark(tmp_path: Path, content: str, line: str) -> None:
    assert line in profile(read(source_of(tmp_path, content))[0])


def test_a_line_that_names_the_delimiter_is_no_row(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, "sep=;\na;b\n1;2\n3;4\n"))
    assert rows(segments) == ["row 3: 1 | 2", "row 4: 3 | 4"] and not losses
    assert segments[1].context == "columns: a | b"


def test_quotes_after_a_space_quote(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, 'a,b\n1, "x, y"\n2, "z"\n'))
    assert cells(segments)[2, 2] == "x, y" and not losses


def test_the_fields_beside_a_list_of_records_are_read(tmp_path: Path) -> None:
    invoice = {"invoice": "A1", "total": 42, "lines": [{"sku": "x", "q": 1}, {"sku": "y", "q": 2}], "paid": False}
    segments, losses = read(source_of(tmp_path, json.dumps(invoice), "application/json"))
    assert rows(segments) == [
        "row 1: invoice | A1",
        "row 2: total | 42",
        "row 3: paid | false",
        "row 5: x | 1",
        "row 6: y | 2",
    ]
    assert segments[1].context == "columns: sku | q" and not losses


def _book() -> bytes:
    """A workbook with a formula, a note and a chart."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("S")
    sheet.write_row(0, 0, ["name", "total"])
    sheet.write_row(1, 0, ["x", 2])
    sheet.write_formula(2, 1, "=B2+B2", None, 4)
    sheet.write_comment(1, 0, "a note")
    chart: Any = book.add_chart({"type": "line"})
    chart.add_series({"values": "=S!$B$2:$B$3"})
    sheet.insert_chart(5, 5, chart)
    book.close()
    return out.getvalue()


def test_formulas_saved_without_their_value_are_told(tmp_path: Path) -> None:
    for empty, told in ((b"<v>4</v>", 0), (b"<v></v>", 1), (b"<v />", 1), (b"", 1)):
        with zipfile.ZipFile(io.BytesIO(_book())) as archive:
            xml = archive.read("xl/worksheets/sheet1.xml").replace(b"<v>4</v>", empty)
        data = repacked(_book(), {"xl/worksheets/sheet1.xml": xml})
        losses = read(source_of(tmp_path, data, XLSX))[1]
        assert sum(loss.kind == "formula_cells" for loss in losses) == told, empty


def test_what_a_workbook_holds_beside_cells_is_told(tmp_path: Path) -> None:
    details = [loss.detail for loss in read(source_of(tmp_path, _book(), XLSX))[1] if loss.kind == "not_seen"]
    assert len(details) == 1 and "charts: 1" in details[0] and "notes: 1" in details[0]
