"""Small texts of the user's under a name, such as calibrators: one readable file each, whole or absent.

They are kept beside the store's contents, are not what files were turned into, and are not evicted: like weights they
stay until they are removed by name.
"""

import contextlib
import re
from pathlib import Path

from omniloom.core.errors import StorageError, UsageError
from omniloom.storage.files import create, disk_errors, flush, flush_folder, fresh_name, private_folder

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Named:
    """Texts of one kind, in the folder `kind` of `root`, as NAME.json. Raises StorageError where it cannot be used."""

    def __init__(self, root: Path, kind: str) -> None:
        self.folder = Path(root) / kind

    def names(self) -> list[str]:
        """Newest first."""
        found: list[tuple[float, str]] = []
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(OSError):  # gone meanwhile, or a link to nothing
                if _NAME.fullmatch(path.stem):
                    found.append((-path.stat().st_mtime, path.stem))
        return [name for _, name in sorted(found)]

    def keep(self, name: str, text: str) -> Path:
        """Writes the text, in place of an older one of that name; returns where. Raises UsageError for a bad name."""
        place = self._place(name)
        private_folder(self.folder)
        fresh = fresh_name(self.folder)
        try:
            with disk_errors(self.folder):
                with create(fresh) as file:
                    file.write(text.encode())
                    flush(file)
                fresh.replace(place)
                flush_folder(self.folder)
        finally:
            fresh.unlink(missing_ok=True)
        return place

    def text(self, name: str) -> str | None:
        """None if there is none of that name."""
        try:
            return self._place(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(f"{str(self._place(name))!r} cannot be read: {error}", hint="remove it") from error

    def remove(self, name: str) -> bool:
        """True if there was one."""
        place = self._place(name)
        there = place.is_file()
        with disk_errors(self.folder):
            place.unlink(missing_ok=True)
        return there

    def _place(self, name: str) -> Path:
        return self.folder / f"{checked_name(name)}.json"


def checked_name(name: str) -> str:
    """The name. Raises UsageError for one that could be a path, or is too long."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name", hint="letters, digits, '.', '-' and '_', such as invoices-1")
    return name
