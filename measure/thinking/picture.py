"""Accuracy against budget, drawn from the numbers that `python -m measure.thinking` has written.

python -m measure.thinking.picture .measure/thinking/thinking.json    # one or several; docs/pictures/thinking.png
"""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "thinking.png"
_ROW = re.compile(r"(?P<task>.+), exact, budget of (?P<budget>\d+)")
_COLORS = ("#3b7a57", "#b5483a", "#3a5f8a")
Point = tuple[int, dict[str, Any]]


def curves(tables: Sequence[dict[str, Any]]) -> dict[str, list[Point]]:
    """By task the budgets in tokens, in rising order, with the cell that each reached."""
    found: dict[str, list[Point]] = {}
    for row in (row for table in tables for row in table["measures"]):
        if (told := _ROW.fullmatch(row["measure"])) and row["sides"]["ours"]["value"] is not None:
            found.setdefault(told["task"], []).append((int(told["budget"]), row["sides"]["ours"]))
    return {task: sorted(points, key=lambda point: point[0]) for task, points in found.items()}


def draw(found: dict[str, list[Point]], place: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.4))
    budgets = sorted({budget for points in found.values() for budget, _ in points})
    for (task, points), color in zip(found.items(), _COLORS, strict=False):
        at = [budgets.index(budget) for budget, _ in points]
        cells = [cell for _, cell in points]
        axes.plot(at, [cell["value"] for cell in cells], "o-", color=color, label=f"{task} (n={cells[0]['n']})")
        low, high = ([cell[name] for cell in cells] for name in ("low", "high"))
        if None not in (*low, *high):
            axes.fill_between(at, low, high, color=color, alpha=0.12)
    axes.set_xticks(range(len(budgets)), [f"{budget:,}" for budget in budgets])
    axes.set(xlabel="reasoning budget, tokens", ylabel="exact, with 95 % interval", ylim=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    figure.savefig(place, dpi=110, bbox_inches="tight")
    plt.close(figure)


def main(given: Sequence[str]) -> int:
    found = curves([json.loads(Path(name).read_text()) for name in given])
    if not found:
        print("no table of budgets: name the thinking.json of a run without --one-budget", file=sys.stderr)
        return 2
    draw(found, PICTURE)
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
