"""Ask a CSV file in SQL: no files or network for the query, and every value says which cells it came from."""

import csv
from pathlib import Path

from omniloom.core.errors import UsageError
from omniloom.tools.sql import Grid, Tables

CSV = Path(__file__).parent / "data" / "results.csv"
with CSV.open(encoding="utf-8", newline="") as file:
    rows = tuple(tuple(row) for row in csv.reader(file))

tables = Tables([Grid(name="results", rows=rows, source=CSV.name)])
print(tables.description())
result = tables.query("SELECT scheduler, min(slowest_5_percent_wait_seconds) FROM results GROUP BY ALL ORDER BY 1")
print(f"best: {', '.join(map(str, result.rows[0]))}")
for cited in result.cells(0, 1):
    top, left, bottom, right = cited.locator.cells or (0, 0, 0, 0)
    print(f"  {cited.source} rows {top} to {bottom}, columns {left} to {right}")
try:
    tables.query("SELECT * FROM nothing")
except UsageError as error:
    print(error)
