"""The same question for every file of a folder; a file that cannot be read does not stop the others."""

from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol

NOTES = {
    "monday.txt": "The loom stood still for 3 hours. A belt was broken.",
    "tuesday.txt": "The loom ran all day.",
    "wednesday.txt": "",
}

with TemporaryDirectory() as folder, ol.load() as model:
    for name, text in NOTES.items():
        Path(folder, name).write_text(text, encoding="utf-8")
    results = model.batch(
        Path(folder), "Did the loom stand still?", schema="stood_still boolean, hours int", on_error="return"
    )

for name, result in zip(sorted(NOTES), results, strict=True):
    if isinstance(result, ol.OmniloomError):
        print(f"{name}: {result.code}: {result}")
    else:
        print(f"{name}: {result.data}")
