"""What every peer's script shares: one JSON object a line in, one out; the last line of a job carries its measures."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Job = dict[str, Any]


def serve(ready: dict[str, Any], work: Callable[[Job], dict[str, Any]]) -> None:
    """Say `ready`, then answer each line until there is none. What libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    _say(answers, ready)
    for line in sys.stdin:
        began, spent = time.perf_counter(), time.process_time()
        try:
            told = work(json.loads(line))
        except Exception as error:  # the benchmark says it, and goes on with the others
            told = {"failed": f"{type(error).__name__}: {error}"[:400]}
        told.setdefault("seconds", time.perf_counter() - began)
        told["processor"] = time.process_time() - spent
        _say(answers, told)


def _say(answers: Any, told: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        answers.write(json.dumps(told) + "\n")
        answers.flush()
