"""A problem in words: short workings are drawn until most agree, and the one that they agree with is shown."""

import omniloom as ol

PROBLEM = "A baker sells 24 loaves at $3 each and 15 cakes at $12 each. He pays 40% of it for rent. How much is left?"

with ol.load() as model:
    for reasoning_budget in (0, 512):
        response = model.generate(PROBLEM, strategy="sample", reasoning_budget=reasoning_budget, max_output_tokens=400)
        usage, signals = response.usage, response.confidence.signals
        print(f"budget {reasoning_budget}: {response.text}")
        print(f"  thinking {usage.reasoning_tokens}, answer {usage.output_tokens} tokens")
        if "agreement" in signals:
            print(f"  of the other workings {signals['agreement']:.0%} come to the same")
        assert usage.reasoning_tokens <= reasoning_budget
