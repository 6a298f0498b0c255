"""llama.cpp's own server, as the xllamacpp package ships it, until its standard input ends.

    python server.py '{"model": PATH, "threads": 2, "context": 8192, "embedding": false}'

The first line it says is {"address": "http://127.0.0.1:PORT"}. One slot, its defaults but for the threads: what a user
gets who starts it by its documentation. Its prompt cache is on.
"""

import json
import os
import sys
from typing import Any

import xllamacpp


def params(asked: dict[str, Any]) -> Any:
    made: Any = xllamacpp.CommonParams()  # type: ignore[attr-defined]
    made.model.path, made.hostnames, made.port = asked["model"], ["127.0.0.1"], 0
    made.n_parallel, made.n_ctx, made.embedding = 1, asked["context"], asked["embedding"]
    made.ui, made.verbosity = False, 1
    for cpu in (made.cpuparams, made.cpuparams_batch):
        cpu.n_threads, cpu.poll = asked["threads"], 0
    return made


def main() -> None:
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the library prints is no answer
    server = xllamacpp.Server(params(json.loads(sys.argv[1])))  # type: ignore[attr-defined]
    said.write(json.dumps({"address": server.listening_address}) + "\n")
    said.flush()
    sys.stdin.read()
    os._exit(0)  # it would write the answer to the end that nobody waits for any more


if __name__ == "__main__":
    main()
