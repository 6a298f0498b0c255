"""Bootstrap over groups: answers about one source are alike, so a group is drawn whole (Davison & Hinkley, 1997)."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
else:
    Array = Any
Numbers = Sequence[float] | Array

DRAWS = 1000


class Estimate(NamedTuple):
    """A value with the interval that covers the truth in 95 of 100 repetitions, and the number of samples."""

    value: float
    low: float
    high: float
    n: int


def resamples(groups: Sequence[str], count: int = DRAWS, seed: int = 0) -> Iterator[Array]:
    """`count` resamples of whole groups, each as the places of its samples. A sample without a group is its own."""
    import numpy as np

    members: dict[str, list[int]] = {}
    for at, group in enumerate(groups):
        members.setdefault(f"g {group}" if group else f"s {at}", []).append(at)
    places = [np.array(each) for each in members.values()]
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield np.concatenate([places[at] for at in random.integers(0, len(places), len(places))])


def spread(statistic: Callable[[Array], float], groups: Sequence[str], count: int = DRAWS, seed: int = 0) -> Array:
    """The statistic of the places of each resample."""
    import numpy as np

    return np.array([statistic(drawn) for drawn in resamples(groups, count, seed)])
