"""A process that writes into a store until it is killed. Started by the crash tests: writer.py ROOT SEED [COUNT].

It prints one line for each thing after it was kept, so that the test knows what must be found again.
"""

import random
import sys
from pathlib import Path

from omniloom.core.events import Span
from omniloom.core.values import Completion, Segment
from omniloom.storage.store import Store


def main(root: Path, seed: int, count: int) -> None:
    chance = random.Random(seed)
    store = Store(root)
    store.journal.begin(f"trace-{seed}", "killed")
    store.journal.span(f"trace-{seed}", Span(id="root", parent=None, operation="chat", name="chat", start=1.0))
    done = 0
    while done < count:
        content = chance.randbytes(chance.choice([10, 5_000, 300_000]))
        digest = store.put(content)
        print("blob", digest, flush=True)
        segment = Segment(source=digest, content=f"text of {digest}", made_by="test/1")
        store.journal.keep_reading(digest, "test", 1, {}, [segment], {"pages": 1.0})
        print("reading", digest, flush=True)
        store.journal.keep_completion(digest, Completion(text=digest), [digest])
        print("completion", digest, flush=True)
        store.kv.path_for(digest).write_bytes(content)
        store.kv.commit(digest, [digest], len(content))
        print("kv", digest, flush=True)
        done += 1
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000)
