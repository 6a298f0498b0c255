"""Eight conversations over three documents, turn about, where memory holds the cache of two: the median first token.

Two slots are that memory: the server keeps no prompts beside them (as shipped it keeps up to 8 GiB). Where memory holds
all three, nothing is left to gain: then it is as fast as we are (lab log).
"""

import tempfile
from pathlib import Path
from typing import Any

from ratios import finish, first_median, options, ratios, read_and_written, turns
from sides import OWN, Ours, peers
from texts import document, questions


def main() -> None:
    asked = options(__doc__ or "", slots=2, quick_repetitions=1)
    tokens = 250 if asked.quick else 1000
    with tempfile.TemporaryDirectory() as home:
        ours = Ours(asked, Path(home))
        sides = [ours, *peers(asked, OWN, ram=0)]
        try:
            found = turns(asked, [_InTurn(side) for side in sides], lambda at: conversations(ours, tokens, at))
        finally:
            for side in sides:
                side.close()
    parts = ratios(found, ours.name, "interleave", 3.0, first_median)
    finish(asked, "interleave", parts, lambda: read_and_written(found))


def conversations(ours: Ours, tokens: int, at: int) -> dict[str, Any]:
    """A turn of each of eight conversations: further ones would only find more of them stored."""
    asks = [
        ours.ask(questions(8, 3 * at + talk % 3)[talk], document(tokens, 3 * at + talk % 3), limit=8)
        for talk in range(8)
    ]
    return {"asks": asks}


class _InTurn:
    """One ask after the other."""

    def __init__(self, side: Any) -> None:
        self._side, self.name = side, side.name

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        runs = [self._side.work({"asks": [ask]}) for ask in job["asks"]]
        if failed := next((run for run in runs if "failed" in run), None):
            return failed
        whole = {word: sum(run[word] for run in runs) for word in ("seconds", "processor")}
        return whole | {"answers": [answer for run in runs for answer in run["answers"]]}

    def close(self) -> None:
        self._side.close()


if __name__ == "__main__":
    main()
