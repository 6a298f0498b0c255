"""Which adapter a request names, and whether the engine has it."""

from collections.abc import Iterable

from omniloom.core.errors import UnsupportedError
from omniloom.core.values import Request


def checked_adapter(name: str, known: Iterable[str], hint: str = "") -> None:
    """Raises UnsupportedError for a name that is not known; none is fine. hint: where no adapter is known at all."""
    names = sorted(known)
    if name and name not in names:
        there = (
            f"there are {', '.join(map(repr, names))}" if names else hint or "load the model with adapters={name: path}"
        )
        raise UnsupportedError(f"no adapter is named {name!r}", hint=there)


def unsaid(request: Request) -> set[str]:
    """Fields that do not stand in a request's key where they say nothing: keys of before are then what they were."""
    return set() if request.adapter else {"adapter"}
