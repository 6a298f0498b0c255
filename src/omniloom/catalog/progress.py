"""How many bytes of a model are in place, told as Progress."""

from collections.abc import Callable

from omniloom.core.events import Progress

OnProgress = Callable[[Progress], None]
Say = Callable[[str], None]


class Tally:
    """Counts assembled bytes, whatever source they come from; total: those of the whole model."""

    def __init__(self, name: str, total: int, on_progress: OnProgress | None) -> None:
        self._name, self._total, self._tell = name, total, on_progress
        self._done = self._told = 0.0

    def add(self, size: int) -> None:
        """These bytes are in place."""
        self._done += size
        self.on_the_way(0)

    def on_the_way(self, size: float) -> None:
        """About as many more are arriving. What is told never goes back, also where a source broke off."""
        self._told = max(self._told, min(self._done + size, self._total))
        if self._tell is not None:
            self._tell(Progress(step=f"pull {self._name}", done=self._told, total=self._total, unit="bytes"))
