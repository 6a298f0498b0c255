"""Files that the command line is told to write: looked at before any work, so that no answer is lost for a typo."""

from pathlib import Path

from omniloom.core.errors import UsageError


def checked(path: Path | None, option: str) -> None:
    """Raises UsageError where nothing can be written at `path`, the value of `option`; None is fine."""
    if path is None:
        return
    if path.is_dir():
        raise UsageError(f"{option} {str(path)!r} is a folder", hint="name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{option} {str(path)!r}: there is no folder {str(path.parent)!r}", hint="make it first")
