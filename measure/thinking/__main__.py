"""The acceptance table of thinking: strategies against the direct answer, and against the plain model with the sources
pasted in, on the same weights.

    python -m measure.thinking --data DIR                        # hours on two cores; a run that was stopped goes on
    python -m measure.thinking --data DIR --limit 8 --only wtq   # minutes

Exit status: 0 where every floor holds, 1 where ours misses one, 4 where none is missed but some could not be measured.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from measure.thinking.rows import rows
from measure.trust.asked import parsed, parser
from measure.trust.going import Answers, at_most, close_all, gone, loaded, tasks_of, with_peers
from measure.trust.sides import Ours, Side
from measure.trust.table import as_json, markdown, status, text

DEFAULTS = {"wtq": 160, "tatqa": 80, "gsm8k": 60}
TABLES = ("wtq", "tatqa")
"""Of which the plain model can be asked: there are sources to paste in."""


def main(given: Sequence[str] | None = None) -> int:
    asked = options(given)
    names, counts = asked.only or list(DEFAULTS), at_most(asked.limit, DEFAULTS)
    opened = sides(asked)
    try:
        found = list[Answers]()
        for name, task in tasks_of(names).items():
            able = [side for side in opened if name in TABLES or isinstance(side, Ours)]
            found += gone(able, {name: task}, asked.data, counts)
    finally:
        close_all(opened)
    table, shown = rows(found), [side.name for side in opened]
    whole = as_json(table, shown, found, model=asked.model or "default", data=str(asked.data))
    (asked.out / "thinking.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    (asked.out / "thinking.md").write_text(markdown(table, shown) + "\n")
    print(text(table, shown))
    return status(table)


def sides(asked: argparse.Namespace) -> list[Side]:
    """Ours by program, ours directly, and the plain model where it starts."""
    tasks = tasks_of(list(DEFAULTS))
    model, logs = loaded(asked)
    program = Ours(model, logs, asked.data, tasks, strategy="program")
    return with_peers([program, Ours(model, logs, asked.data, tasks, "direct")], asked, tasks, model, logs)


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    return parsed(parser("python -m measure.thinking", __doc__ or "", DEFAULTS, "thinking"), given)


if __name__ == "__main__":
    sys.exit(main())
