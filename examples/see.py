"""A model that sees pictures itself: what OCR cannot read (colours, shapes, the course of a line) can be asked for."""

import os
from pathlib import Path

import omniloom as ol
from omniloom import Image

FIGURE = Path(__file__).parent / "data" / "figure_1.png"
HOW = """Name a model that sees: one of the catalog (3 GB, pulled when it is missing), or a folder with a model's GGUF
and its projector (mmproj-….gguf):
  OMNILOOM_SEES=qwen3-vl-4b python examples/see.py"""


def main() -> None:
    name = os.environ.get("OMNILOOM_SEES", "")
    if not name:
        print(HOW)
        return
    with ol.load(name) as model:
        print("takes:", *sorted(model.engine.capabilities.input_kinds))
        response = model.generate(["Which line rises faster?", Image(FIGURE)], max_output_tokens=48)
        print(response.text)
        print(f"{response.usage.input_tokens} tokens were read, the picture's among them")


main()
