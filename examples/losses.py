"""Nothing is lost silently: a damaged line stops the call, unless on_loss="report" lets it go on and tells."""

from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol
from omniloom.core.errors import LossError

LINES = '{"week": 1, "jobs": 402}\n{"week": 2, "jo\n{"week": 3, "jobs": 408}\n'

with TemporaryDirectory() as folder, ol.load() as model:
    path = Path(folder, "weeks.jsonl")
    path.write_text(LINES, encoding="utf-8")
    inputs = ["How many jobs were there in week 3?", path]
    try:
        model.generate(inputs)
    except LossError as error:
        print(f"stopped: {error}")
        for loss in error.losses:
            print(f"  {loss.severity}: {loss.part}: {loss.kind}: {loss.detail}")

    response = model.generate(inputs, on_loss="report", max_output_tokens=32)
    print(f"went on: {response.text}")
    for loss in response.losses:
        print(f"  {loss.severity}: {loss.part}: {loss.kind}: {loss.detail}")
