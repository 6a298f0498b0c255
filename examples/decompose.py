"""A question of two parts over two sources: each part is asked alone, of the source that it is about, and cited."""

from pathlib import Path

import omniloom as ol

DATA = Path(__file__).parent / "data"
QUESTION = "By how much did energy use fall, and which scheduler had the fewest failed jobs?"

with ol.load() as model:
    response = model.generate([QUESTION, DATA / "paper.pdf", DATA / "results.csv"], strategy="decompose")
    print(response.text)
    for claim in response.claims:
        print(f"  {claim.text!r}: {', '.join(citation.url for citation in claim.citations) or 'no place'}")
    for span in model.store.journal.trace(response.trace_id).spans:
        if span.name == "decompose":
            print(f"asked: {span.attributes['questions']}")
