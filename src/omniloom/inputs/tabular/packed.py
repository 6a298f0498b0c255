"""Gzip, unpacked into the temp folder, with caps on size and ratio."""

import zlib
from pathlib import Path

from omniloom.core.errors import TooLargeError, UnreadableError

MOST, _RATIO, _FREE, _STEP = 200 << 20, 200, 16 << 20, 1 << 18


def unpacked(path: Path, name: str, target: Path) -> str:
    """Writes `target`; gives what was wrong with the end.

    Several members, one after the other, are one file (RFC 1952).
    """
    size = path.stat().st_size
    total = 0
    unit = zlib.decompressobj(31)
    damage = ""
    with path.open("rb") as packed, target.open("wb") as plain:
        rest = b""
        try:
            while rest or (rest := packed.read(_STEP)):
                if unit.eof:
                    if not rest.startswith(b"\x1f\x8b"):
                        break
                    unit = zlib.decompressobj(31)
                piece = unit.decompress(rest, 1 << 20)
                rest = unit.unconsumed_tail or unit.unused_data
                total += len(piece)
                if total > MOST or (total > _FREE and total > _RATIO * size):
                    raise TooLargeError(f"{name!r} unpacks to more than {total} bytes from {size}: it may be a bomb")
                plain.write(piece)
            damage = "" if unit.eof else "the compressed data is cut off"
        except zlib.error as error:
            damage = f"the compressed data is corrupt: {error}"
    if not total:
        raise UnreadableError(
            f"{name!r} cannot be unpacked: {damage or 'it is empty'}", hint="pass the file again whole"
        )
    return damage
