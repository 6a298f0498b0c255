"""States of sources: found again by content, and never a difference in the answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from omniloom.core.events import Finished
from omniloom.core.values import Completion, Message, Request, Sampling, Segment
from omniloom.engines.llamacpp import LlamaCpp
from omniloom.engines.llamacpp.prompt import Prompt
from omniloom.engines.llamacpp.states import stops

pytestmark = pytest.mark.weights
Ask = Callable[..., Request]
Fresh = Callable[..., LlamaCpp]


def finish(engine: LlamaCpp, request: Request) -> Completion:
    *_, last = engine.stream(request)
    assert isinstance(last, Finished)
    return last.completion


def same(one: Completion, other: Completion) -> bool:
    """Equal to the last bit of every log-probability, not only in the words."""
    return (one.text, one.logprobs) == (other.text, other.logprobs)


def test_restored_and_computed_states_give_the_same_bits(fresh: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    probes = Sampling(top_logprobs=4)
    first, second = (ask(q, story, sampling=probes) for q in ("Who built it?", "How high is it, in metres?"))
    with fresh(kv_home=tmp_path / "a") as engine:
        cold, warm, other = finish(engine, first), finish(engine, first), finish(engine, second)
    with fresh(kv_home=tmp_path / "b") as engine:
        cold_other, first_after = finish(engine, second), finish(engine, first)
    assert same(cold, warm)
    assert same(cold, first_after)
    assert same(other, cold_other)
    assert cold.usage.cached_tokens == 0
    assert warm.usage.cached_tokens > 0.7 * warm.usage.input_tokens


def test_a_state_outlives_the_process(fresh: Fresh, ask: Ask, story: str) -> None:
    request = ask("Who built it?", story)
    with fresh() as engine:
        before = finish(engine, request)
    with fresh() as engine:
        after = finish(engine, request)
    assert same(before, after)
    assert after.usage.cached_tokens >= after.usage.input_tokens - 32


def test_one_more_source_computes_only_that_source(quick: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    more = "The harbour of Varn has four cranes and a blue door. " * 8
    request = ask("What colour is the door?", story * 3, more)
    with quick(kv_home=tmp_path / "alone") as engine:
        alone = finish(engine, request)
    with quick() as engine:
        one = finish(engine, ask("Who built it?", story * 3))
        both = finish(engine, request)
    assert both.usage.cached_tokens > 0.8 * one.usage.input_tokens
    assert same(alone, both)


def test_warm_computes_the_sources_ahead(quick: Fresh, ask: Ask, story: str) -> None:
    request = ask("Who built it?", story)
    with quick() as engine:
        engine.warm(request)
        assert finish(engine, request).usage.cached_tokens > 0.7 * engine.count_tokens(request)


def test_a_damaged_state_is_computed_anew(quick: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    request = ask("Who built it?", story)
    with quick() as engine:
        before = finish(engine, request)
    [state] = (tmp_path / "kv").glob("*.kv")
    data = state.read_bytes()
    cells, middle = 560, len(data) // 2  # wrong numbers here are taken for right ones, or refused with every request
    flipped = [data[:at] + b"\xff\xff\xff\x7f" + data[at + 4 :] for at in (cells, middle)]
    for damage in (bytes(len(data)), data[: len(data) // 2], *flipped):
        state.write_bytes(damage)
        with quick() as engine:
            again = finish(engine, request)
        assert (again.text, again.logprobs, again.usage.cached_tokens) == (before.text, before.logprobs, 0)


def test_other_settings_do_not_share_states(quick: Fresh, ask: Ask, story: str) -> None:
    request = ask("Who built it?", story)
    with quick() as engine:
        finish(engine, request)
    for other in ({"digest": "another"}, {"batch_tokens": 64}):
        with quick(**other) as engine:
            assert finish(engine, request).usage.cached_tokens == 0


def test_forgetting_a_part_drops_its_states(quick: Fresh, ask: Ask, story: str, tmp_path: Path) -> None:
    from omniloom.storage.kv import KVStore

    with quick() as engine:
        finish(engine, ask("Who built it?", story))
    kept = KVStore(tmp_path / "kv", 1 << 30)
    assert kept.size() > 0
    assert kept.drop("s0") == 1
    assert kept.size() == 0


def test_a_full_disk_costs_time_and_not_the_answer(quick: Fresh, ask: Ask, story: str) -> None:
    class Full:
        def get(self, key: str) -> Path | None:
            return None

        def put(self, key: str, path: Path, sources: object = ()) -> None:
            raise OSError(28, "No space left on device")

        def drop(self, name: str) -> None: ...

    with quick(kept=Full()) as engine:
        assert finish(engine, ask("Who built it?", story)).text
        assert not list(engine._slots.iterdir())


def test_short_sources_are_not_kept(quick: Fresh, tmp_path: Path) -> None:
    tiny = Segment(source="t", content="Red roses.", made_by="text/1")
    with quick() as engine:
        finish(engine, Request(messages=(Message(role="user", content=(tiny, "What?")),), max_output_tokens=4))
    assert not list((tmp_path / "kv").glob("*.kv"))


def test_stops_depend_on_nothing_after_them() -> None:
    ends = [30, 300, 420, 500, 900, 2000, 2100]
    chosen = stops(Prompt([0] * 2200, ends, ["s"] * 7, ""))
    assert chosen == [300, 900, 2000, 2100]
    for at in range(1, len(ends) + 1):
        fewer = stops(Prompt([0] * 2200, ends[:at], ["s"] * at, ""))
        assert fewer[:-1] == [stop for stop in chosen if stop in fewer[:-1]]
    assert stops(Prompt([0] * 50, [40], ["s"], "")) == []
    assert stops(Prompt([0] * 90, [], [], "")) == []


@pytest.mark.parametrize("loop", [True, False])
def test_what_is_stored_is_told(quick: Fresh, ask: Ask, story: str, loop: bool) -> None:
    more = "The harbour of Varn has four cranes. "
    request, longer = ask("Who?", story * 3), ask("Who?", story * 3, more * 40)
    with quick(loop=loop) as engine:
        assert engine.capabilities.stored and engine.stored_tokens(longer) == 0
        engine.warm(request)
        stored = engine.stored_tokens(request)
        assert 256 < stored < engine.count_tokens(request)
        assert engine.stored_tokens(longer) == stored and engine.stored_tokens(ask("Who?", more, story * 3)) == 0
    with quick(loop=loop) as engine:
        used = finish(engine, longer).usage
        assert used.cached_tokens == stored and engine.stored_tokens(longer) > stored
