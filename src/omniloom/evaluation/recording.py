"""Record the completions of a run, so that anyone can run it again without weights and at no cost."""

import json
import uuid
from pathlib import Path

from omniloom.core.errors import StorageError
from omniloom.core.protocols import Engine
from omniloom.core.values import Request
from omniloom.engines.recorded import Recorder
from omniloom.runtime.model import Model


def recording(model: Model, path: Path) -> Model:
    """The model, whose every completion is appended to `path`; `load("recorded:PATH")` then gives the same answers.

    Raises StorageError where the file cannot be written.
    """
    return Model(Afresh(model.engine, path), model.store, model._embedder)


class Afresh(Recorder):
    """Has an identity for each record, so that what the store kept of other runs is asked again: it would be lacking.

    The record's first line holds what tells it from others. A run that goes on with a record goes on with its identity.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        if not Path(path).exists() or not Path(path).stat().st_size:
            told = json.loads(engine.capabilities.model_dump_json())
            head = {"name": engine.name, "capabilities": told, "recording": uuid.uuid4().hex}
            try:
                Path(path).write_text(json.dumps({"engine": head}) + "\n", encoding="utf-8")
            except OSError as error:
                what = f"the record {str(path)!r} cannot be written: {error.strerror}"
                raise StorageError(what, hint="check the path") from error
        super().__init__(engine, path)
        with Path(path).open(encoding="utf-8") as file:
            self._recording = json.loads(file.readline())["engine"].get("recording", "")

    @property
    def identity(self) -> str:
        return f"{super().identity} recording {self._recording}"

    def identity_of(self, request: Request) -> str:
        return f"{super().identity_of(request)} recording {self._recording}"
