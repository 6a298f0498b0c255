"""Runs the measurements, prints one table, and says which floors do not hold. Resumable: the log is .measure."""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

NAMES = ("embeddings", "schemas", "pdf", "speech", "video", "sroie", "xquad")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m measure", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(NAMES)}; all without any")
    parser.add_argument("--data", type=Path, required=True, help="a folder of the form of the development data")
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    asked = parser.parse_args()
    if not asked.data.is_dir():
        parser.error(f"{asked.data} is not a folder")
    results: dict[str, Any] = {}
    for name in asked.names or NAMES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        results |= importlib.import_module(f"measure.{name}").measure(asked.data)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2))
    return _table(results)


def _table(results: dict[str, Any]) -> int:
    missed = 0
    for name, metric in results.items():
        floor = metric.get("floor")
        below = floor is not None and not metric["value"] >= floor
        ceiling = metric.get("ceiling")
        above = ceiling is not None and not metric["value"] <= ceiling
        missed += below or above
        bound = f">= {floor}" if floor is not None else f"<= {ceiling}" if ceiling is not None else ""
        verdict = "" if not bound else "FAILS" if below or above else "holds"
        spread = (
            f"± {metric['stderr']:.3f}" if metric.get("stderr") == metric.get("stderr") and "stderr" in metric else ""
        )
        print(f"{name:<36} {metric['value']:>8.3f} {spread:<9} n={metric.get('n', ''):<5} {bound:<9} {verdict}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
