"""The self-test of the C interface: layouts, a known tokenization, and one answer beside the server-level API.

It runs in a confined child on a model of 400 kB that is built for it: a struct that has moved would crash there.
"""

import hashlib
import importlib.util
import platform
import sys
import tempfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from omniloom.core.errors import EngineError, OmniloomError
from omniloom.engines.llamacpp.hosted import server_params
from omniloom.engines.llamacpp.native.context import Context, Item, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

_TEXT = "a loom, é"
_TOKENS = [1, 229, 153, 132, 100, 229, 153, 132, 111, 114, 114, 112, 47, 229, 153, 132, 198, 172]
_LENGTH = 16


@cache
def why_not() -> str | None:
    """None if the C interface can be used here; otherwise why not. A test that passed is not made again.

    What passed is remembered in the home by the library's file and ours, and by the machine.
    """
    from omniloom.storage.files import private_folder, write_whole
    from omniloom.storage.home import home

    try:
        passed = home() / "checks" / _name()
        if passed.exists():
            return None
        why = self_test()
        if why is None:
            private_folder(passed.parent)
            write_whole(passed, b"")
        return why
    except (OmniloomError, OSError) as error:
        return str(error)


def self_test() -> str | None:
    """Make the test: about a second. None if it passes; otherwise why not."""
    from omniloom.isolation import Child, Limits

    limits = Limits(wall_seconds=120, threads=1)
    try:
        with tempfile.TemporaryDirectory(prefix="omniloom-") as place:
            model = Path(place) / "tiny.gguf"
            build_tiny(model)
            payload = {"model": str(model), "place": place}
            with Child(
                f"{__name__}:run",
                payload,
                readable=[model],
                writable=[Path(place)],
                limits=limits,
                allow_unix_socket=True,
            ) as child:
                told = child.receive()
    except OmniloomError as error:
        return str(error)
    return None if told == {"works": True} else f"the self-test answered {told!r}"


def _name() -> str:
    """Of the remembered test: another library, interface, interpreter or machine has another."""
    api = (files("omniloom.engines.llamacpp.native") / "api.json").read_bytes()
    spec = importlib.util.find_spec("xllamacpp.xllamacpp")
    library = Path(spec.origin).stat() if spec is not None and spec.origin else None
    told = (library and (library.st_size, library.st_mtime_ns), sys.version, platform.platform(), platform.processor())
    return "native." + hashlib.sha256(api + repr(told).encode()).hexdigest()[:32]


def run(payload: dict[str, Any], channel: Any) -> None:
    """Inside the child: both ways must read and write the same."""
    model = Path(payload["model"])
    ours = _ours(model)
    theirs = _theirs(model, Path(payload["place"]))
    if ours != theirs:
        raise EngineError(f"the C interface wrote {ours!r}, the server-level API {theirs!r}")
    channel.send({"works": True})


def _ours(model: Path) -> str:
    weights = Weights(model)
    tokens = weights.tokenize(_TEXT, first=True)
    if tokens != _TOKENS:
        raise EngineError(f"{_TEXT!r} was read as the tokens {tokens}")
    context = Context(weights, Sizes(cells=256, batch=64, sequences=2, threads=1), Stop())
    logits = context.step([Item(token, at, 1, at == len(tokens) - 1) for at, token in enumerate(tokens)])
    written: list[int] = []
    while len(written) < _LENGTH:
        written.append(int(logits[0].argmax()))
        logits = context.step([Item(written[-1], len(tokens) + len(written) - 1, 1, True)])
    text = b"".join(map(weights.piece, written)).decode()
    context.close()
    weights.close()
    return text


def _theirs(model: Path, place: Path) -> str:
    import xllamacpp

    payload = {"model": str(model), "host": str(place / "s.sock"), "port": 0, "key": "", "slots": str(place)}
    sizes = {"context": 256, "batch": 64, "threads": 1, "embedding": False}
    native: Any = xllamacpp
    server = native.Server(server_params(native, payload | sizes))
    asked = {"prompt": _TOKENS, "max_tokens": _LENGTH, "temperature": 0.0, "ignore_eos": True}
    return str(server.handle_completions(asked)["choices"][0]["text"])
