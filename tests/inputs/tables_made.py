"""Small workbooks and columnar files, written by the tests."""

import base64
import datetime
import io
import zipfile
import zlib
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter


def workbook(error: bool = False) -> bytes:
    """Sheets: Sales (a date, a formula, merged cells; `error`: a division by zero), Off (begins at C5), Empty."""
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
    if error:
        sales.write_string(4, 0, "bad")
        sales.write_formula(4, 2, "=1/0", None, "#DIV/0!")
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


def legacy() -> bytes:
    """An .xls of 2003: People (name, height, born; two rows) and Sums (begins at C4)."""
    return zlib.decompress(base64.b64decode("".join(_LEGACY)))


_LEGACY = (
    "eNrtWE1IVFEU/u6bN+OMjDpjKmggg5CVKRQRtNFXYbkasVr0Q2BjPlIc38hkkG2ybJZB0KpoI9gigqk2/VBB7VoERi6CIHBq0cJVUNBCfZ1z5o"
    "3NTBM4oILxvsc9995zz5l73/3OPe/Nez8bnp9+3JRBEbrgwbIdgC9Pp6gEcp0QaNy2uZmr/VRsF5sKAT8R6fPiRdW7CuaQ+c5AwyP9DUngC5Uz"
    "GENvwjIjG4hDsoaY4jV0Kp1iT8NdKtVolHXVijwncovIh2L7UuQB0dwQ2Um28+o0Zo3etv1OHJ/UWmSsmqTCU/H5JJo9qMdbjuMrN1XW1ouDye"
    "FYfJMNNOtBzIAo7TEtM8n9GtxDJXCK0BGNdnR3z6OO6J7BTzsC/Mid69cRV7+xegXS/yrUV/xD7ycSi/W3NB2YhH1WcTCnKKh369mj3GcmxuJm"
    "CkHUSh7Xcfzi6IVF7OPAkEKGVmzUpNEhc/j80Dj1BxJJi6qYZcW4Z8ZjFFmXqExUcv6XfBEqyBdVcoqCJAdRI+2wnKUQLXfx/vcP0YE+o180k/"
    "KMyD5JtvGyYeMqe5BztYx4VmSbeOwSeU1+dau0m0TWUaBT3dpX7zSOTInNdRltpXn2CuaM7XntHdROLRx91pz6auykdronc7ku/dGYRgs92QbJ"
    "n68ptKt2dec247mRq5WTcz6LbPwr//i1kLN223lc1mCJTxwhLDLb491RKz3N2Sv2ViW8lXjzfryi+ZV4P9A4/6WJbk38tBJ+mvjpjl+Wkznxa/"
    "jGubRLq8UTNqJc+QfrzTDfh1fuWt+kDHvk0BTutUdY9DqceugKy66xvV5kz2zoYu8ThhY8zJ2wgVJsuHDhwoULFy5crDWUvI3Bea/Jvp35nD8H"
    "/F1nicqy+5nkv8UxJOgap7+Uh2FRncREWfHTAK/K/ZZapU/ueyHjBM2exAgGZB0jZccvvbGr/PtZtWNo7Y5QufMvl7POdZ7/N1yYC5g="
)


_OPEN = "urn:oasis:names:tc:opendocument:xmlns:"


def open_document(rows: str) -> bytes:
    """An .ods with one sheet, "T", of these rows."""
    spaces = " ".join(f'xmlns:{name}="{_OPEN}{name}:1.0"' for name in ("office", "table", "text"))
    manifest = f'<manifest:manifest xmlns:manifest="{_OPEN}manifest:1.0"/>'
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="T">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return out.getvalue()


def open_row(*values: str | float, times: int = 1, each: int = 1) -> str:
    """A row that stands `times` times, each of its cells `each` times."""
    cells = ""
    for value in values:
        kind = "string" if isinstance(value, str) else "float"
        number = "" if isinstance(value, str) else f' office:value="{value}"'
        cells += (
            f'<table:table-cell office:value-type="{kind}"{number} table:number-columns-repeated="{each}">'
            f"<text:p>{value}</text:p></table:table-cell>"
        )
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'
