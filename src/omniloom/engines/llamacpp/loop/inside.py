"""What runs inside the engine's child: one thread hears the parent, the other computes.

Frames in:  {id, ask, body} a short question · {id, run: {...}} a sequence · {drop: id} · {ping: n}
Frames out: {id, answer | refused} · for a sequence begin, read, thought, text, kept, spoiled, lifted, unplaced, and of
what it shows encoding, encoded, unreadable; last, ended or refused · {costs | draft_costs} once they are measured
(`end` and `error` are words of the pipe itself)
The hearing thread answers questions about tokens and templates by itself, so none waits for a step to end.
"""

import os
import threading
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from omniloom.core.errors import EngineError, OmniloomError, UsageError
from omniloom.core.values import Sampling
from omniloom.engines.llamacpp.loop.answer import Answer, Asked, Thinking
from omniloom.engines.llamacpp.loop.costs import Costs
from omniloom.engines.llamacpp.loop.draft_model import DraftModel, load_draft
from omniloom.engines.llamacpp.loop.grammar import Grammars
from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.media import Encodings, Run, Seeing, Word, run_of
from omniloom.engines.llamacpp.loop.sequence import Chunk, Sequence
from omniloom.engines.llamacpp.loop.shelf import Shelf
from omniloom.engines.llamacpp.native.adapters import fit
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Aborted, Context, Sizes
from omniloom.engines.llamacpp.native.moving import Movable
from omniloom.engines.llamacpp.native.projector import Projector, Shape
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.vectors import Vectors
from omniloom.engines.llamacpp.native.weights import Weights
from omniloom.engines.llamacpp.templates import ChatTemplate

_MEASURED = ("costs", "draft_costs")


def run(payload: dict[str, Any], channel: Any) -> None:
    """Load the model, say so, and work until the parent closes its end.

    payload: model (path), template, slots (folder), context, batch, threads, embedding, pooling, at_once, memory,
    together, splice; projector (path, or none), and kinds, what it says to take; draft (path, or none), and
    draft_context; adapters (paths by name).
    """
    # A waiting thread must not burn the core that another process computes on: libgomp reads this when it is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "300")
    Inside(payload, channel).work()


