"""Reading through the one function: the right reader, in a child, once."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from omniloom.core.errors import (
    CancelledError,
    IsolationError,
    TooLargeError,
    UnreadableError,
    UnsupportedError,
    UsageError,
)
from omniloom.core.events import Progress
from omniloom.core.parts import Text
from omniloom.core.values import Part
from omniloom.inputs import reading as inputs
from omniloom.storage.intake import take_in
from omniloom.storage.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def odd(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The third party's reader, as if its package were installed."""
    point = EntryPoint("odd", "odd_reader", "omniloom.inputs")
    monkeypatch.setattr(inputs, "entry_points", lambda group: [point])
    inputs.readers.cache_clear()
    yield
    inputs.readers.cache_clear()


def nothing(name: str) -> dict[str, Path]:
    raise AssertionError(f"nobody needs {name!r}")


def odd_part(store: Store, name: str = "fine") -> Part:
    part = take_in(Text(b"some odd text", name=name), store)
    return part.model_copy(update={"media_type": "text/x-odd"})


def test_text_is_read_once(store: Store) -> None:
    part = take_in(Text(b"One line.\n\nAnother."), store)
    seen: list[Progress] = []
    first = inputs.read_part(part, store, weights=nothing, on_progress=seen.append)
    assert [s.text for s in first.segments] == ["One line.\n\nAnother."]
    assert first.segments[0].source == part.id and not first.cached
    assert first.counts == {"bytes": 19.0} and seen[-1].unit == "bytes"
    again = inputs.read_part(part, store, weights=nothing, on_progress=seen.append)
    assert (again.segments, again.losses, again.cached, again.counts) == (first.segments, first.losses, True, {})
    assert len(seen) == 1


def test_a_third_party_reader(store: Store, odd: None, tmp_path: Path) -> None:
    weights = tmp_path / "model.bin"
    weights.write_text("weights")
    asked: list[str] = []

    def given(name: str) -> dict[str, Path]:
        asked.append(name)
        return {"model": weights}

    reading = inputs.read_part(odd_part(store), store, weights=given)
    assert [s.text for s in reading.segments] == ["some odd text"]
    assert [loss.detail for loss in reading.losses] == ["weights"] and reading.counts == {"pages": 2.0}
    assert inputs.read_part(odd_part(store), store, weights=given).cached and asked == ["a-model"]


def test_a_part_is_read_again_once_optional_weights_are_here(
    store: Store, odd: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").write_text("weights")
    here: set[str] = set()
    asked: list[str] = []

    def given(name: str) -> dict[str, Path]:
        asked.append(name)
        return {"model": tmp_path / "model"}

    _, module = inputs.reader_for(odd_part(store))
    monkeypatch.setattr(module, "OPTIONAL_WEIGHTS", ("voices",), raising=False)
    monkeypatch.setattr(inputs, "installed", lambda name: name if name in here else None)
    inputs.read_part(odd_part(store), store, weights=given)
    here.add("voices")
    assert not inputs.read_part(odd_part(store), store, weights=given).cached
    assert inputs.read_part(odd_part(store), store, weights=given).cached
    here.clear()
    assert inputs.read_part(odd_part(store), store, weights=given).cached
    assert asked == ["a-model", "a-model", "voices"]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("liar", IsolationError, "'another'"),
        ("bug", UnreadableError, "'bug' cannot be read.*ZeroDivisionError"),
        ("deep", TooLargeError, "'deep' is nested"),
        ("stranger", UnreadableError, "not str"),
        ("endless", (IsolationError, TooLargeError), "reading 'endless'"),
    ],
)
def test_a_reader_that_fails_keeps_nothing(
    store: Store, odd: None, tmp_path: Path, name: str, error: type[Exception], words: str
) -> None:
    (tmp_path / "model").write_text("w")
    part = odd_part(store, name)
    with pytest.raises(error, match=words):
        inputs.read_part(part, store, weights=lambda _: {"model": tmp_path / "model"})
    assert store.journal.reading(part.id, "odd", 7, {}) is None


def test_two_threads_read_a_part_once(store: Store) -> None:
    part = take_in(Text(b"for both"), store)
    with ThreadPoolExecutor(3) as pool:
        readings = list(pool.map(lambda _: inputs.read_part(part, store, weights=nothing), range(3)))
    assert sorted(reading.cached for reading in readings) == [False, True, True]


def test_a_broken_third_party_reader_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "entry_points", lambda group: [EntryPoint("gone", "no_such_module", group)])
    inputs.readers.cache_clear()
    with pytest.warns(UserWarning, match="'gone'"):
        assert "text" in inputs.readers()
    inputs.readers.cache_clear()


def test_cancelling(store: Store, odd: None, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("w")
    cancel = threading.Event()
    started = time.monotonic()

    def enough(step: Progress) -> None:
        cancel.set()

    with pytest.raises(CancelledError):
        inputs.read_part(
            odd_part(store, "endless"),
            store,
            weights=lambda _: {"model": tmp_path / "model"},
            on_progress=enough,
            cancel=cancel,
        )
    assert time.monotonic() - started < 5


def test_options_are_part_of_what_is_kept_and_passwords_are_not(store: Store) -> None:
    part = take_in(Text(b"words"), store)
    inputs.read_part(part.model_copy(update={"options": {"password": "hush"}}), store, weights=nothing)
    assert inputs.read_part(part, store, weights=nothing).cached
    other = part.model_copy(update={"options": {"pages": "1"}})
    assert not inputs.read_part(other, store, weights=nothing).cached


def test_what_cannot_be_read(store: Store) -> None:
    with pytest.raises(UsageError, match="take it in"):
        inputs.read_part(Text(b"x"), store, weights=nothing)
    with pytest.raises(UsageError):
        inputs.read_part(Text("said"), store, weights=nothing)
    part = take_in(Text(b"words"), store).model_copy(update={"media_type": "model/vrml"})
    with pytest.raises(UnsupportedError, match="model/vrml"):
        inputs.read_part(part, store, weights=nothing)


def test_every_media_type_has_one_reader() -> None:
    """JSON has two: an array of records said to be a Table is a table, any other JSON is text."""
    seen: dict[str, str] = {}
    for name, module in inputs.readers().items():
        for media_type in module.MEDIA_TYPES:
            if media_type == "application/json":
                continue
            assert media_type not in seen, f"{name} and {seen[media_type]} both take {media_type}"
            seen[media_type] = name
    assert "text" in inputs.readers()
