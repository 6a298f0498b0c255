"""Files beside a model, a projector or a draft model: what a GGUF file is, told from its header, and what belongs
together."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from omniloom.core.errors import UsageError, WeightsError
from omniloom.core.values import Kind
from omniloom.engines.llamacpp.header import read_header, tokens_digest

_PROJECTOR = "clip"
_LATER_PART = re.compile(r"-(?!00001-)\d{5}-of-\d{5}$")  # llama.cpp finds these by the name of the first


class Beside(NamedTuple):
    """A projector's file, its sha256, and what its header says it takes."""

    path: Path
    digest: str
    takes: frozenset[Kind]


class Drafter(NamedTuple):
    """A draft model's file, its sha256, and the context it was trained for (0 if it does not say)."""

    path: Path
    digest: str
    context: int


def drafter(path: str | Path, model: Path) -> Drafter:
    """Raises WeightsError if the file is no model of the same tokens as `model`."""
    path = Path(path).expanduser()
    header = read_header(path)
    if tokens_digest(path) != tokens_digest(model):
        raise other_tokens(path, model)
    with path.open("rb") as file:
        return Drafter(path.resolve(), hashlib.file_digest(file, "sha256").hexdigest(), header.context)


def other_tokens(draft: Path, model: Path) -> WeightsError:
    return WeightsError(
        f"{draft.name!r} cannot draft for {model.name!r}: its tokens are not the same",
        hint="take a smaller model of the same family",
    )


def beside(path: str | Path) -> Beside:
    """Raises WeightsError if the file is no projector, or none that takes anything."""
    path = Path(path).expanduser()
    header = read_header(path)
    if header.architecture != _PROJECTOR or not header.takes:
        raise WeightsError(
            f"{str(path)!r} is no projector: its architecture is {header.architecture!r}, and it takes nothing",
            hint="projectors are published beside their models, as mmproj-….gguf",
        )
    with path.open("rb") as file:
        return Beside(path.resolve(), hashlib.file_digest(file, "sha256").hexdigest(), header.takes)


def in_folder(folder: Path) -> tuple[Path, Path | None]:
    """The model in a folder, and its projector if there is one. Raises WeightsError, UsageError for several."""
    files = [path for path in sorted(folder.glob("*.gguf")) if not _LATER_PART.search(path.stem)]
    headers = {path: read_header(path) for path in files}
    projectors = [path for path, header in headers.items() if header.architecture == _PROJECTOR]
    models = [path for path, header in headers.items() if path not in projectors and not header.adapter]
    if not models:
        raise WeightsError(f"there is no model in {str(folder)!r}", hint="it should hold a .gguf file")
    if len(models) > 1 or len(projectors) > 1:
        names = ", ".join(repr(path.name) for path in (models if len(models) > 1 else projectors))
        raise UsageError(f"{str(folder)!r} holds {names}", hint="name the model's file, and give projector=")
    return models[0], next(iter(projectors), None)
