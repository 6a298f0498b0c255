"""The run: every sample is asked of every side before the next, in an order that rotates."""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import omniloom as ol
from measure.trust.plain import Plain
from measure.trust.sides import PEERS, Lines, Ours, Peer, Side, digest, server
from omniloom.catalog import ensure
from omniloom.core.errors import OmniloomError, UsageError
from omniloom.evaluation import registry
from omniloom.evaluation.log import Record
from omniloom.evaluation.values import Sample, Task
from omniloom.runtime.model import Model

DEFAULTS = {"xquad": 619, "xquad_unanswerable": 120, "mixed": 60, "contradicting": 40, "injected": 100}
"""Tasks, and how many samples of each: a few hours on two cores, with two peers."""


class Answers(NamedTuple):
    """What one side answered in one task; all sides have the same ids."""

    side: str
    task: str
    correct: str
    records: tuple[Record, ...]


def at_most(limit: int | None, counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count if limit is None else min(limit, count) for name, count in counts.items()}


def tasks_of(names: Sequence[str]) -> dict[str, Task]:
    return {name: registry.task(name) for name in names}


def picked(task: Task, data: Path, count: int) -> list[Sample]:
    """As many samples, drawn by a digest of their ids: a higher count has those of a lower one among them.
    They come in the order of the file, so that what is asked of one source is asked in a row."""
    every = list(task.samples(data))
    chosen = {each.id for each in sorted(every, key=lambda each: _drawn(each.id))[:count]}
    return [each for each in every if each.id in chosen]


def _drawn(name: str) -> bytes:
    return hashlib.sha256(f"trust/1 {name}".encode()).digest()


def gone(sides: Sequence[Side], tasks: Mapping[str, Task], data: Path, counts: Mapping[str, int]) -> list[Answers]:
    """All answers; counts: of how many samples of each task. A task without its files is left out, and said."""
    found: list[Answers] = []
    for name, task in tasks.items():
        try:
            samples = picked(task, data, counts[name])
        except UsageError as error:
            _say(f"left out: {name}: {error}")
            continue
        for number, sample in enumerate(samples):
            _say(f"{name} {number + 1} of {len(samples)}: {sample.id}")
            shift = number % len(sides)
            for side in [*sides[shift:], *sides[:shift]]:
                side.ask(name, sample)
        for side in sides:
            records = side.records(name, samples)
            found.append(Answers(side.name, name, task.CORRECT, tuple(records[each.id] for each in samples)))
    return found


def sides(asked: argparse.Namespace, tasks: Mapping[str, Task]) -> list[Side]:
    """Ours, and the peers that start; the others are named, with why."""
    model, logs = loaded(asked)
    return with_peers([Ours(model, logs, asked.data, tasks, strategy=asked.strategy)], asked, tasks, model, logs)


def loaded(asked: argparse.Namespace) -> tuple[Model, Path]:
    """The model, and the folder of the logs."""
    logs = asked.out / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    own = {} if ":" in (asked.model or "") else {"threads": asked.threads}  # a server or a record has none
    return ol.load(asked.model, home=asked.out / "home", **own), logs


def with_peers(
    opened: list[Side], asked: argparse.Namespace, tasks: Mapping[str, Task], model: Model, logs: Path
) -> list[Side]:
    """These sides and the peers that start; where one breaks, none is left open."""
    try:
        add_peers(opened, asked, lambda peer, mark: Peer(peer, logs, model.store, tasks, mark), model.engine.name)
    except BaseException:
        close_all(opened)
        raise
    return opened


def add_peers(opened: list[Side], asked: argparse.Namespace, peer: Callable[[Any, str], Peer], engine: str) -> None:
    """peer: makes one of what is asked, and of a digest of what its answers depend on."""
    plain = "plain" not in asked.without
    if not asked.peer_python:
        _say("left out: langchain: give --peer-python")
    if not (plain or asked.peer_python):
        return
    try:
        weights = _weights(engine)
        chat = _Shared(server(weights, asked.threads))
    except (OmniloomError, KeyError, OSError, RuntimeError) as error:
        _say(f"left out: all peers: no server of ours opens {engine!r}: {error}")
        return
    mark = f"{weights.stat().st_size} {weights.name} {engine}"
    try:
        if plain:
            depends = digest(PEERS.parent / "trust" / "plain.py", PEERS / "server.py", more=mark)
            opened.append(_made(chat.used(Plain(chat.address)), depends, peer))
        if asked.peer_python:
            opened.append(_made(_langchain(asked, chat), _depends(mark), peer))
    except (OmniloomError, KeyError, OSError, RuntimeError) as error:
        _say(f"left out: {error}")
    finally:
        chat.left()


def _made(asked: "_User", depends: str, peer: Callable[[Any, str], Peer]) -> Peer:
    try:
        return peer(asked, depends)
    except BaseException:
        asked.close()
        raise


def close_all(opened: Iterable[Any]) -> None:
    """Each, also where closing another one fails."""
    with ExitStack() as stack:
        for each in opened:
            stack.callback(each.close)


def _depends(mark: str) -> str:
    return digest(PEERS / "langchain_rag.py", PEERS / "server.py", more=mark)


def _langchain(asked: argparse.Namespace, chat: "_Shared") -> Any:
    vectors = server(_weights("all-minilm-l6-v2"), asked.threads, embedding=True)
    try:
        told = {"chat": chat.address, "embeddings": vectors.ready["address"]}
        return chat.used(Lines("langchain", asked.peer_python, PEERS / "langchain_rag.py", told), vectors)
    except BaseException:
        vectors.close()
        raise


def _weights(name: str) -> Path:
    return Path(ensure(name).paths["model"])


class _Shared:
    """A server that several peers ask; the last one that leaves ends it, and who opened it is the first of them."""

    def __init__(self, process: Lines) -> None:
        self._process, self._users = process, 1

    @property
    def address(self) -> str:
        return self._process.ready["address"]

    def used(self, peer: Any, *others: Lines) -> "_User":
        self._users += 1
        return _User(peer, self, others)

    def left(self) -> None:
        self._users -= 1
        if not self._users:
            self._process.close()


class _User:
    def __init__(self, peer: Any, shared: _Shared, others: Sequence[Lines]) -> None:
        self.name, self._peer, self._shared, self._others = peer.name, peer, shared, others

    def work(self, job: dict[str, Any]) -> dict[str, Any]:
        return self._peer.work(job)

    def close(self) -> None:
        with ExitStack() as stack:
            stack.callback(self._shared.left)
            for each in (*self._others, self._peer):
                stack.callback(each.close)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
