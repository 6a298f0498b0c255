"""One call over text, PDF, images, audio, video and tables; every claim opens at the place it came from."""

from omniloom.core.errors import OmniloomError
from omniloom.core.parts import PDF, Audio, Image, Table, Text, Video

__version__ = "0.1.0"
__all__ = ["PDF", "Audio", "Image", "OmniloomError", "Table", "Text", "Video", "load"]


def __getattr__(name: str) -> object:
    # load() brings the engine and the readers; it is looked up late so that `import omniloom` stays light.
    if name == "load":
        from omniloom.runtime.load import load

        return load
    raise AttributeError(f"module 'omniloom' has no attribute {name!r}")
