"""Thinking costs tokens: a question without any, with 64 tokens of notes, and with 64 tokens of further answers."""

from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"

with ol.load() as model:
    for strategy, reasoning_budget in (("direct", 0), ("direct", 64), ("sample", 64)):
        response = model.generate(
            ["In which week did Loom first pass 700 jobs per second?", CSV],
            strategy=strategy,
            reasoning_budget=reasoning_budget,
            max_output_tokens=32,
        )
        usage, signals = response.usage, response.confidence.signals
        print(f"{strategy}, budget {reasoning_budget}: {response.text}")
        print(f"  thinking {usage.reasoning_tokens}, answer {usage.output_tokens} tokens, {usage.seconds:.1f} s")
        if "agreement" in signals:
            print(f"  of the other answers {signals['agreement']:.0%} say the same")
        assert usage.reasoning_tokens <= reasoning_budget
