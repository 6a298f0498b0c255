"""How many bytes of a model are in place, told as Progress."""

from collections.abc import Callable

from omniloom.core.events import Progress

OnProgress = Callable[[Progress], None]
Say = Callable[[str], None]


class Tally:
    """Counts assembled bytes, whatever source they come from; total: those of the whole model."""

    def __init__(self, name: str, total: int, on_progress: OnProgress | None) -> None:
        self._name, self._total, self._tell = name, total, on_progress
        self._done = 0

    def add(self, size: int) -> None:
        """These bytes are in place; negative: they turned out not to be."""
        self._done += size
        self.on_the_way(0)

    def on_the_way(self, size: float) -> None:
        """About as many more are arriving."""
        if self._tell is not None:
            done = min(self._done + size, self._total)
            self._tell(Progress(step=f"pull {self._name}", done=done, total=self._total, unit="bytes"))
