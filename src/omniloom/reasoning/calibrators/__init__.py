"""Where calibrators are found: those of the user, kept in the store, and those of the package (the files beside this).

The package's are made by `omniloom calibrate --from-log LOG --out FOLDER`, with this folder, and are plain JSON.
"""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from omniloom.core.errors import StorageError, UsageError
from omniloom.reasoning.calibrator import Calibrator
from omniloom.storage.named import Named

KIND = "calibrators"


def keep(root: Path, calibrator: Calibrator) -> Path:
    """Keeps it in the store at `root` under its name, in place of an older one; returns the file."""
    return Named(root, KIND).keep(calibrator.name, as_text(calibrator))


def named(root: Path, name: str) -> Calibrator:
    """The one of that name, the user's before the package's. Raises UsageError, StorageError for a damaged one."""
    text = Named(root, KIND).text(name)
    if text is not None:
        return read(text, name)
    for each in shipped():
        if each.name == name:
            return each
    known = [*Named(root, KIND).names(), *(each.name for each in shipped())]
    raise UsageError(f"there is no calibrator {name!r}", hint=f"there are: {', '.join(known) or 'none'}")


def named_or_file(root: Path, calibrator: str) -> Calibrator:
    """By its name, or from its file, as `omniloom calibrate --out` writes it: what ends in .json, or has a folder.

    Raises UsageError where there is none, StorageError for a damaged one.
    """
    path = Path(calibrator)
    if path.suffix != ".json" and len(path.parts) < 2:
        return named(root, calibrator)
    try:
        return read(path.read_text(encoding="utf-8"), calibrator)
    except (OSError, UnicodeDecodeError) as error:
        hint = "a file of `omniloom calibrate --out`, or a name"
        raise UsageError(f"the calibrator {calibrator!r} cannot be read: {error}", hint=hint) from error


def find(root: Path, model: str, family: str) -> Calibrator | None:
    """The newest of the user's for answers of this model and family, else the package's, else None.

    Raises StorageError for a damaged file: to pass over it would change what confidences mean, and not say so.
    """
    kept = Named(root, KIND)
    for name in kept.names():
        text = kept.text(name)
        each = None if text is None else read(text, name)
        if each is not None and (each.model, each.family) == (model, family):
            return each
    return next((each for each in shipped() if (each.model, each.family) == (model, family)), None)


def shipped() -> Iterator[Calibrator]:
    """Those of the package, by name."""
    files = [each for each in resources.files(__name__).iterdir() if each.name.endswith(".json")]
    for file in sorted(files, key=lambda each: each.name):
        yield read(file.read_text(encoding="utf-8"), file.name)


def read(text: str, name: str) -> Calibrator:
    """Raises StorageError for what is no calibrator, or one of a later version."""
    try:
        return Calibrator.model_validate_json(text)
    except ValidationError as error:
        what = f"the calibrator {name!r} cannot be read: {error.errors()[0]['msg']}"
        raise StorageError(what, hint="make it again: omniloom calibrate") from error


def as_text(calibrator: Calibrator) -> str:
    """As it is kept: JSON that people can read."""
    return calibrator.model_dump_json(indent=1) + "\n"
