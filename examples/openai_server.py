"""Any server that speaks OpenAI's chat completions answers with the same citations: vLLM, Ollama, llama-server."""

import os
from pathlib import Path

import omniloom as ol

CSV = Path(__file__).parent / "data" / "results.csv"
HOW = """Start a server and name it, with the model behind the #:
  OPENAI_URL=http://localhost:11434/v1#qwen2.5 python examples/openai_server.py
The question and the passages go to that server; OPENAI_API_KEY is sent if it is set."""


def main() -> None:
    url = os.environ.get("OPENAI_URL", "")
    if not url:
        print(HOW)
        return
    with ol.load(f"openai:{url}", api_key=os.environ.get("OPENAI_API_KEY"), context_tokens=8192) as model:
        response = model.generate(["How many jobs failed in week 12?", CSV], max_output_tokens=48)
    print(response.text)
    for claim in response.claims:
        print(*(citation.url for citation in claim.citations))


main()
