"""The table reader: cells where a spreadsheet shows them, values as they stand, and what it makes of bad files."""

import csv
import gzip
import io
import json
import random
import time
from pathlib import Path

import pytest
import tables_made as made
from hypothesis import given, settings
from hypothesis import strategies as st

from omniloom.core.errors import TooLargeError, UnreadableError, UsageError
from omniloom.core.locators import Locator
from omniloom.core.protocols import Source
from omniloom.core.values import Loss, Segment
from omniloom.inputs import table

CSV, TSV, JSONL, JSON, GZIP = (
    *("text/csv", "text/tab-separated-values"),
    *("application/x-ndjson", "application/json", "application/gzip"),
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS, ODS = "application/vnd.ms-excel", "application/vnd.oasis.opendocument.spreadsheet"
PARQUET, ARROW = "application/vnd.apache.parquet", "application/vnd.apache.arrow."


def source_of(folder: Path, data: bytes | str, kind: str = CSV, **options: str) -> Source:
    path = folder / "content"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return Source(id="0" * 64, path=path, name="a table", media_type=kind, options=options)


def read(source: Source) -> tuple[list[Segment], list[Loss]]:
    items = list(table.read(source))
    return [i for i in items if isinstance(i, Segment)], [i for i in items if isinstance(i, Loss)]


def rows(segments: list[Segment]) -> list[str]:
    return [line for s in segments if s.made_by == "table.rows/1" for line in s.text.split("\n")]


def profile(segments: list[Segment]) -> list[str]:
    return [line for s in segments if s.made_by == "table.profile/1" for line in s.text.split("\n")]


def cells(segments: list[Segment]) -> dict[tuple[int, int], str]:
    """(row, column) → the value, as the anchors have it."""
    return {
        (a.locator.cells[0], a.locator.cells[1]): segment.text[a.start : a.end]
        for segment in segments
        if segment.made_by == "table.rows/1"
        for a in segment.anchors
        if a.locator.cells
    }


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        ("name,age\nAnn,30\n", CSV, ["row 2: Ann | 30"]),
        ("name;age;city\nAnn;1,5;Bonn\nBob;2,5;Kiel\n", CSV, ["row 2: Ann | 1,5 | Bonn", "row 3: Bob | 2,5 | Kiel"]),
        ("a|b|c\n1|2|3\n4|5|6\n", CSV, ["row 2: 1 | 2 | 3", "row 3: 4 | 5 | 6"]),
        ("name\tage\nAnn, the first\t30\n", TSV, ["row 2: Ann, the first | 30"]),
        ("a,b\r1,2\r3,4\r", CSV, ["row 2: 1 | 2", "row 3: 3 | 4"]),
        ('a,b\n"line one\nline two","x ""y"""\n3,4\n', CSV, ['row 2: line one line two | x "y"', "row 3: 3 | 4"]),
        ('"a","b"\n"say \\"hi\\"","2"\n', CSV, ['row 2: say "hi" | 2']),
        ("\ufeffname,age\nAnn,30\n", CSV, ["row 2: Ann | 30"]),
        ("Ännchen,Alter\nÄnn,30\n".encode("utf-16"), CSV, ["row 2: Änn | 30"]),
        ("name,age\nAnna,30\nBobby,41\n".encode("utf-16-le"), CSV, ["row 2: Anna | 30", "row 3: Bobby | 41"]),
        ("name,city\nJosé,Köln\n".encode("cp1252"), CSV, ["row 2: José | Köln"]),
        ("1,2.5,2020-01-01\n3,4.5,2020-01-02\n5,6.5,2020-01-03\n", CSV, ["row 1: 1 | 2.5 | 2020-01-01"]),
        (gzip.compress(b"a,b\n1,2\n", mtime=0), GZIP, ["row 2: 1 | 2"]),
        (gzip.compress(b'{"a": 1}\n{"b": 2.50}\n', mtime=0), GZIP, ["row 2: 1 | ", "row 3:  | 2.50"]),
        (
            '{"a":1,"b":"x"}\n\n{"a":2.50,"c":[1,{"d":2}]}\n',
            JSONL,
            ["row 2: 1 | x | ", 'row 4: 2.50 |  | [1, {"d": 2}]'],
        ),
        ('{"data": [{"a": 1}, {"a": 2, "b": null}]}', JSON, ["row 2: 1 | ", "row 3: 2 | "]),
        ('[["a", "b"], [1, 2]]', JSON, ["row 2: 1 | 2"]),
        (made.parquet(), PARQUET, ["row 2: 1 | 2020-01-02 | a", "row 3:  |  | b | c", "row 4: 3 |  | "]),
        (made.arrow(True), ARROW + "stream", ["row 2: 1 | 2020-01-02 | a", "row 3:  |  | b | c"]),
        (made.arrow(False), ARROW + "file", ["row 2: 1 | 2020-01-02 | a", "row 3:  |  | b | c"]),
    ],
    ids=lambda each: repr(each)[:24],
)
def test_each_form_is_read(tmp_path: Path, data: bytes | str, kind: str, expected: list[str]) -> None:
    segments, losses = read(source_of(tmp_path, data, kind))
    assert rows(segments)[: len(expected)] == expected
    assert not losses


