"""The first token after a process restart, on a document that an earlier process read.

Against the server as shipped, which reads it again; and against its slots saved and restored by hand: where the wanted
document was the last in its slot, and where another one came after it, so that the saved slot holds that. The clock
starts when the new process listens, its model loaded: that takes all sides the same, whatever they kept; it is printed.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from ratios import Ratio, equal_texts, finish, options, ratios, turns, unequal
from sides import Ask, Ours, Peer
from texts import document, questions

SHIPPED, LAST, OTHER = "server as shipped", "slot restored, the document was last", "slot restored, another came after"


class Restarted:
    """Starts anew for each piece of work; what counts is the time from when it listens to the first token."""

    def __init__(self, name: str, asked: argparse.Namespace, open_one: Any, file: str = "") -> None:
        self.name, self._asked, self._open, self._file = name, asked, open_one, file
        self.loads: list[float] = []

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        began = time.perf_counter()
        side = self._open()
        self.loads.append(time.perf_counter() - began)
        began = time.perf_counter()
        try:
            if self._file:
                restored = side.work({"op": "restore", "slot": 0, "file": self._file})
                if "failed" in restored:
                    return restored
            ready = time.perf_counter() - began
            told = side.work(job)
        finally:
            side.close()
        if "failed" not in told:
            told["answers"] = [answer | {"first": answer["first"] + ready} for answer in told["answers"]]
        return told

    def close(self) -> None:
        """Nothing runs between two pieces of work."""


class Saving(Peer):
    """A server whose saved slots outlive it."""

    def __init__(self, asked: argparse.Namespace, tuned: bool, folder: Path) -> None:
        super().__init__("llama_server", asked, tuned, folder=folder)


def main() -> None:
    asked = options(__doc__ or "", context=12_288, quick_repetitions=1)
    tokens = 1200 if asked.quick else 2000
    with tempfile.TemporaryDirectory() as place:
        home, slots = Path(place, "kv"), Path(place, "slots")
        slots.mkdir()
        probe = prepared(asked, tokens, home, slots)
        server = lambda tuned: lambda: Saving(asked, tuned, slots)  # noqa: E731
        sides = [
            Restarted("omniloom", asked, lambda: Ours(asked, home)),
            Restarted(SHIPPED, asked, server(False)),
            Restarted(LAST, asked, server(True), "last"),
            Restarted(OTHER, asked, server(True), "other"),
        ]
        found = turns(asked, sides, lambda _: {"asks": [probe]})
        if not asked.quick:
            long = prepared(asked, 8000, home, slots)
            print("8,000 tokens, once:")
            turns(asked, sides[:2], lambda _: {"asks": [long]}, 1)
    floors = {SHIPPED: 50.0, LAST: 1.0, OTHER: 10.0}
    parts: list[Ratio] = [
        part._replace(floor=floors[part.peer]) for part in ratios(found, "omniloom", "restart", 1.0, first)
    ]
    print("answers as ours:", equal_texts(found))
    parts += unequal(found, "restart-same", floors)
    print("seconds until it listens:", {side.name: round(statistics.median(side.loads), 2) for side in sides})
    finish(asked, "restart", parts, lambda: profile(asked, probe, found))


def prepared(asked: argparse.Namespace, tokens: int, home: Path, slots: Path) -> Ask:
    """Our engine and the server read the document, and another one; the server's slot is saved after each.

    Gives another question on the first."""
    ours, peer = Ours(asked, home), Saving(asked, True, slots)
    try:
        wanted = ours.ask(questions(1)[0], document(tokens), limit=4)
        other = ours.ask(questions(1, 1)[0], document(100, 1), limit=4)
        probe = ours.ask("Who wove?", document(tokens), limit=8)
        for ask, name in ((wanted, "last"), (other, "other")):
            ours.work({"asks": [ask]})
            peer.work({"asks": [ask | {"id_slot": 0}]})
            peer.work({"op": "save", "slot": 0, "file": name})
    finally:
        ours.close()
        peer.close()
    return probe


def profile(asked: argparse.Namespace, probe: Ask, found: dict[str, list[dict[str, Any]]]) -> str:
    """What stands between the two restored answers: tokens, and what we make of a text that the server is not given."""
    own, hand = ([run["answers"][0] for run in found[name]] for name in ("omniloom", LAST))
    ours = Ours(asked)
    began = time.perf_counter()
    ours.engine._prompt(probe["request"])
    build = time.perf_counter() - began
    ours.close()
    took = statistics.median(answer["first"] for answer in own)
    return (
        f"Behind the state {own[0]['read']} tokens are computed here and {hand[0]['read']} by the server, whose slot "
        f"reaches to where two questions part and not to the end of the source; {1000 * build:.0f} ms of "
        f"{1000 * took:.0f} are our template and tokens, where the server is given tokens. The rest is that one step. "
        "A state behind the line break after a source would take the token away, and fit fewer conversations."
    )


def first(told: dict[str, Any]) -> float:
    return told["answers"][0]["first"]


if __name__ == "__main__":
    main()
