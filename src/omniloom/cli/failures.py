"""How errors become words on standard error and exit codes.

Exit codes: 0 ok, 1 error, 2 usage, 3 abstained, 4 budget, 5 blocked, 130 interrupted.
"""

import os
import re
import traceback
from pathlib import Path

from rich.console import Console

from omniloom.core.errors import BudgetError, LossError, OmniloomError, UsageError
from omniloom.rendering.letters import printable

ERROR, USAGE, ABSTAINED, BUDGET, BLOCKED, INTERRUPTED = 1, 2, 3, 4, 5, 130


# Parameters of the library that messages and hints name, and what they are called here.
_OPTIONS = {"max_output_tokens": "--max-tokens", "reasoning_budget": "--budget", "on_loss": "--on-loss"}
_OPTIONS |= {name: f"--{name}" for name in ("pages", "language", "schema", "timeout", "unsupported")}
_OPTIONS |= {"max_risk": "--max-risk"}
_PARAMETER = re.compile(rf"(?<![\w-])({'|'.join(_OPTIONS)})=(?=[\"'\d-])")


def told(console: Console, error: Exception) -> int:
    """Says what is wrong and what to do next; the exit code of it."""
    if isinstance(error, OmniloomError):
        _tell(console, error)
        if isinstance(error, UsageError):
            return USAGE
        return BUDGET if isinstance(error, BudgetError) else ERROR
    words = getattr(error, "format_message", None)
    if words is not None and hasattr(error, "exit_code"):
        return _usage(console, error, words())
    if isinstance(error, OSError):
        place = f"{str(error.filename)!r}: " if error.filename is not None else ""
        _say(console, "system", f"{place}{error.strerror or error}")
        _hint(console, "check that the place exists, has room and may be used")
        return ERROR
    _say(console, "defect", f"{type(error).__name__}: {error}")
    if os.environ.get("OMNILOOM_DEBUG"):
        console.print("".join(traceback.format_exception(error)), markup=False, highlight=False, soft_wrap=True)
    else:
        _hint(console, "this is a defect of Omniloom; OMNILOOM_DEBUG=1 shows where, for a report")
    return ERROR


def _tell(console: Console, error: OmniloomError) -> None:
    _say(console, error.code, _as_options(error.message) if isinstance(error, UsageError) else error.message)
    if isinstance(error, LossError):
        for loss in error.losses:
            _line(console, f"  {loss.part}: {loss.kind}: {loss.detail}")
    if error.hint:
        _hint(console, _as_options(error.hint))


def _as_options(words: str) -> str:
    """What is said of a parameter, such as on_loss="report", said of the option."""
    return _PARAMETER.sub(lambda found: _OPTIONS[found[1]] + " ", words)


def _usage(console: Console, error: Exception, words: str) -> int:
    """A wrong command line. Without words the help was shown already."""
    if not words.strip():
        return USAGE
    _say(console, "usage", words)
    option = getattr(error, "option_name", "") or ""
    context = getattr(error, "ctx", None)
    if option.startswith("-") and Path(option).exists():
        _hint(console, f"a file whose name begins with '-' is given as ./{option}")
    elif context is not None:
        _hint(console, f"`{context.command_path} --help` shows what there is")
    return USAGE


def _say(console: Console, code: str, words: str) -> None:
    console.print(f"[red]{code}[/red]: ", end="", highlight=False)
    _line(console, words)


def _hint(console: Console, words: str) -> None:
    _line(console, f"hint: {words}", style="dim")


def _line(console: Console, words: str, style: str | None = None) -> None:
    """One line however long, where it goes into a file or a pipe; a terminal wraps it at words."""
    wrap = not console.is_terminal
    console.print(printable(words), style=style, markup=False, highlight=False, emoji=False, soft_wrap=wrap)
