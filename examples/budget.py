"""A budget is a hard cap: a call that would pass it fails before the work, and says what to do."""

from pathlib import Path

import omniloom as ol
from omniloom.core.errors import BudgetError

CSV = Path(__file__).parent / "data" / "results.csv"
QUESTION = "How many jobs failed in week 1?"

with ol.load() as model:
    try:
        model.generate([QUESTION, CSV], budget={"tokens": 50})
    except BudgetError as error:
        print(f"{error.code}: {error.message}")
        print(f"hint: {error.hint}")

    response = model.generate([QUESTION, CSV], budget={"tokens": 4000, "seconds": 300}, max_output_tokens=32)
    usage = response.usage
    print(f"within 4000: {usage.input_tokens + usage.output_tokens + usage.reasoning_tokens} tokens")
