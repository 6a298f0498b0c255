"""What is shown on standard error while work is going on: bars on a terminal, elsewhere a plain line now and then."""

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from omniloom.core.events import Progress
from omniloom.rendering.letters import printable

_WORTH_SAYING = 5e6  # bytes
_SILENT = 15.0  # seconds after which a plain line says what is going on
_STEPS = {
    "answer": "answering",
    "sample": "answering once more",
    "reasoning": "thinking",
    "structured_json": "filling in the data",
    "prefill": "reading the prompt",
    "load": "loading",
}


class Board:
    """Progress bars for reading, pulling and prefill. With `quiet`, or where standard error is no terminal, a line
    tells how far the work is after every 15 seconds without one; of what ends sooner there is none."""

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds."""
        self.console = Console(stderr=True)
        self.quiet = quiet or not sys.stderr.isatty()
        self._clock, self._last = clock, clock()
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: set[str] = set()
        self._thought = 0  # characters

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def say(self, text: str) -> None:
        """One line, also where bars are not shown: what is pulled and how large, what waits."""
        self.pause()
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
        self._last = self._clock()

    def show(self, step: Progress) -> None:
        if step.unit == "note":
            self.say(step.step)
            return
        if step.unit == "estimate":
            if step.total >= 2:
                self.say(f"{step.step}: {_duration(step.total)}")
            return
        if self.quiet:
            self._line(step)
            return
        if self._bars is None:
            self._bars = Bars(
                *(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}")),
                *(TimeElapsedColumn(), TimeRemainingColumn()),
                console=self.console,
                transient=True,
            )
            self._bars.start()
        task = self._tasks.get(step.step)
        if task is None:
            task = self._bars.add_task(_named(step), total=step.total or None, amount="")
            self._tasks[step.step] = task
        self._bars.update(task, completed=step.done, total=step.total or None, amount=_amount(step))

    def thinking(self, text: str) -> None:
        if self.quiet:
            self._thought += len(text)
            self._line(Progress(step="reasoning", done=self._thought, unit="characters"))
            return
        self.pause()
        self.console.print(printable(text), style="dim", end="", highlight=False, markup=False)

    def pause(self) -> None:
        """Takes the bars away, so that the answer can be written."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()

    def _line(self, step: Progress) -> None:
        if step.unit == "bytes" and step.total and step.step not in self._said:
            self._said.add(step.step)
            if step.total >= _WORTH_SAYING:
                self.say(f"{step.step}: {step.total / 1e6:.0f} MB")
        elif self._clock() - self._last >= _SILENT and not 0 < step.total <= step.done:
            self.say(f"{_named(step)}: {_amount(step)}")


def _named(step: Progress) -> str:
    return _STEPS.get(step.step, step.step)


def _amount(step: Progress) -> str:
    if step.unit == "bytes":
        return f"{step.done / 1e6:.0f}/{step.total / 1e6:.0f} MB"
    total = f" of {step.total:.0f}" if step.total else ""
    if total and step.unit == "tokens" and step.step != "prefill":  # what is written may end before
        total = f" of at most {step.total:.0f}"
    return f"{step.done:.0f}{total} {step.unit}"


def _duration(seconds: float) -> str:
    """An estimate, no more exact than it is."""
    if seconds > 3600:
        return "over an hour"
    if seconds >= 90:
        return f"about {seconds / 60:.0f} min"
    return f"about {5 * round(seconds / 5) if seconds >= 10 else round(seconds)} s"
