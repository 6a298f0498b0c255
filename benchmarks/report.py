"""The README's table and docs/pictures/engine-benchmarks.png, from what the benchmarks wrote with --json.

python benchmarks/report.py [FILE ...]   (without files: benchmarks/results/*.json)
"""

import json
import sys
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "engine-benchmarks.png"
WORK = {
    "plain": "one cold prompt, free text (control)",
    "structured": "JSON with many keys",
    "structured-free": "JSON that is mostly free text",
    "structured-real": "real schemas and receipts",
    "quote": "verbatim quoting, after the first token",
    "quote-free": "free chat",
    "samples": "8 samples of one prompt",
    "fanout-cold": "8 questions on one document, cold",
    "fanout-stored": "the same, document stored",
    "fanout-stored-first": "the same, worst first token",
    "interleave": "8 conversations, cache for 2 of 3 documents: first token",
    "restart": "first token after a restart",
    "load-1": "1 client: throughput",
    "load-4": "4 clients: throughput",
    "load-16": "16 clients: throughput",
    "load-prefill": "worst first token beside a long prefill, against 3 x idle",
}
Part = dict[str, Any]


def parts(files: list[Path]) -> list[Part]:
    """All ratios but that of validity, in the order of WORK."""
    found: list[Part] = []
    for file in files:
        told = json.loads(file.read_text("utf-8"))
        about = {word: told[word] for word in ("model", "threads", "quick")}
        found += [part | about for part in told["parts"] if part["name"] in WORK]
    return sorted(found, key=lambda part: (list(WORK).index(part["name"]), part["peer"]))


def table(found: list[Part]) -> str:
    lines = ["| work | against | ratio | floor | weights, pairs |", "|---|---|---|---|---|"]
    for part in found:
        spread = f"{part['middle']:.2f} ({part['low']:.2f} to {part['high']:.2f})"
        shown = f"**{spread}**" if part["middle"] >= part["floor"] else spread
        how = f"{part['model']}, {part['pairs']}{', in small' if part['quick'] else ''}"
        lines.append(
            f"| {WORK[part['name']]} | {part['peer'].replace('_', '-')} | {shown} | {part['floor']:g} | {how} |"
        )
    return "\n".join(lines)


def draw(found: list[Part]) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 0.36 * len(found) + 1.2))
    for at, part in enumerate(reversed(found)):
        color = "#3b7a57" if part["middle"] >= part["floor"] else "#b5483a"
        axes.plot([part["low"], part["high"]], [at, at], color=color, linewidth=2.5, alpha=0.5)
        axes.plot(part["middle"], at, "o", color=color, markersize=6)
        axes.plot(part["floor"], at, "|", color="black", markersize=13, markeredgewidth=1.6)
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set(xscale="log", xlabel="theirs / ours; to the right of 1 Omniloom is faster; black: the floor set before")
    labels = [f"{WORK[part['name']]}\n{part['peer'].replace('_', '-')}" for part in reversed(found)]
    axes.set_yticks(range(len(found)), labels, fontsize=7)
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}x"))
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=110, bbox_inches="tight")


def main() -> None:
    files = [Path(name) for name in sys.argv[1:]] or sorted(Path(__file__).parent.glob("results/*.json"))
    found = parts(files)
    threads = " or ".join(sorted({str(part["threads"]) for part in found}))
    hold = sum(part["middle"] >= part["floor"] for part in found)
    told = f"Measured with {threads} threads. The floor of {hold} of these {len(found)} rows holds (bold)."
    print(f'{told} "In small" is `--quick`.\n\n{table(found)}')
    draw(found)


if __name__ == "__main__":
    main()
