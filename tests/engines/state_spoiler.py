"""Inside a child as confined as an engine's: try to change what is stored, and to read the key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(payload: dict[str, Any], channel: Any) -> None:
    """payload: link, state, key (paths), slots (the folder to write in). Says for each attempt whether it worked."""
    link, state, key = (Path(payload[name]) for name in ("link", "state", "key"))
    attempts: dict[str, Callable[[], object]] = {
        "read the state": link.read_bytes,
        "write through the link": lambda: link.open("r+b"),
        "write the state": lambda: state.open("r+b"),
        "add to the state": lambda: state.open("ab"),
        "replace the state": lambda: (Path(payload["slots"]) / "mine").write_bytes(b"x") and _moved(payload, state),
        "remove the state": state.unlink,
        "read the key": key.read_bytes,
        "write beside the states": lambda: (state.parent / "more.kv").write_bytes(b"x"),
    }
    channel.send({what: _works(attempt) for what, attempt in attempts.items()})


def _moved(payload: dict[str, Any], state: Path) -> Path:
    return (Path(payload["slots"]) / "mine").rename(state)


def _works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True
