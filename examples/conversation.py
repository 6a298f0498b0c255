"""Follow-up questions: earlier turns go into `messages`; the file's state is kept and not computed again."""

from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"
messages: list[dict[str, str]] = []

with ol.load() as model:
    for question in ("Which scheduler was used in week 12?", "And how many jobs did it run per second?"):
        response = model.generate([CSV, question], messages=messages, strategy="direct", max_output_tokens=32)
        print(f"> {question}\n{response.text}")
        print(f"  {response.usage.input_tokens} tokens in, {response.usage.cached_tokens} of them kept from before")
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": response.text}]

print(f"{len(messages)} messages")
