"""Weights that already lie on this machine: a folder of the user, or the cache of the hub's own client."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from omniloom.catalog.entries import Entry, File
from omniloom.catalog.folder import sha256_of
from omniloom.catalog.hub import in_hub_cache
from omniloom.catalog.progress import Say
from omniloom.core.errors import WeightsError
from omniloom.storage.files import flush, fresh_name


def from_local(found: Entry, file: File, target: Path, given: Path | None, say: Say) -> str:
    """Links or copies the file to `target` if one of the places has it; returns its sha256, or "" if none has.

    given: a file or folder the user named for this pull: then a wrong file is an error. OMNILOOM_MODELS: a folder
    where a wrong file is said and passed over.
    """
    for place in _places(found, file, given):
        fresh = fresh_name(target.parent, target.name)
        try:
            digest = _placed(place, fresh, file)
            if not file.sha256 or digest == file.sha256:
                fresh.replace(target)
                return digest
            message = (
                f"{str(place)!r} has sha256 {digest[:16]}…, the catalog names {file.sha256[:16]}… for {file.name!r}"
            )
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink()
        if given is not None:
            raise WeightsError(message, hint="it is not the file the catalog means")
        say(f"{message}; it is passed over")
    return ""


def _places(found: Entry, file: File, given: Path | None) -> Iterator[Path]:
    """Where the file may be: under the names of the catalog or of the hub."""
    if given is not None and given.is_file() and len(found.files) == 1:
        yield given
        return
    shared = os.environ.get("OMNILOOM_MODELS", "")
    roots = [given] if given is not None else [Path(shared).expanduser()] if shared else []
    hub_name = Path(file.hub.file).name if file.hub else file.name
    for root in roots:
        names = [root / found.name / file.name, root / found.name / hub_name, root / hub_name]
        names += [root / file.name] if given is not None else []
        yield from (place for place in dict.fromkeys(names) if place.is_file())
    cached = in_hub_cache(file)
    if cached is not None and given is None:
        yield cached


def _placed(source: Path, fresh: Path, file: File) -> str:
    """A second name for the same content where the disk allows it, a copy otherwise; returns the sha256 of what is
    at `fresh` then, whatever became of `source` meanwhile. A wrong file is not copied."""
    try:
        os.link(source.resolve(), fresh)
    except OSError:
        if file.sha256 and (digest := sha256_of(source)) != file.sha256:
            return digest
        with source.open("rb") as original, fresh.open("xb") as copy:  # never into a name of the user's own file
            shutil.copyfileobj(original, copy, 1 << 20)
            flush(copy)
    return sha256_of(fresh)
