"""The acceptance table of thinking: strategies and what their budgets buy against the direct answer, and against the
plain model with the sources pasted in, on the same weights.

    python -m measure.thinking --data DIR                        # hours on two cores; a run that was stopped goes on
    python -m measure.thinking --data DIR --limit 8 --only wtq   # minutes

Exit status: 0 where every floor holds, 1 where ours misses one, 4 where none is missed but some could not be measured.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from measure.thinking.fixed import BUDGET, Fixed
from measure.thinking.rows import BUDGETS, rows
from measure.trust.asked import parsed, parser
from measure.trust.going import Answers, at_most, close_all, gone, loaded, tasks_of, with_peers
from measure.trust.sides import Ours
from measure.trust.table import as_json, markdown, status, text

DEFAULTS = {"wtq": 160, "tatqa": 80, "gsm8k": 60}
STRATEGIES = {"wtq": "program", "tatqa": "program", "gsm8k": "sample"}
TABLES = ("wtq", "tatqa")
"""Of these the plain model is asked, with the sources pasted in; of the others ours, directly."""
PAIRED = 60
"""Of how many samples at most the smaller budgets are asked as well."""


def main(given: Sequence[str] | None = None) -> int:
    asked = options(given)
    names, counts = asked.only or list(DEFAULTS), at_most(asked.limit, DEFAULTS)
    tasks = tasks_of(names)
    model, logs = loaded(asked)

    def ours(name: str, budget: int, side: str) -> Ours:
        return Ours(model, logs, asked.data, tasks, side, strategy=STRATEGIES[name], reasoning_budget=budget)

    opened = with_peers([Ours(model, logs, asked.data, tasks, "direct", strategy="direct")], asked, tasks, model, logs)
    try:
        found = list[Answers]()
        for name, task in tasks.items():
            able = [each for each in opened if (name in TABLES) != isinstance(each, Ours)]
            found += gone([ours(name, BUDGETS[-1], "ours"), *able], {name: task}, asked.data, counts)
            if asked.eight:
                how = {"strategy": STRATEGIES[name], "reasoning_budget": BUDGET}
                fixed = Fixed(model, logs, asked.data, tasks, "eight", **how)
                found += gone([fixed], {name: task}, asked.data, at_most(asked.eight, counts))
            if asked.one_budget:
                continue
            smaller = [ours(name, budget, f"budget {budget}") for budget in BUDGETS[:-1]]
            found += gone(smaller, {name: task}, asked.data, at_most(PAIRED, counts))
    finally:
        close_all(opened)
    table, shown = rows(found), ["ours", *(side.name for side in opened)]
    whole = as_json(table, shown, found, model=asked.model or "default", data=str(asked.data))
    (asked.out / "thinking.json").write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    (asked.out / "thinking.md").write_text(markdown(table, shown) + "\n")
    print(text(table, shown))
    return status(table)


def options(given: Sequence[str] | None = None) -> argparse.Namespace:
    made = parser("python -m measure.thinking", __doc__ or "", DEFAULTS, "thinking")
    made.add_argument("--one-budget", action="store_true", help=f"only the largest, {BUDGETS[-1]} tokens")
    made.add_argument(
        "--eight", type=int, default=PAIRED, help="how many samples eight answers are drawn for (%(default)s)"
    )
    return parsed(made, given)


if __name__ == "__main__":
    sys.exit(main())
