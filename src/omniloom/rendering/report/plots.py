"""The plots of a report as SVG that stands in the page: no colours of its own but those of the page, no text of others.

matplotlib (the extra "report") draws them. Runs appear by their letters: what they are called is written by the page.
"""

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

from omniloom.core.errors import UnsupportedError
from omniloom.rendering.report.values import Cost, Curve, Reliability

# Drawn in these colours, which then become the page's own: it is light or dark.
_INK, _LINE, _SOFT = "#010101", "#020202", "#030303"
_RUNS = ("#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04")
_NAMES = {_INK: "ink", _LINE: "line", _SOFT: "soft", **dict(zip(_RUNS, "abcd", strict=True))}
_DASHES = ("-", "--", ":", "-.")
_SETTINGS = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _SOFT,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "text.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def available() -> None:
    """Raises UnsupportedError without matplotlib."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UnsupportedError("plots need the report extra", hint='pip install "omniloom[report]"') from error


def reliability(runs: Sequence[Reliability], name: str) -> str:
    """The share that is right at each confidence, with intervals; the diagonal is what a probability would be."""

    def draw(axes: Any) -> None:
        axes.plot((0, 1), (0, 1), color=_SOFT, linewidth=1, linestyle=":")
        for at, run in enumerate(runs):
            x, y = [each.confidence for each in run.bins], [each.accuracy for each in run.bins]
            below = [each.accuracy - each.accuracy_low for each in run.bins]
            above = [each.accuracy_high - each.accuracy for each in run.bins]
            axes.errorbar(x, y, (below, above), color=_colour(at), marker="o", markersize=4, capsize=2, **_dash(at))
            for each in run.bins if len(runs) == 1 else ():  # counts of several runs would cover each other
                axes.annotate(
                    str(each.n), (each.confidence, each.accuracy), (4, 4), textcoords="offset points", color=_SOFT
                )
            _letter(axes, x[0], y[0], run.letter, at, -14)
        axes.set(xlabel="confidence", ylabel="share that is right", xlim=(-0.02, 1.05), ylim=(-0.02, 1.05))

    return _drawn(draw, name)


def risk_coverage(curves: Sequence[Curve], name: str) -> str:
    """The share that is wrong among the surest answers; a dash for each signal, a colour for each run."""
    letters = list(dict.fromkeys(curve.letter for curve in curves))

    def draw(axes: Any) -> None:
        highest = 0.0
        seen: dict[str, int] = {}
        for curve in curves:
            dash = seen[curve.letter] = seen.get(curve.letter, -1) + 1
            x, y = [point[0] for point in curve.points], [point[1] for point in curve.points]
            highest = max(highest, *y)
            axes.plot(x, y, color=_colour(letters.index(curve.letter)), linewidth=1.6, linestyle=_DASHES[dash % 4])
            if not dash:
                _letter(axes, x[-1], y[-1], curve.letter, letters.index(curve.letter))
        axes.set(xlabel="share of questions answered", ylabel="share of those that is wrong")
        axes.set(xlim=(0, 1.06), ylim=(0, min(1.05, highest * 1.1 + 0.02)))

    return _drawn(draw, name)


def costs(runs: Sequence[Cost], name: str) -> str:
    """How often each run is right, over the tokens that an answer takes."""

    def draw(axes: Any) -> None:
        for at, run in enumerate(runs):
            error = 1.96 * (run.accuracy.stderr or 0.0)
            axes.errorbar(run.computed, run.accuracy.value, error, color=_colour(at), marker="o", capsize=3)
            _letter(axes, run.computed, run.accuracy.value, run.letter, at)
        most = max(run.computed for run in runs) or 1.0
        axes.set(xlabel="tokens computed for an answer", ylabel="share that is right")
        axes.set(xlim=(0, most * 1.15), ylim=(-0.02, 1.05))

    return _drawn(draw, name)


def _colour(at: int) -> str:
    return _RUNS[at % len(_RUNS)]


def _dash(at: int) -> dict[str, Any]:
    return {"linestyle": _DASHES[at // len(_RUNS) % len(_DASHES)]}


def _letter(axes: Any, x: float, y: float, letter: str, at: int, right: int = 7) -> None:
    axes.annotate(letter, (x, y), (right, -3), textcoords="offset points", color=_colour(at), fontweight="bold")


def _drawn(draw: Callable[[Any], None], name: str) -> str:
    """The SVG element; the same for the same values. name: unique on the page, of letters, digits and dashes."""
    available()
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    settings: Any = {**_SETTINGS, "svg.hashsalt": name}
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(4.6, 3.4), layout="constrained")
        axes = figure.add_subplot()
        draw(axes)
        axes.set_axisbelow(True)
        axes.grid(color=_LINE, linewidth=0.5)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    return _fitted(out.getvalue(), name)


def _fitted(svg: str, name: str) -> str:
    """Only the element, with names that nothing else on the page has, and the page's colours and fonts."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"\s*<metadata>.*?</metadata>|\s*<style[^>]*>.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    for colour, variable in _NAMES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = svg.replace("'DejaVu Sans', ", "")
    return svg.strip()