def test_cells_stand_where_the_file_has_them_and_the_header_goes_along(tmp_path: Path) -> None:
    text = "Report,,\n,,\nname,age,city\n" + "".join(f"name {n},{n},\n" for n in range(60))
    segments, _ = read(source_of(tmp_path, text))
    assert (
        cells(segments)[(1, 1)] == "Report" and cells(segments)[(13, 1)] == "name 9" and (13, 3) not in cells(segments)
    )
    parts = [segment for segment in segments if segment.made_by == "table.rows/1"]
    assert len(parts) == 4 and all(part.context == "columns: name | age | city" for part in parts)
    assert parts[1].locator.cells == (23, 1, 42, 3) and parts[1].text.startswith("row 23: name 19 | 19 | ")
    place = parts[1].locate(parts[1].text.index("name 19"), parts[1].text.index("name 19") + 7)
    assert place.fragment == "cell=23,1-23,1"


def test_the_profile_says_what_the_columns_hold(tmp_path: Path) -> None:
    text = "id,when,price,ok,note\n" + "".join(f'{n},2020-01-{n:02},"1,{n:03}.50",true,\n' for n in range(1, 11))
    segments, _ = read(source_of(tmp_path, text + '11,,oops,false,"a\nb"\n'))
    assert profile(segments) == [
        "11 rows, 5 columns",
        "id: whole numbers, 11 distinct, min 1, max 11",
        "when: dates, 10 distinct, min 2020-01-01, max 2020-01-10, 1 empty",
        "price: numbers, 11 distinct, min 1,001.50, max 1,010.50, 1 not",
        "ok: true or false, 2 distinct, min false, max true",
        "note: text, 1 distinct, min a b, max a b, 10 empty",
    ]
    assert segments[0].locator.cells == (1, 1, 12, 5)


@pytest.mark.parametrize(
    ("column", "total"),
    [("0.1 0.2 0.3", "0.6"), ("$1,000 $20 $20", "1040"), ("1999 2000 1999", ""), ("1 2 3", ""), ("10% 5% 5%", "")],
)
def test_numbers_are_summed_exactly_where_a_sum_means_something(tmp_path: Path, column: str, total: str) -> None:
    text = "name,x\n" + "".join(f'a,"{value}"\n' for value in column.split())
    line = profile(read(source_of(tmp_path, text))[0])[2]
    assert line.partition(", sum ")[2] == total


def test_ragged_rows_are_read_and_told(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, "a,b,c\n1,2,3\n4,5\n6,7,8,9\n\n10,11,12\n"))
    assert rows(segments) == ["row 2: 1 | 2 | 3", "row 3: 4 | 5", "row 4: 6 | 7 | 8 | 9", "row 6: 10 | 11 | 12"]
    assert [(loss.kind, loss.severity, loss.locator.cells) for loss in losses] == [
        ("ragged_row", "reduced", (3, 1, 3, 2)),
        ("ragged_row", "reduced", (4, 1, 4, 4)),
    ]


@pytest.mark.parametrize(
    ("data", "kind", "loss"),
    [
        ("n,c\nJosé,Köln\n".encode() + "Renée,Zürich\n".encode("cp1252") + "Ł,Łódź\n".encode(), CSV, "encoding"),
        ('a,b\n1,"open\n2,3\n4,5\n', CSV, "unclosed_quote"),
        ('{"a":1}\nnot json\n{"a":2}\n', JSONL, "damaged_row"),
        (gzip.compress(b"".join(b"%d,%d\n" % (n, n * 7919 % 10007) for n in range(5000)))[:-3000], GZIP, "truncated"),
    ],
)
def test_what_is_damaged_is_read_and_told(tmp_path: Path, data: bytes | str, kind: str, loss: str) -> None:
    segments, losses = read(source_of(tmp_path, data, kind))
    assert len(rows(segments)) >= 2
    assert [each.kind for each in losses] == [loss]


