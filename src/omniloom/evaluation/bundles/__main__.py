"""Writes the bundles as files: a folder for each, and `samples.jsonl` with the questions, answers and places."""

import json
import sys
from pathlib import Path

from omniloom.core.values import Part
from omniloom.evaluation.bundles.samples import SEED, samples


def write(data: Path, out: Path, seed: int = SEED) -> int:
    """How many questions were written."""
    lines: list[str] = []
    for sample in samples(data, seed):
        folder = out / sample.group
        folder.mkdir(parents=True, exist_ok=True)
        parts = [part for part in sample.inputs if isinstance(part, Part)]
        for part in parts:
            (folder / part.name).write_bytes(part.data or b"")
        record = {
            "id": sample.id,
            "question": sample.question,
            "sources": [f"{sample.group}/{part.name}" for part in parts],
            "target": sample.target,
            "places": [place._asdict() for place in sample.places],
            "kind": sample.metadata["kind"],
        }
        lines.append(json.dumps(record, ensure_ascii=False))
    (out / "samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("python -m omniloom.evaluation.bundles DATA OUT [SEED]")
    print(write(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])))
