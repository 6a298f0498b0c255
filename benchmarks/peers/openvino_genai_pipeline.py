"""OpenVINO GenAI on the same GGUF file, which its pipeline converts when it is loaded; continuous batching."""

import json
import sys
import time
from typing import Any

import openvino_genai
from pipe import Job, serve


class Peer:
    def __init__(self, asked: dict[str, Any]) -> None:
        options: dict[str, Any] = {"INFERENCE_NUM_THREADS": asked["threads"]}
        if asked["tuned"]:
            scheduler = openvino_genai.SchedulerConfig()
            scheduler.cache_size, scheduler.enable_prefix_caching = 2, True
            options["scheduler_config"] = scheduler
        self._pipeline = openvino_genai.LLMPipeline(asked["model"], "CPU", **options)

    def work(self, job: Job) -> dict[str, Any]:
        if "op" in job:
            raise NotImplementedError("it saves no slots")
        began = time.perf_counter()
        return {"answers": [self._ask(ask, began) for ask in job["asks"] for _ in range(ask.get("n", 1))]}

    def _ask(self, ask: Job, began: float) -> dict[str, Any]:
        config = openvino_genai.GenerationConfig()
        config.max_new_tokens, config.apply_chat_template = ask["limit"], False
        config.do_sample, config.rng_seed = ask["temperature"] > 0, ask["seed"]
        config.ignore_eos = bool(ask.get("forever"))
        if config.do_sample:
            config.temperature = ask["temperature"]
        if ask.get("json_schema") is not None:
            config.structured_output_config = openvino_genai.StructuredOutputConfig(
                json_schema=json.dumps(ask["json_schema"])
            )
        firsts: list[float] = []
        parts: list[str] = []

        def heard(text: str) -> bool:
            firsts.append(time.perf_counter() - began)
            parts.append(text)
            return False

        self._pipeline.generate(ask["text"], config, heard)
        text = "".join(parts)
        tokens = self._pipeline.get_tokenizer().encode(text, add_special_tokens=False).input_ids.shape[1]
        return {"text": text, "tokens": tokens, "read": 0, "first": firsts[0] if firsts else 0.0,
                "seconds": time.perf_counter() - began}  # fmt: skip


if __name__ == "__main__":
    serve({"peer": f"openvino-genai {openvino_genai.__version__}"}, Peer(json.loads(sys.argv[1])).work)
