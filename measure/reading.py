"""Files read as a user's call reads them: in the confined child, with the weights of the catalog, not from a cache."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from omniloom.inputs import Reading


def read(path: Path) -> "Reading":
    """Segments and losses of one file."""
    from omniloom.inputs import read_part
    from omniloom.storage.intake import as_part, take_in
    from omniloom.storage.store import Store

    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        try:
            return read_part(take_in(as_part(path), store), store, weights=weights)
        finally:
            store.close()


def weights(name: str) -> Mapping[str, Path]:
    """Role → place. OMNILOOM_WHISPER names the folder of the speech model where the catalog is not to be asked."""
    named = os.environ.get("OMNILOOM_WHISPER")
    if named and name == "whisper-base":
        return {name: Path(named)}
    from omniloom.catalog import ensure

    return ensure(name).paths
