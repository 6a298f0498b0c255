"""Ask about a PDF; every claim of the answer names the page and the region it came from."""

from pathlib import Path

import omniloom as ol
from omniloom import PDF

paper = PDF(Path(__file__).parent / "data" / "paper.pdf", pages="1")

with ol.load() as model:
    response = model.generate(["By how much did energy use fall?", paper], max_output_tokens=48)

print(response.text)
for claim in response.claims:
    for citation in claim.citations:
        print(f"{citation.url}  “{citation.quote}”")
    if not claim.supported:
        print(f"nothing in the paper supports “{claim.text}”")
print("abstained" if response.abstained else f"{len(response.claims)} claims")
