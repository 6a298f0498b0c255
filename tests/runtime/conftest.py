"""Models whose engine says what a test scripts."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

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
