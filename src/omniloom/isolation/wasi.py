"""Programs inside WebAssembly: a CPython that can call a clock, a source of random bytes, and nothing else.

Runs in the same strict child as the native interpreter: a way out of WebAssembly ends in front of Landlock and seccomp.
What a program would need of a system (files, sockets, other processes) is not refused but missing: no such function is
given to it. `building.py` makes the component. Decision 0015.
"""

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from omniloom.core.errors import IsolationError

if TYPE_CHECKING:
    from omniloom.isolation.inside import Channel

_MIB = 1 << 20
# A child's address space is capped and it has one thread, with a stack of 8 MiB: no guard of gigabytes, no threads. A
# memory that needs more than is reserved for it moves.
SETTINGS = {
    "wasm_component_model": True,
    "memory_reservation": 1024 * _MIB,
    "memory_reservation_for_growth": 0,
    "memory_guard_size": 1 << 16,
    "max_wasm_stack": 2 * _MIB,
}
_AROUND = 64 * _MIB  # what the process around the component takes of the memory limit
_MOST_RANDOM = 64 * _MIB


def serve(payload: dict[str, Any], channel: "Channel") -> None:
    """One program, with the frames of `interpreter.interpret`: "confined" at first, then "printed", and "done"."""
    import wasmtime
    from wasmtime import component

    runtime = engine()
    program = component.Component.deserialize_file(runtime, payload["component"])
    store = wasmtime.Store(runtime)
    if payload["memory_bytes"]:
        store.set_limits(memory_size=max(payload["memory_bytes"] - _AROUND, 0))
    try:
        run = _linked(runtime, program, channel).instantiate(store, program).get_func(store, "run")
        assert run is not None
        run(store)
    except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise IsolationError(f"the interpreter inside WebAssembly stopped: {reason}") from error


def engine(*, parallel: bool = False) -> Any:
    """For the compiler and for the child, which takes no code that was compiled with other settings."""
    import wasmtime

    config = wasmtime.Config()
    config.parallel_compilation = parallel
    for name, value in SETTINGS.items():
        setattr(config, name, value)
    return wasmtime.Engine(config)


def _linked(runtime: Any, program: Any, channel: "Channel") -> Any:
    """Everything that the component asks for ends the program if it is called, but for what `_given` gives."""
    from wasmtime import component

    linker = component.Linker(runtime)
    linker.allow_shadowing = True
    linker.define_unknown_imports_as_traps(program)
    given = _given()
    with linker.root() as root:
        root.add_func("send", lambda store, frame: channel.send(_expected(frame)))
        root.add_func("receive", lambda store: json.dumps(channel.receive()))
        root.add_func("pause", lambda store, seconds: time.sleep(seconds))
        for name in program.type.imports(runtime):
            if functions := given.get(name.partition("@")[0]):
                with root.add_instance(name) as instance:
                    for function, what in functions.items():
                        instance.add_func(function, what)
    return linker


def _expected(text: str) -> dict[str, Any]:
    """Of what the inside sends, the kinds that a program's frames have; the parent refuses an empty one."""
    frame = json.loads(text)
    return {kind: frame[kind] for kind in ("confined", "printed", "done") if kind in frame}


def _given() -> dict[str, dict[str, Callable[..., Any]]]:
    """Clocks and random bytes; and that there are no folders, no arguments and no environment."""
    from wasmtime.component import Record

    started = time.monotonic_ns()

    def now(store: Any) -> Any:
        time_of_day = Record()
        seconds, rest = divmod(time.time_ns(), 10**9)
        vars(time_of_day).update(seconds=seconds, nanoseconds=rest)
        return time_of_day

    return {
        "wasi:clocks/wall-clock": {"now": now},
        "wasi:clocks/monotonic-clock": {"now": lambda store: time.monotonic_ns() - started},
        "wasi:random/random": {"get-random-bytes": lambda store, size: os.urandom(min(size, _MOST_RANDOM))},
        "wasi:filesystem/preopens": {"get-directories": lambda store: []},
        "wasi:cli/environment": {
            "get-environment": lambda store: [],
            "get-arguments": lambda store: [],
            "initial-cwd": lambda store: None,
        },
    }
