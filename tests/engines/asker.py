"""A process that asks the tiny model about two sources until it is killed: asker.py MODEL KV_HOME."""

import itertools
import sys
from pathlib import Path

from omniloom.core.events import Finished
from omniloom.core.values import Message, Request, Segment
from omniloom.engines.llamacpp import LlamaCpp

STORIES = ["A loom weaves threads of wool. " * 5, "Another thread hangs on the loom. " * 5]


def question(story: int) -> Request:
    segment = Segment(source=f"s{story}", content=STORIES[story], made_by="t/1")
    return Request(messages=(Message(role="user", content=(segment, "What is it?")),), max_output_tokens=8)


def answer(engine: LlamaCpp, story: int) -> tuple[str, int]:
    """The text, and how many tokens were found computed."""
    *_, last = engine.stream(question(story))
    assert isinstance(last, Finished)
    return last.completion.text, last.completion.usage.cached_tokens


def main(model: Path, home: Path) -> None:
    for number in itertools.count():
        with LlamaCpp(model, context_tokens=512, threads=1, kv_home=home, loop=True) as engine:
            text, _ = answer(engine, number % 2)
        if number % 3 == 2:
            for state in home.glob("*.kv"):
                state.unlink(missing_ok=True)  # so that there is always something to write
        print(number % 2, repr(text), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
