"""Follow-up questions: `omniloom ask -c` goes on with the last conversation and its files."""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

from omniloom.core.errors import UsageError
from omniloom.core.values import Message, Response


def follow_up(
    store: Any, inputs: list[Any], origins: dict[str, str]
) -> tuple[tuple[Message, ...], list[Any], dict[str, str]]:
    """The earlier turns, the inputs with the sources of the conversation before the new ones, and all origins."""
    kept = store.journal.conversation(None)
    if kept is None:
        raise UsageError("there is no conversation to go on with", hint="leave -c out")
    state = json.loads(kept.messages)
    messages = tuple(Message(role=turn["role"], content=(turn["text"],)) for turn in state["turns"])
    earlier = [Path(path) for path in state["files"] if path not in origins.values()]
    gone = [str(path) for path in earlier if not path.is_file()]
    if gone:
        raise UsageError(f"{gone[0]!r}, a file of the conversation, is gone", hint="put it back, or ask without -c")
    given = {_digest(each) for each in inputs if isinstance(each, bytes)}
    piped = [digest for digest in state.get("piped", ()) if digest not in given]
    if not all(store.has(digest) for digest in piped):
        raise UsageError("what was piped into the conversation is no longer kept", hint="pipe it again, without -c")
    read = state.get("read", {})
    return (
        messages,
        [
            *(_as_before(path, read.get(str(path))) for path in earlier),
            *(store.get(digest) for digest in piped),
            *inputs,
        ],
        {**{path.name: str(path) for path in earlier}, **origins},
    )


def remember(
    store: Any,
    question: str,
    response: Response,
    messages: tuple[Message, ...],
    inputs: list[Any],
    origins: dict[str, str],
) -> None:
    """Keeps this turn, so that `-c` finds it: files by their place, what was piped by its digest in the store.

    How each file was read is kept as well, but for its password.
    """
    piped = [_digest(each) for each in inputs if isinstance(each, bytes)]
    turns = [{"role": message.role, "text": message.text} for message in messages]
    said = response.text or json.dumps(response.model_dump(mode="json")["data"], ensure_ascii=False)
    turns += [{"role": "user", "text": question}, {"role": "assistant", "text": said}]
    read = {origins[part.name]: dict(part.options) for part in response.sources if part.name in origins}
    state = json.dumps({"turns": turns, "files": list(origins.values()), "piped": piped, "read": read})
    store.journal.keep_conversation(uuid.uuid4().hex[:16], state, [part.id for part in response.sources])


def _as_before(path: Path, options: dict[str, Any] | None) -> Any:
    """The file, to be read as it was read before."""
    from omniloom.storage.intake import as_part

    return as_part(path).model_copy(update={"options": options}) if options else path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
