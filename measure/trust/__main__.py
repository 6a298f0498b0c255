"""The acceptance table of trust, for ours, a plain pipeline and a retrieval pipeline on the same weights.

    python -m measure.trust --data DIR                          # hours on two cores; a run that was stopped goes on
    python -m measure.trust --data DIR --limit 8 --only mixed   # minutes
    python -m measure.trust --data DIR --peer-python PATH       # with the retrieval pipeline, in a Python that has it

Exit status: 0 where every floor holds, 1 where ours misses one, 4 where none is missed but some could not be measured.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measure.trust.going import DEFAULTS, at_most, close_all, gone, sides, tasks_of
from measure.trust.rows import rows
from measure.trust.table import as_json, markdown, status, text


def main(given: Sequence[str] | None = None) -> int:
    asked = options(given)
    asked.out.mkdir(parents=True, exist_ok=True)
    tasks = tasks_of(asked.only or list(DEFAULTS))
    found: list[Any] = []
    opened = sides(asked, tasks)
    try:
        found = gone(opened, tasks, asked.data, at_most(asked.limit, DEFAULTS))
    finally:
        close_all(opened)
    table = rows(found, splits=asked.splits)
    names = [side.name for side in opened]
    whole = as_json(table, names, found, model=asked.model or "default", data=str(asked.data))
    (asked.json or asked.out / "trust.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    (asked.out / "trust.md").write_text(markdown(table, names) + "\n")
    print(text(table, names))
    return status(table)


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m measure.trust", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder of the form of the development data")
    parser.add_argument("--limit", type=int, help="of every task at most so many samples")
    parser.add_argument("--only", action="append", choices=list(DEFAULTS), help="a task; may be repeated")
    parser.add_argument("--peer-python", default="", help="a Python that has LangChain; else that peer is left out")
    parser.add_argument("--without", action="append", default=[], choices=["plain"], help="a peer to leave out")
    parser.add_argument("--out", type=Path, default=Path(".measure") / "trust", help="logs and tables (%(default)s)")
    parser.add_argument("--json", type=Path, help="the numbers (OUT/trust.json)")
    parser.add_argument("--model", "-m", default=None, help="a catalog name; the embedded default without")
    parser.add_argument("--threads", type=int, default=2, help="of every side (%(default)s)")
    parser.add_argument("--splits", type=int, default=200, help="calibration and test splits (%(default)s)")
    asked = parser.parse_args(given)
    if not asked.data.is_dir():
        parser.error(f"{asked.data} is not a folder")
    if asked.limit is not None and asked.limit < 1:
        parser.error("--limit must be 1 or more")
    return asked


if __name__ == "__main__":
    sys.exit(main())
