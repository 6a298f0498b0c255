"""1, 4 and 16 clients with short and long questions; once alone, once while an 8,000-token document is read.

Alone: tokens a second against the tuned server. With it: the worst first token of the short ones, against three times
that of one when nothing else runs (load-prefill: 3 x idle / worst).
"""

from argparse import Namespace
from typing import Any

from kernels import kernels
from ratios import Ratio, finish, first_worst, options, per_token, ratios, turns, warm_up
from sides import Ours, Peer, Side
from texts import COPY, document, questions


def main() -> None:
    asked = options(__doc__ or "", parts=("clients", "prefill"), context=12_288, slots=17)
    long, clients, scale = (500, (1, 4), 2) if asked.quick else (8000, (1, 4, 16), 1)
    asked.context = 1024 if asked.quick else asked.context
    ours = Ours(asked, together=True)
    long = min(long, ours.engine.capabilities.context_tokens * 3 // 4)
    sides: list[Side] = [ours, Peer("llama_server", asked, tuned=True)]
    parts: list[Ratio] = []
    try:
        warm_up(sides, ours.ask(COPY, document(60, 99), limit=24))
        for count in clients if "clients" in asked.parts else ():
            print(f"{count} clients:")
            found = turns(asked, sides, lambda at, count=count: {"asks": mixed(ours, at, count, scale)})
            parts += ratios(found, ours.name, f"load-{count}", 0.98, per_token)
        if "prefill" in asked.parts:
            parts += beside_a_prefill(asked, ours, sides, long)
    finally:
        for side in sides:
            side.close()
    finish(asked, "load", parts, lambda: kernels(asked))


def beside_a_prefill(asked: Namespace, ours: Ours, sides: list[Side], long: int) -> list[Ratio]:
    """Ours; a peer's is printed beside it."""
    print("one short question alone, then six while a long document is read:")
    times = None if asked.quick else 2  # each reading of the long document takes minutes
    idle = turns(asked, sides, lambda at: {"asks": short(ours, at + 50, 1)}, times)
    busy = turns(asked, sides, lambda at: {"asks": [reading(ours, at, long), *short(ours, at + 60, 6)]}, times)
    parts: list[Ratio] = []
    for name in busy:
        alone = [first_worst(run) for run in idle[name]]
        worst = [first_worst({"answers": run["answers"][1:]}) for run in busy[name]]
        pairs = [3 * one / many for one, many in zip(alone, worst, strict=True)]
        part = Ratio.of("load-prefill", pairs, 1.0, "three times its own idle")
        if name == ours.name:
            parts.append(part)
        else:
            print(f"beside it, {name}: {part.line()}")
    return parts


def mixed(ours: Ours, at: int, count: int, scale: int) -> list[dict[str, Any]]:
    """Each client asks once: about 60, 200 or 400 tokens of input, 16 to 64 of output; in small a `scale`th."""
    asks: list[dict[str, Any]] = []
    for client in range(count):
        number = 60 * at + count + client  # another text for every client of every turn
        tokens, most = ((400, 64), (60, 16), (200, 32))[client % 3]
        asks.append(ours.ask(questions(1, number)[0], document(tokens // scale, number), limit=most // scale))
    return asks


def short(ours: Ours, at: int, count: int) -> list[dict[str, Any]]:
    """One after the other, from half a second on."""
    return [
        ours.ask(f"{at}.{n} Say a colour.", limit=8, after=0.5 + n * 1.0 if count > 1 else 0.0) for n in range(count)
    ]


def reading(ours: Ours, at: int, tokens: int) -> dict[str, Any]:
    return ours.ask(questions(1, at + 900)[0], document(tokens, at + 900), limit=8)


if __name__ == "__main__":
    main()
