"""The catalog: a data file (models.json), read once."""

import difflib
import json
from functools import lru_cache
from importlib import resources

from pydantic import Field

from omniloom.core.base import Value
from omniloom.core.errors import UsageError


class Piece(Value):
    """A member of one wheel of the package index; the pieces of a file are joined in order.

    sha256 and bytes are those of the wheel, which is data here: it is never installed or imported.
    """

    package: str
    version: str
    sha256: str
    bytes: int
    member: str


class HubFile(Value):
    """A file of a repository on the model hub."""

    repo: str
    file: str


class File(Value):
    """One file of an entry. sha256 is that of the assembled file; empty where only the hub has it and tells it."""

    role: str
    name: str
    sha256: str
    bytes: int
    pieces: tuple[Piece, ...] = ()
    hub: HubFile | None = None


class Built(Value):
    """A file written once from the downloaded ones by `module:function`."""

    role: str
    name: str
    by: str


class Entry(Value):
    """One model. folder_role: set where the user of the weights takes the whole folder under this role."""

    name: str
    aliases: tuple[str, ...] = ()
    purpose: str
    is_default: bool = False
    licence: str
    abilities: tuple[str, ...] = ()
    context_tokens: int = 0
    origin: str = ""
    files: tuple[File, ...] = Field(min_length=1)
    folder_role: str = ""
    built: Built | None = None

    @property
    def size_bytes(self) -> int:
        return sum(file.bytes for file in self.files)

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it can come from, in the order tried."""
        hub = all(file.hub for file in self.files)
        index = all(file.pieces for file in self.files)
        return ("local", *(("hub",) if hub else ()), *(("index",) if index else ()))


@lru_cache(1)
def entries() -> tuple[Entry, ...]:
    """All models of the catalog."""
    text = resources.files("omniloom.catalog").joinpath("models.json").read_text("utf-8")
    return tuple(Entry.model_validate(each) for each in json.loads(text)["models"])


def entry(name: str) -> Entry:
    """The entry with this name or alias. Raises UsageError with close matches."""
    names = {known: each for each in entries() for known in (each.name, *each.aliases)}
    if name in names:
        return names[name]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    raise UsageError(
        f"no model is called {name!r}",
        hint=f"did you mean {', '.join(close)}?" if close else "omniloom list shows the names",
    )
