"""What the engine's child decides before it answers anybody."""

import pytest

from omniloom.engines.llamacpp.loop.inside import Inside
from omniloom.engines.llamacpp.native.weights import Weights


@pytest.mark.parametrize(("sequences", "drafts", "most"), [(0.5, False, 1), (3, False, 3), (3, True, 1), (9, False, 4)])
def test_as_many_at_once_as_a_quarter_of_the_free_memory_holds(
    weights: Weights, sequences: float, drafts: bool, most: int
) -> None:
    """Four were asked for; one is always taken. A draft model has cells too."""
    inside = object.__new__(Inside)
    inside._weights, inside._draft = weights, weights if drafts else None
    memory = int(4 * sequences * 512 * weights.cell_bytes)
    inside._payload = {"context": 512, "at_once": 4, "memory": memory}
    assert inside._most() == most
    inside._payload["memory"] = 0  # the system does not say
    assert inside._most() == 4
