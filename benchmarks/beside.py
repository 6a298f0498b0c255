"""What the benchmarks share: our loop and the server-level path on the same weights, turn about, and their ratio."""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from omniloom.catalog import ensure
from omniloom.core.events import Finished, ReasoningDelta, TextDelta
from omniloom.core.values import Completion, Message, Request, Segment
from omniloom.engines.llamacpp import LlamaCpp


class Run(NamedTuple):
    """seconds: of the work. computed, written, forced: tokens of input that were evaluated, of output, and those of
    output whose logits nobody needed. first: seconds to the first token, the worst of them. processor: seconds of all
    cores that the engine's process used, which other work on the machine disturbs less."""

    seconds: float
    computed: int
    written: int
    forced: int
    first: float
    texts: tuple[str, ...]
    processor: float = 0.0


def options(description: str, repeats: int) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", default="qwen2.5-coder-0.5b", help="a catalog name (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of either side (%(default)s)")
    parser.add_argument("--repeats", type=int, default=repeats, help="pairs of runs (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two pairs only")
    asked = parser.parse_args()
    asked.repeats = 2 if asked.quick else asked.repeats
    asked.path = ensure(asked.model).paths["model"]
    return asked


def opened(asked: argparse.Namespace, home: Path, loop: bool) -> LlamaCpp:
    return LlamaCpp(
        asked.path,
        name=asked.model,
        digest=asked.model,
        context_tokens=2048,
        threads=asked.threads,
        kv_home=home,
        loop=loop,
    )


def document(tokens: int) -> str:
    """English text of about that many tokens, no sentence of it twice."""
    towns = "Varn Holm Lisse Berg Tarn Ostra Kvil Mora Sund Elva".split()
    line = "The {} of {} wove {} metres of cloth in {} and sold {} of them at the {} market. "
    trades = "mill guild harbour school farm".split()
    lines = [
        line.format(trades[n % 5], towns[n % 10], 100 + 7 * n, 1850 + n, 40 + 3 * n, towns[(3 * n + 1) % 10])
        for n in range(max(1, tokens // 34))
    ]
    return "".join(lines)


def asking(question: str, *sources: str, **fields: object) -> Request:
    content: list[str | Segment] = []
    for number, text in enumerate(sources):
        content += [Segment(source=f"s{number}", content=text, made_by="text/1"), "\n"]
    system = Message(role="system", content=("Answer from the sources, shortly.",))
    user = Message(role="user", content=(*content, question))
    return Request.model_validate({"messages": (system, user), **fields})


def together(engine: LlamaCpp, requests: Sequence[Request]) -> Run:
    """All requests at once, each from a thread of its own."""
    found: dict[int, Completion] = {}
    firsts: list[float] = []
    started, spent = time.monotonic(), processor(engine)

    def one(number: int) -> None:
        waiting = True
        for event in engine.stream(requests[number]):
            if waiting and isinstance(event, (TextDelta, ReasoningDelta)):
                waiting = False
                firsts.append(time.monotonic() - started)
            if isinstance(event, Finished):
                found[number] = event.completion

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    usages = [each.usage for each in found.values()]
    return Run(
        seconds=time.monotonic() - started,
        computed=sum(each.input_tokens - each.cached_tokens for each in usages),
        written=sum(each.output_tokens for each in usages),
        forced=sum(note.logprob == 0.0 for each in found.values() for note in each.logprobs),
        first=max(firsts, default=0.0),
        texts=tuple(found[number].text for number in range(len(requests))),
        processor=processor(engine) - spent,
    )


def processor(engine: LlamaCpp) -> float:
    """Seconds of processor time of the engine's process; 0 where it does not run or nothing tells."""
    try:
        fields = Path(f"/proc/{engine._host.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(
    name: str, floor: float, asked: argparse.Namespace, work: Callable[[Path, bool], Run], value: str = "seconds"
) -> None:
    """Run both sides turn about, each in an empty store; print each, then the ratio theirs/ours of `value`."""
    ratios: list[float] = []
    processors: list[float] = []
    for number in range(asked.repeats):
        pair: dict[bool, Run] = {}
        for loop in (True, False) if number % 2 == 0 else (False, True):
            with tempfile.TemporaryDirectory() as place:
                pair[loop] = run = work(Path(place), loop)
            print(
                f"{'loop' if loop else 'server':6}  {run.seconds:7.2f} s  processor {run.processor:6.2f} s  "
                f"first {run.first:6.2f} s  computed {run.computed:5}  written {run.written:4}  forced {run.forced:4}",
                flush=True,
            )
        ratios.append(getattr(pair[False], value) / getattr(pair[True], value))
        processors.append(pair[False].processor / pair[True].processor if pair[True].processor else 0.0)
        print(f"pair {number + 1}: ratio {ratios[-1]:.2f}, texts {'equal' if _equal(pair) else 'differ'}", flush=True)
    middle = statistics.median(ratios)
    print(f"{asked.model}, {asked.threads} threads, {value}, {len(ratios)} pairs")
    low, high = min(processors), max(processors)
    print(f"processor time: ratio {statistics.median(processors):.2f} ({low:.2f}-{high:.2f})")
    print(f"{name} ratio {middle:.2f} ({min(ratios):.2f}-{max(ratios):.2f}) floor {floor}")
    sys.exit(0 if middle >= floor else 1)


def _equal(pair: dict[bool, Run]) -> bool:
    return pair[True].texts == pair[False].texts
