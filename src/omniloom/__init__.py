"""One call over text, PDF, images, audio, video and tables; every claim opens at the place it came from."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniloom.core.errors import OmniloomError
    from omniloom.core.parts import PDF, Audio, Image, Table, Text, Video
    from omniloom.runtime.load import load

__version__ = "0.1.0"
__all__ = ["PDF", "Audio", "Image", "OmniloomError", "Table", "Text", "Video", "load"]

_PLACES = {"OmniloomError": "omniloom.core.errors", "load": "omniloom.runtime.load"}


def __getattr__(name: str) -> object:
    # Looked up at their first use: `import omniloom` stays light, and the command line hears Ctrl-C from its start.
    if name not in __all__:
        raise AttributeError(f"module 'omniloom' has no attribute {name!r}")
    found = getattr(import_module(_PLACES.get(name, "omniloom.core.parts")), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
