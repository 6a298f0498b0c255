"""One call over a table, a chart and a note, with words between them: the order of the inputs is kept."""

from pathlib import Path

import omniloom as ol
from omniloom import Image, Table, Text

DATA = Path(__file__).parent / "data"
NOTE = b"Throughput of Loom reached 900 jobs per second in week 12, says the newsletter."

inputs = [
    "What was the throughput in week 12?",
    Table(DATA / "results.csv"),
    Text("The next source is a chart of the same trial:"),
    Image(DATA / "figure_1.png"),
    Text(NOTE, name="newsletter.txt"),  # bytes and files are sources; a plain string is said to the model
]

with ol.load() as model:
    response = model.generate(inputs, max_output_tokens=48)

names = {part.id: part.name for part in response.sources}
print("sources:", ", ".join(names.values()))
print(response.text)
for claim in response.claims:
    print(claim.supported, sorted({names[citation.source] for citation in claim.citations}))
