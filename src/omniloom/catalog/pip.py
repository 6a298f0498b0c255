"""Wheels of the Python package index, downloaded by the user's own pip and never installed.

pip itself is asked, so that the user's indexes, mirrors, proxies, certificates and offline folders hold.
"""

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from omniloom.catalog import client
from omniloom.catalog.entries import Archive
from omniloom.core.errors import WeightsError

_TAGS = {"platform": "--platform", "python": "--python-version", "implementation": "--implementation", "abi": "--abi"}


def download(archive: Archive, staging: Path, target: Path, arriving: Callable[[int], None]) -> None:
    """Puts the wheel at `target`. pip is given its hash and refuses another; the caller checks again.

    Raises WeightsError: no pip, pip failed, or it brought something else than one wheel.
    """
    what = f"the wheel {archive.package} {archive.version}"
    with client.scratch(staging) as folder:
        wanted = folder / "wanted.txt"
        wanted.write_text(f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n", "utf-8")
        arrived = folder / "arrived"
        command = [
            *(*_pip(), "download", "--disable-pip-version-check", "--no-input", "--progress-bar=off"),
            *("--no-deps", "--only-binary=:all:", "--no-cache-dir", "--require-hashes"),
            *(f"{_TAGS[tag]}={value}" for tag, value in archive.tags.items()),
            *("--requirement", str(wanted), "--dest", str(arrived)),
        ]
        client.run(command, folder, arriving, what)
        wheels = list(arrived.glob("*.whl"))
        if len(wheels) != 1:
            raise WeightsError(f"pip brought {len(wheels)} wheels instead of {what}", hint="check pip's configuration")
        wheels[0].replace(target)


def _pip() -> list[str]:
    """The command that runs pip: of this Python, the copy this Python carries for new environments, or the PATH's.

    -P keeps a file called pip.py in the working folder from being taken for it.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    carried = importlib.util.find_spec("ensurepip")
    for folder in (carried.submodule_search_locations or ()) if carried else ():
        for wheel in sorted(Path(folder, "_bundled").glob("pip-*.whl")):
            return [sys.executable, "-P", str(wheel / "pip")]
    found = shutil.which("pip3") or shutil.which("pip")
    if found is None:
        raise WeightsError("this Python has no pip to download with", hint="python -m ensurepip")
    return [found]
