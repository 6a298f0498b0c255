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

from measure.trust.asked import parsed, parser
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
    made = parser("python -m measure.trust", __doc__ or "", DEFAULTS, "trust")
    made.add_argument("--peer-python", default="", help="a Python that has LangChain; else that peer is left out")
    made.add_argument(
        "--strategy", choices=("direct", "weigh", "auto"), default="auto",
        help="of ours, in all tasks: with the signals that its calibrator weighs, or all (weigh) (%(default)s)",
    )  # fmt: skip
    made.add_argument("--json", type=Path, help="the numbers (OUT/trust.json)")
    made.add_argument("--splits", type=int, default=200, help="calibration and test splits (%(default)s)")
    return parsed(made, given)


if __name__ == "__main__":
    sys.exit(main())
