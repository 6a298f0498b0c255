"""Ask about a recording; citations carry the seconds, and every sentence that was heard can be listed."""

from pathlib import Path

import omniloom as ol
from omniloom import Audio
from omniloom.catalog import ensure
from omniloom.inputs import read_part
from omniloom.storage.intake import take_in

interview = Audio(Path(__file__).parent / "data" / "author_interview.mp3", language="en")

with ol.load() as model:
    response = model.generate(["How far did energy use fall?", interview], max_output_tokens=48)
    # What was heard is kept by content: reading the same file again gives it at once.
    reading = read_part(take_in(interview, model.store), model.store, weights=lambda name: ensure(name).paths)

print(response.text)
for claim in response.claims:
    for citation in claim.citations:
        start, end = citation.locator.time or (0.0, 0.0)
        print(f"{citation.url}: from second {start:.1f} to {end:.1f}: “{citation.quote}”")
for sentence in reading.segments:
    start, end = sentence.locator.time or (0.0, 0.0)
    sure = "" if sentence.confidence is None else f" (score {sentence.confidence:.2f})"
    print(f"{start:5.1f}-{end:5.1f} s{sure} {sentence.text}")
