"""A resumable log of samples, and the statistics of a list of numbers."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

HOME = Path(".measure") / "home"
"""The store of measured calls: not the user's own."""


class Log:
    """One JSON line a sample, written as soon as it is done; a run that was stopped goes on where it was.

    Each state of the code has a log of its own: no table mixes what two versions did. What did not change is not
    computed again all the same, for the store keeps readings and completions by content.
    """

    def __init__(self, name: str, folder: Path = Path(".measure")) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / f"{name}-{_code()}.jsonl"
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.done: dict[str, dict[str, Any]] = {record["id"]: record for record in map(json.loads, lines)}

    def each(self, ids: Iterable[str], work: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
        """The records of all ids, in order; `work` runs for those that are not done yet."""
        records: list[dict[str, Any]] = []
        for sample in ids:
            if sample not in self.done:
                record = {"id": sample, **work(sample)}
                self.done[sample] = record
                with self.path.open("a") as file:
                    file.write(json.dumps(record, ensure_ascii=False) + "\n")
            records.append(self.done[sample])
        return records


def _code() -> str:
    """The first digits of the sha256 of Omniloom's sources and of the measurements'."""
    import omniloom

    roots = (Path(omniloom.__file__).parent, Path(__file__).parent)
    files = sorted(path for root in roots for path in root.rglob("*") if path.suffix in {".py", ".json", ".sql"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def mean(values: Iterable[float]) -> dict[str, float]:
    """value, stderr (of the mean), n."""
    numbers = [float(value) for value in values]
    n = len(numbers)
    if not n:
        return {"value": math.nan, "stderr": math.nan, "n": 0}
    average = sum(numbers) / n
    spread = sum((number - average) ** 2 for number in numbers)
    return {"value": average, "stderr": math.sqrt(spread / (n * (n - 1))) if n > 1 else math.nan, "n": n}
