"""Facts of a picture as JSON that fits a schema, as one takes them from a receipt; each value with its place."""

from pathlib import Path

from pydantic import BaseModel, Field

import omniloom as ol
from omniloom import Image

PICTURE = Path(__file__).parent / "data" / "figure_1.png"


class Chart(BaseModel):
    heading: str = Field(max_length=60)
    peak_memory: str | None = Field(max_length=20)


with ol.load() as model:
    response = model.generate(
        ["Extract the heading and the peak memory.", Image(PICTURE)], schema=Chart, max_output_tokens=96
    )

chart: Chart = response.data
print(chart.model_dump_json())
for claim in response.claims:
    places = [citation.url for citation in claim.citations]
    print(claim.at, claim.text, *(places or ["not found in the picture"]))
for loss in response.losses:
    print(f"{loss.severity}: {loss.detail}")
