"""Which keyword of a schema stops it from compiling."""

from collections.abc import Callable
from typing import Any

from omniloom.outputs.enforcing.subschemas import changed, escaped, inside

_TRIES = 600


def culprit(schema: dict[str, Any], fails: Callable[[Any], bool]) -> str:
    """The JSON Pointer of the innermost keyword found to blame; `fails` says whether a schema still fails.

    Parts are taken out one after the other until the rest compiles: the last one taken is to blame.
    """
    search = _Search(schema, fails)
    return search.within(())


class _Search:
    def __init__(self, root: dict[str, Any], fails: Callable[[Any], bool]) -> None:
        self.root, self.fails, self.tries = root, fails, 0

    def within(self, steps: tuple[str | int, ...]) -> str:
        node = self._at(steps)
        for inner, each in inside(node):
            before = self.root
            self.root = changed(self.root, steps + inner, True)
            if not self._failing():
                self.root = before
                return self.within(steps + inner) if isinstance(each, dict) else _pointer(steps + inner)
        return self._keyword(steps)

    def _keyword(self, steps: tuple[str | int, ...]) -> str:
        node = dict(self._at(steps))
        for key in sorted(node, key=lambda key: key == "type"):
            del node[key]
            self.root = changed(self.root, steps, dict(node))
            if not self._failing():
                return _pointer((*steps, key))
        return _pointer(steps)

    def _failing(self) -> bool:
        self.tries += 1
        return self.tries < _TRIES and self.fails(self.root)

    def _at(self, steps: tuple[str | int, ...]) -> Any:
        node: Any = self.root
        for step in steps:
            node = node[step]
        return node


def _pointer(steps: tuple[str | int, ...]) -> str:
    return "".join(f"/{escaped(step)}" for step in steps)
