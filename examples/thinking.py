"""Thinking costs tokens: the same question with no thinking, and with at most 64 tokens of it."""

from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"

with ol.load() as model:
    for reasoning_budget in (0, 64):
        response = model.generate(
            ["In which week did Loom first pass 700 jobs per second?", CSV],
            reasoning_budget=reasoning_budget,
            max_output_tokens=32,
        )
        usage = response.usage
        print(f"budget {reasoning_budget}: {response.text}")
        print(f"  thinking {usage.reasoning_tokens}, answer {usage.output_tokens} tokens, {usage.seconds:.1f} s")
        assert usage.reasoning_tokens <= reasoning_budget
