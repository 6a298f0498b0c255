"""Python as a tool: a program for mathematics and logic, run in a child that can do nothing else."""

import importlib.util
import threading
from typing import Literal, get_args

from omniloom.core.errors import UsageError
from omniloom.core.values import Tool
from omniloom.isolation import Limits, Outcome, building, run_program
from omniloom.isolation.programs import PROGRAM_LIMITS, Confinement
from omniloom.storage.home import home

Interpreter = Literal["native", "wasi"]
_PACKAGES = {"native": ("sympy", "numpy"), "wasi": ("sympy",)}


def python(
    *,
    limits: Limits = PROGRAM_LIMITS,
    confinement: Confinement = "full",
    interpreter: Interpreter = "native",
    cancel: threading.Event | None = None,
) -> Tool:
    """The tool; its function takes `code` and gives an `Outcome`.

    confinement: "weak" runs programs also where this system cannot keep them from files and network (`omniloom
    doctor` says so). interpreter: "wasi" is a CPython inside WebAssembly, inside that process, slower and without
    numpy; it is built at its first use. The function raises what `run_program` raises, with "wasi" also what
    `building.prepare` does, and nothing for what a program does.
    """

    if interpreter not in get_args(Interpreter) or confinement not in get_args(Confinement):
        raise UsageError(
            f"there is no interpreter {interpreter!r} under {confinement!r} confinement",
            hint=f"take one of {get_args(Interpreter)}, and one of {get_args(Confinement)}",
        )

    def function(code: str) -> Outcome:
        component = building.prepare(home() / "wasi") if interpreter == "wasi" else None
        return run_program(code, limits=limits, confinement=confinement, component=component, cancel=cancel)

    here = [name for name in _PACKAGES[interpreter] if importlib.util.find_spec(name) is not None]
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
