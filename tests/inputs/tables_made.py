"""Small workbooks and columnar files, written by the tests."""

import datetime
import io
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter


def workbook() -> bytes:
    """Sheets: Sales (a date, a formula, merged cells), Off (begins at C5), Empty."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sales = book.add_worksheet("Sales")
    sales.write_row(0, 0, ["name", "when", "amount", "paid"])
    sales.write_string(1, 0, "Ann")
    sales.write_datetime(1, 1, datetime.datetime(2020, 1, 2), book.add_format({"num_format": "yyyy-mm-dd"}))
    sales.write_number(1, 2, 12.5)
    sales.write_boolean(1, 3, True)
    sales.write_formula(2, 2, "=C2*2", None, 25)
    sales.merge_range(3, 0, 3, 2, "over three")
    off = book.add_worksheet("Off")
    off.write_row(4, 2, ["x", "y"])
    off.write_row(5, 2, [1, 1234567])
    book.add_worksheet("Empty")
    book.close()
    return out.getvalue()


def far_corners() -> bytes:
    """Two cells, one at each end of the largest sheet."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, "z")
    book.close()
    return out.getvalue()


def swollen() -> bytes:
    """A workbook whose first sheet unpacks to 900 MB of spaces."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as good, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bad:
        for name in good.namelist():
            if name != "xl/worksheets/sheet1.xml":
                bad.writestr(name, good.read(name))
                continue
            with bad.open(name, "w") as sheet:
                for _ in range(900):
                    sheet.write(b" " * 1_000_000)
    return out.getvalue()


def frame() -> Any:
    return pa.table({"n": [1, None, 3], "when": [datetime.date(2020, 1, 2), None, None], "text": ["a", "b | c", None]})


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(frame(), out)
    return out.getvalue()


def arrow(stream: bool) -> bytes:
    out = io.BytesIO()
    table = frame()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()
