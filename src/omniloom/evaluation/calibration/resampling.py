"""Bootstrap over groups: answers about one source are alike, so a group is drawn whole (Davison & Hinkley, 1997)."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
else:
    Array = Any

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


def paired_gain(
    worse: Sequence[float],
    better: Sequence[float],
    groups: Sequence[str],
    level: float = 0.95,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Estimate:
    """The mean of `worse - better`, losses of the same samples; low is what it exceeds with one-sided `level`.

    high is its counterpart from above. Raises ValueError for no samples.
    """
    import numpy as np

    gain = np.asarray(worse, float) - np.asarray(better, float)
    if not gain.size:
        raise ValueError("no samples to compare")
    means = spread(lambda at: gain[at].mean(), groups, draws, seed)
    low, high = np.quantile(means, [1 - level, level])
    return Estimate(float(gain.mean()), float(low), float(high), int(gain.size))


def spread(statistic: Callable[[Array], float], groups: Sequence[str], count: int = DRAWS, seed: int = 0) -> Array:
    """The statistic of the places of each resample."""
    import numpy as np

    return np.array([statistic(drawn) for drawn in resamples(groups, count, seed)])