def test_lines_in_two_encodings_each_keep_their_letters(tmp_path: Path) -> None:
    data = "n,c\nJosé,Köln\n".encode() + "Renée,Zürich\n".encode("cp1252") + "Ł,Łódź\n".encode()
    assert rows(read(source_of(tmp_path, data))[0]) == [
        "row 2: José | Köln",
        "row 3: Renée | Zürich",
        "row 4: Ł | Łódź",
    ]


def test_a_workbook_by_sheet(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.workbook(), XLSX))
    assert rows(segments) == [
        "row 2: Ann | 2020-01-02 | 12.5 | TRUE",
        "row 3:  |  | 25 | ",
        "row 4: over three |  |  | ",
        "row 6: 1 | 1234567",
    ]
    assert [segment.locator.sheet for segment in segments] == ["Sales", "Sales", "Off", "Off"]
    assert segments[3].locator.cells == (6, 3, 6, 4) and not losses
    for wanted in ("Off", "2"):
        assert rows(read(source_of(tmp_path, made.workbook(), XLSX, sheet=wanted))[0]) == ["row 6: 1 | 1234567"]
    with pytest.raises(UsageError, match="Sales, Off, Empty"):
        read(source_of(tmp_path, made.workbook(), XLSX, sheet="Nope"))


def test_older_and_open_workbooks(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.legacy(), XLS))
    assert rows(segments) == ["row 2: anna | 1.7 | 1990-01-02", "row 3: bela | 1.8 | 1985-05-06", "row 5: 1 | 2.5"]
    assert segments[-1].locator == Locator(sheet="Sums", cells=(5, 3, 5, 4)) and not losses
    content = made.open_row("name", "n") + made.open_row("x", 4.0, times=2) + made.open_row("y", 5.5)
    segments, losses = read(source_of(tmp_path, made.open_document(content), ODS))
    assert rows(segments) == ["row 2: x | 4", "row 3: x | 4", "row 4: y | 5.5"] and not losses


def test_cells_with_errors_are_told(tmp_path: Path) -> None:
    segments, losses = read(source_of(tmp_path, made.workbook(error=True), XLSX))
    assert [(loss.kind, loss.severity) for loss in losses] == [("error_cells", "reduced")]
    assert "row 5: bad |  | " in "\n".join(rows(segments))


def test_a_few_zeros_make_no_binary_of_a_table(tmp_path: Path) -> None:
    assert rows(read(source_of(tmp_path, b"a,b\n1,\x002\n3,4\n"))[0]) == ["row 2: 1 | \ufffd2", "row 3: 3 | 4"]


def test_rows_for_a_picture(tmp_path: Path) -> None:
    source = source_of(tmp_path, "name,age\n" + "".join(f"n{n},{n}\n" for n in range(2, 30)))
    shown = table.cells(source, Locator(cells=(9, 2, 9, 2)))
    assert shown[0] == ["1", "name", "age"] and [row[0] for row in shown[1:]] == ["7", "8", "9", "10", "11"]
    assert shown[3] == ["9", "n9", "9"]
    with pytest.raises(UsageError):
        table.cells(source, Locator(cells=(99, 1, 99, 1)))
    book = source_of(tmp_path, made.workbook(), XLSX)
    assert table.cells(book, Locator(sheet="Off", cells=(6, 3, 6, 3)))[-1] == ["6", "1", "1234567"]


