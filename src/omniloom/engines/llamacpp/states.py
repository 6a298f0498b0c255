"""KV states of source prefixes, kept on disk and found again by what they were computed from."""

import hashlib
import json
import secrets
import tempfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

from omniloom.core.errors import EngineError, StorageError
from omniloom.core.events import Event
from omniloom.engines.llamacpp.decode import prefill
from omniloom.engines.llamacpp.host import Host
from omniloom.engines.llamacpp.prompt import Prompt
from omniloom.storage.files import process_token

_SHORTEST = 64
_STEP, _GROWTH = 256, 1.5
_TURN = 16  # tokens of a turn, or of what a template says before the first, that are worth a step of their own


class Kept(Protocol):
    """Where states are kept: files by key, taken in whole. `sources` are the parts a state was made from.

    What `get` gives is, bit for bit, what was `put` there; more may stand behind it, which no engine reads.
    """

    def get(self, key: str) -> Path | None: ...
    def put(self, key: str, path: Path, sources: Sequence[str] = ()) -> None: ...
    def drop(self, name: str) -> object: ...


def stops(prompt: Prompt) -> list[int]:
    """Where the evaluation of a prompt pauses to keep a state: at the ends of sources, the last one included.

    A stop depends only on the tokens before it, so two prompts that begin with the same sources pause at the same
    places, and what one computed is, bit for bit, what the other would compute. Each stop is half as long again as
    the one before, which bounds what is stored to three times the last state.
    """
    chosen: list[int] = []
    for end in prompt.ends:
        last = chosen[-1] if chosen else 0
        if end - last >= _STEP and end >= last * _GROWTH:
            chosen.append(end)
    if prompt.ends and prompt.ends[-1] >= _SHORTEST and prompt.ends[-1] not in chosen:
        chosen.append(prompt.ends[-1])
    return chosen


def pauses(prompt: Prompt) -> list[int]:
    """The stops, and where a message begins: what stands before it, another conversation may begin with too."""
    chosen, fixed = [0], set(stops(prompt))
    for at in sorted(fixed.union(prompt.turns)):
        if at in fixed or at - chosen[-1] >= _TURN:
            chosen.append(at)
    return chosen[1:]


def state_keys(identity: str, prompt: Prompt, pauses: Sequence[int]) -> dict[int, str]:
    """For each stop, the name of the state there: by what computed it, and all it was computed from.

    pauses: where the reading pauses, at each of the stops and perhaps elsewhere.
    """
    read_by = f"{identity} adapter {prompt.adapter}" if prompt.adapter else identity
    keys: dict[int, str] = {}
    for point in stops(prompt):
        paused = [each for each in pauses if each <= point]
        joints = [[passage.start, passage.end] for passage in prompt.passages if passage.start < point]
        material = json.dumps([read_by, paused, prompt.tokens[:point], *joints]).encode()
        keys[point] = hashlib.sha256(material).hexdigest()
    return keys


def longest_kept(kept: Kept, keys: Mapping[int, str]) -> int:
    """How many tokens the longest kept of these states holds, 0 without one."""
    return next((point for point in sorted(keys, reverse=True) if kept.get(keys[point]) is not None), 0)


class Prefix:
    """Brings the slot to the state after a prompt's sources: restored when it is kept, computed and kept when not."""

    def __init__(self, host: Host, kept: Kept, identity: str) -> None:
        self._host, self._kept, self._identity = host, kept, identity

    def ready(self, prompt: Prompt, cancel: Flag | None) -> Generator[Event, None, int]:
        """Returns how many tokens were computed; afterwards the slot holds exactly the tokens up to the last stop.

        Without a stop nothing is done: the caller then evaluates the prompt from its beginning.
        """
        points = stops(prompt)
        keys = list(state_keys(self._identity, prompt, points).values())
        done = self._restore(keys, cancel)
        computed = 0
        for at in range(done, len(points)):
            computed += yield from prefill(self._host, prompt.tokens[: points[at]], cancel, reuse=at > 0)
            self._save(keys[at], prompt.sources_before(points[at]), cancel)
        return computed

    def _restore(self, keys: list[str], cancel: Flag | None) -> int:
        """How many of the stops the slot now stands behind."""
        for at in range(len(keys), 0, -1):
            path = self._kept.get(keys[at - 1])
            if path is None:
                continue
            name = shown_to_child(path, self._host.slots)
            try:
                self._host.post("/slots/0?action=restore", {"filename": name}, cancel)
                return at
            except EngineError:
                self._kept.drop(keys[at - 1])  # not readable by this build: computed anew
            finally:
                (self._host.slots / name).unlink(missing_ok=True)
        return 0

    def _save(self, key: str, sources: Sequence[str], cancel: Flag | None) -> None:
        """Keep the slot's state. A full disk costs the next call its time, not this call its answer."""
        name = secrets.token_hex(8)
        written = self._host.slots / name
        try:
            self._host.post("/slots/0?action=save", {"filename": name}, cancel)
            self._kept.put(key, written, sources)
        except (EngineError, StorageError, OSError):
            written.unlink(missing_ok=True)


def slots_folder(kv_home: Path) -> Path:
    """A new folder among the kept states, for the child to write in; removed by the engine's close, or by the store
    where this process is killed before."""
    kv_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Path(tempfile.mkdtemp(prefix=f"live.{process_token()}.", dir=kv_home))


def take_in(kept: Kept, key: str, path: Path, sources: Sequence[str]) -> None:
    """Keep what a child left in its folder. A full disk costs the next call its time, not this call its answer."""
    try:
        kept.put(key, path, sources)
    except (StorageError, OSError):
        pass
    finally:
        path.unlink(missing_ok=True)


def shown_to_child(path: Path, slots: Path) -> str:
    """A name in the child's folder for a state it may read there but not change."""
    import shutil

    name = secrets.token_hex(8)
    try:
        (slots / name).symlink_to(path.resolve())
    except OSError:
        shutil.copyfile(path, slots / name)
    return name
