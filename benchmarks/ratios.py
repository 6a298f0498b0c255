"""How it is measured: all sides turn about on the same work, ratios of pairs, the best peer against the floor."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sides import Ours, Side

from omniloom.catalog import ensure

Measure = Callable[[dict[str, Any]], float]


class Ratio(NamedTuple):
    """theirs / ours: the median of the pairs, the lowest, the highest."""

    name: str
    middle: float
    low: float
    high: float
    floor: float
    peer: str = ""
    pairs: int = 1

    @classmethod
    def of(cls, name: str, pairs: Sequence[float], floor: float, peer: str) -> "Ratio":
        return cls(name, statistics.median(pairs), min(pairs), max(pairs), floor, peer, len(pairs))

    @property
    def holds(self) -> bool:
        return self.middle >= self.floor

    def line(self) -> str:
        return f"{self.name} ratio {self.middle:.2f} ({self.low:.2f}-{self.high:.2f}) floor {self.floor}"


def options(
    description: str, quick_model: str = "qwen2.5-coder-0.5b", parts: Sequence[str] = (), **defaults: Any
) -> argparse.Namespace:
    """context: tokens of a sequence. slots: sequences at once. Both may be given as defaults. parts: `--parts` runs
    some of them; `asked.parts` are those to run."""
    known = {"context": 2048, "slots": 1, "repetitions": 5, "quick_repetitions": 3} | defaults
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="the same work in small, under two minutes on two cores")
    parser.add_argument("--model", default=None, help=f"a catalog name (qwen2.5-coder-1.5b; --quick: {quick_model})")
    parser.add_argument("--threads", type=int, default=2, help="of every side (%(default)s)")
    often = f"({known['repetitions']}; --quick: {known['quick_repetitions']})"
    parser.add_argument("--repetitions", type=int, default=None, help=often)
    parser.add_argument("--data", type=Path, help="real receipts and schemas, for structured.py; the rest is made")
    parser.add_argument("--json", type=Path, help="write the result there, for report.py")
    parser.add_argument("--peer-python", default="", help="a Python that has llama-cpp-python and openvino-genai")
    if parts:
        parser.add_argument("--parts", nargs="+", choices=parts, default=parts, help="run these only (all)")
    asked = parser.parse_args()
    asked.model = asked.model or (quick_model if asked.quick else "qwen2.5-coder-1.5b")
    asked.repetitions = asked.repetitions or known["quick_repetitions" if asked.quick else "repetitions"]
    asked.path = ensure(asked.model).paths["model"]
    asked.context, asked.slots = known["context"], known["slots"]
    return asked


def turns(
    asked: argparse.Namespace, sides: Sequence[Side], job: Callable[[int], dict[str, Any]], times: int | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Each repetition's job by every side, in an order that rotates; sides that fail are named and left out.

    times: as many as that instead of the repetitions that were asked for."""
    found: dict[str, list[dict[str, Any]]] = {side.name: [] for side in sides}
    for number in range(asked.repetitions if times is None else times):
        work, shift = job(number), number % max(1, len(sides))
        for side in [*sides[shift:], *sides[:shift]]:
            if side.name not in found:
                continue
            told = side.work(work)
            if "failed" in told:
                print(f"left out: {side.name}: {told['failed']}", flush=True)
                del found[side.name]
                continue
            found[side.name].append(told)
            print(_row(number, side.name, told), flush=True)
    return found


def warm_up(sides: Sequence[Side], ask: dict[str, Any]) -> None:
    """A quote that nobody counts: memory is touched, and ours measures what steps cost, once for a machine."""
    for side in sides:
        side.work({"asks": [ask]})
        if isinstance(side, Ours):
            side.settle()


