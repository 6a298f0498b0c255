"""What reading one Part gave."""

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.values import Loss, Segment


class Reading(Value):
    """Segments and losses in the order of the source. counts: what was read now, such as {"pages": 12.0}.

    A cached reading counts nothing.
    """

    segments: tuple[Segment, ...] = ()
    losses: tuple[Loss, ...] = ()
    counts: dict[str, float] = Field(default_factory=dict)
    cached: bool = False
