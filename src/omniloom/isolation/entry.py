"""The first code of a child, run as a script: take the pipes, find the packages, confine, call the target.

Nothing but the standard library is imported before the first line of stdin told where the packages are.
"""

import faulthandler
import importlib
import importlib.machinery
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any


class _Packages:
    """Finds the named top-level packages, whose parent folders cannot be listed from here.

    A finder by its method alone: `importlib.abc` would take a seventh of a child's start.
    """

    def __init__(self, places: dict[str, str]) -> None:
        self._places = {name: Path(place) for name, place in places.items()}

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        place = self._places.get(fullname)
        if place is None:
            return None
        if place.is_dir():
            start = place / "__init__.py"
            return importlib.util.spec_from_file_location(fullname, start, submodule_search_locations=[str(place)])
        return importlib.util.spec_from_file_location(fullname, place)


def main() -> int:
    # Whatever a library prints goes to stderr; only we know the descriptors of the frames.
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    faulthandler.enable()  # a crash of native code says where it was
    setup = json.loads(incoming.readline())
    sys.path[:] = setup["sys_path"]
    sys.meta_path.insert(0, _Packages(setup["packages"]))
    from omniloom.isolation.inside import serve

    return serve(setup, incoming, outgoing)


if __name__ == "__main__":
    status = main()
    # Native threads of engines and decoders may still run; the frames are flushed, nothing else is worth waiting for.
    sys.stderr.flush()
    os._exit(status)