class Inside:
    """The model, the loop over it, and what the parent has said that was not looked at yet."""

    def __init__(self, payload: dict[str, Any], channel: Any) -> None:
        self._payload, self._channel = payload, channel
        threading.Thread(target=_import_ahead, daemon=True).start()
        self._weights = Weights(Path(payload["model"]))
        self._draft = load_draft(Path(payload["draft"]), self._weights) if payload["draft"] else None
        self._template = ChatTemplate(payload["template"], self._weights.marks)
        self._grammars = Grammars(self._weights)
        self._inbox: SimpleQueue[dict[str, Any] | Exception | None] = SimpleQueue()
        self._leaving: set[str] = set()
        self._stop = Stop(self._unwanted)
        self._running: dict[str, Sequence] = {}
        self._sending = threading.Lock()
        self._is_measuring = False
        self._is_hurried = False  # a short prompt has come that the loop does not know yet
        self._loop: Loop | None = None
        self._vectors: Vectors | None = None
        self._projector: Projector | None = None
        if payload["embedding"]:
            self._vectors = Vectors(self._weights, payload["context"], payload["threads"], payload["pooling"])
        else:
            sizes = Sizes(payload["context"], payload["batch"], self._most(), payload["threads"])
            shelf = Shelf(Path(payload["slots"]))
            context = self._context(sizes, shelf)
            fit(context, payload["adapters"], self._send)
            self._loop = Loop(context, shelf, self._drafter(sizes))
            self._template.warm()  # its bounds are those of the whole process: not while something else needs memory

    def work(self) -> None:
        self._send({"listening": True})
        threading.Thread(target=self._hear, daemon=True, name="omniloom-hear").start()
        while True:
            self._is_hurried = False
            while not self._inbox.empty() or self._loop is None or not self._loop.busy:
                if self._loop is not None and self._inbox.empty():
                    self._measure(self._loop)
                frame = self._inbox.get()
                if frame is None:
                    return
                if isinstance(frame, Exception):
                    raise frame
                self._take(frame)
            self._step(self._loop)

    def _context(self, sizes: Sizes, shelf: Shelf) -> Apart | Context:
        asked = self._payload
        if asked["together"]:
            return Context(self._weights, sizes, self._stop)
        if asked["splice"]:
            return Movable(self._weights, sizes, self._stop)
        if not asked["projector"]:
            return Apart(self._weights, sizes, self._stop)
        projector = Projector(Path(asked["projector"]), self._weights, asked["threads"], self._stop)
        takes = {kind for kind, is_taken in (("image", projector.sees), ("audio", projector.hears)) if is_taken}
        if takes != set(asked["kinds"]):
            raise EngineError(
                f"the projector's header promises {asked['kinds']}, llama.cpp finds {sorted(takes)} in it"
            )
        self._projector = projector
        seeing = replace(sizes, vectors=projector.widest)
        return Seeing(self._weights, seeing, self._stop, projector, Encodings(projector, shelf, self._seen))

    def _drafter(self, sizes: Sizes) -> DraftModel | None:
        if self._draft is None:
            return None
        cells = min(sizes.cells, self._payload["draft_context"] or sizes.cells)
        return DraftModel(self._draft, replace(sizes, cells=cells), self._stop)

    def _most(self) -> int:
        """As many sequences at once as asked for, if a quarter of the free memory holds their cells."""
        asked = self._payload
        cell = self._weights.cell_bytes + (self._draft.cell_bytes if self._draft is not None else 0)
        sequence = max(1, asked["context"] * cell)
        fitting = max(1, asked["memory"] // 4 // sequence) if asked["memory"] else asked["at_once"]
        return min(asked["at_once"], fitting)

    def _unwanted(self) -> bool:
        """Whether what the loop computes now is to be given up."""
        if self._loop is None:
            return False
        if self._is_measuring:
            return not self._inbox.empty()
        if self._leaving and not self._leaving.isdisjoint(self._loop.computing):
            return True
        return self._is_hurried and self._loop.patient

    def _seen(self, run: Run, word: Word) -> None:
        """What became of the vectors of a run that the computed sequence shows."""
        assert self._loop is not None
        self._send({"id": self._loop.computing[0], word: run.name, "name": run.keep})

    def _send(self, frame: dict[str, Any]) -> None:
        with self._sending:
            self._channel.send(frame)

    # -- the thread that hears -----------------------------------------------------------------------------------

    def _hear(self) -> None:
        try:
            while (frame := self._channel.receive()) is not None:
                self._heard(frame)
            self._inbox.put(None)
        except Exception as error:
            self._inbox.put(error)

    def _heard(self, frame: dict[str, Any]) -> None:
        if "ping" in frame:
            self._send({"pong": frame["ping"]})
            return
        if "drop" in frame:
            self._leaving.add(frame["drop"])
            self._stop.look()
            self._inbox.put(frame)
            return
        try:
            if "run" in frame:
                known = {name: Costs.told(said) if (said := frame["run"][name]) else None for name in _MEASURED}
                sequence = self._sequence(frame["id"], frame["run"])
                unread = sequence.prompt - (sequence.stored[0] if sequence.stored else 0)
                self._is_hurried = self._is_hurried or unread <= self._payload["batch"]
                self._inbox.put({"id": frame["id"], "sequence": sequence} | known)
                self._stop.look()
            elif frame["ask"] == "/embedding":
                self._inbox.put(frame)
            else:
                self._send({"id": frame["id"], "answer": self._said(frame["ask"], frame["body"])})
        except OmniloomError as error:
            self._send({"id": frame["id"], "refused": _described(error)})

    def _said(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path == "/tokenize":
            first, special = body.get("add_special", False), body.get("parse_special", True)
            return {"tokens": self._weights.tokenize(body["content"], special=special, first=first)}
        if path == "/detokenize":
            return {"content": self._weights.text(body["tokens"])}
        if path == "/apply-template":
            text = self._template.render(body["messages"], **body.get("chat_template_kwargs", {}))
            begin = self._weights.marks[0]
            # The tokenizer adds what begins a text by itself.
            return {"prompt": text.removeprefix(begin) if self._weights.adds_first else text}
        if path == "/media" and self._projector is not None:
            shape = body.get("shape")
            pieces = self._projector.pieces(Shape(*shape)) if shape else []
            return {"rate": self._projector.rate, "pieces": [piece._asdict() for piece in pieces]}
        if path == "/busy":
            return {"busy": bool(self._running) or not self._inbox.empty()}
        raise UsageError(f"nothing is known of {path!r}")

    def _sequence(self, key: str, asked: dict[str, Any]) -> Sequence:
        """Made here, for reading the vocabulary for the first grammar takes a second that no step shall wait."""
        thinking = asked.get("thinking")
        order = Asked(
            limit=asked["limit"],
            sampling=Sampling.model_validate(asked["sampling"]),
            seed=asked["seed"],
            stops=tuple(asked["stops"]),
            grammar=self._grammars.grammar(asked["grammar"]) if asked["grammar"] else None,
            thinking=Thinking(**{name: _tupled(value) for name, value in thinking.items()}) if thinking else None,
        )
        return Sequence(
            key=key,
            tokens=asked["tokens"],
            limit=asked["room"],
            ends=tuple(asked["ends"]),
            answer=Answer(self._weights, order),
            until=asked["until"],
            stored=tuple(asked["stored"]) if asked["stored"] else None,
            keep=dict(asked["keep"]),
            runs=tuple(run_of(each) for each in asked["runs"]),
            adapter=asked["adapter"],
            chunks=tuple(Chunk(**each) for each in asked["chunks"]),
        )

    # -- the thread that computes --------------------------------------------------------------------------------

    def _take(self, frame: dict[str, Any]) -> None:
        if "drop" in frame:
            self._forget(frame["drop"])
            return
        try:
            if "sequence" in frame and self._loop is not None:
                self._loop.costs = self._loop.costs or frame["costs"]
                if self._loop.drafter is not None:
                    self._loop.drafter.costs = self._loop.drafter.costs or frame["draft_costs"]
                self._loop.add(frame["sequence"])
                self._running[frame["id"]] = frame["sequence"]
            elif "ask" in frame and self._vectors is not None:
                found = [{"index": at, "embedding": [self._vectors.vector(each)]} for at, each in _texts(frame)]
                self._send({"id": frame["id"], "answer": found})
            else:
                raise UsageError("this engine does not do that")
        except OmniloomError as error:
            self._send({"id": frame["id"], "refused": _described(error)})

    def _forget(self, key: str) -> None:
        if self._loop is not None:
            self._loop.drop(key)
        self._running.pop(key, None)
        self._leaving.discard(key)

    def _measure(self, loop: Loop) -> None:
        """What steps cost, where a draft wanted to know, while nobody waits; given up when somebody comes."""
        known, self._is_measuring = _costs(loop), True
        try:
            loop.measure(self._stop)
        except (Aborted, EngineError):
            pass  # the next pause will do
        finally:
            self._is_measuring = False
        for name, costs in _costs(loop).items():
            if costs is not known[name]:
                self._send({name: costs})

    def _step(self, loop: Loop) -> None:
        told = loop.step()
        for each in told:
            self._tell(each)
        for key in {each.key for each in told if each.kind == "token"}:
            if key in self._running:
                self._news(key, self._running[key])

    def _tell(self, told: Told) -> None:
        sequence = self._running.get(told.key)
        if sequence is None or sequence.answer is None or told.kind == "token":
            return
        if told.problem is not None:
            del self._running[told.key]
            self._send({"id": told.key, "refused": _described(told.problem)})
            return
        if told.kind != "end":
            named = {"name": sequence.keep[told.done]} if told.kind == "kept" else {}
            if told.kind == "lifted":
                named = {"name": next(chunk.keep for chunk in sequence.chunks if chunk.end == told.done)}
            self._send({"id": told.key, told.kind: told.done, **named})
            return
        self._news(told.key, sequence)
        del self._running[told.key]
        answer = sequence.answer
        counts = {"thought_tokens": answer.thought_tokens, "said_tokens": answer.said_tokens}
        counts |= {"forced_tokens": answer.forced_tokens, "reused": sequence.reused}
        counts |= {"drafted": sequence.drafts.drafted, "kept_drafts": sequence.drafts.kept}
        self._send({"id": told.key, "ended": told.reason, **counts})

    def _news(self, key: str, sequence: Sequence) -> None:
        assert sequence.answer is not None
        thought, notes = sequence.answer.news()
        if thought:
            self._send({"id": key, "thought": thought})
        if notes:
            self._send({"id": key, "text": notes})


def _import_ahead() -> None:
    """What the first request needs, while the weights are read."""
    import numpy  # noqa: F401
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: F401


def _costs(loop: Loop) -> dict[str, Costs | None]:
    """What steps cost, as far as it is known, by the names that frames have for it."""
    return {"costs": loop.costs, "draft_costs": loop.drafter.costs if loop.drafter is not None else None}


def _texts(frame: dict[str, Any]) -> list[tuple[int, list[int]]]:
    return list(enumerate(frame["body"]["content"]))


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _described(error: OmniloomError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "hint": error.hint}
