"""XQuAD: a question and the paragraph that answers it; the answer as JSON, its evidence as a citation."""

import json
from pathlib import Path
from typing import Any

from measure.citations import check
from measure.log import HOME, Log, mean
from measure.scoring import exact, token_f1
from omniloom.evaluation.tasks.xquad import SCHEMA

PLAIN = "{context}\n\nQuestion: {question}\nAnswer with a name, a number or a few words of the text, nothing else."


def measure(data: Path, limit: int = 100) -> dict[str, Any]:
    """F1 and exact match over the first `limit` questions, and how many citations resolve with a verbatim quote.

    The baseline is the same model with the paragraph pasted into a plain prompt, on the same questions.
    """
    import omniloom as ol

    lines = (data / "text" / "xquad_en.jsonl").read_text().splitlines()[:limit]
    samples = {sample["id"]: sample for sample in map(json.loads, lines)}
    with ol.load(home=HOME) as model:

        def ask(key: str) -> dict[str, Any]:
            sample = samples[key]
            source = ol.Text(sample["context"].encode(), name=f"{sample['title']}.txt")
            response = model.generate([sample["question"], source], schema=SCHEMA, max_output_tokens=96)
            answer = response.data["answer"]
            plain = model.generate([PLAIN.format(**sample)], max_output_tokens=96).text
            return {
                "answer": answer,
                "f1": token_f1(answer, sample["answers"]),
                "exact": exact(answer, sample["answers"]),
                "plain": token_f1(plain, sample["answers"]),
                "cited": bool(response.claims and response.claims[0].citations),
                **check(response),
            }

        records = Log("xquad").each(samples, ask)
    return {
        "xquad F1": mean(r["f1"] for r in records) | {"floor": 0.75},
        "xquad F1, plain prompt": mean(r["plain"] for r in records),
        "xquad exact": mean(r["exact"] for r in records),
        "xquad answers with evidence": mean(r["cited"] for r in records),
        "xquad citations verbatim": mean(v for r in records for v in r["verbatim"]) | {"floor": 1.0},
    }
