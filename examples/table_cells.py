"""Ask about a CSV file and about a DataFrame; citations name cells as a spreadsheet counts them."""

from pathlib import Path

import omniloom as ol
from omniloom import Table

CSV = Path(__file__).parent / "data" / "results.csv"
tables = [Table(CSV)]
try:
    import pandas

    tables.append(Table(pandas.read_csv(CSV).tail(3), name="last weeks"))
except ImportError:
    print("pandas is not installed: polars and pyarrow tables are taken too")

with ol.load() as model:
    for table in tables:
        response = model.generate(["How many jobs failed in week 12?", table], max_output_tokens=32)
        print(f"{table.name}: {response.text}")
        for claim in response.claims:
            for citation in claim.citations:
                top, left, bottom, right = citation.locator.cells or (0, 0, 0, 0)
                print(f"  {citation.url}: rows {top} to {bottom}, columns {left} to {right}")
