"""Python as a tool: a program for mathematics and logic, run in a child that can do nothing else."""

import importlib.util
import threading

from omniloom.core.values import Tool
from omniloom.isolation import Limits, Outcome, run_program
from omniloom.isolation.programs import PROGRAM_LIMITS, Confinement

_PACKAGES = ("sympy", "numpy")


def python(
    *, limits: Limits = PROGRAM_LIMITS, confinement: Confinement = "full", cancel: threading.Event | None = None
) -> Tool:
    """The tool; its function takes `code` and gives an `Outcome`.

    confinement: "weak" runs programs also where this system cannot keep them from files and network (`omniloom
    doctor` says so). The function raises what `run_program` raises, and nothing for what a program does.
    """

    def function(code: str) -> Outcome:
        return run_program(code, limits=limits, confinement=confinement, cancel=cancel)

    here = [name for name in _PACKAGES if importlib.util.find_spec(name) is not None]
    return Tool(
        name="python",
        description=(
            "Run a Python program and get what it prints and the value of its last expression (or of `result`). "
            f"The standard library{''.join(f', {name}' for name in here)} can be imported. "
            "There are no files, no network, no threads and no input. Nothing is kept from one program to the next."
        ),
        parameters={
            "type": "object",
            "properties": {"code": {"type": "string", "description": "the whole program"}},
            "required": ["code"],
            "additionalProperties": False,
        },
        effects=frozenset({"execute"}),
        function=function,
    )
