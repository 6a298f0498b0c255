"""Record what an engine answers, and replay it: a run without weights, network or chance.

A record is one JSON object a line: {"request": sha256 of the Request's JSON, "completion": Completion}, or "vectors"
for embeddings, or "tokens" for counts and for what was "stored". The first line holds the engine's name and
capabilities.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event as Flag
from threading import Lock
from typing import Any

from omniloom.core.errors import EngineError, StorageError, UnreadableError
from omniloom.core.events import Event, Finished, Progress
from omniloom.core.protocols import Capabilities, Engine, Storing
from omniloom.core.values import Completion, Constraint, Request
from omniloom.engines.adapters import unsaid
from omniloom.engines.replay import replay
from omniloom.engines.wire import RefusedError


def request_key(request: Request) -> str:
    """Equal requests have equal keys, in every process and wherever the store with their parts lies."""
    told = request.model_dump(exclude=unsaid(request))
    for tool in told["tools"]:
        tool["effects"] = sorted(tool["effects"])
    for item in (item for message in told["messages"] for item in message["content"]):
        if isinstance(item, dict) and isinstance(item["content"], dict) and item["content"]["id"]:
            item["content"] |= {"path": None, "data": None}  # the id says what is in it
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else str(value)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"the record {str(path)!r} cannot be written: {error.strerror}", hint="check the path"
        ) from error


class Recorder:
    """An engine that passes everything on to another and appends each answer to `path`."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine, self._path = engine, Path(path)
        self._lock = Lock()
        self._mend()
        if not self._path.exists() or self._path.stat().st_size == 0:
            head = {"name": engine.name, "capabilities": json.loads(engine.capabilities.model_dump_json())}
            self._append({"engine": head})

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def identity(self) -> str:
        return getattr(self._engine, "identity", self._engine.name)

    def identity_of(self, request: Request) -> str:
        of = getattr(self._engine, "identity_of", None)
        return self.identity if of is None else of(request)

    @property
    def capabilities(self) -> Capabilities:
        return self._engine.capabilities

    def supports(self, constraint: Constraint) -> str | None:
        return self._engine.supports(constraint)

    def stream(self, request: Request, cancel: Flag | None = None) -> Iterator[Event]:
        for event in self._engine.stream(request, cancel):
            if isinstance(event, Finished):
                completion = event.completion.model_dump(mode="json")
                self._append({"request": request_key(request), "completion": completion})
            yield event

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        vectors = self._engine.embed(texts)
        self._append({"texts": [_text_key(text) for text in texts], "vectors": vectors})
        return vectors

    def count_tokens(self, request: Request | str) -> int:
        tokens = self._engine.count_tokens(request)
        self._append({"counted": _any_key(request), "tokens": tokens})
        return tokens

    def stored_tokens(self, request: Request) -> int:
        tokens = self._engine.stored_tokens(request) if isinstance(self._engine, Storing) else 0
        self._append({"stored": request_key(request), "tokens": tokens})
        return tokens

    def warm(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> None:
        self._engine.warm(request, on_progress)

    def close(self) -> None:
        self._engine.close()

    def _mend(self) -> None:
        """Take out the half line that a killed process left at the end: what is appended would continue it."""
        with _written(self._path), contextlib.suppress(FileNotFoundError), self._path.open("rb+") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)

    def _append(self, record: dict[str, Any]) -> None:
        line = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with self._lock, _written(self._path), self._path.open("ab") as file:
            file.write(line)


class Recorded:
    """Gives exactly what was recorded. A request that was recorded several times gets its answers in turn, the last
    one again and again. Raises UnreadableError on a damaged record, EngineError on a request that is not in it."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._lock = Lock()
        self._completions: dict[str, list[Completion]] = {}
        self._vectors: dict[str, list[float]] = {}
        self._tokens: dict[str, int] = {}
        self._stored: dict[str, list[int]] = {}
        self._given: dict[str, int] = {}
        self._name, self._capabilities = "recorded", Capabilities(context_tokens=1 << 17)
        self._digest = self._read()

    @property
    def name(self) -> str:
        return self._name

    @property
    def identity(self) -> str:
        """Of what is recorded, not of where it lies: what was kept of another record of that name is not given."""
        return f"recorded/2 {self._digest} {self._name}"

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def supports(self, constraint: Constraint) -> str | None:
        """Whatever was recorded was supported."""
        return None

    def stream(self, request: Request, cancel: Flag | None = None) -> Iterator[Event]:
        key = request_key(request)
        with self._lock:
            known = self._completions.get(key)
            if not known:
                raise self._unknown("request", key)
            at = self._turn(key, len(known))
        yield from replay(known[at], cancel)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        keys = [_text_key(text) for text in texts]
        for key in keys:
            if key not in self._vectors:
                raise self._unknown("text to embed", key)
        return [self._vectors[key] for key in keys]

    def count_tokens(self, request: Request | str) -> int:
        """As recorded; of a request that was answered, its input tokens."""
        key = _any_key(request)
        if key in self._tokens:
            return self._tokens[key]
        known = self._completions.get(key)
        if known:
            return known[0].usage.input_tokens
        raise self._unknown("text to count", key)

    def stored_tokens(self, request: Request) -> int:
        """As recorded, in turn: so the sources are put in the order in which they were."""
        key = request_key(request)
        with self._lock:
            known = self._stored.get(key)
            if not known:
                raise self._unknown("request to look up", key)
            return known[self._turn(f"stored {key}", len(known))]

    def warm(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> None:
        """There is nothing to compute."""

    def close(self) -> None:
        """There is nothing to end."""

    def _turn(self, key: str, count: int) -> int:
        """Which of `count` answers it is this time."""
        at = self._given.get(key, 0)
        self._given[key] = at + 1
        return min(at, count - 1)

    def _read(self) -> str:
        """Returns a digest of all of it."""
        try:
            text = self._path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            hint = "check the path; a Recorder writes such a file"
            raise UnreadableError(f"the record {str(self._path)!r} cannot be read: {error}", hint=hint) from error
        for number, line in enumerate(filter(None, text.split("\n")), 1):
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                place = f"line {number} of the record {str(self._path)!r}"
                raise UnreadableError(f"{place} is damaged: {error}", hint="record it again") from error
        return _text_key(text)[:16]

    def _take(self, record: dict[str, Any]) -> None:
        if "engine" in record:
            self._name = record["engine"]["name"]
            self._capabilities = Capabilities.model_validate(record["engine"]["capabilities"])
        elif "completion" in record:
            completion = Completion.model_validate(record["completion"])
            self._completions.setdefault(record["request"], []).append(completion)
        elif "vectors" in record:
            self._vectors.update(zip(record["texts"], record["vectors"], strict=True))
        elif "stored" in record:
            self._stored.setdefault(record["stored"], []).append(int(record["tokens"]))
        else:
            self._tokens[record["counted"]] = int(record["tokens"])

    def _unknown(self, what: str, key: str) -> EngineError:
        return RefusedError(
            f"the record {str(self._path)!r} does not hold this {what} ({key[:12]}…)",
            hint="record it again with Recorder, or undo what changed the request",
        )


def _text_key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _any_key(request: Request | str) -> str:
    return _text_key(request) if isinstance(request, str) else request_key(request)
