"""The answer as it is written: typed events, the last of which holds the whole Response."""

import sys
from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"
shown = ""

with ol.load() as model:
    for event in model.stream(["Which scheduler was used in week 9?", CSV], max_output_tokens=32):
        if event.type == "progress" and event.unit == "estimate":
            print(f"{event.step}: about {event.total:.0f} s", file=sys.stderr)
        elif event.type == "progress":
            print(f"{event.step}: {event.done:.0f} of {event.total:.0f} {event.unit}", file=sys.stderr)
        elif event.type == "text.delta":
            shown += event.text
            print(event.text, end="", flush=True)
        elif event.type == "citation":
            print(f" <{event.citation.url}>", end="")
        elif event.type == "completed":
            response = event.response

print()
print("the pieces are the whole text:", shown == response.text)
print(f"{response.usage.output_tokens} tokens, first after {response.usage.first_token_seconds or 0:.1f} s")
