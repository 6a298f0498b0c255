"""What is shown on the terminal while work is going on: one line a step on standard error, nothing when piped."""

import sys

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from omniloom.core.events import Progress
from omniloom.rendering.letters import printable

_WORTH_SAYING = 5e6  # bytes


class Board:
    """Progress bars for reading, pulling and prefill. `quiet` or a standard error that is no terminal shows none."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True)
        self.quiet = quiet or not sys.stderr.isatty()
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._said: set[str] = set()

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def say(self, text: str) -> None:
        """One line, also where bars are not shown: what is pulled and how large, what waits."""
        self.pause()
        self.console.print(text, highlight=False, markup=False)

    def show(self, step: Progress) -> None:
        if step.unit == "note":
            self.say(step.step)
            return
        if step.unit == "estimate":
            if step.total >= 2:
                self.say(f"{step.step}: at most about {_duration(step.total)}")
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
            task = self._bars.add_task(step.step, total=step.total or None, amount="")
            self._tasks[step.step] = task
        self._bars.update(task, completed=step.done, total=step.total or None, amount=_amount(step))

    def thinking(self, text: str) -> None:
        if not self.quiet:
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
                self.console.print(f"{step.step}: {step.total / 1e6:.0f} MB", highlight=False, markup=False)


def _amount(step: Progress) -> str:
    if step.unit == "bytes":
        return f"{step.done / 1e6:.0f}/{step.total / 1e6:.0f} MB"
    total = f"/{step.total:.0f}" if step.total else ""
    return f"{step.done:.0f}{total} {step.unit}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
