"""LoRA adapters: each sequence is computed with its own, shares nothing with another's, and is what it is alone."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_adapter import build_adapter

from omniloom.core.errors import EngineError, UnsupportedError, UsageError
from omniloom.core.events import Event, Finished, TextDelta
from omniloom.core.values import Completion, Message, Request, Sampling, Segment
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.loop.loop import Loop, Told
from omniloom.engines.llamacpp.loop.sequence import Held, Sequence
from omniloom.engines.llamacpp.native.adapters import fit
from omniloom.engines.llamacpp.native.apart import Apart
from omniloom.engines.llamacpp.native.context import Context, Sizes
from omniloom.engines.llamacpp.native.stop import Stop
from omniloom.engines.llamacpp.native.tiny import build_tiny
from omniloom.engines.llamacpp.native.weights import Weights

NAMES = ("one", "other")
DOCUMENT = "The weaver does not change the thread more often than she has to. " * 2
Opened = Callable[..., LlamaCpp]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model and adapters: one and other (attention), wide (every matrix of the layers), ends (embedding and
    output), nothing (B is zero)."""
    folder = tmp_path_factory.mktemp("files")
    model = folder / "model.gguf"
    build_tiny(model)
    for seed, (name, matrices, size) in enumerate(
        (("one", "attn_", 0.5), ("other", "attn_", 0.5), ("wide", "blk.", 0.2), ("nothing", "blk.", 0.0))
    ):
        build_adapter(folder / f"{name}.gguf", model, seed, names=matrices, size=size)
    return folder


# -- the loop ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adapted(files: Path) -> Iterator[Weights]:
    weights = Weights(files / "model.gguf")
    for name in (*NAMES, "wide", "nothing"):
        weights.load_adapter(name, files / f"{name}.gguf")
    yield weights
    weights.close()


class Counted(Loop):
    """Counts the tokens that are computed."""

    def __init__(self, weights: Weights, sequences: int = 8) -> None:
        self.context = Apart(weights, Sizes(cells=512, batch=64, sequences=sequences, threads=1), Stop())
        super().__init__(self.context)

    def run(self, *sequences: Sequence) -> dict[str, list[tuple[int, float]]]:
        """What each wrote."""
        for sequence in sequences:
            self.add(sequence)
        told: dict[str, list[Told]] = {sequence.key: [] for sequence in sequences}
        while self.busy:
            for each in self.step():
                told[each.key].append(each)
        return {key: [(each.token, each.logprob) for each in all if each.kind == "token"] for key, all in told.items()}


