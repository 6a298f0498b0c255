"""Eight different questions on one document of 1,000 tokens, all at once: cold, and with the document stored.

Stored: our engine is closed and opened again, and answers the same questions. The server keeps nothing over a restart
by itself, so what it takes then is what it took cold.
"""

import tempfile
from pathlib import Path

from ratios import Ratio, finish, first_worst, options, ratios, read_and_written, seconds, turns, warm_up
from sides import OWN, Ours, peers
from texts import COPY, document, questions

SHIPPED = "llama_server as shipped"


def main() -> None:
    asked = options(__doc__ or "", slots=8, quick_repetitions=1)
    tokens, limit = (250, 8) if asked.quick else (1000, 32)
    with tempfile.TemporaryDirectory() as home:
        ours, others = Ours(asked, Path(home), together=True), peers(asked, OWN)
        sides = [ours, *others]

        def job(at: int) -> dict[str, object]:
            source = document(tokens, at)
            return {"asks": [ours.ask(question, source, limit=limit) for question in questions(8, at)]}

        try:
            warm_up(sides, ours.ask(COPY, document(60, 99), limit=24))
            cold = turns(asked, sides, job)
            ours.close()
            ours = sides[0] = Ours(asked, Path(home), together=True)
            stored = turns(asked, [ours], job)
        finally:
            for side in sides:
                side.close()
    parts: list[Ratio] = []
    for each in ratios(cold, ours.name, "fanout-cold", 3.0, seconds):
        parts.append(each if each.peer == SHIPPED else each._replace(floor=1.1))
    against = stored | {name: runs for name, runs in cold.items() if name != ours.name}
    parts += ratios(against, ours.name, "fanout-stored", 5.0, seconds)
    parts += ratios(against, ours.name, "fanout-stored-first", 10.0, first_worst)
    finish(asked, "fanout", parts, lambda: f"cold: {read_and_written(cold)}\nstored: {read_and_written(stored)}")


if __name__ == "__main__":
    main()
