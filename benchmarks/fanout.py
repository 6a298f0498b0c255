"""Eight different questions on one document of 1,000 tokens, all at once: cold, and with the document stored."""

import tempfile
from pathlib import Path

from ratios import Ratio, finish, first_worst, options, ratios, seconds, turns
from sides import OWN, Ours, Side, peers
from texts import document, questions

SHIPPED = "llama_server as shipped"


def main() -> None:
    asked = options(__doc__ or "", slots=8)
    tokens, limit = (400, 16) if asked.quick else (1000, 32)
    asked.repetitions = min(asked.repetitions, 2) if asked.quick else asked.repetitions
    with tempfile.TemporaryDirectory() as home:
        ours = Ours(asked, Path(home), together=True)
        sides: list[Side] = [ours, *peers(asked, OWN)]

        def job(at: int) -> dict[str, object]:
            source = document(tokens, at)
            return {"asks": [ours.ask(question, source, limit=limit) for question in questions(8, at)]}

        try:
            cold = turns(asked, sides, job)
            # The peers have answered the same; what they hold in memory is theirs to use. Ours begins anew from disk.
            ours.close()
            sides[0] = ours = Ours(asked, Path(home), together=True)
            stored = turns(asked, sides, job)
        finally:
            for side in sides:
                side.close()
    parts: list[Ratio] = []
    for each in ratios(cold, ours.name, "fanout-cold", 3.0, seconds):
        parts.append(each if each.peer == SHIPPED else each._replace(floor=1.1))
    parts += ratios(stored, ours.name, "fanout-stored", 5.0, seconds)
    parts += ratios(stored, ours.name, "fanout-stored-first", 10.0, first_worst)
    finish(asked, "fanout", parts)


if __name__ == "__main__":
    main()
