"""`Model`: one loaded engine and its store; every way to ask it is a view of `stream`."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from omniloom.core.errors import CancelledError, OmniloomError, UsageError
from omniloom.core.events import Completed, Event
from omniloom.core.protocols import Engine
from omniloom.core.values import Budget, Part, Response, Sampling, Usage
from omniloom.runtime.call import Call, MessageLike, OnLoss, Unsupported, checked, one_text, several_texts
from omniloom.runtime.cascade import Cascade
from omniloom.runtime.walk import Walk
from omniloom.storage.frames import is_frame
from omniloom.storage.store import Store


class Model:
    """Safe to use from several threads. Close it, or use it in a `with` block, to end the engine's process."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        embedder: Callable[[], Engine] | None = None,
        small: Engine | None = None,
    ) -> None:
        """embedder: opened at its first use. small: what `strategy="cascade"` asks first."""
        self._engine = engine
        self._store = store
        self._embedder = embedder
        self._small = small
        self._running: set[_Running] = set()

    @property
    def engine(self) -> Engine:
        return self._engine

    @property
    def store(self) -> Store:
        return self._store

    def stream(self, inputs: Any, **parameters: Any) -> Iterator[Event]:
        """Events as they happen: Progress, ReasoningDelta, TextDelta, CitationAdded and, last, Completed.

        The parameters are those of `generate`. Joined TextDeltas are the Response's text. Closing the iterator
        cancels the call.
        """
        return self._events(checked(inputs, **parameters))

    def generate(
        self,
        inputs: Any,
        output_modes: Sequence[str] | None = None,
        schema: Any = None,
        reasoning_budget: int | Literal["auto"] = 0,
        system: str | None = None,
        messages: Iterable[MessageLike] = (),
        tools: Sequence[Any] = (),
        strategy: str | None = None,
        sampling: Sampling | Mapping[str, Any] | None = None,
        seed: int = 0,
        max_output_tokens: int = 512,
        stop: str | Sequence[str] = (),
        unsupported: Unsupported = "mark",
        max_risk: float | None = None,
        on_loss: OnLoss = "error",
        budget: Budget | Mapping[str, Any] | None = None,
        timeout: float | None = None,
        trace: str = "",
    ) -> Response:
        """One call: read the inputs, think within the budget, ground every claim, write each output mode.

        inputs: Parts, strings (said to the model), `pathlib.Path` (a file), bytes or DataFrames, in order.
        output_modes: "text" and "structured_json"; the latter needs `schema` (pydantic model, JSON Schema, or
        "name, age int"). reasoning_budget: exact cap on thinking tokens; "auto" buys further answers while each is
        expected to raise the probability of the one given by more than it costs. messages: earlier turns. strategy:
        "auto", the default, which takes "program", "sample" or "direct" by the question and the sources, and says in
        the trace why; "direct"; "weigh", which also asks a judge and draws samples, so that a calibrator has all
        signals of confidence;
        "verify", which asks the model whether the sources say this, samples again, and asks once more for what they
        do not support; "sample", which buys further answers with the reasoning budget and gives what most of them say,
        stopping when it is settled; "program", which answers from tables by a query that the model writes, and sums
        over other sources by a formula; "decompose", which takes a question of several parts apart and answers each;
        "solve", which has a puzzle or a small plan in words written as data and solved by a solver; or "cascade",
        which asks the model named `small` first, and this one where that is not sure.
        unsupported: what happens to claims without support. max_risk: the share of given answers that may be wrong, as
        a calibrator promises it; a riskier answer is abstained. on_loss: "error" raises LossError for anything lost,
        "report" goes on.
        budget: hard caps on tokens, seconds and money. timeout: seconds. trace: a label kept with the trace.
        Raises an OmniloomError; see `omniloom.core.errors` for the tree.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        response: Response | None = None
        for event in self._events(checked(**given)):
            if isinstance(event, Completed):
                response = event.response
        assert response is not None, "a walk that raised nothing ends with Completed"
        return response

    async def agenerate(self, inputs: Any, **parameters: Any) -> Response:
        """`generate` for asyncio; cancelling the task cancels the call."""
        response: Response | None = None
        async for event in self.astream(inputs, **parameters):
            if isinstance(event, Completed):
                response = event.response
        assert response is not None, "a walk that raised nothing ends with Completed"
        return response

    async def astream(self, inputs: Any, **parameters: Any) -> AsyncIterator[Event]:
        """`stream` for asyncio."""
        events = self.stream(inputs, **parameters)
        step: asyncio.Future[Event | None] | None = None
        try:
            while True:
                step = asyncio.ensure_future(asyncio.to_thread(next, events, None))
                event = await asyncio.shield(step)
                if event is None:
                    return
                yield event
        finally:
            if isinstance(events, _Events):
                events.cancel()
            if step is not None and not step.done():
                await asyncio.wait([step])
                step.exception()
            await asyncio.to_thread(events.close)  # type: ignore[attr-defined]

    def batch(
        self, questions: Iterable[Any] | Path, inputs: Any = (), *, on_error: str = "raise", **parameters: Any
    ) -> list["Response | OmniloomError"]:
        """One Response a question, in order, over shared `inputs`; a folder asks the same of each of its files.

        questions: strings or lists of inputs, each put after the shared inputs; or a `Path` to a folder, each file
        of which is put before them. on_error="return" gives the error in place of a Response and goes on.
        """
        if on_error not in ("raise", "return"):
            raise UsageError(f"on_error={on_error!r} is unknown", hint="'raise' or 'return'")
        shared: list[Any] = list(cast("list[Any]", inputs)) if isinstance(inputs, (list, tuple)) else [inputs]
        results: list[Response | OmniloomError] = []
        for each in _questions(questions, shared):
            try:
                results.append(self.generate(each, **parameters))
            except OmniloomError as error:
                if on_error == "raise" or isinstance(error, CancelledError):
                    raise
                results.append(error)
        return results

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, from the embedding model of the catalog."""
        wanted = several_texts("texts", texts)
        engine = self._embedder() if self._embedder is not None else self._engine
        return engine.embed(wanted)

    def count_tokens(self, text: str) -> int:
        return self._engine.count_tokens(one_text("text", text))

    def warm(
        self,
        inputs: Any,
        *,
        system: str | None = None,
        on_loss: OnLoss = "error",
        on_progress: Callable[[Event], None] | None = None,
    ) -> Usage:
        """Read the inputs and keep their state, so that the first question about them answers at once.

        It does where it is answered directly: a query on tables has a prompt of its own.

        The same inputs in any order, with the same `system`, are then found read; of fewer inputs those that were read
        first. The Usage says how many tokens
        that are (`input_tokens`) and how many of them were kept from before (`cached_tokens`); none for inputs so
        short that reading them takes no time, and for a server, which keeps what it keeps.
        Raises ContextError for inputs that do not fit into the context as a whole, and what `generate` raises.
        """
        call = checked(inputs, system=system, on_loss=on_loss)
        told = on_progress or _ignore
        return Walk(self._engine, self._store, call, told, threading.Event(), self._embedder).warm()

    def close(self) -> None:
        """Cancels the calls that still run, then ends the engine."""
        for running in list(self._running):
            running.stop()
        self._engine.close()
        for other in (self._embedder, self._small):
            if other is not None and hasattr(other, "close"):
                other.close()  # type: ignore[attr-defined]
        self._store.close()

    def __enter__(self) -> "Model":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _events(self, call: Call) -> "_Events":
        running = _Running(self._running)
        emit = running.queue.put

        def walk(engine: Engine, call: Call, emit: Callable[[Event], None]) -> Walk:
            return Walk(engine, self._store, call, emit, running.cancel, self._embedder)

        if call.strategy != "cascade":
            running.start(walk(self._engine, call, emit))
        elif self._small is None:
            raise UsageError(
                "strategy='cascade' asks a smaller model first, and none was named",
                hint='load(..., small="qwen2.5-coder-0.5b"); on the command line --small NAME',
            )
        else:
            running.start(Cascade(self._small, self._engine, call, emit, walk))
        return _Events(running)