@pytest.mark.parametrize(
    ("data", "kind", "error"),
    [
        ("", CSV, UnreadableError),
        ("\n\n  \n", CSV, UnreadableError),
        (random.Random(1).randbytes(5000), CSV, UnreadableError),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), CSV, UnreadableError),
        ("a," + "x" * 9_000_000 + "\n", CSV, TooLargeError),
        ("not\njson\n", JSONL, UnreadableError),
        ("[" * 100_000, JSON, UnreadableError),
        ('["just", "texts"]', JSON, UnreadableError),
        (gzip.compress(bytes(300_000_000), mtime=0), GZIP, TooLargeError),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:10], GZIP, UnreadableError),
        (made.workbook()[:3000], XLSX, UnreadableError),
        (b"PK\x03\x04" + bytes(50), XLSX, UnreadableError),
        (made.swollen(), XLSX, TooLargeError),
        (made.far_corners(), XLSX, TooLargeError),
        (made.open_document(made.open_row("a", 1.0, times=1_000_000, each=8000)), ODS, TooLargeError),
        (made.legacy()[:2000], XLS, UnreadableError),
        (made.parquet()[:-20], PARQUET, UnreadableError),
        (made.parquet()[:30] + bytes(60) + made.parquet()[90:], PARQUET, UnreadableError),
        (made.arrow(True)[:400], ARROW + "stream", UnreadableError),
    ],
    ids=lambda each: repr(each)[:20],
)
def test_bad_files_end_in_a_clear_error_soon(tmp_path: Path, data: bytes | str, kind: str, error: type) -> None:
    source = source_of(tmp_path, data, kind)
    started = time.monotonic()
    with pytest.raises(error) as caught:
        read(source)
    assert time.monotonic() - started < 20
    assert "a table" in str(caught.value) and str(tmp_path) not in str(caught.value)


def test_long_and_wide_rows_come_in_parts(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(600))
    segments, _ = read(source_of(tmp_path, f"{header}\n{','.join(f'value {n}' for n in range(600))}\n"))
    assert cells(segments) == {(2, n + 1): f"value {n}" for n in range(600)}
    assert all(len(segment.text) <= 2600 for segment in segments)
    long = read(source_of(tmp_path, "a,b\nkey," + "word " * 2000 + "\n"))[0]
    parts = [segment for segment in long if segment.locator.cells == (2, 2, 2, 2)]
    assert len(parts) > 5 and all("row 2 begins with: key" in part.context for part in parts)


@pytest.mark.slow
def test_a_long_table_is_read_up_to_a_limit_that_is_told(tmp_path: Path) -> None:
    with (tmp_path / "long.csv").open("w") as file:
        file.write("id,word\n")
        file.writelines(f"{n},w{n % 7}\n" for n in range(200_500))
    segments, losses = read(source_of(tmp_path, (tmp_path / "long.csv").read_bytes()))
    assert profile(segments)[0] == "200500 rows, 2 columns"
    assert [(loss.kind, loss.severity, loss.locator.cells) for loss in losses] == [
        ("rows_not_read", "lost", (200_002, 1, 200_501, 2))
    ]


VALUES = st.text('abc 0123,;"\n.é', max_size=12)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.integers(2, 5).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.lists(VALUES, min_size=n, max_size=n), min_size=3, max_size=8))
    )
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, made_up: tuple[int, list[list[str]]]
) -> None:
    width, body = made_up
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([f"name{n}" for n in range(width)])
    writer.writerows(body)
    segments, _ = read(source_of(tmp_path_factory.mktemp("csv"), out.getvalue()))
    expected = {
        (row, column): " ".join(value.splitlines())
        for row, line in enumerate(body, 2)
        for column, value in enumerate(line, 1)
        if value.strip()
    }
    # Under rows that are all empty, or all names, the first row may be no header.
    assert {place: value for place, value in cells(segments).items() if place[0] > 1} == expected


def test_all_wikipedia_tables_read_as_the_csv_module_reads_them(data: Path) -> None:
    files = sorted((data / "tables" / "wtq").rglob("*.csv"))
    assert files
    for file in files:
        with file.open(newline="", encoding="utf-8") as text:
            lines = list(csv.reader(text, escapechar="\\", doublequote=False))
        source = Source(id="0" * 64, path=file, name=file.name, media_type=CSV)
        segments, losses = read(source)
        expected = {
            (row, column): " ".join(value.splitlines())
            for row, line in enumerate(lines, 1)
            for column, value in enumerate(line, 1)
            if row > 1 and value.strip()
        }
        assert cells(segments) == expected, file
        assert not losses, file


def test_the_columns_of_records_are_those_of_all_records(tmp_path: Path) -> None:
    lines = "".join(json.dumps({f"k{n % 3}": n}) + "\n" for n in range(6))
    segments, _ = read(source_of(tmp_path, lines, JSONL))
    assert segments[-1].context == "columns: k0 | k1 | k2" and rows(segments)[4] == "row 6:  | 4 | "
