"""A process that writes, reads and drops states until it is killed. Started by the seal tests: kv_writer.py ROOT SEED.

It prints a line for each round, and ends with status 1 if it is ever given bytes that nobody put there.
"""

import random
import sys
from pathlib import Path

from omniloom.storage.kv import KVStore

KEYS = [f"state {number}" for number in range(6)]


def content(key: str) -> bytes:
    """What every process computes for this key."""
    chance = random.Random(key)
    return chance.randbytes(chance.choice([10, 5_000, 3_000_000]))


def main(root: Path, seed: int) -> None:
    chance, kv = random.Random(seed), KVStore(root, 1 << 30)
    wanted = {key: content(key) for key in KEYS}
    written = kv.root / f"of-{seed}"
    while True:
        key = chance.choice(KEYS)
        if chance.random() < 0.1:
            kv.drop(key)
        elif (found := kv.get(key)) is None:
            written.write_bytes(wanted[key])
            kv.put(key, written, [f"part of {key}"])
        else:
            try:
                data = found.read_bytes()
            except FileNotFoundError:
                continue  # dropped by another process meanwhile
            if not data.startswith(wanted[key]):
                sys.exit(1)
        print(key, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
