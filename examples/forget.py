"""A file can be forgotten: its snapshot, its reading, the answers made from it and its stored state."""

from pathlib import Path
from tempfile import TemporaryDirectory

import omniloom as ol

with TemporaryDirectory() as folder, ol.load() as model:
    secret = Path(folder, "secret.txt")
    secret.write_text("The password of the loom room is 'shuttle'.", encoding="utf-8")
    response = model.generate(["What is the password?", secret], max_output_tokens=24)
    print(response.text)

    part = response.sources[0]
    print("kept:", model.store.has(part.id), any(kept.id == part.id for kept in model.store.journal.parts()))
    gone = model.store.forget(part.id)  # on the command line: omniloom forget secret.txt
    print("removed:", {kind: count for kind, count in gone.items() if count})
    print("kept:", model.store.has(part.id), any(kept.id == part.id for kept in model.store.journal.parts()))
    print("the answer of that call:", model.store.journal.response(response.trace_id))
