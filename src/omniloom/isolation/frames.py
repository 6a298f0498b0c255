"""Frames between parent and child: one JSON object per line, UTF-8, over a pipe of its own."""

import json
import re
from typing import Any

from omniloom.core.errors import IsolationError

MAX_FRAME = 64 << 20
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def encode(frame: dict[str, Any]) -> bytes:
    """One line. A lone surrogate becomes `?`: it has no UTF-8, and a character for a character keeps offsets right."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Raises IsolationError on anything but one JSON object: what a child sends is not trusted. Also here a lone
    surrogate becomes `?`, which JSON can spell and no file or terminal takes."""
    try:
        frame = json.loads(line)
        if _SURROGATE.search(line):  # `encode` never writes one
            frame = json.loads(json.dumps(frame, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise IsolationError(f"the child process sent {line[:40]!r}, which is not a frame") from error
    if not isinstance(frame, dict):
        raise IsolationError(f"the child process sent a {type(frame).__name__}, not a frame")
    return frame


class LineBuffer:
    """Bytes in, whole lines out. Raises IsolationError once a line exceeds MAX_FRAME."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends. Linear in the bytes fed, whatever their sizes."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = b"".join([*self._chunks, lines[0]])
            self._chunks, self._size = [], 0
        if rest:
            self._chunks.append(rest)
            self._size += len(rest)
        if self._size > MAX_FRAME or any(len(line) > MAX_FRAME for line in lines):
            raise IsolationError(f"the child process sent a frame of more than {MAX_FRAME >> 20} MiB")
        return [line for line in lines if line]
