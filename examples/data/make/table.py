"""The measurements, one row a week."""

import csv
from pathlib import Path

from . import story


def write(target: Path) -> None:
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(story.COLUMNS)
        writer.writerows(story.WEEKS)
