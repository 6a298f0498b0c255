"""Follow-up questions: `omniloom ask -c` goes on with the last conversation and its files."""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.values import Message, Part, Response


def follow_up(store: Any, inputs: list[Any]) -> tuple[tuple[Message, ...], list[Any]]:
    """The earlier turns, and the inputs with the sources of the conversation before the new ones."""
    kept = store.journal.conversation(None)
    if kept is None:
        raise UsageError("there is no conversation to go on with", hint="leave -c out")
    state = json.loads(kept.messages)
    messages = tuple(Message(role=turn["role"], content=(turn["text"],)) for turn in state["turns"])
    named = {str(path) for path in map(_file, inputs) if path is not None}
    earlier = [Path(path) for path in state["files"] if path not in named]
    gone = [str(path) for path in earlier if not path.is_file()]
    if gone:
        raise UsageError(f"{gone[0]!r}, a file of the conversation, is gone", hint="put it back, or ask without -c")
    given = {_digest(each) for each in inputs if isinstance(each, bytes)}
    piped = [digest for digest in state.get("piped", ()) if digest not in given]
    if not all(store.has(digest) for digest in piped):
        raise UsageError("what was piped into the conversation is no longer kept", hint="pipe it again, without -c")
    read = state.get("read", {})
    before = [_as_before(path, read.get(str(path))) for path in earlier]
    return messages, [*before, *(store.get(digest) for digest in piped), *inputs]


def remember(
    store: Any,
    question: str,
    response: Response,
    messages: tuple[Message, ...],
    inputs: list[Any],
) -> None:
    """Keeps this turn, so that `-c` finds it: files by their place, what was piped by its digest in the store.

    How each file was read is kept as well, but for its password.
    """
    piped = [_digest(each) for each in inputs if isinstance(each, bytes)]
    turns = [{"role": message.role, "text": message.text} for message in messages]
    said = response.text or json.dumps(response.model_dump(mode="json")["data"], ensure_ascii=False)
    turns += [{"role": "user", "text": question}, {"role": "assistant", "text": said}]
    read = {str(path): _options(each) for each in inputs if (path := _file(each)) is not None}
    state = json.dumps({"turns": turns, "files": list(read), "piped": piped, "read": read})
    store.journal.keep_conversation(uuid.uuid4().hex[:16], state, [part.id for part in response.sources])


def places(inputs: list[Any], response: Response) -> dict[str, str]:
    """Where each file of the answer lies (its name there → absolute path), for links."""
    paths = list(dict.fromkeys(path for path in map(_file, inputs) if path is not None))
    if len({path.name for path in paths}) == len(paths):
        return {path.name: str(path) for path in paths}
    names = {part.id: part.name for part in response.sources}  # files of one name were given others; content tells
    found: dict[str, str] = {}
    for path in paths:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest in names:
            found.setdefault(names[digest], str(path))
    return found


def _file(given: Any) -> Path | None:
    """The absolute path of an input that is a file."""
    place = given.path if isinstance(given, Part) else given if isinstance(given, Path) else None
    return None if place is None else Path(place).expanduser().resolve()


def _options(given: Any) -> dict[str, Any]:
    options = given.options if isinstance(given, Part) else {}
    return {key: value for key, value in options.items() if key != "password"}


def _as_before(path: Path, options: dict[str, Any] | None) -> Any:
    """The file, to be read as it was read before."""
    from omniloom.storage.intake import as_part

    return as_part(path).model_copy(update={"options": options}) if options else path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
