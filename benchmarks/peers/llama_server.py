"""llama.cpp's own server, as the xllamacpp package ships it: its defaults, or the settings that are known for speed."""

import http.client
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import xllamacpp
from pipe import Job, serve


def params(asked: dict[str, Any]) -> Any:
    """asked: model, threads, context (of a slot), slots, tuned, folder (of saved slots), ram (MiB of kept prompts)."""
    made: Any = xllamacpp.CommonParams()  # type: ignore[attr-defined]
    made.model.path, made.hostnames, made.port = asked["model"], ["127.0.0.1"], 0
    made.n_parallel, made.n_ctx = asked["slots"], asked["context"] * asked["slots"]
    made.slot_save_path, made.ui, made.verbosity = asked["folder"] + "/", False, 1
    for cpu in (made.cpuparams, made.cpuparams_batch):
        cpu.n_threads = asked["threads"]
    if asked["tuned"]:
        made.kv_unified, made.n_cache_reuse = True, 256
        made.n_batch, made.n_ubatch = 512, 128
        made.cpuparams.poll = made.cpuparams_batch.poll = 0
    if asked["ram"] is not None:
        made.cache_ram_mib = asked["ram"]
    return made


class Server:
    def __init__(self, asked: dict[str, Any]) -> None:
        self._server = xllamacpp.Server(params(asked))  # type: ignore[attr-defined]
        parts = urlsplit(self._server.listening_address)
        self._place = (parts.hostname, parts.port)

    def work(self, job: Job) -> dict[str, Any]:
        if job.get("op") in ("save", "restore"):
            return self._post(f"/slots/{job['slot']}?action={job['op']}", {"filename": job["file"]})
        with ThreadPoolExecutor(max(1, len(job["asks"]))) as pool:
            return {"answers": list(pool.map(self._ask, job["asks"]))}

    def _ask(self, ask: Job) -> dict[str, Any]:
        time.sleep(ask.get("after", 0.0))
        body = {
            "prompt": ask["tokens"], "n_predict": ask["limit"], "temperature": ask["temperature"], "seed": ask["seed"],
            "top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0, "stream": ask.get("n", 1) == 1,
            "return_tokens": True, "ignore_eos": ask.get("forever", False),
        }  # fmt: skip
        body |= {name: ask[name] for name in ("json_schema", "id_slot") if ask.get(name) is not None}
        if ask.get("n", 1) > 1:
            return self._samples(body | {"n": ask["n"]})
        began, first, text, last = time.perf_counter(), 0.0, "", dict[str, Any]()
        for last in self._stream(body):
            first = first or time.perf_counter() - began
            text += last.get("content", "")
        return _answer(text, last, first, time.perf_counter() - began)

    def _samples(self, body: Job) -> dict[str, Any]:
        began = time.perf_counter()
        made = self._post("/completion", body)
        many = made if isinstance(made, list) else [made]
        written = sum(each["timings"]["predicted_n"] for each in many)
        return {"text": "", "tokens": written, "read": 0, "first": 0.0, "seconds": time.perf_counter() - began}

    def _stream(self, body: Job) -> Any:
        connection = http.client.HTTPConnection(*self._place)
        try:
            connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise RuntimeError(response.read().decode()[:300])
            for line in response:
                if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                    yield json.loads(line[6:])
        finally:
            connection.close()

    def _post(self, path: str, body: Job) -> Any:
        connection = http.client.HTTPConnection(*self._place)
        try:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            said = response.read().decode()
            if response.status != 200:
                raise RuntimeError(said[:300])
            return json.loads(said)
        finally:
            connection.close()


def _answer(text: str, last: dict[str, Any], first: float, seconds: float) -> dict[str, Any]:
    timings = last["timings"]
    return {"text": text, "tokens": timings["predicted_n"], "read": timings["prompt_n"], "first": first,
            "seconds": seconds}  # fmt: skip


if __name__ == "__main__":
    serve({"peer": f"xllamacpp {xllamacpp.__version__}"}, Server(json.loads(sys.argv[1])).work)  # type: ignore[attr-defined]
