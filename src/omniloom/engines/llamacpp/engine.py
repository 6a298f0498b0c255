"""`LlamaCpp`: one GGUF model, each request computed as if it were alone."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Any

from omniloom.core.errors import (
    CancelledError,
    ContextError,
    EngineError,
    OutputError,
    SchemaError,
    UnsupportedError,
)
from omniloom.core.events import Event, Finished, Progress
from omniloom.core.protocols import Capabilities
from omniloom.core.values import Completion, Constraint, Kind, Request, Usage
from omniloom.engines import constraints
from omniloom.engines.llamacpp.again import Heard
from omniloom.engines.llamacpp.beside import beside, drafter
from omniloom.engines.llamacpp.choices import Splice, beside_model, loops, splices, tags_of
from omniloom.engines.llamacpp.decode import Generated
from omniloom.engines.llamacpp.header import Header, read_header
from omniloom.engines.llamacpp.host import Host
from omniloom.engines.llamacpp.line import Line
from omniloom.engines.llamacpp.looped import Looped
from omniloom.engines.llamacpp.machine import physical_cores
from omniloom.engines.llamacpp.plain import Plains
from omniloom.engines.llamacpp.process import Lost, Settings
from omniloom.engines.llamacpp.prompt import Prompt, PromptBuilder
from omniloom.engines.llamacpp.served import Served
from omniloom.engines.llamacpp.sight import Sight
from omniloom.engines.llamacpp.states import Kept, longest_kept, pauses, slots_folder, state_keys, stops
from omniloom.engines.llamacpp.told import checked
from omniloom.storage.home import cache_bytes
from omniloom.storage.kv import KVStore

_EMBEDDERS = ("bert", "nomic-bert", "jina-bert-v2", "modern-bert", "gemma-embedding", "t5encoder")
_ATTEMPTS = 2
_TEXTS_AT_ONCE = 32


class LlamaCpp:
    """The embedded engine.

    model: a GGUF file. digest: its sha256, hashed here if it is not given. context_tokens: input and output together,
    at most what the model was trained for. threads: physical cores without it. kv_home: where KV states of sources
    are kept; without it they last as long as the engine. reasoning_tags: around the model's thinking; told from the
    chat template without them. batch_tokens: read in one step. at_once: requests computed side by side, if memory
    allows; more wait. together: their answers share steps, which is faster with several; then a near tie between two
    tokens may fall otherwise in company. adapters: LoRA adapters (.gguf) by the names that requests give; adapter: that
    of requests that name none. loop: False answers through llama.cpp's server, one request after the other;
    without it (or OMNILOOM_LOOP=0) that is done only where the C interface fails its self-test, and a projector is of
    no use. draft: a smaller model with the same tokens, as a GGUF file: it guesses at what this one writes where the
    measured costs of both say that this is faster; in the loop only. splice: passages that were read before, in another
    order or company, are not read again: near to what reading them would give, and an answer then depends on what was
    read; refused for a model of which it was not measured that this costs no right answers, unless "unmeasured".

    Unless `together` is set no answer depends on what else runs. Raises WeightsError at once if a file is no usable
    GGUF, or the draft model has other tokens; the process starts with the first request.
    """

    def __init__(
        self,
        model: Path,
        *,
        name: str = "",
        digest: str = "",
        context_tokens: int = 8192,
        threads: int | None = None,
        kv_home: Path | None = None,
        reasoning_tags: tuple[str, str] | None = None,
        embedding: bool | None = None,
        batch_tokens: int = 128,
        at_once: int = 4,
        together: bool = False,
        projector: str | Path | None = None,
        draft: str | Path | None = None,
        adapters: Mapping[str, str | Path] | None = None,
        adapter: str = "",
        loop: bool | None = None,
        splice: Splice = False,
        kept: Kept | None = None,
    ) -> None:
        self._looping = loops(loop, together, projector, draft, adapters)
        self._together = f" {at_once} together" if together else ""
        header = read_header(model)
        self._draft = drafter(draft, model) if draft is not None else None
        self._embedding = header.architecture in _EMBEDDERS if embedding is None else embedding
        self._adapters = beside_model(model, header, self._embedding, adapters, adapter)
        self._name = (name or header.name or model.stem) + (f"+{adapter}" if adapter else "")
        self._digest = digest or _sha256(model)
        self._splices = splices(splice, self._digest, self._looping, together, projector, adapters)
        context, cores = min(context_tokens, header.context or context_tokens), threads or physical_cores()
        self._settings = Settings(context=context, batch=batch_tokens, threads=cores, embedding=self._embedding)
        self._tags = tags_of(header, reasoning_tags)
        self._own_home = None if kv_home else _temporary()
        self._kept, self._slots = self._stores(kv_home, kept)
        self._beside = beside(projector) if projector is not None else None
        self._sight = self._seeing()
        self._prompts = PromptBuilder(self._ask, self._sight, self._splices)
        self._way = self._opened(model.resolve(), header, at_once)

    def _stores(self, kv_home: Path | None, kept: Kept | None) -> tuple[Kept, Path]:
        """Where states are kept, and the folder through which the child gives and takes them."""
        home = kv_home or Path(self._own_home.name, "kv")  # type: ignore[union-attr]
        slots = slots_folder(home)
        if kept is not None:
            return kept, slots
        store = KVStore(home, cache_bytes() // 2)
        threading.Thread(target=store.look_ahead, daemon=True, name="omniloom-look-ahead").start()
        return store, slots

    @property
    def _host(self) -> Line | Host:
        return self._way.host

    def _seeing(self) -> Sight | None:
        """What of a request goes to the projector; None without one."""
        if self._beside is None or not self._looping or self._embedding or not self._beside.takes:
            return None
        return Sight(self._ask, self._beside.takes, Plains())

    def _opened(self, model: Path, header: Header, at_once: int) -> Looped | Served:
        told = (self._kept, self._arithmetic(""), self._prompts, self._tags)
        if not self._looping:
            return Served(Host(model, self._settings, self._slots), *told)
        more: dict[str, Any] = {"template": header.chat_template, "pooling": header.pooling, "at_once": max(1, at_once)}
        more |= {"together": bool(self._together), "adapters": self._adapters.paths, "draft": self._draft}
        more["splice"] = self._splices
        if self._sight is not None and self._beside is not None:
            more |= {"projector": self._beside.path, "kinds": self._sight.kinds}
        return Looped(Line(model, self._settings, self._slots, **more), *told)

    @property
    def name(self) -> str:
        return self._name

    @property
    def identity(self) -> str:
        """What its results depend on: the weights, the build, the sizes that shape the arithmetic, and the adapter of
        requests that name none."""
        return self._whole(self._adapters.digest())

    def identity_of(self, request: Request) -> str:
        """`identity`, with the adapter that this request names. Raises UnsupportedError for one that is not there."""
        return self._whole(self._adapters.digest(request))

    def _whole(self, adapter: str) -> str:
        return self._arithmetic(adapter) + (f" draft {self._draft.digest}" if self._draft is not None else "")

    def _arithmetic(self, adapter: str) -> str:
        """What the states of its prompts depend on: a draft model changes the width of steps only behind them."""
        from importlib.metadata import version

        build = f"xllamacpp-{version('xllamacpp')}"
        way = "loop/3" if self._looping else "llamacpp/1"
        seen = f" {self._beside.digest}" if self._sight is not None and self._beside is not None else ""
        more = f"{seen}{self._together}{' splice/1' if self._splices else ''}" + (
            f" adapter {adapter}" if adapter else ""
        )
        return f"{way} {build} {self._digest} {self._settings.model_dump_json()} {self._tags}{more}"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            context_tokens=self._settings.context,
            input_kinds=frozenset[Kind]({"text"}) | (self._sight.kinds if self._sight is not None else frozenset()),
            constraints=frozenset() if self._embedding else constraints.KINDS,
            reasoning=self._tags is not None,
            logprobs=not self._embedding,
            embeddings=self._embedding,
            adapters=self._adapters.names,
            stored=not self._embedding,
            repeatable=not self._splices,
            seeded=self._looping and not self._together,
        )

    def supports(self, constraint: Constraint) -> str | None:
        return constraints.refusal(constraint)

    def stream(self, request: Request, cancel: Flag | None = None) -> Iterator[Event]:
        """Raises Cancelled-, Context-, Schema-, Unsupported-, Engine-, Output- or WeightsError."""
        self._check(request)
        started = time.monotonic()
        with self._way.turn(cancel):
            yield from self._lasting(lambda: self._once(request, cancel, started), cancel)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 a text, cut at the context. Raises UnsupportedError, EngineError."""
        if not self._embedding:
            raise UnsupportedError(f"{self._name!r} is no embedding model", hint="omniloom pull all-minilm-l6-v2")
        vectors: list[list[float]] = []
        for at in range(0, len(texts), _TEXTS_AT_ONCE):
            contents = [self._cut(text) for text in texts[at : at + _TEXTS_AT_ONCE]]
            with self._way.turn():
                answer = self._ask("/embedding", {"content": contents})
                self._host.worked()
            told = sorted(answer, key=lambda each: each["index"])
            if [len(each["embedding"]) for each in told] != [1] * len(contents):
                raise EngineError("the engine's process gave another number of vectors than of texts")
            vectors += [[float(value) for value in each["embedding"][0]] for each in told]
        return vectors

    def count_tokens(self, request: Request | str) -> int:
        """Exactly the tokens the model will read, the template's included."""
        if isinstance(request, str):
            return len(self._prompts.plain_tokens(request))
        return len(self._prompt(request).tokens)

    def stored_tokens(self, request: Request) -> int:
        """Up to which of its sources the state of the request is kept, in tokens."""
        prompt = self._prompt(request)
        paused = pauses(prompt) if self._looping else stops(prompt)
        return longest_kept(self._kept, state_keys(self._arithmetic(""), prompt, paused))

    def warm(self, request: Request, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Compute and keep the state of the request's sources. Raises Context-, Unsupported-, Weights-, EngineError."""
        self._adapters.digest(request)
        with self._way.turn():
            for event in self._lasting(lambda: self._ready(request), None):
                if on_progress is not None and isinstance(event, Progress):
                    on_progress(event)

    def close(self) -> None:
        self._host.close()
        import shutil

        shutil.rmtree(self._slots, ignore_errors=True)
        if self._own_home is not None:
            self._own_home.cleanup()

    def __enter__(self) -> "LlamaCpp":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut(self, text: str) -> list[int]:
        """The text's tokens, at most as many as the context holds, with the last token (an end mark) kept."""
        tokens = list(self._ask("/tokenize", {"content": text, "add_special": True})["tokens"])
        limit = self._settings.context
        return tokens if len(tokens) <= limit else tokens[: limit - 1] + tokens[-1:]

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        """A call that needs no turn; tried once more when the process died under it."""
        for _ in range(_ATTEMPTS):
            self._host.ensure()
            try:
                return checked(path, self._host.post(path, body))
            except Lost as lost:
                self._host.died(lost)
        raise EngineError(f"the engine's process died twice during {path}")

    def _check(self, request: Request) -> None:
        if self._embedding:
            raise UnsupportedError(f"{self._name!r} is an embedding model: it writes no text")
        if request.tools:
            raise UnsupportedError(f"{self._name!r} takes no tools: describe the call with a schema instead")
        self._adapters.digest(request)
        if request.max_output_tokens < 1:
            raise UnsupportedError(f"max_output_tokens must be at least 1, got {request.max_output_tokens!r}")
        if request.constraint is not None and (why := self.supports(request.constraint)) is not None:
            raise SchemaError(f"the constraint cannot be enforced: {why}", path=why.partition(": ")[0])

    def _lasting(self, work: Callable[[], Iterator[Event]], cancel: Flag | None) -> Iterator[Event]:
        """The stream, begun again when the process dies under it: what was yielded before is compared and skipped."""
        heard = Heard()
        while True:
            heard.begin()
            try:
                for event in work():
                    event = heard.news(event)
                    if event is None:
                        continue
                    if isinstance(event, Finished):
                        self._host.worked()  # before the yield: a caller may leave once it has the result
                    yield event
                self._host.worked()
                return
            except Lost as lost:
                self._host.died(lost)
                if cancel is not None and cancel.is_set():
                    raise CancelledError("the call was cancelled") from lost

    def _once(self, request: Request, cancel: Flag | None, started: float) -> Iterator[Event]:
        yield from self._awake(cancel)
        prompt = self._prompt(request)
        self._fitting(prompt, request)
        total = len(prompt.tokens)
        first: float | None = None
        run = self._way.answer(prompt, request, cancel)
        while True:
            try:
                event = next(run)
            except StopIteration as end:
                thought, answer, computed = end.value
                break
            if isinstance(event, Progress):
                event = event.model_copy(update={"total": float(total)}) if event.step == "prefill" else event
            elif first is None:
                first = time.monotonic() - started
            yield event
        usage = Usage(
            input_tokens=total,
            output_tokens=answer.predicted,
            reasoning_tokens=thought.predicted,
            cached_tokens=max(0, total - computed),
            seconds=time.monotonic() - started,
            first_token_seconds=first,
        )
        yield Finished(completion=_completion(request, thought, answer, usage))

    def _ready(self, request: Request) -> Iterator[Event]:
        yield from self._awake(None)
        prompt = self._prompt(request)
        self._fitting(prompt, request.model_copy(update={"max_output_tokens": 1, "reasoning_budget": 0}))
        yield from self._way.ready(prompt, None)

    def _awake(self, cancel: Flag | None) -> Iterator[Event]:
        """The process runs, and its slot is free."""
        asleep = self._host.pid is None
        if asleep:
            yield Progress(step="load", done=0, total=1, unit="models")
        self._host.ensure(cancel)
        self._way.settle(cancel)
        if asleep:
            yield Progress(step="load", done=1, total=1, unit="models")

    def _prompt(self, request: Request) -> Prompt:
        adapter = self._adapters.digest(request)
        prompt = self._prompts.build(request, self._tags is not None and request.reasoning_budget > 0)
        return prompt._replace(adapter=adapter)

    def _fitting(self, prompt: Prompt, request: Request) -> None:
        limit, tags = self._settings.context, 16 if self._tags is not None else 0
        needed = len(prompt.tokens) + request.reasoning_budget + request.max_output_tokens + tags
        if needed > limit:
            raise ContextError(
                f"the request needs {needed} tokens ({len(prompt.tokens)} of input), the context holds {limit}",
                hint="give fewer or shorter inputs, or a lower max_output_tokens",
            )


def _completion(request: Request, thought: Generated, answer: Generated, usage: Usage) -> Completion:
    constraint = request.constraint
    if constraint is not None and answer.stopped == "eos" and not constraints.fits(constraint, answer.text):
        raise OutputError(f"the model's output does not fit the constraint: {answer.text[:200]!r}")
    return Completion(
        text=answer.text,
        reasoning=thought.text,
        logprobs=tuple(answer.logprobs),
        finish_reason=answer.finish_reason,
        usage=usage,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _temporary() -> Any:
    import tempfile

    return tempfile.TemporaryDirectory(prefix="omniloom-kv-", ignore_cleanup_errors=True)
