"""What steps cost on this machine: measured once for a model, and kept where its states are."""

import contextlib
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from omniloom.core.errors import StorageError
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.states import Kept

_MOST_BYTES = 4096


class Measured:
    """what: names the model and all that the costs depend on. The costs are lists, as frames carry them."""

    def __init__(self, kept: Kept, slots: Path, what: str) -> None:
        self._kept, self._slots = kept, slots
        self._key = hashlib.sha256(what.encode()).hexdigest()
        self._costs: list[Any] | None = None

    def known(self) -> list[Any] | None:
        """None before they are measured."""
        if self._costs is None and (path := self._kept.get(self._key)) is not None:
            with contextlib.suppress(OSError, TypeError, ValueError), path.open("rb") as file:
                self._costs = [list(each) for each in Costs.told(json.loads(file.readline(_MOST_BYTES)))]
        return self._costs

    def keep(self, said: Any) -> None:
        """What the child says. Raises TypeError, ValueError if it cannot be costs."""
        self._costs = [list(each) for each in Costs.told(said)]
        written = self._slots / secrets.token_hex(8)
        with contextlib.suppress(StorageError, OSError):
            written.write_bytes(json.dumps(self._costs).encode() + b"\n")
            self._kept.put(self._key, written)
        written.unlink(missing_ok=True)
