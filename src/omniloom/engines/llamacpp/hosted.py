"""What runs inside the child: one native server on a Unix socket (or a loopback port with a key), until told to end."""

import os
import re
from collections.abc import Iterator
from typing import Any


def run(payload: dict[str, Any], channel: Any) -> None:
    """Load the model, say where the server listens, and stay until the parent closes its end.

    payload: model (path), host, port, key, slots (folder), context, batch, threads, embedding.
    """
    # A waiting thread must not burn the core that another process computes on: libgomp reads this when it is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "300")
    import xllamacpp

    native: Any = xllamacpp  # its names come from an extension module without stubs
    server = native.Server(server_params(native, payload))
    channel.send({"address": server.listening_address, "build": native.__version__})
    while channel.receive() is not None:
        pass


def devices(_: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The devices the native library sees, and the instruction sets it uses."""
    import xllamacpp

    native: Any = xllamacpp
    names = [f"{each['name']}: {each['description']}" for each in native.get_device_info()]
    used = re.findall(r"([A-Z0-9_]+) = 1", native.get_system_info())
    yield {"devices": names, "features": " ".join(used)}


def server_params(native: Any, payload: dict[str, Any]) -> Any:
    params = native.CommonParams()
    params.model.path = payload["model"]
    params.hostnames = [payload["host"]]
    params.port = payload["port"]
    params.api_keys = [payload["key"]] if payload["key"] else []
    params.slot_save_path = payload["slots"]
    params.n_ctx = payload["context"]
    params.n_batch = params.n_ubatch = payload["batch"]
    params.n_parallel = 1
    params.n_threads_http = 4
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = payload["threads"]
        cpu.poll = 0
    params.cache_ram_mib = 0  # states are kept by the parent, by content
    params.ctx_shift = False
    params.fit_params = False
    params.warmup = False
    params.use_jinja = True
    params.ui = False
    params.offline = True
    params.verbosity = 1
    if payload["embedding"]:
        params.embedding = True
        params.n_batch = params.n_ubatch = payload["context"]  # a pooled text must fit into one batch
    return params
