"""`omniloom doctor`: what this machine has, what is missing, and how to get it."""

import importlib.util
import os
import platform

import typer

_EXTRAS = {
    "ocr": ("rapidocr", "pictures and scanned pages"),
    "media": ("faster_whisper", "audio and video"),
    "math": ("ortools", "constraint puzzles, and algebra in Python programs"),
    "wasi": ("componentize_py", "Python programs inside WebAssembly"),
}

_NO_PROGRAMS = 'of a model are not run, for nothing here holds them; confinement="weak" of the python tool runs them'


def doctor() -> None:
    """Devices, threads, isolation in force, weights and extras; each missing thing with the way to get it."""
    from omniloom.catalog import entries, installed
    from omniloom.engines.llamacpp import devices
    from omniloom.engines.llamacpp.choices import is_turned_off
    from omniloom.engines.llamacpp.native.check import self_test
    from omniloom.isolation import level
    from omniloom.isolation.programs import confined
    from omniloom.storage.home import home, offline, weights_home

    isolation = level()
    reason = "OMNILOOM_LOOP=0" if is_turned_off() else self_test()
    lines = [
        ("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        ("cores", f"{os.cpu_count()}"),
        ("devices", devices()),
        ("engine", f"server-level API only: {reason}" if reason else "C interface: self-test passed"),
        ("isolation", isolation.detail),
        ("programs", "run without files, network and threads" if confined(isolation) else _NO_PROGRAMS),
        ("store", str(home())),
        ("weights", str(weights_home())),
        ("network", "off (OMNILOOM_OFFLINE)" if offline() else "only to pull what you name"),
    ]
    for extra, (module, purpose) in _EXTRAS.items():
        here = importlib.util.find_spec(module) is not None
        lines.append((f"extra {extra}", f"{purpose}: " + ("here" if here else f'pip install "omniloom[{extra}]"')))
    for entry in entries():
        if entry.is_default:
            state = "here" if installed(entry.name) else f"missing: omniloom pull {entry.name}"
            lines.append((entry.purpose, f"{entry.name}: {state}"))
    width = max(len(name) for name, _ in lines)
    for name, text in lines:
        typer.echo(f"{name:<{width}}  {text}")
