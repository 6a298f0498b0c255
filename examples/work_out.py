"""Have a sum over a table and a text worked out: the model writes a formula, fractions compute it, numbers open."""

from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol

TABLE = "Item,2019,2018\nSales,1200,1000\nIncome tax,(12),(20)\n"
NOTES = "All amounts are stated in thousands of dollars. Sales rose because two shops were opened."

with TemporaryDirectory() as folder, ol.load() as model:
    table, notes = Path(folder) / "report.csv", Path(folder) / "notes.txt"
    table.write_text(TABLE, encoding="utf-8")
    notes.write_text(NOTES, encoding="utf-8")
    question = "What was the percentage change in sales from 2018 to 2019?"
    response = model.generate([question, table, notes], strategy="program", max_output_tokens=32)
    print(f"answer: {response.text}")
    for claim in response.claims:
        print(f"  {claim.derived or 'not computed'}")
        for citation in claim.citations:
            print(f"  {citation.quote!r} in {citation.url.rpartition('/')[2]}")