def asked(weights: Weights, adapter: str, question: str = "How often?", **more: object) -> Sequence:
    document = weights.tokenize(DOCUMENT, first=True)
    tokens = [*document, *weights.tokenize(question)]
    ends = (len(document),)
    return Sequence(f"{adapter} {question}", tokens, 12, ends=ends, adapter=adapter, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_each_is_what_it_is_alone(adapted: Weights, temperature: float) -> None:
    more = {"sampling": Sampling(temperature=temperature), "seed": 3}
    adapters = ("", *NAMES, "wide")
    alone = {}
    for adapter in adapters:
        alone |= Counted(adapted).run(asked(adapted, adapter, **more))
    assert len({str(each) for each in alone.values()}) == len(adapters)
    assert Counted(adapted).run(*(asked(adapted, adapter, **more) for adapter in adapters)) == alone
    loop, one_slot = Counted(adapted), Counted(adapted, sequences=1)
    for adapter in adapters * 2:
        for each in (loop, one_slot):  # one after the other, in slots where another's cells lie
            sequence = asked(adapted, adapter, **more)
            assert each.run(sequence)[sequence.key] == alone[sequence.key]


def test_nothing_changes_where_b_is_zero(adapted: Weights) -> None:
    [base] = Counted(adapted).run(asked(adapted, "")).values()
    [nothing] = Counted(adapted).run(asked(adapted, "nothing")).values()
    assert nothing == base


def test_cells_are_shared_between_sequences_of_one_adapter_only(adapted: Weights) -> None:
    document = len(adapted.tokenize(DOCUMENT, first=True))
    loop, found = Counted(adapted), dict[str, list[int]]()
    for adapter in ("", *NAMES) * 2:
        same = asked(adapted, adapter)
        later = asked(adapted, adapter, "Who is it?")
        loop.run(same)
        loop.run(later)
        found.setdefault(adapter, []).extend((same.reused, later.reused))
    assert found == {adapter: [0, document, document, document] for adapter in ("", *NAMES)}
    samples = [asked(adapted, adapter, "Who is it?") for adapter in ("other", "", "one")]
    for sample in samples:
        loop.run(sample)
    assert [sample.reused for sample in samples] == [len(sample.tokens) - 12 for sample in samples]


def test_those_that_arrive_together_wait_for_one_of_their_own_only(adapted: Weights) -> None:
    loop = Counted(adapted)
    sequences = [asked(adapted, adapter, question) for question in ("Who?", "Why?") for adapter in ("", *NAMES)]
    loop.run(*sequences)
    document = len(adapted.tokenize(DOCUMENT, first=True))
    assert [each.reused for each in sequences] == [0, 0, 0, document, document, document]


def test_short_prompts_of_two_adapters_do_not_take_turns_in_one_slot(adapted: Weights) -> None:
    loop = Counted(adapted)
    reused = {}
    for turn in range(2):
        for adapter in NAMES:
            short = Sequence(f"{turn} {adapter}", adapted.tokenize("Who is it?", first=True), 4, adapter=adapter)
            loop.run(short)
            reused[short.key] = short.reused == len(short.tokens) - 4
    assert list(reused.values()) == [False, False, True, True]


def test_a_saved_state_goes_on_as_the_copied_one(adapted: Weights) -> None:
    """A state holds cells and no adapter: what computes them further is said by who restores them."""
    tokens = adapted.tokenize(DOCUMENT, first=True)
    loop = Counted(adapted)
    sequence = asked(adapted, "one")
    wanted = loop.run(sequence)[sequence.key]
    state = loop.context.save(sequence.slot)
    other = Counted(adapted)
    other.context.hold(0, (), "one")
    assert other.context.restore(0, state) and other.context.cut(0, len(tokens))
    other._slots._held[0] = Held(
        sequence.tokens, [bound for bound in sequence.bounds if bound <= len(tokens)], adapter="one"
    )
    again = asked(adapted, "one")
    assert other.run(again)[again.key] == wanted and again.reused == len(tokens)


def test_an_adapter_that_is_not_loaded_fails_its_sequence_only(adapted: Weights) -> None:
    loop = Counted(adapted)
    wrong, right = asked(adapted, "third"), asked(adapted, "one")
    wanted = Counted(adapted).run(asked(adapted, "one"))
    found = loop.run(wrong, right)
    assert found == wanted | {wrong.key: []}


def test_a_context_for_all_has_none(adapted: Weights) -> None:
    context = Context(adapted, Sizes(cells=64, batch=64, sequences=2, threads=1), Stop())
    with pytest.raises(EngineError, match="together"):
        context.hold(0, (), "one")
    context.close()


def test_an_adapter_that_gives_no_numbers_is_found_when_it_is_loaded(files: Path, tmp_path: Path) -> None:
    weights = Weights(files / "model.gguf")
    build_adapter(tmp_path / "nan.gguf", files / "model.gguf", fields={"adapter.lora.alpha": float("nan")})
    context, told = Apart(weights, Sizes(cells=64, batch=64, sequences=1, threads=1), Stop()), []
    with pytest.raises(EngineError, match="no numbers"):
        fit(context, {"one": str(files / "one.gguf"), "nan": str(tmp_path / "nan.gguf")}, told.append)
    assert told == [{"adapter": "one"}, {"adapter": "nan"}]
    context.close()
    weights.close()


# -- the engine --------------------------------------------------------------------------------------------------


@pytest.fixture
def open_engine(files: Path, tmp_path: Path) -> Iterator[Opened]:
    opened: list[LlamaCpp] = []

    def open_one(*names: str, **options: object) -> LlamaCpp:
        given = {name: files / f"{name}.gguf" for name in names}
        settings = {"context_tokens": 512, "threads": 1, "kv_home": tmp_path / "kv", "loop": True}
        settings |= {"adapters": given} | options
        opened.append(LlamaCpp(files / "model.gguf", **settings))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def question(adapter: str = "", **fields: object) -> Request:
    segment = Segment(source="loom", content="A loom weaves threads of wool. " * 5, made_by="t/1")
    message = Message(role="user", content=(segment, "What is it?"))
    return Request.model_validate({"messages": (message,), "max_output_tokens": 8, "adapter": adapter, **fields})


def answer(engine: LlamaCpp, adapter: str = "", **fields: object) -> Completion:
    *_, last = engine.stream(question(adapter, **fields))
    assert isinstance(last, Finished)
    return last.completion


def said(completion: Completion) -> tuple[object, ...]:
    return completion.text, completion.logprobs


def test_requests_at_the_same_time_equal_those_alone(open_engine: Opened, tmp_path: Path) -> None:
    alone = {}
    for adapter in ("", *NAMES):
        with open_engine(*NAMES, kv_home=tmp_path / f"alone {adapter}") as engine:
            alone[adapter] = said(answer(engine, adapter, max_output_tokens=40))
    assert len(set(alone.values())) == 3
    with open_engine(*NAMES) as engine:
        engine.count_tokens("it runs")
        found: dict[str, tuple[object, ...]] = {}

        def ask(adapter: str) -> None:
            found[adapter] = said(answer(engine, adapter, max_output_tokens=40))

        threads = [threading.Thread(target=ask, args=(adapter,)) for adapter in alone]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == alone


def test_states_on_disk_are_of_one_adapter(open_engine: Opened, files: Path, tmp_path: Path) -> None:
    with open_engine() as engine:
        base = answer(engine)
    wanted = {"": base}
    with open_engine(*NAMES) as engine:
        found = answer(engine)
        assert said(found) == said(base) and found.usage.cached_tokens > 100  # the base's state, adapters or not
        for name in NAMES:
            wanted[name] = answer(engine, name)
            assert wanted[name].usage.cached_tokens == 0
    swapped = {"one": files / "other.gguf", "other": files / "one.gguf", "": None}
    with open_engine(adapters={name: path for name, path in swapped.items() if path}) as engine:
        for name, path in swapped.items():
            found = answer(engine, name)
            assert said(found) == said(wanted[path.stem if path else ""])
            assert found.usage.cached_tokens > 100  # kept by what the file holds, whatever it is called
    assert len(list((tmp_path / "kv").glob("*.kv"))) == 3


def test_one_is_chosen_for_requests_that_name_none(open_engine: Opened) -> None:
    with open_engine(*NAMES) as engine:
        one, other = said(answer(engine, "one")), said(answer(engine, "other"))
    with open_engine(*NAMES, adapter="one") as engine:
        assert engine.name.endswith("+one") and engine.capabilities.adapters == set(NAMES)
        engine.warm(question())
        chosen = answer(engine)
        assert said(chosen) == one and chosen.usage.cached_tokens > 100
        assert said(answer(engine, "other")) == other


def test_what_it_depends_on_is_told(open_engine: Opened, files: Path) -> None:
    plain, both, chosen = open_engine(), open_engine(*NAMES), open_engine(*NAMES, adapter="one")
    assert plain.identity == both.identity == both.identity_of(question())
    assert both.identity_of(question("one")) == chosen.identity == chosen.identity_of(question())
    assert len({both.identity_of(question(name)) for name in ("", *NAMES)}) == 3
    renamed = open_engine(adapters={"same": files / "one.gguf"})
    assert renamed.identity_of(question("same")) == chosen.identity


def test_a_name_that_is_none_is_refused_before_anything_runs(open_engine: Opened) -> None:
    engine = open_engine(*NAMES)
    for ask in (engine.stream, engine.count_tokens, engine.warm, engine.identity_of):
        with pytest.raises(UnsupportedError, match="'third'") as caught:
            list(ask(question("third")))  # type: ignore[arg-type]
        assert caught.value.hint == "there are 'one', 'other'"
    assert engine._host.pid is None
    with pytest.raises(UnsupportedError, match="'third'"):
        open_engine(*NAMES, adapter="third")
    with pytest.raises(UnsupportedError, match=r"adapters=\{"):
        list(open_engine().stream(question("one")))


def test_what_it_cannot_be_combined_with(open_engine: Opened, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="share steps"):
        open_engine("one", together=True)
    with pytest.raises(UnsupportedError, match="loop"):
        open_engine("one", loop=False)
    with pytest.raises(UsageError, match="embedding"):
        open_engine("one", embedding=True)
    for wrong in ({"one": 3}, {"": "one.gguf"}, ["one.gguf"]):
        with pytest.raises(UsageError, match=r"such as|which is no path"):
            open_engine(adapters=wrong)
    with pytest.raises(UsageError, match="no name"):
        open_engine("one", adapter=3)


def test_a_killed_child_comes_back_with_its_adapters(open_engine: Opened) -> None:
    with open_engine(*NAMES, kv_home=None) as engine:
        wanted = {name: said(answer(engine, name, max_output_tokens=200)) for name in NAMES}
        for name in NAMES:
            events: list[Event] = []
            for event in engine.stream(question(name, max_output_tokens=200)):
                if not any(isinstance(each, TextDelta) for each in events) and isinstance(event, TextDelta):
                    engine._host.kill()
                events.append(event)
            last = events[-1]
            assert isinstance(last, Finished) and said(last.completion) == wanted[name]
            assert "".join(each.text for each in events if isinstance(each, TextDelta)) == last.completion.text
