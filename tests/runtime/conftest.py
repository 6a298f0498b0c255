"""Models whose engine says what a test scripts."""

import math
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from omniloom.core.events import Event
from omniloom.core.values import Request
from omniloom.engines.scripted import Scripted
from omniloom.runtime.model import Model
from omniloom.storage.store import Store


@pytest.fixture
def models(private_home: Path) -> Iterator[Any]:
    """Makes them over one private store, and closes them."""
    made: list[Model] = []

    def make(*script: Any, engine: type[Scripted] = Scripted, **options: Any) -> Model:
        made.append(Model(engine(script, **options), Store()))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.fixture
def apart() -> Callable[[Any], Any]:
    """What `models` makes, each with a name of its own: none finds in the store what another was told."""
    numbers = count()
    return lambda make: lambda *script: make(*script, name=f"scripted-{next(numbers)}")


MARK = "@@"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two sources that speak of other things."""
    (tmp_path / "bridge.txt").write_text("Ida Holm opened the bridge in 1931.")
    (tmp_path / "mill.txt").write_text("Anna Marbury ran the mill until 1888.")
    return [tmp_path / "bridge.txt", tmp_path / "mill.txt"]


@pytest.fixture
def unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scripted is unlikely as it stands, so that a vote has to settle it."""
    monkeypatch.setattr("omniloom.engines.scripted._LOGPROB", math.log(0.1))


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Ends the time of the calls that have a budget of seconds, so that no test waits for a clock."""
    waiting: list[Callable[[], None]] = []

    class Bell:
        def __init__(self, seconds: float, end: Callable[[], None]) -> None:
            self._end = end

        def start(self) -> None:
            waiting.append(self._end)

        def cancel(self) -> None:
            waiting.remove(self._end)

    monkeypatch.setattr("omniloom.runtime.deadline.Timer", Bell)
    return lambda: [end() for end in waiting] and None


@pytest.fixture
def timed(private_home: Path, ring: Callable[[], None]) -> Iterator[Callable[..., Model]]:
    """Models for whose calls the time is used up where their engine comes to the word MARK, or thinks it."""
    made: list[Model] = []

    class Timed(Scripted):
        def stream(self, request: Request, cancel: Any = None) -> Iterator[Event]:
            for event in super().stream(request, cancel):
                if MARK in getattr(event, "text", ""):
                    ring()
                    continue
                yield event

    def make(*script: Any) -> Model:
        made.append(Model(Timed(script, name=f"timed-{len(made)}"), Store()))
        return made[-1]

    yield make
    for model in made:
        model.close()
