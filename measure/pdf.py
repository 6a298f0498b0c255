"""PDFs against their reference reading in Markdown: share of its words that are read, and whether in its order."""

import html
import re
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from measure.log import mean

_RIGHT_TO_LEFT = "right_to_left"
_WORD = re.compile(r"[^\W_]+")


def measure(data: Path) -> dict[str, Any]:
    """Token recall for each kind of PDF, a reading-order score, and the pages neither read nor reported."""
    rows = [row for path in sorted((data / "pdf").glob("*.pdf")) if (row := one(path)) is not None]
    for row in rows:
        print(
            f"  {row['name']:<34} {row['kind']:<14} recall {row['recall']:.3f} precision {row['precision']:.3f} "
            f"order {row['order']:.3f} {row['seconds']:6.2f} s for {row['pages']} pages"
        )
    results: dict[str, Any] = {}
    for kind, floor in (("born digital", 0.97), ("right to left", 0.90), ("scanned", 0.90)):
        recalls = [row["recall"] for row in rows if row["kind"] == kind]
        results[f"pdf token recall, {kind}"] = {**mean(recalls), "floor": floor}
    results["pdf reading order"] = mean(row["order"] for row in rows)
    results["pdf pages read or reported"] = {**mean(row["covered"] for row in rows), "floor": 1.0}
    return results


def one(path: Path) -> dict[str, Any] | None:
    """The scores of one PDF; None if it has no reference reading."""
    folder = path.parent / "groundtruth"
    references = [*folder.glob(f"{path.stem}.md"), *sorted(folder.glob(f"{path.stem}.*full_page.md"))]
    if not references:
        return None
    started = time.perf_counter()
    segments, losses, pages = reading(path)
    seconds = time.perf_counter() - started
    segments = [segment for segment in segments if not segment.made_by.startswith("pdf.meta")]
    text = "\n".join(segment.text for segment in segments)
    expected, found = words(_plain(references[0].read_text())), words(text)
    shared = sum((Counter(expected) & Counter(found)).values())
    ocr = sum(len(s.text) for s in segments if s.made_by.startswith("pdf.ocr")) * 2 > len(text)
    seen = {s.locator.page for s in segments} | {loss.locator.page for loss in losses}
    return {
        "name": path.name,
        "kind": "right to left" if path.name.startswith(_RIGHT_TO_LEFT) else "scanned" if ocr else "born digital",
        "recall": shared / max(len(expected), 1),
        "precision": shared / max(len(found), 1),
        "order": order(expected, found),
        "missing": list((Counter(expected) - Counter(found)).elements()),
        "seconds": seconds,
        "pages": pages,
        "covered": float(all(page in seen for page in range(1, pages + 1))),
    }


def reading(path: Path) -> tuple[list[Any], list[Any], int]:
    """Segments, losses and the number of pages."""
    from omniloom.core.events import Progress
    from omniloom.core.protocols import Source
    from omniloom.core.values import Loss, Segment
    from omniloom.inputs import pdf

    source = Source(id="measured", path=path, name=path.name, media_type="application/pdf")
    items = list(pdf.read(source))
    pages = max((int(item.total) for item in items if isinstance(item, Progress)), default=0)
    return [i for i in items if isinstance(i, Segment)], [i for i in items if isinstance(i, Loss)], pages


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def order(expected: list[str], found: list[str]) -> float:
    """Share of the neighbouring words of the reference, both read, that stand next to each other in the reading too.

    1 is the order of the reference throughout; a jump between columns at each line costs one pair a line.
    """
    have = Counter(found)
    pairs = [pair for pair in pairwise(expected) if have[pair[0]] and have[pair[1]]]
    following = Counter(pairwise(found))
    shared = sum((Counter(pairs) & following).values())
    return shared / max(len(pairs), 1)


def _plain(markdown: str) -> str:
    """Without the marks of tables, pictures and formulas that were left out."""
    return html.unescape(re.sub(r"<!--.*?-->", " ", markdown, flags=re.DOTALL))
