"""llama-cpp-python: one context; what is asked together is answered in turn, each from the longest common beginning."""

import json
import sys
import time
from typing import Any

import llama_cpp
from pipe import Job, serve


class Peer:
    def __init__(self, asked: dict[str, Any]) -> None:
        self._model = llama_cpp.Llama(
            asked["model"], n_ctx=asked["context"], n_threads=asked["threads"], n_threads_batch=asked["threads"],
            n_batch=512, verbose=False,
        )  # fmt: skip
        if asked["tuned"]:
            self._model.set_cache(llama_cpp.LlamaRAMCache(4 << 30))

    def work(self, job: Job) -> dict[str, Any]:
        if "op" in job:
            raise NotImplementedError("it saves no slots")
        began = time.perf_counter()
        return {"answers": [self._ask(ask, began) for ask in job["asks"] for _ in range(ask.get("n", 1))]}

    def _ask(self, ask: Job, began: float) -> dict[str, Any]:
        grammar = None
        if ask.get("json_schema") is not None:
            grammar = llama_cpp.LlamaGrammar.from_json_schema(json.dumps(ask["json_schema"]), verbose=False)
        text, first, tokens = "", 0.0, 0
        parts: Any = self._model.create_completion(
            ask["tokens"], max_tokens=ask["limit"], temperature=ask["temperature"], seed=ask["seed"], top_k=0,
            top_p=1.0, min_p=0.0, repeat_penalty=1.0, grammar=grammar, stream=True,
            logit_bias={self._model.token_eos(): -100.0} if ask.get("forever") else None,
        )  # fmt: skip
        for part in parts:
            first = first or time.perf_counter() - began
            text += part["choices"][0]["text"]
        tokens = len(self._model.tokenize(text.encode(), add_bos=False, special=True))
        return {"text": text, "tokens": tokens, "read": 0, "first": first, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    serve({"peer": f"llama-cpp-python {llama_cpp.__version__}"}, Peer(json.loads(sys.argv[1])).work)
