"""Ask about a video: burnt-in text has seconds and a region, speech has seconds, on one timeline."""

from pathlib import Path

import omniloom as ol
from omniloom import Video
from omniloom.rendering.place import in_words
from omniloom.rendering.show import show

clip = Video(Path(__file__).parent / "data" / "clip.mp4", language="en")

with ol.load() as model:
    response = model.generate(["How long did the recovery take?", clip], max_output_tokens=48)
    parts = {part.id: part for part in response.sources}
    print(response.text)
    for claim in response.claims:
        for citation in claim.citations[:1]:
            picture = show(parts[citation.source], citation.locator, quote=citation.quote)
            print(f"{citation.url} ({in_words(citation.locator)}): a PNG of {len(picture) // 1000} kB shows it")

for loss in response.losses:
    print(f"{loss.severity}: {loss.detail}")
