"""Tables inside PDFs, as a query asks them."""

from pathlib import Path
from typing import Any

from pages_made import lines, read, written

from omniloom.inputs import pdf
from omniloom.tools.tabular.sheets import sheets

PORTS = [
    ("Harbour", "Ships", "Opened"),
    ("Aberdeen", "1,204", "1901"),
    ("New Bergen", "310", "1888"),
    ("Cork", "95", "1920"),
]


def test_the_rows_of_a_table_on_a_page_are_cells_with_places(tmp_path: Path) -> None:
    def draw(canvas: Any) -> None:
        lines(canvas, ["The report lists the harbours of the region and what they took in."], 60, 60)
        for number, row in enumerate(PORTS):
            for left, cell in zip((60, 220, 330), row, strict=True):
                lines(canvas, [cell], left, 120 + 16 * number)

    segments, _ = read(pdf, written(tmp_path / "ports.pdf", draw))
    [sheet] = sheets(segments, {"a" * 64: "ports.pdf"})
    assert (sheet.name, sheet.header, sheet.rows) == ("ports 1", PORTS[0], PORTS[1:])
    [(at, start, end)] = sheet.found(1, 1, [0])
    assert segments[at].text[start:end] == "New Bergen"
    box = segments[at].locate(start, end).box
    assert box is not None
    assert (round(box[0] * 595), box[2] < 0.15) == (60, True)