def ratios(found: dict[str, list[dict[str, Any]]], ours: str, name: str, floor: float, measure: Measure) -> list[Ratio]:
    """One for each peer, the best peer's last. measure: what is compared, less is better."""
    made: list[Ratio] = []
    for peer in found:
        if peer != ours:
            pairs = [measure(their) / measure(own) for their, own in zip(found[peer], found[ours], strict=True)]
            made.append(Ratio.of(name, pairs, floor, peer))
    return sorted(made, key=lambda ratio: -ratio.middle)


def finish(asked: argparse.Namespace, name: str, parts: Sequence[Ratio], why: Callable[[], str] = str) -> None:
    """Print every part; last, under `name`, the one that is worst against its floor, which decides the exit status.

    why: the profile that tells why a floor is not reached, and what would change it; asked for only then."""
    for part in parts:
        print(f"{part.line()}  against {part.peer}")
    worst = min(parts, key=lambda part: part.middle / part.floor)._replace(name=name)
    if not worst.holds and (told := why()):
        print(told)
    if asked.json:
        about = {word: getattr(asked, word) for word in ("model", "threads", "quick")}
        result = {"name": name, **about, "parts": [part._asdict() for part in parts]}
        asked.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(worst.line())
    sys.exit(0 if worst.holds else 1)


def _row(number: int, name: str, told: dict[str, Any]) -> str:
    answers = told.get("answers", [])
    firsts = [answer["first"] for answer in answers]
    written, read = sum(answer["tokens"] for answer in answers), sum(answer["read"] for answer in answers)
    return (
        f"{number + 1}  {name:34} {told['seconds']:7.2f} s  processor {told['processor']:7.2f} s  "
        f"first {statistics.median(firsts) if firsts else 0:6.2f} s  read {read:6}  written {written:5}"
    )


def per_token(told: dict[str, Any]) -> float:
    """Seconds for a token written."""
    return told["seconds"] / max(1, sum(answer["tokens"] for answer in told["answers"]))


def written(told: dict[str, Any]) -> float:
    """Seconds from the first token on, for each token after it: reading the source is the same work for all."""
    answers = told["answers"]
    spent = sum(each["seconds"] - each["first"] for each in answers)
    return spent / max(1, sum(each["tokens"] - 1 for each in answers))


def seconds(told: dict[str, Any]) -> float:
    return told["seconds"]


def first_median(told: dict[str, Any]) -> float:
    return statistics.median(answer["first"] for answer in told["answers"])


def first_worst(told: dict[str, Any]) -> float:
    return max(answer["first"] for answer in told["answers"])


def read_and_written(found: dict[str, list[dict[str, Any]]]) -> str:
    """The profile of work that is mostly reading: what each side had left to compute, in the middle of its runs."""

    def middle(runs: list[dict[str, Any]], word: str) -> float:
        return statistics.median(sum(answer[word] for answer in run["answers"]) for run in runs)

    told = [
        f"{name} read {middle(runs, 'read'):.0f} tokens, wrote {middle(runs, 'tokens'):.0f}, and took "
        f"{statistics.median(run['processor'] for run in runs):.1f} s of processor time"
        for name, runs in found.items()
        if runs
    ]
    return (
        "; ".join(told)
        + ". What is read and written here takes what llama.cpp takes: only more stored would change it."
    )


def unequal(found: dict[str, list[dict[str, Any]]], name: str, peers: Collection[str]) -> list[Ratio]:
    """A part for each of the peers whose answers are not ours to the letter, which misses its floor."""
    shares = {peer: share for peer, share in equal_texts(found).items() if peer in peers and share < 1}
    return [Ratio(name, share, share, share, 1.0, peer) for peer, share in shares.items()]


def equal_texts(found: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """For each side, the share of its answers that are those of the first side."""
    first = next(iter(found.values()))
    same = {
        name: [a["text"] == b["text"] for one, other in zip(first, runs, strict=True)
               for a, b in zip(one["answers"], other["answers"], strict=False)]
        for name, runs in found.items()
    }  # fmt: skip
    return {name: sum(each) / max(1, len(each)) for name, each in same.items()}
