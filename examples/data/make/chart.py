"""The chart of the paper, drawn with matplotlib."""

from io import BytesIO

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

from . import story

BEFORE, AFTER, INK, SOFT = "#9aa5b1", "#2f6f9f", "#1f2933", "#616e7c"


def draw(*, annotated: bool, dpi: int) -> bytes:
    """PNG of the throughput per week; the annotated one also says how much memory was used, which nothing else says."""
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK, "axes.labelcolor": SOFT})
    figure, axes = plt.subplots(figsize=(7.2, 4.2), dpi=dpi)
    for name, colour, label in (("first come", BEFORE, "First come, first served"), ("Loom", AFTER, "Loom")):
        weeks = [week for week in story.WEEKS if week[1] == name]
        bars = axes.bar([w[0] for w in weeks], [w[2] for w in weeks], width=0.72, color=colour, label=label, zorder=2)
        axes.bar_label(bars, fontsize=9, padding=2, color=INK)
    _frame(axes)
    if annotated:
        axes.annotate(
            story.CHART_ONLY,
            xy=(12, 870),
            xytext=(8.6, 1015),
            fontsize=13,
            fontweight="bold",
            color="#a23b1e",
            ha="center",
            arrowprops={"arrowstyle": "->", "color": "#a23b1e", "lw": 1.6, "shrinkB": 6},
        )
    figure.tight_layout()
    target = BytesIO()
    figure.savefig(target, format="png", metadata={"Software": None})
    plt.close(figure)
    return target.getvalue()


def _frame(axes: plt.Axes) -> None:
    axes.set_title("Throughput in each week of the trial", fontsize=13, fontweight="bold", loc="left", pad=12)
    axes.set_xlabel("Week")
    axes.set_ylabel("Jobs per second")
    axes.set_xticks([week[0] for week in story.WEEKS])
    axes.set_ylim(0, 1120)
    axes.set_yticks(range(0, 1001, 200))
    axes.tick_params(colors=SOFT, length=0)
    axes.grid(axis="y", color="#e4e7eb", zorder=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#cbd2d9")
    axes.legend(frameon=False, loc="upper left", fontsize=10, labelcolor=INK)