class _Running:
    """The walk in a thread of its own, which tells its events to a queue, and last None or its error.

    It stands in `others` from before its start until its end: who ends the engine waits for it, also when nobody
    holds its stream any more.
    """

    def __init__(self, others: "set[_Running]") -> None:
        self.cancel = threading.Event()
        self.queue: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        self._others = others
        self._thread: threading.Thread | None = None

    def start(self, walk: Walk | Cascade) -> None:
        self._thread = threading.Thread(target=self._work, args=(walk,), name="omniloom-walk", daemon=True)
        self._others.add(self)
        self._thread.start()

    def _work(self, walk: Walk | Cascade) -> None:
        try:
            self.queue.put(Completed(response=walk.go()))
            self.queue.put(None)
        except BaseException as error:
            self.queue.put(error)
        finally:
            self._others.discard(self)

    def stop(self) -> None:
        """Cancels the walk and waits for its end, which its reader then receives."""
        self.cancel.set()
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()


class _Events:
    """The events of a walk. Closing cancels it and waits for it to stop.

    The walk does not know this object: a stream that nobody holds any more is cancelled by its end.
    """

    def __init__(self, running: _Running) -> None:
        self._running = running
        self._ended = False

    def cancel(self) -> None:
        self._running.cancel.set()

    def __iter__(self) -> "_Events":
        return self

    def __next__(self) -> Event:
        try:
            event = self._received()
        except KeyboardInterrupt:
            self.close()
            raise
        if event is None:
            self.close()
            raise StopIteration
        if isinstance(event, BaseException):
            self.close()
            raise event
        return event

    def _received(self) -> "Event | BaseException | None":
        """The next of the walk; None where this stream has ended, in this thread or in another."""
        while not self._ended:
            # A short wait again and again, so that Ctrl-C reaches the caller's thread on every platform.
            try:
                return self._running.queue.get(timeout=0.5)
            except queue.Empty:
                continue
        return None

    def close(self) -> None:
        self._ended = True
        self._running.stop()

    def __del__(self) -> None:
        self.cancel()


def _ignore(event: Event) -> None:
    del event


def _questions(questions: Any, shared: list[Any]) -> Iterator[list[Any]]:
    is_one = isinstance(questions, (str, bytes, bytearray, Mapping, Part)) or is_frame(questions)
    if is_one or not isinstance(questions, (Iterable, Path)):
        raise UsageError(
            f"questions={questions!r:.80} is not a list of questions",
            hint='such as questions=["What is A?", "What is B?"], or the Path of a folder',
        )
    if isinstance(questions, Path):
        if not questions.is_dir():
            raise UsageError(f"{str(questions)!r} is not a folder", hint="give a folder, or a list of questions")
        for path in sorted(each for each in questions.iterdir() if each.is_file() and not each.name.startswith(".")):
            yield [path, *shared]
        return
    for each in cast("Iterable[Any]", questions):
        yield [*shared, *(cast("Sequence[Any]", each) if isinstance(each, (list, tuple)) else [each])]
